"""A unit can be in one open case at a time (F18, C6): who holds which units of an order, and how many are
left.

Units that were refunded count in the pots. A case that has drawn the money of units it also holds must not
count them twice, so a reservation knows how many of its units are out already.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from models.case import Case
from models.errors import Conflict, Invalid
from models.tables import case_units, unit_pots
from store.documents import execute


@dataclass(frozen=True, slots=True)
class Claims:
    """What is claimed of one line: by which other open cases, and how many units are gone by refunds."""

    holders: tuple[str, ...]
    held: int
    refunded: int


def claims_on(session: Session, order_no: str, line_no: int, but: str | None = None) -> Claims:
    """The claims on a line of an order, not counting those of the case `but`."""
    line = (case_units.c.order_no == order_no) & (case_units.c.line_no == line_no)
    found = select(case_units.c.case_no, case_units.c.quantity, case_units.c.units_out).where(line, case_units.c.open)
    rows = [row for row in session.execute(found.order_by(case_units.c.case_no)) if row.case_no != but]
    held = {row.case_no: max(0, row.quantity - row.units_out) for row in rows}
    out = select(func.coalesce(func.sum(unit_pots.c.units_out), 0)).where(
        unit_pots.c.order_no == order_no, unit_pots.c.line_no == line_no
    )
    return Claims(
        holders=tuple(row.case_no for row in rows),
        held=sum(held.values()),
        refunded=session.execute(out).scalar_one(),
    )


def check(session: Session, order_no: str, wanted: Mapping[int, int], allowed: Mapping[int, int]) -> None:
    """F18: refuse units that are refunded (Invalid) or in an open case (Conflict). Lock the order before."""
    for line_no, quantity in wanted.items():
        claims = claims_on(session, order_no, line_no)
        most = allowed.get(line_no, 0)
        left = most - claims.refunded
        if quantity > left:
            raise _too_many(line_no, quantity, most, claims.refunded)
        if quantity > left - claims.held:
            raise _taken(line_no, claims.holders)


def _too_many(line_no: int, quantity: int, most: int, refunded: int) -> Invalid:
    left = max(0, most - refunded)
    told = f"{quantity} units of line {line_no} were asked for, of which {left} are left to claim: "
    told += f"{most} can be claimed (delivered, as far as we were told), {refunded} are refunded already."
    error = {"field": "lines", "message": told}
    return Invalid(told, errors=[error], line_no=line_no, left=left)


def _taken(line_no: int, holders: tuple[str, ...]) -> Conflict:
    told = f"Units of line {line_no} are in an open case already: {', '.join(holders)}. "
    told += "Add what else is wrong to it with 'add_issue'."
    return Conflict(told, case_no=holders[0], case_nos=list(holders), line_no=line_no)


_NOTE_OUT = (
    update(case_units)
    .where(case_units.c.case_no == bindparam("wanted_case"), case_units.c.line_no == bindparam("wanted_line"))
    .values(units_out=case_units.c.units_out + bindparam("more"))
)


def note_units_out(session: Session, case_no: str, units_out: Mapping[int, int]) -> None:
    """Remember of which held units the money was drawn (or given back)."""
    for line_no, units in units_out.items():
        if units:
            execute(session, _NOTE_OUT, {"wanted_case": case_no, "wanted_line": line_no, "more": units})


def allowed_of(session: Session, case_no: str) -> dict[int, int | None]:
    """How many units per line could be claimed when the case was opened."""
    found = select(case_units.c.line_no, case_units.c.allowed).where(case_units.c.case_no == case_no)
    return {row.line_no: row.allowed for row in session.execute(found)}


def clashes(session: Session, case: Case) -> tuple[str, ...]:
    """F18 for a case that is open again: what is wrong with its units by now, in plain sentences."""
    if case.order is None:
        return ()
    allowed = allowed_of(session, case.case_no)
    rows = select(case_units).where(case_units.c.case_no == case.case_no)
    told: list[str] = []
    for row in session.execute(rows).all():
        claims = claims_on(session, case.order.order_no, row.line_no, but=case.case_no)
        ceiling = allowed[row.line_no]
        units = sum(pot.units for pot in case.order.pots.of_line(row.line_no)) if ceiling is None else ceiling
        own_left = row.quantity - row.units_out
        if own_left > units - claims.refunded - claims.held:
            told.append(_clash(row.line_no, claims.holders))
    return tuple(told)


def _clash(line_no: int, holders: tuple[str, ...]) -> str:
    taken = f"in the open case {', '.join(holders)}" if holders else "refunded"
    return f"units of line {line_no} are {taken} by now"
