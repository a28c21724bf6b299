"""Playbooks and calendars as people read them: differences in words."""
