"""Open cases that no workflow keeps: what is asked of the activity that looks for them, and what it answers (T12)."""

from datetime import datetime

from models.value import Value

FIND_ORPHANS = "find_orphans"


class OrphanInput(Value):
    """One page of the open cases: those behind this number. `now` is the time of whoever asks."""

    now: datetime
    after: str = ""
    limit: int = 200


class OrphanPage(Value):
    """What a page came to; `next_after` is where the next one begins, None behind the last."""

    looked_at: int = 0
    suspects: int = 0  # that Temporal's list did not show; it lags behind, so each was looked at by itself
    orphans: tuple[str, ...] = ()  # that really did not run
    restarted: int = 0
    failed: tuple[str, ...] = ()  # that could not be started again: listed as `no_timer` until they run
    next_after: str | None = None
