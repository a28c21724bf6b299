"""The life of a case: the table of states, actions and roles, and that every question about it has an answer."""

from typing import Any

import pytest

from models.actions import HANDLERS
from models.case import Case
from models.commands import DATA, parse_command, schema_of
from models.decide import allowed, decide, opens_again
from models.effects import Decision
from models.errors import CommandRefused, DataRefused, RoleRefused, RuleRefused, StateRefused
from models.lifecycle import (
    ARROWS,
    FINAL,
    OPEN,
    ROLES,
    STAGE,
    WAITS_FOR,
    Action,
    Facts,
    Role,
    Stage,
    State,
    actions_in,
    allowed_in,
    may,
    next_state,
    stage_of,
)
from tests.builders import NOW
from tests.models.examples import EXAMPLES
from tests.models.story import in_state

S, A = State, Action


def test_every_state_can_be_reached_from_a_request() -> None:
    reached, size = {S.REQUESTED}, 0
    while len(reached) > size:
        size = len(reached)
        reached |= {a.target for a in ARROWS if a.target and reached & set(a.sources)}
    assert reached == set(State)


@pytest.mark.parametrize("state", OPEN)
def test_every_open_state_waits_for_somebody_who_can_lead_it_on_without_a_correction(state: State) -> None:
    ways = [a for a in ARROWS if state in a.sources and a.target not in (None, state)]
    ways = [a for a in ways if a.action not in (A.CORRECT, A.PLATFORM_RULING, A.WITHDRAW, A.CLOSE)]
    assert WAITS_FOR[state] != "nobody"
    assert ways
    assert any(ROLES[a.action] for a in ways)


@pytest.mark.parametrize("state", sorted(FINAL))
def test_a_final_state_waits_for_nobody_and_is_left_by_reopen_alone(state: State) -> None:
    assert WAITS_FOR[state] == "nobody"
    left = [arrow.action for arrow in ARROWS if state in arrow.sources and arrow.target is not None]
    assert set(left) == {A.REOPEN}
    beside = (
        A.WAIVE_RECEIVABLE,
        A.OPEN_CLAIM,
        A.SETTLE_CLAIM,
    )  # couriers, banks and those who owe us may be slower than the customer
    assert actions_in(state) == (A.RECORD_PAYMENT, A.REOPEN, A.PLATFORM_RULING, *beside)


@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_role_a_schema_a_handler_an_arrow_and_an_example(action: Action) -> None:
    assert ROLES[action]
    assert schema_of(action)["type"] == "object"
    assert action in HANDLERS
    assert any(arrow.action is action for arrow in ARROWS)
    assert DATA[action].model_validate(EXAMPLES[action])


def test_above_a_role_stands_who_may_do_the_same() -> None:
    assert all(
        may(Role.SUPERVISOR, a) and may(Role.MANAGER, a) and may(Role.DIRECTOR, a) for a in A if may(Role.AGENT, a)
    )
    assert may(Role.DIRECTOR, A.APPROVE)
    assert not may(Role.SUPERVISOR, A.APPROVE)
    assert not may(Role.AGENT, A.RECORD_REFUND)


def test_waiting_for_approval_keeps_the_stage_it_came_from() -> None:
    assert stage_of(S.AWAITING_APPROVAL, S.FAULT_CONFIRMED) is Stage.DIAGNOSIS
    assert stage_of(S.AWAITING_APPROVAL) is Stage.REQUEST
    assert {STAGE[s] for s in FINAL} == {Stage.DONE}


# ── the contract's table, row by row: action, from, facts → to ──

DIAGNOSED = (S.INSPECTED, S.FAULT_CONFIRMED, S.FAULT_REFUTED)
ROWS: list[tuple[Action, State, dict[str, Any], State]] = [
    *((A.REQUEST_EVIDENCE, s, {}, S.AWAITING_EVIDENCE) for s in (S.REQUESTED, S.INVESTIGATING)),
    (A.SUBMIT_EVIDENCE, S.AWAITING_EVIDENCE, {}, S.REQUESTED),
    (A.SUBMIT_EVIDENCE, S.REPAIRING, {}, S.REPAIRING),
    *((A.INVESTIGATE, s, {}, S.INVESTIGATING) for s in (S.REQUESTED, S.INVESTIGATING)),
    (A.REPORT_FINDING, S.INVESTIGATING, {}, S.REQUESTED),
    (A.RECORD_DELIVERY, S.INVESTIGATING, {"result": "delivered"}, S.RESOLVED),
    (A.RECORD_DELIVERY, S.INVESTIGATING, {"result": "refused"}, S.RECEIVED),
    (A.RECORD_DELIVERY, S.INVESTIGATING, {"result": "lost"}, S.REQUESTED),
    (A.RECORD_DELIVERY, S.INVESTIGATING, {"result": "signed_by_other"}, S.REQUESTED),
    *(
        (A.RECORD_DELIVERY, S.RETURN_IN_TRANSIT, {"result": result}, S.RETURN_IN_TRANSIT)
        for result in ("delivered", "refused", "lost", "signed_by_other")
    ),
    *((A.MAKE_OFFER, s, {}, S.OFFERED) for s in (S.REQUESTED, S.INVESTIGATING, *DIAGNOSED, S.AWAITING_STOCK)),
    (A.MAKE_OFFER, S.REQUESTED, {"is_offer": True, "above_limit": True}, S.AWAITING_APPROVAL),
    (A.ACCEPT_OFFER, S.OFFERED, {"remedy": "keep_it"}, S.REFUNDING),
    (A.ACCEPT_OFFER, S.OFFERED, {"remedy": "refund", "goods_must_come": True}, S.AWAITING_RETURN),
    (A.ACCEPT_OFFER, S.OFFERED, {"remedy": "exchange", "owes": True}, S.AWAITING_PAYMENT),
    (A.ACCEPT_OFFER, S.OFFERED, {"remedy": "none"}, S.RESOLVED),
    (A.DECLINE_OFFER, S.OFFERED, {"goods_must_come": True}, S.AWAITING_RETURN),
    *(
        (A.DECLINE_OFFER, S.OFFERED, {"came_from": s}, s)
        for s in (S.REQUESTED, S.INVESTIGATING, *DIAGNOSED, S.AWAITING_STOCK)
    ),
    (A.AUTHORISE_RETURN, S.REQUESTED, {}, S.AWAITING_RETURN),
    (A.SHIP_RETURN, S.AWAITING_RETURN, {}, S.RETURN_IN_TRANSIT),
    (A.SHIP_RETURN, S.REQUESTED, {}, S.REQUESTED),
    (A.SHIP_RETURN, S.RETURN_IN_TRANSIT, {}, S.RETURN_IN_TRANSIT),
    *((A.BOOK_IN, s, {}, S.RECEIVED) for s in (S.REQUESTED, S.OFFERED, S.AWAITING_RETURN, S.RETURN_IN_TRANSIT)),
    *((A.BOOK_IN, s, {"inspected": True}, s) for s in (S.OFFERED, S.REFUNDING, S.RESOLVED)),
    *((A.CONFIRM_FAULT, s, {}, S.FAULT_CONFIRMED) for s in (S.RECEIVED, S.EXTERNAL_DIAGNOSIS)),
    *((A.REFUTE_FAULT, s, {}, S.FAULT_REFUTED) for s in (S.RECEIVED, S.EXTERNAL_DIAGNOSIS)),
    *((A.PASS_INSPECTION, s, {}, S.INSPECTED) for s in (S.RECEIVED, S.EXTERNAL_DIAGNOSIS)),
    (A.CONFIRM_FAULT, S.REQUESTED, {"official_report": True}, S.FAULT_CONFIRMED),
    *((A.SEND_TO_EXPERT, s, {}, S.EXTERNAL_DIAGNOSIS) for s in (S.RECEIVED, S.FAULT_CONFIRMED, S.FAULT_REFUTED)),
    *((A.CHOOSE_REMEDY, s, {"remedy": "refund"}, S.REFUNDING) for s in (S.REQUESTED, *DIAGNOSED, S.AWAITING_STOCK)),
    *(
        (A.CHOOSE_REMEDY, S.REQUESTED, {"remedy": remedy}, to)
        for remedy, to in {
            "refund": S.REFUNDING,
            "keep_it": S.REFUNDING,
            "adjust_price": S.REFUNDING,
            "exchange": S.EXCHANGING,
            "reship": S.EXCHANGING,
            "substitute": S.EXCHANGING,
            "repair": S.REPAIRING,
            "visit": S.VISITING,
            "goods_back": S.RETURNING_GOODS,
            "none": S.RESOLVED,
        }.items()
    ),
    # "the first that holds": each gate with all later ones open as well
    *(
        (A.CHOOSE_REMEDY, S.REQUESTED, {"remedy": "exchange", **dict.fromkeys(gates[i:], True)}, to)
        for gates in [("above_limit", "must_intercept", "must_recall", "owes", "out_of_stock")]
        for i, to in enumerate((S.AWAITING_APPROVAL, S.INTERCEPTING, S.RECALLING, S.AWAITING_PAYMENT, S.AWAITING_STOCK))
    ),
    *((A.QUOTE_REPAIR, s, {}, S.QUOTED) for s in (S.FAULT_CONFIRMED, S.FAULT_REFUTED, S.REPAIRING)),
    (A.ACCEPT_QUOTE, S.QUOTED, {"owes": True}, S.AWAITING_PAYMENT),
    (A.ACCEPT_QUOTE, S.QUOTED, {}, S.REPAIRING),
    (A.DECLINE_QUOTE, S.QUOTED, {"goods_here": True}, S.RETURNING_GOODS),
    (A.DECLINE_QUOTE, S.QUOTED, {}, S.RESOLVED),
    (A.NOTIFY_PAYMENT, S.AWAITING_PAYMENT, {}, S.AWAITING_PAYMENT),
    (A.REFUTE_PAYMENT, S.AWAITING_PAYMENT, {}, S.AWAITING_PAYMENT),
    (A.RECORD_PAYMENT, S.AWAITING_PAYMENT, {"owes": True, "remedy": "exchange"}, S.AWAITING_PAYMENT),
    (A.RECORD_PAYMENT, S.AWAITING_PAYMENT, {"remedy": "exchange"}, S.EXCHANGING),
    (A.RECORD_PAYMENT, S.AWAITING_PAYMENT, {"remedy": "exchange", "out_of_stock": True}, S.AWAITING_STOCK),
    (A.WAIVE_FREIGHT, S.AWAITING_PAYMENT, {"owes": True, "remedy": "exchange"}, S.AWAITING_PAYMENT),
    (A.WAIVE_FREIGHT, S.AWAITING_PAYMENT, {"remedy": "repair"}, S.REPAIRING),
    (A.PROVIDE_ACCOUNT, S.REFUNDING, {}, S.REFUNDING),
    (A.RECORD_REFUND, S.REFUNDING, {"payouts_open": True}, S.REFUNDING),
    (A.RECORD_REFUND, S.REFUNDING, {}, S.RESOLVED),
    (A.RECORD_REFUND, S.REFUNDING, {"goods_owed": True}, S.RETURNING_GOODS),
    *((A.REPORT_SHORTAGE, s, {}, S.AWAITING_STOCK) for s in (S.EXCHANGING, S.REPAIRING)),
    (A.STOCK_ARRIVED, S.AWAITING_STOCK, {"remedy": "exchange"}, S.EXCHANGING),
    (A.STOCK_ARRIVED, S.AWAITING_STOCK, {"remedy": "repair"}, S.REPAIRING),
    (A.REPORT_INTERCEPTION, S.INTERCEPTING, {"result": "pulled", "remedy": "refund"}, S.REFUNDING),
    (A.REPORT_INTERCEPTION, S.INTERCEPTING, {"result": "gone", "remedy": "refund"}, S.RECALLING),
    (A.CHECK_REPLACEMENT, S.EXCHANGING, {}, S.EXCHANGING),
    (A.SHIP_REPLACEMENT, S.EXCHANGING, {}, S.DELIVERING),
    (A.RECORD_DELIVERY, S.EXTERNAL_DIAGNOSIS, {"result": "delivered"}, S.EXTERNAL_DIAGNOSIS),
    (A.SHIP_BACK, S.RETURNING_GOODS, {}, S.DELIVERING),
    (A.RECORD_DELIVERY, S.DELIVERING, {"result": "delivered"}, S.RESOLVED),
    (A.RECORD_DELIVERY, S.DELIVERING, {"result": "refused"}, S.RECEIVED),
    (A.RECORD_DELIVERY, S.DELIVERING, {"result": "lost"}, S.REQUESTED),
    (A.RECORD_DELIVERY, S.DELIVERING, {"result": "signed_by_other"}, S.REQUESTED),
    (A.RECORD_DELIVERY, S.RECALLING, {"result": "refused"}, S.RECEIVED),
    (A.RECORD_DELIVERY, S.RECALLING, {"result": "delivered"}, S.AWAITING_RETURN),
    (A.RECORD_DELIVERY, S.RECALLING, {"result": "lost"}, S.REQUESTED),
    (A.FINISH_REPAIR, S.REPAIRING, {"goods_here": True}, S.RETURNING_GOODS),
    (A.FINISH_REPAIR, S.REPAIRING, {}, S.RESOLVED),
    (A.FAIL_REPAIR, S.REPAIRING, {}, S.FAULT_CONFIRMED),
    *((action, S.VISITING, {}, S.VISITING) for action in (A.APPOINT, A.DISPATCH, A.ARRIVE)),
    (A.FINISH_VISIT, S.VISITING, {"result": "fixed"}, S.RESOLVED),
    (A.FINISH_VISIT, S.VISITING, {"result": "taken_away"}, S.RECEIVED),
    (A.FINISH_VISIT, S.VISITING, {"result": "no_access"}, S.VISITING),
    (A.FINISH_VISIT, S.VISITING, {"result": "not_fixed"}, S.VISITING),
    *((A.ANSWER, s, {}, s) for s in (S.REQUESTED, S.INVESTIGATING, S.OFFERED)),
    *((A.ANSWER, s, {"final_answer": True}, S.RESOLVED) for s in (S.REQUESTED, S.INVESTIGATING, S.OFFERED)),
    (A.COMPLETE_CALLBACK, S.RESOLVED, {"satisfied": True}, S.CLOSED),
    (A.COMPLETE_CALLBACK, S.RESOLVED, {}, S.REQUESTED),
    (A.MISS_CALLBACK, S.RESOLVED, {"tries_left": True}, S.RESOLVED),
    (A.MISS_CALLBACK, S.RESOLVED, {}, S.CLOSED),
    (A.MISS_CALLBACK, S.REQUESTED, {}, S.REQUESTED),
    (A.WITHDRAW, S.AWAITING_RETURN, {}, S.WITHDRAWN),
    (A.WITHDRAW, S.RECEIVED, {"goods_here": True}, S.RETURNING_GOODS),
    *((A.REJECT, s, {}, S.REJECTED) for s in (S.REQUESTED, S.AWAITING_EVIDENCE, S.INVESTIGATING, S.FAULT_REFUTED)),
    *((A.CLOSE, s, {}, S.CLOSED) for s in OPEN),
    (A.CLOSE, S.AWAITING_PAYMENT, {"goods_here": True}, S.RETURNING_GOODS),
    *((A.REOPEN, s, {}, S.REQUESTED) for s in sorted(FINAL)),
    (A.APPROVE, S.AWAITING_APPROVAL, {"remedy": "refund"}, S.REFUNDING),
    (A.APPROVE, S.AWAITING_APPROVAL, {"is_offer": True}, S.OFFERED),
    *((A.DENY, S.AWAITING_APPROVAL, {"came_from": s}, s) for s in (S.REQUESTED, *DIAGNOSED, S.AWAITING_STOCK)),
    *((A.PLATFORM_RULING, s, {"ruling": "refund"}, S.REFUNDING) for s in OPEN),
    *((A.PLATFORM_RULING, s, {"ruling": "refunded"}, S.RESOLVED) for s in OPEN),
    (A.PLATFORM_RULING, S.RECEIVED, {"ruling": "rejected", "goods_here": True}, S.RETURNING_GOODS),
    *((A.CORRECT, s, {"to_state": "requested"}, S.REQUESTED) for s in OPEN),
    *((action, s, {}, s) for action in list(A)[list(A).index(A.TAKE) :] for s in (S.REQUESTED, S.REPAIRING)),
]


@pytest.mark.parametrize(
    ("action", "source", "facts", "target"), ROWS, ids=[f"{a}-{s}-{'-'.join(f)}-{t}" for a, s, f, t in ROWS]
)
def test_the_contracts_table(action: Action, source: State, facts: dict[str, Any], target: State) -> None:
    given = Facts(state=source, **facts)
    assert next_state(given, action) is target
    assert given.state is source, "asking where an action leads moves nothing"


def test_an_action_without_an_arrow_is_refused_in_words() -> None:
    with pytest.raises(StateRefused, match="'ship_back' leads nowhere from 'requested'"):
        next_state(Facts(state=S.REQUESTED), A.SHIP_BACK)
    with pytest.raises(StateRefused, match="it needs: official report"):
        next_state(Facts(state=S.REQUESTED), A.CONFIRM_FAULT)


# ── every question is answered ──


def answer(case: Case, action: Action, role: Role, data: dict[str, Any]) -> Decision | CommandRefused:
    envelope = {"action": action, "actor": {"id": "somebody", "role": role}, "data": data}
    try:
        return decide(case, parse_command(envelope), NOW)
    except CommandRefused as refused:
        return refused


@pytest.mark.parametrize("action", Action)
def test_every_state_and_role_gets_an_answer_of_the_right_class(action: Action) -> None:
    """27 states x 74 actions x 13 roles, with data that is right, with none, and with nonsense."""
    for state in State:
        case = in_state(state)
        before = case.model_dump_json()
        for role in Role:
            for data in (EXAMPLES[action], {}, {"nonsense": 1}):
                got = answer(case, action, role, data)
                where = (state, role, data, got)
                opens = opens_again(action) and state in FINAL
                if not may(role, action):
                    assert type(got) is RoleRefused, where
                elif not allowed_in(state, action, data) and not opens:
                    assert type(got) is StateRefused, where
                elif "nonsense" in data:
                    assert type(got) is DataRefused, where
                    assert "nonsense" in [error["field"] for error in got.extra["errors"]]
                else:
                    fine = (Decision, RuleRefused, DataRefused, StateRefused, RoleRefused)
                    assert isinstance(got, fine), where
                if isinstance(got, CommandRefused):
                    assert got.detail
                    assert got.extra["allowed_actions"] == [a.value for a in actions_in(state) if may(role, a)]
                else:
                    assert got.case.version == case.version + (2 if opens else 1), where
        assert case.model_dump_json() == before, "deciding changes nothing of the case that was asked about"


@pytest.mark.parametrize("state", State)
def test_a_refusal_names_the_actions_of_the_table(state: State) -> None:
    for role in Role:
        actor = parse_command({"action": "note", "actor": {"id": "x", "role": role}}).actor
        named = allowed(in_state(state), actor)
        assert named == [a.value for a in Action if may(role, a) and allowed_in(state, a)]


def test_role_is_checked_before_state_and_state_before_data() -> None:
    """The order of the contract: 403, then 409, then 422."""
    case = in_state(S.REQUESTED)
    assert isinstance(answer(case, A.RECORD_REFUND, Role.CUSTOMER, {"x": 1}), RoleRefused)
    assert isinstance(answer(case, A.SHIP_BACK, Role.WAREHOUSE, {"x": 1}), StateRefused)
    assert isinstance(answer(case, A.INVESTIGATE, Role.AGENT, {"check": "the moon"}), DataRefused)
