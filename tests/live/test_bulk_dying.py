"""A bulk action whose worker is killed in the middle goes on, and asks no case twice (T12)."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from api.documents.bulk import BulkAsk
from api.oversight.bulk import Bulks
from embedded import TemporalServer
from models.lifecycle import Role
from models.oversight.bulk import bulk_workflow_id
from playbooks.loading.in_force import Fixed
from store.engine import make_engine, upgrade
from tests.shipped import shipped
from tests.world import ACTORS, World, start_numbers_at
from worker import case_worker

ROOT = Path(__file__).parents[2]
DIED = 9
CASES = 60


async def doomed(address: str, database: str, point: int) -> Process:
    """A worker in a process of its own, which waits for work when this answers."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.live.bulk_worker", address, database, str(point)), stdout=PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
    return process


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_bulk_goes_on_after_its_worker_was_killed_and_does_nothing_twice(
    server: TemporalServer, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'aftercare.db'}"
    engine = make_engine(database)
    upgrade(engine)
    start_numbers_at(engine, 760_000)
    world = World(server.client, engine, shipped())
    async with case_worker(server.client, engine, Fixed(shipped())):
        numbers = [await world.opened(kind="complaint", about_an_order=False) for _ in range(CASES)]
        closed = numbers[7]
        await world.act(closed, "close", "manager", reason="solved on the phone")
    ask = BulkAsk.model_validate({"action": "escalate", "case_nos": numbers, "reason": "strike"})
    killed = 0
    bulk = None
    for point in (5, 77):  # of the commits of cases and of answers, in the first batch and in the second
        worker = await doomed(server.address, database, point)
        if bulk is None:
            bulk = await Bulks(world.desk).start(ask, ACTORS[Role.MANAGER])
        killed += await asyncio.wait_for(worker.wait(), 60) == DIED
    assert bulk is not None
    assert killed == 2
    half = await Bulks(world.desk).shown(bulk["id"], (), None, 1)
    assert 0 < half["counts"]["waiting"] < CASES
    async with case_worker(server.client, engine, Fixed(shipped())):
        await asyncio.wait_for(server.client.get_workflow_handle(bulk_workflow_id(bulk["id"])).result(), 60)
        ended = await Bulks(world.desk).shown(bulk["id"], (), None, 200)
    assert ended["counts"] == {"waiting": 0, "done": CASES - 1, "refused": 1, "failed": 0}
    times = [world.actions(number).count("escalate") for number in numbers]
    assert times == [0 if number == closed else 1 for number in numbers]
    await world.leave_nothing_running()
    engine.dispose()
