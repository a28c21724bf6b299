"""The stock ledger as people read it: what is where, for whom it is set aside, who waits, and what was moved."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, func, or_, select
from sqlalchemy import case as either
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.stock.places import INSIDE
from models.tables import stock_items, stock_moves, stock_places, stock_waits
from store.cursors import after_key, encode

#: Moves of an article that are shown; the register of moves has all of them.
MOVES = 100


class Article(BaseModel):
    """An article: what is in each place, and how much cases wait for."""

    model_config = ConfigDict(frozen=True)

    sku: str
    name: str | None
    counted: bool
    places: dict[str, int]
    awaited: int
    changed_at: datetime

    @property
    def on_hand(self) -> int:
        """On the shelf: free, and set aside."""
        return self.places["sellable"] + self.places["reserved"]


class Aside(BaseModel):
    """Units set aside for a case."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    case_no: str
    quantity: int


class Wait(BaseModel):
    """Units that a case waits for."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    case_no: str
    quantity: int
    since: datetime


class Moved(BaseModel):
    """One move, as it was booked."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    key: str
    sku: str
    source: str
    target: str
    quantity: int
    why: str
    case_no: str | None
    by: str | None
    reason: str | None
    at: datetime


def articles(
    session: Session,
    q: str | None = None,
    awaited: bool = False,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[tuple[Article, ...], str | None]:
    """A page of articles in the order of their names, and the cursor of the next page."""
    found = select(stock_items)
    if q:
        like = f"%{q.casefold()}%"
        found = found.where(or_(func.lower(stock_items.c.sku).like(like), func.lower(stock_items.c.name).like(like)))
    if awaited:
        found = found.where(stock_items.c.sku.in_(select(stock_waits.c.sku)))
    if cursor is not None:
        found = found.where(stock_items.c.sku > after_key(cursor, "stock", stock_items.c.sku))
    page = _articles(session, found.order_by(stock_items.c.sku).limit(limit + 1))
    following = encode("stock", (page[limit - 1].sku,)) if len(page) > limit else None
    return page[:limit], following


def every(session: Session) -> tuple[Article, ...]:
    """All articles, for the register."""
    return _articles(session, select(stock_items).order_by(stock_items.c.sku))


def article(session: Session, sku: str) -> Article:
    """One article. Raises NotFound where the ledger has never heard of it."""
    found = _articles(session, select(stock_items).where(stock_items.c.sku == sku))
    if not found:
        raise NotFound(f"The stock ledger has no article '{sku}': nobody has counted it, and no case has moved it.")
    return found[0]


def _articles(session: Session, found: Select[Any]) -> tuple[Article, ...]:
    rows = session.execute(found).all()
    skus = [row.sku for row in rows]
    places: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(INSIDE, 0))
    here = stock_places.c
    for row in session.execute(select(here.sku, here.place, here.quantity).where(here.sku.in_(skus))):
        places[row.sku][row.place] = row.quantity
    wait = stock_waits.c
    summed = select(wait.sku, func.sum(wait.quantity).label("units")).where(wait.sku.in_(skus)).group_by(wait.sku)
    awaited = {row.sku: int(row.units) for row in session.execute(summed)}
    return tuple(
        Article(
            sku=row.sku,
            name=row.name,
            counted=row.counted,
            places=places[row.sku],
            awaited=awaited.get(row.sku, 0),
            changed_at=row.changed_at,
        )
        for row in rows
    )


def set_aside_for(session: Session, sku: str) -> tuple[Aside, ...]:
    """For which cases units of an article are set aside, by the moves that did it."""
    here = stock_moves.c
    units = func.sum(either((here.target == "reserved", here.quantity), else_=-here.quantity))
    found = (
        select(here.case_no, units.label("quantity"))
        .where(here.sku == sku, or_(here.target == "reserved", here.source == "reserved"))
        .group_by(here.case_no)
        .having(units > 0)
        .order_by(here.case_no)
    )
    return tuple(Aside.model_validate(row) for row in session.execute(found))


def waits_for(session: Session, sku: str) -> tuple[Wait, ...]:
    """Which cases wait for an article, in the order in which they will get it."""
    here = stock_waits.c
    found = select(here.case_no, here.quantity, here.since).where(here.sku == sku).order_by(here.since, here.case_no)
    return tuple(Wait.model_validate(row) for row in session.execute(found))


def moves_of(session: Session, sku: str, limit: int = MOVES) -> tuple[Moved, ...]:
    """The latest moves of an article, the newest first."""
    here = stock_moves.c
    found = select(stock_moves).where(here.sku == sku).order_by(here.at.desc(), here.key.desc()).limit(limit)
    return tuple(Moved.model_validate(row) for row in session.execute(found))


def of_case(session: Session, case_no: str) -> tuple[Moved, ...]:
    """Everything that a case has moved, oldest first."""
    found = select(stock_moves).where(stock_moves.c.case_no == case_no).order_by(stock_moves.c.at, stock_moves.c.key)
    return tuple(Moved.model_validate(row) for row in session.execute(found))
