"""The life of one after-sale case as a durable workflow.

People send commands as Updates and are answered when what they did is written; machines send them as Signals. Both
are decided at once, in memory; one loop then writes what was decided, lets the clocks speak, and ends the run when
the case is closed and everybody who asked has been answered.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, SearchAttributePair
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.accounting.payments import ASK_PAYOUT, PAY_OUT, Answer, PayoutInput, PayoutResult
    from models.accounting.sending import answered, due_payouts, sent
    from models.case import Case, Payout
    from models.commands import Command, parse_command
    from models.decide import decide, linked, pass_time, refused_signal, say_what_is_due, skipped
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
        Routed,
        Unheard,
    )
    from models.errors import AftercareError, MalformedCommand, RuleRefused
    from models.events import Fact, latest
    from models.lifecycle import Action, Role
    from models.procedure.rehearsal import answers
    from workflows.clock import DurableTimer
    from workflows.search import search_attributes

#: How many timeline entries the workflow remembers for its query, and how many bytes of them; SQL has them all.
#: They travel to the next run, and Temporal lets nothing above 2 MB pass.
RECENT, RECENT_BYTES = 100, 200_000

#: A commit is quick or the database is away: then it is tried as a regular activity, whose retries leave no history.
QUICKLY = timedelta(seconds=5)
#: A database that refuses at once is asked this often; the server's own limit of time does not count between tries.
QUICK_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=1), maximum_attempts=6
)
PATIENT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


@dataclass
class Step:
    """One decision on its way to the database, and how to make it again if SQL turns out to be ahead."""

    decide: Callable[[Case], Decision]
    decision: Decision
    refusal: AftercareError | None = None
    written: bool = False


def named(command: Command, command_id: str) -> Command:
    """The command under this id, unless it brought one of its own."""
    return command if command.command_id else command.model_copy(update={"command_id": command_id})


def judged(case: Case, command: Command, now: datetime) -> Decision:
    """Decide; a fault of our own becomes a refusal too, because an exception would stop the case for good."""
    try:
        return decide(case, command, now)
    except AftercareError:
        raise
    except Exception as fault:
        workflow.logger.exception("a command could not be decided")
        raise MalformedCommand("The command could not be carried out, and changed nothing.") from fault


@contextmanager
def refusals_leave_as_application_errors() -> Iterator[None]:
    """A refusal in the only form that may leave a handler."""
    try:
        yield
    except AftercareError as refused:
        problem = refused.as_problem()
        raise ApplicationError(refused.detail, problem, type=refused.code, non_retryable=True) from None


@workflow.defn(name=WORKFLOW)
class AfterSaleCase:
    """One case, from its request to its end; `reopen` starts a new run under the same id."""

    @workflow.init
    def __init__(self, opening: CaseInput) -> None:
        self.case: Case = opening.case
        self.recent = opening.recent
        self.history_limit = opening.history_limit
        self.committed = opening.case.version if opening.committed else opening.case.version - 1
        self.base = self.committed  # the version that SQL holds, as far as this run knows
        self.effects = Effects()
        self.steps: list[Step] = []
        self.writing = self.behind = False
        self.signals = 0
        self.starting: set[asyncio.Task[None]] = set()
        self.paying: set[str] = set()
        self.shown_stage = opening.case.stage
        self.timer = DurableTimer()

    @workflow.run
    async def run(self, opening: CaseInput) -> CaseEnd:
        while True:
            if self.unwritten or self.behind:
                await self.write()
            self.pay_what_is_due()
            self.timer.arm(self.next_alarm)
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
        command = self.read(envelope)
        await self.caught_up(command)
        step = self.taken(command)
        await workflow.wait_condition(lambda: step.written)
        self.raise_refusal_of(step)
        return {**self.case.snapshot(), "repeated": step.decision.repeated}

    @command.validator
    def check_command(self, envelope: Any = None) -> None:
        """Refuse before anything is written to history; a refusal costs no event."""
        command = self.read(envelope)
        if not self.is_behind(command):
            with refusals_leave_as_application_errors():
                judged(self.case, command, workflow.now())

    @workflow.update(name="opened")
    async def opened(self) -> dict[str, Any]:
        """The case as it stands, once it is written: what opening a case waits for."""
        version = self.case.version
        await workflow.wait_condition(lambda: self.committed >= version)
        return self.case.snapshot()

    @workflow.signal(name="command")
    def command_signal(self, envelope: Any = None, *more: Any) -> None:
        """Carry out a command of a machine; what cannot be done is kept in the timeline as refused.

        Anything may be sent to a signal. Arguments too few or too many must not raise, or the case would stand still.
        """
        self.signals += 1
        now, name = workflow.now(), f"signal {workflow.info().original_execution_run_id} {self.signals}"
        self.let_clocks_speak(now)

        def decide_or_note(case: Case) -> Decision:
            try:
                return judged(case, named(parse_command(envelope), name), now)
            except AftercareError as refused:
                said = envelope if isinstance(envelope, dict) else {}
                asked_as = str(said.get("command_id") or "") or None
                return refused_signal(case, str(said.get("action") or "?"), refused.detail, now, name, asked_as)

        self.take(decide_or_note)

    @workflow.signal(dynamic=True)
    def unknown_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """A signal of another name is kept visible instead of being buffered for ever."""
        self.signals += 1
        now, command_id = workflow.now(), f"signal {workflow.info().original_execution_run_id} {self.signals}"
        detail = "There is no signal of this name: send 'command'."
        self.take(lambda case: refused_signal(case, name, detail, now, command_id))

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
        roles = (Role(role),) if role in list(Role) else None
        return answers(self.case, roles, None, workflow.now())

    # ── deciding ────────────────────────────────────────────────────────────

    def read(self, envelope: object) -> Command:
        """The command in an envelope, under an id of its own if it came without one."""
        with refusals_leave_as_application_errors():
            update = workflow.current_update_info()
            return named(parse_command(envelope), f"update {update.id if update else '?'}")

    def taken(self, command: Command) -> "Step":
        """Decide on a command and make the decision the truth of this case."""
        now = workflow.now()
        self.let_clocks_speak(now)
        with refusals_leave_as_application_errors():
            return self.take(lambda case: judged(case, command, now))

    def take(self, decide: Callable[[Case], Decision]) -> "Step":
        """Make a decision the truth of this case; the loop writes it."""
        step = Step(decide, decide(self.case))
        self.apply(step.decision)
        if step.decision.repeated and not self.unwritten and not self.writing:
            step.written = True
        else:
            self.steps.append(step)
        return step

    def apply(self, decision: Decision) -> None:
        self.case = decision.case
        self.effects = self.effects.then(decision.effects)
        self.recent = latest((*self.recent, *decision.effects.entries), RECENT, RECENT_BYTES)

    def raise_refusal_of(self, step: "Step") -> None:
        """A step that was taken can still be refused: by what SQL knew already, or by the order's money."""
        if step.refusal is not None:
            with refusals_leave_as_application_errors():
                raise step.refusal

    def look_at_the_clock(self) -> None:
        """The timer rang: let the clocks speak, or sleep on if it rang for a deadline that has moved."""
        self.timer.heard()
        now = workflow.now()
        if pass_time(self.case, now) is not None:
            self.take(lambda case: pass_time(case, now) or Decision(case=case))

    def let_clocks_speak(self, now: datetime) -> None:
        """A deadline that passed is said before what came after it, which may end its wait.

        Messages that arrived while no worker ran are heard before the timer that rang meanwhile.
        """
        if say_what_is_due(self.case, now) is not None and workflow.patched("clocks speak first"):
            self.take(lambda case: say_what_is_due(case, now) or Decision(case=case))

    # ── writing ─────────────────────────────────────────────────────────────

    @property
    def unwritten(self) -> bool:
        return self.case.version > self.committed

    def is_behind(self, command: Command) -> bool:
        """Whether the desk has read a later version than this run knows."""
        return command.case_version is not None and command.case_version > self.case.version

    async def caught_up(self, command: Command) -> None:
        """SQL knows more than this run: a worker died between a commit and its history. Read on from there."""
        if self.is_behind(command):
            self.behind = True
            await workflow.wait_condition(lambda: not self.behind)

    async def write(self) -> None:
        """Write all that was decided, in one transaction, and go on from what SQL holds where that is more."""
        self.writing = True
        while self.unwritten or self.behind:
            under_way, self.steps = self.steps, []
            drain = CommitInput(case=self.case, base=self.base, effects=self.effects, at=workflow.now())
            self.effects = Effects()
            result = await self.commit(drain)
            self.behind = False
            self.base = result.version
            if result.ahead is not None:
                self.go_on_from(result.ahead, drain, result, under_way)
            else:
                self.arm_clocks(drain.case, result)
                self.committed = result.version
                self.finished(under_way)
            if result.linked:
                self.start_linked(result.linked)
            if result.routed:
                self.hand_over(result.routed)
            if result.unheard:
                self.skip(result.unheard)
        self.finished(self.steps)
        self.steps = []
        self.writing = False
        self.show_stage()

    def finished(self, steps: "list[Step]") -> None:
        """Whoever asked for these can be answered."""
        for step in steps:
            step.written = True

    def go_on_from(self, ahead: Case, drain: CommitInput, result: CommitResult, under_way: "list[Step]") -> None:
        """Take over what SQL holds, and decide again what is not in it; ids make sure that nothing is done twice."""
        known = tuple(entry for entry in self.recent if entry.seq <= drain.base_seq)
        self.recent = latest((*known, *result.entries), RECENT, RECENT_BYTES)
        self.case, self.committed, self.effects = ahead, ahead.version, Effects()
        if result.refused or result.written:  # this drain was written, and the remedy in it taken back or put off
            self.told_of_money(result, under_way)
            self.told_of_loaners(result, under_way)
            self.finished(under_way)
        else:
            self.steps = under_way + self.steps
        for step in self.steps:
            step.refusal = None
            try:
                step.decision = step.decide(self.case)
            except AftercareError as refused:
                step.refusal = refused
            else:
                self.apply(step.decision)

    def told_of_money(self, result: CommitResult, steps: "list[Step]") -> None:
        """Whoever decided money that the order has not any more is told so."""
        refused = {refusal.key: refusal.detail for refusal in result.refused}
        for step in steps:
            details = [refused[move.key] for move in step.decision.effects.money if move.key in refused]
            if details:
                step.refusal = RuleRefused(details[0])

    def told_of_loaners(self, result: CommitResult, steps: "list[Step]") -> None:
        """Whoever lent a device that another case has had a moment longer is told so (G8)."""
        elsewhere = {e.data.get("serial"): e.note for e in result.entries if e.action == Fact.LOANER_ELSEWHERE}
        for step in steps:
            lent = [e.data.get("serial") for e in step.decision.effects.entries if e.action == Action.LEND_LOANER]
            told = [elsewhere[serial] for serial in lent if serial in elsewhere]
            if told:
                step.refusal = RuleRefused(told[0] or "")

    async def commit(self, drain: CommitInput) -> CommitResult:
        try:
            result: CommitResult = await workflow.execute_local_activity(
                COMMIT,
                drain,
                result_type=CommitResult,
                schedule_to_close_timeout=QUICKLY,
                retry_policy=QUICK_RETRY,
            )
        except (ActivityError, ApplicationError):
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
                target = clock.target if new.target is None else new.target
                clock = clock.model_copy(update={**new.instants, "target": target})
            clocks.append(clock)
        self.case = self.case.model_copy(update={"clocks": tuple(clocks)})
        if self.case.acknowledged_at == committed.acknowledged_at and self.case.acknowledged_until is None:
            self.case = self.case.model_copy(update={"acknowledged_until": result.acknowledged_until})

    def skip(self, unheard: Sequence[Unheard]) -> None:
        """T8: a level with nobody on duty is skipped at once."""
        now = workflow.now()
        self.take(lambda case: skipped(case, unheard, now))

    def start_linked(self, case_nos: Sequence[str]) -> None:
        """Lines went to linked cases: note their numbers, and have them started."""
        now = workflow.now()
        self.take(lambda case: linked(case, tuple(case_nos), now))
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

    # ── money at payment providers ──────────────────────────────────────────

    def hand_over(self, routed: Sequence[Routed]) -> None:
        """Payouts that a provider carries out: marked as sent, and written so, before anything leaves the house."""
        now = workflow.now()
        self.take(lambda case: sent(case, routed, now))

    def pay_what_is_due(self) -> None:
        """Send, or ask about, every payout at a provider whose time has come."""
        for payout in due_payouts(self.case, workflow.now()):
            if payout.key not in self.paying:
                self.paying.add(payout.key)
                task = asyncio.create_task(self.pay_one(payout))
                self.starting.add(task)
                task.add_done_callback(self.starting.discard)

    async def pay_one(self, payout: Payout) -> None:
        """One try: the activity asks first, and sends only what never arrived; or it only asks."""
        step = ASK_PAYOUT if payout.only_ask else PAY_OUT
        result = await self.tried(step, PayoutInput(payout_id=payout.key, gateway=payout.gateway))
        now = workflow.now()
        self.let_clocks_speak(now)
        self.paying.discard(payout.key)
        self.take(lambda case: answered(case, result, now))

    async def tried(self, step: str, asked: PayoutInput) -> PayoutResult:
        try:
            result: PayoutResult = await workflow.execute_activity(
                step,
                asked,
                result_type=PayoutResult,
                start_to_close_timeout=timedelta(minutes=3),  # it asks, sends and asks, each with its own patience
                heartbeat_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_attempts=5),
            )
        except ActivityError as lost:
            answer = Answer(state="unknown", code="no_answer", message=str(lost)[:300])
            result = PayoutResult(payout_id=asked.payout_id, gateway=asked.gateway or "?", sent=True, answer=answer)
        return result

    @property
    def next_alarm(self) -> datetime | None:
        """When the case must act by itself; a payout that is being asked about just now wakes nobody."""
        return self.case.alarm_without(frozenset(self.paying))

    # ── showing ─────────────────────────────────────────────────────────────

    def show_stage(self) -> None:
        """Tell Temporal's own lists where the case is; only when the stage changes, because each time costs."""
        workflow.set_current_details(f"**{self.case.state}**, waiting for {self.case.waiting_for}")
        if self.case.stage is not self.shown_stage:
            self.shown_stage = self.case.stage
            pairs: list[SearchAttributePair[Any]] = search_attributes(self.case)
            workflow.upsert_search_attributes([pair.key.value_set(pair.value) for pair in pairs])

    # ── ending ──────────────────────────────────────────────────────────────

    def something_to_do(self) -> bool:
        return self.unwritten or self.behind or self.timer.rang or self.can_end or self.should_continue_as_new

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
