"""What clocks need beside themselves: alarms, years, ends of days, clocks beside the state, rebases."""
