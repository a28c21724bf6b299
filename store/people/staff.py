"""The staff list: who is with us, as what, and how they are reached. Nobody is ever taken off it (T11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models import tables
from models.errors import Conflict, NotFound
from models.lifecycle import Role
from models.value import Value
from store.documents import put

AS_IT_WAS: Final[Literal["as it was"]] = "as it was"


class StaffRow(Value):
    """One person. `channels` hold secrets and are never shown; telephone and mail are personal."""

    id: str
    name: str
    language: str = "zh"
    timezone: str | None = None
    quiet_hours: tuple[str, str] | None = None
    channels: tuple[str, ...] = ()
    phone: str | None = None
    email: str | None = None


class Held(Value):
    """What somebody is from a moment on; no role: not with us."""

    number: int
    roles: tuple[Role, ...]
    since: datetime
    recorded_at: datetime
    by: str


def people(session: Session) -> tuple[StaffRow, ...]:
    """Everybody who was ever on the list, by id."""
    return tuple(_row(row) for row in session.execute(select(tables.staff).order_by(tables.staff.c.id)).mappings())


def name_of(session: Session, id: str) -> str | None:
    """What a person is called: by the staff list, or else as a user; None for one who has no name but his id."""
    for table in (tables.staff, tables.users):
        name = session.execute(select(table.c.name).where(table.c.id == id)).scalar()
        if name and name != id:
            return str(name)
    return None


def person(session: Session, id: str) -> StaffRow | None:
    """One person; None when there is none of that id."""
    row = session.execute(select(tables.staff).where(tables.staff.c.id == id)).mappings().first()
    return None if row is None else _row(row)


def of_email(session: Session, email: str) -> tuple[StaffRow, ...]:
    """Who is reached at a mail address; several who share one are several."""
    same = func.lower(tables.staff.c.email) == email.lower()
    return tuple(_row(row) for row in session.execute(select(tables.staff).where(same)).mappings())


def known(session: Session, id: str) -> StaffRow:
    """One person. Raises NotFound."""
    row = person(session, id)
    if row is None:
        raise NotFound(f"Nobody on the staff list has the id '{id}': add them first.")
    return row


def standings(session: Session, id: str) -> tuple[Held, ...]:
    """What somebody was, is and will be, as it was recorded."""
    held = tables.staff_standings
    found = select(held).where(held.c.person == id).order_by(held.c.number)
    return tuple(Held.model_validate(dict(row)) for row in session.execute(found).mappings())


def write(session: Session, row: StaffRow, now: datetime) -> None:
    """Add somebody, or change how they are reached."""
    values = {**row.model_dump(mode="json"), "changed_at": now}
    put(session, tables.staff, [values])


def stand(session: Session, id: str, roles: Sequence[Role], since: datetime, by: str, now: datetime) -> None:
    """Record what somebody is from `since` on; no role: they leave then. Raises Conflict for a moment that is past.

    Only the first standing may begin in the past: what was is not rewritten.
    """
    held = tables.staff_standings
    known(session, id)
    number = session.execute(select(func.max(held.c.number)).where(held.c.person == id)).scalar() or 0
    if number and since < now:
        raise Conflict("What somebody was is not rewritten: name a time from now on.")
    row = {"person": id, "number": number + 1, "roles": [Role(r).value for r in roles]}
    session.execute(insert(held).values(**row, since=since, recorded_at=now, by=by))


def place(
    session: Session,
    id: str,
    roles: Sequence[Role] | None,
    since: datetime | None,
    until: datetime | Literal["as it was"] | None,
    by: str,
    now: datetime,
) -> None:
    """Record a change of what somebody is: roles from `since` on [now], and leaving at `until`.

    What is not said stays: a planned leaving with it, unless `until` is None, which calls it off.
    """
    held = standings(session, id)
    begins = since or now
    if roles is not None and (not held or since is not None or _at(held, begins) != tuple(roles)):
        stand(session, id, roles, begins, by, now)
    if isinstance(until, datetime):
        stand(session, id, (), until, by, now)
    elif until is None:
        for leaving in (one for one in held if not one.roles and one.since > now):
            stand(session, id, _at(standings(session, id), now), leaving.since, by, now)


def _at(held: Sequence[Held], when: datetime) -> tuple[Role, ...]:
    before = [one for one in held if one.since <= when]
    return sorted(before, key=lambda one: one.since)[-1].roles if before else ()


def _row(row: object) -> StaffRow:
    return StaffRow.model_validate({k: v for k, v in dict(row).items() if k in StaffRow.model_fields})  # type: ignore[call-overload]
