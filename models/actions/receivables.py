"""Freight that turns out to be paid without cause is owed by the customer, until it is netted, paid or waived (F24)."""

from models.accounting.ledger import chargeback_given_up, receivable_forgiven
from models.actions import handles
from models.actions.payouts import GONE
from models.actions.second_eyes import same_person
from models.case import Case, Waiver
from models.commands import WaiveReceivable
from models.draft import Draft
from models.errors import DataRefused, RoleRefused, RuleRefused
from models.freight import seller_share
from models.lifecycle import Action, Role, acts_as
from models.money import split


def without_cause(case: Case, party: str, share: int) -> int:
    """What of the freight that was paid is above what this liability gives, and was not netted yet (F11, F19, F24)."""
    paid = sum(payout.amount for payout in case.payouts if payout.purpose == "freight" and payout.state in GONE)
    postage = case.second_order.postage if case.second_order and case.second_order.anew else 0
    percent = seller_share(party, share)
    ours = split(case.advanced_freight + postage, [percent, 100 - percent])[0]
    return max(0, paid - ours - case.money.netted - case.money.repaid - case.money.forgiven)


def mind_receivable(draft: Draft, owed: int, netted: int) -> None:
    """Keep what the customer owes for it, and tell finance where it is more than before and is not netted now."""
    before, left = draft.case.money.receivable, owed - netted
    draft.set_money(receivable=left)
    if left > before:
        told = f"{draft.said(left)} of freight were paid without cause: the customer owes them"
        draft.tell("finance", f"{told}; they are taken off a refund only if he agrees (F24).")


@handles(Action.WAIVE_RECEIVABLE)
def waive_receivable(draft: Draft, data: WaiveReceivable) -> None:
    """F24: the first who asks applies; a manager who is somebody else grants it, in part if he says so, or turns it
    down. Two people always, as what is given up is money."""
    asked = draft.case.receivable_waiver
    if asked is None:
        _apply(draft, data)
    elif not acts_as(draft.actor.role, Role.MANAGER):
        raise RuleRefused(f"{draft.said(asked.amount)} were applied for already: a manager decides on it (F24).")
    elif same_person(asked.by, draft.actor.id):
        raise RoleRefused("Whoever applied for it cannot decide on it: somebody else has to (F24).")
    else:
        _decided(draft, data, asked)


def _apply(draft: Draft, data: WaiveReceivable) -> None:
    owed = draft.case.money.owed_to_us
    if owed <= 0:
        raise RuleRefused("The customer owes us nothing that could be waived.")
    if not data.granted:
        raise RuleRefused("Nobody has applied for a waiver: there is nothing to turn down.")
    amount = _part_of(draft, data, owed)
    draft.set(receivable_waiver=Waiver(by=draft.actor.id, amount=amount, reason=data.reason))
    draft.tell("manager", f"{draft.said(amount)} that the customer owes us: let him off?")


def _decided(draft: Draft, data: WaiveReceivable, asked: Waiver) -> None:
    if data.granted and not draft.case.money.owed_to_us:
        raise RuleRefused("The customer owes us nothing any more: turn the application down.")
    if data.granted:
        _let_off(draft, _part_of(draft, data, min(asked.amount, draft.case.money.owed_to_us)))
        draft.tell(asked.by, "What the customer owes us: the waiver was granted.")
    else:
        draft.tell(asked.by, "What the customer owes us: the waiver was turned down.")
    draft.set(receivable_waiver=None)


def _part_of(draft: Draft, data: WaiveReceivable, most: int) -> int:
    """What is meant: all of it, or the amount that is named. Raises DataRefused for more, or for nothing."""
    amount = most if data.amount is None else draft.minor(data.amount, "amount")
    if not 0 < amount <= most:
        raise DataRefused.of("amount", f"Up to {draft.said(most)} can be waived, and more than nothing.")
    return amount


def _let_off(draft: Draft, amount: int) -> None:
    """The freight first, which becomes goodwill; then what he got a second time (T21)."""
    money = draft.case.money
    freight = min(amount, money.receivable)
    if freight:
        draft.set_money(receivable=money.receivable - freight, forgiven=money.forgiven + freight)
        draft.post(receivable_forgiven(freight))
    if amount > freight:
        draft.set_money(given_up=money.given_up + amount - freight)
        draft.post(chargeback_given_up(amount - freight))
