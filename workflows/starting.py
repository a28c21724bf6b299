"""How a case's workflow is started, by whoever has a client: opened, reopened, restored, or split off."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.common import TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from models.case import Case
from models.effects import TASK_QUEUE, WORKFLOW, CaseEnd, CaseInput, workflow_id
from models.oversight.bulk import BULK, BulkInput, bulk_workflow_id
from workflows.search import search_attributes


def _how(case: Case) -> dict[str, Any]:
    """What every start has in common: the same id for ever, and a running case is left as it is."""
    return {
        "id": workflow_id(case.case_no),
        "task_queue": TASK_QUEUE,
        "id_reuse_policy": WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING,
        "search_attributes": TypedSearchAttributes(search_attributes(case)),
        "static_summary": f"{case.kind}" + (f" · order {case.order.order_no}" if case.order else ""),
    }


async def start_case(client: Client, opening: CaseInput, command: dict[str, Any] | None = None) -> None:
    """Start a case from the state that SQL holds; one that runs already is left as it is, and hears `command` too."""
    told: dict[str, Any] = {} if command is None else {"start_signal": "command", "start_signal_args": [command]}
    await client.start_workflow(WORKFLOW, opening, **_how(opening.case), **told)


async def start_and_update(
    client: Client,
    opening: CaseInput,
    update: str,
    args: list[Any],
    update_id: str | None = None,
    patience: timedelta | None = None,
) -> dict[str, Any]:
    """Start a case and send it an update in one round trip (Update-with-Start)."""
    start: WithStartWorkflowOperation[Any, CaseEnd] = WithStartWorkflowOperation(
        WORKFLOW, opening, **_how(opening.case)
    )
    try:
        answer: dict[str, Any] = await client.execute_update_with_start_workflow(
            update, args=args, start_workflow_operation=start, id=update_id, result_type=dict, rpc_timeout=patience
        )
    except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError):
        # The operation keeps the error of the start too, and would log a trace when nobody ever asks for it.
        with suppress(RPCError):
            await start.workflow_handle()
        raise
    return answer


async def start_bulk(client: Client, asked: BulkInput) -> None:
    """Start a bulk; one that runs already is left as it is, and one that is over is not begun again."""
    with suppress(WorkflowAlreadyStartedError):
        await client.start_workflow(
            BULK,
            asked,
            id=bulk_workflow_id(asked.bulk_id),
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"{asked.total} cases",
        )
