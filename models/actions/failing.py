"""What is heard of a payout afterwards: that a bank or provider refuses it, and whoever wants to know asks."""

from models.actions import handles
from models.actions.payouts import charge_back, payout_of, take_back
from models.actions.rulings import refund_outside
from models.case import Payout
from models.commands import AskPayout, FailRefund
from models.draft import Draft
from models.errors import RuleRefused
from models.lifecycle import Action


@handles(Action.FAIL_REFUND)
def fail_refund(draft: Draft, data: FailRefund) -> None:
    """The bank or provider refused it: the money stays reserved, and the case says what is wrong."""
    payout = payout_of(draft, data.payout_id)
    changed = {"state": "failed", "failure": data.code, "gateway": None, "ask_at": None, "only_ask": False, "tries": 0}
    draft.replace_payout(payout.model_copy(update=changed))
    if _paid_outside_meanwhile(draft, payout):
        _not_again(draft, payout)
    for to in ("owner", "finance"):
        draft.tell(to, f"A payout was refused ({data.code}). {data.note or ''}".strip()[:200])


@handles(Action.ASK_PAYOUT)
def ask_payout(draft: Draft, data: AskPayout) -> None:
    """Its provider is asked now instead of later, under the same key; nothing is sent this time, whatever it says."""
    payout = payout_of(draft, data.payout_id)
    if not payout.at_gateway:
        where = "was refused" if payout.state == "failed" else "waits for finance"
        raise RuleRefused(f"No payment provider has payout '{payout.key}', which {where}: there is nobody to ask.")
    if payout.ask_at is not None and payout.ask_at > draft.now:  # else it is on its way there just now
        draft.replace_payout(payout.model_copy(update={"ask_at": draft.now, "only_ask": True}))


def _paid_outside_meanwhile(draft: Draft, payout: Payout) -> bool:
    ruling = draft.case.ruling
    return payout.purpose == "refund" and ruling is not None and ruling.ruling == "refunded"


def _not_again(draft: Draft, payout: Payout) -> None:
    """T21: it was on its way when somebody else paid; it never arrived, so theirs is the refund, and no loss."""
    take_back(draft, ("refund",))
    ruling, money = draft.case.ruling, draft.case.money
    covered = min(payout.amount, money.taken_twice)
    if ruling is not None and covered > 0:
        charge_back(draft, -covered, ruling.reference)
        refund_outside(draft, covered, ruling.reference)
