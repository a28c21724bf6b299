"""The cases of a bulk are asked one by one, some of them at once, and every answer is written where it is got (T12)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from models.case import Case
from models.commands import Command
from models.decide import decide
from models.effects import workflow_id
from models.errors import AftercareError, MalformedCommand, NotFound, refusal_from
from models.oversight.bulk import AT_ONCE, BULK_BATCH, BULK_END, BatchDone, BulkBatch, BulkEnd, command_of
from store import cases
from store.engine import reading, writing
from store.oversight import bulks
from store.oversight.bulks import Bulk, Item
from workflows.starting import start_and_update

T = TypeVar("T")

#: How long a case is waited for, and how often a case that does not answer is asked in all.
PATIENCE = timedelta(seconds=20)
TRIES = 4
#: A sign of life so often, in seconds: a batch whose worker died is given to another one.
HEARTBEAT = 3.0


class Unanswered(Exception):
    """A case did not answer, and may be asked again."""


class Bulks:
    """Asks the cases of a bulk, through their workflows, in the name of whoever asked for all of it."""

    def __init__(self, client: Client, engine: Engine) -> None:
        self._client = client
        self._engine = engine

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.bulk_batch, self.bulk_end]

    @activity.defn(name=BULK_BATCH)
    async def bulk_batch(self, batch: BulkBatch) -> BatchDone:
        """Ask those of a batch that have not answered yet. Raises ApplicationError for another try when some did not.

        After the last try these count as failed, so that one case that hangs holds up no other.
        """
        bulk, items = await self._read(lambda session: _asked(session, batch))
        if bulk is None:
            return BatchDone(stopping=True)  # it was taken back before it began
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(item: Item) -> bool:
            async with gate:
                return await self._answered(bulk, item)

        async with _signs_of_life():
            answered = await asyncio.gather(*(one(item) for item in items))
        if not all(answered):
            raise ApplicationError(f"{answered.count(False)} cases did not answer", type="Unanswered")
        return await self._read(lambda session: _came_to(session, batch))

    @activity.defn(name=BULK_END)
    async def bulk_end(self, end: BulkEnd) -> None:
        """Write down that a bulk is over."""
        await self._write(lambda session: bulks.ended(session, end.bulk_id, end.stopped, datetime.now(UTC)))

    async def _answered(self, bulk: Bulk, item: Item) -> bool:
        """Ask one case and keep its answer; whether it answered, or need not because the bulk was stopped."""
        if await self._read(lambda session: bulks.state_of(session, bulk.id)) != "running":
            return True
        command = command_of(bulk.id, bulk.action, bulk.data, bulk.reason, bulk.actor, item.case_no)
        why: dict[str, str | None] = {}
        try:
            await self._carried_out(item.case_no, command)
            state: Any = "done"
        except AftercareError as refused:
            state, why = "refused", {"code": refused.code, "detail": refused.detail}
        except ValidationError:
            state, why = "failed", {"code": "unreadable", "detail": "What is kept of the case cannot be read."}
        except Unanswered as silent:
            # A worker that died while it asked says nothing about the case.
            if await self._write(lambda session: bulks.unanswered(session, bulk.id, item.number)) < TRIES:
                return False
            state, why = "failed", {"code": "unanswered", "detail": str(silent)}
        at = datetime.now(UTC)
        await self._write(lambda session: bulks.answered(session, bulk.id, item.number, state, at, **why))
        return True

    # ── one case ────────────────────────────────────────────────────────────

    async def _carried_out(self, case_no: str, command: Command) -> None:
        """Carry out a command. Raises what the case refuses, Unanswered when it says nothing."""
        case = await self._case(case_no)
        if case.is_final:
            _judged(case, command)  # refuses, or knows it already
            return
        envelope = command.model_copy(update={"case_version": case.version}).model_dump(mode="json", exclude_none=True)
        try:
            await self._update(case, envelope, command.command_id or "")
        except WorkflowUpdateFailedError as failed:
            raise _refusal(failed) from None
        except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError) as away:
            raise Unanswered(f"It did not answer: {away}"[:300]) from None

    async def _update(self, case: Case, envelope: dict[str, Any], update_id: str) -> None:
        """An Update; a case that SQL knows as open and that does not run is started again with it."""
        handle = self._client.get_workflow_handle(workflow_id(case.case_no))
        try:
            await handle.execute_update("command", envelope, id=update_id, result_type=dict, rpc_timeout=PATIENCE)
        except RPCError as refused:
            if refused.status is not RPCStatusCode.NOT_FOUND:
                raise
            opening = await self._read(lambda session: cases.to_start(session, case))
            await start_and_update(self._client, opening, "command", [envelope], update_id, PATIENCE)

    async def _case(self, case_no: str) -> Case:
        case = await self._read(lambda session: cases.load(session, case_no))
        if case is None:
            raise NotFound(f"There is no case '{case_no}'.")
        return case

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


def _asked(session: Session, batch: BulkBatch) -> tuple[Bulk | None, tuple[Item, ...]]:
    bulk = bulks.get(session, batch.bulk_id)
    return bulk, bulks.waiting(session, batch.bulk_id, batch.first, batch.until) if bulk else ()


def _came_to(session: Session, batch: BulkBatch) -> BatchDone:
    counts = bulks.counted(session, batch.bulk_id, batch.first, batch.until)
    stopping = bulks.state_of(session, batch.bulk_id) != "running"
    return BatchDone(done=counts.done, refused=counts.refused, failed=counts.failed, stopping=stopping)


def _judged(case: Case, command: Command) -> None:
    """What a case that is over says; a fault of our own is a refusal too, or the batch would be tried for ever."""
    try:
        decide(case, command, datetime.now(UTC))
    except AftercareError:
        raise
    except Exception as fault:
        raise MalformedCommand("The command could not be carried out, and changed nothing.") from fault


def _refusal(failed: WorkflowUpdateFailedError) -> Exception:
    """The refusal of a case, as it was raised there."""
    cause = failed.cause
    if isinstance(cause, ApplicationError) and cause.details and isinstance(cause.details[0], dict):
        return refusal_from(cause.details[0])
    return Unanswered(f"It could not answer: {cause}"[:300])


@asynccontextmanager
async def _signs_of_life() -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(HEARTBEAT)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
