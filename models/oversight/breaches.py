"""Why a clock was missed, as people say it afterwards. That it was, by delay or by change, it knows itself (T10)."""

from typing import Final

#: What can be said of a breach. Stored as they stand here, so none is ever renamed.
REASONS: Final = (
    "workload",
    "nobody_on_duty",
    "colleague",
    "warehouse",
    "outside",
    "customer",
    "overlooked",
    "system",
    "other",
)
