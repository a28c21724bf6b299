"""What runs at its time by itself: the sweeps, when each of them runs, and the contract with its activities.

A sweep looks at all cases, reminds, asks and counts. It never writes a case: what is to be done with one it asks the
case for, as anybody would.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from models.value import Value

SWEEP_BEGAN = "sweep_began"
SWEEP_ENDED = "sweep_ended"

#: Those that look whether the books agree: what was touched, every hour; all of it, every night.
RECONCILE, AUDIT = "aftercare-reconcile", "aftercare-audit"

#: Monday to Friday, as Temporal counts the days of a week (0 = Sunday).
WEEKDAYS = (1, 2, 3, 4, 5)


class When(Value):
    """When a sweep runs: every so often, or at an hour of the shop's day, on some days of the week or of the month."""

    every: timedelta | None = None
    hour: int = 0
    minute: int = 0
    weekdays: tuple[int, ...] = ()
    day_of_month: int | None = None

    @property
    def words(self) -> str:
        """When it runs, as people say it."""
        if self.every is not None:
            return f"every {round(self.every.total_seconds() / 60)} minutes"
        at = f"at {self.hour:02}:{self.minute:02}"
        if self.day_of_month is not None:
            return f"{at} on day {self.day_of_month} of the month"
        return f"{at}, Monday to Friday" if self.weekdays else f"{at} every day"


class Sweep(Value):
    """One of the contract's schedules: `steps` are activities, each read page by page."""

    name: str
    workflow: str
    what: str
    when: When
    steps: tuple[str, ...]
    interval: timedelta  # the longest time between two of its runs
    time_out: timedelta  # of one run
    catch_up: timedelta  # a run that was missed while nothing ran is made up for so long
    jitter: timedelta = timedelta(0)

    @property
    def late_after(self) -> timedelta:
        """A sweep that has not run for twice its interval is itself reported."""
        return 2 * self.interval


_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def next_retry(tries: int, last: datetime) -> datetime:
    """When a failing step is tried again: after 15 minutes, half an hour, an hour … at last once a day."""
    waited: timedelta = 15 * _MINUTE * (1 << min(tries, 10))
    return last + min(waited, _DAY)


#: Every schedule of the contract, by its name; and one of our own, for what nobody waits for.
SWEEPS: dict[str, Sweep] = {
    sweep.name: sweep
    for sweep in (
        Sweep(
            name="aftercare-stuck-sweep",
            workflow="StuckSweep",
            what="finds open cases that do not run, tries failing steps again, gives work without an owner to whoever "
            "is on duty, reminds whoever keeps us waiting, tells cases of parcels that a scan left half way",
            when=When(every=15 * _MINUTE),
            steps=(
                "orphans",
                "failing_steps",
                "unowned_cases",
                "cases_left_behind",
                "overdue_others",
                "untold_boxes",
                "stuck_counts",
            ),
            interval=15 * _MINUTE,
            time_out=14 * _MINUTE,
            catch_up=10 * _MINUTE,
            jitter=30 * timedelta(seconds=1),
        ),
        Sweep(
            name="aftercare-manager-digest",
            workflow="ManagerDigest",
            what="writes every manager one letter: what is stuck and since yesterday, what waits for approval, which "
            "sweeps did not run",
            when=When(hour=9, weekdays=WEEKDAYS),
            steps=("manager_digest",),
            interval=3 * _DAY,
            time_out=_HOUR,
            catch_up=3 * _HOUR,
            jitter=_MINUTE,
        ),
        Sweep(
            name="aftercare-periodic-callbacks",
            workflow="PeriodicCallbacks",
            what="plans callbacks for customers of last month, of two months ago, half a year, 1, 2 and 3 years (T6)",
            when=When(hour=7, minute=30),
            steps=("periodic_callbacks",),
            interval=_DAY,
            time_out=2 * _HOUR,
            catch_up=12 * _HOUR,
            jitter=5 * _MINUTE,
        ),
        Sweep(
            name="aftercare-monthly-summary",
            workflow="MonthlySummary",
            what="keeps the numbers of the month that is over as they were, and tells the managers (T13)",
            when=When(hour=6, day_of_month=1),
            steps=("monthly_summary",),
            interval=31 * _DAY,
            time_out=2 * _HOUR,
            catch_up=3 * _DAY,
            jitter=5 * _MINUTE,
        ),
        Sweep(
            name="aftercare-unmatched-remittances",
            workflow="UnmatchedRemittances",
            what="has whoever took the order, or the customer's notice, ask about transfers that did not come, and the "
            "supervisor look at the new ones (L12); the same for claims past their deadline (L5, G10), "
            "and for parcels whose time on the shelf is over (G2)",
            when=When(hour=9, minute=30),
            steps=("missing_remittances", "new_remittances", "overdue_claims", "shelf_deadlines"),
            interval=_DAY,
            time_out=_HOUR,
            catch_up=6 * _HOUR,
            jitter=_MINUTE,
        ),
        Sweep(
            name=RECONCILE,
            workflow="Reconcile",
            what="compares payouts with their cases, cases with their workflows, and the books of orders that were "
            "touched since the last time",
            when=When(every=_HOUR),
            steps=("uneven_payouts", "cases_behind", "touched_orders", "waiting_messages"),
            interval=_HOUR,
            time_out=50 * _MINUTE,
            catch_up=30 * _MINUTE,
            jitter=2 * _MINUTE,
        ),
        Sweep(
            name=AUDIT,
            workflow="AuditBooks",
            what="looks through the books of all orders, and at every balance: pots, payouts, ledger and cases have to "
            "tell one story",
            when=When(hour=2, minute=20),
            steps=("all_books",),
            interval=_DAY,
            time_out=4 * _HOUR,
            catch_up=12 * _HOUR,
            jitter=5 * _MINUTE,
        ),
        Sweep(
            name="aftercare-housekeeping",
            workflow="Housekeeping",
            what="computes how long each state usually takes, and deletes what has been kept for as long as the shop "
            "says",
            when=When(hour=3, minute=40),
            steps=("usual_times", "expired_rows"),
            interval=_DAY,
            time_out=3 * _HOUR,
            catch_up=12 * _HOUR,
            jitter=5 * _MINUTE,
        ),
    )
}


# ── between the workflow and its activities ───────────────────────────────────────────────────────


class Tally(Value):
    """What a run, or a page of it, found and did."""

    found: int = 0
    did: int = 0
    failed: int = 0
    words: tuple[str, ...] = ()
    details: dict[str, Any] = Field(default_factory=dict)

    def and_(self, other: "Tally") -> "Tally":
        """Both together; numbers of the same name in the details are added."""
        return Tally(
            found=self.found + other.found,
            did=self.did + other.did,
            failed=self.failed + other.failed,
            words=tuple(dict.fromkeys((*self.words, *other.words)))[:MOST_WORDS],
            details=_added(self.details, other.details),
        )


#: So many different sentences a run keeps at most.
MOST_WORDS = 50


def _added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {**one, **other}
    for name in one.keys() & other.keys():
        mine, more = one[name], other[name]
        if isinstance(mine, int) and isinstance(more, int):
            both[name] = mine + more
        elif isinstance(mine, list) and isinstance(more, list):
            both[name] = [*mine, *more][:MOST_WORDS]
    return both


class StepInput(Value):
    """One page of one step. `run_id` and `now` are those of the run, so that a repeat does nothing twice."""

    sweep: str
    step: str
    run_id: str
    now: datetime
    cursor: str | None = None


class StepResult(Value):
    """What a page came to, and where the next one begins; None after the last."""

    tally: Tally = Tally()
    cursor: str | None = None


class SweepInput(Value):
    """The one argument of a sweep; a run that continues as new hands over how far it is."""

    begun: datetime | None = None
    step: int = 0
    cursor: str | None = None
    tally: Tally = Tally()
    broken: tuple[str, ...] = ()


class RunBegan(Value):
    """A run to be written down at its beginning."""

    run_id: str
    sweep: str
    at: datetime


class RunEnded(Value):
    """The same run at its end; `broken` are the steps that could not be carried out."""

    run_id: str
    sweep: str
    began: datetime
    at: datetime
    tally: Tally
    broken: tuple[str, ...] = ()


Health = Literal["ok", "late", "never", "failing"]


class LastRun(Value):
    """What health is judged by: when a sweep began last, and whether it came to a good end."""

    started_at: datetime
    ended: bool
    failed: bool


def health_of(sweep: Sweep, last: LastRun | None, known_since: datetime | None, now: datetime) -> Health:
    """How a sweep is: `late` has not run for twice its interval, `never` ran at all, `failing` did not end well.

    `known_since` is when any sweep first ran here; in a shop where none ever did, none is late.
    """
    since = last.started_at if last else known_since
    if since is not None and now - since > sweep.late_after:
        return "late"
    if last is None:
        return "never"
    died = not last.ended and now - last.started_at > sweep.time_out
    return "failing" if last.failed or died else "ok"
