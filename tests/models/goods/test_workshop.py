"""Repairs: the workshop's order, its parts off the shelf, its date, its report; loaners beside it (G7, G8)."""

from datetime import timedelta
from typing import Any

import pytest

from models.errors import DataRefused, RuleRefused
from tests.builders import DAY
from tests.models.story import Story, confirmed

SEAL: dict[str, Any] = {"sku": "SEAL-2", "name": "密封圈", "quantity": 2, "unit_price": "5.00"}


def under_repair(**over: Any) -> Story:
    """A kettle whose fault is confirmed, and which is repaired for nothing."""
    return confirmed(**over).do("agent", "choose_remedy", remedy="repair", customer_agrees=True)


def moved(story: Story) -> list[tuple[str, str, str]]:
    """Of the stock ledger: article, from, to; what came in is left out."""
    steps = [(sku, move.source, move.target) for move in story.effects.stock for sku, _ in move.items]
    return [step for step in steps if step[0] == "SEAL-2"]


def test_a_repair_has_an_order_from_the_moment_it_begins() -> None:
    story = under_repair()
    (order,) = story.case.repairs
    assert (order.workshop, order.begun_at, order.ended) == ("own", story.now, None)
    story.do("workshop", "finish_repair", report="new seal, an hour at 100 °C, dry")
    (order,) = story.case.repairs
    assert (order.ended, order.report) == ("finished", "new seal, an hour at 100 °C, dry")
    assert story.state == "returning_goods"


def test_its_parts_are_set_aside_and_used_up() -> None:
    story = under_repair().do("workshop", "plan_repair", diagnosis="壶底密封圈老化", items=[SEAL], labour="20.00")
    assert moved(story) == [("SEAL-2", "sellable", "reserved")]
    assert story.case.repairs[0].labour == 2000
    story.do("workshop", "finish_repair", report="tight")
    assert moved(story)[1:] == [("SEAL-2", "reserved", "used")]


def test_parts_of_a_repair_that_failed_go_back_on_the_shelf_and_the_next_is_another_order() -> None:
    story = under_repair().do("workshop", "plan_repair", items=[SEAL]).do("workshop", "fail_repair", reason="cracked")
    assert moved(story)[1:] == [("SEAL-2", "reserved", "sellable")]
    story.do("agent", "choose_remedy", remedy="repair", customer_agrees=True)
    assert [(order.ended, order.report) for order in story.case.repairs] == [("failed", "cracked"), (None, None)]
    story.do("workshop", "fail_repair", reason="cracked again")
    assert story.case.failed_repairs == 2  # two failed repairs give a right to exchange (section 13)


def test_a_vendor_and_a_part_without_a_number_leave_the_shelf_alone() -> None:
    story = confirmed().do("workshop", "plan_repair", workshop="上海品牌维修", items=[{"name": "底座"}])
    story.do("agent", "choose_remedy", remedy="repair", customer_agrees=True)
    assert moved(story) == []
    assert story.case.repairs[0].workshop == "上海品牌维修"


def test_the_clock_of_a_repair_runs_to_the_workshops_date_also_after_a_wait_for_parts() -> None:
    story = under_repair()
    friday = story.now + 9 * DAY
    story.do("workshop", "plan_repair", promised_at=friday.isoformat())
    assert (story.case.due_at, story.case.state_clock.clock if story.case.state_clock else None) == (
        friday,
        "repair_promise",
    )
    assert story.told("owner")[-1].startswith("The workshop promises the repair by ")
    story.do("workshop", "report_shortage", note="the seal comes on Monday")
    assert story.state == "awaiting_stock"
    story.wait(DAY)
    story.do("workshop", "stock_arrived")
    assert (story.state, story.case.due_at) == ("repairing", friday)
    with pytest.raises(DataRefused, match="time to come"):
        story.do("workshop", "plan_repair", promised_at=(story.now - DAY).isoformat())


def test_nothing_is_planned_before_the_goods_are_diagnosed_or_under_another_remedy() -> None:
    with pytest.raises(RuleRefused, match="diagnosed first"):
        Story().do("agent", "plan_repair", workshop="own")
    story = confirmed().do("agent", "choose_remedy", remedy="exchange", customer_agrees=True)
    with pytest.raises(RuleRefused):
        story.do("agent", "plan_repair", workshop="own")


def test_a_quote_names_its_parts_and_they_come_to_what_is_quoted_G7() -> None:
    story = confirmed()
    with pytest.raises(DataRefused, match=r"come to 10\.00 CNY, not to 12\.00"):
        story.do("workshop", "quote_repair", parts="12.00", labour="20.00", items=[SEAL])
    story.do(
        "workshop", "quote_repair", parts="10.00", labour="20.00", freight="10.00", items=[SEAL], diagnosis="leaks"
    )
    assert [(part.sku, part.quantity) for part in story.case.repairs[0].parts] == [("SEAL-2", 2)]
    assert story.state == "quoted"
    story.do("customer", "decline_quote", note="too dear")
    assert (story.state, story.case.repairs[0].ended, moved(story)) == ("returning_goods", "declined", [])


def test_the_customer_hears_from_us_every_five_working_days_through_a_whole_repair() -> None:
    story = under_repair()
    said = 0
    for _ in range(4):  # from here to the workshop, to a part that is missing, and back
        clock = next(c for c in story.case.clocks if c.clock == "customer_update" and c.state == "running")
        assert clock.due_at is not None
        assert clock.due_at - story.now <= timedelta(days=7, hours=9)  # five working days and a weekend
        story.wait(clock.due_at - timedelta(hours=1))
        story.do("agent", "message", text="还在维修，配件明天到")
        said += 1
        story.do("workshop", "report_shortage" if story.state == "repairing" else "stock_arrived")
    story.do("workshop", "finish_repair", report="tight") if story.state == "repairing" else None
    assert [entry.note for entry in story.effects.entries if entry.action == "message"] == [
        "还在维修，配件明天到"
    ] * said
    breaches = [entry for entry in story.effects.entries if entry.action == "breached"]
    assert not [entry for entry in breaches if entry.data["clock"] == "customer_update"]


def test_time_in_repair_is_counted_from_its_beginning_to_the_goods_leaving() -> None:
    story = under_repair().wait(3 * DAY)
    story.do("workshop", "finish_repair", report="tight").wait(DAY)
    story.do("warehouse", "ship_back", carrier="sf", waybill="SF9")
    assert story.case.repair_seconds == 4 * 86_400


# ── loaners ───────────────────────────────────────────────────────────────────────────────────────


def test_of_two_loaners_the_one_that_is_named_comes_back_and_goes_where_it_is_fit_for_G8() -> None:
    story = confirmed()
    for serial in ("L-1", "L-2"):
        story.do("agent", "lend_loaner", serial=serial, sku="LOAN-KETTLE", consent=True)
    with pytest.raises(RuleRefused, match="already"):
        story.do("agent", "lend_loaner", serial="L-1", consent=True)
    with pytest.raises(DataRefused, match="L-9 is not out"):
        story.do("warehouse", "return_loaner", serial="L-9")
    story.do("warehouse", "return_loaner", serial="L-2", disposition="refurbish")
    assert list(story.case.loaners) == ["L-1"]
    story.do("warehouse", "return_loaner")
    moves = [(m.source, m.target) for m in story.effects.stock for sku, _ in m.items if sku == "LOAN-KETTLE"]
    assert moves == [("sellable", "lent")] * 2 + [("lent", "refurbish"), ("lent", "sellable")]
    assert not story.case.loaners
