"""Weeks and months in the life of a shop, and what its clocks must have said, told a second way (T1, T2, T8, T10).

Twenty cases of several kinds, moved by people who are often late; a Spring Festival with its make-up days, a rota that
changes in the middle, absences; and a worker that is gone for a night, a day or a weekend in every week. No deadline
waits for the worker: what passed while it was away is said once when it is back, and marked as noticed late.
"""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.testing import WorkflowEnvironment

from activities.outbox import Postman
from models.clocks import used_seconds
from models.errors import AftercareError
from models.events import Entry
from models.people.duty import Absence
from models.tables import letters
from store.engine import reading
from tests.people import LONG_AGO, a_roster, rota
from tests.staffed import write_down
from tests.workflows.oracle import (
    ALWAYS,
    CLIMBS,
    SHANGHAI,
    Cycle,
    Duties,
    Hours,
    answers_of,
    cycles_of,
    expected,
    instant,
    seconds,
    written_out,
)
from tests.world import World, a_world
from worker import case_worker

#: Thirteen are three months; the default keeps the suite short, and has everything in it that the longer life has.
WEEKS = int(os.environ.get("AFTERCARE_WEEKS", "2"))
#: Nothing is remembered between two tasks of a case: every one of them replays its history.
FORGETFUL: dict[str, Any] = {
    "max_cached_workflows": 0,
    "max_concurrent_workflow_tasks": 1,
    "max_concurrent_workflow_task_polls": 1,
}
#: The weeks in which somebody looks at the desk six times a day; in later ones twice a day, because every task replays
#: all of a case's months.
BUSY_WEEKS = 2
#: Real time that passes between a deadline and its fact, in seconds: the server's clock runs on while it is written.
SLACK = 30
#: When somebody looks at the desk, and the postman goes his round.
TIMES = ("09:04", "11:37", "12:11", "16:22", "17:46", "21:07")

KINDS = (
    "quality_fault", "damaged_in_transit", "wrong_item", "missing_item", "not_as_described", "change_of_mind",
    "warranty_repair", "tracking_stalled", "no_scan", "signed_not_received",
)  # fmt: skip
FOUND = {"line_no": 1, "quantity": 1, "grade": "damaged", "disposition": "scrap"}
BY_US = [{**FOUND, "cause": "manufacturing", "party_liable": "seller"}]
BY_NOBODY = [{**FOUND, "cause": "none_found", "party_liable": "customer", "grade": "as_new"}]
PARCEL = {"carrier": "SF", "waybill": "SF1"}
#: What people do in which state: action, role, data.
MOVES: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "requested": (
        ("request_evidence", "agent", {"what": ["a photo of the label"]}),
        ("investigate", "agent", {"check": "warehouse"}),
        ("make_offer", "agent", {"amount": "3.00"}),
        ("authorise_return", "agent", {"label": "L1"}),
    ),
    "awaiting_evidence": (("submit_evidence", "customer", {"text": "Here it is."}),),
    "investigating": (
        ("investigate", "agent", {"check": "courier"}),
        ("report_finding", "warehouse", {"finding": "delayed"}),
        ("report_finding", "courier", {"finding": "lost"}),
    ),
    "offered": (("accept_offer", "customer", {}), ("decline_offer", "customer", {})),
    "awaiting_return": (("ship_return", "customer", PARCEL),),
    "return_in_transit": (("book_in", "warehouse", {}),),
    "received": (("confirm_fault", "warehouse", {"lines": BY_US}), ("pass_inspection", "warehouse", {"lines": BY_US})),
    "inspected": (("choose_remedy", "agent", {"remedy": "refund"}),),
    "fault_confirmed": (
        ("choose_remedy", "agent", {"remedy": "refund"}),
        ("choose_remedy", "agent", {"remedy": "exchange"}),
        ("choose_remedy", "agent", {"remedy": "repair"}),
    ),
    "awaiting_approval": (("approve", "manager", {}), ("deny", "manager", {"note": "too much"})),
    "repairing": (("finish_repair", "workshop", {"report": "done"}),),
    "exchanging": (("ship_replacement", "warehouse", {**PARCEL, "waybill": "SF2"}),),
    "returning_goods": (("ship_back", "warehouse", {**PARCEL, "waybill": "SF3"}),),
    "delivering": (("record_delivery", "courier", {"outcome": "delivered"}),),
    "refunding": (("paid", "finance", {}),),
    "resolved": (
        ("complete_callback", "agent", {"satisfied": True}),
        ("complete_callback", "agent", {"satisfied": False, "words": "It broke again."}),
        ("miss_callback", "agent", {}),
    ),
    "closed": (("reopen", "manager", {"reason": "It broke again."}),),
}
#: What changes no state.
BESIDE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("customer_message", "customer", {"text": "When?"}),
    ("message", "agent", {"text": "It comes on Friday."}),
    ("message", "agent", {"text": "We are looking at it."}),
    ("note", "agent", {"note": "He called."}),
    ("acknowledge", "agent", {"note": "I have it."}),
    ("set_priority", "agent", {"priority": "high"}),
    ("escalate", "agent", {"reason": "He is upset.", "to": "supervisor"}),
)


@dataclass
class Life:
    """The shop, its calendars a second time, and when its worker was away."""

    shop: World
    monday: date
    dice: random.Random
    away: list[tuple[int, int]] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    # ── the calendars, written out ──

    @property
    def festival(self) -> list[date]:
        """A Monday to Sunday in the second week; the Sunday before and the Saturday after it are worked."""
        first = self.monday + timedelta(weeks=1)
        return [first + timedelta(days=number) for number in range(7)]

    @property
    def made_up(self) -> list[date]:
        return [self.festival[0] - timedelta(days=1), self.festival[-1] + timedelta(days=6)]

    def put_into_force(self) -> None:
        """The same festival in the shop's own calendar."""
        worked = [["09:00", "12:00"], ["12:30", "18:00"]]
        self.shop.held.change_calendar(
            "shop_cn",
            holidays=[{"from": self.festival[0].isoformat(), "to": self.festival[-1].isoformat()}],
            special_hours={day.isoformat(): worked for day in self.made_up},
        )

    def working(self) -> Hours:
        worked = (("09:00", "12:00"), ("12:30", "18:00"))

        def hours(day: date) -> tuple[tuple[str, str], ...]:
            open_day = day in self.made_up or (day.weekday() < 5 and day not in self.festival)
            return worked if open_day else ()

        return written_out(self.monday - timedelta(days=3), 150, hours)

    def calling(self) -> Hours:
        return written_out(self.monday - timedelta(days=3), 150, lambda day: (("09:00", "21:00"),))

    # ── the people ──

    def duties(self) -> Duties:
        """Li by day, from the third week by night; Wu and Sun eight days of ten; Zhou supervises by day."""
        shifts = {"day": (("09:00", "12:00"), ("12:30", "16:30")), "night": (("15:30", "17:30"), ("18:00", "23:00"))}
        first, later = self.monday - timedelta(days=4), self.monday + timedelta(weeks=2)
        eight = ("day",) * 8 + ("off",) * 2
        nights = ("night",) * 8 + ("off",) * 2
        rotas: dict[str, list[tuple[date, tuple[str, ...]]]] = {
            "li": [(first, ("day",)), (later, ("night",))],
            "wu": [(first, eight)],
            "sun": [(first, nights), (later, eight)],
            "zhou": [(first, ("day", "day", "day", "day", "off"))],
        }
        ill = datetime.combine(self.monday + timedelta(days=2), time(0), SHANGHAI)
        return Duties(shifts, rotas, {"wu": [(seconds(ill), seconds(ill + timedelta(days=6)))]})

    def hire(self) -> None:
        """The same people on the staff list."""
        facts: list[Any] = []
        for person, held in self.duties().rotas.items():
            for number, (first, pattern) in enumerate(held):
                known = LONG_AGO + timedelta(days=1 + number)
                facts.append(rota(person, *pattern, first_day=first.isoformat(), recorded_at=known))
        for person, spans in self.duties().away.items():
            for begins, ends in spans:
                from_at, until_at = (datetime.fromtimestamp(at, SHANGHAI) for at in (begins, ends))
                facts.append(Absence(id="ill", person=person, from_at=from_at, until_at=until_at, recorded_at=LONG_AGO))
        write_down(self.shop.engine, a_roster(*facts))

    # ── what they do ──

    async def open_cases(self) -> None:
        for number in range(20):
            kind = KINDS[number % len(KINDS)]
            gone = kind in ("tracking_stalled", "no_scan")
            order = await self.shop.sold(parcel="gone" if gone else "delivered")
            self.cases.append(await self.shop.opened(kind, order))
            if number % 5:
                await self.shop.act(self.cases[-1], "message", text="We are looking at it.")

    async def somebody_acts(self) -> None:
        """Somebody does something in a case, or finds that it cannot be done."""
        case_no = self.dice.choice(self.cases)
        state = self.shop.stored(case_no).state.value
        every = MOVES.get(state, ()) if self.dice.random() < 0.6 else BESIDE
        if not every or (state == "closed" and self.dice.random() < 0.7):
            return
        action, role, data = self.dice.choice(every)
        with suppress(AftercareError):
            if action == "paid":
                await self.shop.paid(case_no)
            else:
                await self.shop.act(case_no, action, role, **data)
            self.done[action] += 1

    async def a_machine_speaks(self) -> None:
        """While the worker is away signals arrive: couriers and mail robots do not wait."""
        case_no = self.dice.choice(self.cases)
        if not self.shop.stored(case_no).is_final:
            told = {"action": "customer_message", "actor": {"id": "c-88", "role": "customer"}, "data": {"text": "Hm."}}
            await self.shop.handle(case_no).signal("command", told)

    def rounds(self, week: int) -> Iterator[datetime]:
        for day in range(7):
            for wall in TIMES if week < BUSY_WEEKS else TIMES[1::3]:
                on = self.monday + timedelta(days=7 * week + day)
                yield datetime.combine(on, time.fromisoformat(wall), SHANGHAI)

    def absence_of_the_worker(self, week: int) -> tuple[datetime, datetime]:
        """From some hour on it is gone, for a night, a day or two days."""
        begins = self.monday + timedelta(days=7 * week + self.dice.randrange(6))
        at = datetime.combine(begins, time(self.dice.choice((8, 11, 16, 20))), SHANGHAI)
        return at, at + timedelta(hours=self.dice.choice((3, 14, 26, 50)), minutes=17)


@asynccontextmanager
async def a_life(env: WorkflowEnvironment, folder: Path) -> Any:
    async with a_world(env.client, folder, env, **FORGETFUL) as (shop, worker):
        await worker.shutdown()  # this shop's worker comes and goes
        await shop.until_a_quiet_monday()
        life = Life(shop, shop.now.astimezone(SHANGHAI).date(), random.Random(5))
        life.put_into_force()
        life.hire()
        yield life


async def lived(life: Life) -> None:
    """Week after week, each with a worker that is away for a while."""
    shop = life.shop
    postman = Postman(shop.engine, clock=lambda: shop.now)
    for week in range(WEEKS):
        gone, back = life.absence_of_the_worker(week)
        rounds = list(life.rounds(week))
        async with case_worker(shop.client, shop.engine, shop.held, None, **FORGETFUL):
            if week == 0:
                await life.open_cases()
            await a_week(life, postman, [at for at in rounds if at < gone])
        life.away.append((seconds(await shop.look_at_the_clock()), 0))
        for at in (at for at in rounds if gone <= at < back):
            await shop.unattended(at)
            if life.dice.random() < 0.4:
                await life.a_machine_speaks()
        await shop.unattended(back)
        async with case_worker(shop.client, shop.engine, shop.held, None, **FORGETFUL):
            await caught_up(life)
            life.away[-1] = (life.away[-1][0], seconds(await shop.look_at_the_clock()))
            await a_week(life, postman, [at for at in rounds if at >= back])
    postman.close()


async def a_week(life: Life, postman: Postman, rounds: list[datetime]) -> None:
    for at in rounds:
        if at > life.shop.now:
            await life.shop.until(at)
        for _ in range(life.dice.choice((0, 1, 1, 2, 3))):
            await life.somebody_acts()
        await life.shop.look_at_the_clock()
        postman.address()


async def caught_up(life: Life) -> None:
    """The worker is back: wait until every case has done what it had slept through."""
    shop = life.shop
    async with asyncio.timeout(120):
        for case_no in life.cases:
            while (due := shop.stored(case_no).alarm_without(frozenset())) and due <= shop.now:
                await asyncio.sleep(0.02)


# ── what must have been said ──────────────────────────────────────────────────────────────────────

SAID = ("warned", "breached", "escalated", "skipped")


@dataclass
class Verdict:
    """One case, by the oracle and by the shop."""

    life: Life
    case_no: str
    working: Hours
    calling: Hours

    def __post_init__(self) -> None:
        shop = self.life.shop
        self.case = shop.stored(self.case_no)
        self.timeline = shop.timeline(self.case_no)
        self.now = seconds(shop.now)
        self.calendars = {"shop_cn": self.working, "all_hours": ALWAYS}
        told = (self.timeline, self.case.procedure, self.calendars, self.now)
        self.cycles = [*cycles_of(*told), *answers_of(*told)]
        self.facts = [entry for entry in self.timeline if entry.action in SAID and "clock" in entry.data]

    def check(self) -> Counter[str]:
        self.every_clock_used_what_the_oracle_says()
        self.every_fact_is_there_once()
        for cycle in self.cycles:
            self.the_first_turn_came_when_it_should(cycle)
        self.nobody_was_called_at_night()
        self.quiet_while_acknowledged()
        self.what_nobody_ended_comes_back_every_day()
        return Counter(entry.action for entry in self.facts)

    def every_clock_used_what_the_oracle_says(self) -> None:
        calendars = self.life.shop.held.current().calendars
        shown = {
            (c.clock, c.cycle): used_seconds(c, calendars[c.calendar], self.life.shop.now)
            for c in self.case.clocks
            if c.clock not in ("promise", *self.case.procedure.side_clocks) or c.clock == "next_answer"
        }
        assert shown == {cycle.name: cycle.used for cycle in self.cycles}, self.case_no

    def every_fact_is_there_once(self) -> None:
        named = Counter((e.action, e.data["clock"], e.data["cycle"], e.data["alarm"]) for e in self.facts)
        assert not [name for name, times in named.items() if times > 1], self.case_no

    def the_first_turn_came_when_it_should(self, cycle: Cycle) -> None:
        chain = self.case.procedure.escalation
        said = {e.data["alarm"]: e for e in self.facts if self.is_of(e, cycle) and e.action != "skipped"}
        for alarm, at in expected(cycle, chain.levels, self.calling):
            where = f"{self.case_no} {cycle.name} {alarm}, expected {instant(at)}"
            if self.may_be_missing(cycle, alarm, at):
                continue
            assert alarm in said, f"{where}: missing"
            self.came_in_time(said[alarm], at, where)
        first = {"warning", "due", *(f"level {level.level}" for level in chain.levels)} & set(said)
        early = first - {alarm for alarm, _ in expected(cycle, chain.levels, self.calling)}
        skipped = {e.data["alarm"] for e in self.facts if self.is_of(e, cycle) and e.action == "skipped"}
        assert not early or skipped, f"{self.case_no} {cycle.name}: said too early: {early}"

    def may_be_missing(self, cycle: Cycle, alarm: str, at: int) -> bool:
        """It would have come after the clock had stopped, or while somebody had acknowledged."""
        if any(begins <= at <= ends for begins, ends in self.quiet) or self.touched_by_quiet(cycle, at):
            return True
        if alarm != "due" and self.ended_by_itself(cycle):
            return True
        stopped = [end for start, end in cycle.ran if start <= at]
        ran_on = stopped and at + SLACK < stopped[-1] and any(start <= at < end for start, end in cycle.ran)
        return not ran_on

    def ended_by_itself(self, cycle: Cycle) -> bool:
        """Its end was another try, or the next step: what was to come after it is not said any more."""
        ends = (seconds(e.at) for e in self.facts if self.is_of(e, cycle) and e.data["alarm"] == "due")
        return not cycle.running and any(abs(end - cycle.ran[-1][1]) <= 1 for end in ends)

    def touched_by_quiet(self, cycle: Cycle, at: int) -> bool:
        return any(begins <= at and ends >= cycle.ran[0][0] for begins, ends in self.quiet)

    def came_in_time(self, fact: Entry, at: int, where: str) -> None:
        came = seconds(fact.at)
        gone = next(((left, back) for left, back in self.life.away if left - SLACK <= at <= back), None)
        by = f"{where}, came {instant(came)}"
        if self.after_a_skip(fact):
            return  # told at once, because nobody was there for the level below
        assert came >= at - 1, f"{by}: too early"
        if gone:
            assert came <= gone[1] + SLACK, f"{by}: too late, although the worker was back at {instant(gone[1])}"
            assert fact.data["noticed_late"] or came - at <= SLACK, by
        else:
            assert came <= at + SLACK, f"{by}: too late"
            assert not fact.data["noticed_late"] or came - at > 5, by

    def after_a_skip(self, fact: Entry) -> bool:
        """Whether a level below was skipped, so that this one and those after it came earlier."""
        return any(
            e.action == "skipped" and e.data["clock"] == fact.data["clock"] and e.data["cycle"] == fact.data["cycle"]
            for e in self.facts
            if e.seq < fact.seq
        )

    def is_of(self, entry: Entry, cycle: Cycle) -> bool:
        return (entry.data.get("clock"), entry.data.get("cycle")) == cycle.name

    @property
    def quiet(self) -> list[tuple[int, int]]:
        """T8: four working hours from each acknowledgement, unless somebody handed it up meanwhile."""
        found: list[tuple[int, int]] = []
        for entry in self.timeline:
            at = seconds(entry.at)
            if found and found[-1][1] > at and entry.action in ("acknowledge", "escalate"):
                found[-1] = (found[-1][0], at)
            if entry.action == "acknowledge":
                found.append((at, self.working.after(at, 4 * 3600)))
        return found

    def quiet_while_acknowledged(self) -> None:
        rang = [seconds(e.at) for e in self.facts if e.action == "escalated"]
        broken = [(instant(at), self.case_no) for at in rang for begins, ends in self.quiet if begins < at < ends]
        assert not broken

    def nobody_was_called_at_night(self) -> None:
        """Only what was slept through is said whenever the worker is back."""
        for entry in self.facts:
            at = seconds(entry.at)
            late = any(left - SLACK <= at <= back + SLACK for left, back in self.life.away)
            if entry.action == "escalated" and not late:
                open_then = self.calling.holds(at - 1) or self.calling.holds(at)
                assert open_then, f"{self.case_no} {entry.data['clock']} {instant(at)}"

    def what_nobody_ended_comes_back_every_day(self) -> None:
        """A clock that is over its end is never silent for much longer than a day and a night."""
        for cycle in self.cycles:
            due = cycle.reaches(cycle.rule.target)
            if not due or cycle.rule.outcome not in CLIMBS or not cycle.running:
                continue
            runs = max(due[0], cycle.ran[-1][0])
            rang = [runs, *(at for e in self.facts if self.is_of(e, cycle) and (at := seconds(e.at)) >= runs), self.now]
            longest = max(later - earlier for earlier, later in pairwise(rang))
            outages = sum(back - left for left, back in self.life.away)
            spared = max((end - begin for begin, end in self.quiet), default=0)
            assert longest <= 37 * 3600 + spared + min(outages, 51 * 3600), f"{self.case_no} {cycle.name}: {longest}"

    def skips(self, duties: Duties) -> int:
        """Who was told: a level is skipped if and only if nobody of it was on duty."""
        chain = self.case.procedure.escalation
        targets = {level.level: level.targets for level in chain.levels}
        skipped = {(e.data["clock"], e.data["cycle"], e.data["alarm"]) for e in self.facts if e.action == "skipped"}
        for entry in (e for e in self.facts if e.action == "escalated"):
            key = (entry.data["clock"], entry.data["cycle"], entry.data["alarm"])
            where = f"{self.case_no} {key}, {instant(seconds(entry.at))}"
            there = anybody(duties, targets[entry.data["level"]], seconds(entry.at))
            talking = self.customer_spoke_before(entry)
            assert key in skipped or there or talking, f"{where}: nobody was there"
            assert not (key in skipped and there), f"{where}: somebody was there"
        return len(skipped)

    def customer_spoke_before(self, entry: Entry) -> bool:
        """T18: a shift lasts while a customer talks."""
        spoke = (e.at for e in self.timeline if e.actor.role == "customer")
        return any(timedelta(0) <= entry.at - at < timedelta(hours=2) for at in spoke)


def anybody(duties: Duties, targets: tuple[str, ...], at: int) -> bool:
    agents = ("li", "wu", "sun")
    people = {"owner": agents, "on_duty": agents, "supervisor": ("zhou",), "manager": ("chen",)}
    return any(duties.on_duty(person, at) for target in targets for person in people[target])


def all_were_on_duty(life: Life, duties: Duties) -> int:
    """T11: every letter of the chain went to somebody who was on duty when it was addressed."""
    with reading(life.shop.engine) as session:
        rows = session.execute(select(letters.c.holder, letters.c.addressed_at, letters.c.subject)).all()
    spoke = [e.at for case_no in life.cases for e in life.shop.timeline(case_no) if e.actor.role == "customer"]
    for row in rows:
        overtime = any(timedelta(0) <= row.addressed_at - at < timedelta(hours=2) for at in spoke)
        there = duties.on_duty(row.holder, seconds(row.addressed_at))
        assert there or overtime, f"{row.holder} was told at {row.addressed_at.astimezone(SHANGHAI)}: {row.subject}"
    return len(rows)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_the_life_of_twenty_cases_and_every_clock_said_what_it_should_T1_T8_T10_T11(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with a_life(skipping, tmp_path) as life:
        await lived(life)
        duties, working, calling = life.duties(), life.working(), life.calling()
        counted: Counter[str] = Counter()
        verdicts = [Verdict(life, case_no, working, calling) for case_no in life.cases]
        for verdict in verdicts:
            counted += verdict.check()
        skipped = sum(verdict.skips(duties) for verdict in verdicts)
        told = all_were_on_duty(life, duties)
        cycles = sum(len(verdict.cycles) for verdict in verdicts)
        done = f"{life.done.total()} things done, {len(life.away)} outages of the worker"
        sys.stdout.write(f"\n{WEEKS} weeks: {done}, {cycles} cycles, {dict(counted)}, {told} letters\n")
        assert cycles > 5 * WEEKS
        assert skipped == counted["skipped"]
        assert min(counted[what] for what in SAID) > 10
