"""Opening a case: what is claimed against what was bought, and the first state of the case."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from api.schemas import OpenCase
from models.case import Case, Line, OrderFacts
from models.commands import Actor
from models.decide import opened
from models.effects import Decision
from models.errors import Invalid
from models.freight import FreightRates
from models.orders import Order, parcel
from models.playbook import Playbook
from models.pots import Pots


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


def doubts(order: Order, claimed: Mapping[int, int], playbook: Playbook, now: datetime) -> list[str]:
    """Reasons for a human to look: the playbook's eligibility does not hold, and the case is opened all the same."""
    rule = playbook.eligibility
    lines = [line for line in order.lines if line.line_no in claimed]
    found = [f"line {line.line_no} was sold as final" for line in lines if line.final_sale and not rule.final_sale]
    found += [
        f"line {line.line_no} is of the excluded category '{line.category}'"
        for line in lines
        if line.category in rule.excluded_categories
    ]
    at, days = order.arrived_at, rule.days_since_delivery
    if at is not None and days is not None and now > at + timedelta(days=days + 1):
        found.append(f"delivered {(now - at).days} days ago, more than {days}")
    return found


def facts_of(
    order: Order, pots: Pots, claimed: Mapping[int, int], playbook: Playbook, rates: FreightRates
) -> OrderFacts:
    """What the case needs to know of its order."""
    zone = order.ship_to.zone if order.ship_to else None
    rate = rates.normal(zone, order.currency) or 0
    return OrderFacts(
        order_no=order.order_no,
        currency=order.currency,
        free_shipping=order.free_shipping,
        delivered_at=order.arrived_at,
        parcel="delivered" if arrived(order, playbook) else parcel(order, claimed),
        pots=pots,
        return_rate=rate,
        replacement_rate=rate,
        has_invoice=order.invoice is not None,
    )


def new_case(
    ask: OpenCase,
    playbook: Playbook,
    order: Order | None,
    facts: OrderFacts | None,
    actor: Actor,
    now: datetime,
    case_no: str,
) -> Decision:
    """The case as it begins, under the number it was given."""
    claimed = claimed_lines(ask, order) if order else {}
    lines = tuple(
        Line(line_no=line.line_no, quantity=claimed[line.line_no], sku=line.sku, name=line.name or line.sku)
        for line in (order.lines if order else ())
        if line.line_no in claimed
    )
    case = Case(
        case_no=case_no,
        kind=playbook.kind,
        procedure=playbook.procedure,
        order=facts,
        lines=lines,
        wanted=ask.wanted,
        channel=ask.channel,
        severity=ask.severity,
        owner=ask.owner,
        opened_at=now,
        opened_by=actor.id,
        last_moved_at=now,
        last_acted_at=now,
        goods="customer" if facts is None or facts.parcel == "delivered" else "nowhere",
    )
    found = doubts(order, claimed, playbook, now) if order else []
    return opened(case, actor, now, f"To be looked at: {'; '.join(found)}." if found else None)


def request_hash(ask: OpenCase) -> str:
    """The same for the same request, so that one Idempotency-Key stands for one case."""
    return sha256(ask.model_dump_json().encode()).hexdigest()
