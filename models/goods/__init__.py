"""Goods that come in: boxes, whose they may be, and how what came differs from what was declared (G1–G3, G12)."""
