"""What goes out of callbacks and schedules, as models with examples."""

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from api.documents.answers import Shown

_CALLBACK: dict[str, Any] = {
    "id": "AC-26-000042:callback:1",
    "occasion": "after_remedy",
    "names": {"zh": "售后回访", "en": "after the remedy"},
    "case_no": "AC-26-000042",
    "order_no": "20260302-0017",
    "customer": None,
    "kind": "quality_fault",
    "person": "li",
    "state": "due",
    "due_at": "2026-03-06T13:00:00+00:00",
    "overdue": False,
    "tries": 1,
    "last_try_at": "2026-03-05T12:10:00+00:00",
    "good_hours": [["20:00", "21:00"]],
    "timezone": "Asia/Shanghai",
}


class CallbackShown(Shown):
    """A callback; `person` handled the case and is scored by the answers, `good_hours` are the shop's time (T5, T6)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CALLBACK]})

    id: str
    occasion: str
    names: dict[str, str]
    case_no: str | None
    order_no: str | None
    customer: str | None = Field(description="of a periodic one: the shop's id; a telephone number is masked")
    kind: str | None
    person: str | None
    state: Literal["due", "answered", "unreachable", "dropped"]
    due_at: AwareDatetime
    overdue: bool
    tries: int
    last_try_at: AwareDatetime | None
    good_hours: tuple[tuple[str, str], ...]
    timezone: str
    repeated: bool = Field(False, description="it was answered before; nothing was done again")


class CallbackList(Shown):
    """A page of callbacks, and counts over all that match."""

    items: tuple[CallbackShown, ...]
    next_cursor: str | None
    total: int
    overdue: int
    by_person: dict[str, int] = Field(description="without a name: those of nobody in particular")


class PreferenceShown(Shown):
    """Whether a customer wants calls; `dropped` periodic callbacks were taken off the list."""

    customer: str | None
    no_calls: bool
    dropped: int


_SCHEDULE: dict[str, Any] = {
    "name": "aftercare-stuck-sweep",
    "what": "finds open cases that do not run …",
    "runs": "every 15 minutes",
    "state": "waiting",
    "note": None,
    "next_at": "2026-03-04T02:15:00+00:00",
    "skipped": 0,
    "missed": 0,
    "health": "ok",
    "last_run": {
        "run_id": "0196…",
        "sweep": "aftercare-stuck-sweep",
        "started_at": "2026-03-04T02:00:04+00:00",
        "ended_at": "2026-03-04T02:00:05+00:00",
        "found": 3,
        "did": 1,
        "failed": 0,
        "words": "3 cases are stuck: overdue 2, no_owner 1",
        "details": {"stuck": 3},
    },
}


class ScheduleShown(Shown):
    """A sweep: when it runs, how it is, and its last run."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SCHEDULE]})

    name: str
    what: str
    runs: str
    state: Literal["waiting", "running", "paused", "missing"]
    note: str | None = Field(description="why it is paused")
    next_at: AwareDatetime | None
    skipped: int = Field(description="times at which the run before was still under way")
    missed: int = Field(description="times that were too long ago to be made up for")
    health: Literal["ok", "late", "never", "failing"] = Field(
        description="late: it has not run for twice its interval; failing: its last run did not do all of it"
    )
    last_run: dict[str, Any] | None


class ScheduleList(Shown):
    """All schedules of the contract."""

    items: tuple[ScheduleShown, ...]
    next_cursor: str | None
