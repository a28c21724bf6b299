"""One action on many cases: batch by batch, with progress, and with a way to stop it (T12).

The list was frozen when the bulk began, and every answer is written to SQL by the batch that got it; history holds
numbers only. A batch that is repeated after a worker's death asks nobody again who has answered, and a case that was
asked and could not answer any more knows the command by its id.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from models.oversight.bulk import BATCH, BULK, BULK_BATCH, BULK_END, BatchDone, BulkBatch, BulkEnd, BulkInput

PATIENT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
#: A worker that says nothing for so long is dead, and its batch goes to another one.
SILENCE = timedelta(seconds=15)


@workflow.defn(name=BULK)
class BulkAction:
    """One bulk, from its beginning until every case was asked or somebody stopped it."""

    @workflow.init
    def __init__(self, asked: BulkInput) -> None:
        self.at = asked
        self.stopping = False

    @workflow.run
    async def run(self, asked: BulkInput) -> BulkInput:
        while self.at.next < self.at.total and not self.stopping:
            self.count(await self.next_batch())
            if self.should_continue_as_new:
                workflow.continue_as_new(self.at)
        await workflow.execute_activity(
            BULK_END,
            BulkEnd(bulk_id=self.at.bulk_id, stopped=self.at.next < self.at.total),
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=PATIENT_RETRY,
        )
        return self.at

    @workflow.signal(name="stop")
    def stop(self) -> None:
        """No further case is asked; what was done stays done."""
        self.stopping = True

    @workflow.query(name="progress")
    def progress(self) -> BulkInput:
        """How far it is."""
        return self.at

    @property
    def should_continue_as_new(self) -> bool:
        info = workflow.info()
        limit = self.at.history_limit
        grown = limit is not None and info.get_current_history_length() > limit
        # A run that goes on as new forgets that it was told to stop.
        return (grown or info.is_continue_as_new_suggested()) and not self.stopping

    async def next_batch(self) -> BatchDone:
        result: BatchDone = await workflow.execute_activity(
            BULK_BATCH,
            BulkBatch(bulk_id=self.at.bulk_id, first=self.at.next, until=min(self.at.next + BATCH, self.at.total)),
            result_type=BatchDone,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=SILENCE,
            retry_policy=PATIENT_RETRY,
        )
        return result

    def count(self, batch: BatchDone) -> None:
        """Where it stands after a batch; one that was stopped in the middle is the last."""
        self.stopping = self.stopping or batch.stopping
        asked = batch.done + batch.refused + batch.failed
        self.at = self.at.model_copy(
            update={
                "next": self.at.next + asked if batch.stopping else min(self.at.next + BATCH, self.at.total),
                "done": self.at.done + batch.done,
                "refused": self.at.refused + batch.refused,
                "failed": self.at.failed + batch.failed,
            }
        )
        workflow.set_current_details(f"{self.at.next} of {self.at.total} cases asked")
