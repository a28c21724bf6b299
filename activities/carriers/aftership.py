"""AfterShip's webhooks: JSON, signed as a whole by `aftership-hmac-sha256`."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from activities.carriers.carrier import read_all
from models.errors import Forged, Malformed
from models.goods.tracking import How, TrackingEvent, What

#: What its tags mean, and the subtags that say more.
CODES: Mapping[str, tuple[What, How | None]] = {
    "Pending": (What.CREATED, None),
    "InfoReceived": (What.CREATED, None),
    "InTransit": (What.MOVING, None),
    "InTransit_002": (What.PICKED_UP, None),
    "OutForDelivery": (What.OUT_FOR_DELIVERY, None),
    "AttemptFail": (What.TROUBLE, None),
    "AvailableForPickup": (What.OUT_FOR_DELIVERY, "locker"),
    "Delivered": (What.DELIVERED, None),
    "Exception": (What.TROUBLE, None),
    "Exception_003": (What.TROUBLE, "coming_back"),  # refused
    "Exception_010": (What.TROUBLE, "coming_back"),
    "Exception_011": (What.RETURNED, None),
    "Exception_013": (What.LOST, None),
    "Expired": (What.TROUBLE, None),
}


#: A call that failed is sent again for days; older than this is none that somebody still sends by himself.
OLDEST = timedelta(days=14)


class AfterShip:
    """A call that failed is sent again as it was, for days: not its age, its id keeps it from counting twice."""

    name = "aftership"
    answer: Mapping[str, Any] = {}

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The `event_id` of a call whose signature holds."""
        expected = base64.b64encode(hmac.new(self._secret, body, sha256).digest())
        if not hmac.compare_digest(expected, headers.get("aftership-hmac-sha256", "").encode()):
            raise Forged("The signature does not fit: the webhook secret must be the one set here.")
        named = sender_id(body, "event_id")
        check_age(json.loads(body).get("ts"), now)
        return named

    def read(self, body: bytes) -> tuple[TrackingEvent, ...]:
        return read_all("the call", lambda: events_of(json.loads(body)["msg"]))


def check_age(told: Any, now: datetime) -> None:
    """Of a call that says in what is signed when it was made, as seconds or text. Raises Forged for an old one."""
    try:
        at = datetime.fromtimestamp(told, UTC) if isinstance(told, int | float) else datetime.fromisoformat(str(told))
        old = now - (at if at.tzinfo else at.replace(tzinfo=UTC)) > OLDEST
    except (ValueError, OverflowError, OSError):
        return  # it says no time, or none that there is: its signature and id are what we have
    if old:
        raise Forged(f"The call was made more than {OLDEST.days} days ago; nobody sends one again for so long.")


def sender_id(body: bytes, field: str) -> str:
    """What a sender calls its call in the body. Raises Malformed."""
    try:
        found = json.loads(body)[field]
    except (ValueError, KeyError, TypeError, RecursionError):
        found = None
    if not isinstance(found, str) or not 1 <= len(found) <= 200:
        raise Malformed(f"The call is signed, and is no JSON object with '{field}'.")
    return found


def events_of(tracking: Mapping[str, Any]) -> tuple[TrackingEvent, ...]:
    """The events of a tracking, as webhooks and answers hold it."""
    return tuple(_event(tracking, point) for point in tracking["checkpoints"])


def _event(tracking: Mapping[str, Any], point: Mapping[str, Any]) -> TrackingEvent:
    what, how = CODES.get(str(point.get("subtag"))) or CODES.get(str(point["tag"]), (What.MOVING, None))
    at = datetime.fromisoformat(str(point["checkpoint_time"]))
    place = point.get("location") or ", ".join(str(point[name]) for name in ("city", "state") if point.get(name))
    return TrackingEvent(
        waybill=str(tracking["tracking_number"]),
        carrier=str(point.get("slug") or tracking.get("slug") or ""),
        what=what,
        how=how,
        at=at if at.tzinfo else at.replace(tzinfo=UTC),  # couriers that give local time without a zone
        place=str(place or ""),
        words=str(point.get("message") or ""),
    )
