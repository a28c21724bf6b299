"""Compensation: neither refund nor freight, with an account, limits and approval of its own (F26)."""

from typing import Any

import pytest

from models.errors import DataRefused, RoleRefused, RuleRefused
from models.lifecycle import ASKING, State
from models.pots import draw
from tests.models.story import Story, confirmed, in_state, returned

LATE: dict[str, Any] = {"kind": "late", "reason": "it left three days late"}
ALONE = {"agent": {"CNY": "20"}, "supervisor": {"CNY": "50"}, "manager": {"CNY": "500"}}
LIMITS: dict[str, Any] = {"compensation_limits": ALONE}


def story(**over: Any) -> Story:
    return Story(**{"rules": LIMITS, **over})


def test_it_is_paid_from_no_pot_and_the_case_stays_where_it_is() -> None:
    told = story().do("agent", "compensate", amount="20.00", **LATE)
    assert (told.state, told.owed_out) == ("requested", {"goodwill": 2000})
    assert (told.case.money.goodwill, told.case.money.compensation) == (2000, 2000)
    assert all(not move.draws for move in told.effects.money)
    assert told.case.order is not None
    assert told.case.order.pots.refundable == told.case.order.pots.paid
    told.pay_all()
    assert told.case.money.paid == 2000


@pytest.mark.parametrize(
    ("role", "amount", "state"),
    [
        ("agent", "20.00", "requested"),
        ("agent", "20.01", "awaiting_approval"),
        ("supervisor", "50.00", "requested"),
        ("supervisor", "50.01", "awaiting_approval"),
        ("manager", "500.00", "requested"),
        ("manager", "500.01", "awaiting_approval"),
        ("director", "9000.00", "requested"),
    ],
)
def test_each_role_has_a_limit_of_its_own(role: str, amount: str, state: str) -> None:
    told = story().do(role, "compensate", amount=amount, **LATE)
    assert told.state == state
    assert (told.case.money.compensation == 0) == (state == "awaiting_approval")


def test_the_limit_holds_for_the_case_and_not_for_each_part() -> None:
    told = story().do("agent", "compensate", amount="15.00", **LATE)
    assert told.do("agent", "compensate", amount="15.00", **LATE).state == "awaiting_approval"
    assert told.case.pending is not None
    assert told.case.pending.amount == 1500


def test_approval_pays_it_and_leads_back_and_never_by_whoever_asked() -> None:
    told = confirmed(freight=None, rules=LIMITS).do("supervisor", "compensate", by="wang", amount="80.00", **LATE)
    with pytest.raises(RoleRefused):
        told.do("manager", "approve")
    told.do("manager", "approve", by="ma")
    assert (told.state, told.owed_out, told.case.pending) == ("fault_confirmed", {"goodwill": 8000}, None)


def test_an_approver_has_a_limit_too() -> None:
    told = story().do("agent", "compensate", amount="800.00", **LATE)
    with pytest.raises(RuleRefused, match=r"500\.00"):
        told.do("manager", "approve")
    assert told.do("director", "approve").owed_out == {"goodwill": 80000}


def test_denial_leads_back_and_pays_nothing() -> None:
    told = story().do("agent", "compensate", amount="80.00", **LATE).do("manager", "deny", note="too much")
    assert (told.state, told.owed_out) == ("requested", {})


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_what_a_law_multiplies_is_a_managers(role: str) -> None:
    told = story().do(role, "compensate", amount="5.00", kind="legal", reason="three times the price of the cups")
    assert told.state == "awaiting_approval"
    assert told.do("manager", "approve").owed_out == {"goodwill": 500}


@pytest.mark.parametrize("state", [s for s in (State.REFUNDING, State.EXCHANGING, State.RESOLVED) if s not in ASKING])
def test_where_nothing_can_wait_for_approval_somebody_above_gives_it(state: State) -> None:
    told = story()
    told.case = in_state(state, procedure=told.case.procedure, payouts=())
    with pytest.raises(RuleRefused, match="above your limit"):
        told.do("agent", "compensate", amount="80.00", **LATE)
    assert told.do("manager", "compensate", amount="80.00", **LATE).state == state


def test_freight_that_he_advanced_is_reimbursed_beside_it() -> None:
    told = returned(rules=LIMITS).do("agent", "compensate", amount="20.00", **LATE)
    told.do("warehouse", "confirm_fault", lines=[{"line_no": 1, "quantity": 1, **_FOUND}])
    told.do("agent", "choose_remedy", remedy="refund")
    assert told.owed_out == {"goodwill": 2000, "freight": 1200, "refund": 12900}
    assert told.case.order is not None
    assert draw(told.case.order.pots, ()) == told.case.order.pots


_FOUND = {"grade": "used", "cause": "manufacturing", "party_liable": "seller", "disposition": "supplier"}


def test_a_case_that_is_withdrawn_takes_it_back() -> None:
    told = story().do("agent", "compensate", amount="20.00", **LATE).do("customer", "withdraw", reason="never mind")
    assert (told.state, told.case.money.compensation, told.case.money.goodwill) == ("withdrawn", 0, 0)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"amount": "0.00"}, "amount"),
        ({"amount": "-1.00"}, "amount"),
        ({"kind": "threat"}, "kind"),  # K8: nothing is paid for it
        ({"reason": ""}, "reason"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(data: dict[str, str], field: str) -> None:
    with pytest.raises(DataRefused) as refused:
        story().do("manager", "compensate", **{"amount": "5.00", **LATE, **data})
    assert [error["field"] for error in refused.value.extra["errors"]] == [field]


def test_without_limits_in_the_playbook_a_manager_decides() -> None:
    assert Story(rules={"compensation_limits": {}}).do("agent", "compensate", amount="1.00", **LATE).state == (
        "awaiting_approval"
    )
