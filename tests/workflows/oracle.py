"""What clocks and chain must have said about a case, told a second way: from its timeline and lists of open hours.

Nothing here uses `models.clocks`, `arming`, `duty` or `business_time` of the models. A calendar is every open
stretch written out, one after another; a clock is the list of stretches in which the case was in a state of its own.
All times are whole seconds since 1970.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from models.events import Entry
from models.lifecycle import WAITS_FOR, State
from models.playbook import ClockRule, Procedure

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: What the end of a clock does where people are told up the chain.
CLIMBS = ("escalate", "search", "try_again")
FINAL = {"closed", "rejected", "withdrawn"}
Stretch = tuple[int, int]
Opening = Sequence[tuple[str, str]]


def seconds(at: datetime) -> int:
    """Whole seconds, as every calendar counts."""
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


def instant(at: int) -> str:
    """For messages: the time of day in the shop."""
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%a %d %b %H:%M:%S")


@dataclass(frozen=True)
class Hours:
    """A calendar as the list of all its open stretches, in order."""

    stretches: tuple[Stretch, ...]

    def used(self, start: int, end: int) -> int:
        """Open seconds of a stretch."""
        return sum(max(0, min(end, closes) - max(start, opens)) for opens, closes in self.stretches)

    def after(self, start: int, wanted: int) -> int:
        """When so many open seconds have gone by; for none of them the next opening."""
        for opens, closes in self.stretches:
            begins = max(start, opens)
            if begins >= closes:
                continue
            if begins + wanted <= closes:
                return begins + wanted
            wanted -= closes - begins
        raise AssertionError("the list of open hours is too short")

    def opened(self, at: int) -> int:
        """This moment if it is open, else the next one that is."""
        return next(max(at, opens) for opens, closes in self.stretches if at < closes)

    def closed(self, at: int) -> int:
        """This moment if it is open, else the last closing."""
        return max(min(at, closes) for opens, closes in self.stretches if opens <= at)

    def holds(self, at: int) -> bool:
        return any(opens <= at <= closes for opens, closes in self.stretches)


def written_out(first: date, days: int, hours: Callable[[date], Opening]) -> Hours:
    """The open stretches of so many days of a shop in Shanghai."""
    found = []
    for day in (first + timedelta(days=number) for number in range(days)):
        found += [(_at(day, opens), _at(day, closes)) for opens, closes in hours(day)]
    return Hours(tuple(found))


def _at(day: date, wall: str) -> int:
    return seconds(datetime.combine(day, time.fromisoformat(wall), SHANGHAI))


ALWAYS = Hours(((0, 10**11),))


# ── clocks ────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Cycle:
    """One cycle of the clock of a state: the stretches in which it ran."""

    rule: ClockRule
    number: int
    hours: Hours
    ran: list[list[int]] = field(default_factory=list)  # [from, until]; the last one may still be open: until = now
    running: bool = True
    over: bool = False

    @property
    def name(self) -> tuple[str, int]:
        return self.rule.clock, self.number

    @property
    def used(self) -> int:
        return sum(self.hours.used(start, end) for start, end in self.ran)

    def reaches(self, wanted: int) -> tuple[int, int] | None:
        """When so many seconds were used, and since when it had run then; None while they never were."""
        for start, end in self.ran:
            here = self.hours.used(start, end)
            if here >= wanted:
                at = self.hours.after(start, wanted) if wanted else start
                return at, start
            wanted -= here
        return None


def cycles_of(timeline: Iterable[Entry], procedure: Procedure, calendars: dict[str, Hours], now: int) -> list[Cycle]:
    """The clocks of the states, by who waited for whom when (T1)."""
    all_of_them: list[Cycle] = []
    live: dict[str, Cycle] = {}
    state: str | None = None
    for entry in timeline:
        at, target = seconds(entry.at), entry.target
        if entry.action == "miss_callback" and target is None and entry.source == state == "resolved":
            target = state  # the next try is another cycle (T5)
        if target is None:
            continue
        again = target == state  # asked anew: another cycle
        ours_before = state is not None and WAITS_FOR[State(state)] != "customer"
        theirs_now = target not in FINAL and WAITS_FOR[State(target)] == "customer"
        wanted = None if target in FINAL else procedure.clocks[State(target)]
        for name, cycle in list(live.items()):
            goes_on = wanted is not None and name == wanted.clock and not again
            waits = theirs_now and (ours_before or not cycle.running)
            if cycle.running and not goes_on:
                cycle.ran[-1][1] = at
                cycle.running = False
            if not goes_on and not waits:
                cycle.over = True
                del live[name]
        if wanted is not None:
            _runs(live, all_of_them, wanted, calendars, at)
        state = target
    for cycle in live.values():
        if cycle.running:
            cycle.ran[-1][1] = now
    return all_of_them


def _runs(
    live: dict[str, Cycle], all_of_them: list[Cycle], rule: ClockRule, calendars: dict[str, Hours], at: int
) -> None:
    """The clock of this rule runs from now: a new cycle, or one that stood still goes on."""
    cycle = live.get(rule.clock)
    if cycle is None:
        number = 1 + sum(other.rule.clock == rule.clock for other in all_of_them)
        cycle = live[rule.clock] = Cycle(rule, number, calendars[rule.calendar])
        all_of_them.append(cycle)
    elif cycle.running:
        return
    cycle.running = True
    cycle.ran.append([at, 0])


#: What reaches the customer, and so is an answer (T2).
TELLS = {
    "message", "answer", "request_evidence", "make_offer", "authorise_return", "pass_inspection", "quote_repair",
    "appoint", "keep_promise", "complete_callback",
}  # fmt: skip


def answers_of(timeline: Iterable[Entry], procedure: Procedure, calendars: dict[str, Hours], now: int) -> list[Cycle]:
    """The clocks of the first and of the next answer, which no change of state pauses (T2)."""
    found: list[Cycle] = []
    live: list[Cycle] = []
    beside = procedure.side_clocks["next_answer"]
    following = ClockRule(clock="next_answer", target=beside.target, calendar=beside.calendar)
    for entry in timeline:
        at = seconds(entry.at)
        if entry.action in TELLS or entry.target in FINAL:
            for cycle in live:
                cycle.ran[-1][1], cycle.over, cycle.running = at, True, False
            live = []
        begins = {"opened": procedure.first_answer, "customer_message": following}.get(entry.action)
        if begins is not None and not any(cycle.rule.clock == begins.clock for cycle in live):
            number = 1 + sum(cycle.rule.clock == begins.clock for cycle in found)
            live.append(Cycle(begins, number, calendars[begins.calendar], [[at, 0]]))
            found.append(live[-1])
    for cycle in live:
        cycle.ran[-1][1] = now
    return found


# ── the chain ─────────────────────────────────────────────────────────────────────────────────────


def expected(cycle: Cycle, levels: Sequence[Any], calls: Hours) -> list[tuple[str, int]]:
    """What the first turn of the chain says in this cycle, and when: T8's 75, 100, 150 and 200 %, in calling hours."""
    target = cycle.rule.target
    said: list[tuple[str, int]] = []
    due = cycle.reaches(target)
    if due:
        said.append(("due", due[0]))
    if cycle.rule.outcome not in CLIMBS:
        return said
    before, gap = None, None
    percents = [level.percent for level in levels]
    for level, below in zip(levels, [0, *percents[:-1]], strict=True):
        reached = cycle.reaches(-(-target * level.percent // 100))
        if reached is None:
            continue
        at, since = reached
        if level.level == 0:
            said.append(("warning", _warned(cycle, at, since, calls)))
            continue
        at = calls.opened(at)
        if before is not None:
            gap = min(3600, -(-target * (level.percent - below) // 100))
            at = max(at, calls.after(before, gap))
        before = at
        said.append((f"level {level.level}", at))
    return said


def _warned(cycle: Cycle, at: int, since: int, calls: Hours) -> int:
    opens = calls.opened(at)
    if opens == at:
        return at
    left = cycle.rule.target - cycle.hours.used(since, at) - _before(cycle, since)
    due = cycle.hours.after(at, left)
    return opens if opens < due else max(since, calls.closed(at))


def _before(cycle: Cycle, since: int) -> int:
    return sum(cycle.hours.used(start, end) for start, end in cycle.ran if start < since)


# ── duty ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Duties:
    """Who works when, as a list of patterns of days by person; whoever has none is always there."""

    shifts: Mapping[str, Opening]
    rotas: Mapping[str, Sequence[tuple[date, tuple[str, ...]]]]
    away: Mapping[str, Sequence[Stretch]]

    def on_duty(self, person: str, at: int) -> bool:
        if any(begins <= at < ends for begins, ends in self.away.get(person, [])):
            return False
        if person not in self.rotas:
            return True
        day = datetime.fromtimestamp(at, SHANGHAI).date()
        held = [rota for rota in self.rotas[person] if rota[0] <= day]
        if not held:
            return False
        first, pattern = held[-1]
        shift = pattern[(day - first).days % len(pattern)]
        return any(_at(day, begins) <= at < _at(day, ends) for begins, ends in self.shifts.get(shift, ()))
