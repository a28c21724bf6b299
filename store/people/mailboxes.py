"""How somebody is reached: language, time zone, quiet hours and addresses, for a person or for a role's box.

For people on the staff list the list has it; for role boxes, and people of a shop without a list, it is kept here.

Addresses hold secrets (the token of a robot is all it takes to write to a group). They leave this room only toward
the channel that uses them; whoever shows a mailbox shows `models.people.addresses.shown`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, select, union, update
from sqlalchemy.orm import Session

from models.errors import DataRefused
from models.people.letters import Quiet, quiet_of
from models.tables import mailboxes, staff
from store import documents
from store.people import staff as people


class Mailbox(BaseModel):
    """What is kept for a holder; None where nothing is said and the shop's own holds."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    holder: str
    language: str | None = None
    timezone: str | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None
    addresses: tuple[str, ...] = Field((), repr=False)
    changed_at: datetime | None = None
    changed_by: str | None = None

    @property
    def quiet(self) -> Quiet | None:
        return quiet_of(self.quiet_from, self.quiet_until)


def mailbox(session: Session, holder: str) -> Mailbox:
    """The mailbox of a holder, an empty one where nothing is kept."""
    return of_all(session, [holder])[holder]


def of_all(session: Session, holders: Iterable[str]) -> dict[str, Mailbox]:
    """The mailboxes of several holders; what the staff list says of somebody is what holds."""
    wanted = list(holders)
    rows = session.execute(select(mailboxes).where(mailboxes.c.holder.in_(wanted)))
    kept = {row.holder: Mailbox.model_validate(row) for row in rows}
    listed = session.execute(select(staff).where(staff.c.id.in_(wanted)))
    for row in listed:
        kept[row.id] = _of_staff(row, kept.get(row.id, Mailbox(holder=row.id)))
    return {holder: kept.get(holder, Mailbox(holder=holder)) for holder in wanted}


def _of_staff(row: Row[Any], kept: Mailbox) -> Mailbox:
    start, end = row.quiet_hours or (None, None)
    said = {"language": row.language, "timezone": row.timezone, "quiet_from": start, "quiet_until": end}
    return kept.model_copy(update={**said, "addresses": tuple(row.channels)})


def every(session: Session) -> tuple[Mailbox, ...]:
    """All mailboxes: of everybody on the staff list, and those that something was written into or told to."""
    holders = union(select(mailboxes.c.holder), select(staff.c.id))
    found = of_all(session, session.execute(holders).scalars().all())
    return tuple(found[holder] for holder in sorted(found))


def opened(session: Session, holders: Iterable[str]) -> None:
    """A row for each holder, so that workers can hold it while they put letters together."""
    documents.put_new(session, mailboxes, [{"holder": holder, "addresses": []} for holder in sorted(set(holders))])


def change(session: Session, holder: str, changes: Mapping[str, Any], by: str, now: datetime) -> Mailbox:
    """Change parts of a mailbox. Raises DataRefused for a time zone or quiet hours that are none."""
    opened(session, [holder])
    here = mailboxes.c.holder == holder
    session.execute(select(mailboxes.c.holder).where(here).with_for_update())
    after = mailbox(session, holder).model_copy(update={**changes, "changed_at": now, "changed_by": by})
    if after.timezone is not None and not is_zone(after.timezone):
        raise DataRefused.of("timezone", "That is no time zone; write one like Asia/Shanghai.")
    quiet = after.quiet
    person = people.person(session, holder)
    if person is not None:
        hours = (str(after.quiet_from), str(after.quiet_until)) if quiet else None
        told = {"language": after.language or person.language, "timezone": after.timezone, "quiet_hours": hours}
        people.write(session, person.model_copy(update={**told, "channels": after.addresses}), now)
    row = {**after.model_dump(exclude={"holder"}), "addresses": [] if person else list(after.addresses)}
    session.execute(update(mailboxes).where(here).values(**row))
    return after


def is_zone(name: str | None) -> bool:
    """Whether there is such a time zone."""
    try:
        return name is not None and bool(ZoneInfo(name))
    except (KeyError, OSError, ValueError):
        return False
