"""The sweeps as schedules of a real server: put there once, changed where they differ, paused, run and taken away."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio
from temporalio.client import Client, ScheduleOverlapPolicy, ScheduleUpdate, ScheduleUpdateInput

from embedded import TemporalServer
from models.errors import NotFound
from models.oversight.sweeps import SWEEPS
from store.engine import reading
from store.oversight import sweeps
from tests.world import World
from workflows import schedules
from workflows.schedules import Scheduled

STUCK = "aftercare-stuck-sweep"


@pytest_asyncio.fixture
async def client(server: TemporalServer) -> AsyncIterator[Client]:
    """A server without schedules before and after."""
    await _gone(server.client)
    yield server.client
    await _gone(server.client)


async def _gone(client: Client) -> None:
    for one in await schedules.listed(client):
        if one.known:
            await schedules.delete(client, one.name)


async def only(client: Client, name: str = STUCK) -> Scheduled:
    return next(one for one in await schedules.listed(client) if one.name == name)


async def test_applied_twice_they_are_there_once_and_the_second_time_changes_nothing(client: Client) -> None:
    assert [one.known for one in await schedules.listed(client)] == [False] * len(SWEEPS)
    first = await schedules.apply(client, "Asia/Shanghai")
    assert [(one.name, one.result) for one in first] == [(name, "created") for name in SWEEPS]
    second = await schedules.apply(client, "Asia/Shanghai")
    assert {(one.result, one.changed) for one in second} == {("unchanged", ())}
    assert all(one.known and not one.paused and one.next_at for one in await schedules.listed(client))
    policy = (await client.get_schedule_handle(STUCK).describe()).schedule.policy
    assert (policy.overlap, policy.catchup_window) == (ScheduleOverlapPolicy.SKIP, timedelta(minutes=10))


async def test_what_differs_is_changed_and_named_and_the_rest_stays(client: Client) -> None:
    await schedules.apply(client, "Asia/Shanghai")

    def slower(now: ScheduleUpdateInput) -> ScheduleUpdate:
        policy = replace(now.description.schedule.policy, overlap=ScheduleOverlapPolicy.ALLOW_ALL)
        return ScheduleUpdate(schedule=replace(now.description.schedule, policy=policy))

    await client.get_schedule_handle(STUCK).update(slower)
    changed = [one for one in await schedules.apply(client, "Asia/Shanghai") if one.result != "unchanged"]
    assert [(one.name, one.changed) for one in changed] == [(STUCK, ("overlap",))]
    moved = await schedules.apply(client, "Europe/London")
    assert {(one.result, one.changed) for one in moved} == {("changed", ("time zone",))}
    assert {one.result for one in await schedules.apply(client, "Europe/London")} == {"unchanged"}


async def test_a_paused_schedule_stays_paused_through_an_apply_also_one_that_changes_it(client: Client) -> None:
    await schedules.apply(client, "Asia/Shanghai")
    await schedules.pause(client, "stuck-sweep", "the database moves")
    applied = next(one for one in await schedules.apply(client, "Europe/London") if one.name == STUCK)
    assert (applied.result, applied.paused) == ("changed", True)
    found = await only(client)
    assert (found.paused, found.note, found.next_at) == (True, "the database moves", None)
    await schedules.resume(client, STUCK, "it has moved")
    assert not (await only(client)).paused


async def test_the_digest_comes_at_nine_in_the_shop_and_not_on_a_weekend(client: Client) -> None:
    from zoneinfo import ZoneInfo

    await schedules.apply(client, "Asia/Shanghai")
    info = (await client.get_schedule_handle("aftercare-manager-digest").describe()).info
    local = [at.astimezone(ZoneInfo("Asia/Shanghai")) for at in info.next_action_times]
    assert len(local) >= 5
    assert {at.weekday() for at in local} <= {0, 1, 2, 3, 4}
    assert {at.replace(second=0, microsecond=0).strftime("%H:%M") for at in local} <= {"09:00", "09:01"}  # jitter


async def test_a_schedule_that_is_run_by_hand_leaves_a_row(client: Client, shop: World) -> None:
    await schedules.apply(client, "Asia/Shanghai")
    await schedules.run(client, STUCK)
    async with asyncio.timeout(30):
        while True:
            with reading(shop.engine) as session:
                last = sweeps.last_runs(session).get(STUCK)
            if last is not None and last.ended_at is not None:
                break
            await asyncio.sleep(0.05)
    assert (last.failed, last.words) == (0, "nothing is stuck")
    assert timedelta(0) <= last.ended_at - last.started_at < timedelta(seconds=30)


async def test_a_name_that_is_none_and_a_schedule_that_is_not_there_are_said_so(client: Client) -> None:
    with pytest.raises(NotFound, match="no schedule 'nightly'"):
        await schedules.pause(client, "nightly", "why not")
    with pytest.raises(NotFound, match="schedules apply"):
        await schedules.pause(client, STUCK, "why not")
