"""A customer's bank takes a payment back: answered with evidence by the bank's day, and won or lost (T20, T21).

While it lasts the bank has the money. So the order has none of it to give either: it is drawn like a refund that is on
its way, under a payout that only the bank's decision ends, and no case of the order refunds it a second time.
"""

from models.accounting.ledger import paid_outside
from models.actions import handles
from models.actions.invoices import open_invoice
from models.actions.payouts import charge_back, pay, release_payout, settle_payout, take_back, undo_payout
from models.actions.rulings import goods_draws
from models.case import Dispute, Payout
from models.clocks import DISPUTE, met, started
from models.commands import RecordDispute
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
from models.lifecycle import Action
from models.pots import payment_draws
from models.procedure.playbook_parts import ALL_HOURS, ClockRule


@handles(Action.RECORD_DISPUTE)
def record_dispute(draft: Draft, data: RecordDispute) -> None:
    """T21: opened, answered, and won, lost or accepted; an inquiry takes no money yet."""
    known = next((one for one in draft.case.disputes if one.reference == data.reference), None)
    draft.facts.dispute = data.result
    if data.result == "opened":
        _opened(draft, data, known)
    elif known is None:
        raise RuleRefused(f"No dispute '{data.reference}' is known here: record first that it was opened (T21).")
    elif known.state == data.result:
        raise RuleRefused(f"Dispute '{data.reference}' is recorded as {data.result} already.")
    elif data.result == "answered":
        _answered(draft, known)
    else:
        _ended(draft, known, data)
    draft.facts.payouts_open = bool(draft.case.open_payouts)


def _opened(draft: Draft, data: RecordDispute, known: Dispute | None) -> None:
    if data.amount is None:
        raise DataRefused.of("amount", "Say how much the bank takes back.")
    if known is not None and (data.inquiry or not known.inquiry):
        raise RuleRefused(f"Dispute '{data.reference}' is recorded already.")
    amount = draft.minor(data.amount, "amount")
    if amount <= 0:
        raise DataRefused.of("amount", "The bank takes back more than nothing.")
    told = {"inquiry": data.inquiry, "reason": data.reason, "respond_by": data.respond_by, "opened_at": draft.now}
    _put(draft, Dispute(reference=data.reference, amount=amount, **told))
    if not data.inquiry:
        _withheld(draft, data.reference, amount)
    _awaits_our_answer(draft, data)


def _withheld(draft: Draft, reference: str, amount: int) -> None:
    """What is approved and has not left stays here; what the bank has is drawn, as far as the order still had it."""
    take_back(draft, ("refund",))
    order = draft.case.order
    covered = min(amount, order.pots.payable) if order else 0
    if order is None or not covered:
        return
    draws = (*goods_draws(draft.case, order.pots, covered), *payment_draws(order.pots, covered))
    payout = pay(draft, "refund", covered, draws)
    draft.replace_payout(payout.model_copy(update={"state": "sent", "disputed": reference}))
    draft.set_money(refund=draft.case.money.refund + covered)


def _awaits_our_answer(draft: Draft, data: RecordDispute) -> None:
    """The bank's day is a clock of its own, which nothing pauses (T20)."""
    left = round((data.respond_by - draft.now).total_seconds()) if data.respond_by else 0
    by = f" by {data.respond_by:%Y-%m-%d %H:%M %Z}" if data.respond_by else ""
    if left > 0:
        cycle = 1 + sum(clock.clock == DISPUTE for clock in draft.case.clocks)
        rule = ClockRule(clock=DISPUTE, target=left, calendar=ALL_HOURS)
        new = started(rule, cycle, draft.now, apart=True).under(draft.case.procedure.version)
        draft.set(clocks=(*draft.case.clocks, new))
    for to in ("owner", "finance", "manager"):
        draft.tell(to, f"A bank disputes a payment ({data.reference}): answer it with evidence{by} (T21).")


def _answered(draft: Draft, dispute: Dispute) -> None:
    if dispute.state != "opened":
        raise RuleRefused(f"Dispute '{dispute.reference}' is {dispute.state}: there is nothing to answer.")
    _put(draft, dispute.model_copy(update={"state": "answered"}))
    _clock_met(draft)


def _ended(draft: Draft, dispute: Dispute, data: RecordDispute) -> None:
    over = dispute.state in ("won", "lost", "accepted")
    _put(draft, dispute.model_copy(update={"state": data.result}))
    _clock_met(draft)
    if dispute.inquiry or (over and (dispute.state == "won") == (data.result == "won")):
        return
    payout = next((p for p in draft.case.payouts if p.disputed == dispute.reference and not p.undone), None)
    if data.result == "won":
        _won(draft, dispute, payout, over)
    elif over:
        _withheld(draft, dispute.reference, dispute.amount)
        payout = next((p for p in draft.case.open_payouts if p.disputed == dispute.reference), None)
        _lost(draft, dispute, payout)
    else:
        _lost(draft, dispute, payout)


def _lost(draft: Draft, dispute: Dispute, payout: Payout | None) -> None:
    """The bank keeps it: it is the order's refund, and what the order had given back already is a loss."""
    covered = payout.amount if payout else 0
    if payout is not None:
        settle_payout(draft, payout, dispute.reference, paid_outside(covered), draft.actor.id)
        open_invoice(draft, "refund")
    charge_back(draft, dispute.amount - covered, dispute.reference)


def _won(draft: Draft, dispute: Dispute, payout: Payout | None, was_lost: bool) -> None:
    """The money is ours again, and the order's to give."""
    covered = payout.amount if payout else 0
    if payout is not None and payout.state == "done":
        undo_payout(draft, payout, "dispute_won", paid_outside(covered))
    elif payout is not None:
        release_payout(draft, payout)
    if covered:
        draft.set_money(refund=draft.case.money.refund - covered)
    money = draft.case.money
    if was_lost:
        charge_back(draft, -min(dispute.amount - covered, money.charged_back - money.recovered), dispute.reference)
    draft.tell("owner", f"Dispute {dispute.reference} was won: the money is ours again (T21).")


def _put(draft: Draft, dispute: Dispute) -> None:
    others = tuple(one for one in draft.case.disputes if one.reference != dispute.reference)
    draft.set(disputes=(*others, dispute))


def _clock_met(draft: Draft) -> None:
    """Of several disputes at once the clock of the one that ends first is the next to end."""
    running = next((c for c in draft.case.clocks if c.clock == DISPUTE and c.state == "running"), None)
    if running is not None:
        draft.set(clocks=tuple(met(c, draft.now) if c is running else c for c in draft.case.clocks))
