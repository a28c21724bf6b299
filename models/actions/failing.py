"""What is heard of a payout afterwards: that a bank or provider refuses it, and whoever wants to know asks."""

from models.actions import handles
from models.actions.payouts import charge_back, pay, payout_of, take_back, undo_payout
from models.actions.rulings import refund_outside
from models.case import Payout
from models.commands import AskPayout, BounceRefund, FailRefund
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
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


@handles(Action.BOUNCE_REFUND)
def bounce_refund(draft: Draft, data: BounceRefund) -> None:
    """It had been paid, and the money came back: the books take it back, and a payout of its own waits for another way.

    It has a key of its own, because a provider answers the old one for ever with what became of that.
    """
    payout = next((p for p in draft.case.payouts if p.key == data.payout_id), None)
    if payout is None:
        raise DataRefused.of("payout_id", f"This case has no payout '{data.payout_id}'.")
    if payout.state != "done":
        raise RuleRefused(f"Payout '{payout.key}' is not paid, but '{payout.state}': only what was paid can come back.")
    if payout.to_credit or payout.disputed or (draft.case.ruling and payout.reference == draft.case.ruling.reference):
        raise RuleRefused(f"Payout '{payout.key}' never left us by a bank or provider: it cannot come back.")
    undo_payout(draft, payout, data.code)
    again = pay(draft, payout.purpose, payout.amount, payout.draws, payout.payment_no)
    kept = {name: getattr(payout, name) for name in ("asked_by", "authority", "compensates")}
    draft.replace_payout(again.model_copy(update={**kept, "state": "failed", "failure": data.code}))
    draft.set(remedy=draft.case.remedy or ("refund" if payout.purpose == "refund" else None))
    draft.facts.payouts_open = True
    for to in ("owner", "finance"):
        draft.tell(to, f"A payout came back ({data.code}). {data.note or ''}".strip()[:200])


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
