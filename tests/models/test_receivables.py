"""Freight that turns out to be paid without cause (F24)."""

import pytest

from models.case import Money
from models.errors import CommandRefused, DataRefused, RoleRefused, RuleRefused
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


# ── waived (F24) ──────────────────────────────────────────────────────────────────────────────────


def owing() -> Story:
    """12.00 of freight were paid without cause."""
    return found_otherwise().do("agent", "choose_remedy", remedy="refund", customer_agrees=True)


def test_it_is_waived_by_two_people_and_goodwill_from_then_on() -> None:
    story = owing().do("finance", "waive_receivable", reason="an old customer")
    assert story.case.money.receivable == 1200, "asking for it gives nothing up"
    assert story.told("manager") == ["12.00 CNY that the customer owes us: let him off?"]
    before = len(story.effects.postings)
    story.do("manager", "waive_receivable", reason="he bought six")
    assert (story.case.money.receivable, story.case.money.forgiven) == (0, 1200)
    posted = [(one.debit, one.credit, one.purpose, one.amount) for one in story.effects.postings[before:]]
    assert posted == [("shop", "customer", "freight", 1200), ("customer", "shop", "goodwill", 1200)]
    assert story.told("zhou") == ["What the customer owes us: the waiver was granted."]


def test_what_was_waived_is_not_owed_again_by_another_remedy() -> None:
    story = owing().do("finance", "waive_receivable", reason="kind").do("manager", "waive_receivable", reason="kind")
    story.case = story.case.model_copy(update={"state": State.FAULT_REFUTED})
    story.do("manager", "choose_remedy", remedy="exchange", customer_agrees=True)
    assert story.case.money.receivable == 0


def test_a_manager_may_grant_less_and_may_turn_it_down() -> None:
    story = owing().do("agent", "waive_receivable", amount="10.00", reason="kind")
    story.do("manager", "waive_receivable", amount="4.00", reason="a part of it")
    assert (story.case.money.receivable, story.case.receivable_waiver) == (800, None)  # 12.00 - 4.00
    story.do("agent", "waive_receivable", reason="the rest too").do(
        "manager", "waive_receivable", reason="no", granted=False
    )
    assert (story.case.money.receivable, story.case.receivable_waiver) == (800, None)


@pytest.mark.parametrize(
    ("role", "by", "data", "why", "told"),
    [
        ("manager", "zhou", {}, RoleRefused, "somebody else has to"),
        ("manager", " ZHOU", {}, RoleRefused, "somebody else has to"),
        ("agent", "li", {}, RuleRefused, "a manager decides"),
        ("manager", "wang", {"amount": "12.01"}, DataRefused, "Up to 12.00"),
        ("manager", "wang", {"amount": "0.00"}, DataRefused, "more than nothing"),
    ],
)
def test_nobody_grants_his_own_or_more_than_was_asked(
    role: str, by: str, data: dict[str, str], why: type[CommandRefused], told: str
) -> None:
    story = owing().do("finance", "waive_receivable", reason="kind")
    with pytest.raises(why, match=told):
        story.do(role, "waive_receivable", by=by, reason="kind", **data)


def test_what_is_paid_meanwhile_needs_no_waiver() -> None:
    story = owing().do("finance", "waive_receivable", reason="kind")
    story.do("finance", "record_payment", amount="12.00", reference="W-1", **{"for": "receivable"})
    assert story.case.receivable_waiver is None
    with pytest.raises(RuleRefused, match="owes us nothing"):
        story.do("manager", "waive_receivable", reason="kind")


def test_what_he_got_twice_is_given_up_after_the_freight_also_when_the_case_is_over() -> None:
    story = owing()
    owed = Money(**{**story.case.money.model_dump(), "charged_back": 5000, "recovered": 2000})
    story.case = story.case.model_copy(update={"money": owed, "state": State.CLOSED})
    story.do("finance", "waive_receivable", amount="20.00", reason="gone abroad")
    story.do("manager", "waive_receivable", reason="not worth it")
    money = story.case.money
    assert (money.forgiven, money.given_up) == (1200, 800)  # 20.00 = 12.00 of freight and 8.00
    assert money.owed_to_us == 2200  # 50.00 - 20.00 that came back - 8.00
