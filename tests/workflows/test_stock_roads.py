"""Exchanges on real workflows in a shop that counts its stock: set aside, short, lost, refused, withdrawn (G3, G5, L7).

What the ledger says is looked at after every turn of the road.
"""

import asyncio
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from activities.stock import StockBell
from api.documents.stock import Carried, CountAsk, Counts
from api.goods import stocking
from models.errors import AftercareError, RuleRefused
from models.lifecycle import Role
from tests.roads import DELIVERED, SATISFIED, SHIPPED
from tests.store.stock.shop import KETTLE, nowhere_twice
from tests.store.stock.shop import places as places_in
from tests.world import ACTORS, World

LOST = ("record_delivery", "courier", {"outcome": "lost"})
REFUSED = ("record_delivery", "courier", {"outcome": "refused"})
EXCHANGE = ("choose_remedy", "agent", {"remedy": "exchange", "customer_agrees": True})
DEARER = {"type": "substitute", "replacement": {"sku": "KETTLE-20", "unit_price": "149.00"}}


async def count(shop: World, quantity: int, sku: str = KETTLE) -> None:
    asked = Counts(reason="month-end count", items=[CountAsk(sku=sku, quantity=quantity)])
    await stocking.count(shop.desk, asked, ACTORS[Role.WAREHOUSE])


async def ring(shop: World) -> int:
    return await StockBell(shop.client, shop.engine).ring()


def places(shop: World, sku: str = KETTLE) -> dict[str, int]:
    nowhere_twice(shop.engine)
    return places_in(shop.engine, sku)


async def faulty(shop: World, disposition: str = "supplier", cause: str = "manufacturing") -> str:
    """A case whose kettle came back with a label of ours, and is faulty; answers its number."""
    case_no = await shop.opened(wanted="exchange")
    line = {"line_no": 1, "quantity": 1, "grade": "damaged", "cause": cause, "party_liable": "seller"}
    await shop.drive(
        case_no,
        ("authorise_return", "agent", {"label": "LABEL-1"}),
        ("ship_return", "customer", {"carrier": "SF", "waybill": f"SF {case_no}"}),
        ("book_in", "warehouse"),
        ("confirm_fault", "warehouse", {"lines": [{**line, "disposition": disposition}]}),
    )
    return case_no


async def exchanging(shop: World, disposition: str = "supplier") -> dict[str, Any]:
    case_no = await faulty(shop, disposition)
    return await shop.drive(case_no, EXCHANGE)


async def test_the_last_kettle_goes_to_one_and_three_others_wait_change_or_are_refunded(shop: World) -> None:
    """G5, G6: short in the same answer; another product, the money, or the next delivery, as each customer wishes."""
    await shop.until_a_quiet_monday()
    await count(shop, 1)
    gets_it, changes, refunded, waits = [await exchanging(shop) for _ in range(4)]
    assert [case["state"] for case in (gets_it, changes, refunded, waits)] == ["exchanging"] + ["awaiting_stock"] * 3
    assert places(shop) == {"reserved": 1, "supplier": 4}
    short = shop.timeline(changes["case_no"])[-1]
    assert (short.action, short.note) == ("report_shortage", f"Not on the shelf: 1 × {KETTLE}.")

    other = await shop.drive(
        changes["case_no"],
        ("make_offer", "agent", {"options": [DEARER, {"type": "wait"}]}),
        ("accept_offer", "customer", {"option": 1}),
    )
    assert (other["state"], other["money"]["customer_owes"]["amount"]) == ("awaiting_payment", "20.00")
    paid = ("record_payment", "finance", {"amount": "20.00", "reference": "BANK-3"})
    assert (await shop.drive(changes["case_no"], paid, SHIPPED, DELIVERED, SATISFIED))["state"] == "closed"

    choice = {"options": [{"type": "wait"}, {"type": "refund"}]}
    await shop.drive(refunded["case_no"], ("make_offer", "agent", choice), ("accept_offer", "customer", {"option": 2}))
    await shop.paid(refunded["case_no"])
    assert (await shop.desk.case(refunded["case_no"]))["state"] == "resolved"
    assert await ring(shop) == 0  # nothing has come

    patient = await shop.drive(
        waits["case_no"], ("make_offer", "agent", choice), ("accept_offer", "customer", {"option": 1})
    )
    assert patient["state"] == "awaiting_stock"
    await shop.pass_time(days=3)
    await count(shop, 2)  # the one that is set aside is among them
    assert await ring(shop) == 1
    await shop.reaches(waits["case_no"], "exchanging")
    assert places(shop) == {"reserved": 2, "supplier": 4}
    for case in (gets_it, waits):
        assert (await shop.drive(case["case_no"], SHIPPED))["state"] == "delivering"
    assert places(shop) == {"transit": 2, "supplier": 4}
    for case in (gets_it, waits):
        assert (await shop.drive(case["case_no"], DELIVERED, SATISFIED))["state"] == "closed"
    assert places(shop) == {"supplier": 4}
    assert await ring(shop) == 0


async def test_what_inspections_say_what_is_lost_and_what_is_refused_is_seen_on_the_shelf(shop: World) -> None:
    """G3, G5, L16: restocked for who waits; refurbished by hand; a lost replacement again; a refused one inspected."""
    await shop.until_a_quiet_monday()
    await count(shop, 0)
    first = (await exchanging(shop, "scrap"))["case_no"]
    second = (await exchanging(shop, "refurbish"))["case_no"]
    assert places(shop) == {"scrap": 1, "refurbish": 1}
    await faulty(shop, "restock")  # its parcel was only opened: sold again
    assert await ring(shop) == 1
    await shop.reaches(first, "exchanging")
    assert (await shop.desk.case(second))["state"] == "awaiting_stock"
    asked = Carried(quantity=1, reason="new lid", **{"from": "refurbish", "to": "sellable"})
    await stocking.carry(shop.desk, KETTLE, asked, ACTORS[Role.WAREHOUSE], "lid-1")
    assert await ring(shop) == 1
    await shop.reaches(second, "exchanging")
    assert places(shop) == {"reserved": 2, "scrap": 1}

    assert (await shop.drive(first, SHIPPED, LOST))["state"] == "requested"
    assert places(shop) == {"reserved": 1, "scrap": 1}  # nobody has it any more
    again = await shop.drive(first, EXCHANGE)
    assert again["state"] == "awaiting_stock"  # the last one is set aside for the second
    assert (await shop.drive(second, SHIPPED, REFUSED))["state"] == "received"
    assert places(shop) == {"quarantine": 1, "scrap": 1}
    as_new = {"line_no": 1, "quantity": 1, "grade": "new", "cause": "none_found", "party_liable": "customer"}
    passed = await shop.act(second, "pass_inspection", "warehouse", lines=[{**as_new, "disposition": "restock"}])
    assert passed["state"] == "inspected"
    assert await ring(shop) == 1
    await shop.reaches(first, "exchanging")
    assert places(shop) == {"reserved": 1, "scrap": 1}
    assert (await shop.drive(first, SHIPPED, DELIVERED, SATISFIED))["state"] == "closed"
    assert places(shop) == {"scrap": 1}


async def test_a_lost_replacement_is_sent_once_more_off_the_shelf_and_never_the_scrapped_goods(shop: World) -> None:
    """L5, G3: the old kettle went to the scrap; what goes out again is set aside, or waited for, like any other."""
    await shop.until_a_quiet_monday()
    await count(shop, 2)
    case_no = (await exchanging(shop, "scrap"))["case_no"]
    assert (await shop.drive(case_no, SHIPPED, LOST))["state"] == "requested"
    again = await shop.drive(case_no, ("choose_remedy", "agent", {"remedy": "reship"}))
    assert again["state"] == "exchanging"
    assert places(shop) == {"reserved": 1, "scrap": 1}
    await shop.drive(case_no, SHIPPED)
    assert places(shop) == {"transit": 1, "scrap": 1}
    assert (await shop.drive(case_no, DELIVERED, SATISFIED))["state"] == "closed"
    assert places(shop) == {"scrap": 1}


async def test_goods_for_their_owner_stay_apart_and_leave_with_him_named(shop: World) -> None:
    """G3, G4: disposition `customer` lies in quarantine, is never sold, and goes back when the customer has chosen."""
    await shop.until_a_quiet_monday()
    await count(shop, 0)
    case_no = await shop.opened(wanted="refund")
    line = {"line_no": 1, "quantity": 1, "grade": "used", "cause": "customer", "party_liable": "customer"}
    refuted = await shop.drive(
        case_no,
        ("authorise_return", "agent", {"label": "LABEL-1"}),
        ("book_in", "warehouse"),
        ("refute_fault", "warehouse", {"lines": [{**line, "disposition": "customer"}], "photos": ["lid.jpg"]}),
    )
    assert (refuted["state"], places(shop)) == ("fault_refuted", {"quarantine": 1})
    assert (await exchanging(shop))["state"] == "awaiting_stock", "what is somebody's own is nobody else's replacement"
    going = await shop.drive(case_no, ("choose_remedy", "agent", {"remedy": "goods_back", "customer_agrees": True}))
    if going["state"] == "awaiting_payment":  # F5: the way back is his
        owes = going["money"]["customer_owes"]["amount"]
        going = await shop.act(case_no, "record_payment", "finance", amount=owes, reference="BANK-7")
    assert (going["state"], places(shop)["quarantine"]) == ("returning_goods", 1)
    sent = ("ship_back", "warehouse", {"carrier": "SF", "waybill": "SF-OWN"})
    assert (await shop.drive(case_no, sent))["state"] == "delivering"
    assert places(shop) == {"transit": 1, "supplier": 1}
    assert (await shop.drive(case_no, DELIVERED, SATISFIED))["state"] == "closed"
    assert places(shop) == {"supplier": 1}


@pytest.mark.slow
async def test_a_parcel_withdrawn_before_it_left_is_on_the_shelf_again(shop: World) -> None:
    """L7: not printed, at once; printed, once the warehouse has pulled it; gone, when it came back and was seen."""
    await shop.until_a_quiet_monday()
    await count(shop, 5)
    for parcel, steps, there in (
        ("unprinted", (), 6),
        ("printed", (("report_interception", "warehouse", {"result": "pulled"}),), 7),
    ):
        case_no = await shop.opened("cancel_before_shipment", await shop.sold(parcel))
        await shop.drive(case_no, ("choose_remedy", "agent", {"remedy": "refund"}), *steps)
        await shop.paid(case_no)
        assert places(shop) == {"sellable": there}
    case_no = await shop.opened("cancel_before_shipment", await shop.sold("gone"))
    await shop.drive(case_no, ("choose_remedy", "agent", {"remedy": "refund"}), REFUSED)
    assert places(shop) == {"sellable": 7, "quarantine": 1}


async def test_two_desks_lend_the_same_loaner_in_the_same_second(shop: World) -> None:
    """G8: one customer has it, the other agent is told which case; the first case stays open until it is back."""
    await shop.until_a_quiet_monday()
    await count(shop, 1, "LOAN-KETTLE")
    numbers = [await faulty(shop), await faulty(shop)]
    lent: dict[str, Any] = {"serial": "L-7", "sku": "LOAN-KETTLE", "consent": True}
    answers = await asyncio.gather(
        *(shop.act(number, "lend_loaner", **lent) for number in numbers), return_exceptions=True
    )
    (refused,) = [one for one in answers if isinstance(one, AftercareError)]
    has_it = next(number for number in numbers if shop.stored(number).loaners)
    other = next(number for number in numbers if number != has_it)
    assert has_it in str(refused)
    assert places(shop, "LOAN-KETTLE") == {"lent": 1}
    envelope = {"action": "lend_loaner", "actor": ACTORS[Role.AGENT].model_dump(), "data": lent}
    with pytest.raises(WorkflowUpdateFailedError) as straight:  # past the desk, whose look would have been too early
        await shop.handle(other).execute_update("command", envelope)
    assert has_it in str(straight.value.__cause__)
    assert shop.stored(other).loaners == ()
    assert places(shop, "LOAN-KETTLE") == {"lent": 1}
    await shop.drive(has_it, EXCHANGE, SHIPPED, DELIVERED)
    with pytest.raises(RuleRefused, match="L-7 is still out"):
        await shop.drive(has_it, SATISFIED)
    await shop.act(has_it, "return_loaner", "warehouse", serial="L-7")
    assert (await shop.drive(has_it, SATISFIED))["state"] == "closed"
    assert (await shop.act(other, "lend_loaner", **lent))["state"] == "fault_confirmed"
