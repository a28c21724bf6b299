"""What couriers and suppliers were asked for, by deadline; it follows from the documents of cases (L5, G10)."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, delete, func, select, tuple_
from sqlalchemy.orm import Session

from models.accounting.claims import missing_evidence
from models.case import Case
from models.tables import cases, claims
from store.accounting.register_columns import Window
from store.cursors import decode, encode
from store.documents import put

#: Sorts behind every deadline there is.
_NEVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


class ClaimRow(BaseModel):
    """A claim with what it waits for, until when, and which evidence has not gone with it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    case_no: str
    number: int
    order_no: str | None
    against: str
    name: str | None
    state: str
    awaits: str | None
    amount: int
    accepted: int | None
    paid: int
    currency: str | None
    opened_at: datetime | None
    filed_at: datetime | None
    due_at: datetime | None
    missing: tuple[dict[str, str], ...]
    reference: str | None
    appealed: bool
    reason: str | None


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def write(session: Session, case: Case) -> None:
    """Write the claims of a case over their rows, in the transaction of its commit."""
    put(session, claims, [_row(case, number) for number in range(1, len(case.claims) + 1)])


def _row(case: Case, number: int) -> dict[str, Any]:
    claim = case.claims[number - 1]
    told = ("against", "name", "state", "awaits", "amount", "accepted", "paid", "opened_at", "filed_at", "due_at")
    return {
        "case_no": case.case_no,
        "number": number,
        "order_no": case.order.order_no if case.order else None,
        "currency": case.currency,
        **{name: getattr(claim, name) for name in told},
        "missing": [one.model_dump() for one in missing_evidence(case, claim)],
        "reference": claim.reference,
        "appealed": claim.appealed,
        "reason": claim.reason,
    }


def rebuild(session: Session) -> int:
    """The rows of all claims, anew from the cases' documents, closed ones too; how many there are."""
    session.execute(delete(claims))
    first = cases.c.document["claims"][0]["amount"].as_integer()
    number = 0
    for document in session.execute(select(cases.c.document).where(first.is_not(None))).scalars().all():
        case = Case.model_validate(document)
        write(session, case)
        number += len(case.claims)
    return number


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def list(
    session: Session,
    now: datetime,
    awaits: tuple[str, ...] = (),
    against: str | None = None,
    overdue: bool = False,
    case_no: str | None = None,
    *,
    over: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[tuple[ClaimRow, ...], str | None]:
    """A page of claims, the next deadline first, and the cursor of the next page; `over` = they wait for nothing."""
    due = func.coalesce(claims.c.due_at, _NEVER, type_=claims.c.due_at.type).label("due")
    found = _filtered(select(claims, due), now, awaits, against, overdue, case_no)
    if over is not None:
        found = found.where(claims.c.awaits.is_(None) if over else claims.c.awaits.is_not(None))
    columns = (due, claims.c.case_no, claims.c.number)
    if cursor is not None:
        found = found.where(tuple_(*columns) > decode(cursor, "claims", columns))
    rows = session.execute(found.order_by(*columns).limit(limit + 1)).all()
    page = tuple(ClaimRow.model_validate(row) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return page, encode("claims", (last.due, last.case_no, last.number)) if last else None


def _filtered(
    found: Select[Any],
    now: datetime,
    awaits: tuple[str, ...],
    against: str | None,
    overdue: bool,
    case_no: str | None,
) -> Select[Any]:
    if awaits:
        found = found.where(claims.c.awaits.in_(awaits))
    if against is not None:
        found = found.where(claims.c.against == against)
    if overdue:
        found = found.where(claims.c.awaits.is_not(None), claims.c.due_at <= now)
    return found if case_no is None else found.where(claims.c.case_no == case_no)


def overdue(session: Session, now: datetime, after: str, limit: int) -> tuple[tuple[ClaimRow, ...], str | None]:
    """A page of claims past their deadline, and the cursor of the next page; deadlines met meanwhile drop out."""
    return list(session, now, overdue=True, cursor=after or None, limit=limit)


def every(session: Session) -> tuple[ClaimRow, ...]:
    """All claims by case, for the register."""
    found = select(claims).order_by(claims.c.case_no, claims.c.number)
    return tuple(ClaimRow.model_validate(row) for row in session.execute(found))


def some(session: Session, window: Window) -> tuple[ClaimRow, ...]:
    """Some of them, in the same order, without reading the others."""
    found = select(claims) if window.state is None else select(claims).where(claims.c.state == window.state)
    ordered = found.order_by(claims.c.case_no, claims.c.number).offset(window.after).limit(window.most)
    return tuple(ClaimRow.model_validate(row) for row in session.execute(ordered))
