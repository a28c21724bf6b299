"""Which cases are stuck, and why: every reason that holds, not only lateness (T12).

A reason is one condition on the columns of a case. The same conditions answer `GET /stuck`, its counts, and
the filter `stuck` of the list of cases.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, tuple_
from sqlalchemy.orm import Session

from models.errors import Invalid
from models.lifecycle import State
from models.tables import cases
from store.cursors import decode, encode

REASSIGNED_OFTEN = 3
REOPENED_OFTEN = 2


def reasons(now: datetime) -> dict[str, ColumnElement[bool]]:
    """Every reason by its name, as a condition on an open case at this moment."""
    late = cases.c.due_at <= now
    calling_back = cases.c.state == State.RESOLVED.value
    acknowledged = func.coalesce(cases.c.acknowledged_until > now, False)
    return {
        "overdue": late,
        "due_soon": and_(cases.c.due_soon_at <= now, cases.c.due_at > now),
        "no_owner": cases.c.owner.is_(None),
        "silent": cases.c.silent_at <= now,
        "over_waiting": and_(~cases.c.our_turn, or_(late, cases.c.due_at.is_(None))),
        "callback_missed": and_(calling_back, or_(cases.c.callback_misses > 0, late)),
        "bouncing": or_(cases.c.reassigned >= REASSIGNED_OFTEN, cases.c.reopened >= REOPENED_OFTEN),
        "escalated_unacked": and_(cases.c.escalation >= 1, ~acknowledged),
        "chain_exhausted": cases.c.chain_exhausted,
        "step_failing": cases.c.failing_step.is_not(None),
        "no_timer": or_(cases.c.due_at.is_(None), cases.c.alarm_at.is_(None)),
    }


REASONS = tuple(reasons(datetime.min.replace(tzinfo=UTC)))


def is_stuck(now: datetime, only: Iterable[str] = ()) -> ColumnElement[bool]:
    """The condition that a case is stuck for any reason, or for one of those named."""
    known = reasons(now)
    named = tuple(only) or REASONS
    unknown = [reason for reason in named if reason not in known]
    if unknown:
        told = f"'{unknown[0]}' is no reason for being stuck; there are {', '.join(REASONS)}."
        raise Invalid(told, errors=[{"field": "reason", "message": told}])
    return and_(cases.c.is_open, or_(*(func.coalesce(known[reason], False) for reason in named)))


class StuckCase(BaseModel):
    """One stuck case, with every reason that holds and since when the first of them does."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    order_no: str | None
    kind: str
    state: str
    stage: str
    waiting_for: str
    owner: str | None
    priority: str
    escalation: int
    due_at: datetime | None
    opened_at: datetime
    reasons: tuple[str, ...]
    since: datetime
    at_stake: int
    currency: str | None


class Stuck(BaseModel):
    """A page of stuck cases; the counts are over all that match, not only the page."""

    model_config = ConfigDict(frozen=True)

    items: tuple[StuckCase, ...]
    next_cursor: str | None
    total: int
    by_reason: dict[str, int]
    by_stage: dict[str, int]


def rows(
    session: Session,
    now: datetime,
    only: tuple[str, ...] = (),
    stage: str | None = None,
    owner: str | None = None,
    kind: str | None = None,
    at_stake: int | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Stuck:
    """The stuck cases, the most overdue first, with counts by reason and stage (T12).

    `only` names the reasons wanted, `at_stake` the least sum in minor units.
    """
    wanted = [is_stuck(now, only), *_narrowed(stage, owner, kind, at_stake)]
    columns = (cases.c.due_order, cases.c.case_no)
    found = _marked(now).where(*wanted)
    if cursor is not None:
        found = found.where(tuple_(*columns) > decode(cursor, "stuck", columns))
    page = session.execute(found.order_by(*columns).limit(limit + 1)).all()
    last = page[limit - 1] if len(page) > limit else None
    by_stage = select(cases.c.stage, func.count()).where(*wanted).group_by(cases.c.stage).order_by(cases.c.stage)
    counts: dict[str, int] = {row[0]: row[1] for row in session.execute(by_stage)}
    return Stuck(
        items=tuple(_stuck_case(row, now) for row in page[:limit]),
        next_cursor=encode("stuck", (last.due_order, last.case_no)) if last else None,
        total=sum(counts.values()),
        by_reason=_by_reason(session, now, wanted),
        by_stage=counts,
    )


def _narrowed(
    stage: str | None, owner: str | None, kind: str | None, at_stake: int | None
) -> list[ColumnElement[bool]]:
    equal = ((cases.c.stage, stage), (cases.c.owner, owner), (cases.c.kind, kind))
    narrowed: list[ColumnElement[bool]] = [column == str(value) for column, value in equal if value is not None]
    return narrowed if at_stake is None else [*narrowed, cases.c.at_stake >= at_stake]


def _marked(now: datetime) -> Select[tuple[object, ...]]:
    marks = [_as_number(held).label(f"is_{reason}") for reason, held in reasons(now).items()]
    return select(*(column for column in cases.c if column.name not in ("document", "contact")), *marks)


def _as_number(held: ColumnElement[bool]) -> ColumnElement[int]:
    return case((held, 1), else_=0)


def _by_reason(session: Session, now: datetime, wanted: list[ColumnElement[bool]]) -> dict[str, int]:
    sums = [func.coalesce(func.sum(_as_number(held)), 0).label(name) for name, held in reasons(now).items()]
    counted = session.execute(select(*sums).where(*wanted)).mappings().one()
    return {reason: int(count) for reason, count in counted.items() if count}


def _stuck_case(row: Any, now: datetime) -> StuckCase:
    held = tuple(reason for reason in REASONS if getattr(row, f"is_{reason}"))
    plain = {name: getattr(row, name) for name in StuckCase.model_fields if name not in ("reasons", "since")}
    return StuckCase(**plain, reasons=held, since=min(_since(row, reason, now) for reason in held))


def _since(row: Any, reason: str, now: datetime) -> datetime:
    """When a reason began to hold, as near as the columns tell."""
    began = {"overdue": "due_at", "over_waiting": "due_at", "due_soon": "due_soon_at", "silent": "silent_at"}
    at: datetime | None = getattr(row, began.get(reason, "last_moved_at"))
    return min(now, at or row.last_moved_at)
