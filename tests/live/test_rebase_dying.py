"""A rebase whose worker is killed in the middle goes on, and every case counts its clocks anew exactly once (T10)."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.documents.requests import RebaseAsk, RebaseConfirmation
from api.procedure import rebasing
from embedded import TemporalServer
from models.lifecycle import Role
from models.time.rebase import rebase_workflow_id
from playbooks.loading.in_force import Fixed
from store.engine import make_engine, upgrade
from tests.live.rebase_worker import DIED, made_free
from tests.shipped import shipped
from tests.world import ACTORS, Held, World, start_numbers_at
from worker import case_worker

ROOT = Path(__file__).parents[2]
CASES = 130  # a batch and a part of the next
CLOSED = 7


async def working(address: str, database: str, holiday: str, point: int) -> Process:
    """A worker in a process of its own, which waits for work when this answers."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.live.rebase_worker", address, database, holiday, str(point)),
        stdout=PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    return process


def in_three_days() -> str:
    """A day that becomes free; whatever it was before, the calendar is another one."""
    return (datetime.now(UTC) + timedelta(days=3)).date().isoformat()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_rebase_goes_on_after_its_worker_was_killed_and_counts_every_case_once(
    server: TemporalServer, tmp_path: Path
) -> None:
    database, holiday = f"sqlite:///{tmp_path / 'aftercare.db'}", in_three_days()
    engine = make_engine(database)
    upgrade(engine)
    start_numbers_at(engine, 780_000)
    held = Held(shipped())
    world = World(server.client, engine, shipped(), held=held)
    async with case_worker(server.client, engine, Fixed(shipped())):
        numbers = [await world.opened(kind="complaint", about_an_order=False) for _ in range(CASES)]
        await world.act(numbers[CLOSED], "close", "manager", reason="solved on the phone")
    made_free(held, holiday)
    shown = await rebasing.preview(world.desk, RebaseAsk())
    assert shown["open"] == CASES - 1
    confirmed: dict[str, str] | None = None
    for point in (31, 60):  # of the commits of cases: in the first batch, and again in it
        worker = await working(server.address, database, holiday, point)
        if confirmed is None:
            ask = RebaseConfirmation(preview_id=shown["preview_id"], reason="the notice is out")
            confirmed = await rebasing.confirm(world.desk, ask, ACTORS[Role.MANAGER])
        assert await asyncio.wait_for(worker.wait(), 90) == DIED
    last = await working(server.address, database, holiday, 0)
    told = [world.actions(number).count("rebase_calendar") for number in numbers]
    assert 0 < sum(told) < CASES - 1, "it is in the middle"
    os.kill(last.pid, signal.SIGKILL)
    await last.wait()
    assert confirmed is not None
    async with case_worker(server.client, engine, held):
        await asyncio.wait_for(server.client.get_workflow_handle(rebase_workflow_id(confirmed["id"])).result(), 180)
        ended = await rebasing.progress(world.desk, confirmed["id"])
        assert (await rebasing.preview(world.desk, RebaseAsk()))["open"] == 0
    counts = {name: ended[name] for name in ("state", "total", "rebased", "refused", "gone", "silent")}
    assert counts == {"state": "done", "total": CASES - 1, "rebased": CASES - 1, "refused": 0, "gone": 0, "silent": 0}
    times = [world.actions(number).count("rebase_calendar") for number in numbers]
    assert times == [0 if place == CLOSED else 1 for place in range(CASES)]
    await world.leave_nothing_running()
    engine.dispose()
