"""The end of an exchange in advance: the old goods are judged, and the deposit goes back or is kept (G5, F19)."""

from models.actions import handles
from models.actions.deposits import settle_kept
from models.actions.liability import mind_the_customers_word
from models.actions.payouts import pay
from models.actions.planning import settle
from models.case import Advance
from models.commands import SettleDeposit
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
from models.lifecycle import Action, Role, State, acts_as
from models.remedies import REMEDIES


@handles(Action.SETTLE_DEPOSIT)
def settle_deposit(draft: Draft, data: SettleDeposit) -> None:
    """G5: freight follows the fault that was found (F19), and of the deposit is kept what has a reason.

    Left out, `keep` is what the customer owes by now. More than that needs a reason, and above the playbook's limit a
    manager.
    """
    advance = _unsettled(draft)
    owed = _owed_by_now(draft, data)
    wanted = draft.minor(data.keep, "keep") if data.keep is not None else min(owed, advance.secured)
    _check(draft, data, advance, wanted, owed)
    limit = advance.deposit * draft.case.procedure.reduction_percent_limit // 100
    if wanted - owed > limit and not acts_as(draft.actor.role, Role.MANAGER):
        if draft.case.state is State.RESOLVED:
            raise RuleRefused("So much is kept by a manager only: ask one (G5).")
        draft.facts.above_limit = True
        return
    settle_kept(draft, wanted, min(owed, wanted))
    draft.facts.settles = True
    draft.facts.payouts_open = bool(draft.case.open_payouts)
    draft.told_customer()


def _unsettled(draft: Draft) -> Advance:
    advance = draft.case.advance
    if advance is None or not advance.waits:
        raise RuleRefused("No deposit waits for its end: no new goods have left in advance (G5).")
    return advance


def _check(draft: Draft, data: SettleDeposit, advance: Advance, wanted: int, owed: int) -> None:
    if draft.case.goods != "here" and data.keep is None:
        raise DataRefused.of("keep", "The old goods are not here: say how much of the deposit is kept.")
    if wanted > advance.secured:
        raise DataRefused.of("keep", f"The deposit is {draft.said(advance.secured)}; no more can be kept of it.")
    if wanted > owed and data.reason is None:
        raise DataRefused.of("reason", "What is kept of a deposit needs its reason (G5).")


def _owed_by_now(draft: Draft, data: SettleDeposit) -> int:
    """Settle the exchange anew by what was found: pay the freight that is ours, answer what the customer owes."""
    taken_over = not REMEDIES[draft.case.remedy or "none"].in_advance  # a ruling has settled the goods meanwhile (T21)
    if taken_over or not any(line.verdict for line in draft.case.lines):
        return draft.case.owed
    plan = settle(draft, "exchange", None, draft.case.replacement, [])
    draft.set(plan=plan)
    draft.set_money(customer_owes=max(draft.case.money.customer_owes, plan.customer_owes - draft.case.waived))
    if plan.freight_reimbursement:
        pay(draft, "freight", plan.freight_reimbursement)
        draft.set_money(freight=draft.case.money.freight + plan.freight_reimbursement)
    mind_the_customers_word(draft, data.customer_agrees, draft.case.lines)
    return draft.case.owed
