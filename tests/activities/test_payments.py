"""Payouts as activities: out of their rows, through the gateway that fits, and never sent again without asking."""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.gateways import Room, configured
from activities.gateways.gateway import Gateway
from activities.payments import Payments, finances_queue
from models.accounting.payments import PayoutInput, PayoutResult
from models.case import Payout
from models.errors import Invalid
from settings import Settings
from tests.activities.gateways.houses import HOUSES, ProviderHouse, StoreCreditHouse
from tests.activities.gateways.ledger import Decision, Taken
from tests.activities.gateways.provider import QUICK, Fault
from tests.builders import an_order
from tests.databases import emptied, opened, sqlite_database
from tests.store.desk import commit, import_order, next_version, open_case

#: Of the payment that each order of these tests was paid with.
PAID = 34_760
METHODS = {"stripe": "card", "alipay": "alipay", "wechatpay": "wechat"}


@pytest.fixture(scope="module")
def database() -> Iterator[Engine]:
    with sqlite_database() as url, opened(url) as engine:
        yield engine


@pytest.fixture
def engine(database: Engine) -> Engine:
    return emptied(database)


@pytest.fixture(scope="module")
def houses() -> Iterator[Mapping[str, ProviderHouse]]:
    with ExitStack() as stack:
        opened_ones = {name: stack.enter_context(HOUSES[name]()) for name in METHODS}
        yield {name: house for name, house in opened_ones.items() if isinstance(house, ProviderHouse)}


class Desk:
    """A case with one payout, and the activities on it as a worker would run them."""

    def __init__(self, engine: Engine, gateways: Mapping[str, Gateway]) -> None:
        self.engine = engine
        self.gateways = dict(gateways)

    def payout(self, method: str, number: int = 1, **over: Any) -> str:
        """A payout of 129.00 against an order that was paid with this method."""
        payment = {"payment_no": "P1", "method": method, "amount": PAID, "reference": reference(number)}
        order = import_order(self.engine, an_order(f"KETTLE-{number}", payments=[payment]))
        case = open_case(self.engine, order)
        key = f"{case.case_no}:refund:{number}"  # the database begins anew with every test, the provider does not
        fields = {"key": key, "purpose": "refund", "amount": 12_900, "payment_no": "P1", **over}
        commit(self.engine, next_version(case, payouts=(Payout.model_validate(fields),)))
        return key

    async def pay_out(self, key: str, attempt: int = 1, gateway: str | None = None) -> PayoutResult:
        return await self._run("pay_out", PayoutInput(payout_id=key, gateway=gateway), attempt)

    async def ask(self, key: str, gateway: str | None = None) -> PayoutResult:
        return await self._run("ask", PayoutInput(payout_id=key, gateway=gateway), 1)

    async def _run(self, name: str, input: PayoutInput, attempt: int) -> PayoutResult:
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(environment.info, attempt=attempt)
        result: PayoutResult = await environment.run(getattr(Payments(self.engine, self.gateways), name), input)
        return result


def reference(number: int) -> str:
    return f"pi_KETTLE{number:06}"


def a_desk(engine: Engine, houses: Mapping[str, ProviderHouse], *without: str) -> Desk:
    queue = configured(Room(Settings(), lambda key: finances_queue(engine, key)))
    made = {**queue, "store_credit": StoreCreditHouse().gateway}
    made |= {name: house.gateway for name, house in houses.items()}
    return Desk(engine, {name: gateway for name, gateway in made.items() if name not in without})


_last = 0


def took(house: ProviderHouse, payment_no: str = "P1") -> int:
    """Have the provider take the payment of an order that nobody had yet; answers the order's number."""
    global _last
    _last += 1
    house.ledger.took(Taken(reference(_last), payment_no, PAID, "CNY"))
    return _last


def paid(house: ProviderHouse, number: int) -> list[int]:
    return [refund.amount for refund in house.ledger.paid if refund.payment.reference == reference(number)]


@pytest.mark.parametrize("name", METHODS)
async def test_an_approved_payout_is_given_back_to_the_payment_it_came_from(
    name: str, engine: Engine, houses: Mapping[str, ProviderHouse]
):
    desk, number = a_desk(engine, houses), took(houses[name])
    result = await desk.pay_out(desk.payout(METHODS[name], number))
    assert (result.gateway, result.sent, result.answer.state) == (name, True, "done")
    assert paid(houses[name], number) == [12_900]


@pytest.mark.parametrize(
    ("method", "over", "without", "gateway"),
    [
        ("cash", {}, (), "register"),  # nobody gives back cash but people
        ("alipay", {}, ("alipay",), "register"),  # not configured
        ("Alipay", {}, (), "alipay"),
        ("alipay", {"account": "bank ••••6688"}, (), "register"),  # another account (R1)
        ("alipay", {"account": "original "}, (), "alipay"),
        ("alipay", {"account": "store_credit c-88"}, (), "store_credit"),  # R2
        ("alipay", {"account": "store_credit c-88"}, ("store_credit",), "register"),
        ("alipay", {"purpose": "freight", "payment_no": None}, (), "register"),  # freight gives no payment back
        ("alipay", {"purpose": "goodwill", "payment_no": None}, (), "register"),
    ],
)
async def test_the_payment_and_the_account_choose_the_gateway(
    method: str,
    over: dict[str, Any],
    without: tuple[str, ...],
    gateway: str,
    engine: Engine,
    houses: Mapping[str, ProviderHouse],
):
    desk = a_desk(engine, houses, *without)
    result = await desk.pay_out(desk.payout(method, took(houses["alipay"]), **over))
    assert result.gateway == gateway
    assert result.answer.state == ("processing" if gateway == "register" else "done")


async def test_finances_queue_is_done_when_finance_is(engine: Engine, houses: Mapping[str, ProviderHouse]):
    desk = a_desk(engine, houses)
    waits = desk.payout("cash", took(houses["alipay"]))
    done = desk.payout("cash", took(houses["alipay"]), state="done", reference="ICBC-20260304-7")
    assert (await desk.pay_out(waits)).answer.state == "processing"
    answer = (await desk.ask(done)).answer
    assert (answer.state, answer.reference) == ("done", "ICBC-20260304-7")


@pytest.mark.parametrize("name", METHODS)
async def test_a_worker_that_died_after_sending_asks_and_sends_nothing(
    name: str, engine: Engine, houses: Mapping[str, ProviderHouse]
):
    house = houses[name]
    desk, number = a_desk(engine, houses), took(house)
    key = desk.payout(METHODS[name], number)
    house.tell(send=Fault.LOST_AFTER)
    assert (await desk.pay_out(key)).answer.state == "unknown"
    house.forget()
    sent = house.sent()
    again = await desk.pay_out(key, attempt=2)
    assert (again.sent, again.answer.state, house.sent()) == (False, "done", sent)
    assert paid(house, number) == [12_900]


@pytest.mark.parametrize("name", METHODS)
async def test_what_never_arrived_is_sent_again(name: str, engine: Engine, houses: Mapping[str, ProviderHouse]):
    house = houses[name]
    desk, number = a_desk(engine, houses), took(house)
    key = desk.payout(METHODS[name], number)
    house.tell(send=Fault.LOST_BEFORE)
    assert (await desk.pay_out(key)).answer.state == "unknown"
    asked = await desk.ask(key)
    assert (asked.sent, asked.answer.never_arrived) == (False, True)
    again = await desk.pay_out(key, attempt=2)
    assert (again.sent, again.answer.state) == (True, "done")
    assert paid(house, number) == [12_900]


@pytest.mark.parametrize("state", ["sent", "unknown"])
async def test_a_payout_that_may_have_been_sent_is_asked_about_first(
    state: str, engine: Engine, houses: Mapping[str, ProviderHouse]
):
    house = houses["wechatpay"]
    desk, number = a_desk(engine, houses), took(house)
    key = desk.payout("wechat", number, state=state)
    house.tell(ask=Fault.LOST_BEFORE)
    first = await desk.pay_out(key)
    assert (first.sent, first.answer.state, paid(house, number)) == (False, "unknown", [])
    assert (await desk.pay_out(key)).sent
    assert not (await desk.pay_out(key)).sent
    assert paid(house, number) == [12_900]


@pytest.mark.parametrize(
    ("over", "state", "code"),
    [
        ({"state": "done", "reference": "re_1"}, "done", None),
        ({"state": "planned"}, "refused", "not_approved"),
        ({"state": "cancelled"}, "refused", "cancelled"),
        ({"state": "failed", "failure": "account_declined"}, "refused", "account_declined"),
    ],
)
async def test_a_payout_that_is_over_or_not_approved_moves_nothing(
    over: dict[str, Any], state: str, code: str | None, engine: Engine, houses: Mapping[str, ProviderHouse]
):
    house = houses["alipay"]
    desk, number = a_desk(engine, houses), took(house)
    key, requests = desk.payout("alipay", number, **over), len(house.provider.log)
    for result in (await desk.pay_out(key), await desk.pay_out(key, attempt=3), await desk.ask(key)):
        assert (result.sent, result.answer.state, result.answer.code) == (False, state, code)
    assert len(house.provider.log) == requests


async def test_a_payout_stays_with_its_gateway_when_the_settings_change(
    engine: Engine, houses: Mapping[str, ProviderHouse]
):
    house = houses["alipay"]
    number = took(house)
    desk = a_desk(engine, houses, "alipay")
    key = desk.payout("alipay", number)
    queued = await desk.pay_out(key)  # to finance, since there is no Alipay
    later = await a_desk(engine, houses).pay_out(key, attempt=2, gateway=queued.gateway)
    assert (queued.gateway, later.gateway, later.answer.state) == ("register", "register", "processing")
    assert paid(house, number) == []


async def test_a_gateway_that_is_no_longer_configured_leaves_it_unknown(
    engine: Engine, houses: Mapping[str, ProviderHouse]
):
    house = houses["alipay"]
    desk = a_desk(engine, houses, "alipay")
    key = desk.payout("alipay", took(house), state="unknown")
    for result in (await desk.ask(key, gateway="alipay"), await desk.pay_out(key, gateway="alipay")):
        assert (result.sent, result.answer.state, result.answer.code) == (False, "unknown", "not_configured")


async def test_a_payout_that_is_not_there_is_an_error_that_no_repeat_mends(engine: Engine):
    desk = a_desk(engine, {})
    with pytest.raises(ApplicationError, match="no payout 'AC-26-999999:refund:1'") as refused:
        await desk.pay_out("AC-26-999999:refund:1")
    assert (refused.value.type, refused.value.non_retryable) == ("PayoutNotFound", True)


async def test_input_and_result_travel_through_temporal(engine: Engine, houses: Mapping[str, ProviderHouse]):
    desk, number = a_desk(engine, houses), took(houses["stripe"])
    houses["stripe"].decide(Decision.ACCOUNT_CLOSED)
    result = await desk.pay_out(desk.payout("card", number))
    assert result.answer.failure == "account_expired_or_canceled_card"
    payloads = await pydantic_data_converter.encode([PayoutInput(payout_id="AC:refund:1"), result])
    assert await pydantic_data_converter.decode(payloads, [PayoutInput, PayoutResult]) == [
        PayoutInput(payout_id="AC:refund:1"),
        result,
    ]


def test_half_a_providers_settings_are_an_error_that_names_the_rest():
    half = Settings(alipay_app_id="2021000000000001")
    with pytest.raises(Invalid, match="AFTERCARE_ALIPAY_PRIVATE_KEY and AFTERCARE_ALIPAY_PUBLIC_KEY too"):
        configured(Room(half, lambda key: None))


def test_without_settings_there_is_finances_queue_alone():
    assert list(configured(Room(Settings(), lambda key: None))) == ["register"]


# ── any sequence ──────────────────────────────────────────────────────────────────────────────────

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pay_out", "pay_out", "ask", "land", "settle", "forget"]),
        st.sampled_from((Fault.NONE, *QUICK)),
        st.sampled_from((Fault.NONE, Fault.NONE, *QUICK)),
        st.sampled_from((Decision.PAY, Decision.PAY, *Decision)),
    ),
    max_size=7,
)


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
async def test_between_two_sendings_there_is_always_a_question(
    name: str, database: Engine, houses: Mapping[str, ProviderHouse], steps: list[Any]
):
    """The worker dies and comes back as it likes: the first attempt sends, every later one asks before it does."""
    house, engine = houses[name], emptied(database)
    desk, number = a_desk(engine, houses), took(house)
    key, attempt, start = desk.payout(METHODS[name], number), 0, len(house.provider.log)
    for call, send, ask, decision in [*steps, *[("settle", *_WELL), ("pay_out", *_WELL)] * 3]:
        house.decide(decision)
        house.tell(
            *(fault if (name, fault) != ("stripe", Fault.BAD_SIGNATURE) else Fault.NONE for fault in (send, ask))
        )
        if call == "pay_out":
            attempt += 1
            result = await desk.pay_out(key, attempt=attempt)
        elif call == "ask":
            result = await desk.ask(key)
        else:
            getattr(house, call)()
        assert len(paid(house, number)) <= 1
    assert result.answer.known
    assert paid(house, number) == ([12_900] if result.answer.state == "done" else [])
    kinds = "".join(kind[0] for kind, _ in house.provider.log[start:])
    # Stripe is asked before each; a refusal that it only repeats is followed by its next number at once.
    assert "ss" not in kinds or name == "stripe"


_WELL = (Fault.NONE, Fault.NONE, Decision.PAY)
