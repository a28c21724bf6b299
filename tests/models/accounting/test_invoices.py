"""The invoice step: what fits which remedy and which kind of invoice, and that no door leads past it (G9, G15)."""

from datetime import timedelta
from typing import Any

import pytest

from models.errors import CommandRefused, DataRefused, RoleRefused, RuleRefused
from tests.models.story import Story, confirmed

PAPER = {"has_invoice": True, "invoice_kind": "paper"}
ELECTRONIC = {"has_invoice": True, "invoice_kind": "数电发票"}
UNKNOWN = {"has_invoice": True}
EVERY_RESULT = {"credited", "amended", "endorsed", "reissued", "returned"}


def decided(remedy: str, facts: dict[str, Any], enclosed: bool | None = None, **data: Any) -> Story:
    """The remedy is carried out, as far as the house goes."""
    story = confirmed(facts=facts)
    if enclosed is not None:
        story.case = story.case.model_copy(update={"invoice_enclosed": enclosed})
    return story.do("manager", "choose_remedy", remedy=remedy, **data)


@pytest.mark.parametrize(
    ("remedy", "data", "facts", "fits"),
    [
        ("refund", {}, PAPER, {"credited", "amended"}),
        ("refund", {}, ELECTRONIC, {"credited", "amended"}),
        ("keep_it", {"amount": "20.00"}, PAPER, {"credited", "amended"}),
        ("keep_it", {"amount": "20.00"}, ELECTRONIC, {"credited", "amended"}),
        ("exchange", {}, PAPER, {"endorsed", "amended"}),
        ("exchange", {}, ELECTRONIC, {"reissued"}),
        ("repair", {}, PAPER, {"returned"}),
        ("repair", {}, ELECTRONIC, set()),
        ("refund", {}, {"has_invoice": False}, set()),
    ],
)
def test_only_what_fits_the_remedy_and_the_invoice_settles_it(
    remedy: str, data: dict[str, Any], facts: dict[str, Any], fits: set[str]
) -> None:
    story = decided(remedy, facts, **data)
    assert story.case.invoice_open == bool(fits)
    assert set(story.case.invoice_due) == fits
    for result in sorted(EVERY_RESULT - fits):
        with pytest.raises((DataRefused, RuleRefused)):
            story.do("finance", "settle_invoice", result=result)
    for result in sorted(fits):
        settled = story.decision("finance", "settle_invoice", result=result).case
        assert (settled.invoice_open, settled.invoice_due) == (False, ())


def test_a_paper_that_did_not_come_back_cannot_be_sent_back_and_is_asked_for() -> None:
    assert decided("repair", PAPER, enclosed=False).case.invoice_open is False
    refund = decided("refund", PAPER, enclosed=False)
    assert any("paper invoice" in told for told in refund.told("owner"))
    assert not any("paper invoice" in told for told in decided("refund", PAPER, enclosed=True).told("owner"))


def test_that_nothing_need_be_done_a_manager_says_with_his_reason() -> None:
    story = decided("refund", PAPER)
    for role in ("agent", "finance"):
        with pytest.raises(RoleRefused, match="manager"):
            story.do(role, "settle_invoice", result="not_needed", reason="small")
    with pytest.raises(DataRefused):
        story.do("manager", "settle_invoice", result="not_needed")
    assert not story.do("manager", "settle_invoice", result="not_needed", reason="never sent").case.invoice_open


# ── no door leads past it ─────────────────────────────────────────────────────────────────────────


def paid(facts: dict[str, Any] = PAPER) -> Story:
    """Refunded and paid; only the invoice is left."""
    story = decided("refund", facts).pay_all()
    assert (story.state, story.case.invoice_open) == ("resolved", True)
    return story


@pytest.mark.parametrize(
    ("role", "action", "data"),
    [
        ("customer", "complete_callback", {"outcome": "satisfied"}),
        ("agent", "complete_callback", {"outcome": "satisfied"}),
        ("manager", "close", {"reason": "cleaning up"}),
        ("director", "close", {"reason": "cleaning up"}),
        ("agent", "reject", {"reason": "done"}),
        ("customer", "withdraw", {"reason": "thank you"}),
    ],
)
def test_nobody_closes_a_case_whose_invoice_is_open(role: str, action: str, data: dict[str, Any]) -> None:
    story = paid()
    with pytest.raises(CommandRefused):
        story.do(role, action, **data)
    assert (story.case.is_final, story.case.invoice_open) == (False, True)


def test_time_does_not_close_it_either_and_does_once_it_is_settled() -> None:
    story = paid().wait(timedelta(days=120))
    assert (story.case.is_final, story.case.invoice_open) == (False, True)
    assert any("invoice" in told for told in story.told("owner"))
    story.do("finance", "settle_invoice", result="credited").wait(timedelta(days=30))
    assert story.case.is_final


@pytest.mark.parametrize(
    "ruling",
    [
        {"ruling": "rejected", "reference": "T-1"},
        {"ruling": "refunded", "amount": "129.00", "reference": "T-1"},
        {"ruling": "return", "reference": "T-1"},
    ],
)
def test_a_platforms_ruling_leaves_the_step_for_us_to_do(ruling: dict[str, str]) -> None:
    """Whatever it decides: once the invoice has to change, or had to, somebody changes it before the case ends."""
    story = paid()
    story.do("platform", "platform_ruling", **ruling)
    assert not (story.case.is_final and story.case.invoice_open)
    assert story.case.invoice_open


def test_a_ruling_that_was_paid_outside_opens_the_step_by_itself() -> None:
    story = confirmed(facts=PAPER)
    story.do("platform", "platform_ruling", ruling="refunded", amount="129.00", reference="T-1")
    assert (story.case.is_final, story.case.invoice_open) == (False, True)
    story.do("finance", "settle_invoice", result="credited")
    assert not story.case.invoice_open


def test_a_remedy_that_is_taken_back_before_anything_left_takes_the_step_with_it() -> None:
    """The kettle goes back, and the original with it, where there is one on paper."""
    for facts, due in ((ELECTRONIC, ()), (PAPER, ("returned",))):
        story = decided("refund", facts)
        assert set(story.case.invoice_due) == {"credited", "amended"}
        story.do("platform", "platform_ruling", ruling="rejected", reference="T-1")
        assert (story.case.invoice_open, story.case.invoice_due) == (bool(due), due)


@pytest.mark.parametrize(
    ("role", "action", "data"),
    [("agent", "note", {"note": "he called"}), ("customer", "customer_message", {"text": "is it on its way?"})],
)
def test_a_step_that_is_settled_stays_so_whatever_else_happens(role: str, action: str, data: dict[str, str]) -> None:
    story = decided("refund", PAPER).do("finance", "settle_invoice", result="credited")
    story.do(role, action, **data)
    assert (story.state, story.case.invoice_open) == ("refunding", False)
    assert (story.pay_all().state, story.case.invoice_open) == ("resolved", False)


def test_an_exchange_that_waits_for_stock_meanwhile_does_not_open_the_step_again() -> None:
    story = decided("exchange", PAPER).do("finance", "settle_invoice", result="endorsed")
    story.do("warehouse", "report_shortage").do("warehouse", "stock_arrived")
    assert (story.state, story.case.invoice_open) == ("exchanging", False)
