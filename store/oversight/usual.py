"""How long cases usually are in a state: the median by kind and clock of the last months, kept as data (T12).

A nightly sweep computes it. Commits read it from a copy of the process, which is looked at anew every few minutes.
"""

import time
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from models.case import Case
from models.tables import case_clocks, cases, usual_times
from store import projection
from store.oversight import reasons
from store.projection import Calendars, Usual

#: How far back is looked, how many ended clocks are enough to say what is usual, and how much it must change to count.
LOOKS_BACK = timedelta(days=90)
ENOUGH = 20
CHANGED: Final = 0.1
#: How long a process believes what it read, in seconds.
BELIEVED = 600.0

_KNOWN: "WeakKeyDictionary[Pool, tuple[float, Usual]]" = WeakKeyDictionary()
_CLOCK, _CASE, _USUAL = case_clocks.c, cases.c, usual_times.c


def known(session: Session) -> Usual:
    """The usual seconds by kind and clock, as they were read a few minutes ago at most."""
    pool = session.get_bind().engine.pool
    read, found = _KNOWN.get(pool, (0.0, {}))
    if not read or time.monotonic() - read > BELIEVED:
        found = _read(session)
        _KNOWN[pool] = (time.monotonic(), found)
    return found


def forget(session: Session) -> None:
    """Have them read anew by whoever needs them next in this process."""
    _KNOWN.pop(session.get_bind().engine.pool, None)


def _read(session: Session) -> Usual:
    rows = session.execute(select(_USUAL.kind, _USUAL.clock, _USUAL.seconds))
    return {(row.kind, row.clock): row.seconds for row in rows}


def compute(session: Session, now: datetime) -> tuple[str, ...]:
    """Write what is usual by the clocks that were met in the last months; the kinds for which it has changed."""
    before, found = _read(session), _medians(session, now)
    kept = {key: _kept(before.get(key), seconds) for key, (seconds, _) in found.items()}
    session.execute(delete(usual_times))
    rows = [
        {"kind": kind, "clock": clock, "seconds": kept[kind, clock], "spans": spans, "at": now}
        for (kind, clock), (_, spans) in found.items()
    ]
    if rows:
        session.execute(insert(usual_times), rows)
    forget(session)
    return tuple(sorted({key[0] for key in before.keys() | kept.keys() if before.get(key) != kept.get(key)}))


def _kept(before: int | None, now: int) -> int:
    """What hardly changed stays, so that open cases are not gone through every night."""
    return before if before is not None and abs(now - before) <= CHANGED * before else now


def _medians(session: Session, now: datetime) -> dict[tuple[str, str], tuple[int, int]]:
    """The lower median of what was used, and how many there were, where there were enough."""
    here = (_CASE.kind, _CLOCK.clock)
    order = (_CLOCK.used_before, _CLOCK.case_no, _CLOCK.cycle)
    place = func.row_number().over(partition_by=here, order_by=order).label("place")
    many = func.count().over(partition_by=here).label("n")
    ended = (_CLOCK.ended_at >= now - LOOKS_BACK, _CLOCK.state == "met", _CLOCK.used_before.is_not(None))
    ranked = (
        select(_CASE.kind, _CLOCK.clock, _CLOCK.used_before, place, many)
        .join(cases, _CASE.case_no == _CLOCK.case_no)
        .where(*ended)
        .subquery()
    )
    middle = (ranked.c.n >= ENOUGH, ranked.c.place == (ranked.c.n + 1) // 2)
    rows = session.execute(select(ranked).where(*middle))
    return {(row.kind, row.clock): (row.used_before, row.n) for row in rows}


def see_again(
    session: Session, kinds: tuple[str, ...], calendars: Calendars, now: datetime, after: str, limit: int
) -> tuple[int, str | None]:
    """Look again when the open cases of these kinds are silent; how many changed, and after which case to go on.

    Only rows that follow from the cases are written: their state is their own.
    """
    found = select(_CASE.case_no, _CASE.document).where(_CASE.is_open, _CASE.kind.in_(kinds), _CASE.case_no > after)
    rows = session.execute(found.order_by(_CASE.case_no).limit(limit).with_for_update()).all()
    usual, changed = known(session), 0
    for row in rows:
        case = Case.model_validate(row.document)
        columns = projection.silence(case, calendars, usual)
        session.execute(update(cases).where(_CASE.case_no == case.case_no).values(**columns))
        changed += reasons.write(session, case, projection.times_of(case, calendars, usual), now)
    return changed, rows[-1].case_no if len(rows) == limit else None
