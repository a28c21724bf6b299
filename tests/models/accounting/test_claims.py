"""Claims against couriers and suppliers: their deadlines, what they lack, and what is booked (L5, G10)."""

from datetime import timedelta
from typing import Any

import pytest

from models.accounting.claims import claim_document, missing_evidence, waiting_claims
from models.accounting.ledger import cost_of_case
from models.decide import money_refused
from models.errors import DataRefused, RoleRefused, RuleRefused
from models.lifecycle import State
from tests.builders import DAY
from tests.models.story import Story, confirmed, found, in_state

LOST = {"against": "courier", "amount": "139.00"}
APPEAL = {"result": "appealed", "reason": "The box was whole when it left us."}
PART = {"result": "paid", "amount": "99.00", "more_to_come": True}
GIVEN_UP = {"result": "written_off", "reason": "They went out of business."}


def claimed(**over: Any) -> Story:
    return Story("quality_fault", **over).do("agent", "open_claim", **LOST)


def said(story: Story, *results: Any) -> Story:
    for one in results:
        data = one if isinstance(one, dict) else {"result": one}
        story.do("manager", "settle_claim", **data)
    return story


def days_left(story: Story) -> float | None:
    (claim,) = story.case.claims
    return (claim.due_at - story.now) / timedelta(days=1) if claim.due_at else None


@pytest.mark.parametrize(
    ("results", "state", "awaits", "days", "outstanding", "brought"),
    [
        ([], "claimed", "filing", 30, 13900, 0),
        (["filed"], "claimed", "answer", 15, 13900, 0),
        ([{"result": "filed", "amount": "120.00"}], "claimed", "answer", 15, 12000, 0),
        (["filed", "accepted"], "accepted", "payment", 15, 13900, 0),
        (["accepted", "paid"], "paid", None, None, 0, 13900),
        ([{"result": "accepted", "amount": "100.00"}], "accepted", "payment", 15, 10000, 0),
        ([{"result": "accepted", "amount": "100.00"}, "paid"], "paid", None, None, 0, 10000),
        (["filed", "refused"], "refused", "decision", 7, 0, 0),
        (["filed", "refused", APPEAL], "claimed", "answer", 15, 13900, 0),
        (["filed", {"result": "accepted", "amount": "50.00"}, APPEAL, "accepted"], "accepted", "payment", 15, 13900, 0),
        (["filed", "refused", GIVEN_UP], "written_off", None, None, 0, 0),
        (["filed", GIVEN_UP], "written_off", None, None, 0, 0),
        # 100.00 of 139.00, and more to come; then the rest
        ([{"result": "paid", "amount": "100.00", "more_to_come": True}], "accepted", "payment", 15, 3900, 10000),
        ([{"result": "paid", "amount": "100.00", "more_to_come": True}, "paid"], "paid", None, None, 0, 13900),
        ([{"result": "paid", "amount": "100.00"}], "paid", None, None, 0, 10000),
        ([PART, "refused"], "refused", "decision", 7, 0, 9900),
        ([PART, "refused", APPEAL], "claimed", "answer", 15, 4000, 9900),
    ],
)  # fmt: skip
def test_a_claim_step_by_step(
    results: list[Any], state: str, awaits: str | None, days: float | None, outstanding: int, brought: int
) -> None:
    story = said(claimed(), *results)
    (claim,) = story.case.claims
    assert (claim.state, claim.awaits, days_left(story)) == (state, awaits, days)
    cost = cost_of_case(story.effects.postings)
    assert (claim.outstanding, cost.claimed, cost.compensation) == (outstanding, outstanding, brought)


@pytest.mark.parametrize(
    ("before", "refused", "why"),
    [
        (["accepted"], {**APPEAL, "claim": 1}, "nothing to appeal"),
        (["refused", APPEAL, "refused"], APPEAL, "once already"),
        (["refused"], {"result": "appealed"}, "what the appeal says"),
        (["refused"], {"result": "written_off"}, "why the claim is given up"),
        (["paid"], {"result": "refused", "claim": 1}, "it cannot be 'refused' any more"),
        (["accepted"], {"result": "filed"}, "No claim is open"),
        ([], {"result": "accepted", "amount": "139.01"}, "up to the 139.00 CNY"),
        ([], {"result": "accepted", "amount": "0.00"}, "more than nothing"),
        ([PART, "refused", APPEAL], {"result": "filed", "amount": "99.00"}, "more than the 99.00 CNY"),
        ([], {"result": "filed", "amount": "0.00"}, "above zero"),
        ([], {"result": "filed", "evidence": ["a_feeling"]}, "none of the evidence"),
        ([], {"result": "filed", "claim": 2}, "This case has 1 claims"),
    ],
)
def test_what_a_claim_does_not_do(before: list[Any], refused: dict[str, Any], why: str) -> None:
    story = said(claimed(), *before)
    with pytest.raises((DataRefused, RuleRefused), match=why):
        said(story, refused)


def test_only_a_manager_writes_a_claim_off() -> None:
    story = said(claimed(), "refused")
    with pytest.raises(RoleRefused, match="by a manager"):
        story.do("agent", "settle_claim", **GIVEN_UP)


def test_a_claim_says_what_it_still_lacks_until_it_is_accepted() -> None:
    story = said(claimed(), {"result": "filed", "evidence": ["value"]}, {"result": "filed", "evidence": ["tracking"]})
    (claim,) = story.case.claims
    assert [one.key for one in missing_evidence(story.case, claim)] == ["proof_of_posting", "damage_photos"]
    assert days_left(story) == 15, "what is added later does not begin its clock anew"
    assert missing_evidence(story.case, said(story, "accepted").case.claims[0]) == ()


def test_a_courier_with_terms_of_its_own_is_held_to_them() -> None:
    terms = {"courier": {"by_name": {"SF": {"file_within": "7d", "evidence": []}}}}
    story = Story("quality_fault", rules={"claims": terms}).do("agent", "open_claim", **LOST, name="sf")
    assert (days_left(story), missing_evidence(story.case, story.case.claims[0])) == (7, ())


def test_a_claim_outlives_its_case_and_keeps_nobody_waiting() -> None:
    """L5: the customer waits for no courier, and no courier is let off because the customer is content."""
    story = Story("quality_fault")
    story.case = in_state(State.CLOSED)
    story.do("agent", "open_claim", **LOST)
    said(story, "filed", "accepted", "paid")
    assert (story.state, story.case.claims[0].state) == ("closed", "paid")
    assert all(entry.target is None for entry in story.effects.entries[1:])


def test_what_waits_is_shown_beside_the_next_step_and_when_it_is_late() -> None:
    story = said(claimed(), "filed")
    (shown,) = waiting_claims(story.case, story.now + 16 * DAY)
    assert (shown["awaits"], shown["overdue"], shown["text"]["en"][:12]) == ("answer", True, "their answer")
    assert claim_document(story.case, 1, story.now)["amount"] == {"amount": "139.00", "currency": "CNY"}
    assert waiting_claims(said(story, "paid").case, story.now) == []


# ── opened by itself ──


@pytest.mark.parametrize(
    ("disposition", "remedy", "amount"),
    [
        ("supplier", "refund", 12900 + 1200),  # the kettle and the freight of its way back
        ("restock", "refund", 1200),  # the kettle is on the shelf again
        ("supplier", "exchange", 12900 + 1200 + 1000),  # another kettle and its way out
        ("refurbish", "repair", 1200 + 1000 - 0),  # both ways
    ],
)
def test_a_confirmed_manufacturing_fault_is_asked_back_of_the_supplier_G10(
    disposition: str, remedy: str, amount: int
) -> None:
    kept = "customer" if remedy == "repair" else disposition
    story = Story("quality_fault").do("agent", "authorise_return")
    story.do("customer", "ship_return", carrier="sf", waybill="SF77", freight="12.00").do("warehouse", "book_in")
    story.do("warehouse", "confirm_fault", lines=[found(disposition=kept)])
    assert not story.case.claims, "what it costs is known when the remedy is"
    story.do("manager", "choose_remedy", remedy=remedy)
    assert [(one.against, one.amount, one.by_itself) for one in story.case.claims] == [("supplier", amount, True)]


@pytest.mark.parametrize(
    ("price", "amount"),
    [
        ("99.00", 12900 + 1200 + 1000),  # 99.00 of goods and 30.00 back to the customer
        ("159.00", 12900 + 1200 + 1000),  # 159.00 of goods, of which the customer pays 30.00
    ],
)
def test_a_price_difference_is_not_asked_of_the_supplier_G6(price: str, amount: int) -> None:
    other = {"sku": "KETTLE-20", "name": "another", "quantity": 1, "unit_price": price}
    story = Story("quality_fault").do("agent", "authorise_return")
    story.do("customer", "ship_return", carrier="sf", waybill="SF77", freight="12.00").do("warehouse", "book_in")
    story.do("warehouse", "confirm_fault", lines=[found(disposition="supplier")])
    story.do("manager", "choose_remedy", remedy="exchange", replacement=other)
    if price == "159.00":
        story.do("finance", "record_payment", amount="30.00", reference="bank 1")
    assert [claim.amount for claim in story.case.claims] == [amount]


def test_a_remedy_that_is_taken_back_is_not_asked_of_the_supplier_and_its_successor_is_G10() -> None:
    """A refund that never was is no cost: nobody files a claim for it, nor finds it on the list of claims to file."""
    story = confirmed().do("manager", "choose_remedy", remedy="refund")
    story.do("manager", "correct", to_state="fault_confirmed", reason="the wrong button")
    assert [(claim.amount, claim.awaits) for claim in story.case.claims] == [(0, None)]
    assert cost_of_case(story.effects.postings).claimed == 0
    with pytest.raises(RuleRefused, match="No claim is open"):
        story.do("agent", "settle_claim", result="filed")
    with pytest.raises(RuleRefused, match="asks for nothing"):
        story.do("agent", "settle_claim", result="filed", claim=1)
    story.do("manager", "choose_remedy", remedy="repair")
    assert [(claim.amount, claim.awaits) for claim in story.case.claims] == [(2200, "filing")]


@pytest.mark.parametrize("how", ["withdraw", "refused"])
def test_nor_is_one_that_was_withdrawn_or_whose_money_was_gone(how: str) -> None:
    story = confirmed().do("manager", "choose_remedy", remedy="refund")
    if how == "withdraw":
        story.do("customer", "withdraw", reason="I keep it")
        assert [claim.amount for claim in story.case.claims] == [0]
    else:
        keys = tuple(payout.key for payout in story.case.payouts if payout.purpose == "refund")
        undone = money_refused(story.case, keys, "gone", None, story.now)
        assert [claim.amount for claim in undone.case.claims] == [0]


def test_what_was_filed_stays_with_people() -> None:
    story = said(confirmed().do("manager", "choose_remedy", remedy="refund"), "filed")
    story.do("customer", "withdraw", reason="I keep it")
    assert [(claim.amount, claim.awaits) for claim in story.case.claims] == [(14100, "answer")]


def test_a_fault_of_transit_or_of_nobody_is_no_suppliers() -> None:
    story = confirmed(rules={"recoveries": {"transit": "courier"}}).do("manager", "choose_remedy", remedy="refund")
    assert story.case.claims == ()


def test_a_second_remedy_of_the_same_fault_adds_its_cost_until_the_claim_is_filed() -> None:
    story = confirmed().do("manager", "choose_remedy", remedy="repair")
    assert [claim.amount for claim in story.case.claims] == [2200]
    story.do("workshop", "fail_repair", reason="no such part").do("manager", "choose_remedy", remedy="refund")
    assert [claim.amount for claim in story.case.claims] == [12900 + 1200]
    assert cost_of_case(story.effects.postings).claimed == 14100


@pytest.mark.parametrize("causes", [("manufacturing", "transit"), ("transit", "manufacturing")])
def test_claims_that_open_together_are_numbered_in_the_order_of_the_lines_on_every_worker(
    causes: tuple[str, str],
) -> None:
    """Two workers that replay one case must agree which claim is number 1."""
    rules = {"recoveries": {"manufacturing": "supplier", "transit": "courier"}}
    story = Story("quality_fault", lines={1: 1, 2: 1}, rules=rules).do("agent", "authorise_return")
    story.do("customer", "ship_return", carrier="sf", waybill="SF77").do("warehouse", "book_in")
    inspected = [found(cause, line_no=number) for number, cause in enumerate(causes, start=1)]
    story.do("warehouse", "confirm_fault", lines=inspected).do("manager", "choose_remedy", remedy="refund")
    assert [claim.against for claim in story.case.claims] == [rules["recoveries"][cause] for cause in causes]
