"""Open cases that Temporal has lost go on from SQL; those that run are left alone."""

import asyncio

from api.restore import start_missing_cases
from models.effects import workflow_id
from tests.world import World


async def listed(shop: World, case_no: str, wanted: bool) -> None:
    """Wait until Temporal's list shows a case as running, or no longer."""
    found = f"WorkflowId = '{workflow_id(case_no)}' AND ExecutionStatus = 'Running'"
    for _ in range(200):
        if bool([run async for run in shop.client.list_workflows(found)]) is wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"Temporal's list never came to show {case_no} as {'running' if wanted else 'ended'}")


async def test_only_what_does_not_run_is_started_again(shop: World) -> None:
    running, lost = await shop.opened(), await shop.opened()
    await shop.handle(lost).terminate("lost")
    await listed(shop, running, True)
    await listed(shop, lost, False)
    before = (await shop.handle(running).describe()).run_id
    assert await start_missing_cases(shop.client, shop.engine) == 1
    assert (await shop.handle(running).describe()).run_id == before
    assert (await shop.handle(lost).query("snapshot"))["state"] == "requested"
