"""Open cases that do not run are found and started again: SQL against Temporal itself (T12 `no_timer`).

Temporal's list is a moment behind, so nobody is accused on its word: a case that it does not show is looked at by
itself, and read from SQL once more, before it counts as an orphan.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from models.effects import WORKFLOW, CaseInput, workflow_id
from models.oversight.orphans import FIND_ORPHANS, OrphanInput, OrphanPage
from store import cases
from store.engine import reading, writing
from store.oversight import reasons
from workflows.starting import start_case

T = TypeVar("T")

#: Cases looked at, and started, at once; more only queue up in the server.
AT_ONCE = 20
#: A case is written a moment before it is started: so long nobody misses its workflow.
JUST_WRITTEN = timedelta(minutes=1)
#: What a server answers that cannot list so; then every case is looked at by itself.
CANNOT_LIST = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.UNIMPLEMENTED})


class Orphans:
    """Looks for open cases without a workflow, page by page, and starts them from their state in SQL."""

    def __init__(self, client: Client, engine: Engine) -> None:
        self._client = client
        self._engine = engine
        self._gate = asyncio.Semaphore(AT_ONCE)

    @activity.defn(name=FIND_ORPHANS)
    async def find_orphans(self, asked: OrphanInput) -> OrphanPage:
        """One page of open cases: who does not run is started again. Safe to repeat.

        Raises RPCError when Temporal is away: nobody is accused then.
        """
        written_before = asked.now - JUST_WRITTEN
        numbers = await self._read(lambda session: cases.open_page(session, asked.after, asked.limit, written_before))
        running = await self._listed(numbers)
        suspects = [number for number in numbers if number not in running]
        orphans = [number for number, lost in zip(suspects, await self._all(self._lost, suspects), strict=True) if lost]
        started = dict(zip(orphans, await self._all(self._started, orphans), strict=True))
        failed = tuple(number for number, well in started.items() if not well)
        marked = await self._read(lambda session: reasons.marked_lost(session, numbers))
        if failed or marked:
            await self._write(lambda session: reasons.mark_lost(session, failed, marked - set(failed), asked.now))
        return OrphanPage(
            looked_at=len(numbers),
            suspects=len(suspects),
            orphans=tuple(orphans),
            restarted=len(orphans) - len(failed),
            failed=failed,
            next_after=numbers[-1] if len(numbers) == asked.limit else None,
        )

    async def _listed(self, numbers: list[str]) -> set[str]:
        """Of these cases, in their order, those that Temporal's list shows as running."""
        if not numbers:
            return set()
        first, last = workflow_id(numbers[0]), workflow_id(numbers[-1])
        here = f"WorkflowId BETWEEN '{first}' AND '{last}'"
        found = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running' AND {here}"
        try:
            shown = {run.id async for run in self._client.list_workflows(found, page_size=1000)}
        except RPCError as refused:
            if refused.status not in CANNOT_LIST:
                raise
            return set()
        return {number for number in numbers if workflow_id(number) in shown}

    async def _lost(self, case_no: str) -> bool:
        """Whether a case is open and does not run: by Temporal's own word on it, and by SQL's after that."""
        try:
            run = await self._client.get_workflow_handle(workflow_id(case_no)).describe()
        except RPCError as refused:
            if refused.status is not RPCStatusCode.NOT_FOUND:
                raise
        else:
            if run.status is WorkflowExecutionStatus.RUNNING:
                return False
        return await self._read(lambda session: _to_start(session, case_no)) is not None

    async def _started(self, case_no: str) -> bool:
        """Start a case from its state; whether it runs now, or is over meanwhile."""
        opening = await self._read(lambda session: _to_start(session, case_no))
        if opening is None:
            return True
        try:
            await start_case(self._client, opening)
        except RPCError as refused:
            activity.logger.warning("%s could not be started: %s", case_no, refused)
            return False
        activity.logger.warning("%s was open and did not run; it was started again", case_no)
        return True

    async def _all(self, do: Callable[[str], Awaitable[bool]], numbers: Iterable[str]) -> list[bool]:
        async def one(number: str) -> bool:
            async with self._gate:
                activity.heartbeat(number)
                return await do(number)

        return list(await asyncio.gather(*(one(number) for number in numbers)))

    async def _read(self, work: Callable[[Session], T]) -> T:
        def run() -> T:
            with reading(self._engine) as session:
                return work(session)

        return await asyncio.to_thread(run)

    async def _write(self, work: Callable[[Session], T]) -> T:
        def run() -> T:
            with writing(self._engine) as session:
                return work(session)

        return await asyncio.to_thread(run)


def _to_start(session: Session, case_no: str) -> CaseInput | None:
    case = cases.load(session, case_no)
    return None if case is None or case.is_final else cases.to_start(session, case)
