"""Anybody's word, signed by Standard Webhooks: for couriers and programs that have no adapter of their own."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any

from pydantic import TypeAdapter
from standardwebhooks import Webhook

from activities.carriers.carrier import read_all
from models.errors import Forged
from models.goods.tracking import TrackingEvent

#: How far the time that was signed may be from ours.
AGE = timedelta(minutes=5)
_EVENTS = TypeAdapter(tuple[TrackingEvent, ...])


class Signed:
    """`{"type": "tracking", "timestamp": …, "data": {"events": [{waybill, what, at, place, words, how, carrier}]}}`."""

    name = "courier"
    answer: Mapping[str, Any] = {}

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The `webhook-id` of a call whose signature holds, and that was signed within five minutes."""
        try:
            signed_at = datetime.fromtimestamp(float(headers.get("webhook-timestamp", "")), UTC)
            fits = self._fits(headers, body, signed_at)
        except (ValueError, OverflowError, OSError):  # no time, none that there is, or a body that is no text
            fits, signed_at = False, now
        if abs(now - signed_at) > AGE:
            raise Forged("The call was signed more than five minutes ago, or ahead: send it again, signed anew.")
        if not fits:
            raise Forged("The signature does not fit: sign with this source's secret, by Standard Webhooks.")
        return headers["webhook-id"]

    def _fits(self, headers: Mapping[str, str], body: bytes, signed_at: datetime) -> bool:
        """Whether a signature is the one the library makes; its `verify` would ask the machine for the time."""
        named = headers.get("webhook-id")
        if not named:
            return False
        expected = self._webhook.sign(named, signed_at, body.decode()).encode()
        given = headers.get("webhook-signature", "").encode(errors="replace").split()
        return any(compare_digest(one, expected) for one in given)

    def read(self, body: bytes) -> tuple[TrackingEvent, ...]:
        return read_events(body)


def read_events(body: bytes) -> tuple[TrackingEvent, ...]:
    """The events of a body in our own vocabulary. Raises Unreadable."""
    return read_all("the body", lambda: _EVENTS.validate_python(json.loads(body)["data"]["events"]))
