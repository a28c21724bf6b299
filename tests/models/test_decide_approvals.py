"""What is above somebody's limit waits for somebody who may, and is not true before."""

import pytest

from models.accounting.settlement import SettlementAsk, settlement
from models.errors import PreviewStale, RoleRefused, RuleRefused
from models.pots import draw
from tests.builders import an_order
from tests.models.story import Story, confirmed


def oven(price: int = 90000) -> Story:
    """Goods here, fault confirmed, and dearer than an agent's 500.00."""
    order = an_order(
        lines=[{"line_no": 1, "sku": "OVEN", "unit_price": price, "quantity": 1}],
        postage=0,
        payments=[{"payment_no": "P1", "method": "alipay", "amount": price}],
    )
    return confirmed(order=order, freight=None)


def test_what_is_asked_for_is_not_true_before_it_is_approved() -> None:
    story = oven().do("agent", "choose_remedy", remedy="refund")
    assert (story.state, story.case.stage, story.case.waiting_for) == ("awaiting_approval", "diagnosis", "manager")
    assert (story.case.remedy, story.case.plan, story.owed_out) == (None, None, {})
    assert story.case.pending is not None
    assert story.case.pending.amount == 90000
    assert len(story.told("manager")) == 1


def test_approval_carries_out_what_was_asked() -> None:
    story = oven().do("agent", "choose_remedy", remedy="refund").do("manager", "approve")
    assert (story.state, story.owed_out, story.case.pending) == ("refunding", {"refund": 90000}, None)


def test_denial_leads_back_and_tells_the_owner() -> None:
    story = oven().do("agent", "choose_remedy", remedy="refund").do("manager", "deny", note="repair it")
    assert (story.state, story.case.pending) == ("fault_confirmed", None)
    assert "What you asked for was not approved." in story.told("owner")
    assert story.do("agent", "choose_remedy", remedy="repair").state == "repairing"


def test_a_denied_offer_leaves_the_remedy_that_waits_for_stock_as_it_was() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="exchange").do("warehouse", "report_shortage")
    story.do("agent", "make_offer", amount="20.00").do("manager", "deny")
    assert (story.state, story.case.remedy) == ("awaiting_stock", "exchange")
    assert story.do("warehouse", "stock_arrived").state == "exchanging"


def test_whoever_asked_does_not_decide() -> None:
    story = oven(1200000).do("manager", "choose_remedy", remedy="refund")  # above a manager's 10,000.00
    assert story.state == "awaiting_approval"
    for action in ("approve", "deny"):
        with pytest.raises(RoleRefused, match="somebody else"):
            story.do("manager", action)
    with pytest.raises(RuleRefused, match="director"):
        story.do("manager", "approve", by="another manager")
    assert story.do("director", "approve").state == "refunding"


@pytest.mark.parametrize(
    ("role", "price", "state"),
    [
        ("agent", 50000, "refunding"),
        ("agent", 50001, "awaiting_approval"),
        ("supervisor", 100000, "refunding"),
        ("supervisor", 100001, "awaiting_approval"),
        ("manager", 1000000, "refunding"),
        ("director", 9000000, "refunding"),
    ],
)
def test_how_much_each_role_decides_alone(role: str, price: int, state: str) -> None:
    assert oven(price).do(role, "choose_remedy", remedy="refund").state == state


def test_a_currency_without_a_limit_is_a_managers() -> None:
    story = oven()
    assert story.case.order is not None
    pots = story.case.order.pots
    francs = story.case.order.model_copy(update={"currency": "CHF", "pots": pots})
    story.case = story.case.model_copy(update={"order": francs})
    assert story.decision("supervisor", "choose_remedy", remedy="refund").case.state == "awaiting_approval"
    assert story.decision("manager", "choose_remedy", remedy="refund").case.state == "refunding"


def test_an_approval_of_old_numbers_is_refused_F20() -> None:
    story = oven()
    shown = story.decision("manager", "choose_remedy", remedy="refund").case.plan
    assert shown is not None
    story.do("agent", "choose_remedy", remedy="refund", preview_id=shown.preview_id)
    story.case = story.case.model_copy(update={"advanced_freight": 700})
    with pytest.raises(PreviewStale):
        story.do("manager", "approve")


def test_a_changed_amount_needs_a_new_approval() -> None:
    """Meanwhile another case gave back 50.00 for the same oven; the manager is shown what is left of it."""
    story = oven().do("agent", "choose_remedy", remedy="refund")
    assert story.case.order is not None
    kept = settlement(story.case.order.pots, True, SettlementAsk(remedy="keep_it", lines=((1, 1),), amount=5000))
    pots = draw(story.case.order.pots, kept.draws)
    story.case = story.case.model_copy(update={"order": story.case.order.model_copy(update={"pots": pots})})
    with pytest.raises(PreviewStale) as refused:
        story.do("manager", "approve")
    shown = refused.value.extra["preview"]
    assert (shown["refund"], story.state, story.owed_out) == ("850.00", "awaiting_approval", {})
    with pytest.raises(PreviewStale):
        story.do("manager", "approve", preview_id="another")
    story.do("manager", "approve", preview_id=shown["preview_id"])
    assert story.owed_out == {"refund": 85000}


def test_a_question_that_was_asked_before_its_numbers_were_kept_is_still_answered() -> None:
    story = oven().do("agent", "choose_remedy", remedy="refund")
    assert story.case.pending is not None
    old = story.case.pending.model_copy(update={"preview_id": None})
    story.case = story.case.model_copy(update={"pending": old})
    assert story.do("manager", "approve").owed_out == {"refund": 90000}


def test_work_beside_the_road_goes_on_while_a_question_waits() -> None:
    story = oven().do("agent", "choose_remedy", remedy="refund").do("agent", "note", note="he calls again")
    story.do("customer", "customer_message", text="和上次一样吗").do("agent", "take")
    assert (story.state, story.case.owner) == ("awaiting_approval", "li")
    assert story.happened[-3:] == ["note", "customer_message", "take"]
    assert story.do("manager", "approve").state == "refunding"


def test_lines_split_off_by_an_approved_remedy_stand_where_it_was_asked_for() -> None:
    order = an_order(
        lines=[{"line_no": 1, "sku": "OVEN", "unit_price": 90000, "quantity": 2}],
        payments=[{"payment_no": "P1", "method": "alipay", "amount": 181000}],
    )
    story = confirmed(order=order, lines={1: 2}, freight=None)
    story.do("agent", "choose_remedy", remedy="refund", lines=[{"line_no": 1, "quantity": 1}])
    assert not story.effects.splits
    story.do("manager", "approve")
    assert story.owed_out == {"refund": 90000}
    child = story.effects.splits[0].case
    assert (child.state, child.pending, child.lines[0].quantity) == ("fault_confirmed", None, 1)
    assert child.state_clock is not None
