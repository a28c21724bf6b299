"""Another product goes out instead (L10, G6)."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="substitute", withdraws_parcel=True, needs_stock=True)
