"""A refund as it would be now: every number with its source, nothing moved (F20)."""

from datetime import datetime
from typing import Any

from api.documents.requests import PreviewAsk
from api.opening import arrived, zone_of
from models.accounting.promotions import promotions_of
from models.accounting.settlement import SettlementAsk, settlement, settlement_to_document
from models.actions.deposits import deposit_of, mind_advance
from models.actions.payouts import take_back
from models.actions.planning import chosen_lines, liable, quoted, settle
from models.case import Case
from models.commands import LineQuantity
from models.draft import Draft
from models.errors import Conflict, Invalid, MoneyRefused, PotExceeded
from models.events import SYSTEM
from models.freight import FreightRates, reimbursement_cap
from models.money import to_minor, to_text
from models.orders import Order, parcel
from models.playbook import Playbook
from models.pots import Pots
from models.remedies.terms import terms_of


def preview(
    order: Order, pots: Pots, rates: FreightRates, ask: PreviewAsk, playbook: Playbook | None = None
) -> dict[str, Any]:
    """The contract's answer to a refund preview, by the playbook of the kind that the ask names, else by the defaults.

    Raises Invalid for amounts and for lines that the order has not, Conflict for more than is left of those it has.
    """
    _check_lines(order, ask)
    try:
        settled = settlement(pots, order.free_shipping, _settlement_ask(order, rates, ask, playbook))
    except PotExceeded as refused:
        raise Conflict(refused.detail, **refused.extra) from None
    except MoneyRefused as refused:
        raise Invalid(refused.detail, errors=[{"field": "(amounts)", "message": refused.detail}]) from None
    return settlement_to_document(settled)


def preview_in_case(case: Case, pots: Pots, ask: PreviewAsk, now: datetime) -> dict[str, Any]:
    """What a case would carry out: settled by its own facts, so that its `choose_remedy` can name it (F20).

    Raises Invalid where the ask says something else than the case knows, and whatever the case would refuse.
    """
    order = case.order
    assert order is not None
    draft = Draft(case.model_copy(update={"order": order.model_copy(update={"pots": pots})}), SYSTEM, now)
    if case.executed:
        take_back(draft, ("refund", "freight"))  # of the plan that this one would replace
    lines = list(ask.lines)
    _agrees(draft.case, ask, lines)
    wanted = (ask.remedy, ask.amount, ask.replacement, lines, ask.reduction_percent, ask.net_receivable)
    document = settlement_to_document(settle(draft, *wanted))
    if not ask.in_advance:
        return document
    mind_advance(draft, ask.remedy, asked=True)
    chosen = tuple((line.line_no, line.quantity) for line in chosen_lines(case, lines))
    return {**document, "deposit": to_text(deposit_of(case, chosen), pots.currency)}


def _agrees(case: Case, ask: PreviewAsk, lines: list[LineQuantity]) -> None:
    """Raises Invalid for a fact that the case has otherwise: it would carry out other numbers than were shown."""
    party = ("customer", 100) if quoted(case, ask.remedy) else liable(case, chosen_lines(case, lines))
    told: dict[str, str] = {"party_liable": ask.party_liable}
    known = {"party_liable": party[0]}
    if ask.return_freight is not None:
        told["return_freight"] = to_text(to_minor(ask.return_freight, case.currency or ""), case.currency or "")
        known["return_freight"] = to_text(case.advanced_freight, case.currency or "")
    for name in told:
        if name in ask.model_fields_set and told[name] != known[name]:
            said = f"case {case.case_no} says {known[name]}; leave it out, or record it in the case"
            raise Invalid(f"{name}: {said}.", errors=[{"field": name, "message": said}])


def _check_lines(order: Order, ask: PreviewAsk) -> None:
    """Raises Invalid for a line that the order has not, that is named twice, or of which it has fewer units."""
    for i, line in enumerate(ask.lines):
        bought = order.line(line.line_no)
        if bought is None:
            raise _wrong_line(f"lines.{i}.line_no", f"Line {line.line_no} is not in order {order.order_no}.")
        if line.line_no in (other.line_no for other in ask.lines[:i]):
            raise _wrong_line(f"lines.{i}.line_no", f"Line {line.line_no} is named twice.")
        if line.quantity > bought.quantity:
            told = f"{line.quantity} units of line {line.line_no} were asked for, of which {bought.quantity} were sold."
            raise _wrong_line(f"lines.{i}.quantity", told)


def _wrong_line(field: str, told: str) -> Invalid:
    return Invalid(told, errors=[{"field": field, "message": told}])


def _settlement_ask(order: Order, rates: FreightRates, ask: PreviewAsk, playbook: Playbook | None) -> SettlementAsk:
    rate = rates.normal(zone_of(order), order.currency) or 0
    terms = terms_of(playbook.procedure if playbook else None)
    return SettlementAsk(
        remedy=ask.remedy,
        lines=tuple((line.line_no, line.quantity) for line in ask.lines),
        party_liable=_party(ask, playbook),
        amount=_minor(ask.amount, order),
        return_freight=_minor(ask.return_freight, order) or 0,
        return_freight_cap=reimbursement_cap(rate, terms.freight_factor),
        replacement_freight=rate if ask.replacement_freight is None else _minor(ask.replacement_freight, order) or 0,
        replacement_price=_replacement_price(ask, order),
        reduction_percent=ask.reduction_percent,
        promotions=promotions_of(order) if terms.claws_back else (),
        refund_postage=terms.refund_postage,
        never_delivered=_never_delivered(order, ask, playbook),
        both_ways=terms.both_ways,
    )


def _party(ask: PreviewAsk, playbook: Playbook | None) -> str:
    """Who is liable: as the ask says, else as the kind assumes until something is found (F19)."""
    if playbook is None or "party_liable" in ask.model_fields_set:
        return ask.party_liable
    return playbook.procedure.party_liable


def _never_delivered(order: Order, ask: PreviewAsk, playbook: Playbook | None) -> bool:
    told_nothing = not (order.shipped_at or order.shipments or order.delivered_at)
    if arrived(order, playbook) if playbook else told_nothing:
        return False
    return parcel(order, [line.line_no for line in ask.lines]) in ("unprinted", "printed")


def _replacement_price(ask: PreviewAsk, order: Order) -> int | None:
    if ask.replacement is None or ask.replacement.unit_price is None:
        return None
    return (_minor(ask.replacement.unit_price, order) or 0) * ask.replacement.quantity


def _minor(amount: str | None, order: Order) -> int | None:
    return None if amount is None else to_minor(amount, order.currency)
