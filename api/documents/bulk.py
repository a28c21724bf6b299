"""One action on many cases, as it is asked for and shown over HTTP (T12)."""

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from api.documents.answers import Shown
from api.documents.requests import Ask, Number
from models.commands import Actor, Amount, Text, Word
from models.lifecycle import Stage
from models.oversight.bulk import MOST, BulkState, BulkWord, ItemState
from models.oversight.stuck import REASONS

_CASES = ["AC-26-000017", "AC-26-000018"]
_REASON = "The courier's strike is over on Friday."
_ASK: dict[str, Any] = {"action": "extend", "data": {"by_seconds": 28800}, "case_nos": _CASES, "reason": _REASON}
_BULK: dict[str, Any] = {
    "id": "B-5f1c0d8e",
    "action": "extend",
    "data": {"by_seconds": 28800},
    "reason": _REASON,
    "filter": None,
    "actor": {"id": "chen", "role": "manager"},
    "state": "done",
    "total": 2,
    "counts": {"waiting": 0, "done": 1, "refused": 1, "failed": 0},
    "created_at": "2026-03-04T02:00:00+00:00",
    "ended_at": "2026-03-04T02:00:02+00:00",
    "stopped_by": None,
}
_ITEM: dict[str, Any] = {
    "number": 1,
    "case_no": "AC-26-000018",
    "state": "refused",
    "code": "state-refused",
    "detail": "'extend' cannot be done while the case is 'closed'.",
    "at": "2026-03-04T02:00:01+00:00",
}


class BulkFilter(Ask):
    """Which of the stuck cases: any of these reasons, and all of the rest. An empty one is the whole list."""

    reason: tuple[Literal[REASONS], ...] = Field(default=(), max_length=len(REASONS))  # type: ignore[valid-type]
    stage: Stage | None = None
    owner: Word | None = None
    kind: Word | None = None
    at_stake: Amount | None = Field(None, description="at least so much at stake in main units, whatever the currency")
    older_than_days: int | None = Field(None, ge=0, le=36500)


class ActorNamed(Ask):
    """Whom a token that may act for others acts for."""

    id: Word
    role: Word | None = None


class BulkAsk(Ask):
    """One action on cases that are named, or on those that a filter finds now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ASK]})

    action: BulkWord
    data: dict[str, Any] = Field(
        default_factory=dict, description="of the action: `to` of reassign, `until` or `by_seconds` of extend …"
    )
    case_nos: tuple[Number, ...] | None = Field(None, min_length=1, max_length=MOST)
    filter: BulkFilter | None = None
    reason: Text = Field(description="why, as every case's timeline tells it")
    actor: ActorNamed | None = Field(None, description="for tokens that may act for others")

    @model_validator(mode="after")
    def _cases_or_filter(self) -> "BulkAsk":
        if (self.case_nos is None) == (self.filter is None):
            raise ValueError("name the cases or give a filter, one of the two")
        return self


class BulkCounts(Shown):
    """How many cases were asked, and how they answered."""

    waiting: int
    done: int
    refused: int
    failed: int


class BulkShown(Shown):
    """One action on a list of cases, and how far it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BULK]})

    id: str
    action: BulkWord
    data: dict[str, Any]
    reason: str
    filter: dict[str, Any] | None
    actor: Actor
    state: BulkState
    total: int
    counts: BulkCounts
    created_at: AwareDatetime
    ended_at: AwareDatetime | None
    stopped_by: str | None


class BulkItemShown(Shown):
    """The answer of one case: done, refused with the case's own reason, failed when it never answered."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ITEM]})

    number: int
    case_no: str
    state: ItemState
    code: str | None
    detail: str | None
    at: AwareDatetime | None


class BulkList(Shown):
    items: tuple[BulkShown, ...]
    next_cursor: str | None


class BulkDetail(BulkShown):
    """The same with a page of its cases."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_BULK, "items": [_ITEM], "next_cursor": None}]})

    items: tuple[BulkItemShown, ...]
    next_cursor: str | None
