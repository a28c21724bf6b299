"""Photos and files: known by what is in them, cleaned, and kept under their hash outside of every payload."""
