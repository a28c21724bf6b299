"""Wrong tries to find an order, by address and by order number; kept as hashes, and only as long as they count."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from models.tables import find_tries
from store.documents import is_postgres

_LOCK = 0x4146_5407


def since(session: Session, subject: str, then: datetime) -> Sequence[datetime]:
    """When it was tried since then, the oldest first."""
    here = (find_tries.c.subject == _hash(subject)) & (find_tries.c.at > then)
    return session.execute(select(find_tries.c.at).where(here).order_by(find_tries.c.at)).scalars().all()


def one_at_a_time(session: Session) -> None:
    """Until the transaction ends nobody else counts: who counts at the same moment would not see the other's try."""
    if is_postgres(session):
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def note(session: Session, subjects: Iterable[str], now: datetime) -> tuple[str, ...]:
    """Write down a wrong try; answers the notes."""
    rows = [{"id": uuid4().hex, "subject": _hash(subject), "at": now} for subject in subjects]
    session.execute(insert(find_tries), rows)
    return tuple(str(row["id"]) for row in rows)


def take_back(session: Session, notes: Iterable[str]) -> None:
    """A try was right: it does not count."""
    session.execute(delete(find_tries).where(find_tries.c.id.in_(list(notes))))


def forget(session: Session, before: datetime) -> None:
    """Forget tries that count no more."""
    session.execute(delete(find_tries).where(find_tries.c.at < before))


def _hash(subject: str) -> str:
    return sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
