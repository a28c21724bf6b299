"""The main roads of a case, from the request to its callback, on a real workflow with a real store."""

import pytest

from tests.world import CONFIRMED, GOODS_IN, LOOKED_AT, SATISFIED, World

NOT_FOUND = {"lines": [{**LOOKED_AT["lines"][0], "grade": "used", "cause": "customer", "party_liable": "customer"}]}
AS_NEW = {"lines": [{**LOOKED_AT["lines"][0], "grade": "opened", "cause": "none_found", "party_liable": "customer"}]}
DELIVERED = ("record_delivery", "courier", {"outcome": "delivered"})
SHIPPED = ("ship_replacement", "warehouse", {"carrier": "SF", "waybill": "SF900"})
SENT_BACK = ("ship_back", "warehouse", {"carrier": "SF", "waybill": "SF901"})


async def test_a_faulty_kettle_is_refunded_with_its_freight_and_the_case_closes_after_the_callback(shop: World) -> None:
    """F3: 129.00 for the kettle, 12.00 for the way back; the postage stays until everything it carried is back (F14)."""
    case_no = await shop.opened()
    case = await shop.drive(case_no, *CONFIRMED, ("choose_remedy", "agent", {"remedy": "refund"}))
    assert case["state"] == "refunding"
    assert case["money"]["refund"] == {"amount": "129.00", "currency": "CNY"}
    assert case["money"]["freight"] == {"amount": "12.00", "currency": "CNY"}
    await shop.paid(case_no)
    closed = await shop.drive(case_no, SATISFIED)
    assert closed["state"] == "closed"
    assert closed["money"]["paid"] == {"amount": "141.00", "currency": "CNY"}
    assert (await shop.ended(case_no))["state"] == "closed"


ROADS = {
    "an exchange is shipped and delivered": (
        "quality_fault",
        [*CONFIRMED, ("choose_remedy", "agent", {"remedy": "exchange"}), SHIPPED, DELIVERED],
    ),
    "a repair under warranty goes back to its owner": (
        "warranty_repair",
        [
            *CONFIRMED,
            ("choose_remedy", "agent", {"remedy": "repair"}),
            ("finish_repair", "workshop", {"report": "new heating element, tested 24 h"}),
            SENT_BACK,
            DELIVERED,
        ],
    ),
    "a repair out of warranty is quoted and paid first": (
        "warranty_repair",
        [
            *GOODS_IN,
            ("refute_fault", "warehouse", NOT_FOUND),
            ("quote_repair", "workshop", {"parts": "30.00", "labour": "20.00", "freight": "10.00"}),
            ("accept_quote", "customer"),
            ("record_payment", "finance", {"amount": "60.00", "reference": "BANK-1"}),
            ("finish_repair", "workshop", {"report": "tested"}),
            SENT_BACK,
            DELIVERED,
        ],
    ),
    "goods without a fault go back": (
        "quality_fault",
        [
            *GOODS_IN,
            ("refute_fault", "warehouse", AS_NEW),
            ("choose_remedy", "agent", {"remedy": "goods_back"}),
            ("record_payment", "finance", {"amount": "12.00", "reference": "BANK-2"}),
            SENT_BACK,
            DELIVERED,
        ],
    ),
    "an answer is enough": ("quality_fault", [("answer", "agent", {"text": "Press it for 3 s.", "final": True})]),
}


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.replace(" ", "-"))
async def test_every_road_ends_in_a_closed_case(shop: World, road: str) -> None:
    kind, steps = ROADS[road]
    case_no = await shop.opened(kind)
    case = await shop.drive(case_no, *steps)
    assert case["state"] == "resolved"
    await shop.paid(case_no)
    assert (await shop.drive(case_no, SATISFIED))["state"] == "closed"
    assert (await shop.ended(case_no))["state"] == "closed"


async def test_a_keep_it_that_is_accepted_is_paid_and_nothing_moves(shop: World) -> None:
    """K4."""
    case_no = await shop.opened("wrong_item")
    offered = await shop.act(case_no, "make_offer", amount="5.00")
    assert (offered["state"], offered["waiting_for"]) == ("offered", "customer")
    paying = await shop.act(case_no, "accept_offer", "customer")
    assert (paying["state"], paying["money"]["refund"]["amount"]) == ("refunding", "5.00")
    await shop.paid(case_no)
    assert (await shop.drive(case_no, SATISFIED))["state"] == "closed"


async def test_a_closed_case_is_opened_again_under_its_own_id_with_its_history(shop: World) -> None:
    case_no = await shop.opened()
    await shop.drive(case_no, ("reject", "agent", {"reason": "not ours"}))
    await shop.ended(case_no)
    again = await shop.act(case_no, "reopen", reason="It was ours after all.")
    assert (again["state"], again["stage"]) == ("requested", "request")
    assert shop.actions(case_no) == ["opened", "reject", "reopen"]
    assert (await shop.handle(case_no).query("snapshot"))["state"] == "requested"


async def test_lines_with_another_result_go_to_a_linked_case_that_runs(shop: World) -> None:
    """G3: two kettles came back; one is broken, the other still to be looked at."""
    case_no = await shop.opened(lines=[{"line_no": 1, "quantity": 2}])
    parent = await shop.drive(case_no, *CONFIRMED)
    assert [line["quantity"] for line in parent["lines"]] == [1]
    (child_no,) = shop.stored(case_no).links
    child = await shop.act(child_no, "pass_inspection", "warehouse", **AS_NEW)
    assert (child["state"], child["links"]) == ("inspected", [case_no])
