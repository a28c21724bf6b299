"""Playbooks and what was before."""
