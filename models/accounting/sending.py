"""Payouts that a provider carries out: given to it once, and asked about until what became of them is known.

A payout is marked as sent before anything leaves the house, so that nobody takes it back meanwhile. An answer that was
lost is a state of its own: it is asked for under the same key, and after three tries a human sees it too.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from models.accounting.payments import Answer, PayoutResult
from models.case import Case, Payout
from models.commands import Command
from models.decide import decide
from models.draft import Draft
from models.effects import Decision, Routed
from models.errors import AftercareError
from models.events import SYSTEM, Fact
from models.lifecycle import Action

#: How long after each answer that ended nothing a payout is asked about again; then every six hours.
ASK_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
THEN_EVERY = timedelta(hours=6)
#: So many lost answers, and a human sees it with what is known.
TRIES_ALONE = 3


def sent(case: Case, routed: Iterable[Routed], now: datetime) -> Decision:
    """These payouts go to their gateways now; from here on they may have left the house."""
    ways = {one.payout_id: one.gateway for one in routed}
    going = [p for p in case.payouts if p.key in ways and p.state == "approved" and p.gateway is None]
    if not going:
        return Decision(case=case, repeated=True)
    draft = Draft(case, SYSTEM, now)
    for payout in going:
        gateway = ways[payout.key]
        draft.replace_payout(payout.model_copy(update={"state": "sent", "gateway": gateway, "ask_at": now}))
        draft.record(Fact.PAYOUT_SENT, None, {"payout": payout.key, "gateway": gateway})
    return draft.done()


def due_payouts(case: Case, now: datetime) -> tuple[Payout, ...]:
    """The payouts at a gateway whose time to be sent, or asked about, has come."""
    return tuple(p for p in case.payouts if p.at_gateway and p.ask_at is not None and p.ask_at <= now)


def answered(case: Case, result: PayoutResult, now: datetime) -> Decision:
    """What a gateway said: paid, refused, under way, or nothing that could be understood."""
    payout = next((p for p in case.payouts if p.key == result.payout_id and p.at_gateway), None)
    if payout is None:
        return Decision(case=case, repeated=True)
    answer = result.answer
    if answer.never_arrived:  # it was only asked about; what sends it is its next turn, under the same key
        answer = answer.model_copy(update={"state": "unknown", "refused_for": None})
    if answer.state == "done":
        data = {"payout_id": payout.key, "reference": answer.reference}
        return _told(case, payout, Action.RECORD_REFUND, data, now)
    if answer.state == "refused":
        words = answer.words.en if answer.words else None
        refusal = {"payout_id": payout.key, "code": answer.failure, **({"note": words} if words else {})}
        return _told(case, payout, Action.FAIL_REFUND, refusal, now)
    return _asked_again(case, payout, answer, now)


def _told(case: Case, payout: Payout, action: Action, data: dict[str, str | None], now: datetime) -> Decision:
    """The same as if finance had said so. What the case cannot take, it asks for again later, and shows to people."""
    try:
        return decide(case, Command(action=action, actor=SYSTEM, data=data), now)
    except AftercareError as refused:
        answer = Answer(state="unknown", code="not_recorded", message=refused.detail[:300])
        return _asked_again(case, payout, answer, now)


def _asked_again(case: Case, payout: Payout, answer: Answer, now: datetime) -> Decision:
    """Under way: nothing is wrong. Unknown: a state of its own, never sent again blindly."""
    tries, lost = payout.tries + (not payout.only_ask), answer.state == "unknown"
    wait = ASK_AFTER[max(tries, 1) - 1] if tries <= len(ASK_AFTER) else THEN_EVERY
    draft = Draft(case, SYSTEM, now)
    changed = {"state": "unknown" if lost else "sent", "tries": tries, "ask_at": now + wait, "only_ask": False}
    draft.replace_payout(payout.model_copy(update={**changed, "failure": answer.code if lost else None}))
    if lost:
        _say_lost(draft, payout, answer, tries)
    return draft.done()


def _say_lost(draft: Draft, payout: Payout, answer: Answer, tries: int) -> None:
    words = answer.words.en if answer.words else "No answer came."
    data = {"payout": payout.key, "gateway": payout.gateway, "code": answer.code, "tries": tries}
    draft.record(Fact.PAYOUT_UNKNOWN, words, data)
    if tries == TRIES_ALONE and not payout.only_ask:
        for to in ("finance", "owner"):
            draft.tell(to, f"Nobody knows whether payout {payout.key} was paid: {words}"[:200])
