"""The registers on screen: their names, their columns, and how a cell of each is shown."""
