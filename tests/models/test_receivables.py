"""Freight that turns out to be paid without cause (F24)."""

import pytest

from models.lifecycle import State
from tests.models.story import Story, confirmed, found


def found_otherwise(party: str = "customer", **line: int) -> Story:
    """A repair began on a confirmed fault and the freight 12.00 was paid; an expert then found something else."""
    story = confirmed().do("agent", "choose_remedy", remedy="repair").pay_all()
    story.do("workshop", "fail_repair", reason="corroded by vinegar").do("agent", "send_to_expert", expert="the maker")
    cause = "customer" if party == "customer" else "manufacturing"
    return story.do("expert", "refute_fault", lines=[found(cause, party, **line)])


def test_the_customer_owes_it_and_finance_hears_of_it() -> None:
    story = found_otherwise().do("agent", "choose_remedy", remedy="refund", customer_agrees=True)
    assert story.case.money.receivable == 1200
    assert story.owed_out == {"refund": 12900}, "nothing is taken off without his consent"
    assert [told for told in story.told("finance") if "12.00 CNY" in told]


def test_with_his_consent_it_is_taken_off_the_refund() -> None:
    story = found_otherwise()
    story.do("agent", "choose_remedy", remedy="refund", customer_agrees=True, net_receivable=True)
    assert story.owed_out == {"refund": 11700}  # 129.00 - 12.00
    assert story.case.plan is not None
    told = "12.00 CNY taken off, as the customer agreed: freight paid without cause (F24)."
    assert told in story.case.plan.sources
    story.pay_all()
    money = story.case.money
    assert (money.receivable, money.netted, money.paid) == (0, 1200, 12900)
    assert not story.told("finance")


def test_taking_the_refund_back_owes_it_again() -> None:
    story = found_otherwise().do("manager", "choose_remedy", remedy="refund", net_receivable=True)
    assert story.case.money.netted == 1200
    story.case = story.case.model_copy(update={"state": State.FAULT_REFUTED})
    story.do("manager", "choose_remedy", remedy="exchange")
    assert (story.case.money.netted, story.case.money.receivable) == (0, 1200)


@pytest.mark.parametrize(
    ("party", "share", "owed"),
    [("customer", 100, 1200), ("customer", 25, 300), ("supplier", 60, 480), ("supplier", 100, 0), ("seller", 100, 0)],
)
def test_only_what_the_liability_does_not_give_is_owed_F19(party: str, share: int, owed: int) -> None:
    story = found_otherwise(party, share=share).do("agent", "choose_remedy", remedy="refund", customer_agrees=True)
    assert story.case.money.receivable == owed


def test_freight_that_was_approved_and_not_paid_is_just_not_paid() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="repair")
    story.do("workshop", "fail_repair", reason="corroded").do("agent", "send_to_expert", expert="the maker")
    story.do("expert", "refute_fault", lines=[found("customer", "customer")])
    story.do("agent", "choose_remedy", remedy="refund", customer_agrees=True)
    assert story.case.money.receivable == 0
