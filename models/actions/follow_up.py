"""Callbacks, approvals, and the ways a case ends or begins again."""

from datetime import timedelta
from typing import Any

from models.accounting.settlement import Settlement, settlement_to_document
from models.actions import HANDLERS, handles
from models.actions.claims import ask_no_more
from models.actions.deposits import forfeit, give_deposit_back
from models.actions.payouts import GONE, cancel_payouts, give_back_all, goods_owed
from models.actions.planning import above_refund_limit
from models.actions.request import promises_too_much, put_on_table
from models.actions.second_eyes import let_pass_by_actor, same_person
from models.actions.workshop import end_order
from models.case import Case, Pending
from models.clocks import restarted
from models.commands import (
    Approve,
    CompleteCallback,
    Correct,
    MakeOffer,
    MissCallback,
    Note,
    OfferOption,
    Reason,
    parse_data,
)
from models.draft import Draft
from models.errors import DataRefused, PreviewStale, RoleRefused, RuleRefused, StateRefused
from models.lifecycle import CORRECTABLE, Action, Role, State


@handles(Action.COMPLETE_CALLBACK)
def complete_callback(draft: Draft, data: CompleteCallback) -> None:
    """T5, T7: satisfied closes the case, dissatisfied opens it again one level up."""
    draft.told_customer()
    draft.facts.satisfied = data.satisfied
    told: dict[str, Any] = {"channel": data.channel, "scores": dict(data.scores), "words": data.words}
    draft.note_callback("answered", satisfied=data.satisfied, **told)
    if data.satisfied:
        _nothing_left_open(draft.case)
    else:
        level = draft.case.escalation + 1
        begin_again(draft)
        draft.set(escalation=level)
        draft.tell("supervisor", "A customer is dissatisfied after the remedy.", level)


@handles(Action.MISS_CALLBACK)
def miss_callback(draft: Draft, data: MissCallback) -> None:
    """T5: tried again on another day; after the last try the case closes as unreachable."""
    if draft.case.state is State.REQUESTED:
        _call_missed(draft)
    else:
        _callback_missed(draft, data)


def _callback_missed(draft: Draft, data: MissCallback) -> None:
    if draft.case.procedure.calls is not None and data.channel == "phone":
        _one_more_call(draft)
    misses = draft.case.callback_misses + 1
    draft.set(callback_misses=misses)
    draft.note_callback("tried", number=misses, channel=data.channel, words=data.note)
    draft.facts.tries_left = misses < draft.case.procedure.callback_tries
    if draft.facts.tries_left:
        rule = draft.case.procedure.clocks[State.RESOLVED].for_case(draft.case.priority, draft.case.severity)
        draft.set(clocks=restarted(draft.case.clocks, rule, draft.now))
    else:
        _nothing_left_open(draft.case)
        draft.note_callback("unreachable")


def _call_missed(draft: Draft) -> None:
    """T17: a call before the cause is known; after the last one nobody calls again, and a manager is told."""
    allowed = draft.case.procedure.calls
    if allowed is None:
        raise StateRefused("Callbacks begin when the case is resolved; until then write a note.")
    _one_more_call(draft)
    if draft.case.calls == allowed:
        draft.tell("manager", "The customer could not be reached by phone: write, and decide how to go on.")


def _one_more_call(draft: Draft) -> None:
    """T17: calls are counted, and after the last one there is never another. Raises RuleRefused."""
    allowed = draft.case.procedure.calls or 0
    if draft.case.calls >= allowed:
        raise RuleRefused(f"{allowed} calls were made already, and there are never more (T17): send a message.")
    draft.set(calls=draft.case.calls + 1)


def _nothing_left_open(case: Case) -> None:
    """G8, G9: a case does not close with money, its invoice or a loaner still out."""
    if case.open_payouts:
        raise RuleRefused("A payout is still open: record it as paid first.")
    if case.invoice_open:
        raise RuleRefused("The invoice step is still open: settle the invoice first (G9).")
    if case.advance is not None and (case.advance.waits or case.advance.to_capture):
        raise RuleRefused("The deposit of an exchange in advance is still open: settle it first (G5).")
    if case.loaners:
        raise RuleRefused(f"Loaner {case.loaners[0]} is still out: record its return first (G8).")


@handles(Action.WITHDRAW)
def withdraw(draft: Draft, data: Reason) -> None:
    """Before the goods are in it simply ends; later they go back; once money is sent it is too late (L7)."""
    case = draft.case
    if case.remedy == "refund" and case.order and case.order.parcel in _STOPPED:
        raise RuleRefused("A refund asked for before shipping cannot be taken back; only shipping overrides it (L7).")
    if case.advance is not None and case.advance.waits:
        raise RuleRefused("The new goods have left in advance, and the old ones are still ours to get (G5).")
    cancel_payouts(draft)
    ask_no_more(draft)
    give_deposit_back(draft)
    give_back_all(draft)
    end_order(draft, "declined", data.reason)
    draft.set(offer=None, pending=None)
    if case.goods == "here":
        draft.set(remedy="goods_back")
    elif not draft.facts.payouts_open:
        _nothing_left_open(draft.case)


#: A parcel that was stopped, or is to be: its refund was asked for before shipping (L7).
_STOPPED = ("unprinted", "printed", "gone", "pulled")


@handles(Action.REJECT)
def reject(draft: Draft, data: Reason) -> None:
    _nothing_left_open(draft.case)
    if goods_owed(draft.case) or draft.case.goods == "in_transit":
        raise RuleRefused("The customer's goods are with us or on their way: choose 'goods_back' first.")


@handles(Action.CLOSE)
def close(draft: Draft, data: Reason) -> None:
    """Only with nothing in flight; goods that wait for a payment go back instead."""
    if draft.case.state is State.AWAITING_PAYMENT:
        if draft.case.payment_notified and draft.actor.role is Role.SYSTEM:
            raise RuleRefused("The customer says that it was paid: finance looks for the payment first.")
        cancel_payouts(draft)
        give_deposit_back(draft)
        give_back_all(draft)
        if draft.facts.goods_here:
            draft.set(remedy="goods_back")
        if draft.facts.goods_here or draft.facts.payouts_open:
            return
    if _never_came(draft):
        forfeit(draft)
        draft.facts.never_came = True
        return
    _nothing_left_open(draft.case)
    if goods_owed(draft.case) or draft.case.goods == "in_transit":
        raise RuleRefused("The customer's goods are with us or on their way: they need an end first.")
    if draft.case.state in (State.EXCHANGING, State.DELIVERING, State.INTERCEPTING, State.RECALLING):
        raise RuleRefused("A parcel is under way for this case: wait for its end first.")


def _never_came(draft: Draft) -> bool:
    """G5: whether the time for the old goods of an exchange in advance is over and they are still with the customer."""
    advance, by_itself = draft.case.advance, draft.actor.role is Role.SYSTEM
    waiting = draft.case.state is State.AWAITING_RETURN and draft.case.goods == "customer"
    return by_itself and waiting and advance is not None and advance.waits


@handles(Action.REOPEN)
def reopen(draft: Draft, data: Reason) -> None:
    """Within [30 days]: the customer once and after an automatic close only, agents and managers any time."""
    case = draft.case
    limit = timedelta(days=case.procedure.reopen_days)
    if case.closed_at and draft.now - case.closed_at > limit:
        raise RuleRefused(f"It was closed more than {case.procedure.reopen_days} days ago; open a new case.")
    by_customer = draft.actor.role is Role.CUSTOMER
    if by_customer and (case.reopened_by_customer or case.closed_by != Role.SYSTEM):
        raise RoleRefused("A customer can reopen a case once, after it closed by itself; please write to us instead.")
    draft.set(reopened_by_customer=case.reopened_by_customer + by_customer)
    begin_again(draft)


def begin_again(draft: Draft) -> None:
    """The case starts over from its request; goods that a remedy made ours are not the customer's any more."""
    ours = draft.case.goods == "here" and not goods_owed(draft.case)
    gone = {"goods": "nowhere", "taken_in": ()} if ours else {}
    draft.set(reopened=draft.case.reopened + 1, **gone, **FRESH)
    advance = draft.case.advance
    if advance is not None and not (advance.waits or advance.to_capture):
        draft.set(advance=None)
    draft.set_money(customer_owes=0, received=draft.case.overpaid + draft.case.money.overpayment)


#: What a case forgets when it begins again; its money, its goods and its history stay.
FRESH = {
    "closed_at": None,
    "closed_by": None,
    "remedy": None,
    "replacement": None,
    "plan": None,
    "executed": False,
    "as_credit": False,
    "agreed": None,
    "offer": None,
    "rounds": 0,
    "pending": None,
    "quote": None,
    "came_from": None,
    "inspected": False,
    "out_of_stock": False,
    "short_since": None,
    "payment_notified": False,
    "check": None,
    "checked": (),
    "finding": None,
    "found_until": None,
    "visit": None,
    "at_locker_since": None,
    "at_dock_since": None,
    "way_back": "moving",
    "callback_misses": 0,
}


@handles(Action.APPROVE)
def approve(draft: Draft, data: Approve) -> None:
    """Exactly what was asked is carried out, within the approver's limit; never by the one who asked.

    Where the numbers have changed meanwhile it is refused with the new ones, which `preview_id` can then name (F20).
    """
    pending = _pending(draft)
    if let_pass_by_actor(draft):
        raise RoleRefused("You let this case pass yourself: somebody else has to decide what it gets.")
    draft.set(pending=None)
    if pending.command.action is Action.MAKE_OFFER:
        offer = parse_data(pending.command)
        assert isinstance(offer, MakeOffer)
        options = tuple(offer.options) or (OfferOption(type="keep_it", amount=offer.amount),)
        if any(promises_too_much(draft, option) for option in options):
            raise RuleRefused("It is above your limit too: a director has to approve it.")
        put_on_table(draft, options, pending.came_from, pending.command.actor.id)
        draft.facts.is_offer = True
        return
    draft.facts.is_beside = pending.command.action is Action.COMPENSATE
    data_asked = {name: value for name, value in pending.command.data.items() if name != "preview_id"}
    asked = pending.command.model_copy(update={"data": data_asked})
    draft.asked_by = pending.command.actor.id
    HANDLERS[asked.action](draft, parse_data(asked))
    draft.set(asked_by=pending.command.actor.id)
    if draft.facts.is_beside:
        return
    _as_it_was_shown(draft.case.plan, data.preview_id or pending.preview_id)
    if above_refund_limit(draft, draft.case.plan):
        raise RuleRefused("It is above your limit too: a director has to approve it.")
    draft.facts.above_limit = False


def _as_it_was_shown(plan: Settlement | None, preview_id: str | None) -> None:
    """Raises PreviewStale, with the numbers of now, where others were shown."""
    if plan is not None and preview_id is not None and plan.preview_id != preview_id:
        told = "The numbers have changed since it was asked for: look at the new ones, and approve them by their name"
        raise PreviewStale(f"{told} (F20).", preview=settlement_to_document(plan))


@handles(Action.DENY)
def deny(draft: Draft, data: Note) -> None:
    _pending(draft)
    draft.set(pending=None)
    draft.tell("owner", "What you asked for was not approved.")


def _pending(draft: Draft) -> Pending:
    pending = draft.case.pending
    if pending is None:
        raise RuleRefused("Nothing waits for approval.")
    if same_person(pending.command.actor.id, draft.actor.id):
        raise RoleRefused("Whoever asked for it cannot decide it: somebody else has to.")
    return pending


@handles(Action.CORRECT)
def correct(draft: Draft, data: Correct) -> None:
    """A mistake is set right, as long as nothing has happened that cannot be undone."""
    if data.to_state not in [s.value for s in CORRECTABLE]:
        raise DataRefused.of(
            "to_state", f"A case can be corrected to {', '.join(CORRECTABLE)}, not to '{data.to_state}'."
        )
    shipped = State.DELIVERING in (draft.case.state, draft.case.came_from)
    if any(p.state in GONE for p in draft.case.payouts) or shipped:
        raise RuleRefused("Money or a parcel has left already: that cannot be corrected, only settled.")
    cancel_payouts(draft)
    ask_no_more(draft)
    draft.set(pending=None, offer=None, remedy=None, quote=None, inspected=data.to_state in _JUDGED)
    draft.facts.to_state = data.to_state


_JUDGED = ("inspected", "fault_confirmed", "fault_refuted")
