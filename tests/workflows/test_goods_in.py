"""Goods in on real workflows: boxes in every order, as often as anybody scans them, and what is in them (G1–G4)."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from api.documents.goods import MatchAsk, Scan
from models.errors import Conflict
from models.lifecycle import Role
from store.engine import reading
from store.goods import parcels
from tests.roads import found
from tests.world import ACTORS, World

ZHAO = ACTORS[Role.WAREHOUSE]


@pytest_asyncio.fixture
async def door(shop: World) -> World:
    await shop.until_a_quiet_monday()
    return shop


async def on_its_way(door: World, waybill: str, lines: list[dict[str, int]] | None = None) -> str:
    case_no = await door.opened(lines=lines or [{"line_no": 1, "quantity": 1}])
    sent = {"carrier": "yto", "waybill": waybill, "freight": "12.00"}
    await door.drive(case_no, ("authorise_return", "agent"), ("ship_return", "customer", sent))
    return case_no


async def scan(door: World, code: str | None = None, **told: Any) -> dict[str, Any]:
    await door.look_at_the_clock()
    return await door.desk.goods.scan(Scan(code=code, **told), ZHAO)


async def test_scans_in_any_order_and_number_move_every_case_once(door: World) -> None:
    """Ten boxes of eight cases: one in two boxes, one box for two cases, some strangers; each scanned many times."""
    numbers = [await on_its_way(door, f"YT90{n}") for n in range(8)]
    both = [numbers[6], numbers[7]]
    scans: list[dict[str, Any]] = [{"code": f"YT90{n}"} for n in range(5)]
    scans += [{"code": f"{numbers[5]}-DEMO", "box": box, "of": 2} for box in (1, 2)]
    scans += [{"code": "YT906", "case_nos": both}, {"code": "STRANGER-1"}, {"code": "STRANGER-2", "grams": 700}]
    each = scans * 6
    random.Random(12).shuffle(each)
    for first in range(0, len(each), 5):  # five scanners at the same time
        await asyncio.gather(*(scan(door, **one) for one in each[first : first + 5]))
    for number in numbers:
        case = door.stored(number)
        assert (case.state, case.goods) == ("received", "here")
        assert door.actions(number).count("book_in") == (2 if number == numbers[5] else 1)
    with reading(door.engine) as session:
        kept = parcels.every(session)
    assert len(kept) == len(scans)
    assert sorted(one.code for one in kept if one.state == "on_shelf") == ["STRANGER-1", "STRANGER-2"]
    assert not [one for one in kept if one.untold]


async def test_a_box_found_on_the_shelf_days_later_is_matched_inspected_and_explained(door: World) -> None:
    """G2, G14, G3, G4: signed at our dock, not found; on the shelf without its slip; matched; no fault; photos."""
    case_no = await on_its_way(door, "YT5550001")
    await scan(door, "YT5550010", note="面单湿了", sender_phone="13800138000")
    await door.act(case_no, "record_delivery", "courier", outcome="delivered")
    assert door.stored(case_no).waiting_for == "warehouse"
    came = door.now
    await door.pass_time(days=2)
    await door.until_seen(case_no, "escalated")
    (box,) = (await door.desk.goods.page(parcels.ParcelFilters(state=("on_shelf",)), None, 10))["items"]
    shown = await door.desk.goods.show(box["id"])
    assert shown["proposals"][0]["case_no"] == case_no
    matched = await door.desk.goods.match(box["id"], MatchAsk(case_nos=(case_no,)), ACTORS[Role.AGENT])
    assert matched["case"]["state"] == "received"
    inspection = next(clock for clock in door.stored(case_no).clocks if clock.clock == "inspection")
    assert abs(inspection.log[0].at - came) < timedelta(minutes=1)
    refuted = found("none_found", "customer", "used")
    told = await door.act(case_no, "refute_fault", "warehouse", photos=["/api/v1/files/ab"], **refuted)
    assert told["next_step"]["goods"]["photos"] == ["/api/v1/files/ab"]
    back = await door.act(case_no, "choose_remedy", remedy="goods_back")
    assert back["state"] == "awaiting_payment"  # the way in is ours, the way back the customer's (G4)


async def test_what_did_not_come_is_a_case_of_its_own_and_nothing_is_refunded(door: World) -> None:
    """G3: two kettles declared, one came, with a cup that nobody declared."""
    case_no = await on_its_way(door, "YT77", [{"line_no": 1, "quantity": 2}])
    await scan(door, "YT77")
    ask = {**found("manufacturing", "seller"), "missing": [{"line_no": 1, "quantity": 1}], "extra": [{"what": "a cup"}]}
    parent = await door.act(case_no, "confirm_fault", "warehouse", **ask)
    assert [one["what"] for one in parent["next_step"]["goods"]["differences"]] == ["missing", "extra"]
    (child_no,) = door.stored(case_no).links
    child = await door.reaches(child_no, "requested")
    assert child["next_step"]["goods"]["differences"][0]["told"] == "1 of line 1 did not come"
    assert (await door.desk.payouts(case_no=child_no))["items"] == []
    late = await scan(door, child_no)  # it comes after all, in a box of its own
    assert late["case"]["state"] == "received"


async def test_an_expert_is_waited_for_from_the_day_the_goods_are_there(door: World) -> None:
    """G11: the courier's word starts the clock; the report ends it."""
    case_no = await on_its_way(door, "YT78")
    await scan(door, "YT78")
    await door.act(case_no, "send_to_expert", "warehouse", expert="lab", waybill="YT79")
    await door.pass_time(days=1)
    await door.act(case_no, "record_delivery", "courier", outcome="delivered")
    there = [clock for clock in door.stored(case_no).clocks if clock.clock == "external_diagnosis"]
    assert [clock.state for clock in there] == ["met", "running"]
    ended = await door.act(case_no, "confirm_fault", "expert", report="R-7", **found("manufacturing", "seller"))
    assert ended["state"] == "fault_confirmed"


async def test_a_code_of_two_cases_and_a_box_for_a_case_that_is_over(door: World) -> None:
    """G12."""
    one, two = await on_its_way(door, "YT81"), await on_its_way(door, "YT81")
    with pytest.raises(Conflict) as refused:
        await scan(door, "YT81")
    assert sorted(refused.value.extra["case_nos"]) == sorted([one, two])
    assert {door.stored(number).state.value for number in (one, two)} == {"return_in_transit"}
    over = await door.opened()
    await door.drive(over, ("authorise_return", "agent"), ("close", "manager", {"reason": "asked for by phone"}))
    await door.ended(over)
    assert (await scan(door, f"{over}-DEMO"))["case"]["state"] == "received"
    assert "reopen" in door.actions(over)
    assert (await scan(door, "YT81", case_nos=[one]))["case"]["state"] == "received"
    assert door.stored(two).state == "return_in_transit"
