"""Word from other programs and to them."""
