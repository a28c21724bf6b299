"""Nothing is owed: the answer was the remedy."""

from models.remedies.remedy import Remedy

REMEDY = Remedy(name="none", needs_order=False)
