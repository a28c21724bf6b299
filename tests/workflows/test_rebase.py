"""A changed calendar or playbook touches open cases through a rebase only: previewed, confirmed, logged (T10)."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.rebase import Rebasing
from api.documents.requests import RebaseAsk, RebaseConfirmation
from api.procedure import rebasing
from models.errors import Invalid, NotFound, PreviewStale
from models.lifecycle import Role
from models.time.rebase import BatchInput, Progress, RebaseInput, Scope
from store.time import rebase
from tests.world import ACTORS, World

ALL = RebaseAsk()
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHANGHAI = ZoneInfo("Asia/Shanghai")
CHEN = ACTORS[Role.MANAGER]


def clock_of(world: World, case_no: str, name: str) -> Any:
    return next(clock for clock in world.stored(case_no).clocks if clock.clock == name)


def add_holiday(world: World, day: datetime) -> None:
    """Make a day free, whatever it was."""
    on = (day + timedelta(hours=8)).date().isoformat()
    world.held.change_calendar("shop_cn", special_hours={on: []})


async def confirmed(world: World, shown: dict[str, Any], **scope: Any) -> dict[str, Any]:
    """Confirm a preview, and wait until every case has done it."""
    ask = RebaseConfirmation(preview_id=shown["preview_id"], reason="the notice is out", **scope)
    told = await rebasing.confirm(world.desk, ask, CHEN)
    async with asyncio.timeout(30):
        while told["state"] == "running":
            await asyncio.sleep(0.05)
            told = await rebasing.progress(world.desk, told["id"])
    return told


async def test_a_holiday_added_tomorrow_moves_open_cases_only_when_it_is_confirmed(shop: World) -> None:
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    await shop.act(case_no, "message", text="We are looking at it.")  # the first answer is given: its cycle is over
    monday, due, over = shop.now, clock_of(shop, case_no, "triage").due_at, clock_of(shop, case_no, "first_answer")
    opened = shop.stored(case_no).opened_at
    assert due == opened.replace(microsecond=0) + timedelta(days=1)  # one working day

    add_holiday(shop, monday + timedelta(days=1))
    await shop.act(case_no, "note", note="He calls again.")
    assert clock_of(shop, case_no, "triage").due_at == due  # a commit meanwhile counts nothing anew

    shown = await rebasing.preview(shop.desk, ALL)
    assert shown["sentence"] == "1 open cases: 1 later, 0 overdue at once"
    assert shown["by_calendar"]["shop_cn"]["later"] == shown["by_clock"]["triage"]["later"] == 1
    told = await confirmed(shop, shown)
    assert {name: told[name] for name in ("state", "total", "rebased", "refused", "silent")} == {
        "state": "done", "total": 1, "rebased": 1, "refused": 0, "silent": 0,
    }  # fmt: skip

    triage = clock_of(shop, case_no, "triage")
    assert triage.due_at == due + timedelta(days=1)
    assert triage.log[-1].what == "rebased"
    assert clock_of(shop, case_no, "first_answer") == over  # cycles that are over never change
    entry = next(entry for entry in shop.timeline(case_no) if entry.action == "rebase_calendar")
    assert (entry.actor.id, entry.data["reason"]) == ("chen", "the notice is out")
    assert (await rebasing.preview(shop.desk, ALL))["open"] == 0

    await shop.until(due + timedelta(minutes=1))
    assert "breached" not in shop.actions(case_no)
    await shop.until(triage.due_at + timedelta(minutes=1))
    assert "breached" in shop.actions(case_no)


async def test_the_hours_of_the_chain_are_rebased_too_and_move_its_calls_alone_T8_T10(shop: World) -> None:
    """People might be called from 9 to 21; from now on in the evening only."""
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    await shop.act(case_no, "message", text="We are looking at it.")
    before = clock_of(shop, case_no, "triage")
    shop.held.change_calendar("escalation_cn", weekly={day: [["20:00", "21:00"]] for day in DAYS})
    shown = await rebasing.preview(shop.desk, ALL)
    assert shown["by_calendar"].keys() == {"escalation_cn"}
    assert shown["by_clock"]["triage (next call)"]["open"] == 1
    foreseen = shown["by_clock"]["triage (next call)"]
    told = await confirmed(shop, shown)
    assert (told["total"], told["rebased"], told["refused"]) == (1, 1, 0)
    after = clock_of(shop, case_no, "triage")
    assert after.due_at == before.due_at
    assert calls(after) != calls(before)
    rings = {f"{at.astimezone(SHANGHAI):%H:%M}" for name, at in calls(after).items() if name != "warning"}
    assert all("20:00" <= at <= "21:00" for at in rings)
    soonest, was = min(calls(after).values()), min(calls(before).values())
    assert foreseen["later" if soonest > was else "earlier" if soonest < was else "same"] == 1
    assert (await rebasing.preview(shop.desk, ALL))["open"] == 0


def calls(clock: Any) -> dict[str, datetime]:
    """When the chain of a clock speaks."""
    return {alarm.name: alarm.at for alarm in clock.alarms if alarm.level is not None}


async def test_what_a_change_makes_late_is_late_at_once_and_by_the_change(shop: World) -> None:
    await shop.until_a_quiet_monday()
    monday = shop.now
    add_holiday(shop, monday + timedelta(days=1))
    case_no = await shop.opened()
    await shop.act(case_no, "message", text="We are looking at it.")
    await shop.until(monday + timedelta(days=1, hours=6))  # Tuesday, which is free
    shop.held.change_calendar("shop_cn", special_hours={})  # it turns out to be worked
    shown = await rebasing.preview(shop.desk, ALL)
    assert (shown["earlier"], shown["overdue_at_once"]) == (1, 1)
    assert shown["overdue"][0]["case_no"] == case_no
    await confirmed(shop, shown)
    await shop.until_seen(case_no, "breached")
    log = clock_of(shop, case_no, "triage").log
    change, breach = (next(entry for entry in log if entry.what == what) for what in ("rebased", "breached"))
    assert change.cause == "change"
    assert timedelta(0) <= breach.at - change.at < timedelta(minutes=1)


async def test_a_confirmation_is_refused_when_anything_changed_meanwhile(shop: World) -> None:
    await shop.until_a_quiet_monday()
    numbers = [await shop.opened() for _ in range(2)]
    add_holiday(shop, shop.now + timedelta(days=1))
    shown = await rebasing.preview(shop.desk, ALL)
    await shop.act(numbers[0], "withdraw", "customer", reason="It works now.")
    with pytest.raises(PreviewStale) as stale:
        await confirmed(shop, shown)
    assert stale.value.extra["preview"]["open"] == 1
    assert "rebase_calendar" not in shop.actions(numbers[1])
    assert (await confirmed(shop, stale.value.extra["preview"]))["rebased"] == 1


async def test_a_calendar_that_goes_back_and_forth_is_rebased_each_time(shop: World) -> None:
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    tomorrow, due = shop.now + timedelta(days=1), clock_of(shop, case_no, "triage").due_at
    moments = []
    for free in (True, False, True):
        if free:
            add_holiday(shop, tomorrow)
        else:
            shop.held.change_calendar("shop_cn", special_hours={})
        await shop.pass_time(seconds=2)
        assert (await confirmed(shop, await rebasing.preview(shop.desk, ALL)))["rebased"] == 1
        moments.append(clock_of(shop, case_no, "triage").due_at - due)
    assert moments == [timedelta(days=1), timedelta(0), timedelta(days=1)]


async def test_only_the_calendars_that_are_named_are_touched(shop: World) -> None:
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    add_holiday(shop, shop.now + timedelta(days=1))
    assert (await rebasing.preview(shop.desk, RebaseAsk(calendars=("uk",))))["open"] == 0
    named = RebaseAsk(calendars=("shop_cn",))
    shown = await rebasing.preview(shop.desk, named)
    assert (await confirmed(shop, shown, calendars=("shop_cn",)))["rebased"] == 1
    assert "rebase_calendar" in shop.actions(case_no)


async def test_open_cases_go_under_a_changed_playbook_and_keep_the_time_they_used(shop: World) -> None:
    await shop.until_a_quiet_monday()
    case_no, other = await shop.opened(), await shop.opened("change_of_mind")
    await shop.act(case_no, "message", text="We are looking at it.")
    due = clock_of(shop, case_no, "triage").due_at
    book = shop.playbooks.kinds["quality_fault"]
    rules = dict(book.procedure.clocks)
    state = shop.stored(case_no).state
    rules[state] = rules[state].model_copy(update={"target": 2 * rules[state].target})
    newer = book.procedure.model_copy(update={"clocks": rules, "version": "next"})
    changed = book.model_copy(update={"version": "next", "procedure": newer})
    shop.held.change(kinds={**shop.playbooks.kinds, "quality_fault": changed})

    ask = {"playbook": "quality_fault"}
    shown = await rebasing.preview(shop.desk, RebaseAsk(**ask))
    assert (shown["open"], shown["later"], shown["versions"]) == (1, 1, {"quality_fault": "next"})
    assert (await confirmed(shop, shown, **ask))["rebased"] == 1
    assert clock_of(shop, case_no, "triage").due_at == due + timedelta(days=1)  # two working days, one more
    assert shop.stored(case_no).procedure.version == "next"
    assert shop.actions(case_no)[-1] == "rebase_playbook"
    assert "rebase_playbook" not in shop.actions(other)
    assert (await rebasing.preview(shop.desk, RebaseAsk(**ask)))["open"] == 0


async def test_a_case_that_lost_its_run_is_started_and_rebased(shop: World) -> None:
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    await shop.handle(case_no).terminate("the disk of Temporal was lost")
    add_holiday(shop, shop.now + timedelta(days=1))
    assert (await confirmed(shop, await rebasing.preview(shop.desk, ALL)))["rebased"] == 1


async def test_a_batch_that_is_repeated_after_a_workers_death_does_nothing_twice(shop: World) -> None:
    await shop.until_a_quiet_monday()
    numbers = [await shop.opened() for _ in range(3)]
    add_holiday(shop, shop.now + timedelta(days=1))
    inside = shop.held.current()
    asked = RebaseInput(
        rebase_id="r1",
        scope=Scope(),
        by="chen",
        role="manager",
        reason="the notice is out",
        shown="3 open cases",
        versions=rebase.versions(inside.calendars),
        started_at=shop.now,
        progress=Progress(total=3),
    )
    tell = Rebasing(shop.engine, shop.client, shop.held.current).rebase_batch
    first, again = ActivityEnvironment(), ActivityEnvironment()
    heard: list[Any] = []
    first.on_heartbeat = lambda *details: heard.append(details)
    one = await first.run(tell, BatchInput(rebase=asked, after=""))
    assert (one.told, one.rebased, one.after) == (3, 3, numbers[-1])
    again.info = replace(again.info, heartbeat_details=heard[-1])  # what the worker had said before it died
    assert await again.run(tell, BatchInput(rebase=asked, after="")) == one
    assert all(shop.actions(number).count("rebase_calendar") == 1 for number in numbers)


async def test_a_change_of_files_in_between_ends_the_rebase(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.rebase.FILES_COME", timedelta(0))
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    add_holiday(shop, shop.now + timedelta(days=1))
    shown = await rebasing.preview(shop.desk, ALL)
    real = rebasing._started

    async def and_then_the_file_changes(desk: Any, asked: Any) -> None:
        add_holiday(shop, shop.now + timedelta(days=2))
        await real(desk, asked)

    monkeypatch.setattr(rebasing, "_started", and_then_the_file_changes)
    assert (await confirmed(shop, shown))["state"] == "superseded"
    assert "rebase_calendar" not in shop.actions(case_no)


async def test_what_cannot_be_rebased_is_refused_in_words(shop: World) -> None:
    for ask in (RebaseAsk(calendars=("moon",)), RebaseAsk(playbook="moon"), RebaseAsk(calendars=("uk",), playbook="x")):
        with pytest.raises(Invalid):
            await rebasing.preview(shop.desk, ask)
    with pytest.raises(NotFound):
        await rebasing.progress(shop.desk, "nothing")
    with pytest.raises(NotFound):
        await rebasing.stop(shop.desk, "nothing")


@pytest.fixture
def in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.rebase.BATCH", 2)


async def test_a_stopped_rebase_leaves_the_rest_as_it_was_and_can_be_taken_up_again(
    skipping: WorkflowEnvironment, shop: World, in_small_batches: None
) -> None:
    await shop.until_a_quiet_monday()
    numbers = [await shop.opened() for _ in range(5)]
    add_holiday(shop, shop.now + timedelta(days=1))
    shown = await rebasing.preview(shop.desk, ALL)
    ask = RebaseConfirmation(preview_id=shown["preview_id"], reason="the notice is out")
    await rebasing.confirm(shop.desk, ask, CHEN)
    told = await rebasing.stop(shop.desk, shown["preview_id"])
    assert told["state"] in ("stopped", "done")
    await asyncio.wait_for(skipping.client.get_workflow_handle(f"rebase/{shown['preview_id']}").result(), 30)
    done = sum("rebase_calendar" in shop.actions(number) for number in numbers)
    again = await rebasing.preview(shop.desk, ALL)
    assert again["open"] == 5 - done
    if again["open"]:
        await confirmed(shop, again)
    assert all(shop.actions(number).count("rebase_calendar") == 1 for number in numbers)
