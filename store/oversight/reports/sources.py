"""What reports count: sources of entries with a time and dimensions, counted in groups or listed by cell.

A number and the list behind it are made of the same conditions, so that they cannot differ (T13).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, FromClause, Select, case, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from models.oversight.callbacks import AFTER_REMEDY
from models.oversight.reports import WORKERS, Cell, Period, no_cell
from models.tables import callbacks, case_clocks, case_facts, case_products, surveys, timeline
from store.cursors import decode, encode

_f, _p, _k, _c, _s, _t = case_facts.c, case_products.c, case_clocks.c, callbacks.c, surveys.c, timeline.c
Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Entries that have a time: what each is known by, and what it can be narrowed to and grouped by."""

    of: FromClause
    at: ColumnElement[datetime]
    key: tuple[Any, ...]
    dims: Mapping[str, ColumnElement[Any]]
    where: tuple[ColumnElement[bool], ...] = ()
    distinct: bool = False  # an entry has several rows

    def within(self, period: Period) -> tuple[ColumnElement[bool], ...]:
        """The conditions of its entries in a period."""
        return (self.at >= period.begin, self.at < period.end, *self.where)

    def many(self) -> ColumnElement[int]:
        """How many entries there are in a group."""
        return func.count(self.key[0].distinct()) if self.distinct else func.count()


_with_products = case_facts.join(case_products, _p.case_no == _f.case_no)
_products = {"kind": _f.kind, "cause": _p.cause, "party": _p.party, "sku": _p.sku}
_clocks = case_clocks.join(case_facts, _f.case_no == _k.case_no)
_cycle = (_k.case_no, _k.clock, _k.cycle)
_outcome = case((_k.breached.is_(False), "on_time"), else_=func.coalesce(_k.cause, "delay"))
_of_clock = {"clock": _k.clock, "kind": _f.kind, "staff": _f.staff, "outcome": _outcome}
_facts = {
    **{name: _f[name] for name in ("kind", "state", "cause", "party", "courier", "channel", "staff", "remedy")},
    **{name: _f[name] for name in ("severity", "currency")},
}

SOURCES: Final[dict[str, Source]] = {
    "opened": Source(case_facts, _f.opened_at, (_f.case_no,), _facts),
    "ended": Source(case_facts, _f.ended_at, (_f.case_no,), _facts),
    "opened_products": Source(_with_products, _f.opened_at, (_f.case_no,), _products, distinct=True),
    "clocks": Source(
        _clocks, _k.ended_at, _cycle, _of_clock, (or_(_k.state == "met", _k.breached), _k.used_before.is_not(None))
    ),
    "breaches": Source(_clocks, _k.ended_at, _cycle, _of_clock, (_k.breached, _k.used_before.is_not(None))),
    "still_late": Source(_clocks, _k.due_at, _cycle, _of_clock, (_k.state == "running", _k.breached)),
    "callbacks": Source(
        callbacks.join(case_facts, _f.case_no == _c.case_no),
        _c.ended_at,
        (_c.id,),
        {"state": _c.state, "person": _c.person, "kind": _f.kind},
        (_c.occasion == AFTER_REMEDY, _c.state.in_(("answered", "unreachable"))),
    ),
    "surveys": Source(
        surveys.outerjoin(case_facts, _f.case_no == _s.case_no),
        _s.at,
        (_s.callback_id,),
        {"person": _s.person, "satisfied": case((_s.satisfied, "yes"), else_="no"), "occasion": _s.occasion},
    ),
    "complaints": Source(
        case_facts, _f.opened_at, (_f.case_no,), {"person": _f.complained_of}, (_f.complained_of.is_not(None),)
    ),
    "worked": Source(
        case_facts.join(timeline, _t.case_no == _f.case_no),
        _f.ended_at,
        (_f.case_no,),
        {"person": _t.actor_id, "kind": _f.kind, "currency": _f.currency},
        (_t.actor_role.in_(WORKERS),),
        distinct=True,
    ),
}


def counted(
    session: Session,
    source: str,
    period: Period,
    dims: Sequence[str] = (),
    narrowed: Mapping[str, str | None] | None = None,
) -> dict[Values, int]:
    """How many entries of a source there are in the period, by the values of its dimensions."""
    one = SOURCES[source]
    by = [one.dims[name] for name in dims]
    found = select(*by, one.many()).select_from(one.of).where(*one.within(period), *_narrowing(one, narrowed or {}))
    rows = session.execute(found.group_by(*by) if by else found)
    return {tuple(row[:-1]): int(row[-1]) for row in rows}


def _narrowing(source: Source, narrowed: Mapping[str, str | None]) -> list[ColumnElement[bool]]:
    """The conditions of a cell. Raises Invalid for a name that the source does not know."""
    unknown = [name for name in narrowed if name not in source.dims]
    if unknown:
        raise no_cell(f"'{unknown[0][:40]}' is nothing that these are told apart by; {', '.join(source.dims)} are.")
    pairs = ((source.dims[name], value) for name, value in narrowed.items())
    return [column.is_(None) if value is None else column == value for column, value in pairs]


# ── the entries behind a number ───────────────────────────────────────────────────────────────────


class Entry(BaseModel):
    """One entry of a cell, with the case that it is of; a clock's cycle has its number, a callback its id."""

    model_config = ConfigDict(frozen=True)

    case_no: str | None
    kind: str | None
    state: str | None
    staff: str | None
    remedy: str | None
    opened_at: datetime | None
    ended_at: datetime | None
    clock: str | None = None
    cycle: int | None = None
    callback_id: str | None = None


class Entries(BaseModel):
    """A page of the entries behind a number; `total` is the number itself."""

    model_config = ConfigDict(frozen=True)

    items: tuple[Entry, ...]
    next_cursor: str | None
    total: int


SHOWN: Final = tuple(_f[name] for name in ("case_no", "kind", "state", "staff", "remedy", "opened_at", "ended_at"))


def of_cell(session: Session, cell: Cell, period: Period, cursor: str | None = None, limit: int = 50) -> Entries:
    """The entries that a number counts, in the order of their keys. Raises Invalid for a cell that there is not."""
    source = SOURCES.get(cell.source)
    if source is None:
        raise no_cell(f"There is no cell of '{cell.source[:40]}'; take one from a report.")
    conditions = (*source.within(period), *_narrowing(source, cell.narrowed))
    found: Select[Any] = select(*source.key, *(column.label(f"case_{column.name}") for column in SHOWN))
    found = found.select_from(source.of).where(*conditions)
    found = found.distinct() if source.distinct else found
    if cursor is not None:
        found = found.where(tuple_(*source.key) > decode(cursor, f"cell {cell.source}", source.key))
    rows = session.execute(found.order_by(*source.key).limit(limit + 1)).all()
    following = encode(f"cell {cell.source}", tuple(rows[limit - 1][: len(source.key)])) if len(rows) > limit else None
    total = counted(session, cell.source, period, (), cell.narrowed)[()]
    return Entries(items=tuple(_entry(source, row) for row in rows[:limit]), next_cursor=following, total=total)


def _entry(source: Source, row: Any) -> Entry:
    key = {column.name: value for column, value in zip(source.key, row, strict=False)}
    shown = {column.name: getattr(row, f"case_{column.name}") for column in SHOWN}
    callback = key.get("id") or key.get("callback_id")
    return Entry(**shown, clock=key.get("clock"), cycle=key.get("cycle"), callback_id=callback)


# ── how long clocks took ──────────────────────────────────────────────────────────────────────────


def used(session: Session, period: Period, dims: Sequence[str]) -> dict[Values, tuple[int, int]]:
    """Median and 90th percentile of the seconds used, by nearest rank, of the cycles that `clocks` counts."""
    source = SOURCES["clocks"]
    by = [source.dims[name].label(name) for name in dims]
    rank = func.row_number().over(partition_by=by or None, order_by=_k.used_before).label("rank")
    many = func.count().over(partition_by=by or None).label("many")
    ranked = select(*by, _k.used_before.label("used"), rank, many).select_from(source.of).where(*source.within(period))
    r = ranked.subquery().c
    half, most = (func.min(case((r.rank * 10 >= r.many * tenths, r.used))) for tenths in (literal(5), literal(9)))
    grouped = [r[name] for name in dims]
    return {
        tuple(row[:-2]): (row[-2], row[-1]) for row in session.execute(select(*grouped, half, most).group_by(*grouped))
    }
