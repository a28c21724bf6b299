"""The customer's goods go back as they came (G4)."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="goods_back")
