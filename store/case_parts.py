"""What a case holds beside its row: units of its order (F18), holds on it (L14), and waybills it is found by (G1).

They are read in one query and written where they differ, since most decisions of a case change none of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    SelectBase,
    String,
    Table,
    bindparam,
    cast,
    delete,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from models.case import Case
from models.tables import case_units, case_waybills, order_holds
from store.documents import execute, put, put_new
from store.goods import watch, waybills

_CASE_NO: Final = bindparam("wanted_case", type_=String)
_SHARED: Final[dict[str, ColumnElement[Any]]] = {
    "name": cast(null(), String),
    "line_no": cast(null(), Integer),
    "quantity": cast(null(), Integer),
    "allowed": cast(null(), Integer),
    "open": literal_column("0", Integer),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A line that a case holds: how many units, how many of the line could be claimed, and whether it is open."""

    quantity: int
    allowed: int | None
    open: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a case as they are written."""

    units: Mapping[int, Unit] = field(default_factory=dict)
    holds: frozenset[tuple[str, str]] = frozenset()  # order and hold
    waybills: frozenset[str] = frozenset()

    @property
    def allowed(self) -> dict[int, int | None]:
        """How many units per line could be claimed when the case was opened."""
        return {line_no: unit.allowed for line_no, unit in self.units.items()}

    @property
    def let_go(self) -> bool:
        """Whether the case holds nothing now although it did."""
        return bool(self.units) and not any(unit.open for unit in self.units.values())


NOTHING: Final = Parts()


def _part(sort: str, table: Table, **given: ColumnElement[Any]) -> Select[Any]:
    columns = (given.get(name, empty).label(name) for name, empty in _SHARED.items())
    return select(literal_column(f"'{sort}'", String).label("sort"), *columns).where(table.c.case_no == _CASE_NO)


_u = case_units.c
_READ: Final = union_all(
    _part(
        "unit", case_units, line_no=_u.line_no, quantity=_u.quantity, allowed=_u.allowed, open=cast(_u.open, Integer)
    ),
    _part("hold", order_holds, name=order_holds.c.order_no + "\n" + order_holds.c.hold),
    _part("waybill", case_waybills, name=case_waybills.c.waybill),
)


def question(case_no: str) -> tuple[SelectBase, dict[str, str]]:
    """What asks for the parts of a case; `of_rows` understands the answer."""
    return _READ, {"wanted_case": case_no}


def of_rows(rows: Sequence[Any]) -> Parts:
    """The parts of a case as they were answered."""
    return Parts(
        units={row.line_no: Unit(row.quantity, row.allowed, bool(row.open)) for row in rows if row.sort == "unit"},
        holds=frozenset(tuple(row.name.split("\n", 1)) for row in rows if row.sort == "hold"),
        waybills=frozenset(row.name for row in rows if row.sort == "waybill"),
    )


def write(session: Session, case: Case, before: Parts, allowed: Mapping[int, int | None]) -> None:
    """Write what the case holds now: its lines' units while it is open, holds, waybills. Lost lines are let go."""
    _write_units(session, case, before, allowed)
    new = [waybill for waybill in case.waybills if waybill not in before.waybills]
    put_new(session, case_waybills, [{"waybill": waybill, "case_no": case.case_no} for waybill in dict.fromkeys(new)])
    _let_go(session, case, before.waybills.difference(case.waybills))
    watch.of_case(session, case.case_no, new, case.last_moved_at)
    waybills.tell_again(session, new)
    waybills.called_back(session, case)
    _write_holds(session, case, before)


def _let_go(session: Session, case: Case, wrong: frozenset[str]) -> None:
    """A number that was entered wrongly may be somebody else's parcel: the case is not found by it any more (G1)."""
    if wrong:
        here = (case_waybills.c.case_no == case.case_no, case_waybills.c.waybill.in_(wrong))
        execute(session, delete(case_waybills).where(*here))
        watch.let_go(session, case.case_no, wrong)


def _write_units(session: Session, case: Case, before: Parts, allowed: Mapping[int, int | None]) -> None:
    if case.order is None:
        return
    quantities: Counter[int] = Counter()
    for line in case.lines:
        quantities[line.line_no] += line.quantity
    lost = [line_no for line_no in before.units if line_no not in quantities]
    if lost:
        here = (case_units.c.case_no == case.case_no, case_units.c.line_no.in_(lost))
        execute(session, delete(case_units).where(*here))
    rows = []
    for line_no, quantity in quantities.items():
        unit, open_ = before.units.get(line_no), not case.is_final
        if unit is None or (unit.quantity, unit.open) != (quantity, open_):
            row = {"case_no": case.case_no, "line_no": line_no, "order_no": case.order.order_no}
            rows.append({**row, "quantity": quantity, "allowed": allowed.get(line_no), "open": open_})
    put(session, case_units, rows, keep=("allowed",))


def _write_holds(session: Session, case: Case, before: Parts) -> None:
    order_no = case.order.order_no if case.order else None
    wanted = {(order_no, hold) for hold in case.holds} if order_no and not case.is_final else set()
    if wanted == before.holds:
        return
    execute(session, delete(order_holds).where(order_holds.c.case_no == case.case_no))
    rows = [{"case_no": case.case_no, "order_no": order_no, "hold": hold} for order_no, hold in sorted(wanted)]
    put_new(session, order_holds, rows)
