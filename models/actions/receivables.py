"""Freight that turns out to be paid without cause is owed by the customer (F24)."""

from models.actions.payouts import GONE
from models.case import Case
from models.draft import Draft
from models.freight import seller_share
from models.money import split


def without_cause(case: Case, party: str, share: int) -> int:
    """What of the freight that was paid is above what this liability gives, and was not netted yet (F11, F19, F24)."""
    paid = sum(payout.amount for payout in case.payouts if payout.purpose == "freight" and payout.state in GONE)
    postage = case.second_order.postage if case.second_order and case.second_order.anew else 0
    percent = seller_share(party, share)
    ours = split(case.advanced_freight + postage, [percent, 100 - percent])[0]
    return max(0, paid - ours - case.money.netted - case.money.repaid)


def mind_receivable(draft: Draft, owed: int, netted: int) -> None:
    """Keep what the customer owes for it, and tell finance where it is more than before and is not netted now."""
    before, left = draft.case.money.receivable, owed - netted
    draft.set_money(receivable=left)
    if left > before:
        told = f"{draft.said(left)} of freight were paid without cause: the customer owes them"
        draft.tell("finance", f"{told}; they are taken off a refund only if he agrees (F24).")
