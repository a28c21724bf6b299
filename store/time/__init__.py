"""What a change of calendars or playbooks would do to clocks that run."""
