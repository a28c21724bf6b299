"""The steps of the sweeps: each reads a page, asks cases or people for what is to be done, and says what it came to.

All of it can be done again: cases are asked under ids of the run, people are told under keys, rows have keys.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.client import Client

from activities.asking import Asking, Request
from activities.reconciling import Reconciling
from models.callbacks import month_before
from models.digest import digest_words
from models.effects import Message
from models.lifecycle import Action, Role
from models.playbook import ALL_HOURS
from models.sweeps import SWEEP_BEGAN, SWEEP_ENDED, RunBegan, RunEnded, StepInput, StepResult, Tally
from playbooks.loading.in_force import InForce
from store import digests, months, periodic, remittances, staffing, stuck, sweeps, unattended
from store.engine import reading, writing
from store.unattended import ToGive

T = TypeVar("T")

#: Rows that one call of an activity looks at.
PAGE = 200
#: Where a list of cases begins, and the first page of callbacks.
FIRST, FIRST_OCCASION = "", "0"
#: So many numbers of cases are named in a message.
NAMED = 20


class Sweeps:
    """Every step of every sweep, on one store, one Temporal and the playbooks in force."""

    def __init__(self, engine: Engine, client: Client, playbooks: InForce, page: int | None = None) -> None:
        self._engine = engine
        self._asking = Asking(client, engine)
        self._playbooks = playbooks
        self._page = page or PAGE
        self._reconciling = Reconciling(engine, client, self._asking, self._page)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        own: list[Callable[..., Any]] = [
            *(self.began, self.ended),
            *(self.failing_steps, self.unowned_cases, self.cases_left_behind, self.overdue_others, self.stuck_counts),
            *(self.manager_digest, self.periodic_callbacks, self.monthly_summary),
            *(self.missing_remittances, self.new_remittances),
        ]
        return [*own, *self._reconciling.activities]

    # ── the row of a run ────────────────────────────────────────────────────

    @activity.defn(name=SWEEP_BEGAN)
    async def began(self, run: RunBegan) -> None:
        """Write down that a run has begun."""
        await self._write(lambda session: sweeps.began(session, run))

    @activity.defn(name=SWEEP_ENDED)
    async def ended(self, run: RunEnded) -> None:
        """Write down how it ended, and tell a manager of books that do not agree, once a day."""
        await self._write(lambda session: self._ended(session, run))

    def _ended(self, session: Session, run: RunEnded) -> None:
        sweeps.ended(session, run)
        if run.sweep == "aftercare-reconcile" and run.tally.found:
            told = f"{run.tally.found} things do not agree: {' · '.join(run.tally.words)}"[:2000]
            key = f"reconcile:{run.began:%Y-%m-%d}:{run.tally.found}"
            for person in staffing.managers(session, run.at):
                sweeps.tell(session, Message(key=f"{key}:{person.to}", to=person.to, subject=told, at=run.at))

    # ── every 15 minutes ────────────────────────────────────────────────────

    @activity.defn(name="failing_steps")
    async def failing_steps(self, page: StepInput) -> StepResult:
        """Steps that keep failing are tried again, later and later (T12 `step_failing`)."""
        rows, cursor = await self._read(
            lambda session: unattended.failing(session, page.now, page.cursor or FIRST, self._page)
        )
        again = [row for row in rows if row.again]
        requests = [Request(row.case_no, Action.RETRY, f"{page.run_id}:retry:{row.case_no}") for row in again]
        did = await self._asking.ask(requests)
        tally = Tally(found=len(rows), did=did, details={"step_failing": len(rows), "retried": did})
        return StepResult(tally=tally, cursor=cursor)

    @activity.defn(name="unowned_cases")
    async def unowned_cases(self, page: StepInput) -> StepResult:
        """T11: work without an owner goes to whoever is on duty and has the fewest due soon."""
        return await self._give(page, "no_owner", unattended.unowned)

    @activity.defn(name="cases_left_behind")
    async def cases_left_behind(self, page: StepInput) -> StepResult:
        """T11: so does what somebody left who is away for days, past the deadline."""
        return await self._give(page, "owner_away", unattended.left_behind)

    async def _give(self, page: StepInput, name: str, find: Callable[..., Any]) -> StepResult:
        rows: tuple[ToGive, ...]
        rows, cursor = await self._read(lambda session: find(session, page.now, page.cursor or FIRST, self._page))
        wanted = [
            Request(row.case_no, Action.ASSIGN, f"{page.run_id}:assign:{row.case_no}", {"to": row.to})
            for row in rows
            if row.to is not None
        ]
        did = await self._asking.ask(wanted)
        details = {name: len(rows), "assigned": did, "nobody_free": len(rows) - len(wanted)}
        return StepResult(tally=Tally(found=len(rows), did=did, details=details), cursor=cursor)

    @activity.defn(name="overdue_others")
    async def overdue_others(self, page: StepInput) -> StepResult:
        """T12 `over_waiting`: whoever keeps us waiting past the deadline is reminded, once for each wait."""
        rows, cursor = await self._read(
            lambda session: unattended.overdue_others(session, page.now, page.cursor or FIRST, self._page)
        )
        note = {"note": "The deadline has passed."}
        requests = [
            Request(row.case_no, Action.REMIND, f"sweep:remind:{row.case_no}:{row.due_at:%Y%m%d%H%M%S}", note)
            for row in rows
        ]
        did = await self._asking.ask(requests)
        return StepResult(tally=Tally(found=len(rows), did=did, details={"over_waiting": len(rows)}), cursor=cursor)

    @activity.defn(name="stuck_counts")
    async def stuck_counts(self, page: StepInput) -> StepResult:
        """How many cases are stuck, by reason: so that the row of the run tells what the sweep saw."""
        found = await self._read(lambda session: stuck.rows(session, page.now, limit=1))
        reasons = ", ".join(f"{name} {count}" for name, count in found.by_reason.items())
        words = (f"{found.total} cases are stuck: {reasons}",) if found.total else ("nothing is stuck",)
        return StepResult(tally=Tally(words=words, details={"stuck": found.total, "by_reason": found.by_reason}))

    # ── in the morning ──────────────────────────────────────────────────────

    @activity.defn(name="manager_digest")
    async def manager_digest(self, page: StepInput) -> StepResult:
        """One letter for every manager and day."""
        return await self._write(lambda session: self._digests(session, page))

    def _digests(self, session: Session, page: StepInput) -> StepResult:
        day = f"{page.now.astimezone(self._zone):%Y-%m-%d}"
        since = sweeps.done_before(session, page.sweep, page.run_id)
        found = digests.digest(session, page.now, since, day)
        letters = [
            (
                Message(
                    key=f"digest:{day}:{one.to}", to=one.to, subject=digest_words(found, one.language), at=page.now
                ),
                None,
            )
            for one in staffing.managers(session, page.now)
        ]
        did = sweeps.tell_all(session, letters)
        details = {"letters": did, "stuck": found.stuck, "approvals": found.approvals}
        return StepResult(tally=Tally(found=len(letters), did=did, details=details))

    @activity.defn(name="missing_remittances")
    async def missing_remittances(self, page: StepInput) -> StepResult:
        """L12: whoever took the order, or the customer's notice, asks; again every three days."""
        return await self._write(lambda session: self._missing(session, page))

    def _missing(self, session: Session, page: StepInput) -> StepResult:
        rows, cursor = remittances.missing(session, page.now, page.cursor or FIRST, self._page)
        told = [
            (
                Message(
                    key=f"{row.case_no}:remittance:{row.what}:{row.since:%Y%m%d}:{row.time}",
                    to=row.ask,
                    subject=_ASK[row.what].format(since=f"{row.since.astimezone(self._zone):%m-%d}"),
                    at=page.now,
                ),
                row.case_no,
            )
            for row in rows
        ]
        did = sweeps.tell_all(session, told)
        details = {what: sum(row.what == what for row in rows) for what in _ASK}
        return StepResult(tally=Tally(found=len(rows), did=did, details=details), cursor=cursor)

    @activity.defn(name="new_remittances")
    async def new_remittances(self, page: StepInput) -> StepResult:
        """L12: new entries are checked by the supervisor every day."""
        return await self._write(lambda session: self._new(session, page))

    def _new(self, session: Session, page: StepInput) -> StepResult:
        since = sweeps.done_before(session, page.sweep, page.run_id) or page.now - timedelta(days=1)
        numbers = remittances.new(session, since)
        did = 0
        if numbers:
            more = f" … +{len(numbers) - NAMED}" if len(numbers) > NAMED else ""
            told = f"{len(numbers)} new transfers to be checked (L12): {', '.join(numbers[:NAMED])}{more}"
            key = f"remittances:{page.now.astimezone(self._zone):%Y-%m-%d}"
            did = sweeps.tell(session, Message(key=key, to=Role.SUPERVISOR.value, subject=told, at=page.now))
        return StepResult(tally=Tally(found=len(numbers), did=int(did), details={"new": len(numbers)}))

    # ── callbacks and months ────────────────────────────────────────────────

    @activity.defn(name="periodic_callbacks")
    async def periodic_callbacks(self, page: StepInput) -> StepResult:
        """T6: customers are called at intervals after their last purchase, each once for an occasion."""
        done = await self._write(lambda session: self._plan(session, page))
        details = {"planned": done.planned, "not_called": done.left_out}
        return StepResult(tally=Tally(found=done.found, did=done.planned, details=details), cursor=done.cursor)

    def _plan(self, session: Session, page: StepInput) -> periodic.Planned:
        in_force = self._playbooks.current()
        rules = in_force.callbacks
        calendar = in_force.calendars.get(rules.calendar) or in_force.calendars[ALL_HOURS]
        return periodic.plan(session, rules, calendar, self._zone, page.now, page.cursor or FIRST_OCCASION, self._page)

    @activity.defn(name="monthly_summary")
    async def monthly_summary(self, page: StepInput) -> StepResult:
        """T13: the month that is over, once and as it was."""
        return await self._write(lambda session: self._month(session, page))

    def _month(self, session: Session, page: StepInput) -> StepResult:
        month = month_before(page.now.astimezone(self._zone).date())
        begin, end = months.bounds(month, self._zone)
        document = months.summary(session, begin, end)
        new = months.keep(session, month, document, page.now)
        told = f"The numbers of {month} are kept: {sum(document['opened'].values())} cases opened."
        letters = [
            (Message(key=f"month:{month}:{one.to}", to=one.to, subject=told, at=page.now), None)
            for one in staffing.managers(session, page.now)
        ]
        did = sweeps.tell_all(session, letters)
        details = {"month": month, "letters": did}
        return StepResult(tally=Tally(found=1, did=int(new), words=(told,), details=details))

    # ── the parts ───────────────────────────────────────────────────────────

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._playbooks.current().shop.timezone)

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


_ASK = {
    "unpaid": "The transfer was expected by {since} and has not come: ask the customer (L12).",
    "not_found": "The payment that the customer noted was not found by {since}: ask by phone (L12).",
}
