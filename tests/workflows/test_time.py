"""What the passing of time does to a case: reminders, ends, escalations and pauses, over days and months."""

from datetime import UTC, datetime, timedelta

from tests.world import World, a_quiet_monday

SHANGHAI = timedelta(hours=8)


def next_weekday(after: datetime, weekday: int, hour: int) -> datetime:
    """A weekday at that hour in Shanghai, as UTC (0 = Monday), in weeks without a holiday."""
    local = (a_quiet_monday(after).astimezone(UTC) + SHANGHAI).replace(hour=hour, minute=0, second=0, microsecond=0)
    days = (weekday - local.weekday()) % 7 or 7
    return (local + timedelta(days=days)).replace(tzinfo=UTC) - SHANGHAI


async def test_a_customer_who_never_ships_is_reminded_and_then_the_case_closes_by_itself(shop: World) -> None:
    """Section 2, step 2: 7 days to ship, a reminder 2 days before the end."""
    case_no = await shop.opened("change_of_mind")
    await shop.act(case_no, "authorise_return")
    await shop.pass_time(days=5, minutes=1)
    assert shop.actions(case_no)[-1] == "reminded"
    await shop.pass_time(days=2)
    assert (await shop.ended(case_no))["state"] == "closed"
    assert shop.actions(case_no)[-2:] == ["breached", "close"]
    assert shop.stored(case_no).closed_by == "system"


async def test_the_customer_opens_a_case_again_once_after_it_closed_by_itself(shop: World) -> None:
    case_no = await shop.opened("change_of_mind")
    await shop.act(case_no, "authorise_return")
    await shop.pass_time(days=8)
    again = await shop.act(case_no, "reopen", "customer", reason="I was in hospital.")
    assert again["state"] == "requested"


async def test_nobody_decides_on_a_request_and_it_goes_up_level_by_level_in_working_time(shop: World) -> None:
    """T8: 75 % warns, 100, 150 and 200 % are levels 1 to 3, then it comes back daily; the weekend does not count."""
    await shop.until(next_weekday(await shop.look_at_the_clock(), 4, 15))  # Friday, 15:00
    case_no = await shop.opened()
    await shop.act(case_no, "message", text="We are looking at it.")  # the first answer is given in time
    await shop.pass_time(days=2)
    assert shop.actions(case_no) == ["opened", "message"]  # 3 of 8.5 working hours are over on Sunday
    await shop.pass_time(days=4)
    climbed = [entry for entry in shop.timeline(case_no) if entry.action in ("warned", "breached", "escalated")]
    assert [entry.action for entry in climbed][:5] == ["warned", "breached", "escalated", "escalated", "escalated"]
    assert [e.data["level"] for e in climbed if e.action == "escalated"][:3] == [1, 2, 3]
    assert not any(entry.data["noticed_late"] for entry in climbed)
    assert shop.stored(case_no).escalation == 3
    before = len(climbed)
    await shop.pass_time(days=3)
    assert shop.actions(case_no).count("escalated") >= before - 2 + 3  # it comes back every day


async def test_a_clock_stands_still_while_the_customer_is_awaited_and_goes_on_where_it_stood(shop: World) -> None:
    """T1."""
    await shop.until(next_weekday(await shop.look_at_the_clock(), 1, 10))  # Tuesday, 10:00
    case_no = await shop.opened()
    await shop.pass_time(hours=1)
    asked = await shop.act(case_no, "request_evidence", what=["a photo of the label"])
    triage = next(clock for clock in asked["clocks"] if clock["clock"] == "triage")
    assert (triage["state"], triage["used"], triage["due_at"]) == ("paused", 3600, None)
    await shop.pass_time(days=3)
    back = await shop.act(case_no, "submit_evidence", "customer", text="Here it is.")
    triage = next(clock for clock in back["clocks"] if clock["clock"] == "triage")
    assert (triage["state"], triage["used"]) == ("running", 3600)


async def test_an_offer_that_nobody_answers_is_declined_and_the_return_begins(shop: World) -> None:
    """K3: 48 hours."""
    case_no = await shop.opened()
    await shop.act(case_no, "make_offer", amount="5.00")
    await shop.pass_time(hours=48, minutes=1)
    assert shop.stored(case_no).state == "awaiting_return"
    assert shop.actions(case_no)[-1] == "decline_offer"


async def test_a_callback_that_is_never_made_is_tried_again_and_then_closed(shop: World) -> None:
    """T5: three tries on three days, then closed as unreachable."""
    case_no = await shop.opened()
    await shop.act(case_no, "answer", text="Press it for 3 s.", final=True)
    await shop.pass_time(days=10)
    assert shop.actions(case_no).count("miss_callback") == 3
    assert shop.stored(case_no).state == "closed"


async def test_a_parcel_that_does_not_come_opens_a_search(shop: World) -> None:
    case_no = await shop.opened()
    await shop.act(case_no, "authorise_return")
    await shop.act(case_no, "ship_return", "customer", carrier="SF", waybill="SF1")
    await shop.pass_time(days=6)
    assert "search_opened" in shop.actions(case_no)
    assert shop.stored(case_no).state == "return_in_transit"
