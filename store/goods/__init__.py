"""Boxes that came in, as rows: every one of them, and those whose case is not known yet (G1, G2)."""
