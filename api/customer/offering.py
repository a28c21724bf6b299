"""What a customer is offered while he asks for something: lines, reasons, remedies with what they come to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api import opening
from api.customer import words
from api.customer.words import Words, said
from api.documents.requests import PreviewAsk
from api.procedure.proposals import fits
from api.views import instant, money
from models.business_time import Calendar
from models.errors import AftercareError
from models.freight import reimbursement_cap
from models.goods.tracking import Standing, What
from models.lifecycle import State
from models.money import to_minor
from models.orders import Order, OrderLine, Shipment, parcel
from models.playbook import Playbook
from models.procedure.eligibility import received_at
from models.procedure.playbook_parts import ALL_HOURS, ClockRule
from models.remedies import REMEDIES
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
    questions: tuple[Words, ...]  # what whoever decides would ask him first
    has_left: bool  # whether its goods have left our house
    remedies: tuple[str, ...]
    goods_come_back: bool
    customer_liable: bool
    keep_it_share: int  # percent of the freight that it saves
    keep_it_exact: bool
    freight_factor: int  # so many times the zone's normal freight is given back at most (F11)
    paid_within: int  # seconds from the decision to the payment (T2)
    paid_in_days: int | None  # the same in whole working days, where it is some


@dataclass(frozen=True, slots=True, kw_only=True)
class Freight:
    """Who pays which way of the goods (F1–F10), as long as nothing else is found; `up_to` is F11's limit."""

    back: Literal["ours", "yours"]
    out: Literal["ours", "yours", "quoted"] | None = None
    up_to: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Something that can be asked for: what it means, what it comes to, or why it is not to be had."""

    remedy: str
    name: Words
    means: Words
    amount: dict[str, str] | None = None
    parts: tuple[tuple[Words, dict[str, str]], ...] = ()
    owes: dict[str, str] | None = None
    freight: Freight | None = None
    pays: bool = False
    why_not: Words | None = None


def item(
    line: OrderLine, claims: Claims, cost: dict[str, str] | None, until: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """A line of the order: what it cost, how many of it can be asked about, until when, and where the others are."""
    return {
        "cost": cost,
        "until": list(until),
        "line_no": line.line_no,
        "name": line.name or line.sku,
        "quantity": line.quantity,
        "free": max(0, line.quantity - claims.held - claims.refunded),
        "refunded": claims.refunded,
        "cases": list(claims.holders),
    }


def parcel_of(shipment: Shipment, standing: Standing | None) -> dict[str, Any]:
    """A parcel on its way to him: who carries it, and what was heard of it last."""
    left = shipment.delivered_at or shipment.shipped_at
    told = words.scan(standing.what) if standing else words.SENT if shipment.shipped_at else None
    told = words.scan(What.DELIVERED) if shipment.delivered_at else told
    return {
        "carrier": shipment.carrier,
        "waybill": shipment.waybill,
        "told": told,
        "at": instant(standing.at if standing and not shipment.delivered_at else left) if told else None,
        "place": standing.place or None if standing else None,
    }


def until(
    books: Iterable[Playbook], order: Order, line: OrderLine, zone: ZoneInfo, today: date
) -> list[dict[str, Any]]:
    """Until which day of the shop's this line can be asked about without anybody being at fault (section 13)."""
    at = received_at(order, line.line_no)
    found = []
    for book in books if at is not None else ():
        held = opening.book_for(book, None, order, order.channel)
        days = held.eligibility.days_since_delivery
        if book.asked_as is None or held.procedure.party_liable != "customer" or days is None or at is None:
            continue
        last = at.astimezone(zone).date() + timedelta(days=days)
        found.append({**book.asked_as.model_dump(include={"zh", "en"}), "day": last.isoformat(), "over": today > last})
    return found


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


def chosen(book: Playbook, subcategory: object, order: Order, calendars: Mapping[str, Calendar]) -> Chosen:
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
        questions=tuple(one.model_dump(include={"zh", "en"}) for one in held.questions),
        has_left=parcel(order, [line.line_no for line in order.lines]) not in ("unprinted", "printed"),
        remedies=procedure.remedies,
        goods_come_back=procedure.goods_come_back,
        customer_liable=procedure.party_liable == "customer",
        keep_it_share=procedure.keep_it.start_percent,
        keep_it_exact=procedure.keep_it.exact,
        freight_factor=procedure.return_freight_factor,
        paid_within=procedure.clocks[State.REFUNDING].target,
        paid_in_days=_working_days(procedure.clocks[State.REFUNDING], calendars),
    )


def _working_days(rule: ClockRule, calendars: Mapping[str, Calendar]) -> int | None:
    """A length of time on a team's calendar as its working days."""
    calendar = calendars.get(rule.calendar) if rule.calendar != ALL_HOURS else None
    if calendar is None:
        return None
    days, rest = divmod(rule.target, calendar.working_day_seconds)
    return days if days and not rest else None


async def wish(desk: "Desk", visit: Visit, book: Chosen, remedy: str, quoted: bool = False) -> Wish:
    """What a remedy comes to for the lines of this request; `quoted`: the warranty is over, so a repair costs (F10)."""
    name, means = {**words.REMEDIES, **({} if book.has_left else words.NOT_SENT_YET)}[remedy]
    plain = Wish(remedy=remedy, name=name, means=means, pays=REMEDIES[remedy].pays)
    if remedy in _PROPOSED and not book.keep_it_exact:
        return replace(plain, amount=await desk.read(lambda session: _proposal(desk, session, visit, book)))
    if remedy not in _EXACT:
        return plain
    quoted = REMEDIES[remedy].by_warranty and (quoted or book.customer_liable)
    lines = [{"line_no": int(no), "quantity": many} for no, many in visit.draft.get("lines", {}).items()]
    about = {"kind": book.kind, "subcategory": book.subcategory}
    try:
        ask = PreviewAsk.model_validate({"lines": lines, "remedy": remedy, **about})
        sums = await desk.preview(visit.order_no, ask)
    except AftercareError:
        return replace(plain, why_not=PAID_BACK)
    cap = await desk.read(lambda session: _freight_limit(desk, session, visit, book))
    return _summed(plain, sums, book, quoted, cap)


def _proposal(desk: "Desk", session: Session, visit: Visit, book: Chosen) -> dict[str, str] | None:
    """What an offer to keep the goods starts at: a share of the freight there and back (K2)."""
    order = orders.load(session, visit.order_no)
    minor = 2 * _normal_freight(desk, order) * book.keep_it_share // 100
    return money(minor, order.currency) if order and minor else None


def _freight_limit(desk: "Desk", session: Session, visit: Visit, book: Chosen) -> dict[str, str] | None:
    """The most of what he pays a courier that he gets back without anybody's leave (F11)."""
    order = orders.load(session, visit.order_no)
    minor = reimbursement_cap(_normal_freight(desk, order), book.freight_factor)
    return money(minor, order.currency) if order and minor else None


def _normal_freight(desk: "Desk", order: Order | None) -> int:
    return (desk.playbook_set.freight.normal(opening.zone_of(order), order.currency) or 0) if order else 0


def _summed(plain: Wish, sums: dict[str, Any], book: Chosen, quoted: bool, cap: dict[str, str] | None) -> Wish:
    """The wish with its numbers: what comes back, of what, what is owed, and who pays which way."""
    currency = sums["currency"]

    def amount(name: str) -> dict[str, str] | None:
        minor = to_minor(sums[name], currency)
        return money(minor, currency) if minor else None

    named = (("goods", said("商品", "goods")), ("tax", said("税", "tax")), ("postage", said("运费", "postage")))
    parts = tuple((label, found) for name, label in named if (found := amount(name)))
    # What a repair costs is in its quote, together with the freight (F10): half of it here would mislead.
    owes = None if quoted else amount("customer_owes")
    freight = _freight(plain.remedy, book, owes is not None or sums["rule"] == "F8", quoted, cap)
    return replace(plain, amount=amount("refund"), parts=parts, owes=owes, freight=freight)


def _freight(remedy: str, book: Chosen, owes: bool, quoted: bool, cap: dict[str, str] | None) -> Freight | None:
    """F1–F10 in words: who pays the way back to us, and the way to him where something is sent."""
    if not book.goods_come_back:
        return None
    ours = not (book.customer_liable or quoted)
    out: Literal["ours", "yours", "quoted"] | None = None
    if REMEDIES[remedy].needs_stock:
        out = "quoted" if quoted else "yours" if owes else "ours"
    return Freight(back="ours" if ours else "yours", out=out, up_to=cap if ours else None)
