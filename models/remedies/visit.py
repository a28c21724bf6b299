"""Somebody comes (T4, T19)."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="visit", needs_order=False)
