"""The shelf of parcels that nobody was expected to send (G2)."""

from datetime import datetime
from uuid import uuid4

from pydantic import BaseModel, ConfigDict
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.tables import unmatched_parcels


class UnmatchedParcel(BaseModel):
    """A parcel without a case; `state` is waiting or matched."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    code: str
    at: datetime
    note: str | None = None
    state: str
    case_no: str | None = None


def put_unmatched(session: Session, code: str, at: datetime, note: str | None = None) -> UnmatchedParcel:
    """Put a parcel on the shelf; the same code scanned again is the same parcel while it waits."""
    waiting = (unmatched_parcels.c.code == code) & (unmatched_parcels.c.state == "waiting")
    known = session.execute(select(unmatched_parcels).where(waiting)).first()
    if known:
        return UnmatchedParcel.model_validate(known)
    parcel = UnmatchedParcel(id=uuid4().hex[:12], code=code, at=at, note=note, state="waiting")
    session.execute(insert(unmatched_parcels).values(**parcel.model_dump()))
    return parcel


def match(session: Session, parcel_id: str, case_no: str) -> None:
    """Take a parcel from the shelf for a case. Raises NotFound when it is not on it."""
    here = (unmatched_parcels.c.id == parcel_id) & (unmatched_parcels.c.state == "waiting")
    taken = update(unmatched_parcels).where(here).values(state="matched", case_no=case_no)
    if not session.execute(taken.returning(unmatched_parcels.c.id)).all():
        raise NotFound(f"There is no unmatched parcel {parcel_id} on the shelf.")


def unmatched(session: Session) -> tuple[UnmatchedParcel, ...]:
    """The parcels on the shelf, the longest waiting first."""
    waiting = select(unmatched_parcels).where(unmatched_parcels.c.state == "waiting")
    rows = session.execute(waiting.order_by(unmatched_parcels.c.at, unmatched_parcels.c.id))
    return tuple(UnmatchedParcel.model_validate(row) for row in rows)
