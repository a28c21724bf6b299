"""Any sequence of calls, faults and decisions, on every gateway of the map."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.gateways import GATEWAYS
from activities.gateways.gateway import PayoutOrder
from models.accounting.payments import Answer
from tests.activities.gateways.houses import DECISIONS, FAULTS, House, Houses, known
from tests.activities.gateways.ledger import Decision
from tests.activities.gateways.provider import QUICK, Fault

CALLS = st.sampled_from(["pay", "pay", "ask", "settle", "land", "forget"])
WRONG = st.sampled_from((Fault.NONE, Fault.NONE, Fault.NONE, *QUICK))
DECIDED = st.sampled_from((Decision.PAY, Decision.PAY, *Decision))
Steps = list[tuple[str, Fault, Fault, Decision]]
STEPS = st.lists(st.tuples(CALLS, WRONG, WRONG, DECIDED), min_size=1, max_size=8)


async def after_any_sequence(house: House, name: str, steps: Steps) -> None:
    """Every answer is true when it is given, and in the end one payment has left, or none and it is refused."""
    order = house.order(6_600, paid=20_000)  # room enough to pay it twice
    for call, send, ask, decision in steps:
        house.decide(decision if decision in DECISIONS[name] else Decision.PAY)
        house.tell(*(fault if fault in FAULTS[name] else Fault.NONE for fault in (send, ask)))
        match call:
            case "pay" | "ask":
                was_true(await getattr(house.gateway, call)(order), house, order)
            case step:
                getattr(house, step)()
        assert len(house.paid(order)) <= 1
    house.tell()
    house.decide(Decision.PAY)
    house.land()
    house.settle()
    answer = await known(house, order)
    assert house.paid(order) == ([6_600] if answer.state == "done" else [])
    assert (await house.gateway.pay(order)).state == "done" or answer.state == "refused"
    assert len(house.paid(order)) <= 1


def was_true(answer: Answer, house: House, order: PayoutOrder) -> None:
    paid = house.paid(order)
    assert answer.state != "done" or paid == [6_600]
    assert answer.state != "refused" or paid == []


def tried(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", GATEWAYS)
@tried(40)
@given(steps=STEPS)
async def test_any_sequence_of_calls_and_faults_pays_once(name: str, houses: Houses, steps: Steps):
    await after_any_sequence(houses(name), name, steps)


@pytest.mark.slow
@pytest.mark.parametrize("name", GATEWAYS)
@tried(600)
@given(steps=STEPS)
async def test_many_sequences_of_calls_and_faults_pay_once(name: str, houses: Houses, steps: Steps):
    await after_any_sequence(houses(name), name, steps)
