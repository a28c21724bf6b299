"""The stock ledger as people use it: looked at, counted, filled from a file, goods carried from place to place."""

import asyncio
from datetime import datetime
from typing import Any, BinaryIO
from uuid import uuid4

from sqlalchemy.orm import Session

from api.desk import Desk
from api.documents.stock import Carried, Counts
from imports.stock import CountRow, read_counts
from models.commands import Actor
from store.engine import writing
from store.stock import counting, listing
from store.stock.counting import Count, Hand
from store.stock.listing import Article

#: Rows of a file that are written at a time.
BATCH = 500
MOST_REFUSED = 200


async def articles(desk: Desk, q: str | None, awaited: bool, cursor: str | None, limit: int) -> dict[str, Any]:
    """A page of articles with what is where."""
    page, following = await desk.read(lambda session: listing.articles(session, q, awaited, cursor=cursor, limit=limit))
    return {"items": [_article(one) for one in page], "next_cursor": following}


async def article(desk: Desk, sku: str) -> dict[str, Any]:
    """One article: what is where, for whom it is set aside, who waits for it, and its latest moves."""
    return await desk.read(lambda session: _shown(session, sku))


async def count(desk: Desk, asked: Counts, actor: Actor) -> dict[str, Any]:
    """Put counts into the ledger, all or none."""
    counts = [Count(one.sku, one.quantity, one.place, one.name) for one in asked.items]
    hand = _hand(actor, asked.reason, desk.clock())
    off = await desk.write(lambda session: counting.count(session, counts, hand))
    rows = zip(counts, off, strict=True)
    return {"items": [{"sku": one.sku, "place": one.place, "quantity": one.quantity, "off": n} for one, n in rows]}


async def carry(desk: Desk, sku: str, asked: Carried, actor: Actor, key: str | None) -> dict[str, Any]:
    """Carry goods from one place to another; the same key again carries nothing more."""
    hand = _hand(actor, asked.reason, desk.clock(), key)

    def carried(session: Session) -> dict[str, Any]:
        counting.carry(session, sku, asked.quantity, asked.source, asked.target, hand)
        return _shown(session, sku)

    return await desk.write(carried)


async def take_in(
    desk: Desk, file: BinaryIO, filename: str, reason: str, dry_run: bool, actor: Actor
) -> dict[str, Any]:
    """Counts from a file; rows that cannot be are named with line and reason, the rest is taken."""
    hand = _hand(actor, reason, desk.clock())
    return await asyncio.to_thread(_taken_in, desk, file, filename, hand, dry_run)


def _taken_in(desk: Desk, file: BinaryIO, filename: str, hand: Hand, dry_run: bool) -> dict[str, Any]:
    rows, refused = read_counts(file, filename)
    done = 0
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        part = Hand(f"{hand.key}:{first}", hand.by, hand.reason, hand.at)
        told = (None,) * len(batch) if dry_run else _written(desk, batch, part)
        done += sum(one is None for one in told)
        refused += [
            {"line": row.line, "sku": row.sku, "reason": why} for row, why in zip(batch, told, strict=True) if why
        ]
    refused.sort(key=lambda one: one["line"])
    counted = {"dry_run": dry_run, "rows": done + len(refused), "counted": done}
    return {**counted, "refused": len(refused), "errors": refused[:MOST_REFUSED]}


def _written(desk: Desk, batch: list[CountRow], hand: Hand) -> tuple[str | None, ...]:
    counts = [Count(row.sku, row.quantity, row.place, row.name) for row in batch]
    with writing(desk.engine) as session:
        return counting.count_each(session, counts, hand)


def _hand(actor: Actor, reason: str, at: datetime, key: str | None = None) -> Hand:
    return Hand(key=key or uuid4().hex, by=actor.id, reason=reason, at=at)


def _shown(session: Session, sku: str) -> dict[str, Any]:
    return {
        **_article(listing.article(session, sku)),
        "reserved_for": [one.model_dump(mode="json") for one in listing.set_aside_for(session, sku)],
        "waiting": [one.model_dump(mode="json") for one in listing.waits_for(session, sku)],
        "moves": [_move(one) for one in listing.moves_of(session, sku)],
    }


def _article(one: Article) -> dict[str, Any]:
    return {**one.model_dump(mode="json"), "on_hand": one.on_hand}


def _move(one: listing.Moved) -> dict[str, Any]:
    document = one.model_dump(mode="json", exclude={"source", "target"})
    return {**document, "from": one.source, "to": one.target}
