"""Handovers: what was listed, what was accepted, and what became of it; the log of them is kept (T11, T18)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import tables
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.people.duty import Handover
from models.value import Value
from store.people import staff

#: Begun and to be answered; then accepted, in part or whole, refused, or called off by the one who began it.
State = Literal["begun", "accepted", "partly", "refused", "called_off"]
#: What becomes of an accepted case: it moved, it was closed meanwhile, somebody else had taken it, it refused.
MOVED = "moved"


class Listed(Value):
    """A case as it is listed at a handover: its next step and its running clocks."""

    case_no: str
    shown: dict[str, Any]


class Item(Listed):
    """A case of a handover: whether it was accepted, and what became of it."""

    accepted: bool | None = None
    outcome: str | None = None


class HandoverRow(Handover):
    """A handover with its cases."""

    state: State
    note: str | None = None
    begun_by: str
    answer: str | None = None
    items: tuple[Item, ...] = ()


def begin(
    session: Session,
    outgoing: str,
    incoming: str,
    listed: Sequence[Listed],
    note: str | None,
    by: str,
    now: datetime,
) -> HandoverRow:
    """Begin a handover of these cases. Raises Conflict while the outgoing one's last is not answered."""
    for person in (outgoing, incoming):
        staff.known(session, person)
    if outgoing == incoming:
        raise Invalid("A handover takes two.", errors=[{"field": "to", "message": "Name somebody else."}])
    row: dict[str, Any] = {
        "id": f"ho_{uuid4().hex[:12]}",
        "outgoing": outgoing,
        "incoming": incoming,
        "state": "begun",
        "note": note,
        "began_at": now,
        "begun_by": by,
    }
    try:
        with session.begin_nested():
            session.execute(insert(tables.handovers).values(**row))
    except IntegrityError:
        told = f"{outgoing} has begun a handover that is not answered yet: have it answered, or call it off."
        raise Conflict(told) from None
    items = [
        {"handover_id": row["id"], "case_no": one.case_no, "position": n, "shown": one.shown}
        for n, one in enumerate(listed)
    ]
    if items:
        session.execute(insert(tables.handover_items), items)
    return get(session, row["id"])


def accept(
    session: Session, id: str, by: str, case_nos: Collection[str] | None, note: str | None, now: datetime
) -> HandoverRow:
    """The incoming one accepts all of them, or those named; the others stay where they are.

    Accepted again it is answered as it was, so that what was left undone can be done.
    """
    row = _locked(session, id)
    if by != row.incoming:
        raise Forbidden(f"This handover is to {row.incoming}, who alone accepts it.")
    if row.state in ("accepted", "partly"):
        return row
    _still_open(row)
    known = {item.case_no for item in row.items}
    chosen = known if case_nos is None else set(case_nos)
    strange = sorted(chosen - known)
    if strange:
        told = f"{strange[0]} is not in this handover."
        raise Invalid(told, errors=[{"field": "case_nos", "message": told}])
    items = tables.handover_items
    of_it = items.c.handover_id == id
    session.execute(update(items).where(of_it).values(accepted=False))
    session.execute(update(items).where(of_it, items.c.case_no.in_(chosen)).values(accepted=True))
    state = "accepted" if chosen == known else "partly" if chosen else "refused"
    return _ended(session, id, state, note, now)


def refuse(session: Session, id: str, by: str, note: str | None, now: datetime) -> HandoverRow:
    """The incoming one accepts none of it."""
    row = _locked(session, id)
    if by != row.incoming:
        raise Forbidden(f"This handover is to {row.incoming}, who alone refuses it.")
    if row.state == "refused":
        return row
    _still_open(row)
    return _ended(session, id, "refused", note, now)


def call_off(session: Session, id: str, by: str, now: datetime) -> HandoverRow:
    """Whoever began it, or hands over, takes it back."""
    row = _locked(session, id)
    if by not in (row.outgoing, row.begun_by):
        raise Forbidden(f"Only {row.outgoing}, whose handover this is, calls it off.")
    if row.state == "called_off":
        return row
    _still_open(row)
    return _ended(session, id, "called_off", None, now)


def came_to(session: Session, id: str, case_no: str, outcome: str) -> None:
    """Keep what became of an accepted case."""
    items = tables.handover_items
    here = (items.c.handover_id == id) & (items.c.case_no == case_no)
    session.execute(update(items).where(here).values(outcome=outcome))


def get(session: Session, id: str) -> HandoverRow:
    """One handover with its cases. Raises NotFound."""
    return _read(session, id, lock=False)


def recent(session: Session, person: str | None, limit: int) -> tuple[HandoverRow, ...]:
    """The log, the newest first; of one person, or of all. Without the cases."""
    rows = tables.handovers
    found = select(rows).order_by(rows.c.began_at.desc(), rows.c.id).limit(limit)
    if person is not None:
        found = found.where(or_(rows.c.outgoing == person, rows.c.incoming == person))
    return tuple(HandoverRow.model_validate(dict(row)) for row in session.execute(found).mappings())


def open_cases_of(session: Session, person: str) -> tuple[str, ...]:
    """The numbers of somebody's open cases, the next deadline first."""
    cases = tables.cases.c
    found = select(cases.case_no).where(cases.owner == person, cases.is_open)
    return tuple(session.execute(found.order_by(cases.due_order, cases.case_no)).scalars())


def open_case_counts(session: Session) -> dict[str, int]:
    """How many open cases everybody owns, of those who own any."""
    cases = tables.cases.c
    found = select(cases.owner, func.count()).where(cases.owner.is_not(None), cases.is_open).group_by(cases.owner)
    return {str(owner): int(count) for owner, count in session.execute(found)}


def _locked(session: Session, id: str) -> HandoverRow:
    return _read(session, id, lock=True)


def _read(session: Session, id: str, lock: bool) -> HandoverRow:
    found = select(tables.handovers).where(tables.handovers.c.id == id)
    row = session.execute(found.with_for_update() if lock else found).mappings().first()
    if row is None:
        raise NotFound(f"There is no handover '{id}'.")
    items = tables.handover_items
    listed = select(items).where(items.c.handover_id == id).order_by(items.c.position)
    kept = tuple(Item.model_validate(dict(item)) for item in session.execute(listed).mappings())
    return HandoverRow.model_validate({**row, "items": kept})


def _still_open(row: HandoverRow) -> None:
    if row.state != "begun":
        raise Conflict(f"This handover was {row.state.replace('_', ' ')} already.")


def _ended(session: Session, id: str, state: str, note: str | None, now: datetime) -> HandoverRow:
    here = tables.handovers.c.id == id
    session.execute(update(tables.handovers).where(here).values(state=state, ended_at=now, answer=note))
    return get(session, id)
