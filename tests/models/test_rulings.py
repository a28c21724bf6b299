"""What platforms and banks decide: booked as it is, never paid a second time by us, whatever came before (T21)."""

from typing import Any

import pytest

from models.accounting.ledger import balances, cost_of_case
from models.decide import money_refused
from models.errors import RuleRefused, StateRefused
from models.pots import Draw, Pots, draw, pots_of
from tests.builders import an_order
from tests.models.story import Story, confirmed
from tests.models.test_advance import back, delivered, held

PAID = 34760  # for the whole order


def charged_back(story: Story, amount: str = "129.00", reference: str = "CB-7") -> Story:
    return story.do("platform", "platform_ruling", ruling="refunded", amount=amount, reference=reference)


def refunded(**over: Any) -> Story:
    """One kettle at 129.00 was refunded, and the freight that he advanced."""
    return confirmed(**over).do("agent", "choose_remedy", remedy="refund").pay_all()


def emptied() -> Story:
    """An order of one kettle and nothing else, which was refunded by us."""
    order = an_order(
        lines=[{"line_no": 1, "sku": "KETTLE-17", "unit_price": 12900, "quantity": 1}],
        postage=0,
        payments=[{"payment_no": "P1", "amount": 12900}],
    )
    return refunded(order=order, freight=None)


# ── only the refund is taken back (F11, F26) ──


def test_what_was_granted_beside_the_refund_stays_granted_F26() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    story.do("manager", "compensate", amount="20.00", kind="goodwill", reason="it flooded his kitchen")
    charged_back(story)
    assert story.owed_out == {"freight": 1200, "goodwill": 2000}
    assert (story.state, story.case.money.refund) == ("resolved", 12900)
    with pytest.raises(RuleRefused, match="payout is still open"):
        story.do("agent", "complete_callback", satisfied=True)
    story.pay_all()
    assert (story.case.money.paid, cost_of_case(story.effects.postings).goodwill) == (12900 + 1200 + 2000, 2000)


def test_a_rejection_takes_back_the_freight_of_the_remedy_and_never_a_compensation() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="refund")
    story.do("manager", "compensate", amount="20.00", kind="goodwill", reason="it flooded his kitchen")
    story.do("platform", "platform_ruling", ruling="rejected", reference="TM-1")
    assert story.owed_out == {"goodwill": 2000}


# ── taken from us a second time ──


def test_a_chargeback_after_a_full_refund_is_a_loss_that_he_owes_us() -> None:
    story = charged_back(emptied())
    money = story.case.money
    assert (money.refund, money.paid, money.charged_back, money.owed_to_us) == (12900, 12900, 12900, 12900)
    assert story.open_payouts == (), "nothing is paid a second time by us"
    assert story.case.ruling is not None
    assert (story.case.ruling.ruling, story.case.ruling.amount) == ("refunded", 12900)
    cost = cost_of_case(story.effects.postings)
    assert (cost.refund, cost.other) == (12900, 12900)
    assert sum(balances(story.effects.postings).values()) == 0
    assert "129.00 CNY were taken from us" in story.told("finance")[-1]


@pytest.mark.parametrize(
    ("taken", "covered", "lost"),
    [
        ("129.00", 12900, 0),  # the order's cups were never refunded: it has 218.60 left
        ("218.60", 21860, 0),
        ("218.61", 21860, 1),
        ("347.60", 21860, 12900),
    ],
)
def test_what_the_order_still_has_is_its_refund_and_the_rest_a_loss(taken: str, covered: int, lost: int) -> None:
    story = charged_back(refunded(freight=None), taken)
    assert (story.case.money.refund - 12900, story.case.money.charged_back) == (covered, lost)
    assert story.case.order is not None
    assert story.case.order.pots.payable == PAID - 12900 - covered


def test_what_was_taken_twice_comes_back_in_parts() -> None:
    story = charged_back(emptied())
    story.do("finance", "record_payment", amount="100.00", reference="W1", **{"for": "receivable"})
    assert story.case.money.owed_to_us == 2900
    story.do("finance", "record_payment", amount="29.00", reference="W2", **{"for": "receivable"})
    assert (story.case.money.owed_to_us, cost_of_case(story.effects.postings).other) == (0, 0)
    assert story.case.overpaid == 0


def test_a_case_that_is_over_takes_a_chargeback_and_what_comes_back_without_being_opened() -> None:
    story = charged_back(emptied().do("agent", "complete_callback", satisfied=True))
    assert (story.state, story.case.money.charged_back, story.case.reopened) == ("closed", 12900, 0)
    with pytest.raises(RuleRefused, match=r"129\.00 CNY is owed: record that, or open it again"):
        story.do("finance", "record_payment", amount="130.00", reference="W1", **{"for": "receivable"})
    story.do("finance", "record_payment", amount="129.00", reference="W1", **{"for": "receivable"})
    assert (story.state, story.case.money.owed_to_us) == ("closed", 0)
    assert sum(balances(story.effects.postings).values()) == 0


def test_a_chargeback_that_concerns_the_invoice_of_a_closed_case_is_told_to_finance_G9() -> None:
    story = confirmed(facts={"has_invoice": True}, freight=None).do("agent", "choose_remedy", remedy="repair")
    story.do("workshop", "finish_repair", report="new element").do("warehouse", "ship_back", carrier="sf", waybill="S1")
    story.do("courier", "record_delivery", outcome="delivered")
    story.do("agent", "settle_invoice", result="returned").do("agent", "complete_callback", satisfied=True)
    assert story.state == "closed"
    assert charged_back(story).state == "closed"
    assert "open the case again (G9)" in story.told("finance")[-1]


def test_only_what_was_paid_already_reaches_a_case_that_is_over() -> None:
    story = emptied().do("agent", "complete_callback", satisfied=True)
    with pytest.raises(StateRefused):
        story.do("platform", "platform_ruling", ruling="refund", reference="CB-7")


def test_a_refund_on_its_way_that_comes_back_is_not_sent_again_and_was_no_loss() -> None:
    story = emptied()
    order = story.case.order
    assert order is not None
    story = confirmed(order=an_order(), freight=None).do("agent", "choose_remedy", remedy="refund")
    (flying,) = story.open_payouts
    story.case = story.case.model_copy(update={"payouts": (flying.model_copy(update={"state": "sent"}),)})
    charged_back(story, "347.60")
    assert (story.case.money.refund, story.case.money.charged_back) == (PAID, 12900)
    story.do("finance", "fail_refund", payout_id=flying.key, code="balance_short")
    assert (story.case.money.refund, story.case.money.charged_back, story.open_payouts) == (PAID, 0, ())
    assert cost_of_case(story.effects.postings).total == PAID


def test_when_another_case_was_first_what_was_paid_outside_is_a_loss_and_not_undone() -> None:
    story = charged_back(confirmed(freight=None))
    (paid,) = story.case.payouts
    told = money_refused(story.case, (paid.key,), "another case was first", left_of(5000), story.now)
    money = told.case.money
    assert (money.refund, money.paid, money.charged_back, told.case.state) == (5000, 5000, 7900, "resolved")
    booked = [(move.kind, move.amount) for move in told.effects.money]
    assert booked == [("draw", 5000), ("settle", 5000)]


def left_of(amount: int) -> Pots:
    """The order's pots when all but so much of its payment is gone."""
    return draw(pots_of(an_order()), [Draw(account="payment", payment_no="P1", amount=PAID - amount)])


# ── while an exchange in advance is out (G5) ──


def test_goods_that_are_back_end_the_deposit_with_the_ruling_G5() -> None:
    story = back().do("platform", "platform_ruling", ruling="refund", reference="TM-1")
    assert (story.owed_out["refund"], story.owed_out["deposit"]) == (12900, 12900)
    story.pay_all().do("agent", "complete_callback", satisfied=True)
    assert (story.state, held(story.case)) == ("closed", 0)


@pytest.mark.parametrize("ruling", ["refund", "refunded"])
def test_for_goods_that_are_not_back_the_deposit_is_kept_until_somebody_settles_it_G5(ruling: str) -> None:
    story = delivered().do("platform", "platform_ruling", ruling=ruling, reference="TM-1", amount="129.00")
    assert story.pay_all().state == "resolved"
    assert (story.case.money.deposit_kept, held(story.case)) == (12900, 0)
    with pytest.raises(RuleRefused, match="deposit of an exchange in advance is still open"):
        story.do("agent", "complete_callback", satisfied=True)
    story.do("manager", "settle_deposit", keep="100.00", reason="the old one never came")
    assert story.owed_out == {"deposit": 2900}
    assert story.pay_all().do("agent", "complete_callback", satisfied=True).state == "closed"


def test_goods_that_come_after_the_ruling_bring_the_deposit_back_G5() -> None:
    story = delivered().do("platform", "platform_ruling", ruling="refund", reference="TM-1").pay_all()
    story.do("warehouse", "book_in")
    story.do("agent", "settle_deposit")
    assert story.owed_out == {"deposit": 12900}
    assert sum(balances(story.effects.postings).values()) == 0
