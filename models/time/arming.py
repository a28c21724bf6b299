"""When a clock's alarms ring: the chain of T8 as absolute instants.

Computed outside the workflow, whenever a clock has none: it was started or resumed, its terms or its calendar
changed, a turn of its chain is over, or somebody acknowledged it. Until then the instants stay as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.business_time import Calendar, between, due_at, roll_backward, roll_forward
from models.case import Case
from models.clocks import (
    AGAIN,
    CLIMBING,
    DAILY,
    DUE,
    REMIND,
    ROUND,
    Alarm,
    Clock,
    level_of,
    pending_alarms,
    running_since,
    used_seconds,
    with_another_day,
)
from models.errors import NoOpeningFound
from models.playbook import ALL_HOURS, Chain, Level
from models.time.working_day import closing_after

Calendars = Mapping[str, Calendar]

#: Whoever is told has at least this long, in the chain's own hours, before the next level is: deadlines of one night
#: must not all ring when the morning begins.
LEAST_BETWEEN = timedelta(hours=1)
#: In the name of an alarm that comes back after an acknowledgement.
_BACK = " back "


def arm(case: Case, calendars: Calendars) -> Case:
    """The case with the instants of every clock, and the end of an acknowledgement, where they are to be computed."""
    case = _quieted(case, calendars)
    if all(clock.alarms is not None for clock in case.clocks):
        return case
    chain = case.procedure.escalation
    clocks = tuple(armed(clock, chain, calendars, case.severity, case.quiet_until) for clock in case.clocks)
    return case.model_copy(update={"clocks": clocks})


def _quieted(case: Case, calendars: Calendars) -> Case:
    """T8: an acknowledgement is counted in the team's working time."""
    if case.acknowledged_at is None or case.acknowledged_until is not None:
        return case
    calendar = calendars.get(case.procedure.escalation.team) or calendars[ALL_HOURS]
    until = due_at(calendar, case.acknowledged_at, case.procedure.quiet_seconds(case.escalation))
    return case.model_copy(update={"acknowledged_until": until})


def armed(
    clock: Clock,
    chain: Chain,
    calendars: Calendars,
    severity: str | None = None,
    quiet_until: datetime | None = None,
) -> Clock:
    """The clock with its due time and alarms as absolute UTC instants; a clock that is armed comes back as it is.

    `severity` may put the chain on all hours; `quiet_until` is the end of an acknowledgement.
    """
    if clock.alarms is not None:
        return clock
    calendar = calendars.get(clock.calendar) or calendars[ALL_HOURS]
    since = running_since(clock)
    clock, used = _with_target(clock, calendar, since)
    due = clock.due_at or clock.until or due_at(calendar, since, max(0, clock.target - used))
    alarms = [Alarm(name=DUE, at=due)]
    if clock.remind is not None:
        alarms.append(Alarm(name=REMIND, at=max(since, due - timedelta(seconds=clock.remind))))
    own = calendars.get(chain.calendar_for(severity)) or calendars.get(chain.team) or calendars[ALL_HOURS]
    climb = _Climb(clock, chain, calendar, own, since, used, due)
    if clock.outcome in CLIMBING:
        alarms += climb.alarms(quiet_until)
    instants = {"due_at": due, "alarms": tuple(sorted(alarms, key=_order))}
    # The next turn of a chain moves no deadline: the calendar it was computed on is still the one that counts.
    version = clock.calendar_version if clock.due_at else calendar.fingerprint
    called = own.fingerprint if clock.outcome in CLIMBING and clock.state == "running" else None
    ready = clock.model_copy(update={**instants, "calendar_version": version, "chain_version": called})
    if pending_alarms(ready) or ready.state != "running":
        return ready
    # What has said all it has to say still comes back every day, so that no open case is ever without an alarm.
    return with_another_day(ready, chain, climb.tomorrow - DAILY)


@dataclass(frozen=True, slots=True)
class Calling:
    """What the next call of a running clock with its due time follows from; `used` seconds were used before `since`."""

    clock: Clock
    chain: Chain
    severity: str | None
    since: datetime
    used: int
    quiet_until: datetime | None = None


def next_call(calling: Calling, calendars: Calendars) -> datetime:
    """When the chain would speak next if its calls were computed now (T8): what `armed` says, and no more than that."""
    clock, chain = calling.clock, calling.chain
    assert clock.due_at is not None
    calendar = calendars.get(clock.calendar) or calendars[ALL_HOURS]
    own = calendars.get(chain.calendar_for(calling.severity)) or calendars.get(chain.team) or calendars[ALL_HOURS]
    climb = _Climb(clock, chain, calendar, own, calling.since, calling.used, clock.due_at)
    reached = clock.reached
    following = (alarm.at for alarm in climb.alarms(calling.quiet_until) if alarm.name not in reached)
    return next(following, None) or climb.tomorrow


def _with_target(clock: Clock, calendar: Calendar, since: datetime) -> tuple[Clock, int]:
    """The clock with a target that only a calendar can tell, and the seconds it had used when it last began to run."""
    used = used_seconds(clock, calendar, since)
    if clock.to_closing:
        return clock.model_copy(
            update={"target": max(1, between(calendar, since, closing_after(calendar, since)))}
        ), used
    if clock.until is not None:
        target = max(1, used + between(calendar, since, max(since, clock.until)))
        return clock.model_copy(update={"target": target}), used
    return clock, used


def _order(alarm: Alarm) -> tuple[datetime, int, int]:
    """A warning, the end, the levels, where they fall into one moment."""
    return (alarm.at, 0 if alarm.level == 0 else 1 if alarm.name == DUE else 2, alarm.level or 0)


def name_of(level: Level, turn: int) -> str:
    """What an alarm is called in the turn of the chain, from 0; each rings once in a cycle."""
    if level.level == 0:
        return "warning"
    return f"{ROUND} {turn + 1} level {level.level}" if turn else f"level {level.level}"


def is_exhausted(clock: Clock, chain: Chain) -> bool:
    """T12: the last level of the last turn has rung, and still nothing has happened."""
    last = chain.rungs[-1] if chain.rungs else None
    return last is not None and name_of(last, chain.repeat) in clock.reached


@dataclass(frozen=True, slots=True)
class _Climb:
    """One clock's way up the chain: whose instants are percents of its target, or waits after one another."""

    clock: Clock
    chain: Chain
    calendar: Calendar
    own: Calendar  # the chain's: nobody is called outside of it
    since: datetime
    used: int
    due: datetime

    def alarms(self, quiet_until: datetime | None) -> Iterator[Alarm]:
        """What is still to ring in this turn of the chain, in its order."""
        turn, told = self._turn, self._told
        last = max(told.values(), default=None)
        if last and self.chain.comes_back and quiet_until and quiet_until > last:
            yield from self._after_acknowledging(turn, max(quiet_until, self.since))
        elif turn > self.chain.repeat:
            return
        elif turn or any(_BACK in name for name in told):
            yield from self._later_turn(turn, last or self.due)
        else:
            yield from self._first_turn(told)

    @property
    def tomorrow(self) -> datetime:
        """A day after it last rang, in the chain's hours."""
        if self.chain.plain:
            return max(self.since, self.due) + DAILY
        rang = (entry.at for entry in self.clock.log if entry.what in ("reached", "breached"))
        return self._opened(max(self.due, max(self.since, *rang) + DAILY))

    @property
    def _turn(self) -> int:
        """How many turns of the chain are over."""
        turn, reached, rungs = 0, self.clock.reached, self.chain.rungs
        while rungs and turn <= self.chain.repeat and all(name_of(level, turn) in reached for level in rungs):
            turn += 1
        return turn

    @property
    def _told(self) -> dict[str, datetime]:
        """The alarms of the chain that have rung, and when."""
        return {e.note: e.at for e in self.clock.log if e.note and e.what == "reached" and _is_chain(e.note)}

    def _first_turn(self, told: Mapping[str, datetime]) -> Iterator[Alarm]:
        before: datetime | None = None
        for level in self.chain.levels:
            name = name_of(level, 0)
            at = self._warned() if level.level == 0 else self._first(level, before)
            if level.level:
                before = told.get(name, at)
            yield self._alarm(name, level, at)

    def _first(self, level: Level, before: datetime | None) -> datetime:
        if level.percent is None:
            return due_at(self.own, before or self.due, level.wait or 0)
        at = self._opened(self._reached(level.percent))
        if before is None or self.chain.plain:
            return at
        least = min(timedelta(seconds=self._step(level)), LEAST_BETWEEN)
        return max(at, due_at(self.own, before, round(least.total_seconds())))

    def _later_turn(self, turn: int, before: datetime) -> Iterator[Alarm]:
        for level in self.chain.rungs:
            if name_of(level, turn) in self.clock.reached:
                continue
            at = due_at(self.own, before, self._step(level))
            at = at if level.wait else min(at, self._opened(before + DAILY))
            before = max(at, self._opened(self.due))  # a deadline that was moved on is waited for
            yield self._alarm(name_of(level, turn), level, before)

    def _after_acknowledging(self, turn: int, until: datetime) -> Iterator[Alarm]:
        """T8: it comes back to whoever is on duty by then, and goes on from there."""
        last = max(self._told.items(), key=lambda rung: rung[1])[0]
        number = level_of(last)
        level = next((rung for rung in self.chain.rungs if rung.level == number), self.chain.rungs[-1])
        backs = sum(_BACK in name for name in self.clock.reached)
        back = self._alarm(f"level {level.level}{_BACK}{backs + 1}", level, self._opened(until))
        yield back
        if turn <= self.chain.repeat:
            yield from self._later_turn(turn, back.at)

    def _warned(self) -> datetime:
        """A warning that would come in the night comes the evening before, where the morning is too late."""
        level = self.chain.levels[0]
        at = self._reached(level.percent or 100)
        opens = self._opened(at)
        return opens if opens < self.due or opens == at else max(self.since, self._closed(at))

    def _reached(self, percent: int) -> datetime:
        """When so many percent of the target are used."""
        return due_at(self.calendar, self.since, max(0, -(-self.clock.target * percent // 100) - self.used))

    def _step(self, level: Level) -> int:
        """How long after the level before it a level comes, in seconds."""
        if level.wait:
            return level.wait
        percents = [rung.percent for rung in self.chain.rungs if rung.percent is not None]
        place = percents.index(level.percent or 0)
        gap = percents[place] - percents[place - 1] if place else percents[-1] - percents[-2] if percents[1:] else 100
        return -(-self.clock.target * gap // 100)

    def _opened(self, at: datetime) -> datetime:
        try:
            return roll_forward(self.own, at)
        except NoOpeningFound:
            return at

    def _closed(self, at: datetime) -> datetime:
        try:
            return roll_backward(self.own, at)
        except NoOpeningFound:
            return at

    @staticmethod
    def _alarm(name: str, level: Level, at: datetime) -> Alarm:
        return Alarm(name=name, at=at, level=level.level, targets=level.targets, channels=level.channels)


def _is_chain(name: str) -> bool:
    return level_of(name) is not None or name.startswith(AGAIN)
