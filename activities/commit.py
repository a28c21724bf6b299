"""The one activity that every decision of a case goes through: write it, and learn its deadlines."""

from collections.abc import Callable, Mapping

from sqlalchemy import Engine
from temporalio import activity

from models.business_time import Calendar
from models.case import Case, Payout
from models.effects import COMMIT, CommitInput, CommitResult, Routed
from store import cases
from store.engine import writing

Route = Callable[[Case], tuple[Routed, ...]]


class Commit:
    """Writes one drain of a case in one transaction. Safe to run again: what is written is not written twice.

    Errors of the database come through as they are; whoever runs the activity tries it again. `calendars` answers
    those that are in force at the moment, `route` which payouts of a case a payment provider carries out.
    """

    def __init__(
        self, engine: Engine, calendars: Callable[[], Mapping[str, Calendar]], route: Route | None = None
    ) -> None:
        self._engine = engine
        self._calendars = calendars
        self._route = route

    # An exception thrown into the thread from outside would hit a transaction anywhere; it ends by itself.
    @activity.defn(name=COMMIT, no_thread_cancel_exception=True)
    def commit(self, input: CommitInput) -> CommitResult:
        """Write the case, its timeline, money, payouts and messages, and answer its absolute deadlines."""
        with writing(self._engine) as session:
            result = cases.write_commit(session, input, self._calendars())
        return self._routed(input, result)

    def _routed(self, input: CommitInput, result: CommitResult) -> CommitResult:
        """The result with the payouts that go to a provider; finance's queue has its own by the commit itself."""
        case = result.ahead or input.case  # what a worker wrote just before it died may wait to be handed over
        if self._route is None or not any(map(_unsent, case.payouts)):
            return result
        return result.model_copy(update={"routed": self._route(case)})


def _unsent(payout: Payout) -> bool:
    return payout.state == "approved" and payout.gateway is None
