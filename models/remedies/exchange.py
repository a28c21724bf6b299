"""The same or other goods for those that came back (F2, F4, F6, F8, G5, G6)."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="exchange", after_return=True, withdraws_parcel=True, needs_stock=True)
