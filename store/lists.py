"""The list of cases: filtered, sorted, and read page by page without a gap or a repeat."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy import or_ as any_of
from sqlalchemy.orm import Session

from models import tables
from store import finding
from store.cursors import decode, encode
from store.oversight import stuck

Sort = Literal["due_at", "opened_at", "-opened_at", "priority"]
_columns = tables.cases.c
_SORTS: dict[str, tuple[Any, ...]] = {
    "due_at": (_columns.due_order, _columns.case_no),
    "opened_at": (_columns.opened_at, _columns.case_no),
    "-opened_at": (_columns.opened_at, _columns.case_no),
    "priority": (_columns.priority_rank, _columns.due_order, _columns.case_no),
}
SORTS = tuple(_SORTS)


class CaseRow(BaseModel):
    """A case as lists show it. The customer's name is personal: mask it for whoever need not see it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    case_no: str
    order_no: str | None
    kind: str
    state: str
    stage: str
    waiting_for: str
    wanted: str | None
    remedy: str | None
    channel: str | None
    owner: str | None
    priority: str
    severity: str | None
    escalation: int
    due_at: datetime | None
    snoozed_until: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    last_moved_at: datetime
    at_stake: int
    currency: str | None
    customer_name: str | None


_SHOWN = [_columns[name] for name in CaseRow.model_fields]


class CaseFilters(BaseModel):
    """What a list is narrowed to; several values of one filter mean any of them, several filters mean all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    waiting_for: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    order_no: str | None = None
    open: bool | None = None
    overdue: bool | None = None
    stuck: bool | str | None = None  # true, false, or the name of a reason (T12)
    escalation: int | None = None  # at least this level
    snoozed: bool | None = None
    q: str | None = None  # case or order number, name, end of the phone, waybill, SKU


def cases(
    session: Session,
    filters: CaseFilters,
    sort: Sort = "due_at",
    cursor: str | None = None,
    limit: int = 50,
    *,
    now: datetime,
) -> tuple[tuple[CaseRow, ...], str | None]:
    """A page of cases and the cursor of the next page; cases without a deadline come last in `due_at`."""
    columns = _SORTS[sort]
    away = stuck.off_duty(session, now) if filters.stuck is not None else {}
    found = select(*_SHOWN, _columns.due_order, _columns.priority_rank).where(*_conditions(filters, now, away))
    if filters.q and filters.q.strip():
        found = found.where(_mentions(session, filters.q.strip()))
    downward = sort.startswith("-")
    if cursor is not None:
        last_seen = decode(cursor, sort, columns)
        found = found.where(tuple_(*columns) < last_seen if downward else tuple_(*columns) > last_seen)
    found = found.order_by(*(column.desc() if downward else column for column in columns))
    rows = session.execute(found.limit(limit + 1)).all()
    page = tuple(CaseRow.model_validate(row) for row in rows[:limit])
    if len(rows) <= limit:
        return page, None
    return page, encode(sort, [getattr(rows[limit - 1], column.name) for column in columns])


def _conditions(filters: CaseFilters, now: datetime, away: stuck.Away) -> list[ColumnElement[bool]]:
    named = ("state", "stage", "kind", "owner", "waiting_for", "severity")
    chosen = {name: [str(value) for value in getattr(filters, name)] for name in named}
    found: list[ColumnElement[bool]] = [_columns[name].in_(values) for name, values in chosen.items() if values]
    if filters.order_no is not None:
        found.append(_columns.order_no == filters.order_no)
    if filters.open is not None:
        found.append(_columns.is_open == filters.open)
    if filters.escalation is not None:
        found.append(_columns.escalation >= filters.escalation)
    found += _timely(filters, now, away)
    return found


def _timely(filters: CaseFilters, now: datetime, away: stuck.Away) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.overdue is not None:
        late = _columns.is_open & (_columns.due_order <= now)
        found.append(late if filters.overdue else ~late)
    if filters.snoozed is not None:
        asleep = _columns.snoozed_until.is_not(None) & (_columns.snoozed_until > now)
        found.append(asleep if filters.snoozed else ~asleep)
    if isinstance(filters.stuck, str):
        found.append(stuck.is_stuck(now, (filters.stuck,), away))
    elif filters.stuck is not None:
        held = stuck.is_stuck(now, away=away)
        found.append(held if filters.stuck else ~held)
    return found


def _mentions(session: Session, text: str) -> ColumnElement[bool]:
    """What is meant by the whole text, found over indexes; where nothing is, whatever has the text in it.

    The latter reads the rows of all cases, which takes seconds where there are a hundred thousand.
    """
    meant = finding.case_numbers(session, text)
    if 0 < len(meant) <= finding.MOST_CASES:
        return _columns.case_no.in_(meant)
    found = _columns.search_text.contains(text.casefold(), autoescape=True)
    digits = "".join(c for c in text if c.isdigit())
    is_phone = len(digits) >= 7 and not any(c.isalpha() for c in text)
    return any_of(found, _columns.phone_tail == digits[-4:]) if is_phone else found


def number_of(session: Session, text: str) -> str | None:
    """The number of the case that is meant by exactly this text, as people type numbers: `ac-26-000017`."""
    found = select(_columns.case_no).where(_columns.case_no == text.strip().upper())
    return session.execute(found).scalar_one_or_none()


def of_order(session: Session, order_no: str) -> tuple[CaseRow, ...]:
    """All cases of an order, oldest first (C1)."""
    found = select(*_SHOWN).where(_columns.order_no == order_no).order_by(_columns.opened_at, _columns.case_no)
    return tuple(CaseRow.model_validate(row) for row in session.execute(found))
