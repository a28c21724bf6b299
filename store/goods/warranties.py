"""Warranty cards: issued once, looked up by card, serial number or order, and longer by every repair (section 13)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from models.case import Case, Line
from models.errors import Conflict
from models.goods.warranty import Card
from models.tables import cases, warranty_cards, warranty_repairs
from store.accounting.register_columns import Row
from store.documents import put, put_new

_c, _r = warranty_cards.c, warranty_repairs.c


def issue(session: Session, cards: Sequence[Card], by: str, at: datetime, note: str | None = None) -> None:
    """Write cards that are not there yet; one that is stays as it was issued."""
    rows = [_row(card, by, at, note) for card in cards]
    put_new(session, warranty_cards, rows)


def issue_one(session: Session, card: Card, by: str, at: datetime, note: str | None = None) -> Card:
    """Write one card. Raises Conflict for a number that another card has; the same again is the same."""
    issue(session, (card,), by, at, note)
    kept = find(session, card_no=card.card_no)[0]
    if kept.model_copy(update={"repair_seconds": 0}) != card:
        told = f"Card {card.card_no} was issued for {kept.sku}, serial number {kept.serial or 'none'}"
        raise Conflict(f"{told}, from {kept.starts_on}: a card stays as it is, so name another number.")
    return kept


def _row(card: Card, by: str, at: datetime, note: str | None) -> Row:
    told = card.model_dump(exclude={"repair_seconds", "starts_on"})
    return {**told, "starts_on": card.starts_on.isoformat(), "issued_at": at, "issued_by": by, "note": note}


def find(
    session: Session, *, serial: str | None = None, card_no: str | None = None, order_no: str | None = None
) -> tuple[Card, ...]:
    """The cards that agree with all that is named, in the order of their numbers."""
    named = ((_c.serial, serial), (_c.card_no, card_no), (_c.order_no, order_no))
    return _found(session, *(column == value for column, value in named if value is not None))


def of_lines(session: Session, order_no: str, line_nos: Iterable[int]) -> dict[int, tuple[Card, ...]]:
    """The cards of some lines of an order, by line."""
    by_line: dict[int, list[Card]] = defaultdict(list)
    for card in _found(session, _c.order_no == order_no, _c.line_no.in_(list(line_nos))):
        by_line[card.line_no or 0].append(card)
    return {line_no: tuple(cards) for line_no, cards in by_line.items()}


def every(session: Session) -> tuple[Card, ...]:
    """All cards, for the register."""
    return _found(session)


def _found(session: Session, *which: ColumnElement[bool]) -> tuple[Card, ...]:
    added = select(func.coalesce(func.sum(_r.seconds), 0)).where(_r.card_no == _c.card_no).scalar_subquery()
    names = ("card_no", "serial", "sku", "name", "order_no", "line_no", "starts_on", "months")
    found = select(*(_c[name] for name in names), added.label("repair_seconds")).where(*which)
    rows = session.execute(found.order_by(_c.card_no)).mappings()
    return tuple(Card(**{**row, "starts_on": date.fromisoformat(row["starts_on"])}) for row in rows)


# ── time in repair is added ───────────────────────────────────────────────────────────────────────


def note_repairs(session: Session, case: Case) -> None:
    """Section 13: what a case has spent in repair is added to the cards of its goods; said again it adds nothing."""
    if case.order is None or not case.repair_seconds:
        return
    cards = of_lines(session, case.order.order_no, (line.line_no for line in case.lines))
    rows = [
        {"card_no": card.card_no, "case_no": case.case_no, "seconds": case.repair_seconds}
        for line in case.lines
        for card in _of_line(line, cards.get(line.line_no, ()))
    ]
    put(session, warranty_repairs, rows)


def _of_line(line: Line, cards: tuple[Card, ...]) -> tuple[Card, ...]:
    """The cards of the units that the case is about; none where it cannot be told which of several they are."""
    named = tuple(card for card in cards if card.is_named(line.serials))
    return named or (cards if len(cards) <= line.quantity else ())


def rebuild(session: Session) -> None:
    """What repairs have added, anew from the documents of all cases."""
    session.execute(delete(warranty_repairs))
    spent = cases.c.document["repair_seconds"].as_integer() > 0
    for document in session.execute(select(cases.c.document).where(spent)).scalars().all():
        note_repairs(session, Case.model_validate(document))
