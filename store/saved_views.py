"""Saved views: what a list is narrowed to, under a name; one's own, and those that somebody shares with all."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from models.errors import Conflict
from models.tables import saved_views
from models.value import Value
from store.documents import add

_here = saved_views.c
#: So many views of one person are more than anybody finds again.
MOST = 100


class SavedView(Value):
    """One view. `query` is the part of an address behind the question mark."""

    id: str
    page: str
    name: str
    query: str
    owner: str
    is_shared: bool
    saved_at: datetime


def seen_by(session: Session, person: str, page: str) -> tuple[SavedView, ...]:
    """A person's own views of a page, then those that others share, each in the order of their names."""
    found = select(saved_views).where(_here.page == page, or_(_here.owner == person, _here.is_shared))
    rows = session.execute(found.order_by(_here.name, _here.id)).mappings()
    views = [SavedView.model_validate(dict(row)) for row in rows]
    return tuple(sorted(views, key=lambda view: view.owner != person))


def save(session: Session, person: str, page: str, name: str, query: str, shared: bool, now: datetime) -> SavedView:
    """Keep a view; one's own of the same name gives way to it. Raises Conflict for one too many."""
    session.execute(delete(saved_views).where(_here.owner == person, _here.page == page, _here.name == name))
    if session.execute(select(func.count()).where(_here.owner == person)).scalar_one() >= MOST:
        raise Conflict(f"You keep {MOST} views already: take one away first.")
    kept = SavedView(
        id=f"V-{uuid4().hex[:12]}", page=page, name=name, query=query, owner=person, is_shared=shared, saved_at=now
    )
    add(session, saved_views, [kept.model_dump()])
    return kept


def forget(session: Session, person: str, view_id: str) -> bool:
    """Take away one of one's own views; whether there was one."""
    gone = delete(saved_views).where(_here.id == view_id, _here.owner == person).returning(_here.id)
    return session.execute(gone).first() is not None
