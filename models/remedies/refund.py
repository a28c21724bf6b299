"""The goods are refunded, by their own shares of what was paid (F1, F3, F5, F7)."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="refund", pays=True, after_return=True, withdraws_parcel=True)
