"""Callbacks as those who call look at them: whom, how often it was tried, what was said, and which are over (T5–T7)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from models.oversight.callbacks import QUESTIONS
from models.tables import callback_tries, callbacks, cases, orders, surveys
from store.cursors import decode, encode
from store.oversight.callbacks import CallbackRow

_c, _s, _t = callbacks.c, surveys.c, callback_tries.c


class Try(BaseModel):
    """A try that reached nobody."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    number: int
    at: datetime
    by: str
    channel: str | None
    note: str | None


class Survey(BaseModel):
    """What a customer answered (T7)."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    by: str
    at: datetime
    channel: str | None
    satisfied: bool
    words: str | None
    scores: dict[str, int]


class Face(BaseModel):
    """Who is called; both are personal."""

    model_config = ConfigDict(frozen=True)

    name: str | None = None
    phone: str | None = None


class Over(BaseModel):
    """A page of callbacks that are over, or were tried in vain, with their surveys."""

    model_config = ConfigDict(frozen=True)

    items: tuple[tuple[CallbackRow, Survey | None], ...]
    next_cursor: str | None


def over(session: Session, state: str, person: str | None = None, cursor: str | None = None, limit: int = 50) -> Over:
    """Callbacks that ended in a state (`answered`, `unreachable`, `dropped`), the last first."""
    wanted: list[ColumnElement[bool]] = [_c.state == state]
    wanted += [_c.person == person] if person is not None else []
    order = (_c.ended_at, _c.id)
    found = select(callbacks).where(*wanted, _c.ended_at.is_not(None))
    if cursor is not None:
        found = found.where(tuple_(*order) < decode(cursor, f"callbacks {state}", order))
    rows = session.execute(found.order_by(*(one.desc() for one in order)).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    answers = surveys_of(session, [row.id for row in rows[:limit]]) if state == "answered" else {}
    return Over(
        items=tuple((CallbackRow.model_validate(row), answers.get(row.id)) for row in rows[:limit]),
        next_cursor=encode(f"callbacks {state}", (last.ended_at, last.id)) if last else None,
    )


def surveys_of(session: Session, keys: Iterable[str]) -> dict[str, Survey]:
    """What was answered, by callback."""
    rows = session.execute(select(surveys).where(_s.callback_id.in_(list(keys)))).mappings()
    return {row["callback_id"]: _survey(row) for row in rows}


def _survey(row: Any) -> Survey:
    scores = {question: row[question] for question in QUESTIONS if row[question] is not None}
    return Survey(**{name: row[name] for name in Survey.model_fields if name != "scores"}, scores=scores)


def tries_of(session: Session, key: str) -> tuple[Try, ...]:
    """The tries in vain, the first one first."""
    rows = session.execute(select(callback_tries).where(_t.callback_id == key).order_by(_t.number))
    return tuple(Try.model_validate(row) for row in rows)


def faces(session: Session, rows: Iterable[CallbackRow]) -> dict[str, Face]:
    """Who is called, by callback: as the order has them, unless the case knows better."""
    every = list(rows)
    o, c = orders.c, cases.c
    numbers = [one.order_no for one in every if one.order_no]
    bought = select(o.order_no, o.customer_name, o.customer_phone).where(o.order_no.in_(numbers))
    by_order = {row[0]: Face(name=row[1], phone=row[2]) for row in session.execute(bought)}
    named = select(c.case_no, c.customer_name, c.contact)
    found = session.execute(named.where(c.case_no.in_([one.case_no for one in every if one.case_no])))
    by_case = {row[0]: Face(name=row[1], phone=(row[2] or {}).get("phone")) for row in found}
    return {one.id: _face(by_case.get(one.case_no or ""), by_order.get(one.order_no or "")) for one in every}


def _face(told: Face | None, known: Face | None) -> Face:
    first, second = told or Face(), known or Face()
    return Face(name=first.name or second.name, phone=first.phone or second.phone)


def following(session: Session, row: CallbackRow, until: datetime, person: str | None = None) -> str | None:
    """The callback that is due next after one, by the same end of the day; None where it was the last."""
    order = (_c.due_at, _c.id)
    wanted = [_c.state == "due", _c.due_at <= until, _c.id != row.id]
    wanted += [_c.person == person] if person is not None else []
    found = select(_c.id).where(*wanted).order_by((tuple_(*order) <= tuple_(row.due_at, row.id)), *order).limit(1)
    return session.execute(found).scalar()
