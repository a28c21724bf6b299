"""Record the histories that `test_replay.py` replays: `python -m tests.workflows.record`.

Run it when a release goes out, into a folder of that release's name, and keep the folders of every release whose
cases may still be open. A history holds nothing personal: the desk keeps that out of Temporal.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from api.connection import register_search_attributes
from models.effects import CaseInput
from tests.roads import ROADS
from tests.servers import test_server_binary
from tests.world import World, a_world
from workflows.starting import start_case

FOLDER = Path(__file__).parent / "histories"


async def never_shipped(shop: World) -> str:
    """A reminder, the end of the return window, an end by itself."""
    case_no = await shop.opened("change_of_mind")
    await shop.act(case_no, "authorise_return")
    await shop.pass_time(days=8)
    return case_no


async def climbed(shop: World) -> str:
    """Nobody acts: warnings and levels, then the customer withdraws."""
    case_no = await shop.opened()
    await shop.pass_time(days=9)
    await shop.act(case_no, "withdraw", "customer", reason="I fixed it myself.")
    return case_no


async def paused_and_resumed(shop: World) -> str:
    """Evidence is asked for and comes days later; the first timer rings for a deadline that has moved."""
    case_no = await shop.opened()
    await shop.act(case_no, "request_evidence", what=["a photo"])
    await shop.pass_time(days=3)
    await shop.act(case_no, "submit_evidence", "customer", text="here")
    await shop.act(case_no, "reject", reason="not ours")
    return case_no


async def continued(shop: World) -> str:
    """Signals and updates over several runs; the last one is recorded."""
    case_no = await shop.opened()
    case = shop.stored(case_no)
    await shop.handle(case_no).terminate("to be started with a small history")
    await start_case(shop.client, CaseInput(case=case, history_limit=20))
    for i in range(6):
        await shop.act(case_no, "note", note=f"note {i}")
    await shop.handle(case_no).signal("command", {"action": "explode"})
    await shop.act(case_no, "reject", reason="not ours")
    return case_no


async def split(shop: World) -> str:
    """A part of the lines goes to a linked case."""
    case_no = await shop.opened(lines=[{"line_no": 1, "quantity": 2}])
    await shop.act(case_no, "split", lines=[{"line_no": 1, "quantity": 1}])
    await shop.act(case_no, "reject", reason="not ours")
    return case_no


def _road(name: str) -> Callable[[World], Awaitable[str]]:
    async def travel(shop: World) -> str:
        case_no = await shop.opened(ROADS[name].kind)
        await shop.travel(ROADS[name], case_no)
        return case_no

    return travel


SCENARIOS: dict[str, Callable[[World], Awaitable[str]]] = {
    **{name: _road(name) for name in ROADS},
    "never_shipped": never_shipped,
    "climbed": climbed,
    "paused_and_resumed": paused_and_resumed,
    "continued": continued,
    "split": split,
}


async def record(release: str) -> None:
    """Drive every scenario once and write its history."""
    (FOLDER / release).mkdir(parents=True, exist_ok=True)
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=test_server_binary(), data_converter=pydantic_data_converter
    )
    async with env:
        await register_search_attributes(env.client)
        with tempfile.TemporaryDirectory() as folder:
            async with a_world(env.client, Path(folder), env) as (shop, _):
                for name, scenario in SCENARIOS.items():
                    case_no = await scenario(shop)
                    await shop.ended(case_no)
                    history = await shop.handle(case_no).fetch_history()
                    (FOLDER / release / f"{name}.json").write_text(history.to_json() + "\n")
                    sys.stdout.write(f"{release}/{name}: {len(history.events)} events\n")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1] if len(sys.argv) > 1 else "unreleased"))
