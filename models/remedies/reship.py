"""What was lost or never arrived is sent once more (L5, L6)."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="reship", needs_stock=True)
