"""The party found liable is not the one that was assumed: the customer is asked before the refund (F19)."""

from typing import Any

import pytest

from tests.models.story import Story, found, returned

NOT_ASKED = "customer_not_asked"


def judged(kind: str = "quality_fault", verdict: str = "refute_fault", **line: Any) -> Story:
    return returned(kind).do("warehouse", verdict, lines=[found(**line)])


@pytest.mark.parametrize(
    ("remedy", "rule", "state", "owed_out"),
    [
        ("refund", "F7", "refunding", {"refund": 12900}),  # F3 → F7
        ("exchange", "F8", "awaiting_payment", {}),  # F4 → F8
        ("repair", "F10", "awaiting_payment", {}),  # F9 → F10
        ("goods_back", "G4", "awaiting_payment", {}),
    ],
)
def test_it_is_settled_by_what_was_found_and_that_nobody_asked_is_on_record(
    remedy: str, rule: str, state: str, owed_out: dict[str, int]
) -> None:
    story = judged(cause="customer", party="customer").do("agent", "take").do("agent", "choose_remedy", remedy=remedy)
    assert story.case.plan is not None
    assert (story.case.plan.rule, story.state, story.owed_out) == (rule, state, owed_out)
    noted = [entry for entry in story.effects.entries if entry.action == NOT_ASKED]
    assert [entry.data for entry in noted] == [{"assumed": 100, "found": 0}]
    assert noted[0].note == story.case.plan.sources[-1]
    assert any("ask him" in told for told in story.told("owner"))


def test_a_customer_who_agreed_was_asked() -> None:
    story = judged(cause="customer", party="customer")
    story.do("agent", "choose_remedy", remedy="refund", customer_agrees=True)
    assert NOT_ASKED not in story.happened


def test_a_customer_who_took_an_offer_or_a_quote_was_asked() -> None:
    offered = judged(cause="customer", party="customer").do("agent", "make_offer", options=[{"type": "refund"}])
    offered.do("customer", "accept_offer")
    quoted = judged(cause="customer", party="customer").do("agent", "quote_repair", parts="30.00", labour="20.00")
    quoted.do("customer", "accept_quote")
    assert (offered.state, quoted.state) == ("refunding", "awaiting_payment")
    assert NOT_ASKED not in offered.happened + quoted.happened


@pytest.mark.parametrize(
    ("kind", "verdict", "line"),
    [
        ("quality_fault", "confirm_fault", {}),
        ("quality_fault", "confirm_fault", {"cause": "transit", "party": "courier"}),  # counts as seller
        ("quality_fault", "refute_fault", {"cause": "none_found", "party": "customer"}),  # no fault of his (G4)
        ("change_of_mind", "pass_inspection", {"cause": "customer", "party": "customer"}),  # it was his from the start
        ("change_of_mind", "refute_fault", {"cause": "seller", "party": "seller"}),  # it moved toward us
    ],
)
def test_nobody_has_to_be_asked_where_nothing_moved_toward_the_customer(
    kind: str, verdict: str, line: dict[str, Any]
) -> None:
    story = judged(kind, verdict, **line).do("agent", "choose_remedy", remedy="refund")
    assert story.state == "refunding"
    assert NOT_ASKED not in story.happened


def test_a_share_that_moved_is_asked_for_too() -> None:
    story = judged("quality_fault", "confirm_fault", party="seller", share=60)
    story.do("agent", "choose_remedy", remedy="refund")
    assert [e.data for e in story.effects.entries if e.action == NOT_ASKED] == [{"assumed": 100, "found": 60}]
    assert story.owed_out == {"refund": 12900, "freight": 720}


def test_the_manager_who_approves_is_shown_it_too() -> None:
    story = judged(cause="customer", party="customer", quantity=1)
    story.case = story.case.model_copy(
        update={"procedure": story.case.procedure.model_copy(update={"refund_limits": {}})}
    )
    story.do("agent", "choose_remedy", remedy="refund")
    assert (story.state, NOT_ASKED in story.happened) == ("awaiting_approval", False)
    story.do("manager", "approve")
    assert NOT_ASKED in story.happened
