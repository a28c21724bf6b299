"""The register of missed clocks: each once, with its cause, who handles the case, and why it was missed (T10, T12)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.oversight.reports import Period
from models.tables import breach_reasons, case_clocks, case_facts
from store import documents
from store.cursors import decode, encode

_k, _f, _r = case_clocks.c, case_facts.c, breach_reasons.c
_joined = case_clocks.join(case_facts, _f.case_no == _k.case_no).outerjoin(
    breach_reasons, (_r.case_no == _k.case_no) & (_r.clock == _k.clock) & (_r.cycle == _k.cycle)
)
#: The word for "nothing was said yet" where the register is narrowed to a reason.
UNSAID: Final = "none"
CAUSE: Final = func.coalesce(_k.cause, "delay")
_NARROWED: Final[Mapping[str, ColumnElement[Any]]] = {
    "clock": _k.clock,
    "kind": _f.kind,
    "staff": _f.staff,
    "cause": CAUSE,
    "reason": func.coalesce(_r.reason, UNSAID),
}


class Breach(BaseModel):
    """A turn of a clock that was missed. `ended_at` is None while it still runs."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    clock: str
    cycle: int
    kind: str
    staff: str | None
    cause: str
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    target: int
    used: int | None
    reason: str | None
    note: str | None
    said_by: str | None
    said_at: datetime | None


class Register(BaseModel):
    """A page of the register; `total` is over all that match."""

    model_config = ConfigDict(frozen=True)

    items: tuple[Breach, ...]
    next_cursor: str | None
    total: int


_SHOWN: Final = (
    *(_k.case_no, _k.clock, _k.cycle, _f.kind, _f.staff, CAUSE.label("cause"), _k.started_at, _k.due_at, _k.ended_at),
    *(_k.target, _k.used_before.label("used"), _r.reason, _r.note, _r.by.label("said_by"), _r.at.label("said_at")),
)


def ended(period: Period) -> tuple[ColumnElement[bool], ...]:
    """The conditions of turns that ended late in a period: those that the reports count as `breaches`."""
    return (_k.ended_at >= period.begin, _k.ended_at < period.end, _k.breached, _k.used_before.is_not(None))


def running() -> tuple[ColumnElement[bool], ...]:
    """The conditions of turns that are late and still run."""
    return (_k.state == "running", _k.breached)


def listed(
    session: Session,
    period: Period | None,
    narrowed: Mapping[str, str],
    cursor: str | None = None,
    limit: int = 50,
) -> Register:
    """Turns that ended late in a period, the last first; without a period those that run late, the longest first."""
    conditions = [*(ended(period) if period else running())]
    conditions += [_NARROWED[name] == value for name, value in narrowed.items()]
    order = (_k.ended_at if period else _k.due_at, _k.case_no, _k.clock, _k.cycle)
    found = select(*_SHOWN).select_from(_joined).where(*conditions)
    if cursor is not None:
        seen = decode(cursor, f"breaches {bool(period)}", order)
        found = found.where(tuple_(*order) < seen if period else tuple_(*order) > seen)
    rows = session.execute(found.order_by(*(one.desc() if period else one for one in order)).limit(limit + 1)).all()
    total = session.execute(select(func.count()).select_from(_joined).where(*conditions)).scalar_one()
    last = rows[limit - 1] if len(rows) > limit else None
    at = (last.ended_at if period else last.due_at) if last else None
    following = encode(f"breaches {bool(period)}", (at, last.case_no, last.clock, last.cycle)) if last else None
    return Register(items=tuple(Breach(**row._mapping) for row in rows[:limit]), next_cursor=following, total=total)


def one(session: Session, case_no: str, clock: str, cycle: int) -> Breach:
    """One turn that was missed. Raises NotFound."""
    here = (_k.case_no == case_no, _k.clock == clock, _k.cycle == cycle, _k.breached)
    row = session.execute(select(*_SHOWN).select_from(_joined).where(*here)).first()
    if row is None:
        raise NotFound(f"Turn {cycle} of the clock '{clock[:40]}' of {case_no} was not missed.")
    return Breach(**row._mapping)


def by_reason(session: Session, period: Period) -> dict[str, int]:
    """How many turns that ended late in a period were missed for each reason; `none` for those without one."""
    reason = _NARROWED["reason"]
    found = select(reason, func.count()).select_from(_joined).where(*ended(period)).group_by(reason)
    return {row[0]: int(row[1]) for row in session.execute(found)}


def say(
    session: Session, case_no: str, clock: str, cycle: int, reason: str, note: str | None, by: str, at: datetime
) -> None:
    """Keep why a turn was missed; said again it is changed. Raises NotFound for a turn that was not missed."""
    one(session, case_no, clock, cycle)
    row = {"case_no": case_no, "clock": clock, "cycle": cycle, "reason": reason, "note": note, "by": by, "at": at}
    documents.put(session, breach_reasons, [row])
