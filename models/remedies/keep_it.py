"""The customer keeps the goods and gets a part back (K1–K4)."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="keep_it", pays=True, needs_amount=True)
