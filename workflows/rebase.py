"""A confirmed rebase on its way through the open cases: batch by batch, with progress, and with a way to stop it (T10).

It only tells cases; each of them counts its own clocks in its own commit and logs it. Who is told twice does nothing
the second time, so a batch that is repeated after a worker's death is harmless.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from models.time.rebase import REBASE, REBASE_BATCH, BatchInput, BatchResult, Progress, RebaseInput, further

PATIENT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))


@workflow.defn(name=REBASE)
class Rebase:
    """One rebase, from its confirmation until every case was told or somebody stopped it."""

    @workflow.init
    def __init__(self, asked: RebaseInput) -> None:
        self.asked = asked
        self.progress = asked.progress
        self.stopping = False

    @workflow.run
    async def run(self, asked: RebaseInput) -> Progress:
        workflow.set_current_details(f"{asked.by}: {asked.reason} – {asked.shown}")
        while self.progress.state == "running" and not self.stopping:
            self.progress = further(self.progress, await self.next_batch())
            if workflow.info().is_continue_as_new_suggested() and self.progress.state == "running":
                workflow.continue_as_new(asked.model_copy(update={"progress": self.shown}))
        self.progress = self.shown
        return self.progress

    @workflow.signal(name="stop")
    def stop(self) -> None:
        """No further case is told; those that were told stay as they are."""
        self.stopping = True

    @property
    def shown(self) -> Progress:
        """The progress, stopped as soon as somebody says so."""
        if self.stopping and self.progress.state == "running":
            return self.progress.model_copy(update={"state": "stopped"})
        return self.progress

    @workflow.query(name="progress")
    def told(self) -> dict[str, Any]:
        """How far it is."""
        return {**self.asked.model_dump(mode="json"), "progress": self.shown.model_dump(mode="json")}

    async def next_batch(self) -> BatchResult:
        result: BatchResult = await workflow.execute_activity(
            REBASE_BATCH,
            BatchInput(rebase=self.asked.model_copy(update={"progress": Progress(total=0)}), after=self.progress.after),
            result_type=BatchResult,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=PATIENT_RETRY,
        )
        return result
