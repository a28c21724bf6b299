"""Callbacks: those of cases, which their commits write, and periodic ones; the surveys, and whom they score (T5–T7)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, func, select, tuple_, update
from sqlalchemy.orm import Session

from models.case import Case
from models.errors import Conflict, NotFound
from models.lifecycle import State
from models.oversight.callbacks import AFTER_REMEDY, QUESTIONS, CallbackNote, callback_key
from models.tables import callback_tries, callbacks, customer_preferences, surveys
from store import documents
from store.cursors import decode, encode

_c = callbacks.c


class CallbackRow(BaseModel):
    """One callback; `customer` is personal."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    occasion: str
    case_no: str | None
    order_no: str | None
    customer: str | None
    kind: str | None
    person: str | None
    state: str
    created_at: datetime
    due_at: datetime
    tries: int
    last_try_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None


# ── of a case, by its commit ──────────────────────────────────────────────────────────────────────


def write(session: Session, case: Case, notes: Iterable[CallbackNote]) -> None:
    """Write what became of the callback of a case, in the transaction of its commit; a repeat changes nothing."""
    for note in notes:
        _WRITERS[note.what](session, case, note)
    if case.state is State.RESOLVED and case.due_at is not None:
        here = _c.id == callback_key(case.case_no, case.callbacks)
        session.execute(update(callbacks).where(here, _c.due_at != case.due_at).values(due_at=case.due_at))


def rebuild(session: Session, case: Case) -> None:
    """The callback that an open case waits for, where its row is missing."""
    if case.state is State.RESOLVED:
        key = callback_key(case.case_no, case.callbacks)
        note = CallbackNote(key=key, what="due", at=case.last_moved_at, by="aftercare", person=case.handled_by)
        write(session, case, (note,))


def _due(session: Session, case: Case, note: CallbackNote) -> None:
    row = {
        "id": note.key,
        "occasion": AFTER_REMEDY,
        "case_no": case.case_no,
        "order_no": case.order.order_no if case.order else None,
        "kind": case.kind,
        "person": note.person,
        "state": "due",
        "created_at": note.at,
        "due_at": case.due_at or note.at,
    }
    documents.put_new(session, callbacks, [row])


def _tried(session: Session, case: Case, note: CallbackNote) -> None:
    tried(session, note.key, note.number, note.at, note.by, note.channel, note.words)


def _answered(session: Session, case: Case, note: CallbackNote) -> None:
    scores, told = dict(note.scores), {"satisfied": bool(note.satisfied), "words": note.words, "channel": note.channel}
    answered(session, note.key, note.at, note.by, scores, **told)


def _unreachable(session: Session, case: Case, note: CallbackNote) -> None:
    _end(session, note.key, "unreachable", note.at, note.by)


def _dropped(session: Session, case: Case, note: CallbackNote) -> None:
    _end(session, note.key, "dropped", note.at, note.by)


_WRITERS = {
    "due": _due,
    "tried": _tried,
    "answered": _answered,
    "unreachable": _unreachable,
    "dropped": _dropped,
}


# ── what becomes of one ───────────────────────────────────────────────────────────────────────────


def tried(
    session: Session, key: str, number: int, at: datetime, by: str, channel: str | None, note: str | None
) -> None:
    """A try that reached nobody, once under its number."""
    row = {"callback_id": key, "number": number, "at": at, "by": by, "channel": channel, "note": note}
    if _known(session, key):
        documents.put_new(session, callback_tries, [row])
        session.execute(update(callbacks).where(_c.id == key).values(tries=number, last_try_at=at))


def answered(session: Session, key: str, at: datetime, by: str, scores: dict[str, int], **told: Any) -> None:
    """The survey of a callback, once (T7); `told` is `satisfied`, `words` and `channel`."""
    one = session.execute(select(callbacks).where(_c.id == key)).first()
    if one is None:
        return
    row = {
        "callback_id": key,
        "case_no": one.case_no,
        "occasion": one.occasion,
        "person": one.person,
        "by": by,
        "at": at,
        **told,
        **{question: scores.get(question) for question in QUESTIONS},
    }
    documents.put_new(session, surveys, [row])
    _end(session, key, "answered", at, by)


def given_up(session: Session, key: str, at: datetime, by: str) -> None:
    """Nobody was reached in all tries (T5)."""
    _end(session, key, "unreachable", at, by)


def put_off(session: Session, key: str, due_at: datetime) -> None:
    """Have it made at another time."""
    session.execute(update(callbacks).where(_c.id == key, _c.state == "due").values(due_at=due_at))


def _end(session: Session, key: str, state: str, at: datetime, by: str) -> None:
    still = (_c.id == key, _c.state == "due")
    session.execute(update(callbacks).where(*still).values(state=state, ended_at=at, ended_by=by))


def _known(session: Session, key: str) -> bool:
    return session.execute(select(_c.id).where(_c.id == key)).first() is not None


# ── looking ───────────────────────────────────────────────────────────────────────────────────────


def get(session: Session, key: str, lock: bool = False) -> CallbackRow:
    """One callback. Raises NotFound."""
    found = select(callbacks).where(_c.id == key)
    row = session.execute(found.with_for_update() if lock else found).first()
    if row is None:
        raise NotFound(f"There is no callback '{key}': GET /api/v1/callbacks lists them.")
    return CallbackRow.model_validate(row)


def several(session: Session, keys: Iterable[str]) -> tuple[CallbackRow, ...]:
    """Those of these callbacks that there are."""
    rows = session.execute(select(callbacks).where(_c.id.in_(list(keys))))
    return tuple(CallbackRow.model_validate(row) for row in rows)


def still_due(row: CallbackRow) -> CallbackRow:
    """The callback. Raises Conflict when it is over."""
    if row.state != "due":
        raise Conflict(f"The callback is over already: {row.state}.")
    return row


class Due(BaseModel):
    """A page of callbacks, with counts over all that match."""

    model_config = ConfigDict(frozen=True)

    items: tuple[CallbackRow, ...]
    next_cursor: str | None
    total: int
    overdue: int
    by_person: dict[str, int]


def due(
    session: Session,
    now: datetime,
    until: datetime | None = None,
    person: str | None = None,
    occasion: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
    tried: bool = False,
) -> Due:
    """The callbacks to be made, those of longest ago first; `until` narrows to what is due by then, `tried` to those
    that were tried in vain."""
    wanted: list[ColumnElement[bool]] = [_c.state == "due"]
    wanted += [_c.due_at <= until] if until is not None else []
    wanted += [_c.person == person] if person is not None else []
    wanted += [_c.tries > 0] if tried else []
    if occasion is not None:
        wanted.append(_c.occasion != AFTER_REMEDY if occasion == "periodic" else _c.occasion == occasion)
    order = (_c.due_at, _c.id)
    page_of: Select[Any] = select(callbacks).where(*wanted)
    if cursor is not None:
        page_of = page_of.where(tuple_(*order) > decode(cursor, "callbacks", order))
    rows = session.execute(page_of.order_by(*order).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    counted = select(_c.person, func.count()).where(*wanted).group_by(_c.person)
    by_person: dict[str, int] = {row[0] or "": row[1] for row in session.execute(counted)}
    late = select(func.count()).select_from(callbacks).where(*wanted, _c.due_at <= now)
    return Due(
        items=tuple(CallbackRow.model_validate(row) for row in rows[:limit]),
        next_cursor=encode("callbacks", (last.due_at, last.id)) if last else None,
        total=sum(by_person.values()),
        overdue=session.execute(late).scalar_one(),
        by_person=dict(sorted(by_person.items())),
    )


# ── whom they score (T6, T7) ──────────────────────────────────────────────────────────────────────


class Scores(BaseModel):
    """What customers said of one person's work: sums and counts, so that they can be added up."""

    model_config = ConfigDict(frozen=True)

    person: str | None
    surveys: int
    satisfied: int
    sums: dict[str, int]
    counts: dict[str, int]

    def average(self, question: str) -> float | None:
        """The mean of a question's answers; None where nobody answered it."""
        return round(self.sums[question] / self.counts[question], 2) if self.counts[question] else None


def scores(session: Session, begin: datetime, end: datetime) -> tuple[Scores, ...]:
    """Per person who handled the case: the surveys answered from `begin` up to, not including, `end`."""
    s = surveys.c
    sums = [func.coalesce(func.sum(s[question]), 0) for question in QUESTIONS]
    counts = [func.count(s[question]) for question in QUESTIONS]
    satisfied = func.count().filter(s.satisfied)
    found = select(s.person, func.count(), satisfied, *sums, *counts).where(s.at >= begin, s.at < end)
    many = len(QUESTIONS)
    rows = [
        Scores(
            person=row[0],
            surveys=row[1],
            satisfied=row[2],
            sums=dict(zip(QUESTIONS, map(int, row[3 : 3 + many]), strict=True)),
            counts=dict(zip(QUESTIONS, map(int, row[3 + many :]), strict=True)),
        )
        for row in session.execute(found.group_by(s.person))
    ]
    return tuple(sorted(rows, key=lambda one: (one.person is None, one.person or "")))


def ended(session: Session, begin: datetime, end: datetime) -> dict[str, int]:
    """How the callbacks after a remedy ended in that time: answered, unreachable, dropped; the rate is made of it."""
    here = (_c.ended_at >= begin, _c.ended_at < end, _c.occasion == AFTER_REMEDY)
    return dict(session.execute(select(_c.state, func.count()).where(*here).group_by(_c.state)).all())


# ── who does not want to be called ────────────────────────────────────────────────────────────────


def put_preference(
    session: Session, customer: str, no_calls: bool, by: str, at: datetime, note: str | None = None
) -> int:
    """Keep whether a customer may be called; those who may not lose their periodic callbacks. Answers how many."""
    row = {"customer": customer, "no_calls": no_calls, "by": by, "at": at, "note": note}
    documents.put(session, customer_preferences, [row])
    if not no_calls:
        return 0
    open_ones = (_c.customer == customer, _c.state == "due", _c.occasion != AFTER_REMEDY)
    ending = update(callbacks).where(*open_ones).values(state="dropped", ended_at=at, ended_by=by)
    return int(session.execute(ending).rowcount)  # type: ignore[attr-defined]


def no_calls(session: Session, customers: Iterable[str]) -> frozenset[str]:
    """Which of these customers asked not to be called."""
    p = customer_preferences.c
    found = select(p.customer).where(p.customer.in_(list(customers)), p.no_calls)
    return frozenset(session.execute(found).scalars())
