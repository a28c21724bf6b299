"""What a changed calendar would do to the clocks that run, read from their rows alone (T10).

A clock's row says on which version of its calendar it was counted. What was counted on another one than is in force is
what a rebase is about; a clock that is counted anew falls out of it by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import merge
from operator import attrgetter

from sqlalchemy import ColumnElement, Engine, and_, case, distinct, func, null, or_, select
from sqlalchemy.orm import Session

from models.business_time import Calendar
from models.events import Fact
from models.playbook import ALL_HOURS
from models.tables import case_clocks, timeline
from models.time.rebase import Preview, RebaseInput, RunningClock, moved, preview_of
from store.engine import reading
from store.time import rebase_calls

Calendars = Mapping[str, Calendar]

#: How far the clocks of two machines may be apart.
SKEW = timedelta(minutes=1)

_CLOCK = case_clocks.c
#: The columns of a running clock, in the order of RunningClock's fields.
RUNNING = tuple(
    # Most clocks were never paused, and their logs need not travel.
    case((_CLOCK.started_at == _CLOCK.running_since, null()), else_=_CLOCK.log).label("log")
    if name == "log"
    else _CLOCK[name]
    for name in RunningClock._fields
)


def preview(session: Session, calendars: Calendars, now: datetime, only: Sequence[str] = ()) -> Preview:
    """What counting on the calendars in force would do to the clocks that were counted on others; `only` on these."""
    found = _outdated(session, calendars, only)
    moves = (moved(clock, calendars[clock.calendar], now) for clock in found)
    calls = rebase_calls.moves(session, calendars, only, _is_outdated(calendars, only))
    return preview_of(merge(moves, calls, key=attrgetter("case_no")), versions(calendars, only), now)


def versions(calendars: Calendars, only: Sequence[str] = ()) -> dict[str, str]:
    """The versions of the teams' calendars, by name; `only` of these."""
    return {name: calendar.fingerprint for name, calendar in _teams(calendars, only).items()}


def pending(session: Session, calendars: Calendars) -> int:
    """How many open cases have a clock that was counted on another version of its calendar than is in force."""
    counted = select(func.count(distinct(_CLOCK.case_no))).where(_is_meant(calendars, ()))
    return int(session.execute(counted).scalar_one())


def next_cases(session: Session, calendars: Calendars, only: Sequence[str], after: str, limit: int) -> tuple[str, ...]:
    """The next cases that a rebase is about, in the order of their numbers."""
    found = select(_CLOCK.case_no).where(_is_meant(calendars, only), _CLOCK.case_no > after)
    return tuple(session.execute(found.distinct().order_by(_CLOCK.case_no).limit(limit)).scalars())


def answered(session: Session, case_nos: Sequence[str], asked: RebaseInput) -> dict[str, str]:
    """What became of a rebase in these cases: carried out or refused, as their timelines say under its own mark."""
    entry, action = timeline.c, asked.scope.action
    since = asked.started_at - SKEW
    here = (entry.case_no.in_(case_nos), entry.at >= since, entry.action.in_((action, Fact.REFUSED.value)))
    found = select(entry.case_no, entry.action, entry.note, entry.data).where(*here).order_by(entry.case_no, entry.seq)
    answers: dict[str, str] = {}
    for row in session.execute(found):
        if row.action == action and row.data.get("version") == asked.version:
            answers[row.case_no] = ""
        elif row.action != action and row.data.get("command_id") == asked.command_id:
            answers.setdefault(row.case_no, row.note or "It was refused.")
    return answers


def _outdated(session: Session, calendars: Calendars, only: Sequence[str]) -> Iterator[RunningClock]:
    ordered = (_CLOCK.case_no, _CLOCK.clock, _CLOCK.cycle)
    found = select(*RUNNING).where(_is_outdated(calendars, only)).order_by(*ordered)
    yield from (RunningClock(*row) for row in session.execute(found.execution_options(yield_per=2_000)))


def _is_outdated(calendars: Calendars, only: Sequence[str]) -> ColumnElement[bool]:
    """Running, on a calendar of a team, and not counted on the version of it that is in force."""
    other = [
        and_(_CLOCK.calendar == name, _CLOCK.calendar_version.is_distinct_from(calendar.fingerprint))
        for name, calendar in _teams(calendars, only).items()
    ]
    # One that waits to be counted at all (no due time yet) is in the hands of its commit.
    return and_(_CLOCK.state == "running", _CLOCK.due_at.is_not(None), or_(False, *other))


def _is_meant(calendars: Calendars, only: Sequence[str]) -> ColumnElement[bool]:
    """That its due time, or the hours of its chain, were counted on another version than is in force."""
    return or_(_is_outdated(calendars, only), rebase_calls.is_outdated(calendars, only))


def _teams(calendars: Calendars, only: Sequence[str]) -> dict[str, Calendar]:
    return {name: one for name, one in sorted(calendars.items()) if name != ALL_HOURS and (not only or name in only)}


def furthest_deadline(session: Session) -> datetime | None:
    """The latest instant at which a running clock is due; None where none runs."""
    found: datetime | None = session.execute(select(func.max(_CLOCK.due_at)).where(_CLOCK.state == "running")).scalar()
    return found


def furthest_deadline_in(engine: Engine) -> datetime | None:
    """The same in a transaction of its own."""
    with reading(engine) as session:
        return furthest_deadline(session)
