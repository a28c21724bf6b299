"""A storm of messages on Temporal's own server, over many runs of one case."""

import asyncio

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from models.effects import CaseInput
from tests.world import World
from workflows.starting import start_case


async def test_a_storm_of_messages_over_many_runs_loses_nothing(shop: World) -> None:
    """Continue-as-new with a tiny limit: every command has its one effect, in one timeline without gaps."""
    case_no = await shop.opened()
    case = shop.stored(case_no)
    await shop.handle(case_no).terminate("to be started with a small history")
    await start_case(shop.client, CaseInput(case=case, history_limit=30))
    first_run = (await shop.handle(case_no).describe()).run_id

    async def note(i: int) -> None:
        if i % 3:
            agent = {"id": "li", "role": "agent"}
            command = {"action": "note", "actor": agent, "command_id": f"note-{i}", "data": {"note": f"note {i}"}}
            await shop.handle(case_no).signal("command", command)
        else:
            await shop.act(case_no, "note", note=f"note {i}", command_id=f"note-{i}")

    for start in range(0, 120, 8):
        await asyncio.gather(*(note(i) for i in range(start, start + 8)))
    again = await shop.act(case_no, "note", note="once more", command_id="note-3")
    assert again["repeated"] is True  # ids are remembered over the runs
    notes = [entry.note for entry in shop.timeline(case_no) if entry.action == "note"]
    assert sorted(map(str, notes)) == sorted(f"note {i}" for i in range(120))
    assert [entry.seq for entry in shop.timeline(case_no)] == list(range(1, 122))
    assert (await shop.handle(case_no).describe()).run_id != first_run


async def test_a_case_that_was_reset_does_nothing_twice(shop: World) -> None:
    """An operator sets a run back to its beginning; what was decided since is written, and its messages come again."""
    case_no = await shop.opened()
    agent = {"id": "li", "role": "agent"}
    await shop.handle(case_no).signal("command", {"action": "note", "actor": agent, "data": {"note": "by a machine"}})
    await shop.act(case_no, "message", text="by a person")
    description = await shop.handle(case_no).describe()
    request = ResetWorkflowExecutionRequest(
        namespace=shop.client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=description.id, run_id=description.run_id),
        workflow_task_finish_event_id=4,
        request_id=case_no,
    )
    await shop.client.workflow_service.reset_workflow_execution(request)
    assert (await shop.act(case_no, "take"))["owner"] == "li"
    assert (await shop.handle(case_no).describe()).run_id != description.run_id
    assert shop.actions(case_no) == ["opened", "note", "message", "take"]
