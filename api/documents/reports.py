"""What goes out of reports, as models with examples."""

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from api.documents.answers import Shown

_BOTH = {"zh": "合计", "en": "In all"}
_CELL = "/api/v1/reports/monthly/cases?month=2026-10&cell=opened"
_SECTION: dict[str, Any] = {
    "name": "totals",
    "title": _BOTH,
    "dimensions": [],
    "numbers": [
        {
            "name": "opened",
            "title": {"zh": "新开", "en": "Opened"},
            "unit": "cases",
            "meaning": "Cases opened in the period, whatever became of them since.",
            "explained": {
                "zh": "本期内新开的售后单，不论后来如何。",
                "en": "Cases opened in the period, whatever became of them since.",
            },
        }
    ],
    "rows": [{"of": {}, "values": {"opened": 42}, "cells": {"opened": "opened"}, "links": {"opened": _CELL}}],
}
_REPORT: dict[str, Any] = {
    "report": "monthly",
    "period": "2026-10",
    "from": "2026-10-01T00:00:00+08:00",
    "until": "2026-11-01T00:00:00+08:00",
    "timezone": "Asia/Shanghai",
    "complete": True,
    "made_at": "2026-11-02T01:00:00+00:00",
    "empty": False,
    "note": None,
    "kept": False,
    "sections": [_SECTION],
}
_ENTRY: dict[str, Any] = {
    "case_no": "AC-26-000042",
    "kind": "quality_fault",
    "state": "closed",
    "staff": "li",
    "remedy": "repair",
    "opened_at": "2026-10-03T02:00:00Z",
    "ended_at": "2026-10-09T02:00:00Z",
    "clock": None,
    "cycle": None,
    "callback_id": None,
}


class ReportShown(Shown):
    """A report (T13): sections of rows. Each number has its meaning, and in `links` the address of its cases."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REPORT]})

    report: str
    period: str
    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    timezone: str
    complete: bool = Field(description="whether the period is over")
    made_at: AwareDatetime
    empty: bool = Field(description="whether there was nothing at all; `note` says so in words")
    note: dict[str, str] | None
    kept: bool
    sections: tuple[dict[str, Any], ...]


class ReportEntry(Shown):
    """One of the cases behind a number; of clocks each cycle, of callbacks each callback is an entry."""

    case_no: str | None
    kind: str | None
    state: str | None
    staff: str | None
    remedy: str | None
    opened_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    clock: str | None
    cycle: int | None
    callback_id: str | None


class ReportEntries(Shown):
    """A page of what a number counts; `total` is the number itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ENTRY], "next_cursor": None, "total": 1}]})

    items: tuple[ReportEntry, ...]
    next_cursor: str | None
    total: int


_BREACH: dict[str, Any] = {
    "case_no": "AC-26-000042",
    "clock": "triage",
    "cycle": 1,
    "kind": "quality_fault",
    "staff": "li",
    "cause": "delay",
    "started_at": "2026-10-03T02:00:00Z",
    "due_at": "2026-10-06T02:00:00Z",
    "ended_at": "2026-10-06T04:00:00Z",
    "late_seconds": 7200,
    "target_seconds": 32400,
    "used_seconds": 39600,
    "reason": "workload",
    "note": "sale weekend",
    "said_by": "sun",
    "said_at": "2026-10-07T01:00:00Z",
}


class BreachShown(Shown):
    """A turn of a clock that was missed (T10); `ended_at` is null while it still runs, `reason` until one is said."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BREACH]})

    case_no: str
    clock: str
    cycle: int
    kind: str
    staff: str | None
    cause: Literal["delay", "change"] = Field(description="time passed; or priority, kind or calendar changed")
    started_at: AwareDatetime
    due_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    late_seconds: int | None = Field(description="in plain time, until its end or now")
    target_seconds: int
    used_seconds: int | None
    reason: str | None
    note: str | None
    said_by: str | None
    said_at: AwareDatetime | None


class BreachList(Shown):
    """A page of the register of missed clocks; `total` is over all that match."""

    items: tuple[BreachShown, ...]
    next_cursor: str | None
    total: int
