"""Opening a case: what is claimed against what was bought, and the first state of the case."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from api.documents.requests import OpenCase
from models.accounting.promotions import promotions_of
from models.case import About, Announced, Case, Line, OrderFacts
from models.commands import Actor
from models.decide import opened
from models.effects import Decision
from models.errors import Invalid, PreviewStale
from models.money import to_minor
from models.orders import Order, parcel
from models.playbook import Playbook
from models.pots import Pots
from models.procedure.eligibility import WARRANTY_OVER, Asked, Earlier, Eligible, judge, received_at
from models.time.working_day import leaves_by
from playbooks.loading.load import Playbooks


def claimed_lines(ask: OpenCase, order: Order) -> dict[int, int]:
    """Units per line of the order. Raises Invalid for a line that it has not, or that is named twice."""
    bought = {line.line_no for line in order.lines}
    claimed: dict[int, int] = {}
    for i, line in enumerate(ask.lines):
        if line.line_no not in bought or line.line_no in claimed:
            what = "is named twice" if line.line_no in claimed else f"is not in order {order.order_no}"
            told = f"Line {line.line_no} {what}."
            raise Invalid(told, errors=[{"field": f"lines.{i}.line_no", "message": told}])
        claimed[line.line_no] = line.quantity
    return claimed


def needed(ask: OpenCase, playbook: Playbook) -> None:
    """Raises Invalid when the order or the lines are missing and the playbook needs them."""
    for field, given in (("order_no", ask.order_no), ("lines", ask.lines)):
        if playbook.needs_order and not given:
            told = f"A case of kind '{playbook.kind}' needs '{field}'."
            raise Invalid(told, errors=[{"field": field, "message": told}])


def claimable(order: Order, playbook: Playbook) -> dict[int, int]:
    """F18: units that can be claimed at all: delivered ones, or ordered ones for kinds that live before delivery.

    An order of which nobody told us where its parcels are counts as delivered: its customer has it in hand.
    """
    if playbook.eligibility.before_delivery or arrived(order, playbook):
        return {line.line_no: line.quantity for line in order.lines}
    delivered = Counter[int]()
    for shipment in order.shipments:
        for part in shipment.lines if shipment.delivered_at else ():
            delivered[part.line_no] += part.quantity
    return {line.line_no: min(line.quantity, delivered[line.line_no]) for line in order.lines}


def arrived(order: Order, playbook: Playbook) -> bool:
    """Whether all of the order counts as delivered."""
    told_nothing = not order.shipped_at and not order.shipments
    return order.arrived_at is not None or (told_nothing and not playbook.eligibility.before_delivery)


def judged(
    ask: OpenCase, order: Order | None, playbook: Playbook, playbooks: Playbooks, earlier: Earlier, now: datetime
) -> Eligible:
    """What the playbook's rules say to this request, with all their reasons. It never blocks the opening: what is
    not eligible is written down, shown, and granted only by an override.
    """
    zone = ZoneInfo(playbooks.shop.timezone)
    return judge(asked(ask, order, playbook, playbooks, earlier, now, zone))


def asked(
    ask: OpenCase,
    order: Order | None,
    playbook: Playbook,
    playbooks: Playbooks,
    earlier: Earlier,
    now: datetime,
    zone: ZoneInfo,
) -> Asked:
    """The request as the rules of eligibility read it."""
    return Asked(
        rules=playbook.eligibility,
        order=order,
        lines=claimed_lines(ask, order) if order else {},
        serials={line.line_no: line.serials for line in ask.lines if line.serials},
        at=now,
        zone=zone,
        keep_it=playbook.procedure.keep_it,
        earlier=earlier,
        leaves_by=ought_to_leave(order, playbook, playbooks) if order else None,
    )


def ought_to_leave(order: Order, playbook: Playbook, playbooks: Playbooks) -> datetime | None:
    """L11: when a paid order ought to leave, for kinds that ask; None once it has left."""
    rule = playbook.dispatch
    if rule is None or order.paid_at is None or order.shipped_at or order.delivered_at:
        return None
    return leaves_by(rule, playbooks.calendars[rule.calendar], order.paid_at)


def facts_of(
    order: Order, pots: Pots, claimed: Mapping[int, int], playbook: Playbook, playbooks: Playbooks
) -> OrderFacts:
    """What the case needs to know of its order."""
    rate = playbooks.freight.normal(zone_of(order), order.currency) or 0
    timezone = playbooks.shop.timezone
    dates = [received_at(order, line_no) for line_no in claimed]
    received = max((at for at in dates if at), default=None)
    return OrderFacts(
        order_no=order.order_no,
        currency=order.currency,
        free_shipping=order.free_shipping,
        country=country_of(order),
        channel=order.channel,
        paid=any(pot.paid for pot in pots.payments),
        delivered_at=order.arrived_at,
        timezone=timezone,
        received_on=received.astimezone(ZoneInfo(timezone)).date() if received else None,
        leaves_by=ought_to_leave(order, playbook, playbooks),
        parcel="delivered" if arrived(order, playbook) else parcel(order, claimed),
        pots=pots,
        promotions=promotions_of(order),
        return_rate=rate,
        replacement_rate=rate,
        has_invoice=order.invoice is not None,
        invoice_kind=order.invoice.kind if order.invoice else None,
        carrier=carrier(order, claimed),
    )


def carrier(order: Order, line_nos: Iterable[int]) -> str | None:
    """Who took these lines out, as of the last shipment that carries one of them."""
    wanted = tuple(line_nos)
    carrying = (s for s in reversed(order.shipments) if any(s.carries(line_no) for line_no in wanted))
    return next((shipment.carrier for shipment in carrying if shipment.carrier), None)


def zone_of(order: Order | None) -> str | None:
    """The zone that the order was sent to (F11, T4)."""
    return order.ship_to.zone if order and order.ship_to else None


def country_of(order: Order | None) -> str | None:
    """The customer's country, whose law holds where the playbook knows it (section 13)."""
    return order.customer.country if order and order.customer else None


def book_for(playbook: Playbook, subcategory: str | None, order: Order | None, channel: str | None) -> Playbook:
    """The playbook as it holds for this case: its subcategory, country, channel and zone.

    Raises Invalid for a subcategory that the kind has not.
    """
    if subcategory is not None and playbook.subcategory_of(subcategory) is None:
        known = ", ".join(sub.key for sub in playbook.subcategories) or "none"
        told = f"'{playbook.kind}' has no subcategory '{subcategory}'; there are {known}."
        raise Invalid(told, errors=[{"field": "subcategory", "message": told}])
    book = playbook.for_case(subcategory, country_of(order), order.channel if order else channel)
    return book.model_copy(update={"procedure": book.procedure.in_zone(zone_of(order))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that a new case begins with, besides the request."""

    playbook: Playbook
    order: Order | None
    facts: OrderFacts | None
    eligible: Eligible
    earlier: Earlier


def free_owner(ask: OpenCase, find: Callable[[frozenset[str]], str | None]) -> str | None:
    """Who gets a case without an owner, of those that `find` finds besides the person complained about (T11, T15).

    Raises Invalid where that person was named its owner.
    """
    about = ask.about.person if ask.about else None
    if ask.owner is None:
        return find(frozenset({about} if about else ()))
    if about is not None and about.casefold() == ask.owner.casefold():
        told = f"The complaint is about {about}, who cannot own it: name somebody else (T15)."
        raise Invalid(told, errors=[{"field": "owner", "message": told}])
    return None


def new_case(
    ask: OpenCase, known: Known, actor: Actor, now: datetime, case_no: str, given_to: str | None = None
) -> Decision:
    """The case as it begins, under the number it was given; `given_to` gets it because nobody was named its owner."""
    facts = known.facts
    case = Case(
        case_no=case_no,
        kind=known.playbook.kind,
        procedure=known.playbook.procedure,
        order=facts,
        lines=_lines(ask, known.order),
        wanted=ask.wanted,
        channel=ask.channel,
        severity=ask.severity,
        owner=ask.owner,
        about=About.model_validate(ask.about.model_dump()) if ask.about else None,
        announced=_announced(ask),
        eligible=known.eligible,
        earlier=known.earlier,
        in_warranty=_in_warranty(known.eligible),
        told=bool(ask.description),
        opened_at=now,
        opened_by=actor.id,
        last_moved_at=now,
        last_acted_at=now,
        goods="customer" if facts is None or facts.parcel == "delivered" else "nowhere",
    )
    found = [f"line {r.line_no}: {r.en}" if r.line_no else r.en for r in known.eligible.against]
    return opened(case, actor, now, f"To be looked at: {'; '.join(found)}." if found else None, given_to)


def _lines(ask: OpenCase, order: Order | None) -> tuple[Line, ...]:
    wanted = {line.line_no: line for line in ask.lines} if order else {}
    return tuple(
        Line(
            line_no=line.line_no,
            quantity=wanted[line.line_no].quantity,
            sku=line.sku,
            name=line.name or line.sku,
            category=line.category,
            serials=wanted[line.line_no].serials,
        )
        for line in (order.lines if order else ())
        if line.line_no in wanted
    )


def _announced(ask: OpenCase) -> Announced | None:
    """L12: the transfer that was announced, in its own currency. Raises Invalid for an amount that cannot be."""
    if ask.announced is None:
        return None
    amount = to_minor(ask.announced.amount, ask.announced.currency)
    return Announced(amount=amount, currency=ask.announced.currency, payer=ask.announced.payer)


def _in_warranty(eligible: Eligible) -> bool | None:
    """Whether all of it is under warranty; None where the playbook does not ask, or it cannot be told."""
    if any(reason.rule == WARRANTY_OVER for reason in eligible.reasons):
        return False
    answers = [reason.answer for reason in eligible.reasons if reason.rule == "warranty"]
    return True if answers and set(answers) == {"yes"} else None


def shown_id(eligible: Eligible, holders: Iterable[str]) -> str:
    """The name of what is shown before a case is opened: what the rules say, and the open cases of its units."""
    rules = sorted(f"{one.rule} {one.line_no} {one.answer}" for one in eligible.reasons)
    return sha256("\n".join([eligible.answer, *rules, *holders]).encode()).hexdigest()[:20]


def mind_shown(shown: str | None, eligible: Eligible, holders: tuple[str, ...]) -> None:
    """Raises PreviewStale where there is something to be looked at first, and another thing was shown (F20).

    None is a caller to whom nothing is shown, such as a program.
    """
    nothing_to_see = eligible.answer == "yes" and not holders
    if shown is not None and not nothing_to_see and shown != shown_id(eligible, holders):
        raise PreviewStale("Look at what the rules say and at the open cases of these units first, then open it.")


def request_hash(ask: OpenCase) -> str:
    """The same for the same request, so that one Idempotency-Key stands for one case."""
    return sha256(ask.model_dump_json().encode()).hexdigest()
