"""The next step in plain words says who really has the word."""

from typing import Any

import pytest

from models.case import Payout
from models.lifecycle import OPEN, State
from models.next_step import next_step
from tests.builders import a_case

CAME_BACK = Payout(
    key="AC-26-000001:refund:1", purpose="refund", amount=11200, state="failed", failure="account_closed"
)


@pytest.mark.parametrize("state", OPEN)
def test_every_open_state_has_a_next_step_in_both_languages(state: State) -> None:
    step = next_step(a_case(state=state))
    assert step is not None
    for told in (step["text"], step["why"], step["otherwise"]):
        assert isinstance(told, dict)
        assert all(told[language] for language in ("zh", "en"))


@pytest.mark.parametrize(
    ("state", "facts", "says"),
    [
        (State.REFUNDING, {}, "Finance pays and records the reference"),
        (State.REFUNDING, {"payouts": (CAME_BACK,)}, "Ask the customer for an account"),
        (State.AWAITING_PAYMENT, {}, "Collect the payment before anything is shipped"),
        (State.AWAITING_PAYMENT, {"payment_notified": True}, "Finance looks for the customer's payment"),
    ],
)
def test_the_step_is_for_whoever_has_the_word(state: State, facts: dict[str, Any], says: str) -> None:
    step = next_step(a_case(state=state, **facts))
    assert step is not None
    assert step["text"]["en"] == says  # type: ignore[index]
