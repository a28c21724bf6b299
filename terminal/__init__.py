"""What people see and type in a terminal; `cli.py` is its door."""
