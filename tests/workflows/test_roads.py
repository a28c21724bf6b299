"""The main roads of a case, from the request to its callback, on a real workflow with a real store."""

from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.roads import CONFIRMED, GOODS_IN, ROADS, SATISFIED, found
from tests.world import World, a_world


async def test_a_faulty_kettle_is_refunded_with_its_freight_and_the_case_closes_after_the_callback(shop: World) -> None:
    """F3: 129.00 for the kettle, 12.00 for the way back; the postage stays until all that it carried is back (F14)."""
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


@pytest.mark.parametrize("road", ROADS)
async def test_every_road_ends_in_a_closed_case(shop: World, road: str) -> None:
    case_no = await shop.opened(ROADS[road].kind)
    assert (await shop.travel(ROADS[road], case_no))["state"] == "closed"
    assert (await shop.ended(case_no))["state"] == "closed"


@pytest.mark.parametrize("road", ROADS)
async def test_every_road_ends_the_same_when_every_task_replays_the_whole_history(
    skipping: WorkflowEnvironment, tmp_path: Path, road: str
) -> None:
    """No worker keeps anything: what lives outside the case's own state would be lost, and seen here."""
    async with a_world(skipping.client, tmp_path, skipping, max_cached_workflows=0) as (shop, _):
        case_no = await shop.opened(ROADS[road].kind)
        assert (await shop.travel(ROADS[road], case_no))["state"] == "closed"


async def test_a_closed_case_is_opened_again_under_its_own_id_with_its_history(shop: World) -> None:
    case_no = await shop.opened()
    await shop.drive(case_no, ("reject", "agent", {"reason": "not ours"}))
    await shop.ended(case_no)
    again = await shop.act(case_no, "reopen", reason="It was ours after all.")
    assert (again["state"], again["stage"]) == ("requested", "request")
    assert shop.actions(case_no) == ["opened", "reject", "reopen"]
    assert (await shop.handle(case_no).query("snapshot"))["state"] == "requested"


async def test_goods_that_come_after_the_end_open_the_case_again(shop: World) -> None:
    """G12."""
    case_no = await shop.opened()
    await shop.drive(case_no, ("reject", "agent", {"reason": "not ours"}))
    await shop.ended(case_no)
    assert (await shop.act(case_no, "book_in", "warehouse"))["state"] == "received"
    assert shop.actions(case_no)[2:4] == ["reopen", "goods_unasked"]


async def test_lines_with_another_result_go_to_a_linked_case_that_runs(shop: World) -> None:
    """G3: two kettles came back; one is broken, the other still to be looked at."""
    case_no = await shop.opened(lines=[{"line_no": 1, "quantity": 2}])
    parent = await shop.drive(case_no, *CONFIRMED)
    assert [line["quantity"] for line in parent["lines"]] == [1]
    (child_no,) = shop.stored(case_no).links
    child = await shop.act(child_no, "pass_inspection", "warehouse", **found("none_found", "customer", "opened"))
    assert (child["state"], child["links"]) == ("inspected", [case_no])


async def test_freight_that_a_manager_waives_opens_the_road_and_is_shown_as_goodwill(shop: World) -> None:
    """F8: the customer owes 12.00 for the way to him; F23: a manager waives it."""
    case_no = await shop.opened("change_of_mind", wanted="exchange")
    as_new = found("none_found", "customer", "opened")
    as_new["lines"][0]["cause"] = "customer"
    owing = await shop.drive(
        case_no, *GOODS_IN, ("pass_inspection", "warehouse", as_new), ("choose_remedy", "agent", {"remedy": "exchange"})
    )
    assert (owing["state"], owing["money"]["customer_owes"]["amount"]) == ("awaiting_payment", "12.00")
    asked = await shop.act(case_no, "waive_freight", amount="12.00", reason="an old customer")
    assert asked["state"] == "awaiting_payment"  # an agent only applies
    waived = await shop.act(case_no, "waive_freight", "manager", amount="12.00", reason="an old customer")
    assert waived["state"] == "exchanging"
    assert (waived["money"]["customer_owes"]["amount"], waived["money"]["goodwill"]["amount"]) == ("0.00", "12.00")
