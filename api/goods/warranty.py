"""Warranty cards as people use them: issued when devices are delivered or by hand, and looked up (section 13, F10)."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api import opening
from api.documents.warranty import CardAsk
from models.commands import Actor
from models.errors import Invalid
from models.goods.warranty import Card
from models.orders import Order
from models.procedure.eligibility import received_at
from models.procedure.playbook_parts import Warranty
from playbooks.loading.load import Playbooks
from store import orders
from store.goods import warranties

if TYPE_CHECKING:
    from api.desk import Desk

#: Who issues a card that nobody wrote.
BY_ITSELF = "aftercare"


def issued(session: Session, sold: Iterable[Order], playbooks: Playbooks, now: datetime) -> None:
    """A card for every device with a serial number, from the day of its delivery on; each once."""
    cards = [card for order in sold if any(line.serials for line in order.lines) for card in _cards(order, playbooks)]
    warranties.issue(session, cards, BY_ITSELF, now)


def _cards(order: Order, playbooks: Playbooks) -> Iterable[Card]:
    terms = _terms(order, playbooks)
    for line in order.lines if terms else ():
        received = received_at(order, line.line_no)
        if received is None or terms is None:
            continue
        begins = received.astimezone(ZoneInfo(playbooks.shop.timezone)).date()
        months = terms.by_category.get(line.category or "", terms.months)
        for serial in line.serials:
            yield Card(
                card_no=f"W-{order.order_no}-{line.line_no}-{serial}",
                serial=serial,
                sku=line.sku,
                name=line.name,
                order_no=order.order_no,
                line_no=line.line_no,
                starts_on=begins,
                months=months,
            )


def _terms(order: Order, playbooks: Playbooks) -> Warranty | None:
    """How long the shop's devices are under warranty, by the playbook that goes by serial numbers, in this country."""
    for playbook in playbooks.kinds.values():
        terms = playbook.eligibility.warranty
        if terms is not None and terms.serial:
            return opening.book_for(playbook, None, order, order.channel).eligibility.warranty
    return None


async def look_up(desk: "Desk", serial: str | None, card_no: str | None, order_no: str | None) -> dict[str, Any]:
    """The cards that agree with all that is named. Raises Invalid when nothing is."""
    if serial is None and card_no is None and order_no is None:
        told = "Name a serial number, a card or an order."
        raise Invalid(told, errors=[{"field": "serial", "message": told}])
    named = {"serial": serial, "card_no": card_no, "order_no": order_no}
    found = await desk.read(lambda session: warranties.find(session, **named))
    return {"items": [_document(desk, card) for card in found], "next_cursor": None}


async def issue(desk: "Desk", asked: CardAsk, actor: Actor) -> dict[str, Any]:
    """A card by hand, such as a paper one's number, or for a new device given in an exchange.

    Raises NotFound for an order that is not here, Invalid for a line that it has not, Conflict for a number that is
    another card's.
    """
    card = Card(**asked.model_dump(exclude={"note"}))
    now = desk.clock()

    def written(session: Session) -> Card:
        _check(session, asked)
        return warranties.issue_one(session, card, actor.id, now, asked.note)

    return _document(desk, await desk.write(written))


def _check(session: Session, asked: CardAsk) -> None:
    if asked.order_no is None:
        return
    order = orders.load(session, asked.order_no)
    if order is None or (asked.line_no is not None and order.line(asked.line_no) is None):
        field = "order_no" if order is None else "line_no"
        told = f"There is no order {asked.order_no}" if order is None else f"It has no line {asked.line_no}"
        raise Invalid(f"{told}.", errors=[{"field": field, "message": f"{told}."}])


def _document(desk: "Desk", card: Card) -> dict[str, Any]:
    today = desk.clock().astimezone(ZoneInfo(desk.playbook_set.shop.timezone)).date()
    told = card.model_dump(mode="json", exclude={"repair_seconds"})
    return {
        **told,
        "repaired_days": card.repaired_days,
        "until": card.until.isoformat(),
        "in_warranty": today <= card.until,
    }
