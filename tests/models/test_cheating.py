"""People who try to get past an approval: in other roles, under other spellings, in small pieces, by other doors."""

from typing import Any

import pytest

from models.errors import CommandRefused, RoleRefused, RuleRefused
from tests.builders import an_order
from tests.models.story import Story, confirmed


def ovens(price: int = 30_000, number: int = 2) -> Story:
    """So many ovens came back, one line each; an agent decides 500.00 alone."""
    lines = [{"line_no": no, "sku": f"OVEN-{no}", "unit_price": price, "quantity": 1} for no in range(1, number + 1)]
    payment = {"payment_no": "P1", "method": "alipay", "amount": price * number}
    order = an_order(lines=lines, postage=0, payments=[payment])
    return confirmed(order=order, freight=None, lines=dict.fromkeys(range(1, number + 1), 1))


def asked(by: str = "li") -> Story:
    """The refund of two ovens, 600.00, waits for approval."""
    story = ovens().do("agent", "choose_remedy", by=by, remedy="refund")
    assert (story.state, story.owed_out) == ("awaiting_approval", {})
    return story


def refused(story: Story, role: str, action: str, *, by: str | None = None, **data: Any) -> str:
    """The attempt is refused and changes nothing; answers why."""
    before = story.case
    with pytest.raises(CommandRefused) as why:
        story.do(role, action, by=by, **data)
    assert story.case == before
    return why.value.detail


@pytest.mark.parametrize("spelling", ["li", "LI", " li ", "Li"])
@pytest.mark.parametrize("role", ["manager", "director"])
def test_a_higher_role_or_another_spelling_is_still_the_same_person(role: str, spelling: str) -> None:
    story = asked()
    assert "somebody else" in refused(story, role, "approve", by=spelling)
    assert story.do(role, "approve", by="chen").owed_out == {"refund": 60_000}


@pytest.mark.parametrize("role", ["customer", "agent", "supervisor", "warehouse", "workshop", "courier"])
def test_who_has_no_word_in_it_does_not_approve(role: str) -> None:
    story = asked()
    with pytest.raises(RoleRefused):
        story.do(role, "approve", by="somebody-new")
    assert (story.state, story.owed_out) == ("awaiting_approval", {})


def test_an_approver_has_a_limit_himself() -> None:
    story = ovens(price=600_000).do("agent", "choose_remedy", remedy="refund")  # 12,000.00, a manager's is 10,000.00
    assert "director" in refused(story, "manager", "approve")
    assert story.do("director", "approve").owed_out == {"refund": 1_200_000}


@pytest.mark.parametrize("role", ["agent", "supervisor", "manager"])
def test_nobody_asks_anew_while_a_question_waits(role: str) -> None:
    story = asked()
    refused(story, role, "choose_remedy", by="somebody-new", remedy="refund")
    refused(story, role, "choose_remedy", by="somebody-new", remedy="keep_it", amount="1.00")


def test_asking_again_after_a_denial_waits_again() -> None:
    story = asked().do("manager", "deny").do("agent", "choose_remedy", remedy="refund")
    assert (story.state, story.owed_out) == ("awaiting_approval", {})
    assert "somebody else" in refused(story, "manager", "approve", by="li")


def test_an_offer_is_no_way_round_the_limit() -> None:
    """What the customer would accept without anybody asking again waits before it is made."""
    story = ovens().do("agent", "make_offer", options=[{"type": "refund"}])
    assert (story.state, story.case.offer) == ("awaiting_approval", None)
    assert "somebody else" in refused(story, "manager", "approve", by="li")
    refused(story, "customer", "accept_offer")


@pytest.mark.parametrize("second", ["li", "wu"])
def test_goodwill_in_small_pieces_is_what_the_pieces_come_to(second: str) -> None:
    """20.00 in one case is an agent's, whoever of them gives how much of it when."""
    story = confirmed().do("agent", "compensate", amount="15.00", kind="goodwill", reason="waited long")
    full = story.decision("agent", "compensate", by=second, amount="5.00", kind="goodwill", reason="sorry").case
    assert sum(payout.amount for payout in full.open_payouts) == 2_000
    story.do("agent", "compensate", by=second, amount="5.01", kind="goodwill", reason="waited longer")
    assert (story.state, story.owed_out) == ("awaiting_approval", {"goodwill": 1_500})
    assert "somebody else" in refused(story, "manager", "approve", by=second)


def test_whoever_applied_to_waive_freight_does_not_grant_it() -> None:
    story = confirmed().do("agent", "waive_freight", amount="12.00", reason="regular customer")
    before = story.owed_out
    for spelling in ("li", "LI"):
        assert "somebody else" in refused(
            story, "manager", "waive_freight", by=spelling, amount="12.00", reason="as I asked"
        )
    assert story.owed_out == before


@pytest.mark.parametrize("role", ["agent", "warehouse", "customer", "finance"])
def test_a_platforms_ruling_is_not_an_agents_way_to_a_refund(role: str) -> None:
    story = ovens()
    with pytest.raises((RoleRefused, RuleRefused)):
        story.do(role, "platform_ruling", ruling="refund", reference="T-1")
    assert story.owed_out == {}


@pytest.mark.parametrize("spelling", ["li", "LI "])
def test_whoever_names_an_account_does_not_pay_to_it(spelling: str) -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    account: dict[str, Any] = {
        "kind": "bank",
        "account": "6222 0000 1111 2222",
        "real_name": "王小明",
        "customer_agrees": True,
    }
    payout = story.do("agent", "provide_account", **account).open_payouts[0].key
    assert "somebody else" in refused(
        story, "finance", "record_refund", by=spelling, payout_id=payout, reference="BANK 1"
    )
    story.do("finance", "record_refund", payout_id=payout, reference="BANK 1")


@pytest.mark.parametrize("spelling", ["li", "LI "])
def test_whoever_names_a_balance_does_not_confirm_it(spelling: str) -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    story.do("agent", "provide_account", kind="store_credit", account="c-88", real_name="王小明", customer_agrees=True)
    assert "somebody else" in refused(story, "finance", "confirm_account", by=spelling)
    assert all(payout.confirmed_by is None for payout in story.open_payouts)
    story.do("finance", "confirm_account")
    assert {payout.confirmed_by for payout in story.open_payouts if payout.to_credit} == {"zhou"}
