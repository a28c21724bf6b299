"""Work on many cases at once: what was asked for, by whom, on which list, and the answer of every case (T12)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import case, delete, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from models.commands import Actor
from models.errors import Conflict
from models.oversight.bulk import BulkState, ItemState
from models.tables import bulk_items, bulks
from store.cursors import decode, encode
from store.documents import put_new


class Counts(BaseModel):
    """How many cases were asked, and how they answered."""

    model_config = ConfigDict(frozen=True)

    waiting: int = 0
    done: int = 0
    refused: int = 0
    failed: int = 0


class Bulk(BaseModel):
    """One action on a list of cases."""

    model_config = ConfigDict(frozen=True)

    id: str
    action: str
    data: dict[str, Any]
    reason: str
    filter: dict[str, Any] | None
    actor: Actor
    state: BulkState
    total: int
    created_at: datetime
    ended_at: datetime | None
    stopped_by: str | None
    counts: Counts = Counts()


class Item(BaseModel):
    """One case of a bulk, and what it answered."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    number: int
    case_no: str
    state: ItemState
    code: str | None
    detail: str | None
    at: datetime | None


class Wanted(BaseModel):
    """A bulk to be begun."""

    model_config = ConfigDict(frozen=True)

    id: str
    action: str
    data: dict[str, Any]
    reason: str
    filter: dict[str, Any] | None = None
    actor: Actor
    case_nos: tuple[str, ...]
    now: datetime
    idempotency_key: str | None = None
    request_hash: str = ""


# ── beginning ─────────────────────────────────────────────────────────────────────────────────────


def earlier(session: Session, key: str | None, request_hash: str) -> Bulk | None:
    """The bulk that this key began before. Raises Conflict when it was another request."""
    found = select(bulks.c.id, bulks.c.request_hash).where(bulks.c.idempotency_key == key)
    row = session.execute(found).first() if key is not None else None
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise Conflict("This Idempotency-Key was used for another request; use a new key for a new bulk.")
    return get(session, row.id)


def create(session: Session, wanted: Wanted) -> Bulk:
    """Write a bulk with its frozen list, every case waiting.

    Of two requests with the same key that come at once the later one waits here, and is answered the bulk of the other.
    Raises Conflict when that was another request.
    """
    row = {
        **wanted.model_dump(mode="json", include={"id", "action", "data", "reason", "filter", "request_hash"}),
        "idempotency_key": wanted.idempotency_key,
        "actor_id": wanted.actor.id,
        "actor_role": wanted.actor.role.value,
        "state": "running",
        "total": len(wanted.case_nos),
        "created_at": wanted.now,
    }
    put_new(session, bulks, [row])
    known = earlier(session, wanted.idempotency_key, wanted.request_hash)
    if known is not None and known.id != wanted.id:
        return known
    items = [
        {"bulk_id": wanted.id, "number": number, "case_no": case_no, "state": "waiting"}
        for number, case_no in enumerate(wanted.case_nos)
    ]
    if items:
        session.execute(insert(bulk_items), items)
    found = get(session, wanted.id)
    assert found is not None
    return found


def remove(session: Session, bulk_id: str) -> bool:
    """Take back a bulk that could not be begun; one of which a case has answered stays. Whether it was taken back."""
    counts = counted(session, bulk_id)
    if counts.done or counts.refused or counts.failed:
        return False
    session.execute(delete(bulk_items).where(bulk_items.c.bulk_id == bulk_id))
    session.execute(delete(bulks).where(bulks.c.id == bulk_id))
    return True


# ── under way ─────────────────────────────────────────────────────────────────────────────────────


def waiting(session: Session, bulk_id: str, first: int, until: int) -> tuple[Item, ...]:
    """Of a part of the list, the cases that have not answered yet."""
    here = bulk_items.c
    part = (here.bulk_id == bulk_id, here.number >= first, here.number < until, here.state == "waiting")
    rows = session.execute(select(bulk_items).where(*part).order_by(here.number))
    return tuple(Item.model_validate(row) for row in rows)


def answered(session: Session, bulk_id: str, number: int, state: ItemState, at: datetime, **why: str | None) -> None:
    """Keep what a case answered; the first answer stays."""
    here = (bulk_items.c.bulk_id == bulk_id, bulk_items.c.number == number, bulk_items.c.state == "waiting")
    session.execute(update(bulk_items).where(*here).values(state=state, at=at, **why))


def unanswered(session: Session, bulk_id: str, number: int) -> int:
    """Count that a case was asked and said nothing; how often that is by now."""
    here = (bulk_items.c.bulk_id == bulk_id, bulk_items.c.number == number)
    session.execute(update(bulk_items).where(*here).values(tries=bulk_items.c.tries + 1))
    return int(session.execute(select(bulk_items.c.tries).where(*here)).scalar_one())


def counted(session: Session, bulk_id: str, first: int = 0, until: int = 2**31 - 1) -> Counts:
    """The answers of a part of the list, by how they are."""
    here = bulk_items.c
    part = (here.bulk_id == bulk_id, here.number >= first, here.number < until)
    rows = session.execute(select(here.state, func.count().label("n")).where(*part).group_by(here.state))
    return Counts.model_validate({row.state: row.n for row in rows})


def state_of(session: Session, bulk_id: str) -> str | None:
    """How a bulk stands; None when there is none of that id."""
    return session.execute(select(bulks.c.state).where(bulks.c.id == bulk_id)).scalar()


def stop(session: Session, bulk_id: str, by: str) -> None:
    """Nobody else is asked from now on."""
    here = (bulks.c.id == bulk_id, bulks.c.state == "running")
    session.execute(update(bulks).where(*here).values(state="stopping", stopped_by=by))


def ended(session: Session, bulk_id: str, stopped: bool, at: datetime) -> None:
    """It is over. Said a second time it changes nothing."""
    here = (bulks.c.id == bulk_id, bulks.c.ended_at.is_(None))
    session.execute(update(bulks).where(*here).values(state="stopped" if stopped else "done", ended_at=at))


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def get(session: Session, bulk_id: str) -> Bulk | None:
    """A bulk with its counts."""
    row = session.execute(select(bulks).where(bulks.c.id == bulk_id)).first()
    return None if row is None else _bulk(row, counted(session, bulk_id))


def _bulk(row: Any, counts: Counts) -> Bulk:
    plain = {name: getattr(row, name) for name in Bulk.model_fields if name not in ("actor", "counts")}
    return Bulk(**plain, actor=Actor(id=row.actor_id, role=row.actor_role), counts=counts)


def listed(session: Session, cursor: str | None = None, limit: int = 50) -> tuple[tuple[Bulk, ...], str | None]:
    """A page of bulks, the newest first."""
    columns = (bulks.c.created_at, bulks.c.id)
    found = select(bulks)
    if cursor is not None:
        found = found.where(tuple_(*columns) < decode(cursor, "bulks", columns))
    rows = session.execute(found.order_by(*(column.desc() for column in columns)).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    counts = _counts(session, [row.id for row in rows[:limit]])
    page = tuple(_bulk(row, counts.get(row.id, Counts())) for row in rows[:limit])
    return page, encode("bulks", (last.created_at, last.id)) if last else None


def _counts(session: Session, bulk_ids: list[str]) -> dict[str, Counts]:
    here = bulk_items.c
    sums = [func.sum(case((here.state == name, 1), else_=0)).label(name) for name in Counts.model_fields]
    rows = session.execute(select(here.bulk_id, *sums).where(here.bulk_id.in_(bulk_ids)).group_by(here.bulk_id))
    return {row.bulk_id: Counts.model_validate(row, from_attributes=True) for row in rows}


def items(
    session: Session, bulk_id: str, states: Sequence[str] = (), cursor: str | None = None, limit: int = 50
) -> tuple[tuple[Item, ...], str | None]:
    """A page of a bulk's cases in the order of its list, all of them or those with these answers."""
    found = select(bulk_items).where(bulk_items.c.bulk_id == bulk_id)
    if states:
        found = found.where(bulk_items.c.state.in_([str(state) for state in states]))
    if cursor is not None:
        found = found.where(tuple_(bulk_items.c.number) > decode(cursor, "bulk items", (bulk_items.c.number,)))
    rows = session.execute(found.order_by(bulk_items.c.number).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    page = tuple(Item.model_validate(row) for row in rows[:limit])
    return page, encode("bulk items", (last.number,)) if last else None


def running(session: Session) -> tuple[tuple[str, int], ...]:
    """The bulks that are not over, with how long their lists are."""
    found = select(bulks.c.id, bulks.c.total).where(bulks.c.ended_at.is_(None)).order_by(bulks.c.created_at)
    return tuple((row.id, row.total) for row in session.execute(found))
