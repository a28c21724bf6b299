"""What the columns of a case say: every one of them follows from its document and the calendars.

They are there for lists and for the question which cases are stuck; `db rebuild` computes them anew.
"""

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any

from models.business_time import Calendar, due_at
from models.case import Case
from models.clocks import Clock, next_call_at, running_since, used_seconds
from models.oversight.stuck import END_OF_TIME, OTHER_SIDE, Times
from models.playbook import ALL_HOURS
from models.time import arming
from store.documents import Written

Calendars = Mapping[str, Calendar]

PRIORITIES = ("urgent", "high", "normal", "low")
DUE_SOON_PERCENT = 75  # within a quarter of the target (T12)
SILENT_TIMES = 2  # times the usual time of the state, or the target of its clock (T12)
LEAST_USUAL = 15 * 60  # what takes minutes as a rule is not silent after a few of them
#: The usual seconds by kind and clock, where there is enough history.
Usual = Mapping[tuple[str, str], int]
NOTHING_USUAL: Usual = {}


def arm(case: Case, calendars: Calendars) -> Case:
    """The case with every clock's instants computed."""
    return arming.arm(case, calendars)


def columns_of(case: Case, calendars: Calendars, usual: Usual = NOTHING_USUAL) -> dict[str, Any]:
    """The row of a case, without its personal columns."""
    clock = case.state_clock
    return {
        "case_no": case.case_no,
        "order_no": case.order.order_no if case.order else None,
        "version": case.version,
        "document": Written(case.model_dump_json()),
        "kind": case.kind,
        "playbook_version": case.procedure.version,
        "state": case.state.value,
        "stage": case.stage.value,
        "is_open": not case.is_final,
        "waiting_for": case.waiting_for,
        "our_turn": case.waiting_for not in OTHER_SIDE,
        "wanted": case.wanted,
        "remedy": case.remedy,
        "channel": case.channel,
        "owner": case.owner,
        "opened_by": case.opened_by,
        "priority": case.priority,
        "priority_rank": _rank(case.priority),
        "severity": case.severity,
        "escalation": case.escalation,
        "reassigned": case.reassigned,
        "reopened": case.reopened,
        "callback_misses": case.callback_misses,
        "chain_exhausted": clock is not None and arming.is_exhausted(clock, case.procedure.escalation),
        "failing_step": case.failing_step,
        "at_stake": at_stake(case),
        "currency": case.order.currency if case.order else None,
        **_moments(case, clock, calendars),
        **silence(case, calendars, usual),
    }


def _moments(case: Case, clock: Clock | None, calendars: Calendars) -> dict[str, datetime | None]:
    """When things happened to the case, and when they will if nobody does anything."""
    return {
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
        "last_moved_at": case.last_moved_at,
        "last_acted_at": case.last_acted_at,
        "acknowledged_until": case.acknowledged_until,
        "snoozed_until": case.snoozed_until,
        "due_at": case.due_at,
        "due_order": case.due_at or END_OF_TIME,
        "due_soon_at": due_soon_at(clock, calendars) if clock else None,
        "alarm_at": case.alarm_at,
    }


def silence(case: Case, calendars: Calendars, usual: Usual) -> dict[str, Any]:
    """When a case becomes silent, and by which usual time; without one by the target of its clock (T12)."""
    clock = case.state_clock
    at = _silent_at(case, clock, calendars, usual)
    return {"silent_at": at, "usual_time": usual_time(case, clock, usual) if clock and at else None}


def usual_time(case: Case, clock: Clock, usual: Usual) -> int | None:
    """The usual seconds of the case's state for its kind; None where there is too little history."""
    found = usual.get((case.kind, clock.clock))
    return None if found is None else max(found, LEAST_USUAL)


def times_of(case: Case, calendars: Calendars, usual: Usual = NOTHING_USUAL) -> Times:
    """What the reasons for being stuck need of the calendars (T12)."""
    clock = case.state_clock
    return Times(
        due_soon_at=due_soon_at(clock, calendars) if clock else None,
        silent_at=_silent_at(case, clock, calendars, usual),
        chain_exhausted=clock is not None and arming.is_exhausted(clock, case.procedure.escalation),
    )


def clock_rows(case: Case, calendars: Calendars, but: Container[Clock] = ()) -> list[dict[str, Any]]:
    """One row per clock and cycle, except those in `but`."""
    return [
        {
            "case_no": case.case_no,
            "clock": clock.clock,
            "cycle": clock.cycle,
            "state": clock.state,
            "target": clock.target,
            "calendar": clock.calendar,
            "outcome": clock.outcome,
            "started_at": clock.log[0].at,
            "ended_at": clock.log[-1].at if clock.state in ("met", "cancelled") else None,
            "paused_since": clock.paused_since,
            "due_at": clock.due_at,
            "due_soon_at": due_soon_at(clock, calendars),
            **_log_columns(clock, calendars),
            **_calls(case, clock),
        }
        for clock in case.clocks
        if clock not in but
    ]


def _log_columns(clock: Clock, calendars: Calendars) -> dict[str, Any]:
    """A clock's log, short, and what a count on another calendar begins with (T10)."""
    breach = next((entry for entry in reversed(clock.log) if entry.what == "breached"), None)
    runs = clock.state == "running"
    since = running_since(clock) if runs else None
    return {
        "breached": breach is not None,
        "cause": (breach.cause or "delay") if breach else None,
        "log": [[int(entry.at.timestamp()), entry.what, entry.note] for entry in clock.log],
        "used_before": used_seconds(clock, _calendar(clock, calendars), since or clock.log[-1].at),
        "running_since": since,
        "due_by": "until" if clock.until else "closing" if clock.to_closing else None,
        "calendar_version": clock.calendar_version,
    }


def _calls(case: Case, clock: Clock) -> dict[str, Any]:
    """On which calendar a running clock's chain calls people, and when it does next (T8)."""
    calls = clock.state == "running" and clock.chain_version is not None
    return {
        "chain_calendar": case.procedure.escalation.calendar_for(case.severity) if calls else None,
        "chain_version": clock.chain_version if calls else None,
        "call_at": next_call_at(clock) if calls else None,
    }


def personal_columns(
    case: Case, description: str | None, contact: Mapping[str, Any], customer: Mapping[str, str | None]
) -> dict[str, Any]:
    """What is kept of the customer: the contact as given, a name and the end of a phone to search by."""
    name = contact.get("name") or customer.get("name")
    tail = phone_tail(contact.get("phone") or customer.get("phone"))
    return {
        "description": description,
        "contact": dict(contact),
        "customer_name": name,
        "phone_tail": tail,
        "search_text": search_text(case, name, tail),
    }


def search_text(case: Case, name: str | None, tail: str | None) -> str:
    """Everything a case is looked for by, case-folded, each on a line of its own."""
    order_no = case.order.order_no if case.order else None
    parts = [case.case_no, order_no, name, tail, *case.waybills, *(line.sku for line in case.lines)]
    return "\n".join(part.casefold() for part in parts if part)


def phone_tail(phone: str | None) -> str | None:
    """The last four digits of a phone number."""
    digits = "".join(c for c in phone or "" if c.isdigit())
    return digits[-4:] or None


def at_stake(case: Case) -> int:
    """What the case is about in minor units: the money decided so far, else what its units cost."""
    decided = case.money.refund + case.money.freight + case.money.goodwill
    return decided or sum(_paid_for(case, line.line_no, line.quantity) for line in case.lines)


def _paid_for(case: Case, line_no: int, quantity: int) -> int:
    total = 0
    for pot in case.order.pots.of_line(line_no) if case.order else ():
        units = min(quantity, pot.units)
        total, quantity = total + units * (pot.goods + pot.tax), quantity - units
    return total


def _rank(priority: str) -> int:
    return PRIORITIES.index(priority) if priority in PRIORITIES else PRIORITIES.index("normal")


def due_soon_at(clock: Clock, calendars: Calendars) -> datetime | None:
    """When a clock comes within a quarter of its target, on its own calendar."""
    if clock.state != "running" or clock.due_at is None:
        return None
    calendar = _calendar(clock, calendars)
    since = running_since(clock)
    left = -(-clock.target * DUE_SOON_PERCENT // 100) - used_seconds(clock, calendar, since)
    return min(clock.due_at, due_at(calendar, since, max(0, left)))


def _silent_at(case: Case, clock: Clock | None, calendars: Calendars, usual: Usual) -> datetime | None:
    if clock is None or case.waiting_for in OTHER_SIDE:
        return None
    quiet_since = max(case.last_acted_at, running_since(clock))
    allowed = usual_time(case, clock, usual) or clock.target
    return due_at(_calendar(clock, calendars), quiet_since, SILENT_TIMES * allowed)


def _calendar(clock: Clock, calendars: Calendars) -> Calendar:
    return calendars.get(clock.calendar) or calendars[ALL_HOURS]
