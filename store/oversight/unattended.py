"""Cases that nobody looks after just now, for the sweep that sees to it (T11, T12)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from models.lifecycle import Action, Role
from models.oversight.sweeps import next_retry
from models.tables import cases, timeline
from store.people import duty

#: Somebody who is back sooner finds his cases as he left them; a night is no absence.
LONG_AWAY = timedelta(days=1)
#: Tries of a failing step count for so long.
TRIES_COUNT = timedelta(days=7)

_c, _t = cases.c, timeline.c


@dataclass(frozen=True, slots=True)
class Failing:
    """A case whose automatic step keeps failing; `again`: it is time for another try."""

    case_no: str
    step: str
    again: bool


def failing(session: Session, now: datetime, after: str, limit: int) -> tuple[tuple[Failing, ...], str | None]:
    """A page of cases with a failing step, and whether each is to be tried again: later and later, at last daily."""
    here = (_c.is_open, _c.failing_step.is_not(None), _c.case_no > after)
    found = select(_c.case_no, _c.failing_step, _c.last_moved_at).where(*here).order_by(_c.case_no)
    rows = session.execute(found.limit(limit + 1)).all()
    tries = _tries(session, [row.case_no for row in rows], now)
    page = tuple(_failing(row, tries.get(row.case_no), now) for row in rows[:limit])
    return page, page[-1].case_no if len(rows) > limit else None


def _failing(row: Any, tried: tuple[int, datetime] | None, now: datetime) -> Failing:
    tries, last = tried or (0, row.last_moved_at)
    return Failing(row.case_no, row.failing_step, next_retry(tries, last) <= now)


def _tries(session: Session, case_nos: list[str], now: datetime) -> dict[str, tuple[int, datetime]]:
    ours = (_t.action == Action.RETRY.value, _t.actor_role == Role.SYSTEM.value, _t.at > now - TRIES_COUNT)
    found = select(_t.case_no, func.count(), func.max(_t.at)).where(_t.case_no.in_(case_nos), *ours)
    return {row[0]: (row[1], row[2]) for row in session.execute(found.group_by(_t.case_no))}


@dataclass(frozen=True, slots=True)
class ToGive:
    """A case to be given to somebody; `to` is None where nobody is free."""

    case_no: str
    to: str | None


def unowned(session: Session, now: datetime, after: str, limit: int) -> tuple[tuple[ToGive, ...], str | None]:
    """A page of cases without an owner, each with who is to have it (T11); None where no staff list is kept."""
    here = (_c.is_open, _c.owner.is_(None), _c.case_no > after)
    found = select(_c.case_no, _complained_about.label("about")).where(*here).order_by(_c.case_no)
    return _given(session, now, session.execute(found.limit(limit + 1)).all(), limit)


def left_behind(session: Session, now: datetime, after: str, limit: int) -> tuple[tuple[ToGive, ...], str | None]:
    """A page of cases that are our turn and whose owner is away for more than a day, past the deadline (T11)."""
    page = duty.left_behind(session, now, after, limit)
    long_away = [one.case_no for one in page if one.away_until - now >= LONG_AWAY]
    ours = select(_c.case_no, _complained_about.label("about")).where(_c.case_no.in_(long_away), _c.our_turn)
    rows = session.execute(ours.order_by(_c.case_no)).all()
    more = page[-1].case_no if len(page) == limit else None
    return _given(session, now, rows, len(rows))[0], more


_complained_about = _c.document["about"]["person"].as_string()


def _given(session: Session, now: datetime, rows: Any, limit: int) -> tuple[tuple[ToGive, ...], str | None]:
    page = rows[:limit]
    fewest = _in_turns(session, now) if page else None
    given = tuple(ToGive(row.case_no, fewest(row.about) if fewest else None) for row in page)
    return given, page[-1].case_no if len(rows) > limit else None


def _in_turns(session: Session, now: datetime) -> Callable[[str | None], str | None]:
    """Who has the fewest due soon, case after case; nobody gets a second one before the others got their first.

    What is given here is not counted yet: the cases write it down a moment later.
    """
    known, had = duty.roster(session, now), set[str]()

    def fewest(about: str | None) -> str | None:
        shut_out = {about} if about else set()
        found = duty.fewest_due_soon(session, Role.AGENT, now, had | shut_out, known)
        if found is None and had:
            had.clear()
            found = duty.fewest_due_soon(session, Role.AGENT, now, shut_out, known)
        had.update({found} if found else ())
        return found

    return fewest


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that keeps waiting for somebody else, past the deadline; `due_at` tells one wait from the next."""

    case_no: str
    waiting_for: str
    due_at: datetime


def overdue_others(session: Session, now: datetime, after: str, limit: int) -> tuple[tuple[Waiting, ...], str | None]:
    """A page of cases whose deadline for the other side has passed, and who have not been reminded since (T12
    `over_waiting`); snoozed ones sleep on (T9)."""
    asleep = func.coalesce(_c.snoozed_until > now, False)
    here = (_c.is_open, ~_c.our_turn, _c.due_at <= now, ~asleep, ~_reminded_since(), _c.case_no > after)
    found = select(_c.case_no, _c.waiting_for, _c.due_at).where(*here).order_by(_c.case_no)
    rows = session.execute(found.limit(limit + 1)).all()
    page = tuple(Waiting(row.case_no, row.waiting_for, row.due_at) for row in rows[:limit])
    return page, page[-1].case_no if len(rows) > limit else None


def _reminded_since() -> ColumnElement[bool]:
    """Whether the program has reminded them since the deadline: to ask again every quarter of an hour would do nothing
    but lengthen the history of every case that waits."""
    ours = (_t.case_no == _c.case_no, _t.action == Action.REMIND.value, _t.actor_role == Role.SYSTEM.value)
    return exists().where(*ours, _t.at >= _c.due_at)
