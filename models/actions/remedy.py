"""Step 4, the remedy: choosing it, quoting, collecting, shipping, repairing, visiting."""

from models.actions import handles
from models.actions.diagnosis import divided, split_off
from models.actions.payouts import mind_what_was_paid
from models.actions.planning import (
    above_keep_it_limit,
    above_refund_limit,
    goods_are_missing,
    grant_freight,
    plan_remedy,
    set_gates,
)
from models.case import Quote
from models.commands import (
    Appoint,
    ChooseRemedy,
    Dispatch,
    FinishRepair,
    FinishVisit,
    LineQuantity,
    NoData,
    Note,
    NotifyPayment,
    QuoteRepair,
    Reason,
    RecordPayment,
    Waybill,
)
from models.draft import Draft
from models.errors import DataRefused
from models.lifecycle import Action, Role, acts_as
from models.remedies import REMEDIES


@handles(Action.CHOOSE_REMEDY)
def choose_remedy(draft: Draft, data: ChooseRemedy) -> None:
    """The remedy by fault found and party liable; above the actor's limit it waits for somebody who may."""
    remedy = REMEDIES[data.remedy]
    if remedy.needs_amount and data.amount is None:
        raise DataRefused.of("amount", f"'{data.remedy}' needs an amount.")
    by_manager = acts_as(draft.actor.role, Role.MANAGER)
    early = remedy.after_return and goods_are_missing(draft.case) and not by_manager
    much = data.remedy == "keep_it" and draft.case.order is not None and above_keep_it_limit(draft, data.amount)
    plan_remedy(draft, data.remedy, data.amount, data.replacement, data.lines, data.preview_id)
    draft.facts.above_limit = early or much or above_refund_limit(draft, draft.case.plan)
    grant_freight(draft)
    _split_others(draft, data.lines)


def _split_others(draft: Draft, chosen: list[LineQuantity]) -> None:
    """Lines that the remedy is not for go their own way, in a linked case (handbook, step 4)."""
    if not chosen:
        return
    taken = {line.line_no: line.quantity for line in chosen}
    staying, leaving = divided(draft.case.lines, taken)
    if leaving:
        draft.set(lines=staying)
        split_off(draft, leaving, inspected=draft.case.inspected)


@handles(Action.QUOTE_REPAIR)
def quote_repair(draft: Draft, data: QuoteRepair) -> None:
    """G7: parts + labour + freight, for the customer to accept or decline."""
    freight = draft.minor(data.freight, "freight") if data.freight is not None else _usual_freight(draft)
    parts, labour = draft.minor(data.parts, "parts"), draft.minor(data.labour, "labour")
    draft.set(quote=Quote(parts=parts, labour=labour, freight=freight))
    draft.told_customer()


def _usual_freight(draft: Draft) -> int:
    return draft.case.order.replacement_rate if draft.case.order else 0


@handles(Action.ACCEPT_QUOTE)
def accept_quote(draft: Draft, data: NoData) -> None:
    """F10: what the customer owes is collected before the repair begins."""
    plan_remedy(draft, "repair")


@handles(Action.DECLINE_QUOTE)
def decline_quote(draft: Draft, data: Note) -> None:
    """G7: the goods go back; the diagnosis costs nothing."""
    draft.set(remedy="goods_back", quote=None, plan=None)
    mind_what_was_paid(draft)


@handles(Action.NOTIFY_PAYMENT)
def notify_payment(draft: Draft, data: NotifyPayment) -> None:
    draft.minor(data.amount, "amount")
    draft.set(payment_notified=True)


@handles(Action.RECORD_PAYMENT)
def record_payment(draft: Draft, data: RecordPayment) -> None:
    """Part of what is owed leaves the case where it is; all of it opens the road to the remedy."""
    amount = draft.minor(data.amount, "amount")
    if amount <= 0:
        raise DataRefused.of("amount", "A payment is more than zero.")
    draft.set_money(received=draft.case.money.received + amount)
    draft.set(payment_notified=False)
    mind_what_was_paid(draft)
    set_gates(draft)


@handles(Action.REPORT_SHORTAGE)
def report_shortage(draft: Draft, data: Note) -> None:
    draft.set(out_of_stock=True)


@handles(Action.STOCK_ARRIVED)
def stock_arrived(draft: Draft, data: Note) -> None:
    draft.set(out_of_stock=False)


@handles(Action.SHIP_REPLACEMENT)
def ship_replacement(draft: Draft, data: Waybill) -> None:
    """Followed until it is delivered (L16)."""
    draft.set(waybills=(*draft.case.waybills, data.waybill))


@handles(Action.SHIP_BACK)
def ship_back(draft: Draft, data: Waybill) -> None:
    """The customer's own goods leave us."""
    draft.set(waybills=(*draft.case.waybills, data.waybill), goods="returned")


@handles(Action.FINISH_REPAIR)
def finish_repair(draft: Draft, data: FinishRepair) -> None:
    """Done and tested: the goods go back."""


@handles(Action.FAIL_REPAIR)
def fail_repair(draft: Draft, data: Reason) -> None:
    """The agent chooses anew, for all of it or for parts."""
    draft.set(remedy=None, quote=None, plan=None, executed=False)


@handles(Action.APPOINT)
def appoint(draft: Draft, data: Appoint) -> None:
    draft.told_customer()


@handles(Action.DISPATCH, Action.ARRIVE)
def under_way(draft: Draft, data: Dispatch | Note) -> None:
    """T19: recorded; the visit goes on."""


@handles(Action.FINISH_VISIT)
def finish_visit(draft: Draft, data: FinishVisit) -> None:
    """T19: without the customer's consent nothing is taken away."""
    if data.outcome == "taken_away" and not data.signature:
        raise DataRefused.of("signature", "Goods are taken away only with the customer's signature (T19).")
    draft.facts.result = data.outcome
    if data.outcome == "taken_away":
        draft.set(goods="here")
