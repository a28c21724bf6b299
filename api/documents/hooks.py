"""Word from outside as it goes in and out over HTTP."""

from typing import Annotated, Any

from pydantic import AwareDatetime, ConfigDict, Field

from api.documents.answers import Shown
from api.documents.requests import Ask
from models.commands import Printable
from models.goods.tracking import How, What

_EVENT: dict[str, Any] = {
    "what": "delivered",
    "at": "2026-11-23T10:05:00+08:00",
    "place": "Hangzhou",
    "words": "Signed for at the pick-up point",
    "how": "locker",
}
_HOOK: dict[str, Any] = {
    "id": "1f0c6a52b7d84a0f9d0c3c1b5a7e2d11",
    "source": "courier",
    "sender_id": "msg_2Yd7",
    "headers": {"webhook-id": "msg_2Yd7", "webhook-timestamp": "1795406700"},
    "received_at": "2026-11-23T02:05:01+00:00",
    "state": "done",
    "tries": 1,
    "words": None,
    "events": 1,
    "again_at": None,
}


class EventTyped(Ask):
    """What happened to the parcel, and when."""

    what: What
    at: AwareDatetime
    place: Annotated[str, Field(max_length=200), Printable] = ""
    words: Annotated[str, Field(max_length=500), Printable] = ""
    how: How | None = None


class EventsAsk(Ask):
    """What somebody read on the courier's page, or heard on the phone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"events": [_EVENT]}]})

    events: tuple[EventTyped, ...] = Field(min_length=1, max_length=100)


class HookTaken(Shown):
    """It is kept; `repeated` when the sender had sent it before. A greeting is only answered, and has no `id`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": _HOOK["id"], "repeated": False}]})

    id: str | None
    repeated: bool


class HookShown(Shown):
    """A call as it came. `state`: received (not read yet), done, refused or unreadable (`words` say why)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_HOOK]})

    id: str
    source: str
    sender_id: str
    headers: dict[str, str]
    received_at: AwareDatetime
    state: str
    tries: int
    words: str | None
    events: int | None
    again_at: AwareDatetime | None = None  # not before then: whoever has to be asked about it was away


class HookWhole(HookShown):
    """With its body as text."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_HOOK, "body": "{}"}]})

    body: str


class HookPage(Shown):
    """The newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_HOOK], "next_cursor": None}]})

    items: tuple[HookShown, ...]
    next_cursor: str | None


_WAYBILL: dict[str, Any] = {
    "waybill": "SF1029384756",
    "standing": {**_EVENT, "at": "2026-11-23T02:05:00+00:00", "back": False, "signed_early": False},
    "events": [{**_EVENT, "waybill": "SF1029384756", "carrier": "sf"}],
    "case_nos": ["AC-26-000017"],
}


class WaybillShown(Shown):
    """Where a parcel stands by all that was said, every event by its own time, and the open cases concerned."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WAYBILL]})

    waybill: str
    standing: dict[str, Any]
    events: tuple[dict[str, Any], ...]
    case_nos: tuple[str, ...]
