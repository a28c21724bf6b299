"""Anybody's word, signed by Standard Webhooks: for couriers and programs that have no adapter of their own."""

import binascii
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from standardwebhooks import Webhook, WebhookVerificationError

from activities.carriers.carrier import read_all
from models.errors import Forged
from models.tracking import TrackingEvent

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
            signed_at = float(headers.get("webhook-timestamp", ""))
            if abs(now.timestamp() - signed_at) > AGE.total_seconds():
                raise Forged("The call was signed more than five minutes ago, or ahead: send it again, signed anew.")
            self._webhook.verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError, binascii.Error):
            raise Forged("The signature does not fit: sign with this source's secret, by Standard Webhooks.") from None
        return headers["webhook-id"]

    def read(self, body: bytes) -> tuple[TrackingEvent, ...]:
        return read_events(body)


def read_events(body: bytes) -> tuple[TrackingEvent, ...]:
    """The events of a body in our own vocabulary. Raises Unreadable."""
    return read_all("the body", lambda: _EVENTS.validate_python(json.loads(body)["data"]["events"]))
