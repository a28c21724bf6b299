"""The steps of the hourly reconciliation: payouts, workflows, books and messages."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError

from activities.asking import AT_ONCE, Asking, Request
from models.effects import workflow_id
from models.lifecycle import Action
from models.oversight.sweeps import MOST_WORDS, StepInput, StepResult, Tally
from store import cases
from store.accounting import reconciling
from store.accounting.audit import Audited, audit_orders, audit_some
from store.engine import reading
from store.oversight import sweeps

T = TypeVar("T")

#: Without an earlier run so much is looked at.
FIRST_LOOK = timedelta(days=1)
#: A message that waits longer than this is told.
UNSENT_FOR = timedelta(hours=1)
#: Orders have little to be looked through, so that one page has so many times the usual number.
BOOKS = 5
#: What a workflow has to say its version in.
PATIENCE = timedelta(seconds=10)


class Reconciling:
    """Compares what is kept in several places, and tells what does not agree; it mends nothing but what is behind."""

    def __init__(self, engine: Engine, client: Client, asking: Asking, page: int) -> None:
        self._engine = engine
        self._client = client
        self._asking = asking
        self._page = page

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        every_hour = [self.uneven_payouts, self.cases_behind, self.touched_orders, self.waiting_messages]
        return [*every_hour, self.all_books]

    @activity.defn(name="uneven_payouts")
    async def uneven_payouts(self, page: StepInput) -> StepResult:
        """Payouts whose row and whose case say different things."""
        looked, uneven, cursor = await self._read(
            lambda session: reconciling.uneven_payouts(session, _since(session, page), page.cursor or "", self._page)
        )
        words = tuple(told for _, told in uneven)[:MOST_WORDS]
        return StepResult(
            tally=Tally(found=len(uneven), words=words, details={"payouts": looked, "uneven": len(uneven)}),
            cursor=cursor,
        )

    @activity.defn(name="cases_behind")
    async def cases_behind(self, page: StepInput) -> StepResult:
        """Workflows that know less than SQL are asked to read on; those that do not answer are told."""
        rows, cursor = await self._read(
            lambda session: reconciling.touched_cases(session, _since(session, page), page.cursor or "", self._page)
        )
        versions = await self._versions([case_no for case_no, _ in rows])
        behind = [case_no for case_no, version in rows if (known := versions[case_no]) is not None and known < version]
        silent = [case_no for case_no, _ in rows if versions[case_no] is None and await self._is_open(case_no)]
        requests = [Request(case_no, Action.RETRY, f"{page.run_id}:behind:{case_no}") for case_no in behind]
        did = await self._asking.ask(requests)
        words = (*(f"{no}: its workflow was behind" for no in behind), *(f"{no}: does not answer" for no in silent))
        details = {"cases": len(rows), "behind": len(behind), "silent": len(silent)}
        found = len(behind) + len(silent)
        return StepResult(tally=Tally(found=found, did=did, words=words[:MOST_WORDS], details=details), cursor=cursor)

    async def _versions(self, case_nos: list[str]) -> dict[str, int | None]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def version(case_no: str) -> int | None:
            async with gate:
                return await self._version(case_no)

        return dict(zip(case_nos, await asyncio.gather(*map(version, case_nos)), strict=True))

    async def _version(self, case_no: str) -> int | None:
        """What the running workflow thinks; None when it does not answer."""
        handle = self._client.get_workflow_handle(workflow_id(case_no))
        try:
            said: dict[str, Any] = await handle.query(
                "snapshot", reject_condition=QueryRejectCondition.NOT_OPEN, rpc_timeout=PATIENCE
            )
        except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
            return None
        return int(said["version"])

    async def _is_open(self, case_no: str) -> bool:
        """Whether SQL still has it as open: a case that ended meanwhile has nobody to answer."""
        case = await self._read(lambda session: cases.load(session, case_no))
        return case is not None and not case.is_final

    @activity.defn(name="touched_orders")
    async def touched_orders(self, page: StepInput) -> StepResult:
        """The books of orders whose money moved since the last run, looked at like by `money audit`."""
        found, cursor = await self._read(
            lambda session: reconciling.touched_orders(session, _since(session, page), page.cursor or "", self._page)
        )
        audited = await asyncio.to_thread(audit_orders, self._engine, found)
        return StepResult(tally=_tally(audited), cursor=cursor)

    @activity.defn(name="all_books")
    async def all_books(self, page: StepInput) -> StepResult:
        """The books of all orders, with the first page those of no order and all balances, as `money audit` does."""
        limit = self._page * BOOKS
        audited, cursor = await asyncio.to_thread(audit_some, self._engine, page.cursor, limit)
        return StepResult(tally=_tally(audited), cursor=cursor)

    @activity.defn(name="waiting_messages")
    async def waiting_messages(self, page: StepInput) -> StepResult:
        """Messages that should have been told long ago."""
        count = await self._read(lambda session: reconciling.unsent(session, page.now - UNSENT_FOR))
        words = (f"{count} messages wait for more than an hour",) if count else ()
        return StepResult(tally=Tally(found=count, words=words, details={"unsent": count}))

    async def _read(self, work: Callable[[Session], T]) -> T:
        def run() -> T:
            with reading(self._engine) as session:
                return work(session)

        return await asyncio.to_thread(run)


def _tally(audited: Audited) -> Tally:
    """What an audit came to, with what does not agree as `amiss`."""
    found = audited.findings
    words = tuple(f"{one.order_no}: {one.detail}" if one.order_no else one.detail for one in found)
    counts = {f"audited_{name}": getattr(audited, name) for name in ("cases", "payouts", "postings")}
    amiss = [one.model_dump() for one in found[:MOST_WORDS]]
    details = {"orders": audited.orders, "findings": len(found), "amiss": amiss, **counts}
    return Tally(found=len(found), words=words[:MOST_WORDS], details=details)


def _since(session: Session, page: StepInput) -> datetime:
    """What was touched since the last run that came to its end; some minutes more, for what was under way then."""
    return (sweeps.done_before(session, page.sweep, page.run_id) or page.now - FIRST_LOOK) - timedelta(minutes=5)
