"""Step 4, the remedy: choosing it, quoting, collecting, shipping, repairing, visiting."""

from models.accounting.ledger import chargeback_repaid, payment_received, receivable_paid, replacement_shipped
from models.actions import handles
from models.actions.deposits import capture, goes_in_advance, hold_deposit, take_deposit
from models.actions.diagnosis import divided, split_off, take_in
from models.actions.differences import keep_difference
from models.actions.goods_found import leaves
from models.actions.liability import mind_the_customers_word
from models.actions.payouts import mind_what_was_paid
from models.actions.planning import (
    above_keep_it_limit,
    above_refund_limit,
    choices_of,
    chosen_lines,
    goods_are_missing,
    grant_freight,
    must_be_eligible,
    not_decided_outside,
    plan_remedy,
    set_gates,
    worth_sent,
)
from models.actions.reductions import above_reduction_limit
from models.actions.second_eyes import let_pass_by_actor
from models.actions.shelf import not_on_the_shelf, send_goods
from models.actions.workshop import end_order, plan_quoted
from models.case import Quote, Visit
from models.clocks import APPOINTMENT, cancelled, met, restarted
from models.commands import (
    Appoint,
    ChooseRemedy,
    Dispatch,
    FinishVisit,
    LineQuantity,
    NoData,
    Note,
    NotifyPayment,
    QuoteRepair,
    Reason,
    RecordPayment,
    RefutePayment,
    ShipReplacement,
    Waybill,
)
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
from models.events import Fact
from models.lifecycle import Action, Role, acts_as
from models.playbook import ClockRule
from models.remedies import REMEDIES
from models.stock.following import own_goods_leave


@handles(Action.CHOOSE_REMEDY)
def choose_remedy(draft: Draft, data: ChooseRemedy) -> None:
    """The remedy by fault found and party liable; above the actor's limit it waits for somebody who may."""
    remedy = REMEDIES[data.remedy]
    if remedy.grants:
        must_be_eligible(draft)
    if remedy.pays:
        not_decided_outside(draft.case)
    if remedy.needs_amount and data.amount is None:
        raise DataRefused.of("amount", f"'{data.remedy}' needs an amount.")
    by_manager = acts_as(draft.actor.role, Role.MANAGER)
    in_advance = goes_in_advance(draft.case, data.remedy, data.in_advance)
    early = remedy.after_return and goods_are_missing(draft.case) and not (by_manager or in_advance)
    much = data.remedy == "keep_it" and draft.case.order is not None and above_keep_it_limit(draft, data.amount)
    much = above_reduction_limit(draft, data.remedy, data, data.lines) or much
    percent, net = data.reduction_percent, data.net_receivable
    wanted = (data.remedy, data.amount, data.replacement, data.lines, data.preview_id, percent, net, data.in_advance)
    plan_remedy(draft, *wanted)
    draft.facts.above_limit = early or much or above_refund_limit(draft, draft.case.plan)
    draft.facts.above_limit |= remedy.grants and let_pass_by_actor(draft)
    if data.as_credit:
        _with_consent(data)
        draft.set(as_credit=True)
    grant_freight(draft)
    mind_the_customers_word(draft, data.customer_agrees, chosen_lines(draft.case, data.lines))
    _mind_the_law(draft, data)
    _split_others(draft, data.lines)


def _with_consent(data: ChooseRemedy) -> None:
    """R1: credit is another account than he paid from, and only his if he agrees. Raises RuleRefused."""
    if not data.customer_agrees:
        raise RuleRefused("Store credit instead of money needs the customer's consent: ask him first (K2, R1).")


def _mind_the_law(draft: Draft, data: ChooseRemedy) -> None:
    """The customer's legal choice always wins: another remedy needs his consent, or is told to a supervisor."""
    wanted, choices = draft.case.wanted, choices_of(draft.case, draft.now)
    if wanted not in choices or data.remedy == wanted or data.customer_agrees:
        return
    told = f"The customer asked for '{wanted}' and has a right to it ({draft.case.procedure.law.name})"
    draft.record(Fact.LEGAL_CHOICE, f"{told}; '{data.remedy}' was chosen instead.", {"choices": list(choices)})
    draft.tell("supervisor", f"{told}, and got '{data.remedy}'.")


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
    plan_quoted(draft, data)
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
    end_order(draft, "declined", data.note)
    draft.set(remedy="goods_back", quote=None, plan=None)
    mind_what_was_paid(draft)


@handles(Action.NOTIFY_PAYMENT)
def notify_payment(draft: Draft, data: NotifyPayment) -> None:
    draft.minor(data.amount, "amount")
    draft.set(payment_notified=True)


@handles(Action.REFUTE_PAYMENT)
def refute_payment(draft: Draft, data: RefutePayment) -> None:
    """L12: finance has looked, and it is not there: it is the customer's turn again, and the owner asks him."""
    if not draft.case.payment_notified:
        raise RuleRefused("Nobody has said that it was paid: there is nothing to look for.")
    draft.set(payment_notified=False)
    draft.tell("owner", "The payment that was noted is not there: ask the customer (L12).")


@handles(Action.RECORD_PAYMENT)
def record_payment(draft: Draft, data: RecordPayment) -> None:
    """Part of what is owed leaves the case where it is; all of it opens the road to the remedy."""
    amount = draft.minor(data.amount, "amount")
    if amount <= 0:
        raise DataRefused.of("amount", "A payment is more than zero.")
    _once(draft, data, amount)
    if data.held:
        hold_deposit(draft, amount, data.reference)
    else:
        _came_in(draft, data, amount)
    draft.set(payment_notified=False)
    set_gates(draft)


def _once(draft: Draft, data: RecordPayment, amount: int) -> None:
    """The same payment typed in twice would let goods leave for money that never came. Raises RuleRefused."""
    name = f"{'held' if data.held else data.purpose or 'paid'} {amount} {' '.join(data.reference.split())}"
    if name in draft.case.recorded:
        told = f"{draft.said(amount)} with reference '{data.reference}' are recorded already"
        raise RuleRefused(f"{told}. Another payment of the same amount has a reference of its own.")
    draft.set(recorded=(*draft.case.recorded, name))


def _came_in(draft: Draft, data: RecordPayment, amount: int) -> None:
    """Book a payment: what it is for first, then what he owes, then the deposit; the rest is overpaid, and said so."""
    left = amount
    if data.purpose == "receivable":
        _no_more_than_owed_at_the_end(draft, amount)
        left -= _receivable_paid(draft, amount, data.reference)
    elif data.purpose == "deposit":
        left -= capture(draft, left, data.reference) or take_deposit(draft, left, data.reference)
    draft.facts.comes_in = left < amount
    if data.purpose is not None and left == amount:
        raise RuleRefused(f"No {data.purpose} of this case is to be paid.")
    owed = min(left, draft.case.owed)
    for_deposit = take_deposit(draft, left - owed, data.reference)
    if left - for_deposit:
        draft.set_money(received=draft.case.money.received + left - for_deposit)
        draft.post(payment_received(left - for_deposit), reference=data.reference)
    mind_what_was_paid(draft)


def _no_more_than_owed_at_the_end(draft: Draft, amount: int) -> None:
    """Nothing is given back by a case that is over, so it takes no more than is owed. Raises RuleRefused."""
    owed = draft.case.money.owed_to_us
    if draft.case.is_final and amount > owed:
        told = f"The case is over, and {draft.said(owed)} is owed: record that, or open it again for the rest"
        raise RuleRefused(f"{told} (F24).")


def _receivable_paid(draft: Draft, amount: int, reference: str) -> int:
    """F24, T21: the customer pays back freight, then what he got twice; answers how much of the payment it was."""
    money = draft.case.money
    freight = min(amount, money.receivable)
    if freight:
        draft.set_money(receivable=money.receivable - freight, repaid=money.repaid + freight)
        draft.post(receivable_paid(freight), reference=reference)
    twice = min(amount - freight, money.taken_twice)
    if twice:
        draft.set_money(recovered=money.recovered + twice)
        draft.post(chargeback_repaid(twice), reference=reference)
    if not draft.case.money.owed_to_us:
        draft.set(receivable_waiver=None)  # he paid before anybody decided
    return freight + twice


@handles(Action.REPORT_SHORTAGE)
def report_shortage(draft: Draft, data: Note) -> None:
    """G5: the customer is asked anew, whatever was offered to him before about something else."""
    not_on_the_shelf(draft)
    draft.set(rounds=0, agreed=None)


@handles(Action.STOCK_ARRIVED)
def stock_arrived(draft: Draft, data: Note) -> None:
    """It goes on; what it needs is set aside with the commit, and it waits again where that is not there."""
    draft.set(out_of_stock=False)


@handles(Action.SHIP_REPLACEMENT)
def ship_replacement(draft: Draft, data: ShipReplacement) -> None:
    """Followed until it is delivered (L16); goods that came back and were not taken over by us leave with it."""
    leaves(draft, data)
    draft.post(replacement_shipped(worth_sent(draft)), reference=data.waybill)
    keep_difference(draft)
    if own_goods_leave(draft.case):
        draft.set(goods="returned")
        take_in(draft, ())
    else:
        send_goods(draft)
    if draft.case.advance is not None:
        draft.set(advance=draft.case.advance.model_copy(update={"sent": True, "settled": False}))
    draft.set(waybills=(*draft.case.waybills, data.waybill), sent_waybill=data.waybill, carrier=data.carrier)


@handles(Action.SHIP_BACK)
def ship_back(draft: Draft, data: Waybill) -> None:
    """The customer's own goods leave us."""
    take_in(draft, ())
    draft.set(waybills=(*draft.case.waybills, data.waybill), sent_waybill=data.waybill, carrier=data.carrier)
    draft.set(goods="returned")


@handles(Action.FAIL_REPAIR)
def fail_repair(draft: Draft, data: Reason) -> None:
    """The agent chooses anew, for all of it or for parts; the law counts how often it failed (section 13)."""
    end_order(draft, "failed", data.reason)
    draft.set(failed_repairs=draft.case.failed_repairs + 1)
    draft.set(remedy=None, quote=None, plan=None, executed=False, agreed=None)


@handles(Action.APPOINT)
def appoint(draft: Draft, data: Appoint) -> None:
    """T19: agreed with the customer; the appointment is a clock of its own, met when the technician arrives."""
    left = round((data.at - draft.now).total_seconds())
    if left <= 0:
        raise DataRefused.of("at", "An appointment is for a time to come.")
    draft.set(visit=(draft.case.visit or Visit()).model_copy(update={"at": data.at, "arrived": False}))
    _agree(draft, left)
    draft.told_customer()


def _agree(draft: Draft, left: int) -> None:
    """A new appointment takes the place of one that did not come to pass."""
    clocks = tuple(
        cancelled(c, draft.now) if c.clock == APPOINTMENT and c.state == "running" else c for c in draft.case.clocks
    )
    new = restarted(clocks, ClockRule(clock=APPOINTMENT, target=left), draft.now)
    draft.set(clocks=(*new[:-1], new[-1].under(draft.case.procedure.version)))


@handles(Action.DISPATCH)
def dispatch(draft: Draft, data: Dispatch) -> None:
    """T19: with the likely part, from the nearest outlet."""
    visit = draft.case.visit or Visit()
    draft.set(visit=visit.model_copy(update={"technician": data.technician, "outlet": data.outlet}))


@handles(Action.ARRIVE)
def arrive(draft: Draft, data: Note) -> None:
    draft.set(visit=(draft.case.visit or Visit()).model_copy(update={"arrived": True}))
    _appointment_is_over(draft)


def _appointment_is_over(draft: Draft) -> None:
    """A running appointment is met; none is left behind when the visit ends."""
    over = (c.clock == APPOINTMENT and c.state == "running" for c in draft.case.clocks)
    clocks = zip(draft.case.clocks, over, strict=True)
    draft.set(clocks=tuple(met(clock, draft.now) if is_over else clock for clock, is_over in clocks))


@handles(Action.FINISH_VISIT)
def finish_visit(draft: Draft, data: FinishVisit) -> None:
    """T19: without the customer's consent nothing is taken away."""
    if data.outcome == "taken_away" and not data.signature:
        raise DataRefused.of("signature", "Goods are taken away only with the customer's signature (T19).")
    draft.facts.result = data.outcome
    _appointment_is_over(draft)
    visit = draft.case.visit or Visit()
    again = Visit(level=visit.level + (data.outcome == "not_fixed"))
    draft.set(visit=again if data.outcome in ("not_fixed", "no_access") else visit)
    if data.outcome == "not_fixed":
        _next_level(draft, again.level)
    if data.outcome == "taken_away":
        draft.set(goods="here")


def _next_level(draft: Draft, level: int) -> None:
    """T19: nearest outlet → head office by phone → head office on site, as the playbook's levels say."""
    levels = draft.case.procedure.visit_levels
    if level < len(levels):
        draft.tell("owner", f"Not fixed; next comes: {levels[level]}.")
    else:
        draft.tell("manager", "Not fixed, and nobody is left to send: choose another remedy.", 2)
