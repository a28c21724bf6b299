"""The one activity that every decision of a case goes through: write it, and learn its deadlines."""

from collections.abc import Callable, Mapping

from sqlalchemy import Engine
from temporalio import activity

from models.business_time import Calendar
from models.effects import COMMIT, CommitInput, CommitResult
from store import cases
from store.engine import writing


class Commit:
    """Writes one drain of a case in one transaction. Safe to run again: what is written is not written twice.

    Errors of the database come through as they are; whoever runs the activity tries it again. `calendars` answers
    those that are in force at the moment.
    """

    def __init__(self, engine: Engine, calendars: Callable[[], Mapping[str, Calendar]]) -> None:
        self._engine = engine
        self._calendars = calendars

    # An exception thrown into the thread from outside would hit a transaction anywhere; it ends by itself.
    @activity.defn(name=COMMIT, no_thread_cancel_exception=True)
    def commit(self, input: CommitInput) -> CommitResult:
        """Write the case, its timeline, money, payouts and messages, and answer its absolute deadlines."""
        with writing(self._engine) as session:
            return cases.write_commit(session, input, self._calendars())
