"""The goods are repaired and go back to the customer (F9, F10, G7)."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="repair", after_return=True, needs_stock=True)
