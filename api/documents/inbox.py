"""What goes out over HTTP about notifications, as models with examples."""

from typing import Any

from pydantic import AwareDatetime, ConfigDict, Field

from api.documents.answers import Shown

_LETTER: dict[str, Any] = {
    "id": "AC-26-000001:message:3>li",
    "holder": "li",
    "case_no": "AC-26-000001",
    "reason": "clock",
    "text": {"zh": "受理超时，升级到第 1 级", "en": "triage is late, escalated to level 1"},
    "level": 1,
    "own": True,
    "urgent": False,
    "at": "2026-11-23T02:00:00+00:00",
    "unread": True,
    "read_at": None,
    "outcome": "sent",
    "channel": "dingtalk",
    "told_at": "2026-11-23T02:01:01+00:00",
    "mailing": "M-4f2a90c1d7e3",
}
_MAILING: dict[str, Any] = {
    "number": "M-4f2a90c1d7e3",
    "kind": "single",
    "title": "AC-26-000001 受理超时，升级到第 1 级",
    "letters": 1,
    "made_at": "2026-11-23T02:01:00+00:00",
    "outcome": "sent",
    "channel": "dingtalk",
    "address": None,
    "attempts": 1,
    "error": None,
    "sent_at": "2026-11-23T02:01:01+00:00",
}
_MAILBOX: dict[str, Any] = {
    "holder": "li",
    "language": "zh",
    "timezone": None,
    "quiet": {"from": "22:00", "until": "08:00"},
    "addresses": ["dingtalk://***1f4b"],
}


class LetterShown(Shown):
    """One thing that somebody was told; `id` is the same however often it was sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LETTER]})

    id: str
    holder: str = Field(description="the person, or the box of a role: `role:finance`")
    case_no: str | None
    reason: str
    text: dict[str, str]
    level: int | None
    own: bool = Field(description="about a case of one's own")
    urgent: bool
    at: AwareDatetime
    unread: bool
    read_at: AwareDatetime | None
    outcome: str = Field(description="waiting, sending, sent, inbox_only, failing (tried again), not_told")
    channel: str | None
    told_at: AwareDatetime | None


class InboxPage(Shown):
    """A page of letters, and how many are unread altogether."""

    items: tuple[LetterShown, ...]
    next_cursor: str | None
    unread: int


class Marked(Shown):
    """How many were marked, and how many are left."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"marked": 3, "unread": 0}]})

    marked: int
    unread: int


class MailboxInList(Shown):
    """How somebody is reached; null = as the shop's settings say. Addresses are without their secrets."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MAILBOX]})

    holder: str
    language: str | None
    timezone: str | None
    quiet: dict[str, str] | None
    addresses: tuple[str, ...]


class MailboxList(Shown):
    items: tuple[MailboxInList, ...]
    next_cursor: str | None


class MailingShown(Shown):
    """Something that went out, or should have: one alert, a digest or a test."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MAILING]})

    number: str
    kind: str
    title: str
    letters: int
    made_at: AwareDatetime
    outcome: str
    channel: str | None
    attempts: int
    error: str | None


class MailboxShown(MailboxInList):
    """A mailbox with what went out lately, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_MAILBOX, "latest": [_MAILING], "unread": 1}]})

    latest: tuple[MailingShown, ...]
    unread: int


class Tried(Shown):
    """The tests that are on their way, one for each address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"number": "M-4f2a90c1d7e3", "address": "dingtalk://***1f4b"}]}]}
    )

    items: tuple[dict[str, str], ...]
