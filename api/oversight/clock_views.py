"""How the clocks of a case look from outside: every number with the spans that it is the sum of (T10)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.business_time import Calendar, between
from models.case import Case
from models.clocks import OPENED_AGAIN, Clock, Span, pending_alarms, spans_of
from models.playbook import ALL_HOURS

_PAUSED = {"zh": "暂停：等对方", "en": "stood still: we waited for the other side"}
_OVER = {"zh": "售后单已结束，之后重新打开", "en": "the case was over until it was opened again"}


def clock_document(case: Case, clock: Clock, calendars: Mapping[str, Calendar], now: datetime) -> dict[str, Any]:
    """A clock with its sums in seconds: on its own calendar, where target = used + left, and in plain time (T10).

    Beside a platform's clock stands what the platform knows silence to mean (T21).
    """
    beside = case.procedure.side_clocks.get(clock.clock)
    calendar = calendars.get(clock.calendar) or calendars[ALL_HOURS]
    sums = [_sum(span, clock, calendar) for span in spans_of(clock, now)]
    used = sum(one["seconds"] for one in sums)
    return {
        "clock": clock.clock,
        "cycle": clock.cycle,
        "calendar": clock.calendar,
        "target": clock.target,
        "used": used,
        "left": clock.target - used,
        "used_plain": sum(one["plain"] for one in sums if one["runs"]),
        "left_plain": round((clock.due_at - now).total_seconds())
        if clock.due_at and clock.state == "running"
        else None,
        "due_at": clock.due_at.isoformat() if clock.due_at else None,
        "paused_since": clock.paused_since.isoformat() if clock.paused_since else None,
        "state": clock.state,
        "outcome": clock.outcome,
        "pauses": not clock.apart,
        "breached": _breach(clock),
        "policy": _policy(clock),
        "next_alarm": _next_alarm(clock),
        "silence": beside.silence.model_dump() if beside and beside.silence else None,
        "sums": sums,
        "log": [entry.model_dump(mode="json") for entry in clock.log],
    }


def _sum(span: Span, clock: Clock, calendar: Calendar) -> dict[str, Any]:
    """One span: what of it counted, and why the rest did not."""
    plain = round((span.end - span.start).total_seconds())
    seconds = between(calendar, span.start, span.end) if span.runs else 0
    return {
        "from": span.start.isoformat(),
        "to": span.end.isoformat(),
        "runs": span.runs,
        "seconds": seconds,
        "plain": plain,
        "why": _why(span, clock, plain - seconds),
    }


def _why(span: Span, clock: Clock, left_out: int) -> dict[str, str] | None:
    if not span.runs:
        return _OVER if span.note == OPENED_AGAIN else _PAUSED
    if left_out <= 1 or clock.calendar == ALL_HOURS:  # spans end within a second, calendars count whole ones
        return None
    return {"zh": f"其余在 {clock.calendar} 的工作时间之外", "en": f"the rest is outside the hours of {clock.calendar}"}


def _breach(clock: Clock) -> dict[str, Any] | None:
    """When it was noticed that it ran out, why, and whether nobody looked in time."""
    found = next((entry for entry in clock.log if entry.what == "breached"), None)
    if found is None:
        return None
    return {"at": found.at.isoformat(), "cause": found.cause or "delay", "noticed_late": found.late}


def _policy(clock: Clock) -> dict[str, Any] | None:
    """The terms that were applied last."""
    found = next((entry.policy for entry in reversed(clock.log) if entry.policy), None)
    return found.model_dump() if found else None


def _next_alarm(clock: Clock) -> dict[str, Any] | None:
    """What it does next if nothing happens."""
    pending = pending_alarms(clock)
    if not pending:
        return None
    first = pending[0]
    return {"name": first.name, "at": first.at.isoformat(), "level": first.level, "targets": list(first.targets)}
