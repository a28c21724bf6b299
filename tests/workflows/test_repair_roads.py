"""Repairs on real workflows, weeks passing: quote, parts, promise, progress, report, loaner (G7, G8, section 13)."""

from datetime import timedelta
from typing import Any

import pytest

from api.goods import warranty
from models.errors import RuleRefused
from models.goods.warranty import Card
from store import orders
from store.engine import writing
from store.goods import warranties
from tests.roads import DELIVERED, GOODS_IN, REPAIRED, SATISFIED, SENT_BACK, SHIPPED, found
from tests.store.stock.shop import KETTLE
from tests.workflows.test_stock_roads import EXCHANGE, count, places, ring
from tests.world import World

SEAL = {"sku": "SEAL-2", "name": "密封圈", "quantity": 2, "unit_price": "5.00"}
QUOTE: dict[str, Any] = {"parts": "10.00", "labour": "20.00", "freight": "10.00", "items": [SEAL]}
OWN_DOING = ("refute_fault", "warehouse", found("customer", "customer", "used"))
FAULTY = ("confirm_fault", "warehouse", found("manufacturing", "seller"))
CN = {"id": "c-88", "name": "王小明", "country": "CN"}
REPAIR = ("choose_remedy", "agent", {"remedy": "repair", "customer_agrees": True})


async def in_the_workshop(shop: World, *steps: tuple[Any, ...], **ask: Any) -> str:
    """A kettle that came in for a repair, and these steps."""
    case_no = await shop.opened("warranty_repair", wanted="repair", **ask)
    await shop.drive(case_no, *GOODS_IN, *steps)
    return case_no


async def test_a_quote_nobody_answers_is_declined_and_one_that_is_paid_waits_for_its_part(shop: World) -> None:
    """G7, F10: silence declines; accepted, paid, part missing, part there, done, tested, sent with its report."""
    await shop.until_a_quiet_monday()
    await count(shop, 1, "SEAL-2")  # two are needed
    quoted = ("quote_repair", "workshop", QUOTE)
    silent, paying = [await in_the_workshop(shop, OWN_DOING, quoted) for _ in range(2)]
    paid = ("record_payment", "finance", {"amount": "40.00", "reference": "BANK-1"})
    owed = await shop.act(paying, "accept_quote", "customer")
    assert (owed["state"], owed["money"]["customer_owes"]["amount"]) == ("awaiting_payment", "40.00")
    assert (await shop.drive(paying, paid))["state"] == "awaiting_stock"
    assert places(shop, "SEAL-2") == {"sellable": 1}  # both or neither
    await shop.pass_time(days=2)
    await count(shop, 6, "SEAL-2")
    assert await ring(shop) == 1
    await shop.reaches(paying, "repairing")
    assert places(shop, "SEAL-2") == {"sellable": 4, "reserved": 2}
    done = await shop.drive(paying, REPAIRED)
    assert (done["state"], shop.stored(paying).repairs[-1].report) == ("returning_goods", REPAIRED[2]["report"])
    assert places(shop, "SEAL-2") == {"sellable": 4}
    assert (await shop.drive(paying, SENT_BACK, DELIVERED, SATISFIED))["state"] == "closed"

    await shop.pass_time(days=6)  # the clock `quote` of a warranty repair runs seven days
    back = await shop.reaches(silent, "returning_goods")
    assert (back["remedy"], shop.stored(silent).repairs[-1].ended) == ("goods_back", "declined")
    assert (await shop.drive(silent, SENT_BACK, DELIVERED, SATISFIED))["state"] == "closed"
    assert places(shop) == {}  # both kettles are with their customers again


async def test_a_broken_promise_escalates_and_a_second_failure_gives_a_new_kettle(shop: World) -> None:
    """T2, T8, section 13: the workshop's date passes; five working days without a word; it fails twice."""
    await shop.until_a_quiet_monday()
    bought: dict[str, Any] = {
        "customer": {"id": "c-88", "name": "王小明", "country": "CN"},
        **shop.delivered(days_ago=40),
    }
    case_no = await in_the_workshop(shop, FAULTY, REPAIR, order_no=await shop.sold(**bought))
    lent: dict[str, Any] = {"serial": "L-7", "sku": "LOAN-KETTLE", "consent": True}
    await shop.act(case_no, "lend_loaner", **lent)
    promised = shop.now + timedelta(days=3)
    await shop.act(case_no, "plan_repair", "workshop", diagnosis="leaks", promised_at=promised.isoformat())
    assert shop.stored(case_no).due_at == promised
    await shop.until(promised + timedelta(hours=2))
    await shop.until_seen(case_no, "breached")
    await shop.until_seen(case_no, "escalated")
    broken = [e.data["clock"] for e in shop.timeline(case_no) if e.action == "breached"]
    assert broken == ["repair_promise"]

    await shop.act(case_no, "message", text="还在维修，配件周五到，修好当天寄出")
    await shop.pass_time(days=6)  # five working days are not over
    assert "customer_update" not in breaches(shop, case_no)
    await shop.pass_time(days=2)
    await shop.until_seen(case_no, "breached", 2)
    assert "customer_update" in breaches(shop, case_no)

    assert (await shop.desk.case(case_no))["next_step"]["legal_choices"] == ["repair"]  # after the 15th day
    failed = ("fail_repair", "workshop", {"reason": "it leaks again"})
    assert (await shop.drive(case_no, failed, REPAIR, failed))["state"] == "fault_confirmed"
    assert set((await shop.desk.case(case_no))["next_step"]["legal_choices"]) == {"repair", "exchange"}
    assert (await shop.drive(case_no, EXCHANGE, SHIPPED, DELIVERED))["state"] == "resolved"
    await shop.paid(case_no)
    with pytest.raises(RuleRefused, match="L-7 is still out"):
        await shop.drive(case_no, SATISFIED)
    await shop.act(case_no, "return_loaner", "warehouse", disposition="refurbish")
    assert places(shop, "LOAN-KETTLE") == {"refurbish": 1}
    assert (await shop.drive(case_no, SATISFIED))["state"] == "closed"


def breaches(shop: World, case_no: str) -> list[Any]:
    return [entry.data["clock"] for entry in shop.timeline(case_no) if entry.action == "breached"]


async def test_the_card_that_the_customer_names_decides_who_pays_for_the_repair(shop: World) -> None:
    """F9, F10, section 13: two kettles of one order; one has a newer card, and its time in repair is added to it."""
    await shop.until_a_quiet_monday()
    two = {"line_no": 1, "sku": KETTLE, "name": "电热水壶", "unit_price": 12900, "quantity": 2}
    bought: dict[str, Any] = {
        "customer": {"id": "c-88", "name": "王小明", "country": "CN"},
        **shop.delivered(days_ago=500),
    }
    paid = [{"payment_no": "P1", "method": "alipay", "amount": 26800}]
    order_no = await shop.sold(**bought, lines=[{**two, "serials": ["SN-1", "SN-2"]}], payments=paid)
    issue(shop, order_no, "PAPER-7", "SN-3")  # given in exchange for the second
    case_nos = {}
    for named in ("SN-1", "PAPER-7"):
        line = {"line_no": 1, "quantity": 1, "serials": [named]}
        case_nos[named] = await in_the_workshop(shop, FAULTY, order_no=order_no, lines=[line])
    over, under = [await shop.desk.case(case_nos[named]) for named in ("SN-1", "PAPER-7")]
    assert (over["next_step"]["action"], under["next_step"]["action"]) == ("quote_repair", "choose_remedy")
    repairing = await shop.drive(under["case_no"], REPAIR)
    assert (repairing["state"], repairing["money"]["customer_owes"]["amount"]) == ("repairing", "0.00")
    await shop.pass_time(days=5)
    await shop.drive(under["case_no"], REPAIRED, SENT_BACK, DELIVERED)
    await shop.paid(under["case_no"])  # the way in, which he had advanced (F9)
    assert (await shop.drive(under["case_no"], SATISFIED))["state"] == "closed"
    with writing(shop.engine) as session:
        (card,) = warranties.find(session, card_no="PAPER-7")
    assert card.repair_seconds >= 5 * 86_400


def issue(shop: World, order_no: str, card_no: str, serial: str) -> None:
    """Cards of a delivered order, as the desk issues them, and one by hand for a device given in exchange."""
    with writing(shop.engine) as session:
        order = orders.load(session, order_no)
        assert order is not None
        warranty.issued(session, [order], shop.playbooks, shop.now)
        starts = (shop.now - timedelta(days=30)).date()
        named = {"order_no": order_no, "line_no": 1, "sku": KETTLE}
        card = Card(card_no=card_no, serial=serial, starts_on=starts, months=12, **named)
        warranties.issue(session, [card], "chen", shop.now)
