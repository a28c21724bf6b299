"""What needs somebody now: the cases of a person, of a role, and of nobody, with the clocks that run on them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models import tables
from models.lifecycle import OPEN, WAITS_FOR
from models.value import Value
from store.lists import CaseRow

_c = tables.cases.c
_SHOWN = [_c[name] for name in CaseRow.model_fields]
NEXT_ANSWER = "next_answer"


class Running(Value):
    """A clock that runs on a case."""

    case_no: str
    clock: str
    due_at: datetime
    due_soon_at: datetime | None
    started_at: datetime


class Words(Value):
    """What a customer said last."""

    case_no: str
    at: datetime
    text: str


def owned(session: Session, person: str, most: int) -> tuple[CaseRow, ...]:
    """The open cases of a person, the nearest deadline first."""
    return _rows(session, (_c.owner == person) & _c.is_open, most)


def unowned(session: Session, now: datetime, most: int) -> tuple[CaseRow, ...]:
    """The open cases of nobody that are awake."""
    return _rows(session, _c.owner.is_(None) & _c.is_open & _awake(now), most)


def awaiting(session: Session, roles: Collection[str], now: datetime, most: int) -> tuple[CaseRow, ...]:
    """The open cases that wait for one of these roles, whoever owns them."""
    if not roles:
        return ()
    # A case in investigation waits for whom its check names, so its state alone does not say.
    states = [
        state.value
        for state in OPEN
        if WAITS_FOR[state] in roles or state.value in ("investigating", "awaiting_payment")
    ]
    return _rows(session, _c.state.in_(states) & _c.waiting_for.in_(list(roles)) & _awake(now), most)


def _awake(now: datetime) -> ColumnElement[bool]:
    return _c.snoozed_until.is_(None) | (_c.snoozed_until <= now)


def _rows(session: Session, condition: ColumnElement[bool], most: int) -> tuple[CaseRow, ...]:
    found = select(*_SHOWN).where(condition).order_by(_c.due_order, _c.case_no).limit(most)
    return tuple(CaseRow.model_validate(row) for row in session.execute(found))


def running(session: Session, numbers: Sequence[str]) -> tuple[Running, ...]:
    """The clocks that run on these cases, the nearest end first."""
    held = tables.case_clocks.c
    shown = (held.case_no, held.clock, held.due_at, held.due_soon_at, held.started_at)
    found = select(*shown).where(held.case_no.in_(numbers), held.state == "running", held.due_at.is_not(None))
    return tuple(Running.model_validate(dict(row)) for row in session.execute(found.order_by(held.due_at)).mappings())


def last_words(session: Session, numbers: Sequence[str]) -> tuple[Words, ...]:
    """The last message of each of these cases' customers."""
    if not numbers:
        return ()
    held = tables.timeline.c
    said = (held.case_no.in_(numbers)) & (held.action == "customer_message")
    last = select(held.case_no, func.max(held.seq).label("seq")).where(said).group_by(held.case_no).subquery()
    found = select(held.case_no, held.at, held.note, held.data).join(
        last, (held.case_no == last.c.case_no) & (held.seq == last.c.seq)
    )
    return tuple(_words(row) for row in session.execute(found))


def _words(row: Any) -> Words:
    return Words(case_no=row.case_no, at=row.at, text=str(row.note or (row.data or {}).get("text") or "")[:300])
