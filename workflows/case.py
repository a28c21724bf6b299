"""The life of one after-sale case as a durable workflow.

People send commands as Updates and are answered when what they did is written; machines send them as Signals. Both
are decided at once, in memory; one loop then writes what was decided, lets the clocks speak, and ends the run when
the case is closed and everybody who asked has been answered.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, SearchAttributePair
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.case import Case
    from models.commands import parse_command
    from models.decide import actions, decide, linked, money_refused, pass_time, refused_signal
    from models.effects import (
        COMMIT,
        START_LINKED,
        WORKFLOW,
        CaseEnd,
        CaseInput,
        CommitInput,
        CommitResult,
        Decision,
        Effects,
        LinkedInput,
    )
    from models.errors import AftercareError, MalformedCommand
    from models.lifecycle import Role
    from workflows.clock import DurableTimer
    from workflows.search import search_attributes

#: How many timeline entries the workflow remembers for its query; SQL has them all.
RECENT = 100

#: A commit is quick or the database is away: then it is tried as a regular activity, whose retries leave no history.
QUICKLY = timedelta(seconds=5)
QUICK_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=1))
PATIENT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


@workflow.defn(name=WORKFLOW)
class AfterSaleCase:
    """One case, from its request to its end; `reopen` starts a new run under the same id."""

    @workflow.init
    def __init__(self, opening: CaseInput) -> None:
        self.case: Case = opening.case
        self.recent = opening.recent
        self.history_limit = opening.history_limit
        self.committed = opening.case.version if opening.committed else opening.case.version - 1
        self.effects = Effects()
        self.refused_money: dict[str, str] = {}
        self.starting: set[asyncio.Task[None]] = set()
        self.shown_stage = opening.case.stage
        self.timer = DurableTimer()

    @workflow.run
    async def run(self, opening: CaseInput) -> CaseEnd:
        while True:
            if self.unwritten:
                await self.write()
            self.timer.arm(self.case.alarm_at)
            await workflow.wait_condition(self.something_to_do)
            if self.timer.rang:
                self.look_at_the_clock()
            elif self.can_end:
                self.timer.cancel()
                return CaseEnd(case_no=self.case.case_no, state=self.case.state, version=self.case.version)
            elif self.should_continue_as_new:
                self.timer.cancel()
                workflow.continue_as_new(self.handed_over())

    # ── messages ────────────────────────────────────────────────────────────

    @workflow.update(name="command")
    async def command(self, envelope: Any = None) -> dict[str, Any]:
        """Carry out a command and answer the case once it is written. Refusals are ApplicationErrors."""
        decision = self.decided(envelope)
        self.take(decision)
        await self.written()
        for move in decision.effects.money:
            if move.key in self.refused_money:
                raise ApplicationError(self.refused_money[move.key], type="rule-refused", non_retryable=True)
        return {**self.case.snapshot(), "repeated": decision.repeated}

    @command.validator
    def check_command(self, envelope: Any = None) -> None:
        """Refuse before anything is written to history; a refusal costs no event."""
        self.decided(envelope)

    @workflow.update(name="opened")
    async def opened(self) -> dict[str, Any]:
        """The case as it stands, once it is written: what opening a case waits for."""
        await self.written()
        return self.case.snapshot()

    @workflow.signal(name="command")
    def command_signal(self, envelope: Any = None, *more: Any) -> None:
        """Carry out a command of a machine; what cannot be done is kept in the timeline as refused.

        Anything may be sent to a signal. Arguments too few or too many must not raise, or the case would stand still.
        """
        try:
            self.take(self.judge(envelope))
        except AftercareError as refused:
            name = envelope.get("action") if isinstance(envelope, dict) else None
            self.take(refused_signal(self.case, str(name or "?"), refused.detail, workflow.now()))

    @workflow.signal(dynamic=True)
    def unknown_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """A signal of another name is kept visible instead of being buffered for ever."""
        detail = "There is no signal of this name: send 'command'."
        self.take(refused_signal(self.case, name, detail, workflow.now()))

    @workflow.query
    def snapshot(self) -> dict[str, Any]:
        """The case in brief."""
        return self.case.snapshot()

    @workflow.query
    def timeline(self) -> list[dict[str, Any]]:
        """The latest entries of the timeline; SQL has them all."""
        return [entry.as_document() for entry in self.recent]

    @workflow.query
    def actions(self, role: str | None = None) -> list[dict[str, Any]]:
        """Every action, whether it is allowed now (for a role, if one is named), and why not."""
        known = Role(role) if role in list(Role) else None
        return list(actions(self.case, known))

    # ── deciding ────────────────────────────────────────────────────────────

    def decided(self, envelope: object) -> Decision:
        """The decision on a command, or its refusal in the form that may leave a handler."""
        try:
            return self.judge(envelope)
        except AftercareError as refused:
            problem = refused.as_problem()
            raise ApplicationError(refused.detail, problem, type=refused.code, non_retryable=True) from None

    def judge(self, envelope: object) -> Decision:
        """Decide; a fault of our own becomes a refusal too, because an exception would stop the case for good."""
        try:
            return decide(self.case, parse_command(envelope), workflow.now())
        except AftercareError:
            raise
        except Exception as fault:
            workflow.logger.exception("a command could not be decided")
            raise MalformedCommand("The command could not be carried out, and changed nothing.") from fault

    def take(self, decision: Decision) -> None:
        """Make a decision the truth of this case; the loop writes it."""
        self.case = decision.case
        self.effects = self.effects.then(decision.effects)
        self.recent = (*self.recent, *decision.effects.entries)[-RECENT:]

    def look_at_the_clock(self) -> None:
        """The timer rang: let the clocks speak, or sleep on if it rang for a deadline that has moved."""
        self.timer.heard()
        decision = pass_time(self.case, workflow.now())
        if decision is not None:
            self.take(decision)

    # ── writing ─────────────────────────────────────────────────────────────

    @property
    def unwritten(self) -> bool:
        return self.case.version > self.committed

    async def written(self) -> None:
        """Wait until everything decided so far is in the database."""
        version = self.case.version
        await workflow.wait_condition(lambda: self.committed >= version)

    async def write(self) -> None:
        """Write all that was decided, in one transaction; what the order's money refuses is taken back, and written."""
        while self.unwritten:
            drain = CommitInput(case=self.case, effects=self.effects, at=workflow.now())
            self.effects = Effects()
            result = await self.commit(drain)
            self.arm_clocks(drain.case, result)
            if result.linked:
                self.start_linked(result.linked)
            if result.refused:
                self.take_back(result)
            else:
                self.committed = drain.case.version
        self.show_stage()

    async def commit(self, drain: CommitInput) -> CommitResult:
        try:
            result: CommitResult = await workflow.execute_local_activity(
                COMMIT,
                drain,
                result_type=CommitResult,
                schedule_to_close_timeout=QUICKLY,
                retry_policy=QUICK_RETRY,
            )
        except ActivityError:
            result = await workflow.execute_activity(
                COMMIT,
                drain,
                result_type=CommitResult,
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=PATIENT_RETRY,
                summary="the database was away",
            )
        return result

    def arm_clocks(self, committed: Case, result: CommitResult) -> None:
        """Give the clocks the instants that were computed for them, unless they have changed meanwhile."""
        armed = {(clock.clock, clock.cycle): clock for clock in result.clocks}
        before = {(clock.clock, clock.cycle): clock for clock in committed.clocks}
        clocks = []
        for clock in self.case.clocks:
            key = (clock.clock, clock.cycle)
            new = armed.get(key)
            if new is not None and clock.alarms is None and before.get(key) == clock:
                clock = clock.model_copy(update={"due_at": new.due_at, "alarms": new.alarms})
            clocks.append(clock)
        self.case = self.case.model_copy(update={"clocks": tuple(clocks)})

    def take_back(self, result: CommitResult) -> None:
        """The order has less money left than was decided: the remedy is undone, and whoever asked is told."""
        self.refused_money.update({refusal.key: refusal.detail for refusal in result.refused})
        keys = tuple(refusal.key for refusal in result.refused)
        self.take(money_refused(self.case, keys, result.refused[0].detail, result.pots, workflow.now()))

    def start_linked(self, case_nos: Sequence[str]) -> None:
        """Lines went to linked cases: note their numbers, and have them started."""
        self.take(linked(self.case, tuple(case_nos), workflow.now()))
        for case_no in case_nos:
            task = asyncio.create_task(self.start_one(case_no))
            self.starting.add(task)
            task.add_done_callback(self.starting.discard)

    async def start_one(self, case_no: str) -> None:
        await workflow.execute_activity(
            START_LINKED,
            LinkedInput(case_no=case_no),
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=PATIENT_RETRY,
        )

    def show_stage(self) -> None:
        """Tell Temporal's own lists where the case is; only when the stage changes, because each time costs."""
        workflow.set_current_details(f"**{self.case.state}**, waiting for {self.case.waiting_for}")
        if self.case.stage is not self.shown_stage:
            self.shown_stage = self.case.stage
            pairs: list[SearchAttributePair[Any]] = search_attributes(self.case)
            workflow.upsert_search_attributes([pair.key.value_set(pair.value) for pair in pairs])

    # ── ending ──────────────────────────────────────────────────────────────

    def something_to_do(self) -> bool:
        return self.unwritten or self.timer.rang or self.can_end or self.should_continue_as_new

    @property
    def idle(self) -> bool:
        return not self.unwritten and not self.starting and workflow.all_handlers_finished()

    @property
    def can_end(self) -> bool:
        return self.case.is_final and self.idle

    @property
    def should_continue_as_new(self) -> bool:
        info = workflow.info()
        limit = self.history_limit
        grown = limit is not None and info.get_current_history_length() > limit
        return (grown or info.is_continue_as_new_suggested()) and self.idle

    def handed_over(self) -> CaseInput:
        """All that the next run needs: nothing lives outside the case's own state."""
        return CaseInput(case=self.case, recent=self.recent, history_limit=self.history_limit)
