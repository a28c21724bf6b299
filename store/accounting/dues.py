"""What customers owe us and what they paid too much, case by case; the cases' own documents say how it came (F24)."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, literal_column, select, true
from sqlalchemy.orm import Session

from models.case import Case
from models.tables import case_facts, cases
from store.cursors import after_key, encode

Which = Literal["owed", "asked", "settled", "overpaid"]
_f, _c = case_facts.c, cases.c
_NOTHING: Final[ColumnElement[int]] = literal_column("0")
#: The conditions are those of the partial indexes, word for word: with a bound 0 SQLite would read every row.
_WHICH: Final[dict[str, ColumnElement[bool]]] = {
    "owed": _f.owed_to_us > _NOTHING,
    "asked": (_f.owed_to_us > _NOTHING) & (_f.waiver == true()),
    "settled": _f.owed_before > _NOTHING,
    "overpaid": _f.overpaid > _NOTHING,
}


class Due(BaseModel):
    """What a case's customer owes us, of what, and what became of the rest; what he paid too much; what is asked."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    order_no: str | None
    customer: str | None
    state: str
    currency: str | None
    owed: int
    freight: int
    twice: int
    netted: int
    repaid: int
    recovered: int
    waived: int
    overpaid: int
    given_back: int
    asked_by: str | None = None
    asked: int | None = None
    reason: str | None = None


def list(
    session: Session,
    which: Which = "owed",
    case_no: str | None = None,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[tuple[Due, ...], str | None]:
    """A page of them, the oldest case first, and the cursor of the next page."""
    found = _found(which)
    if case_no is not None:
        found = found.where(_f.case_no == case_no)
    if cursor is not None:
        found = found.where(_f.case_no > after_key(cursor, "dues", _f.case_no))
    rows = session.execute(found.order_by(_f.case_no).limit(limit + 1)).all()
    page = tuple(_due(row) for row in rows[:limit])
    return page, encode("dues", (page[-1].case_no,)) if len(rows) > limit else None


def _found(which: Which) -> Select[Any]:
    found = select(_c.document, _c.customer_name).join_from(case_facts, cases, _c.case_no == _f.case_no)
    return found.where(_WHICH[which])


def _due(row: Any) -> Due:
    case = Case.model_validate(row.document)
    money, asked = case.money, case.receivable_waiver
    return Due(
        case_no=case.case_no,
        order_no=case.order.order_no if case.order else None,
        customer=row.customer_name,
        state=case.state,
        currency=case.currency,
        owed=max(0, money.owed_to_us),
        freight=money.receivable,
        twice=max(0, money.taken_twice),
        netted=money.netted,
        repaid=money.repaid,
        recovered=money.recovered,
        waived=money.forgiven + money.given_up,
        overpaid=case.overpaid,
        given_back=money.overpayment,
        asked_by=asked.by if asked else None,
        asked=asked.amount if asked else None,
        reason=asked.reason if asked else None,
    )
