"""Wrong tries to find an order, by address and by order number; kept as hashes, and only as long as they count."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.tables import find_tries


def since(session: Session, subject: str, then: datetime) -> Sequence[datetime]:
    """When it was tried since then, the oldest first."""
    here = (find_tries.c.subject == _hash(subject)) & (find_tries.c.at > then)
    return session.execute(select(find_tries.c.at).where(here).order_by(find_tries.c.at)).scalars().all()


def note(session: Session, subjects: Iterable[str], now: datetime) -> None:
    """Write down a wrong try."""
    rows = [{"id": uuid4().hex, "subject": _hash(subject), "at": now} for subject in subjects]
    session.execute(insert(find_tries), rows)


def forget(session: Session, before: datetime) -> None:
    """Forget tries that count no more."""
    session.execute(delete(find_tries).where(find_tries.c.at < before))


def _hash(subject: str) -> str:
    return sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
