"""Dearer goods of an exchange: what they cost on top is paid for the order from then on, and goes back with it (G6)."""

from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from models.accounting.settlement import settlement
from models.money import to_text
from models.remedies.remedy import SettlementAsk
from models.tables import payment_pots, unit_pots
from store import orders
from store.accounting.audit import audit_money
from store.engine import reading, writing
from tests.builders import NOW, an_order
from tests.store.test_caps import HERE
from tests.store.till import Till

KETTLE: dict[str, Any] = {"line_no": 1, "sku": "KETTLE-17", "name": "电热水壶", "unit_price": 12900, "quantity": 1}
WAYBILL = {"carrier": "sf", "waybill": "SF78"}


def sold(engine: Engine, quantity: int = 1) -> Till:
    paid = {"payment_no": "P1", "method": "alipay", "amount": 12900 * quantity}
    return Till(engine, an_order(lines=[{**KETTLE, "quantity": quantity}], postage=0, payments=[paid]))


def exchanged(till: Till, price: str = "159.00", freight: int = 1200) -> str:
    """A kettle at 129.00 is exchanged for another one, which he has."""
    case_no = till.opened(**{**HERE, "advanced_freight": freight})
    new = {"sku": "KETTLE-21", "quantity": 1, "unit_price": price}
    till.drive(case_no, ("manager", "choose_remedy", {"remedy": "exchange", "replacement": new}))
    if (owed := till.case(case_no).owed) > 0:
        paid = {"amount": to_text(owed, "CNY"), "reference": f"ICBC {case_no}"}
        till.drive(case_no, ("finance", "record_payment", paid))
    till.drive(case_no, ("warehouse", "ship_replacement", WAYBILL))
    till.pay_all(case_no)
    till.drive(case_no, ("courier", "record_delivery", {"outcome": "delivered"}))
    till.drive(case_no, ("agent", "complete_callback", {"satisfied": True}))
    return case_no


def refunded(till: Till, **over: Any) -> int:
    """What a new case of the order gets for one kettle."""
    case_no = till.opened(**{**HERE, "advanced_freight": 0, **over})
    till.drive(case_no, ("director", "choose_remedy", {"remedy": "refund"}))
    till.pay_all(case_no)
    return till.case(case_no).money.paid


@pytest.mark.parametrize(
    ("price", "back"),
    [
        ("159.00", 15900),  # 129.00 first, and 30.00 for the dearer one
        ("129.00", 12900),
        ("99.00", 9900),  # 30.00 of the 129.00 went back with the exchange
    ],
)
def test_goods_exchanged_and_refunded_later_give_back_what_was_paid_for_them_in_all(
    engine: Engine, price: str, back: int
) -> None:
    till = sold(engine)
    exchanged(till, price)
    assert refunded(till) == back
    assert till.pots().refundable == 0
    assert audit_money(engine).findings == ()


def test_the_difference_is_a_payment_of_its_own_and_goes_back_first_F17(engine: Engine) -> None:
    till = sold(engine)
    case_no = exchanged(till)
    first, difference = till.pots().payments
    assert (difference.amount, difference.collected_by, first.amount) == (3000, case_no, 12900)
    again = till.opened(**{**HERE, "advanced_freight": 0})
    till.drive(again, ("director", "choose_remedy", {"remedy": "refund"}))
    gone = [(payout.payment_no, payout.amount) for payout in till.case(again).payouts]
    assert gone == [(difference.payment_no, 3000), ("P1", 12900)]


def test_a_preview_shows_what_was_paid_for_the_dearer_goods(engine: Engine) -> None:
    till = sold(engine)
    exchanged(till)
    shown = settlement(till.pots(), True, SettlementAsk(remedy="refund", lines=((1, 1),)))
    assert shown.refund == 15900
    assert "30.00 CNY of it was paid for dearer goods of an exchange (G6)." in shown.sources


def test_the_case_that_exchanged_it_gives_its_own_difference_and_another_the_first_price(engine: Engine) -> None:
    """Two kettles: the other one is refunded at 129.00, and the exchanged one at 159.00, whichever comes first."""
    till = sold(engine, 2)
    case_no = exchanged(till, freight=0)
    till.drive(case_no, ("agent", "reopen", {"reason": "the dearer one is broken too"}))
    till.drive(case_no, ("director", "choose_remedy", {"remedy": "refund"}))
    till.drive(case_no, ("director", "deny") if till.case(case_no).pending else ("agent", "note", {"note": "as it is"}))
    till.pay_all(case_no)
    assert till.case(case_no).money.refund == 15900
    assert refunded(till) == 12900
    assert till.pots().refundable == 0
    assert audit_money(engine).findings == ()


def test_what_is_not_sent_is_not_paid_for_and_goes_back_by_itself(engine: Engine) -> None:
    till = sold(engine)
    case_no = till.opened(**{**HERE, "advanced_freight": 0})
    new = {"sku": "KETTLE-21", "quantity": 1, "unit_price": "159.00"}
    till.drive(
        case_no,
        ("manager", "choose_remedy", {"remedy": "exchange", "replacement": new}),
        ("finance", "record_payment", {"amount": "30.00", "reference": "ICBC-1"}),
        ("warehouse", "report_shortage"),
        ("director", "choose_remedy", {"remedy": "refund"}),
        ("agent", "give_back"),
    )
    till.pay_all(case_no)
    assert till.case(case_no).money.paid == 12900 + 3000
    assert len(till.pots().payments) == 1
    assert audit_money(engine).findings == ()


def test_the_order_sent_again_keeps_what_an_exchange_collected(engine: Engine) -> None:
    till = sold(engine)
    exchanged(till)
    with writing(engine) as session:
        assert orders.put(session, till.order.model_copy(update={"channel": "another name"}), NOW) == "updated"
    assert refunded(till) == 15900
    assert audit_money(engine).findings == ()


def test_the_database_caps_what_was_collected_too(engine: Engine) -> None:
    till = sold(engine)
    exchanged(till)
    for beyond in (update(unit_pots).values(refunded=15901), update(payment_pots).values(refunded=12901)):
        with pytest.raises(IntegrityError), writing(engine) as session:
            session.execute(beyond)
    with reading(engine) as session:
        assert session.execute(select(unit_pots.c.raised)).scalar_one() == 3000


def test_an_audit_names_a_pot_that_was_raised_by_hand(engine: Engine) -> None:
    till = sold(engine)
    exchanged(till)
    with writing(engine) as session:
        session.execute(update(unit_pots).values(raised=3001))
    assert [finding.sort for finding in audit_money(engine).findings] == ["pot"]
