"""Visits of customers to their order: proved once, for a short time, with what they have answered so far."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from models.tables import order_visits


class Visit(BaseModel):
    """A visit to one order."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    order_no: str
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None
    draft: dict[str, Any] = {}


def begin(session: Session, order_no: str, draft: Mapping[str, Any], now: datetime) -> str:
    """Begin a visit; answers the secret that its browser keeps, of which only a hash is kept here."""
    secret = secrets.token_urlsafe(32)
    row = {"id": _hash(secret), "order_no": order_no, "began_at": now, "seen_at": now, "draft": dict(draft)}
    session.execute(insert(order_visits).values(**row))
    return secret


def of(session: Session, secret: str) -> Visit | None:
    """The visit of a browser, also one that is over."""
    row = session.execute(select(order_visits).where(order_visits.c.id == _hash(secret))).first()
    return Visit.model_validate(row) if row else None


def last_of(session: Session, order_no: str, since: datetime) -> Visit | None:
    """The last visit to an order that was seen since then."""
    here = (order_visits.c.order_no == order_no) & (order_visits.c.seen_at >= since)
    row = session.execute(select(order_visits).where(here).order_by(order_visits.c.seen_at.desc()).limit(1)).first()
    return Visit.model_validate(row) if row else None


def keep(session: Session, visit_id: str, draft: Mapping[str, Any], now: datetime) -> None:
    """Keep what was answered."""
    session.execute(update(order_visits).where(order_visits.c.id == visit_id).values(draft=dict(draft), seen_at=now))


def end(session: Session, visit_id: str, now: datetime) -> None:
    """End a visit; its browser sees nothing of the order any more."""
    session.execute(update(order_visits).where(order_visits.c.id == visit_id).values(ended_at=now, draft={}))


def forget(session: Session, before: datetime) -> int:
    """Forget visits that were last seen before then; answers how many."""
    gone = delete(order_visits).where(order_visits.c.seen_at < before).returning(order_visits.c.id)
    return len(session.execute(gone).all())


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
