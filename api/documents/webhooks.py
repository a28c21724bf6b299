"""Word to other programs as it goes in and out over HTTP."""

from typing import Annotated, Any

from pydantic import AwareDatetime, ConfigDict, Field

from api.documents.answers import Shown
from api.documents.requests import Ask
from models.commands import Printable
from models.outside.targets import LONGEST
from models.outside.webhooks import EventType

_URL = "https://erp.example.com/aftercare"
_ENDPOINT: dict[str, Any] = {
    "id": "ep_1f0c6a52b7d84a0f9d0c",
    "url": _URL,
    "events": ["case.closed", "payout.paid"],
    "note": "bookkeeping",
    "state": "active",
    "why": None,
    "created_at": "2026-11-22T08:00:00+00:00",
    "created_by": "chen",
    "failing_since": None,
    "last_at": "2026-11-22T08:05:03+00:00",
    "waiting": 0,
    "old_secret_until": None,
}
_SECRET = "whsec_c2hvd24gb25jZSwgYW5kIHRoZW4gbmV2ZXIgYWdhaW4h"
_DELIVERY: dict[str, Any] = {
    "id": "0b0f6f5a41de4c4f8d1a3f2e9f0c7b11",
    "endpoint_id": _ENDPOINT["id"],
    "event_id": "msg_2c26b46b68ffc68ff99b453c1d",
    "type": "case.closed",
    "at": "2026-11-22T08:05:01+00:00",
    "made_at": "2026-11-22T08:05:02+00:00",
    "state": "delivered",
    "tries": 1,
    "try_at": "2026-11-22T08:05:02+00:00",
    "ended_at": "2026-11-22T08:05:03+00:00",
    "answers": [{"at": "2026-11-22T08:05:02+00:00", "status": 200, "words": "It answered 200.", "took_ms": 84}],
}


class EndpointAsk(Ask):
    """Where to, which events (none: all of them), and what it is for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": _URL, "events": ["case.closed"], "note": "bookkeeping"}]}
    )

    url: Annotated[str, Field(min_length=1, max_length=LONGEST), Printable]
    events: tuple[EventType, ...] = Field((), max_length=len(EventType))
    note: Annotated[str, Field(max_length=200), Printable] = ""


class RotateAsk(Ask):
    """How long the old secret signs beside the new one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"hours": 24}]})

    hours: int = Field(24, ge=0, le=168)


class ReplayAsk(Ask):
    """What is delivered again: what was given up, or everything, since an instant or from the beginning."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "2026-11-22T00:00:00+00:00", "all": False}]})

    since: AwareDatetime | None = None
    all: bool = False


class EndpointShown(Shown):
    """An endpoint without its secret. `state` off: nothing is told, and `why` says since what."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENDPOINT]})

    id: str
    url: str
    events: tuple[str, ...]
    note: str
    state: str
    why: str | None
    created_at: AwareDatetime
    created_by: str
    failing_since: AwareDatetime | None
    last_at: AwareDatetime | None
    waiting: int
    old_secret_until: AwareDatetime | None


class EndpointWithSecret(EndpointShown):
    """With its new secret, which is shown this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_ENDPOINT, "secret": _SECRET}]})

    secret: str


class EndpointPage(Shown):
    """All of them, the oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ENDPOINT], "next_cursor": None}]})

    items: tuple[EndpointShown, ...]
    next_cursor: str | None


class DeliveryShown(Shown):
    """How it stands with one event at one endpoint; `answers` are those of each try, the newest last."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DELIVERY]})

    id: str
    endpoint_id: str
    event_id: str
    type: str
    at: AwareDatetime
    made_at: AwareDatetime
    state: str
    tries: int
    try_at: AwareDatetime
    ended_at: AwareDatetime | None
    answers: tuple[dict[str, Any], ...]


class DeliveryWhole(DeliveryShown):
    """With the body as it is sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_DELIVERY, "body": "{}"}]})

    body: str


class DeliveryPage(Shown):
    """The newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_DELIVERY], "next_cursor": None}]})

    items: tuple[DeliveryShown, ...]
    next_cursor: str | None


class Replayed(Shown):
    """How many deliveries begin anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"replayed": 12}]})

    replayed: int


class Removed(Shown):
    """It is told nothing any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": _ENDPOINT["id"], "removed": True}]})

    id: str
    removed: bool
