"""What a platform or bank has decided: it binds us, moves the case and the money, and is never paid again by us (T21).

What was taken from us for goods that we had refunded ourselves is a loss that the customer owes us, until he or the
bank gives it back.
"""

from models.accounting.ledger import paid_outside
from models.actions import handles
from models.actions.deposits import forfeit, settle_kept
from models.actions.invoices import open_invoice
from models.actions.payouts import charge_back, pay, settle_payout, take_back
from models.actions.planning import plan_remedy
from models.case import Case, Ruling
from models.commands import PlatformRuling
from models.draft import Draft
from models.errors import DataRefused, RuleRefused, StateRefused
from models.lifecycle import Action
from models.pots import Draw, Pots, amount_draws, payment_draws


@handles(Action.PLATFORM_RULING)
def platform_ruling(draft: Draft, data: PlatformRuling) -> None:
    """T21: decided outside, shown so, and never paid a second time, also when a platform says it again.

    Only the refund for the same thing is taken back; what was granted beside it is apart and stays (F11, F26).
    """
    said = draft.case.ruling
    if said is not None and (said.ruling, said.reference) == (data.ruling, data.reference):
        raise RuleRefused(f"This ruling is recorded already ({data.ruling}, reference {data.reference}) (T21).")
    if draft.case.is_final and data.ruling != "refunded":
        raise StateRefused("The case is over: open it again to carry the ruling out (T21).")
    draft.facts.ruling = data.ruling
    paid = draft.minor(data.amount, "amount") if data.amount is not None else 0
    draft.set(ruling=Ruling(ruling=data.ruling, reference=data.reference, amount=paid, by=draft.actor.id))
    take_back(draft, ("refund", "freight") if data.ruling == "rejected" else ("refund",))
    draft.set(pending=None, offer=None, plan=None, executed=False)
    draft.set(asked_by=draft.actor.id, authority=draft.actor.role.value)
    draft.set_money(customer_owes=0)
    _RULED[data.ruling](draft, data)


def _to_be_paid(draft: Draft, data: PlatformRuling) -> None:
    """We are to pay it."""
    plan_remedy(draft, "keep_it" if data.amount else "refund", data.amount)
    draft.set(remedy="refund")
    _end_deposit(draft)


def _paid(draft: Draft, data: PlatformRuling) -> None:
    """They have paid it already."""
    amount = draft.minor(data.amount, "amount")
    if amount <= 0:
        raise DataRefused.of("amount", "A paid ruling needs its amount.")
    draft.set(remedy="refund", executed=True)
    covered = refund_outside(draft, amount, data.reference)
    _end_deposit(draft)
    if covered and not draft.case.is_final:
        open_invoice(draft, "refund")
    elif covered and draft.case.order is not None and draft.case.order.has_invoice:
        draft.tell("finance", "The invoice of a case that is over is too high now: open the case again (G9).")


def _goods_decide(draft: Draft, data: PlatformRuling) -> None:
    case = draft.case
    draft.facts.something_open = bool(case.open_payouts or case.invoice_open or case.loaners)
    draft.set(remedy="goods_back" if data.ruling == "rejected" and draft.facts.goods_here else None)


_RULED = {"refund": _to_be_paid, "refunded": _paid, "return": _goods_decide, "rejected": _goods_decide}


def refund_outside(draft: Draft, amount: int, reference: str) -> int:
    """T21: a platform has paid already: booked as a refund as far as the order had the money, so that nothing is paid
    twice for the same goods. What is beyond that was given back before, and is a loss. Answers what was covered."""
    order = draft.case.order
    assert order is not None
    covered = min(amount, order.pots.payable)
    if covered:
        draws = (*goods_draws(draft.case, order.pots, covered), *payment_draws(order.pots, covered))
        payout = pay(draft, "refund", covered, draws)
        draft.set_money(refund=draft.case.money.refund + covered)
        by = draft.case.ruling.by if draft.case.ruling else None
        settle_payout(draft, payout, reference, paid_outside(covered), by)
    charge_back(draft, amount - covered, reference)
    return covered


def goods_draws(case: Case, pots: Pots, amount: int) -> list[Draw]:
    """The amount from the case's lines, as far as they have it; a platform may have paid more than that."""
    draws: list[Draw] = []
    for line in case.lines:
        part = min(amount, sum(pot.left for pot in pots.of_line(line.line_no)))
        amount -= part
        draws += amount_draws(pots, line.line_no, part)
    return draws


def _end_deposit(draft: Draft) -> None:
    """G5: goods that are back end the deposit of an exchange in advance in the same step; for goods that are not it
    is kept, in the books, until somebody settles it."""
    advance = draft.case.advance
    if advance is None or not advance.waits:
        return
    if draft.case.goods == "here":
        keep = min(draft.case.owed, advance.secured)
        settle_kept(draft, keep, keep)
    else:
        forfeit(draft)
