"""The playbooks that come with the program say what the handbook says."""

import re
from pathlib import Path

import pytest

from models.errors import AftercareError
from models.lifecycle import OPEN, WAITS_FOR, State
from models.playbook import Playbook
from playbooks.loading.load import SHIPPED, check_folder, load_playbooks
from tests.shipped import shipped

KINDS = shipped().kinds
DEMO = load_playbooks(SHIPPED / "demo").kinds
MINUTE, HOUR, DAY = 60, 3600, 86_400
WORKING_DAY = 8 * HOUR + 30 * MINUTE  # shop_cn: 3 h before lunch + 5.5 h after it


@pytest.mark.parametrize("folder", [SHIPPED, SHIPPED / "demo"], ids=["shipped", "demo"])
def test_nothing_is_wrong_with_them(folder: Path) -> None:
    assert check_folder(folder) == []


#: Section 3, in its order.
SECTION_3 = """
    quality_fault damaged_in_transit wrong_item missing_item not_as_described change_of_mind warranty_repair
    field_service cancel_before_shipment swap_before_shipment out_of_stock price_adjustment
    not_dispatched no_scan tracking_stalled signed_not_received no_coverage misdelivered lost_in_transit
    address_change usage_help complaint review_followup remittance
"""


def test_the_kinds_of_section_3_are_all_there() -> None:
    assert set(KINDS) == set(SECTION_3.split())


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_a_kind_has_all_that_an_agent_looks_for(playbook: Playbook) -> None:
    assert len(playbook.subcategories) >= 3
    assert len(playbook.questions) >= 3
    words = [*playbook.typical_words, *(word for sub in playbook.subcategories for word in sub.typical_words)]
    chinese = [word for word in words if re.search("[一-鿿]", word)]
    assert len(words) >= 8
    assert 3 <= len(chinese) <= len(words) - 3
    assert playbook.steps
    assert any(step.do for step in playbook.steps)


@pytest.mark.parametrize(
    ("kind", "liable", "asks_fault", "remedies"),
    [
        ("quality_fault", "seller", True, ("repair", "exchange", "refund", "keep_it")),
        ("change_of_mind", "customer", False, ("refund", "exchange")),
        ("warranty_repair", "seller", True, ("repair", "exchange", "refund")),
        ("wrong_item", "seller", False, ("keep_it", "exchange", "refund")),
    ],
)
def test_each_kind_takes_its_route(kind: str, liable: str, asks_fault: bool, remedies: tuple[str, ...]) -> None:
    procedure = KINDS[kind].procedure
    assert procedure.goods_come_back
    assert (procedure.party_liable, procedure.asks_fault, procedure.remedies) == (liable, asks_fault, remedies)


@pytest.mark.parametrize(
    ("state", "clock", "seconds", "outcome"),
    [  # T2, T4, T5, K3 and the contract's table of states
        ("requested", "triage", WORKING_DAY, "escalate"),
        ("awaiting_evidence", "evidence", 7 * DAY, "close"),
        ("investigating", "investigation", WORKING_DAY, "escalate"),
        ("offered", "offer", 48 * HOUR, "decline"),
        ("awaiting_approval", "approval", 4 * HOUR, "escalate"),
        ("intercepting", "interception", 2 * HOUR, "escalate"),
        ("recalling", "recall", 3 * DAY, "escalate"),
        ("awaiting_return", "return_shipped", 7 * DAY, "close"),
        ("return_in_transit", "return_arrival", 5 * DAY, "search"),
        ("received", "inspection", WORKING_DAY, "escalate"),
        ("external_diagnosis", "external_diagnosis", 2 * WORKING_DAY, "escalate"),
        ("inspected", "remedy_started", WORKING_DAY, "escalate"),
        ("fault_confirmed", "remedy_started", WORKING_DAY, "escalate"),
        ("fault_refuted", "remedy_started", WORKING_DAY, "escalate"),
        ("quoted", "quote", 5 * DAY, "decline"),
        ("awaiting_payment", "payment", 7 * DAY, "close"),
        ("awaiting_stock", "stock", 3 * WORKING_DAY, "escalate"),
        ("refunding", "refund_paid", WORKING_DAY, "escalate"),
        ("exchanging", "replacement_sent", WORKING_DAY, "escalate"),
        ("repairing", "repair_promise", 5 * WORKING_DAY, "escalate"),
        ("visiting", "visit", 24 * HOUR, "escalate"),
        ("returning_goods", "goods_back", WORKING_DAY, "escalate"),
        ("delivering", "delivery", 5 * DAY, "search"),
        ("resolved", "callback", 2 * DAY, "try_again"),
    ],
)
def test_every_open_state_has_the_clock_of_the_handbook(state: str, clock: str, seconds: int, outcome: str) -> None:
    rule = KINDS["quality_fault"].procedure.clocks[State(state)]
    assert (rule.clock, rule.target, rule.outcome) == (clock, seconds, outcome)


def test_the_table_above_names_every_open_state() -> None:
    marks = vars(test_every_open_state_has_the_clock_of_the_handbook)["pytestmark"]
    table = next(mark for mark in marks if mark.name == "parametrize")
    assert {row[0] for row in table.args[1]} == {state.value for state in OPEN}


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_a_customer_who_may_lose_something_by_waiting_is_reminded(playbook: Playbook) -> None:
    for state, rule in playbook.procedure.clocks.items():
        if rule.outcome == "close":
            assert WAITS_FOR[state] == "customer"
            assert rule.remind is not None
            assert rule.target >= 3 * rule.remind  # 7 days and 2 days before their end, and shorter ones alike


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_the_first_answer_is_due_after_15_working_minutes(playbook: Playbook) -> None:
    rule = playbook.procedure.first_answer
    assert rule is not None
    assert (rule.clock, rule.target, rule.calendar) == ("first_answer", 15 * MINUTE, "shop_cn")


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_escalation_warns_and_climbs_as_t8_says(playbook: Playbook) -> None:
    chain = playbook.procedure.escalation
    assert (chain.calendar, chain.all_hours, chain.repeat, chain.acknowledge) == (
        "escalation_cn",
        ("critical",),
        3,
        4 * 3600,
    )
    assert chain.team == "shop_cn", "an acknowledgement is counted in working time"
    assert [(level.percent, level.level, level.targets) for level in chain.levels] == [
        (75, 0, ("owner",)),
        (100, 1, ("on_duty", "owner")),
        (150, 2, ("supervisor",)),
        (200, 3, ("manager",)),
    ]


def test_what_each_role_refunds_alone_is_that_of_the_handbook() -> None:
    limits = {role: amounts["CNY"] for role, amounts in KINDS["quality_fault"].procedure.refund_limits.items()}
    assert limits == {"agent": "500", "supervisor": "1000", "manager": "10000"}


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_limits_are_those_of_the_handbook(playbook: Playbook) -> None:
    procedure, offer = playbook.procedure, playbook.procedure.keep_it
    assert all(set(amounts) == {"CNY", "USD", "EUR", "GBP", "JPY"} for amounts in procedure.refund_limits.values())
    assert (offer.start_percent, offer.agent_percent, offer.manager_percent, offer.rounds) == (30, 50, 100, 3)  # K2, K3
    assert procedure.return_freight_factor == 3  # F11
    assert procedure.reduction_percent_limit == 20  # F16
    assert procedure.callback_tries == 3  # T5: the first and two more
    assert procedure.reopen_days == 30
    assert not procedure.customer_pays_both_ways  # F22


def test_a_change_of_mind_has_seven_days_and_no_final_sale() -> None:
    rule = KINDS["change_of_mind"].eligibility
    assert (rule.days_since_delivery, rule.final_sale) == (7, False)
    assert "perishable" in rule.excluded_categories


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_there_is_something_to_say_wherever_the_customer_is_awaited(playbook: Playbook) -> None:
    """Where we wait for the customer, and where a case begins, there is something to say, in both languages."""
    wanted = {"requested", "resolved"} | {s.value for s in OPEN if WAITS_FOR[s] == "customer"}
    assert wanted <= set(playbook.scripts)
    for texts in playbook.scripts.values():
        assert re.search("[一-鿿]", texts["zh"])
        assert not re.search("[一-鿿]", texts["en"])


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_both_languages_of_a_script_tell_the_same_dates_amounts_and_places(playbook: Playbook) -> None:
    names = {"agent", "customer", "case_no", "order_no", "product", "shop"}
    for state, texts in playbook.scripts.items():
        named = {language: set(re.findall(r"{(\w+)}", text)) - names for language, text in texts.items()}
        assert named["zh"] == named["en"], state


def test_the_demo_decides_as_the_shipped_kinds_do() -> None:
    shipped = {kind for kind in DEMO if not kind.startswith("demo_")}
    assert shipped
    for kind in shipped:
        of_the_demo, real = DEMO[kind].procedure, KINDS[kind].procedure
        assert of_the_demo.model_copy(update={"version": real.version}) == real


@pytest.mark.parametrize(
    ("kind", "like", "state", "target", "remind", "calendar"),
    [
        ("demo_never_ships", "change_of_mind", "awaiting_return", 2, 1, "all_hours"),
        ("demo_clock_runs_out", "quality_fault", "requested", 2, None, "all_hours"),
    ],
)
def test_a_demo_playbook_differs_from_its_kind_in_one_clock(
    kind: str, like: str, state: str, target: int, remind: int | None, calendar: str
) -> None:
    demo, real = DEMO[kind].procedure, KINDS[like].procedure
    rule = demo.clocks[State(state)]
    assert (rule.target, rule.remind, rule.calendar) == (target, remind, calendar)
    others = set(OPEN) - {State(state)}
    assert {s: demo.clocks[s] for s in others} == {s: real.clocks[s] for s in others}
    assert demo.remedies == real.remedies


def test_every_kind_can_be_answered_as_a_document() -> None:
    document = KINDS["wrong_item"].as_document()
    assert document["kind"] == "wrong_item"
    assert document["procedure"]["clocks"]["offered"]["target"] == 48 * HOUR


def test_the_shipped_freight_rates_cover_the_currencies_of_the_limits() -> None:
    rates = shipped().freight
    for currency in KINDS["quality_fault"].procedure.refund_limits["agent"]:
        assert rates.normal("anywhere", currency)


def test_asking_for_a_kind_that_is_not_shipped_is_refused() -> None:
    with pytest.raises(AftercareError, match="known are"):
        shipped().get("teleportation")
