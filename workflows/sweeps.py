"""What the schedules run: one workflow type per sweep, each a list of activities that are read page by page.

A run is written down when it begins and when it ends, under its id. A step that cannot be carried out does not keep the
others from being tried; the run then ends as failed, and says so in its row.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.oversight.sweeps import (
        AUDIT,
        SWEEP_BEGAN,
        SWEEP_ENDED,
        SWEEPS,
        RunBegan,
        RunEnded,
        StepInput,
        StepResult,
        Sweep,
        SweepInput,
    )

#: A page that fails is tried again, for a few minutes: a database that restarts is back by then.
PAGE_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=8
)
#: A row of a run is written whenever the database is there.
ROW_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


async def carried_out(sweep: Sweep, given: SweepInput) -> RunEnded:
    """Carry out the steps of a sweep from where it stands to its end. Raises when a step could not be carried out."""
    run_id = workflow.info().first_execution_run_id
    begun = given.begun or workflow.now()
    if given.begun is None:
        await _write(SWEEP_BEGAN, RunBegan(run_id=run_id, sweep=sweep.name, at=begun))
    at = given.model_copy(update={"begun": begun})
    while at.step < len(sweep.steps):
        at = await _one_page(sweep, run_id, at)
        if workflow.info().is_continue_as_new_suggested():
            workflow.continue_as_new(at)
    ended = RunEnded(run_id=run_id, sweep=sweep.name, began=begun, at=workflow.now(), tally=at.tally, broken=at.broken)
    await _write(SWEEP_ENDED, ended)
    if at.broken:
        raise ApplicationError(f"Not carried out: {'; '.join(at.broken)}"[:500], type="SweepFailed", non_retryable=True)
    return ended


async def _one_page(sweep: Sweep, run_id: str, at: SweepInput) -> SweepInput:
    """How far the run is after one more page; a step that failed is left for the next run."""
    step = sweep.steps[at.step]
    assert at.begun is not None
    page = StepInput(sweep=sweep.name, step=step, run_id=run_id, now=at.begun, cursor=at.cursor)
    try:
        result: StepResult = await workflow.execute_activity(
            step,
            page,
            result_type=StepResult,
            start_to_close_timeout=timedelta(minutes=3),
            schedule_to_close_timeout=timedelta(minutes=8),
            retry_policy=PAGE_RETRY,
        )
    except ActivityError as failed:
        told = f"{step}: {failed.cause or failed}"[:300]
        return at.model_copy(update={"step": at.step + 1, "cursor": None, "broken": (*at.broken, told)})
    done = at.model_copy(update={"tally": at.tally.and_(result.tally), "cursor": result.cursor})
    return done if result.cursor is not None else done.model_copy(update={"step": at.step + 1})


async def _write(activity: str, row: RunBegan | RunEnded) -> None:
    await workflow.execute_activity(activity, row, start_to_close_timeout=timedelta(seconds=30), retry_policy=ROW_RETRY)


@workflow.defn(name="StuckSweep")
class StuckSweep:
    """Every 15 minutes: what is stuck and can be moved by itself."""

    @workflow.run
    async def run(self, given: SweepInput) -> RunEnded:
        return await carried_out(SWEEPS["aftercare-stuck-sweep"], given)


@workflow.defn(name="ManagerDigest")
class ManagerDigest:
    """Weekdays at nine: one letter for every manager."""

    @workflow.run
    async def run(self, given: SweepInput) -> RunEnded:
        return await carried_out(SWEEPS["aftercare-manager-digest"], given)


@workflow.defn(name="PeriodicCallbacks")
class PeriodicCallbacks:
    """Daily: who is to be called after a purchase (T6)."""

    @workflow.run
    async def run(self, given: SweepInput) -> RunEnded:
        return await carried_out(SWEEPS["aftercare-periodic-callbacks"], given)


@workflow.defn(name="MonthlySummary")
class MonthlySummary:
    """On the first of a month: the numbers of the last one, as they were (T13)."""

    @workflow.run
    async def run(self, given: SweepInput) -> RunEnded:
        return await carried_out(SWEEPS["aftercare-monthly-summary"], given)


@workflow.defn(name="UnmatchedRemittances")
class UnmatchedRemittances:
    """Daily: transfers that were announced or notified, and did not come (L12)."""

    @workflow.run
    async def run(self, given: SweepInput) -> RunEnded:
        return await carried_out(SWEEPS["aftercare-unmatched-remittances"], given)


@workflow.defn(name="Reconcile")
class Reconcile:
    """Hourly: whether the books, the cases and their workflows agree."""

    @workflow.run
    async def run(self, given: SweepInput) -> RunEnded:
        return await carried_out(SWEEPS["aftercare-reconcile"], given)


@workflow.defn(name="AuditBooks")
class AuditBooks:
    """At night: whether the books of all orders agree, also of those that nobody touched."""

    @workflow.run
    async def run(self, given: SweepInput) -> RunEnded:
        return await carried_out(SWEEPS[AUDIT], given)


@workflow.defn(name="Housekeeping")
class Housekeeping:
    """At night: how long states usually take (T12), and what has been kept long enough."""

    @workflow.run
    async def run(self, given: SweepInput) -> RunEnded:
        return await carried_out(SWEEPS["aftercare-housekeeping"], given)


WORKFLOWS = (
    *(StuckSweep, ManagerDigest, PeriodicCallbacks, MonthlySummary, UnmatchedRemittances, Reconcile),
    *(AuditBooks, Housekeeping),
)
