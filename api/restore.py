"""Open cases go on: whatever SQL says is open is started again where it does not run (`db restore`, every start)."""

import asyncio

from sqlalchemy import Engine
from temporalio.client import Client

from models.case import Case
from store import cases
from store.engine import reading
from workflows.starting import start_case

#: Starts under way at once; more only queue up in the server.
AT_ONCE = 20


async def start_open_cases(client: Client, engine: Engine) -> int:
    """Start every open case from the state in SQL; one that runs is left as it is. Answers how many were looked at."""
    numbers = await asyncio.to_thread(_open_case_nos, engine)
    gate = asyncio.Semaphore(AT_ONCE)

    async def start(case_no: str) -> None:
        async with gate:
            case = await asyncio.to_thread(_load, engine, case_no)
            if case is not None and not case.is_final:
                await start_case(client, case)

    await asyncio.gather(*(start(case_no) for case_no in numbers))
    return len(numbers)


def _open_case_nos(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(cases.open_case_nos(session))


def _load(engine: Engine, case_no: str) -> Case | None:
    with reading(engine) as session:
        return cases.load(session, case_no)
