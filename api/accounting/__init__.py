"""Money that comes in and what is owed, as finance works it off: expected, matched, owed, waived, given back."""
