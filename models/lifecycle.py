"""The life of a case as one table: states, who is awaited, actions, roles, arrows and their guards.

Everything that may happen to a case is a row here; the picture in the docs, the API's list of actions and the
refusals all come from these rows. It is the only file that imports ``transitions``: the machine is built once,
shared by every case and never attached to one, because a machine per case costs memory and time in a workflow.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from transitions import EventData, Machine, MachineError

from models.errors import StateRefused

# The library logs every callback, and a workflow that replays would log them all again.
logging.getLogger("transitions").setLevel(logging.WARNING)


class Stage(StrEnum):
    """The chapter of a case's life that a state belongs to."""

    REQUEST = "request"
    GOODS = "goods"
    DIAGNOSIS = "diagnosis"
    REMEDY = "remedy"
    FOLLOW_UP = "follow_up"
    DONE = "done"


class State(StrEnum):
    """Where a case stands; the value is the name in the contract."""

    REQUESTED = "requested"
    AWAITING_EVIDENCE = "awaiting_evidence"
    INVESTIGATING = "investigating"
    OFFERED = "offered"
    AWAITING_APPROVAL = "awaiting_approval"
    INTERCEPTING = "intercepting"
    RECALLING = "recalling"
    AWAITING_RETURN = "awaiting_return"
    RETURN_IN_TRANSIT = "return_in_transit"
    RECEIVED = "received"
    EXTERNAL_DIAGNOSIS = "external_diagnosis"
    INSPECTED = "inspected"
    FAULT_CONFIRMED = "fault_confirmed"
    FAULT_REFUTED = "fault_refuted"
    QUOTED = "quoted"
    AWAITING_PAYMENT = "awaiting_payment"
    AWAITING_STOCK = "awaiting_stock"
    REFUNDING = "refunding"
    EXCHANGING = "exchanging"
    REPAIRING = "repairing"
    VISITING = "visiting"
    RETURNING_GOODS = "returning_goods"
    DELIVERING = "delivering"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Role(StrEnum):
    """Who acts."""

    CUSTOMER = "customer"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    DIRECTOR = "director"
    WAREHOUSE = "warehouse"
    WORKSHOP = "workshop"
    TECHNICIAN = "technician"
    EXPERT = "expert"
    FINANCE = "finance"
    COURIER = "courier"
    PLATFORM = "platform"
    SYSTEM = "system"


class Action(StrEnum):
    """What can be asked of a case; the value is the name in the contract."""

    # request
    REQUEST_EVIDENCE = "request_evidence"
    SUBMIT_EVIDENCE = "submit_evidence"
    INVESTIGATE = "investigate"
    REPORT_FINDING = "report_finding"
    MAKE_OFFER = "make_offer"
    ACCEPT_OFFER = "accept_offer"
    DECLINE_OFFER = "decline_offer"
    ANSWER = "answer"
    # goods
    AUTHORISE_RETURN = "authorise_return"
    SHIP_RETURN = "ship_return"
    BOOK_IN = "book_in"
    REPORT_INTERCEPTION = "report_interception"
    RECORD_DELIVERY = "record_delivery"
    # diagnosis
    CONFIRM_FAULT = "confirm_fault"
    REFUTE_FAULT = "refute_fault"
    PASS_INSPECTION = "pass_inspection"
    SEND_TO_EXPERT = "send_to_expert"
    # remedy
    CHOOSE_REMEDY = "choose_remedy"
    QUOTE_REPAIR = "quote_repair"
    ACCEPT_QUOTE = "accept_quote"
    DECLINE_QUOTE = "decline_quote"
    NOTIFY_PAYMENT = "notify_payment"
    REFUTE_PAYMENT = "refute_payment"
    RECORD_PAYMENT = "record_payment"
    PROVIDE_ACCOUNT = "provide_account"
    RECORD_REFUND = "record_refund"
    REPORT_SHORTAGE = "report_shortage"
    STOCK_ARRIVED = "stock_arrived"
    CHECK_REPLACEMENT = "check_replacement"
    SHIP_REPLACEMENT = "ship_replacement"
    SHIP_BACK = "ship_back"
    SETTLE_DEPOSIT = "settle_deposit"
    FINISH_REPAIR = "finish_repair"
    FAIL_REPAIR = "fail_repair"
    APPOINT = "appoint"
    DISPATCH = "dispatch"
    ARRIVE = "arrive"
    FINISH_VISIT = "finish_visit"
    # follow-up and ends
    COMPLETE_CALLBACK = "complete_callback"
    MISS_CALLBACK = "miss_callback"
    WITHDRAW = "withdraw"
    REJECT = "reject"
    CLOSE = "close"
    REOPEN = "reopen"
    APPROVE = "approve"
    DENY = "deny"
    PLATFORM_RULING = "platform_ruling"
    CORRECT = "correct"
    # beside the road: the state stays
    TAKE = "take"
    ASSIGN = "assign"
    NOTE = "note"
    MESSAGE = "message"
    CUSTOMER_MESSAGE = "customer_message"
    SET_PRIORITY = "set_priority"
    SET_SEVERITY = "set_severity"
    CHANGE_KIND = "change_kind"
    ADD_ISSUE = "add_issue"
    SPLIT = "split"
    LINK = "link"
    SNOOZE = "snooze"
    ESCALATE = "escalate"
    ACKNOWLEDGE = "acknowledge"
    PROMISE = "promise"
    KEEP_PROMISE = "keep_promise"
    CONTAIN = "contain"
    PLACE_HOLD = "place_hold"
    LIFT_HOLD = "lift_hold"
    WAIVE_FREIGHT = "waive_freight"
    WAIVE_RECEIVABLE = "waive_receivable"
    COMPENSATE = "compensate"
    UPDATE_CONTACT = "update_contact"
    ATTACH = "attach"
    OPEN_CLAIM = "open_claim"
    SETTLE_CLAIM = "settle_claim"
    LEND_LOANER = "lend_loaner"
    RETURN_LOANER = "return_loaner"
    PLAN_REPAIR = "plan_repair"
    SETTLE_INVOICE = "settle_invoice"
    RETRY = "retry"
    FAIL_REFUND = "fail_refund"
    ASK_PAYOUT = "ask_payout"
    BOUNCE_REFUND = "bounce_refund"
    RECORD_DISPUTE = "record_dispute"
    CONFIRM_ACCOUNT = "confirm_account"
    GIVE_BACK = "give_back"
    OVERRIDE_ELIGIBILITY = "override_eligibility"
    REBASE_PLAYBOOK = "rebase_playbook"
    EXTEND = "extend"
    REMIND = "remind"
    REBASE_CALENDAR = "rebase_calendar"


S, A, R = State, Action, Role

STAGE: dict[State, Stage] = {
    **dict.fromkeys((S.REQUESTED, S.AWAITING_EVIDENCE, S.INVESTIGATING, S.OFFERED), Stage.REQUEST),
    S.AWAITING_APPROVAL: Stage.REQUEST,  # only when it came from nowhere else: stage_of() keeps the old one
    **dict.fromkeys((S.INTERCEPTING, S.RECALLING, S.AWAITING_RETURN, S.RETURN_IN_TRANSIT), Stage.GOODS),
    **dict.fromkeys((S.RECEIVED, S.EXTERNAL_DIAGNOSIS, S.INSPECTED), Stage.DIAGNOSIS),
    **dict.fromkeys((S.FAULT_CONFIRMED, S.FAULT_REFUTED), Stage.DIAGNOSIS),
    **dict.fromkeys((S.QUOTED, S.AWAITING_PAYMENT, S.AWAITING_STOCK, S.REFUNDING, S.EXCHANGING), Stage.REMEDY),
    **dict.fromkeys((S.REPAIRING, S.VISITING, S.RETURNING_GOODS, S.DELIVERING), Stage.REMEDY),
    S.RESOLVED: Stage.FOLLOW_UP,
    **dict.fromkeys((S.CLOSED, S.REJECTED, S.WITHDRAWN), Stage.DONE),
}

WAITS_FOR: dict[State, str] = {
    S.REQUESTED: "agent",
    S.AWAITING_EVIDENCE: "customer",
    S.INVESTIGATING: "warehouse",  # or whom the check names: waiting_for() of the case says
    S.OFFERED: "customer",
    S.AWAITING_APPROVAL: "manager",
    S.INTERCEPTING: "warehouse",
    S.RECALLING: "courier",
    S.AWAITING_RETURN: "customer",
    S.RETURN_IN_TRANSIT: "courier",
    S.RECEIVED: "warehouse",
    S.EXTERNAL_DIAGNOSIS: "expert",
    S.INSPECTED: "agent",
    S.FAULT_CONFIRMED: "agent",
    S.FAULT_REFUTED: "agent",
    S.QUOTED: "customer",
    S.AWAITING_PAYMENT: "customer",  # finance once the customer says that it was paid
    S.AWAITING_STOCK: "warehouse",
    S.REFUNDING: "finance",  # the customer while an account is missing
    S.EXCHANGING: "warehouse",
    S.REPAIRING: "workshop",
    S.VISITING: "technician",
    S.RETURNING_GOODS: "warehouse",
    S.DELIVERING: "courier",
    S.RESOLVED: "agent",
    S.CLOSED: "nobody",
    S.REJECTED: "nobody",
    S.WITHDRAWN: "nobody",
}

FINAL: frozenset[State] = frozenset(s for s in State if STAGE[s] is Stage.DONE)
OPEN: tuple[State, ...] = tuple(s for s in State if s not in FINAL)
DIAGNOSED = (S.INSPECTED, S.FAULT_CONFIRMED, S.FAULT_REFUTED)
BEFORE_GOODS = (S.REQUESTED, S.AWAITING_EVIDENCE, S.INVESTIGATING, S.OFFERED)
#: States to which `correct` may set a case back: those that need nothing from outside to be true.
CORRECTABLE = (S.REQUESTED, S.INVESTIGATING, S.AWAITING_RETURN, S.RECEIVED, *DIAGNOSED, S.RESOLVED)
#: Where an offer can be made, or a compensation asked for that is above its actor's limit.
ASKING = (S.REQUESTED, S.INVESTIGATING, *DIAGNOSED, S.AWAITING_STOCK)
#: Where a remedy, an offer or an approval can have come from, and so can go back to.
CROSSROADS = (S.REQUESTED, S.INVESTIGATING, *DIAGNOSED, S.AWAITING_STOCK, S.OFFERED, S.QUOTED)


@dataclass(slots=True)
class Facts:
    """The plain facts that guards read: from the case, its order and its playbook, never from a kind."""

    state: State
    came_from: State | None = None
    remedy: str | None = None
    above_limit: bool = False  # the money or the step is more than the actor may decide alone
    is_offer: bool = False  # what waits for approval is an offer, not a remedy
    is_beside: bool = False  # what waits for approval leaves the case where it came from
    goods_must_come: bool = False  # the playbook wants the goods back and they are not here
    goods_here: bool = False
    goods_owed: bool = False  # they are here and no remedy made them ours: they have to go back
    inspected: bool = False
    official_report: bool = False
    must_intercept: bool = False  # label printed, parcel still in our house
    must_recall: bool = False  # parcel on its way out
    owes: bool = False  # the customer has to pay something before we go on (F12, G6)
    out_of_stock: bool = False
    payouts_open: bool = False
    old_goods: str | None = None  # of an exchange in advance whose new goods have left: where the old ones are (G5)
    settles: bool = False  # the deposit's end is decided
    never_came: bool = False  # the old goods of an exchange in advance did not come in time
    comes_in: bool = False  # money that came in beside the road (F24)
    final_answer: bool = False
    satisfied: bool = False
    tries_left: bool = False
    result: str | None = None  # of an interception, a delivery, a visit
    ruling: str | None = None
    something_open: bool = False  # money, an invoice or a loaner, without whose end a case does not close (G8, G9)
    to_state: str | None = None
    dispute: str | None = None  # what a bank's dispute came to
    opened_again: bool = False  # by this very step, which came after the end


Guard = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Arrow:
    """One row of the table: `action` leads from any of `sources` to `target` (None = it stays) if `guard` holds."""

    action: Action
    sources: tuple[State, ...]
    target: State | None
    guard: Guard | None = None
    label: str = ""
    needs: str | None = None  # the field of the data without which this arrow is not there


def above_limit(f: Facts) -> bool:
    return f.above_limit


def settled_and_paying(f: Facts) -> bool:
    return f.settles and f.payouts_open


def settled(f: Facts) -> bool:
    return f.settles


def never_came(f: Facts) -> bool:
    return f.never_came


def comes_in(f: Facts) -> bool:
    return f.comes_in


@cache
def old_goods_after(where: str, *results: str) -> Guard:
    def guard(f: Facts) -> bool:
        return f.old_goods == where and f.result in results

    guard.__name__ = f"{' or '.join(results)} in advance, old goods {where}"
    return guard


def not_taken_in_advance(f: Facts) -> bool:
    return f.old_goods is not None and f.result == "refused"


def rejected_with_deposit(f: Facts) -> bool:
    return f.ruling == "rejected" and f.old_goods is not None


def offer_above_limit(f: Facts) -> bool:
    return f.above_limit and f.is_offer


def approved_offer(f: Facts) -> bool:
    return f.is_offer


def goods_must_come(f: Facts) -> bool:
    return f.goods_must_come


def must_intercept(f: Facts) -> bool:
    return f.must_intercept


def must_recall(f: Facts) -> bool:
    return f.must_recall


def owes(f: Facts) -> bool:
    return f.owes


def out_of_stock(f: Facts) -> bool:
    return f.out_of_stock


def goods_here(f: Facts) -> bool:
    return f.goods_here


def goods_elsewhere(f: Facts) -> bool:
    return not f.goods_here


def paid_and_goods_owed(f: Facts) -> bool:
    return f.goods_owed and not f.payouts_open


def not_inspected(f: Facts) -> bool:
    return not f.inspected


def official_report(f: Facts) -> bool:
    return f.official_report


def payouts_open(f: Facts) -> bool:
    return f.payouts_open


def came_after_the_end(f: Facts) -> bool:
    return f.opened_again


def final_answer(f: Facts) -> bool:
    return f.final_answer


def satisfied(f: Facts) -> bool:
    return f.satisfied


def tries_left(f: Facts) -> bool:
    return f.tries_left


@cache
def remedy_is(*remedies: str) -> Guard:
    def guard(f: Facts) -> bool:
        return f.remedy in remedies

    guard.__name__ = " or ".join(remedies)
    return guard


@cache
def dispute_ended(*results: str) -> Guard:
    def guard(f: Facts) -> bool:
        return f.dispute in results and not f.payouts_open

    guard.__name__ = f"dispute {' or '.join(results)}, no payout open"
    return guard


@cache
def result_is(*results: str) -> Guard:
    def guard(f: Facts) -> bool:
        return f.result in results

    guard.__name__ = " or ".join(results)
    return guard


@cache
def ruling_is(ruling: str) -> Guard:
    def guard(f: Facts) -> bool:
        return f.ruling == ruling

    guard.__name__ = f"ruled {ruling}"
    return guard


@cache
def ruled_with_goods_here(ruling: str) -> Guard:
    def guard(f: Facts) -> bool:
        return f.ruling == ruling and f.goods_here

    guard.__name__ = f"ruled {ruling}, goods here"
    return guard


@cache
def ruled_with_something_open(ruling: str) -> Guard:
    def guard(f: Facts) -> bool:
        return f.ruling == ruling and f.something_open

    guard.__name__ = f"ruled {ruling}, something open"
    return guard


@cache
def came_from(state: State) -> Guard:
    def guard(f: Facts) -> bool:
        return f.came_from is state

    guard.__name__ = f"came from {state}"
    return guard


@cache
def beside_from(state: State) -> Guard:
    def guard(f: Facts) -> bool:
        return f.is_beside and f.came_from is state

    guard.__name__ = f"beside the road, came from {state}"
    return guard


@cache
def asked_for(state: State) -> Guard:
    def guard(f: Facts) -> bool:
        return f.to_state == state.value

    guard.__name__ = f"to {state}"
    return guard


#: The gates before a remedy, in this order, and then each remedy's own state (contract: choose_remedy).
GATES: tuple[tuple[State, Guard], ...] = (
    (S.AWAITING_APPROVAL, above_limit),
    (S.INTERCEPTING, must_intercept),
    (S.RECALLING, must_recall),
    (S.AWAITING_PAYMENT, owes),
    (S.AWAITING_STOCK, out_of_stock),
)
REMEDY_STATES: tuple[tuple[State, Guard], ...] = (
    (S.REFUNDING, remedy_is("refund", "keep_it", "adjust_price")),
    (S.EXCHANGING, remedy_is("exchange", "reship", "substitute")),
    (S.REPAIRING, remedy_is("repair")),
    (S.VISITING, remedy_is("visit")),
    (S.RETURNING_GOODS, remedy_is("goods_back")),
    (S.RESOLVED, remedy_is("none")),
)


def road(action: Action, sources: Iterable[State], after: State | None = None) -> Iterator[Arrow]:
    """The arrows of a chosen remedy: the gates (those behind `after` only), then the remedy's own state."""
    sources = tuple(sources)
    gates = [gate for gate, _ in GATES]
    first = gates.index(after) + 1 if after else 0
    for state, guard in (*GATES[first:], *REMEDY_STATES):
        yield Arrow(action, sources, state, guard)


def back(action: Action, source: State, states: Iterable[State]) -> Iterator[Arrow]:
    """The arrows of an action that returns a case to where it came from."""
    for state in states:
        if state is not source:
            yield Arrow(action, (source,), state, came_from(state))


def stays(action: Action, *sources: State) -> Arrow:
    """An action that is recorded and leaves the case where it is."""
    return Arrow(action, sources or OPEN, None)


def others(*states: State) -> tuple[State, ...]:
    return tuple(s for s in OPEN if s not in states)


ARROWS: tuple[Arrow, ...] = (
    # 1. Request
    Arrow(A.REQUEST_EVIDENCE, (S.REQUESTED, S.INVESTIGATING), S.AWAITING_EVIDENCE),
    Arrow(A.SUBMIT_EVIDENCE, (S.AWAITING_EVIDENCE,), S.REQUESTED),
    stays(A.SUBMIT_EVIDENCE, *others(S.AWAITING_EVIDENCE)),
    Arrow(A.INVESTIGATE, (S.REQUESTED, S.INVESTIGATING), S.INVESTIGATING),
    Arrow(A.REPORT_FINDING, (S.INVESTIGATING,), S.REQUESTED),
    Arrow(A.RECORD_DELIVERY, (S.INVESTIGATING,), S.RESOLVED, result_is("delivered")),  # found, and followed (L16)
    Arrow(A.RECORD_DELIVERY, (S.INVESTIGATING,), S.RECEIVED, result_is("refused")),
    Arrow(A.RECORD_DELIVERY, (S.INVESTIGATING,), S.REQUESTED, result_is("lost", "signed_by_other")),
    stays(A.MISS_CALLBACK, S.REQUESTED),  # a call before the cause is known (T17)
    Arrow(
        A.MAKE_OFFER,
        (S.REQUESTED, S.INVESTIGATING, *DIAGNOSED, S.AWAITING_STOCK),
        S.AWAITING_APPROVAL,
        offer_above_limit,
    ),
    Arrow(A.MAKE_OFFER, (S.REQUESTED, S.INVESTIGATING, *DIAGNOSED, S.AWAITING_STOCK), S.OFFERED),
    Arrow(A.ACCEPT_OFFER, (S.OFFERED,), S.AWAITING_RETURN, goods_must_come),
    *road(A.ACCEPT_OFFER, (S.OFFERED,), after=S.AWAITING_APPROVAL),
    Arrow(A.DECLINE_OFFER, (S.OFFERED,), S.AWAITING_RETURN, goods_must_come),
    *back(A.DECLINE_OFFER, S.OFFERED, (S.REQUESTED, S.INVESTIGATING, *DIAGNOSED, S.AWAITING_STOCK)),
    Arrow(A.ANSWER, (S.REQUESTED, S.INVESTIGATING, S.OFFERED), S.RESOLVED, final_answer),
    stays(A.ANSWER, S.REQUESTED, S.INVESTIGATING, S.OFFERED),
    # 2. Goods
    Arrow(A.AUTHORISE_RETURN, (S.REQUESTED,), S.AWAITING_RETURN),
    Arrow(A.SHIP_RETURN, (S.AWAITING_RETURN,), S.RETURN_IN_TRANSIT),
    stays(A.SHIP_RETURN, *BEFORE_GOODS, S.AWAITING_APPROVAL, S.RETURN_IN_TRANSIT),  # there: its number is put right
    Arrow(
        A.BOOK_IN,
        (*BEFORE_GOODS, S.AWAITING_APPROVAL, S.INTERCEPTING, S.RECALLING, S.AWAITING_RETURN, S.RETURN_IN_TRANSIT),
        S.RECEIVED,
        not_inspected,
    ),
    stays(A.BOOK_IN),
    stays(A.RECORD_DELIVERY, S.RETURN_IN_TRANSIT),  # at our dock, as the courier says (G14)
    Arrow(A.REPORT_INTERCEPTION, (S.INTERCEPTING,), S.RECALLING, result_is("gone")),
    *road(A.REPORT_INTERCEPTION, (S.INTERCEPTING,), after=S.RECALLING),
    Arrow(A.RECORD_DELIVERY, (S.RECALLING,), S.RECEIVED, result_is("refused")),
    Arrow(A.RECORD_DELIVERY, (S.RECALLING,), S.AWAITING_RETURN, result_is("delivered", "signed_by_other")),
    # An exchange in advance: the new goods are there, the old ones are awaited (G5).
    Arrow(A.RECORD_DELIVERY, (S.DELIVERING,), None, result_is("at_locker")),  # a locker is no hand (L16)
    Arrow(A.RECORD_DELIVERY, (S.DELIVERING,), S.AWAITING_RETURN, old_goods_after("customer", "delivered")),
    Arrow(A.RECORD_DELIVERY, (S.DELIVERING,), S.RETURN_IN_TRANSIT, old_goods_after("in_transit", "delivered")),
    Arrow(A.RECORD_DELIVERY, (S.DELIVERING,), S.RECEIVED, old_goods_after("here", "delivered")),
    Arrow(A.RECORD_DELIVERY, (S.DELIVERING,), S.REQUESTED, not_taken_in_advance),
    Arrow(A.RECORD_DELIVERY, (S.DELIVERING,), S.RESOLVED, result_is("delivered")),
    Arrow(A.RECORD_DELIVERY, (S.DELIVERING,), S.RECEIVED, result_is("refused")),
    Arrow(A.RECORD_DELIVERY, (S.DELIVERING,), S.REQUESTED, result_is("lost", "signed_by_other")),
    Arrow(A.RECORD_DELIVERY, (S.RECALLING,), S.REQUESTED, result_is("lost")),
    # 3. Diagnosis
    Arrow(A.CONFIRM_FAULT, (S.RECEIVED, S.EXTERNAL_DIAGNOSIS), S.FAULT_CONFIRMED),
    Arrow(A.CONFIRM_FAULT, (S.REQUESTED,), S.FAULT_CONFIRMED, official_report),
    Arrow(A.REFUTE_FAULT, (S.RECEIVED, S.EXTERNAL_DIAGNOSIS), S.FAULT_REFUTED),
    Arrow(A.REFUTE_FAULT, (S.REQUESTED,), S.FAULT_REFUTED, official_report),
    Arrow(A.PASS_INSPECTION, (S.RECEIVED, S.EXTERNAL_DIAGNOSIS), S.INSPECTED),
    Arrow(A.PASS_INSPECTION, (S.REQUESTED,), S.INSPECTED, official_report),
    Arrow(A.SEND_TO_EXPERT, (S.RECEIVED, S.FAULT_CONFIRMED, S.FAULT_REFUTED), S.EXTERNAL_DIAGNOSIS),
    stays(A.RECORD_DELIVERY, S.EXTERNAL_DIAGNOSIS),  # the goods are with the expert, whose clock starts (G11)
    # 4. Remedy
    *road(A.CHOOSE_REMEDY, (S.REQUESTED, *DIAGNOSED, S.AWAITING_STOCK)),
    Arrow(A.QUOTE_REPAIR, (S.FAULT_CONFIRMED, S.FAULT_REFUTED, S.REPAIRING), S.QUOTED),
    Arrow(A.ACCEPT_QUOTE, (S.QUOTED,), S.AWAITING_PAYMENT, owes),
    Arrow(A.ACCEPT_QUOTE, (S.QUOTED,), S.REPAIRING),
    Arrow(A.DECLINE_QUOTE, (S.QUOTED,), S.RESOLVED, goods_elsewhere),
    Arrow(A.DECLINE_QUOTE, (S.QUOTED,), S.RETURNING_GOODS),
    stays(A.NOTIFY_PAYMENT, S.AWAITING_PAYMENT),
    stays(A.REFUTE_PAYMENT, S.AWAITING_PAYMENT),  # looked for, and not there (L12)
    Arrow(A.RECORD_PAYMENT, (S.AWAITING_PAYMENT,), None, owes),
    *road(A.RECORD_PAYMENT, (S.AWAITING_PAYMENT,), after=S.AWAITING_PAYMENT),
    Arrow(A.RECORD_PAYMENT, (*others(S.AWAITING_PAYMENT), *sorted(FINAL)), None, comes_in, needs="for"),
    stays(A.PROVIDE_ACCOUNT),  # freight and compensation are on their way in other states too
    Arrow(A.RECORD_REFUND, (S.REFUNDING,), S.RETURNING_GOODS, paid_and_goods_owed),
    Arrow(A.RECORD_REFUND, (S.REFUNDING,), S.RESOLVED, lambda f: not f.payouts_open, "no payout open"),
    stays(A.RECORD_REFUND),
    Arrow(A.REPORT_SHORTAGE, (S.EXCHANGING, S.REPAIRING), S.AWAITING_STOCK),
    Arrow(A.STOCK_ARRIVED, (S.AWAITING_STOCK,), S.EXCHANGING, remedy_is("exchange", "reship", "substitute")),
    Arrow(A.STOCK_ARRIVED, (S.AWAITING_STOCK,), S.REPAIRING, remedy_is("repair")),
    stays(A.CHECK_REPLACEMENT, S.EXCHANGING),
    Arrow(A.SHIP_REPLACEMENT, (S.EXCHANGING,), S.DELIVERING),
    Arrow(A.SETTLE_DEPOSIT, (S.REQUESTED, *DIAGNOSED), S.AWAITING_APPROVAL, above_limit),
    Arrow(A.SETTLE_DEPOSIT, (S.REQUESTED, *DIAGNOSED, S.RESOLVED), S.REFUNDING, settled_and_paying),
    Arrow(A.SETTLE_DEPOSIT, (S.REQUESTED, *DIAGNOSED, S.RESOLVED), S.RESOLVED, settled),
    Arrow(A.SHIP_BACK, (S.RETURNING_GOODS,), S.DELIVERING),
    Arrow(A.FINISH_REPAIR, (S.REPAIRING,), S.RESOLVED, goods_elsewhere),  # repaired where they are (G11)
    Arrow(A.FINISH_REPAIR, (S.REPAIRING,), S.RETURNING_GOODS),
    Arrow(A.FAIL_REPAIR, (S.REPAIRING,), S.FAULT_CONFIRMED),
    stays(A.APPOINT, S.VISITING),
    stays(A.DISPATCH, S.VISITING),
    stays(A.ARRIVE, S.VISITING),
    Arrow(A.FINISH_VISIT, (S.VISITING,), S.RESOLVED, result_is("fixed")),
    Arrow(A.FINISH_VISIT, (S.VISITING,), S.RECEIVED, result_is("taken_away")),
    stays(A.FINISH_VISIT, S.VISITING),
    # Follow-up and ends
    Arrow(A.COMPLETE_CALLBACK, (S.RESOLVED,), S.CLOSED, satisfied),
    Arrow(A.COMPLETE_CALLBACK, (S.RESOLVED,), S.REQUESTED),
    Arrow(A.MISS_CALLBACK, (S.RESOLVED,), None, tries_left),
    Arrow(A.MISS_CALLBACK, (S.RESOLVED,), S.CLOSED),
    Arrow(A.WITHDRAW, others(S.RETURNING_GOODS, S.DELIVERING, S.RESOLVED), S.RETURNING_GOODS, goods_here),
    Arrow(A.WITHDRAW, others(S.RETURNING_GOODS, S.DELIVERING, S.RESOLVED), S.REFUNDING, payouts_open),
    Arrow(A.WITHDRAW, others(S.RETURNING_GOODS, S.DELIVERING, S.RESOLVED), S.WITHDRAWN),
    Arrow(A.REJECT, (S.REQUESTED, S.AWAITING_EVIDENCE, S.INVESTIGATING, S.FAULT_REFUTED), S.REJECTED),
    Arrow(A.CLOSE, (S.AWAITING_PAYMENT,), S.RETURNING_GOODS, goods_here),
    Arrow(A.CLOSE, (S.AWAITING_PAYMENT,), S.REFUNDING, payouts_open),
    Arrow(A.CLOSE, (S.AWAITING_RETURN,), S.REQUESTED, never_came),  # a person decides, never the clock alone (G5)
    Arrow(A.CLOSE, OPEN, S.CLOSED),
    Arrow(A.REOPEN, tuple(sorted(FINAL)), S.REQUESTED),
    Arrow(A.APPROVE, (S.AWAITING_APPROVAL,), S.OFFERED, approved_offer),
    *(Arrow(A.APPROVE, (S.AWAITING_APPROVAL,), state, beside_from(state)) for state in ASKING),
    Arrow(A.APPROVE, (S.AWAITING_APPROVAL,), S.REFUNDING, settled_and_paying),
    Arrow(A.APPROVE, (S.AWAITING_APPROVAL,), S.RESOLVED, settled),
    *road(A.APPROVE, (S.AWAITING_APPROVAL,), after=S.AWAITING_APPROVAL),
    *back(A.DENY, S.AWAITING_APPROVAL, CROSSROADS),
    Arrow(A.PLATFORM_RULING, OPEN, S.REFUNDING, ruling_is("refund")),
    Arrow(A.PLATFORM_RULING, OPEN, S.RESOLVED, ruling_is("refunded")),
    Arrow(A.PLATFORM_RULING, tuple(sorted(FINAL)), None, ruling_is("refunded")),  # banks decide months later (T21)
    Arrow(A.PLATFORM_RULING, OPEN, S.RECEIVED, ruled_with_goods_here("return")),
    Arrow(A.PLATFORM_RULING, OPEN, S.AWAITING_RETURN, ruling_is("return")),
    Arrow(A.PLATFORM_RULING, OPEN, S.REQUESTED, rejected_with_deposit),  # the deposit has yet to be settled (G5)
    Arrow(A.PLATFORM_RULING, OPEN, S.RETURNING_GOODS, ruled_with_goods_here("rejected")),
    Arrow(A.PLATFORM_RULING, OPEN, S.RESOLVED, ruled_with_something_open("rejected")),
    Arrow(A.PLATFORM_RULING, OPEN, S.REJECTED, ruling_is("rejected")),
    *(Arrow(A.CORRECT, OPEN, state, asked_for(state)) for state in CORRECTABLE),
    # Beside the road; freight that is waived is no longer waited for (F23)
    Arrow(A.WAIVE_FREIGHT, (S.AWAITING_PAYMENT,), None, owes),
    *road(A.WAIVE_FREIGHT, (S.AWAITING_PAYMENT,), after=S.AWAITING_PAYMENT),
    Arrow(A.COMPENSATE, ASKING, S.AWAITING_APPROVAL, above_limit),
    # Money that comes back after it was paid is on its way once more; the road of goods that are out goes on meanwhile
    Arrow(A.BOUNCE_REFUND, (S.REQUESTED,), S.REFUNDING, came_after_the_end),
    Arrow(A.BOUNCE_REFUND, (S.RESOLVED,), S.REFUNDING, payouts_open),
    Arrow(A.RECORD_DISPUTE, (S.REFUNDING,), S.RESOLVED, dispute_ended("lost", "accepted")),
    Arrow(A.RECORD_DISPUTE, (S.REFUNDING,), S.REQUESTED, dispute_ended("won")),  # what is right now is decided anew
    *(stays(action) for action in list(Action)[list(Action).index(A.TAKE) :]),
    # What is asked back of a courier, a supplier or the customer goes on after the case has ended (L5, G10, F24)
    *(stays(action, *sorted(FINAL)) for action in (A.OPEN_CLAIM, A.SETTLE_CLAIM, A.WAIVE_RECEIVABLE)),
)

#: Who may do what. Supervisor ⊃ agent, manager ⊃ supervisor, director ⊃ manager: see may().
_C, _A, _M, _W, _F, _S = R.CUSTOMER, R.AGENT, R.MANAGER, R.WAREHOUSE, R.FINANCE, R.SYSTEM
_STAFF = (_A, _W, _F, R.WORKSHOP, R.TECHNICIAN, R.EXPERT)
ROLES: dict[Action, tuple[Role, ...]] = {
    A.REQUEST_EVIDENCE: (_A, _S),
    A.SUBMIT_EVIDENCE: (_C, _A),
    A.INVESTIGATE: (_A, _S),
    A.REPORT_FINDING: (_W, R.COURIER, _A, _S),
    A.MAKE_OFFER: (_A,),
    A.ACCEPT_OFFER: (_C, _A, _S),
    A.DECLINE_OFFER: (_C, _A, _S),
    A.ANSWER: (_A,),
    A.AUTHORISE_RETURN: (_A, _S),
    A.SHIP_RETURN: (_C, _A),
    A.BOOK_IN: (_W, _S),
    A.REPORT_INTERCEPTION: (_W,),
    A.RECORD_DELIVERY: (R.COURIER, _A, _S),
    A.CONFIRM_FAULT: (_W, _A, R.EXPERT),
    A.REFUTE_FAULT: (_W, _A, R.EXPERT),
    A.PASS_INSPECTION: (_W, _A, R.EXPERT),
    A.SEND_TO_EXPERT: (_W, _A),
    A.CHOOSE_REMEDY: (_A, _M),
    A.QUOTE_REPAIR: (_A, R.WORKSHOP),
    A.ACCEPT_QUOTE: (_C, _A, _S),
    A.DECLINE_QUOTE: (_C, _A, _S),
    A.NOTIFY_PAYMENT: (_C, _A),
    A.REFUTE_PAYMENT: (_F, _S),
    A.RECORD_PAYMENT: (_F, _S),
    A.PROVIDE_ACCOUNT: (_C, _A),
    A.RECORD_REFUND: (_F, _S),
    A.REPORT_SHORTAGE: (_W, R.WORKSHOP, _S),
    A.STOCK_ARRIVED: (_W, R.WORKSHOP, _S),
    A.CHECK_REPLACEMENT: (_W, R.WORKSHOP, _S),
    A.SHIP_REPLACEMENT: (_W, _S),
    A.SHIP_BACK: (_W, _S),
    A.SETTLE_DEPOSIT: (_A,),
    A.FINISH_REPAIR: (R.WORKSHOP,),
    A.FAIL_REPAIR: (R.WORKSHOP,),
    A.APPOINT: (_A, R.TECHNICIAN),
    A.DISPATCH: (_A, R.TECHNICIAN),
    A.ARRIVE: (_A, R.TECHNICIAN),
    A.FINISH_VISIT: (_A, R.TECHNICIAN),
    A.COMPLETE_CALLBACK: (_C, _A),  # he may answer on his page before he is called (T5, T7)
    A.MISS_CALLBACK: (_A, _S),
    A.WITHDRAW: (_C, _A),
    A.REJECT: (_A,),
    A.CLOSE: (_M, _S),
    A.REOPEN: (_A, _M, _C),
    A.APPROVE: (_M,),
    A.DENY: (_M,),
    A.PLATFORM_RULING: (R.PLATFORM, _S),
    A.CORRECT: (_M,),
    A.TAKE: (_A,),
    A.ASSIGN: (_A, _S),
    A.NOTE: (*_STAFF, _S),
    A.MESSAGE: (_A, _S),
    A.CUSTOMER_MESSAGE: (_C, _A, R.PLATFORM, _S),
    A.SET_PRIORITY: (_A, _S),
    A.SET_SEVERITY: (_A, _S),
    A.CHANGE_KIND: (_A,),
    A.ADD_ISSUE: (_C, _A),
    A.SPLIT: (_A, _S),
    A.LINK: (_A, _S),
    A.SNOOZE: (_A,),
    A.ESCALATE: (*_STAFF, _S),
    A.ACKNOWLEDGE: (_A,),
    A.PROMISE: _STAFF,
    A.KEEP_PROMISE: _STAFF,
    A.CONTAIN: (_A,),
    A.PLACE_HOLD: (_A, _S),
    A.LIFT_HOLD: (_A, _S),
    A.WAIVE_FREIGHT: (_A,),
    A.WAIVE_RECEIVABLE: (_A, _F),
    A.COMPENSATE: (_A,),
    A.UPDATE_CONTACT: (_C, _A),
    A.ATTACH: (_C, *_STAFF, _S),
    A.OPEN_CLAIM: (_A, _S),
    A.SETTLE_CLAIM: (_A, _F, _S),
    A.LEND_LOANER: (_A, R.TECHNICIAN),
    A.RETURN_LOANER: (_A, _W, R.TECHNICIAN),
    A.PLAN_REPAIR: (_A, R.WORKSHOP),
    A.SETTLE_INVOICE: (_A, _F),
    A.RETRY: (_A, _S),
    A.FAIL_REFUND: (_F, _S),
    A.ASK_PAYOUT: (_F, _S),
    A.BOUNCE_REFUND: (_F, _S),
    A.RECORD_DISPUTE: (_A, _F, R.PLATFORM, _S),
    A.CONFIRM_ACCOUNT: (_A, _F),
    A.GIVE_BACK: (_A, _F),
    A.OVERRIDE_ELIGIBILITY: (_A,),  # and the playbook's `override_role`
    A.REBASE_PLAYBOOK: (_M,),
    A.EXTEND: (_M,),
    A.REMIND: (_A, _S),
    A.REBASE_CALENDAR: (_M, _S),
}

_STANDS_FOR: dict[Role, frozenset[Role]] = {
    **{role: frozenset({role}) for role in Role},
    R.SUPERVISOR: frozenset({R.AGENT, R.SUPERVISOR}),
    R.MANAGER: frozenset({R.AGENT, R.SUPERVISOR, R.MANAGER}),
    R.DIRECTOR: frozenset({R.AGENT, R.SUPERVISOR, R.MANAGER, R.DIRECTOR}),
}


def may(role: Role, action: Action) -> bool:
    """Whether `role` may ever do `action`; a manager may do what an agent may, and so on."""
    return not _STANDS_FOR[role].isdisjoint(ROLES[action])


def acts_as(role: Role, wanted: Role) -> bool:
    """Whether `role` is `wanted` or stands above it."""
    return wanted in _STANDS_FOR[role]


def _condition(guard: Guard) -> Callable[[EventData], bool]:
    def holds(event: EventData) -> bool:
        facts: Facts = event.model  # type: ignore[assignment]
        return guard(facts)

    return holds


def _transition(arrow: Arrow) -> dict[str, Any]:
    return {
        "trigger": arrow.action.value,
        "source": list(arrow.sources),
        "dest": arrow.target,
        "conditions": [_condition(arrow.guard)] if arrow.guard else [],
    }


MACHINE = Machine(
    model=None,
    states=list(State),
    transitions=[_transition(arrow) for arrow in ARROWS],
    initial=State.REQUESTED,
    auto_transitions=False,  # they would add an arrow from everywhere to everywhere, past every guard
    send_event=True,
    queued=False,  # a shared queue would let two cases meet
)

_BY_DATA = frozenset(arrow.action for arrow in ARROWS if arrow.needs)
_SOURCES: dict[Action, frozenset[State]] = {
    action: frozenset(s for arrow in ARROWS if arrow.action is action for s in arrow.sources) for action in Action
}


def allowed_in(state: State, action: Action, data: Mapping[str, Any] | None = None) -> bool:
    """Whether the table has any arrow for `action` in `state`; its guards may still refuse.

    With the data of a command, arrows that need a field of it count only where it is there.
    """
    if data is None or action not in _BY_DATA:
        return state in _SOURCES[action]
    return any(
        arrow.action is action and state in arrow.sources and (arrow.needs is None or bool(data.get(arrow.needs)))
        for arrow in ARROWS
    )


def actions_in(state: State) -> tuple[Action, ...]:
    """The actions that have an arrow in `state`, in the order of the contract."""
    return tuple(a for a in Action if state in _SOURCES[a])


def _needed(state: State, action: Action) -> str:
    """What the guards of an action want in a state, as the end of a sentence."""
    guards = [arrow.guard for arrow in ARROWS if arrow.action is action and state in arrow.sources and arrow.guard]
    wanted = " or ".join(dict.fromkeys(guard.__name__.replace("_", " ") for guard in guards))
    return f"; it needs: {wanted}" if wanted else ""


def next_state(facts: Facts, action: Action) -> State:
    """Where `action` leads from `facts.state`: the first arrow whose guard holds. Raises StateRefused if none does."""
    origin = facts.state
    try:
        moved = MACHINE.events[action.value].trigger(facts)
    except MachineError:
        moved = False
    if not moved:
        raise StateRefused(f"'{action}' leads nowhere from '{origin}' as things stand{_needed(origin, action)}.")
    target = State(facts.state)
    facts.state = origin
    return target


def stage_of(state: State, came_from: State | None = None) -> Stage:
    """The stage of a state; waiting for approval keeps the stage of the state it came from."""
    if state is State.AWAITING_APPROVAL and came_from is not None:
        return STAGE[came_from]
    return STAGE[state]
