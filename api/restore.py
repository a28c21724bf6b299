"""Open cases go on: whatever SQL says is open is started again where it does not run (`db restore`, every start)."""

import asyncio

from sqlalchemy import Engine
from temporalio.client import Client

from models.effects import WORKFLOW, CaseInput, workflow_id
from models.oversight.bulk import BulkInput
from store import cases
from store.engine import reading
from store.oversight import bulks
from workflows.starting import start_bulk, start_case

#: Starts under way at once; more only queue up in the server.
AT_ONCE = 20


async def start_missing_cases(client: Client, engine: Engine) -> int:
    """Start the open cases that Temporal's list does not show as running; answers how many there were.

    For every start of the service: the list may lag behind by a moment, and a case that it has missed is started
    again by the next command to it.
    """
    running = await _running(client)
    numbers = await asyncio.to_thread(_open_case_nos, engine)
    missing = [number for number in numbers if workflow_id(number) not in running]
    await _start(client, engine, missing)
    await start_running_bulks(client, engine)
    return len(missing)


async def start_running_bulks(client: Client, engine: Engine) -> None:
    """Go on with bulk actions that are not over (T12); those that run are left as they are."""
    for bulk_id, total in await asyncio.to_thread(_running_bulks, engine):
        await start_bulk(client, BulkInput(bulk_id=bulk_id, total=total))


def _running_bulks(engine: Engine) -> tuple[tuple[str, int], ...]:
    with reading(engine) as session:
        return bulks.running(session)


async def start_open_cases(client: Client, engine: Engine) -> int:
    """Start every open case from the state in SQL; one that runs is left as it is. Answers how many were looked at."""
    numbers = await asyncio.to_thread(_open_case_nos, engine)
    await _start(client, engine, numbers)
    await start_running_bulks(client, engine)
    return len(numbers)


async def _running(client: Client) -> set[str]:
    found = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running'"
    return {run.id async for run in client.list_workflows(found, page_size=1000)}


async def _start(client: Client, engine: Engine, numbers: list[str]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def start(case_no: str) -> None:
        async with gate:
            opening = await asyncio.to_thread(_to_start, engine, case_no)
            if opening is not None:
                await start_case(client, opening)

    await asyncio.gather(*(start(case_no) for case_no in numbers))


def _open_case_nos(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(cases.open_case_nos(session))


def _to_start(engine: Engine, case_no: str) -> CaseInput | None:
    with reading(engine) as session:
        case = cases.load(session, case_no)
        return None if case is None or case.is_final else cases.to_start(session, case)
