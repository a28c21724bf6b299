"""Double entry: what each event posts, what a case has cost, and that all accounts together are always zero."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.accounting import ledger
from models.accounting.ledger import PARTIES, WHATS, Cost, Transfer, Transfers, balances, cost_of_case
from tests.models.story import Story, found

EVENTS: list[tuple[str, Transfers, list[tuple[str, str, str, int]]]] = [
    ("a refund", ledger.payout_paid("refund", 12900), [("customer", "shop", "refund", 12900)]),
    ("freight", ledger.payout_paid("freight", 1200), [("customer", "shop", "freight", 1200)]),
    ("goodwill", ledger.payout_paid("goodwill", 500), [("customer", "shop", "goodwill", 500)]),
    (
        "a platform paid",
        ledger.paid_outside(5000),
        [("customer", "platform", "refund", 5000), ("platform", "shop", "refund", 5000)],
    ),
    ("a difference came in", ledger.payment_received(2000), [("shop", "customer", "received", 2000)]),
    ("a kettle sent", ledger.replacement_shipped(12900), [("customer", "shop", "replacement_value", 12900)]),
    ("restocked", ledger.goods_taken_in("restock", 12900), [("shop", "customer", "goods", 12900)]),
    ("refurbished", ledger.goods_taken_in("refurbish", 12900), [("shop", "customer", "goods", 12900)]),
    ("scrapped", ledger.goods_taken_in("scrap", 12900), [("write_off", "customer", "goods", 12900)]),
    ("to the supplier", ledger.goods_taken_in("supplier", 12900), [("supplier", "customer", "goods", 12900)]),
    ("back to the customer", ledger.goods_taken_in("customer", 12900), []),
    ("not inspected", ledger.goods_taken_in(None, 12900), []),
    ("a claim", ledger.claim_changed("courier", 0, 14100), [("courier", "write_off", "claim", 14100)]),
    ("accepted in part", ledger.claim_changed("courier", 14100, 9000), [("write_off", "courier", "claim", 5100)]),
    ("refused", ledger.claim_changed("supplier", 9000, 0), [("write_off", "supplier", "claim", 9000)]),
    ("paid as agreed", ledger.claim_paid("courier", 9000, 9000), [("shop", "courier", "claim", 9000)]),
    (
        "paid less",
        ledger.claim_paid("courier", 9000, 8000),
        [("write_off", "courier", "claim", 1000), ("shop", "courier", "claim", 8000)],
    ),
    ("nothing for nothing", ledger.replacement_shipped(0), []),
]


@pytest.mark.parametrize(("posted", "rows"), [event[1:] for event in EVENTS], ids=[event[0] for event in EVENTS])
def test_what_an_event_posts(posted: Transfers, rows: list[tuple[str, str, str, int]]) -> None:
    assert [(one.debit, one.credit, one.purpose, one.amount) for one in posted] == rows


two_accounts = st.lists(st.sampled_from(PARTIES), min_size=2, max_size=2, unique=True)
transfers = st.lists(
    st.builds(
        lambda pair, what, amount: Transfer(debit=pair[0], credit=pair[1], purpose=what, amount=amount),
        two_accounts,
        st.sampled_from(WHATS),
        st.integers(1, 10**12),
    ),
    max_size=30,
)


@given(transfers)
def test_all_accounts_together_are_zero_whatever_is_posted(posted: list[Transfer]) -> None:
    assert sum(balances(posted).values()) == 0
    assert set(balances([*posted, *(one.undone for one in posted)]).values()) == {0}


@given(transfers)
def test_the_total_is_the_sum_of_its_parts(posted: list[Transfer]) -> None:
    ours = [one for one in posted if "shop" in (one.debit, one.credit) and "write_off" not in (one.debit, one.credit)]
    cost = cost_of_case(ours)
    given_away = cost.refund + cost.freight + cost.goodwill + cost.replacement + cost.other
    assert cost.total == given_away - cost.goods - cost.compensation - cost.received


# ── through the door ──────────────────────────────────────────────────────────────────────────────


def ledger_of(story: Story) -> list[Any]:
    return [(one.debit, one.credit, one.purpose, one.amount) for one in story.effects.postings]


def cost(story: Story) -> Cost:
    return cost_of_case(story.effects.postings)


def kettle_came_back(disposition: str = "restock", freight: str | None = "12.00") -> Story:
    story = Story("quality_fault").do("agent", "authorise_return")
    story.do("customer", "ship_return", carrier="SF", waybill="SF100", freight=freight)
    story.do("warehouse", "book_in")
    return story.do("warehouse", "confirm_fault", lines=[found(disposition=disposition)])


def test_a_refund_costs_nothing_but_its_freight_where_the_kettle_is_back_on_the_shelf() -> None:
    story = kettle_came_back().do("manager", "choose_remedy", remedy="refund")
    came_back, asked_back = ("shop", "customer", "goods", 12900), ("supplier", "write_off", "claim", 1200)
    assert ledger_of(story) == [came_back, asked_back], "an approved refund is not paid yet"
    for payout in story.case.payouts:
        story.do("finance", "record_refund", payout_id=payout.key, reference=f"ALI-{payout.key}")
    assert cost(story) == Cost(refund=12900, freight=1200, goods=12900, claimed=1200, total=1200)


def test_a_scrapped_kettle_is_written_off_and_costs_its_refund() -> None:
    story = kettle_came_back("scrap", None).do("manager", "choose_remedy", remedy="refund")
    story.do("finance", "record_refund", payout_id=story.case.payouts[0].key, reference="ALI-1")
    assert cost(story) == Cost(refund=12900, written_off=12900, claimed=12900, total=12900)


def test_a_repaired_kettle_that_goes_back_to_its_owner_never_was_ours() -> None:
    story = kettle_came_back("refurbish", None).do("manager", "choose_remedy", remedy="repair")
    story.do("workshop", "finish_repair", report="new seal").do("warehouse", "ship_back", carrier="SF", waybill="SF200")
    assert cost(story).total == 0
    assert story.case.taken_in == ()


def test_an_exchange_costs_the_new_kettle_less_the_one_that_came_back() -> None:
    story = kettle_came_back("restock", None)
    story.do("manager", "choose_remedy", remedy="exchange", replacement={"sku": "KETTLE-17"})
    story.do("warehouse", "ship_replacement", carrier="SF", waybill="SF300")
    assert cost(story) == Cost(replacement=12900, goods=12900, claimed=1000, total=0)


def test_what_is_inspected_again_is_posted_once() -> None:
    story = kettle_came_back("scrap", None).do("agent", "send_to_expert", expert="brand centre")
    story.do("expert", "confirm_fault", lines=[found(disposition="restock")])
    assert balances(story.effects.postings) == {**dict.fromkeys(PARTIES, 0), "shop": 12900, "customer": -12900}


def test_a_claim_counts_when_it_is_paid_and_is_shown_until_then() -> None:
    story = Story("quality_fault").do("agent", "open_claim", against="courier", amount="129.00")
    assert (cost(story).claimed, cost(story).total) == (12900, 0)
    story.do("agent", "settle_claim", result="accepted", amount="100.00")
    assert (cost(story).claimed, story.case.claims[0].outstanding) == (10000, 10000)
    story.do("agent", "settle_claim", result="paid", amount="100.00")
    assert cost(story) == Cost(compensation=10000, total=-10000)
    assert (story.case.claims[0].paid, story.case.claims[0].outstanding) == (10000, 0)


def test_a_refused_claim_leaves_nothing_behind() -> None:
    story = Story("quality_fault").do("agent", "open_claim", against="supplier", amount="129.00")
    story.do("agent", "settle_claim", result="refused")
    assert set(balances(story.effects.postings).values()) == {0}


def test_a_platforms_payment_is_booked_through_the_platform() -> None:
    story = Story("quality_fault")
    story.do("platform", "platform_ruling", ruling="refunded", reference="TM-9", amount="50.00")
    assert balances(story.effects.postings) == {**dict.fromkeys(PARTIES, 0), "customer": 5000, "shop": -5000}


def test_keys_are_allocated_in_the_case_so_that_a_repeat_is_harmless() -> None:
    story = Story("quality_fault").do("agent", "open_claim", against="courier", amount="10.00")
    story.do("agent", "settle_claim", result="paid", amount="9.00")
    assert [one.key for one in story.effects.postings] == [f"AC-26-000001:ledger:{n}" for n in (1, 2, 3)]
