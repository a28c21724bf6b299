"""Calendars in the life of a case: a pause over a weekend, and an opening that a clock change takes away."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.world import World, a_quiet_monday

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")


def triage(case: dict[str, Any]) -> dict[str, Any]:
    return next(clock for clock in case["clocks"] if clock["clock"] == "triage")


def about(instant: str, wanted: datetime) -> bool:
    """Whether an instant is the wanted one, but for the moments that the test itself takes."""
    return timedelta(0) <= datetime.fromisoformat(instant) - wanted < timedelta(minutes=1)


async def answered_case(shop: World) -> str:
    """A new case whose first answer is given, so that only its triage runs."""
    case_no = await shop.opened()
    await shop.act(case_no, "message", text="We are looking at it.")
    return case_no


async def test_a_pause_over_a_weekend_costs_its_open_time(shop: World) -> None:
    """T1: Friday 17:50 to Monday 10:10 costs 10 + 70 minutes."""
    friday = a_quiet_monday(await shop.look_at_the_clock()) + timedelta(days=4)
    await shop.until(friday.replace(hour=15))
    case_no = await answered_case(shop)
    # 8 h 30 min from Friday 15:00: three hours on Friday, three on Monday morning, two and a half from 12:30.
    assert about((await shop.desk.case(case_no))["due_at"], (friday + timedelta(days=3)).replace(hour=15))
    await shop.until(friday.replace(hour=17, minute=50))
    asked = await shop.act(case_no, "request_evidence", what=["a photo of the label"])
    assert (triage(asked)["state"], triage(asked)["used"] // 60) == ("paused", 170)
    await shop.until((friday + timedelta(days=3)).replace(hour=10, minute=10))
    back = await shop.act(case_no, "submit_evidence", "customer", text="Here it is.")
    due = (friday + timedelta(days=3)).replace(hour=16, minute=20)
    assert about(triage(back)["due_at"], due)
    assert triage(back)["used"] // 60 == 170
    await shop.until(due - timedelta(minutes=1))
    assert "breached" not in shop.actions(case_no)
    await shop.until(due + timedelta(minutes=2))
    await shop.until_seen(case_no, "breached")


async def test_an_opening_that_the_clock_change_removes_moves_forward_with_the_clock(shop: World) -> None:
    """Section 9: a team in New York that works from 02:30 to 06:00; one Sunday in March there is no 02:30."""
    every_night = {day: [["02:30", "06:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    nights: dict[str, Any] = {"timezone": NEW_YORK.key, "weekly": every_night, "holidays": [], "special_hours": {}}
    shop.held.change_calendar("shop_cn", **nights)
    march = datetime((await shop.look_at_the_clock()).year + 1, 3, 8, 12, tzinfo=NEW_YORK)
    sunday = march + timedelta(days=(6 - march.weekday()) % 7)  # the second of March
    assert sunday.utcoffset() != (sunday - timedelta(days=1)).utcoffset()
    await shop.until(sunday - timedelta(days=1))
    case_no = await answered_case(shop)
    # 8 h 30 min: 03:30 to 06:00 on Sunday, 3 h 30 min on Monday, and 2 h 30 min on Tuesday.
    due = (sunday + timedelta(days=2)).replace(hour=5)
    assert datetime.fromisoformat((await shop.desk.case(case_no))["due_at"]) == due
    await shop.until(due - timedelta(minutes=1))
    assert "breached" not in shop.actions(case_no)
    await shop.until(due + timedelta(minutes=1))
    await shop.until_seen(case_no, "breached")
