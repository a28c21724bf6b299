"""The steps of the sweeps: each reads a page, asks cases or people for what is to be done, and says what it came to.

All of it can be done again: cases are asked under ids of the run, people are told under keys, rows have keys.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio import activity
from temporalio.client import Client

from activities.asking import Asking, Request
from activities.door import Door
from activities.housekeeping import Housekeeping
from activities.orphans import Orphans
from activities.reconciling import Reconciling
from models.effects import Message
from models.lifecycle import Action, Role
from models.oversight.callbacks import month_before
from models.oversight.orphans import OrphanInput
from models.oversight.sweeps import (
    AUDIT,
    RECONCILE,
    SWEEP_BEGAN,
    SWEEP_ENDED,
    RunBegan,
    RunEnded,
    StepInput,
    StepResult,
    Tally,
)
from models.people.digest import both, digest_words, listed, notice
from models.playbook import ALL_HOURS
from playbooks.loading.in_force import InForce
from store.accounting import remittances
from store.accounting.claims import ClaimRow
from store.accounting.claims import overdue as overdue_claims
from store.engine import reading, writing
from store.oversight import digests, months, periodic, stuck, sweeps, unattended
from store.oversight.reports import monthly
from store.oversight.unattended import ToGive

T = TypeVar("T")

#: Rows that one call of an activity looks at.
PAGE = 200
#: Where a list of cases begins, and the first page of callbacks.
FIRST, FIRST_OCCASION = "", "0"
#: So many numbers of cases are named in a message.
NAMED = 20


class Sweeps:
    """Every step of every sweep, on one store, one Temporal and the playbooks in force."""

    def __init__(
        self, engine: Engine, client: Client, playbooks: InForce, page: int | None = None, files: str | None = None
    ) -> None:
        self._engine = engine
        self._asking = Asking(client, engine)
        self._orphans = Orphans(client, engine)
        self._playbooks = playbooks
        self._page = page or PAGE
        self._housekeeping = Housekeeping(engine, playbooks, self._page, files)
        self._reconciling = Reconciling(engine, client, self._asking, self._page)
        self._door = Door(engine, self._asking, playbooks, self._page)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        own: list[Callable[..., Any]] = [
            *(self.began, self.ended),
            *(
                self.orphans,
                self.failing_steps,
                self.unowned_cases,
                self.cases_left_behind,
                self.overdue_others,
                self.stuck_counts,
            ),
            *(self.manager_digest, self.periodic_callbacks, self.monthly_summary),
            *(self.missing_remittances, self.new_remittances, self.overdue_claims),
        ]
        return [*own, *self._door.activities, *self._reconciling.activities, *self._housekeeping.activities]

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
        if run.sweep in (RECONCILE, AUDIT) and run.tally.found:
            words = notice("uneven", count=run.tally.found, lines="\n".join(run.tally.words))
            # The same again in the next hours is told once a day.
            key = f"reconcile:{run.began.astimezone(self._zone):%Y-%m-%d}:{_short(words['en'])}"
            self._tell_managers(session, key, words, run.at)

    def _tell_managers(
        self, session: Session, key: str, words: Mapping[str, str], at: datetime, passing: bool = False
    ) -> Tally:
        """One letter for every manager under the key; those whom nobody stands in for while they are off are named.

        They are told when they are back, unless it is `passing` news.
        """
        people = digests.managers(session, at)
        did = sum(sweeps.tell(session, f"{key}:{person}", person, words, at, passing) for person in people)
        missed = [person for person in people if not sweeps.heard(session, f"{key}:{person}")]
        told = tuple(
            f"{person} is off duty, and nobody stands in"
            if passing
            else f"{person} is off duty, and nobody stands in: told when they are back"
            for person in missed
        )
        return Tally(found=len(people), did=did, words=told, details={"letters": did, "off_duty": len(missed)})

    # ── every 15 minutes ────────────────────────────────────────────────────

    @activity.defn(name="orphans")
    async def orphans(self, page: StepInput) -> StepResult:
        """T12 `no_timer`: open cases that do not run are started again."""
        asked = OrphanInput(now=page.now, after=page.cursor or FIRST, limit=self._page)
        found = await self._orphans.find_orphans(asked)
        words = (*(f"{no}: did not run" for no in found.orphans), *(f"{no}: does not start" for no in found.failed))
        details = {"looked_at": found.looked_at, "orphans": len(found.orphans), "restarted": found.restarted}
        tally = Tally(
            found=len(found.orphans), did=found.restarted, failed=len(found.failed), words=words, details=details
        )
        return StepResult(tally=tally, cursor=found.next_after)

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
        words = both(lambda language: digest_words(found, language))
        tally = self._tell_managers(session, f"digest:{day}", words, page.now, passing=True)
        counts = {"stuck": found.stuck, "approvals": found.approvals}
        return StepResult(tally=tally.and_(Tally(details=counts)))

    @activity.defn(name="missing_remittances")
    async def missing_remittances(self, page: StepInput) -> StepResult:
        """L12: whoever took the order, or the customer's notice, asks; again every three days."""
        return await self._write(lambda session: self._missing(session, page))

    def _missing(self, session: Session, page: StepInput) -> StepResult:
        rows, cursor = remittances.missing(session, page.now, page.cursor or FIRST, self._page)
        told = [(row.case_no, self._asked(row, page.now)) for row in rows]
        did = sweeps.tell_of_cases(session, told)
        details = {what: sum(row.what == what for row in rows) for what in ASK}
        return StepResult(tally=Tally(found=len(rows), did=did, details=details), cursor=cursor)

    def _asked(self, row: remittances.Missing, now: datetime) -> Message:
        key = f"{row.case_no}:remittance:{row.what}:{row.since:%Y%m%d}:{row.time}"
        told = ASK[row.what].format(since=f"{row.since.astimezone(self._zone):%m-%d}")
        return Message(key=key, to=row.ask, subject=told, at=now)

    @activity.defn(name="new_remittances")
    async def new_remittances(self, page: StepInput) -> StepResult:
        """L12: new entries are checked by the supervisor every day, by a manager where no supervisor is on duty."""
        return await self._write(lambda session: self._new(session, page))

    def _new(self, session: Session, page: StepInput) -> StepResult:
        since = sweeps.done_before(session, page.sweep, page.run_id) or page.now - timedelta(days=1)
        numbers = remittances.new(session, since)
        if not numbers:
            return StepResult(tally=Tally(details={"new": 0}))
        words = notice("transfers", count=len(numbers), cases=listed(numbers, NAMED))
        key = f"remittances:{page.now.astimezone(self._zone):%Y-%m-%d}"
        did = sweeps.tell(session, key, Role.SUPERVISOR.value, words, page.now)
        later = () if sweeps.heard(session, key) else ("nobody who checks transfers is on duty: told to whoever comes",)
        return StepResult(tally=Tally(found=len(numbers), did=did, words=later, details={"new": len(numbers)}))

    @activity.defn(name="overdue_claims")
    async def overdue_claims(self, page: StepInput) -> StepResult:
        """L5, G10: a claim whose deadline has passed is told to whoever has the next move; again every week."""
        return await self._write(lambda session: self._claims(session, page))

    def _claims(self, session: Session, page: StepInput) -> StepResult:
        rows, cursor = overdue_claims(session, page.now, page.cursor or FIRST, self._page)
        did = sweeps.tell_of_cases(session, [(row.case_no, _late_claim(row, page.now)) for row in rows])
        return StepResult(tally=Tally(found=len(rows), did=did, details={"claims": len(rows)}), cursor=cursor)

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
        report = monthly(session, month, self._playbooks.current().reports, self._zone, page.now)
        document = {**months.summary(session, begin, end), "report": report}
        new = months.keep(session, month, document, page.now)
        counts = {name: sum(document[name].values()) for name in ("opened", "ended")}
        words = notice("month", month=month, **counts)
        letters = self._tell_managers(session, f"month:{month}", words, page.now)
        kept = Tally(found=1, did=int(new), words=(words["en"],), details={"month": month, **counts})
        return StepResult(tally=kept.and_(Tally(words=letters.words, details=letters.details)))

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


def _late_claim(row: ClaimRow, now: datetime) -> Message:
    """Money that was promised or asked for is finance's to chase; what has to be filed or decided is the owner's."""
    assert row.due_at is not None
    key = f"{row.case_no}:claim:{row.number}:{row.due_at:%Y%m%d}:{(now - row.due_at) // CLAIM_ASKED_EVERY}"
    to = "finance" if row.awaits == "payment" else "owner"
    return Message(key=key, to=to, subject=LATE_CLAIM[row.awaits or "decision"], at=now)


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


#: A claim past its deadline is told again every so long, and what is told then.
CLAIM_ASKED_EVERY = timedelta(days=7)
LATE_CLAIM = {
    "filing": "A claim was not filed by its deadline: file it with its evidence, or have it written off.",
    "answer": "A claim was not answered by its deadline: ask for the answer.",
    "payment": "A claim that was accepted was not paid by its deadline: ask for the money.",
    "decision": "A claim waits for a decision past its deadline: appeal it once, or have it written off.",
}
#: What those who are to ask about a transfer are told.
ASK = {
    "unpaid": "The transfer was expected by {since} and has not come: ask the customer (L12).",
    "not_found": "The payment that the customer noted was not found by {since}: ask by phone (L12).",
}
