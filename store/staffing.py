"""Whom the house tells what concerns managers: each by himself, or their box where no staff list is kept."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.duty import Seen
from models.lifecycle import Role
from models.tables import staff
from store import duty

#: What the managers' own box is written in.
BOX_LANGUAGE = "zh"


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who is told, and in which language."""

    to: str
    language: str


def managers(session: Session, at: datetime) -> tuple[Told, ...]:
    """Every manager who is with us at an instant, on duty or not; the role's box where nobody is registered."""
    people = Seen(duty.roster(session, at), at).of_role(Role.MANAGER)
    if not people:
        return (Told(Role.MANAGER.value, BOX_LANGUAGE),)
    found = select(staff.c.id, staff.c.language).where(staff.c.id.in_(people)).order_by(staff.c.id)
    return tuple(Told(row.id, row.language) for row in session.execute(found))
