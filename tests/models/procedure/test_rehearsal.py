"""What is said to be allowed is what really happens: the reason beside a button and the refusal behind it are one."""

from typing import Any

import pytest

from models.case import About, Case, Override, Payout, Pending, Ruling
from models.commands import parse_command
from models.decide import decide, opens_again
from models.effects import Decision
from models.errors import CommandRefused, DataRefused
from models.lifecycle import FINAL, OPEN, Action, Role, State, allowed_in, may
from models.procedure.eligibility import Earlier, Eligible, Reason
from models.procedure.rehearsal import answer, answers, samples_of
from tests.builders import NOW, a_case
from tests.models.examples import EXAMPLES
from tests.models.story import found, in_state, procedure

WHO = "somebody"
TOO_LATE = Reason(rule="days_since_delivery", answer="no", zh="签收后第9天，期限7天", en="day 9 after delivery, of 7")
NOT_ELIGIBLE = Eligible(answer="no", reasons=(TOO_LATE,))
PAID = Payout(key="AC-26-000001:refund:7", purpose="refund", amount=100, state="done", reference="ali 7")

#: Cases that stand in a state and have something about them that a rule looks at.
SITUATIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "not eligible": {"eligible": NOT_ELIGIBLE},
    "let pass": {
        "eligible": NOT_ELIGIBLE,
        "override": Override(by="chen", role="supervisor", reason="he was in hospital", at=NOW),
    },
    "about the one who asks": {"about": About(person="SomeBody")},
    "decided outside": {"ruling": Ruling(ruling="refunded", reference="tm 9", amount=12900)},
    "invoice, loaner and claim": {"invoice_open": True, "loaners": ("L-7",)},
    "money has left": {"payouts": (PAID,)},
    "three rounds": {"rounds": 3},
    "many keep-its": {"earlier": Earlier(keep_its=9)},
    "one unit": {"lines": {1: 1}},
    "called twice": {"procedure": procedure("quality_fault", calls=2), "calls": 2},
}
#: Data besides the example's with which a rule may say something else.
OTHERS: dict[Action, tuple[dict[str, Any], ...]] = {
    Action.REPORT_INTERCEPTION: ({"result": "gone"},),
    Action.PLATFORM_RULING: ({"ruling": "return", "reference": "tm 9"},),
    Action.ASSIGN: ({"to": "mei"},),
    **dict.fromkeys(
        (Action.CONFIRM_FAULT, Action.REFUTE_FAULT, Action.PASS_INSPECTION), ({"lines": [found()], "report": "SP-7"},)
    ),
}


def without_order(state: State) -> Case:
    """A complaint that belongs to no order."""
    return in_state(state).model_copy(update={"order": None, "lines": ()})


def standing(state: State, situation: str) -> Case:
    return without_order(state) if situation == "no order" else in_state(state, **SITUATIONS[situation])


def done(case: Case, action: Action, role: Role, data: dict[str, Any]) -> Decision | CommandRefused:
    """What really comes of it."""
    command = parse_command({"action": action, "actor": {"id": WHO, "role": role}, "data": data})
    try:
        return decide(case, command, NOW)
    except CommandRefused as refused:
        return refused


@pytest.mark.parametrize("state", State)
def test_what_it_says_is_what_happens(state: State) -> None:
    """27 states x 74 actions x 13 roles."""
    _says_what_happens(in_state(state), tuple(Role))


@pytest.mark.parametrize("situation", [*list(SITUATIONS)[1:], "no order"])
def test_what_it_says_is_what_happens_where_a_rule_has_its_say(situation: str) -> None:
    for state in OPEN:
        _says_what_happens(standing(state, situation), (Role.AGENT, Role.MANAGER), rules_only=True)


def _says_what_happens(case: Case, roles: tuple[Role, ...], rules_only: bool = False) -> None:
    state, before = case.state, case.model_dump_json()
    for role in roles:
        for row in answers(case, (role,), WHO, NOW):
            action = Action(row["action"])
            assert row["allowed"] == (not row["reasons"]), (action, role)
            if rules_only and not (may(role, action) and allowed_in(state, action)):
                continue
            if action is Action.CHOOSE_REMEDY and may(role, action) and allowed_in(state, action):
                _each_remedy_is_as_it_says(case, role, row)
            elif row["allowed"]:
                _somehow_it_is_done(case, action, role)
            else:
                _it_is_refused_for_that_reason(case, action, role, row["reasons"])
    assert case.model_dump_json() == before, "rehearsing changes nothing"


def _somehow_it_is_done(case: Case, action: Action, role: Role) -> None:
    """With some data it is done, or at least only the data is wrong."""
    tries = (EXAMPLES[action], *samples_of(case, action), *OTHERS.get(action, ()))
    got = [done(case, action, role, data) for data in tries]
    assert any(isinstance(result, Decision | DataRefused) for result in got), (action, role, got)


def _it_is_refused_for_that_reason(case: Case, action: Action, role: Role, reasons: list[str]) -> None:
    """In the refusal's own words, where it is a rule that forbids it."""
    got = [done(case, action, role, data) for data in samples_of(case, action)]
    assert all(isinstance(result, CommandRefused) for result in got), (action, role, got)
    if may(role, action) and allowed_in(case.state, action):
        details = [result.detail for result in got if isinstance(result, CommandRefused)]
        assert reasons == details[-1:], (action, role)
        assert not all(isinstance(result, DataRefused) for result in got)
    else:
        missing = () if may(role, action) else (f"not by {role}",)
        wrong_state = () if allowed_in(case.state, action) else (f"not while the case is '{case.state}'",)
        after_the_end = opens_again(action) and case.is_final
        assert reasons == [*(() if after_the_end else wrong_state), *missing]


def _each_remedy_is_as_it_says(case: Case, role: Role, row: dict[str, Any]) -> None:
    assert row["allowed"] == any(remedy["allowed"] for remedy in row["remedies"])
    proposed = [remedy["remedy"] for remedy in row["remedies"] if remedy["proposed"]]
    assert proposed == list(case.procedure.remedies), "the playbook's come first, in its order"
    for remedy in row["remedies"]:
        amount = {"amount": "0.01"} if remedy["remedy"] in ("keep_it", "adjust_price") else {}
        got = done(case, Action.CHOOSE_REMEDY, role, {"remedy": remedy["remedy"], **amount})
        assert remedy["allowed"] == isinstance(got, Decision), (remedy, got)
        if isinstance(got, Decision):
            assert remedy["needs_approval"] == (got.case.state is State.AWAITING_APPROVAL)
        else:
            assert remedy["reasons"] == [got.detail]


# ── some of it in words ──


def row_of(case: Case, action: Action, *roles: Role, who: str = WHO) -> dict[str, Any]:
    return next(row for row in answers(case, roles or None, who, NOW) if row["action"] == action)


def test_why_not_by_state_role_and_rule() -> None:
    case = in_state(State.REQUESTED, eligible=NOT_ELIGIBLE)
    assert row_of(case, Action.SHIP_BACK, Role.WAREHOUSE)["reasons"] == ["not while the case is 'requested'"]
    assert row_of(case, Action.APPROVE, Role.AGENT)["reasons"] == [
        "not while the case is 'requested'",
        "not by agent",
    ]
    [why] = row_of(case, Action.AUTHORISE_RETURN, Role.AGENT)["reasons"]
    assert why == ("The case is not eligible: day 9 after delivery, of 7. A supervisor can override it with a reason.")


def test_several_roles_may_do_what_any_of_them_may() -> None:
    case = in_state(State.REQUESTED, eligible=NOT_ELIGIBLE)
    assert not row_of(case, Action.OVERRIDE_ELIGIBILITY, Role.AGENT)["allowed"]
    assert row_of(case, Action.OVERRIDE_ELIGIBILITY, Role.AGENT, Role.SUPERVISOR)["allowed"]
    assert row_of(case, Action.OVERRIDE_ELIGIBILITY)["allowed"], "whoever may"


def test_a_token_without_a_role_may_nothing() -> None:
    rows = answers(in_state(State.REQUESTED), (), WHO, NOW)
    assert [row for row in rows if row["allowed"]] == []
    assert all("not by this token" in row["reasons"] for row in rows)


def test_above_the_limit_is_allowed_and_says_that_it_waits_for_approval() -> None:
    row = row_of(
        in_state(State.INSPECTED), Action.CHOOSE_REMEDY, Role.AGENT
    )  # 258.00, of which an agent decides 200.00
    refund = next(remedy for remedy in row["remedies"] if remedy["remedy"] == "refund")
    assert (refund["allowed"], refund["needs_approval"]) == (True, True)
    assert refund["reasons"] == ["above the limit: it waits for approval"]
    by_manager = row_of(in_state(State.INSPECTED), Action.CHOOSE_REMEDY, Role.MANAGER)["remedies"]
    assert not next(remedy for remedy in by_manager if remedy["remedy"] == "refund")["needs_approval"]


@pytest.mark.parametrize(("who", "allowed"), [("li", False), ("wang", True)])
def test_whoever_asked_cannot_approve(who: str, allowed: bool) -> None:
    asked = {"action": "choose_remedy", "actor": {"id": "li", "role": "manager"}, "data": {"remedy": "refund"}}
    pending = Pending(command=parse_command(asked), came_from=State.REQUESTED, amount=12900)
    case = a_case(state=State.AWAITING_APPROVAL, pending=pending)
    row = row_of(case, Action.APPROVE, Role.MANAGER, who=who)
    assert row["allowed"] is allowed


def test_the_one_complained_about_is_not_offered_the_case_T15() -> None:
    case = a_case(about=About(person="li"))
    assert row_of(case, Action.TAKE, Role.AGENT, who="LI")["reasons"] == [
        "The complaint is about LI, who cannot own it: somebody else takes it (T15)."
    ]
    assert row_of(case, Action.TAKE, Role.AGENT, who="mei")["allowed"]


def test_after_the_end_can_be_booked_in_G12() -> None:
    for state in FINAL:
        assert row_of(in_state(state), Action.BOOK_IN, Role.WAREHOUSE)["allowed"]
        assert not row_of(in_state(state), Action.SHIP_BACK, Role.WAREHOUSE)["allowed"]


def test_it_says_what_an_action_needs() -> None:
    case = in_state(State.AWAITING_RETURN)
    assert row_of(case, Action.SHIP_RETURN, Role.CUSTOMER)["needs"] == ["carrier", "waybill"]
    assert row_of(case, Action.BOOK_IN, Role.WAREHOUSE)["needs"] == []


@pytest.mark.parametrize(
    ("action", "role", "why"),
    [
        (Action.RECORD_REFUND, Role.FINANCE, "No payout of this case is open."),
        (Action.FAIL_REFUND, Role.FINANCE, "No payout of this case is open."),
        (Action.ASK_PAYOUT, Role.FINANCE, "No payout of this case is open."),
        (
            Action.WAIVE_FREIGHT,
            Role.MANAGER,
            "The customer owes no freight, and advanced none that he has not got back (F26).",
        ),
    ],
)
def test_what_has_nothing_to_be_done_to_is_not_allowed(action: Action, role: Role, why: str) -> None:
    row = row_of(in_state(State.INSPECTED), action, role)
    assert (row["allowed"], row["reasons"]) == (False, [why])


def test_what_has_something_to_be_done_to_is_allowed() -> None:
    assert row_of(in_state(State.REFUNDING), Action.RECORD_REFUND, Role.FINANCE)["allowed"]
    assert row_of(in_state(State.INSPECTED, holds=("do_not_ship",)), Action.LIFT_HOLD, Role.AGENT)["allowed"]
    assert row_of(in_state(State.INSPECTED, advanced_freight=1200), Action.WAIVE_FREIGHT, Role.MANAGER)["allowed"]


def test_a_remedy_that_waits_for_goods_says_so() -> None:
    rows = row_of(in_state(State.REQUESTED), Action.CHOOSE_REMEDY, Role.AGENT)["remedies"]
    refund = next(remedy for remedy in rows if remedy["remedy"] == "refund")
    assert refund["reasons"] == ["the goods are not back: it waits for approval"]


@pytest.mark.parametrize("roles", [None, frozenset({Role.AGENT}), frozenset({Role.FINANCE, Role.MANAGER})])
def test_one_action_by_itself_is_answered_as_among_all(roles: frozenset[Role] | None):
    for state in (State.REQUESTED, State.RECEIVED, State.CLOSED):
        case = in_state(state)
        assert [answer(case, action, roles, WHO, NOW) for action in Action] == answers(case, roles, WHO, NOW)
