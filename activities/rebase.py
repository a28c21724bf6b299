"""Telling the cases of a rebase, a batch at a time, and waiting until they have written it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.case import Case
from models.effects import workflow_id
from models.time.rebase import BATCH, REBASE_BATCH, BatchInput, BatchResult, RebaseInput
from playbooks.loading.load import Playbooks
from store import cases
from store.engine import reading
from store.time import playbook_rebase, rebase
from workflows.starting import start_case

#: How long a batch waits for its cases. One that has not written it by then is counted as silent and goes on alone.
PATIENCE = timedelta(seconds=120)
#: How long a worker waits for its files to be those that were shown.
FILES_COME = timedelta(seconds=20)
PAUSE = 0.2
AT_ONCE = 20


class Rebasing:
    """Finds the next cases, sends each the command under an id of its own, and looks for what they wrote."""

    def __init__(self, engine: Engine, client: Client, playbooks: Callable[[], Playbooks]) -> None:
        self._engine = engine
        self._client = client
        self._playbooks = playbooks

    @activity.defn(name=REBASE_BATCH)
    async def rebase_batch(self, batch: BatchInput) -> BatchResult:
        """Tell the next cases. Told again they do nothing, so this can be repeated at any point."""
        asked = batch.rebase
        if not await self._as_shown(asked):
            return BatchResult(after=None, superseded=True)
        numbers = await self._these(asked, batch.after)
        if not numbers:
            return BatchResult(after=None)
        gate = asyncio.Semaphore(AT_ONCE)
        before = await asyncio.to_thread(self._answers, asked, numbers)

        async def told(case_no: str) -> bool:
            async with gate:
                activity.heartbeat(numbers)
                return case_no in before or await self._tell(asked, case_no)

        reached = await asyncio.gather(*(told(case_no) for case_no in numbers))
        waited_for = [case_no for case_no, there in zip(numbers, reached, strict=True) if there]
        answers = await self._written(asked, numbers, waited_for)
        refusals = {case_no: words for case_no, words in answers.items() if words}
        return BatchResult(
            after=numbers[-1],
            told=len(waited_for),
            rebased=len(answers) - len(refusals),
            refused=len(refusals),
            gone=len(numbers) - len(waited_for),
            silent=len(waited_for) - len(answers),
            refusals=refusals,
        )

    async def _these(self, asked: RebaseInput, after: str) -> tuple[str, ...]:
        """The next cases; those that a worker was telling when it died, so that they are counted too."""
        told = activity.info().heartbeat_details
        return tuple(told[0]) if told else await asyncio.to_thread(self._next, asked, after)

    async def _as_shown(self, asked: RebaseInput) -> bool:
        """Whether what is in force here is what was shown; another machine's files may come a moment later."""
        until = asyncio.get_running_loop().time() + FILES_COME.total_seconds()
        while self._versions(asked) != asked.versions:
            if asyncio.get_running_loop().time() > until:
                return False
            activity.heartbeat(*activity.info().heartbeat_details)
            await asyncio.sleep(PAUSE)
        return True

    def _versions(self, asked: RebaseInput) -> dict[str, str]:
        found = self._playbooks()
        if asked.scope.playbook is not None:
            book = found.kinds.get(asked.scope.playbook)
            return {book.kind: book.version} if book else {}
        return rebase.versions(found.calendars, asked.scope.calendars)

    def _next(self, asked: RebaseInput, after: str) -> tuple[str, ...]:
        found = self._playbooks()
        with reading(self._engine) as session:
            if asked.scope.playbook is not None:
                book = found.get(asked.scope.playbook)
                return playbook_rebase.next_cases(session, book, after, BATCH)
            return rebase.next_cases(session, found.calendars, asked.scope.calendars, after, BATCH)

    async def _tell(self, asked: RebaseInput, case_no: str) -> bool:
        """Whether the case is open and was told; one that does not run is started first."""
        case, data = await asyncio.to_thread(self._told_what, asked, case_no)
        if case is None or case.is_final:
            return False
        envelope = {
            "action": asked.scope.action,
            "actor": {"id": asked.by, "role": asked.role},
            "command_id": asked.command_id,
            "data": data,
        }
        handle = self._client.get_workflow_handle(workflow_id(case_no))
        try:
            await handle.signal("command", envelope)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await start_case(self._client, await asyncio.to_thread(self._to_start, case))
            await handle.signal("command", envelope)
        return True

    def _told_what(self, asked: RebaseInput, case_no: str) -> tuple[Case | None, dict[str, Any]]:
        with reading(self._engine) as session:
            case = cases.load(session, case_no)
            return case, self._data(session, asked, case) if case else {}

    def _data(self, session: Session, asked: RebaseInput, case: Case) -> dict[str, Any]:
        if asked.scope.playbook is None:
            return {"version": asked.version, "calendars": list(asked.scope.calendars), "reason": asked.reason}
        book = self._playbooks().get(asked.scope.playbook)
        procedure = playbook_rebase.procedure_for(session, case, book)
        document = procedure.model_dump(mode="json") if procedure else None
        return {"version": asked.version, "reason": asked.reason, "procedure": document}

    def _to_start(self, case: Case) -> Any:
        with reading(self._engine) as session:
            return cases.to_start(session, case)

    async def _written(self, asked: RebaseInput, batch: Sequence[str], numbers: Sequence[str]) -> dict[str, str]:
        """What the cases wrote: nothing for done, words for refused; those that are still silent are left out."""
        until = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
        while True:
            answers = await asyncio.to_thread(self._answers, asked, numbers)
            if len(answers) == len(numbers) or asyncio.get_running_loop().time() > until:
                return answers
            activity.heartbeat(batch)
            await asyncio.sleep(PAUSE)

    def _answers(self, asked: RebaseInput, numbers: Sequence[str]) -> dict[str, str]:
        with reading(self._engine) as session:
            return rebase.answered(session, numbers, asked)
