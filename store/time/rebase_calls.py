"""What a changed calendar of the escalation chain would do to its next calls, read from the rows of clocks (T8, T10).

A clock whose own calendar changed has its calls counted anew with its due time; here are those of which only the hours
in which people may be called have changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, String, and_, cast, or_, select
from sqlalchemy.orm import Session

from models.business_time import Calendar
from models.clocks import Clock, ClockEntry
from models.playbook import ALL_HOURS, Chain
from models.procedure.playbook_parts import Escalation
from models.tables import case_clocks, cases
from models.time.arming import Calling, next_call
from models.time.rebase import Moved

Calendars = Mapping[str, Calendar]
_CLOCK, _CASE = case_clocks.c, cases.c
_CHAIN: TypeAdapter[Chain] = TypeAdapter(Escalation)


def is_outdated(calendars: Calendars, only: Sequence[str]) -> ColumnElement[bool]:
    """Running, and its calls computed on another version of the chain's calendar than is in force."""
    other = [
        and_(_CLOCK.chain_calendar == name, _CLOCK.chain_version != calendar.fingerprint)
        for name, calendar in calendars.items()
        if name != ALL_HOURS and (not only or name in only)
    ]
    return and_(_CLOCK.state == "running", _CLOCK.due_at.is_not(None), or_(False, *other))


def moves(
    session: Session, calendars: Calendars, only: Sequence[str], apart_from: ColumnElement[bool]
) -> Iterator[Moved]:
    """The next call of each such clock, now and as it would be; without those that `apart_from` counts already."""
    chain = cast(_CASE.document[("procedure", "escalation")], String).label("chain")
    found = select(case_clocks, _CASE.severity, _CASE.acknowledged_until, chain)
    found = found.join(cases, _CASE.case_no == _CLOCK.case_no).where(is_outdated(calendars, only), ~apart_from)
    ordered = found.order_by(_CLOCK.case_no, _CLOCK.clock, _CLOCK.cycle)
    for row in session.execute(ordered.execution_options(yield_per=2_000)):
        yield _moved(row, calendars)


def _moved(row: Any, calendars: Calendars) -> Moved:
    used = row.used_before or 0
    calling = Calling(_clock(row), _chain(row.chain), row.severity, row.running_since, used, row.acknowledged_until)
    becomes = next_call(calling, calendars)
    return Moved(
        case_no=row.case_no,
        clock=f"{row.clock} (next call)",
        cycle=row.cycle,
        calendar=row.chain_calendar,
        due_at=row.call_at,
        becomes=row.call_at if _alike(becomes, row.call_at) else becomes,
        overdue_at_once=False,
    )


def _alike(one: datetime, other: datetime | None) -> bool:
    """A row keeps its log in whole seconds, so what is computed from it can be a second off."""
    return other is not None and abs((one - other).total_seconds()) <= 1


def _clock(row: Any) -> Clock:
    """The clock as far as its calls follow from it: of its log, what has rung."""
    rang = tuple(
        ClockEntry.model_construct(at=datetime.fromtimestamp(epoch, UTC), what=what, note=note)
        for epoch, what, note in row.log
        if what in ("reached", "breached")
    )
    said = {name: getattr(row, name) for name in ("clock", "cycle", "target", "calendar", "outcome", "state", "due_at")}
    return Clock.model_construct(**said, log=rang)


@lru_cache(maxsize=256)
def _chain(document: str) -> Chain:
    return _CHAIN.validate_json(document)
