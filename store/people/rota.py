"""Rotas, absences and swaps, written down. Nothing is changed afterwards: what is new is added and dated (T11)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from models import tables
from models.errors import Conflict, Invalid, NotFound
from models.people.duty import Absence, Seen, Swap
from models.people.shifts import LONGEST_PATTERN, OFF
from models.people.swaps import against
from models.value import Value
from store.people import staff
from store.people.duty import roster

#: The longest absence that is written down at once.
LONGEST_ABSENCE = timedelta(days=731)


class AbsenceRow(Absence):
    """An absence as it was written down; its reason is personal."""

    reason: str | None = None
    by: str
    ended_by: str | None = None


class SwapRow(Swap):
    """A swap with what both said."""

    note: str | None = None
    answer: str | None = None


class RotaRow(Value):
    """A rota as it was written down."""

    person: str
    number: int
    first_day: str
    last_day: str | None
    pattern: tuple[str, ...]
    recorded_at: datetime
    by: str


def refused(field: str, told: str) -> Invalid:
    """What is wrong with one field of what was asked."""
    return Invalid(told, errors=[{"field": field, "message": told}])


# ── rotas ─────────────────────────────────────────────────────────────────────────────────────────


def assign(
    session: Session,
    person: str,
    rota: str | Sequence[str],
    first_day: date,
    last_day: date | None,
    begin_at: int,
    by: str,
    now: datetime,
) -> RotaRow:
    """Give somebody a rota from a day on: one of `duty.yaml` by name, or a pattern of shifts and `off`.

    `begin_at` is the day of the pattern that the first day is, counted from 1, so that people's days off differ.
    """
    staff.known(session, person)
    plan = Seen(roster(session), now).plan
    pattern = plan.rotas.get(rota) if isinstance(rota, str) else tuple(rota)
    if pattern is None:
        raise refused("rota", f"There is no rota '{rota}'; there are {', '.join(sorted(plan.rotas)) or 'none'}.")
    unknown = [shift for shift in pattern if shift != OFF and shift not in plan.shifts]
    if unknown or not 1 <= len(pattern) <= LONGEST_PATTERN:
        known = ", ".join((*sorted(plan.shifts), OFF))
        raise refused("rota", f"A rota is 1 to {LONGEST_PATTERN} days of these: {known}.")
    if not 1 <= begin_at <= len(pattern):
        raise refused("begin_at", f"The rota has days 1 to {len(pattern)}.")
    if first_day < plan.day_of(now) or (last_day is not None and last_day < first_day):
        raise refused("first_day", "A rota begins today or later, and ends on or after its first day.")
    turned = [*pattern[begin_at - 1 :], *pattern[: begin_at - 1]]
    return _write_rota(session, person, turned, first_day, last_day, by, now)


def _write_rota(
    session: Session, person: str, pattern: list[str], first: date, last: date | None, by: str, now: datetime
) -> RotaRow:
    rows = tables.rota
    number = session.execute(select(func.max(rows.c.number)).where(rows.c.person == person)).scalar() or 0
    row: dict[str, Any] = {
        "person": person,
        "number": number + 1,
        "first_day": first.isoformat(),
        "last_day": last.isoformat() if last else None,
        "pattern": pattern,
        "recorded_at": now,
        "by": by,
    }
    session.execute(insert(rows).values(**row))
    return RotaRow.model_validate(row)


def rotas_of(session: Session, person: str) -> tuple[RotaRow, ...]:
    """The rotas that somebody was given, the first written down first."""
    found = select(tables.rota).where(tables.rota.c.person == person).order_by(tables.rota.c.number)
    return tuple(RotaRow.model_validate(dict(row)) for row in session.execute(found).mappings())


# ── absences ──────────────────────────────────────────────────────────────────────────────────────


def absent(
    session: Session,
    person: str,
    from_at: datetime,
    until_at: datetime,
    stand_in: str | None,
    reason: str | None,
    by: str,
    now: datetime,
) -> AbsenceRow:
    """Write down that somebody is out of office. It may have begun; until now it was not known."""
    staff.known(session, person)
    if until_at <= max(from_at, now):
        raise refused("until", "An absence ends after it begins, and in time to come.")
    if until_at - from_at > LONGEST_ABSENCE:
        raise refused("until", "An absence is of two years at the most; who leaves for good leaves the staff list.")
    if stand_in == person:
        raise refused("stand_in", "Nobody stands in for themselves: name somebody else.")
    if stand_in is not None and not Seen(roster(session), now).roles(stand_in, now):
        raise refused("stand_in", f"{stand_in} is not with us: name somebody who is.")
    row: dict[str, Any] = {
        "id": _id("abs"),
        "person": person,
        "from_at": from_at,
        "until_at": until_at,
        "stand_in": stand_in,
        "reason": reason,
        "recorded_at": now,
        "by": by,
    }
    session.execute(insert(tables.absences).values(**row))
    return AbsenceRow.model_validate(row)


def call_off(session: Session, id: str, by: str, now: datetime) -> AbsenceRow:
    """Somebody is back early, or goes not at all. Called off twice it stays as it was."""
    row = absence(session, id)
    if row.until_at <= now:
        raise Conflict("This absence is over already.")
    here = (tables.absences.c.id == id) & tables.absences.c.ended_at.is_(None)
    session.execute(update(tables.absences).where(here).values(ended_at=now, ended_by=by))
    return absence(session, id)


def absence(session: Session, id: str) -> AbsenceRow:
    """One absence. Raises NotFound."""
    row = session.execute(select(tables.absences).where(tables.absences.c.id == id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no absence '{id}'.")
    return AbsenceRow.model_validate(dict(row))


def absences(session: Session, after: datetime, person: str | None = None) -> tuple[AbsenceRow, ...]:
    """Absences that are not over at a moment and were not called off, the first to begin first."""
    rows = tables.absences
    found = select(rows).where(rows.c.until_at > after, or_(rows.c.ended_at.is_(None), rows.c.ended_at > after))
    if person is not None:
        found = found.where(rows.c.person == person)
    ordered = found.order_by(rows.c.from_at, rows.c.id)
    return tuple(AbsenceRow.model_validate(dict(row)) for row in session.execute(ordered).mappings())


def _id(kind: str) -> str:
    return f"{kind}_{uuid4().hex[:12]}"


# ── swaps ─────────────────────────────────────────────────────────────────────────────────────────


def propose(
    session: Session, proposer: str, partner: str, day: date, partner_day: date | None, note: str | None, now: datetime
) -> SwapRow:
    """Propose a swap; it holds once the partner agrees. Raises Conflict with what speaks against it."""
    for person in (proposer, partner):
        staff.known(session, person)
    row: dict[str, Any] = {
        "id": _id("swap"),
        "proposer": proposer,
        "partner": partner,
        "proposer_day": day.isoformat(),
        "partner_day": partner_day.isoformat() if partner_day else None,
        "state": "proposed",
        "note": note,
        "proposed_at": now,
    }
    swap = SwapRow.model_validate(row)
    _check(session, swap, now)
    session.execute(insert(tables.swaps).values(**row, last_day=max(day, partner_day or day).isoformat()))
    return swap


def answer(session: Session, id: str, by: str, agrees: bool, note: str | None, now: datetime) -> SwapRow:
    """The partner agrees or refuses; the same answer twice is one. Raises Conflict where it cannot be any more."""
    swap = _locked(session, id)
    wanted = "agreed" if agrees else "refused"
    if by != swap.partner:
        raise Conflict(f"Only {swap.partner} can answer this swap.")
    if swap.state == wanted:
        return swap
    _still_proposed(swap)
    if agrees:
        _hold(session, swap)
        _check(session, swap, now)
    return _settled(session, id, wanted, note, now)


def take_back(session: Session, id: str, by: str, now: datetime) -> SwapRow:
    """The proposer takes a swap back that nobody has answered."""
    swap = _locked(session, id)
    if by != swap.proposer:
        raise Conflict(f"Only {swap.proposer}, who proposed this swap, can take it back.")
    if swap.state == "withdrawn":
        return swap
    _still_proposed(swap)
    return _settled(session, id, "withdrawn", None, now)


def swap(session: Session, id: str) -> SwapRow:
    """One swap. Raises NotFound."""
    return _swap(session, id)


def swaps(session: Session, from_day: date, person: str | None = None) -> tuple[SwapRow, ...]:
    """Swaps about a day or later, the oldest first."""
    rows = tables.swaps
    found = select(rows).where(rows.c.last_day >= from_day.isoformat())
    if person is not None:
        found = found.where(or_(rows.c.proposer == person, rows.c.partner == person))
    ordered = found.order_by(rows.c.proposed_at, rows.c.id)
    return tuple(SwapRow.model_validate(dict(row)) for row in session.execute(ordered).mappings())


def _swap(session: Session, id: str, lock: bool = False) -> SwapRow:
    found = select(tables.swaps).where(tables.swaps.c.id == id)
    row = session.execute(found.with_for_update() if lock else found).mappings().first()
    if row is None:
        raise NotFound(f"There is no swap '{id}'.")
    return SwapRow.model_validate(dict(row))


def _locked(session: Session, id: str) -> SwapRow:
    return _swap(session, id, lock=True)


def _hold(session: Session, swap: Swap) -> None:
    """Two swaps of the same people are agreed one after the other, so that the second sees the first."""
    both = tables.staff.c.id.in_((swap.proposer, swap.partner))
    session.execute(select(tables.staff.c.id).where(both).order_by(tables.staff.c.id).with_for_update())


def _still_proposed(swap: Swap) -> None:
    if swap.state != "proposed":
        raise Conflict(f"This swap was {swap.state} already.")


def _check(session: Session, swap: Swap, now: datetime) -> None:
    told = against(roster(session), Swap.model_validate(dict(swap)), now)
    if told is not None:
        raise Conflict(told)


def _settled(session: Session, id: str, state: str, note: str | None, now: datetime) -> SwapRow:
    here = tables.swaps.c.id == id
    session.execute(update(tables.swaps).where(here).values(state=state, answered_at=now, answer=note))
    return _swap(session, id)
