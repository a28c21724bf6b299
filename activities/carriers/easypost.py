"""EasyPost's webhooks, checked by its own package."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from easypost.errors.general.signature_verification_error import SignatureVerificationError
from easypost.util import validate_webhook

from activities.carriers.aftership import check_age, sender_id
from activities.carriers.carrier import read_all
from models.errors import Forged, Malformed
from models.goods.tracking import How, TrackingEvent, What

#: What the status of a tracking detail means.
CODES: Mapping[str, tuple[What, How | None]] = {
    "unknown": (What.MOVING, None),
    "pre_transit": (What.CREATED, None),
    "in_transit": (What.MOVING, None),
    "out_for_delivery": (What.OUT_FOR_DELIVERY, None),
    "available_for_pickup": (What.OUT_FOR_DELIVERY, "locker"),
    "delivered": (What.DELIVERED, None),
    "return_to_sender": (What.TROUBLE, "coming_back"),
    "failure": (What.TROUBLE, None),
    "cancelled": (What.TROUBLE, None),
    "error": (What.TROUBLE, None),
}


class EasyPost:
    """A call that failed is sent again as it was, for days; its id keeps it from counting twice."""

    name = "easypost"
    answer: Mapping[str, Any] = {}

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The event's id, of a call whose signature holds."""
        try:
            validate_webhook(body, {"X-Hmac-Signature": headers.get("x-hmac-signature")}, self._secret)
        except (
            SignatureVerificationError,
            TypeError,
        ):  # a signature of other than plain letters cannot even be compared
            raise Forged("The signature does not fit: the webhook's secret must be the one set here.") from None
        except (ValueError, RecursionError):
            raise Malformed("The call is signed, and is no JSON.") from None
        named = sender_id(body, "id")
        check_age(json.loads(body).get("created_at"), now)
        return named

    def read(self, body: bytes) -> tuple[TrackingEvent, ...]:
        return read_all("the event", lambda: _events(json.loads(body)))


def _events(event: Mapping[str, Any]) -> tuple[TrackingEvent, ...]:
    if not str(event["description"]).startswith("tracker."):
        return ()  # of batches, payments and whatever else the account has switched on
    return events_of(event["result"])


def events_of(tracker: Mapping[str, Any]) -> tuple[TrackingEvent, ...]:
    """The events of a tracker, as webhooks and answers hold it."""
    return tuple(_event(tracker, detail) for detail in tracker["tracking_details"])


def _event(tracker: Mapping[str, Any], detail: Mapping[str, Any]) -> TrackingEvent:
    what, how = CODES.get(str(detail["status"]), (What.MOVING, None))
    where = detail.get("tracking_location") or {}
    return TrackingEvent(
        waybill=str(tracker["tracking_code"]),
        carrier=str(tracker.get("carrier") or ""),
        what=what,
        how=how,
        at=datetime.fromisoformat(str(detail["datetime"])),
        place=", ".join(str(where[name]) for name in ("city", "state", "country") if where.get(name)),
        words=str(detail.get("message") or ""),
    )
