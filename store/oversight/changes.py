"""Which cases were written, in the order of a sequence: what open pages follow."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from models import tables

#: How long changes are kept; a page that was away for longer is loaded anew.
KEPT = timedelta(days=1)
#: Numbers are given before they are committed, so that a lower one may be seen after a higher one: so far back is
#: looked each time.
BEHIND = 200


class Change(NamedTuple):
    """A case was written."""

    number: int
    case_no: str


def note(session: Session, case_no: str, at: datetime) -> None:
    """A case is being written."""
    session.execute(insert(tables.changes).values(case_no=case_no, at=at))


def latest(session: Session) -> int:
    """The last number, 0 when there is none."""
    return session.execute(select(func.max(tables.changes.c.number))).scalar() or 0


def after(session: Session, number: int, most: int = 1000) -> Sequence[Change]:
    """What came after a number, and a little from before it."""
    held = tables.changes.c
    found = select(held.number, held.case_no).where(held.number > number - BEHIND).order_by(held.number).limit(most)
    return [Change(*row) for row in session.execute(found)]


def forget(session: Session, now: datetime) -> None:
    """Take away what nobody follows any more."""
    session.execute(delete(tables.changes).where(tables.changes.c.at < now - KEPT))
