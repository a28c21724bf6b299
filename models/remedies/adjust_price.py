"""Money that should not have been paid goes back: postage paid twice, a promised discount (K2)."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="adjust_price", pays=True, needs_amount=True)
