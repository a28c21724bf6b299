"""What somebody read on a courier's page, or heard on the phone, and typed in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activities.carriers.signed import read_events
from models.errors import Forged
from models.goods.tracking import TrackingEvent


class Manual:
    """The same body as the generic one. It comes by the desk, with a token; no call from outside is it."""

    name = "manual"
    answer: Mapping[str, Any] = {}

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Raises Forged: nobody signs for people."""
        raise Forged("What people type in comes with a token; no call from outside may say so.")

    def read(self, body: bytes) -> tuple[TrackingEvent, ...]:
        return read_events(body)
