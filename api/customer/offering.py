"""What a customer is offered while he asks for something: lines, reasons, remedies with what they come to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from api import opening
from api.customer import words
from api.customer.words import Words, said
from api.documents.requests import PreviewAsk
from api.procedure.proposals import fits
from api.views import money
from models.errors import AftercareError
from models.money import to_minor
from models.orders import Order, OrderLine
from models.playbook import Playbook
from store import orders
from store.customers.visits import Visit
from store.reservations import Claims

if TYPE_CHECKING:
    from api.desk import Desk

#: What is settled beforehand, so that its exact amounts can be shown; all else is agreed with an agent.
_EXACT = frozenset({"refund", "exchange", "repair"})
_PROPOSED = frozenset({"keep_it"})
PAID_BACK = said("这部分已经退过款了", "this has been paid back already")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The procedure that fits the reason: its finer sorts, what helps as evidence, what can be done."""

    kind: str
    names: Words
    subcategories: tuple[dict[str, str], ...]
    subcategory: str | None
    evidence: tuple[dict[str, str], ...]
    remedies: tuple[str, ...]
    goods_come_back: bool
    customer_liable: bool
    keep_it_share: int  # percent of the freight that it saves
    keep_it_exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Something that can be asked for: what it means, what it comes to, or why it is not to be had."""

    remedy: str
    name: Words
    means: Words
    amount: dict[str, str] | None = None
    parts: tuple[tuple[Words, dict[str, str]], ...] = ()
    owes: dict[str, str] | None = None
    freight: Words | None = None
    why_not: Words | None = None


def item(line: OrderLine, claims: Claims) -> dict[str, Any]:
    """A line of the order: how many of it can be asked about, and where the others are."""
    return {
        "line_no": line.line_no,
        "name": line.name or line.sku,
        "quantity": line.quantity,
        "free": max(0, line.quantity - claims.held - claims.refunded),
        "refunded": claims.refunded,
        "cases": list(claims.holders),
    }


def reasons(books: Iterable[Playbook], order: Order) -> list[dict[str, Any]]:
    """Every kind that customers are offered and that this order can have now, in their words.

    Of an order that has arrived the goods come first, of one that has not its parcel.
    """
    offered = [book for book in books if book.asked_as is not None and fits(order, book)]
    has_it = order.arrived_at is not None
    offered.sort(key=lambda book: (_is_about_goods(book) is not has_it, bool(book.procedure.checks) is has_it))
    return [{"kind": book.kind, **book.asked_as.model_dump(include={"zh", "en"})} for book in offered if book.asked_as]


def _is_about_goods(book: Playbook) -> bool:
    return book.procedure.goods_come_back


def chosen(book: Playbook, subcategory: object, order: Order) -> Chosen:
    """What holds for a kind and its finer sort, for this order."""
    key = str(subcategory) if book.subcategory_of(str(subcategory)) else None
    held = opening.book_for(book, key, order, order.channel)
    procedure = held.procedure
    asked = book.asked_as or book.names
    return Chosen(
        kind=book.kind,
        names=asked.model_dump(include={"zh", "en"}),
        subcategories=tuple(sub.model_dump(include={"key", "zh", "en"}) for sub in book.subcategories),
        subcategory=key,
        evidence=tuple(one.model_dump(include={"key", "zh", "en"}) for one in held.evidence),
        remedies=procedure.remedies,
        goods_come_back=procedure.goods_come_back,
        customer_liable=procedure.party_liable == "customer",
        keep_it_share=procedure.keep_it.start_percent,
        keep_it_exact=procedure.keep_it.exact,
    )


async def wish(desk: "Desk", visit: Visit, book: Chosen, remedy: str) -> Wish:
    """What a remedy comes to for the lines of this request."""
    name, means = words.REMEDIES[remedy]
    plain = Wish(remedy=remedy, name=name, means=means)
    if remedy in _PROPOSED and not book.keep_it_exact:
        return replace(plain, amount=await desk.read(lambda session: _proposal(desk, session, visit, book)))
    if remedy not in _EXACT:
        return plain
    lines = [{"line_no": int(no), "quantity": many} for no, many in visit.draft.get("lines", {}).items()]
    about = {"kind": book.kind, "subcategory": book.subcategory}
    try:
        ask = PreviewAsk.model_validate({"lines": lines, "remedy": remedy, **about})
        sums = await desk.preview(visit.order_no, ask)
    except AftercareError:
        return replace(plain, why_not=PAID_BACK)
    return _summed(plain, sums, book)


def _proposal(desk: "Desk", session: Session, visit: Visit, book: Chosen) -> dict[str, str] | None:
    """What an offer to keep the goods starts at: a share of the freight there and back (K2)."""
    order = orders.load(session, visit.order_no)
    rate = desk.playbook_set.freight.normal(opening.zone_of(order), order.currency) if order else None
    minor = 2 * (rate or 0) * book.keep_it_share // 100
    return money(minor, order.currency) if order and minor else None


def _summed(plain: Wish, sums: dict[str, Any], book: Chosen) -> Wish:
    """The wish with its numbers: what comes back, of what, what is owed, and who pays the way back."""
    currency = sums["currency"]

    def amount(name: str) -> dict[str, str] | None:
        minor = to_minor(sums[name], currency)
        return money(minor, currency) if minor else None

    named = (("goods", said("商品", "goods")), ("tax", said("税", "tax")), ("postage", said("运费", "postage")))
    parts = tuple((label, found) for name, label in named if (found := amount(name)))
    owes = amount("customer_owes")
    return replace(plain, amount=amount("refund"), parts=parts, owes=owes, freight=_freight(book))


def _freight(book: Chosen) -> Words | None:
    """Who pays the way back (F1–F10), as long as nothing else is found."""
    if not book.goods_come_back:
        return None
    if book.customer_liable:
        return said("寄回的运费由您承担。", "You pay for sending it back.")
    return said(
        "寄回的运费由我们承担：您先垫付，凭快递凭证退还。",
        "We pay for sending it back: keep the receipt, and we pay you what it says.",
    )
