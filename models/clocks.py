"""The clocks of a case: which one runs in which state, how it pauses, and when it warns (T1, T2, T8, T10).

A clock is an append-only log. Time used and time left are computed from the log and a calendar; the instants at
which something must happen (`alarms`) are computed once, outside the workflow, by `armed()`, and are absolute from
then on. Everything here is pure: the time always comes in.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from models.business_time import Calendar, between, due_at
from models.lifecycle import FINAL, WAITS_FOR, State
from models.playbook import ALL_HOURS, ClockRule, Level, Outcome, Procedure
from models.value import Value
from models.working_day import closing_after

ClockState = Literal["running", "paused", "met", "cancelled"]
Cause = Literal["delay", "change"]
Happening = Literal["started", "paused", "resumed", "met", "cancelled", "reached", "breached", "rebased"]

#: The alarm at the end of a clock's target.
DUE = "due"
REMIND = "remind"
#: After the last level of the chain the alarm comes back every day, so that no open case is ever without one.
DAILY = timedelta(days=1)
#: How the names of those daily alarms begin.
AGAIN = "again"

FIRST_ANSWER = "first_answer"
PROMISE = "promise"
APPOINTMENT = "appointment"
#: Clocks that no change of state touches, besides those of the playbook's `side_clocks`.
APART = (FIRST_ANSWER, PROMISE, APPOINTMENT)


class ClockEntry(Value):
    """One thing that happened to a clock; `note` is the alarm's name or the reason.

    `cause` says why an alarm was reached: time simply passed, or a change of the clock had made it late at once; on a
    `rebased` entry it is what any alarm that the change makes late will have been caused by.
    """

    at: datetime
    what: Happening
    note: str | None = None
    cause: Cause | None = None


class Alarm(Value):
    """An instant at which a clock wants attention; level 0 warns, None is a reminder or the end itself."""

    name: str
    at: datetime
    level: int | None = None
    targets: tuple[str, ...] = ()


class Clock(Value):
    """One clock in one cycle. `alarms` is None while its instants are still to be computed."""

    clock: str
    cycle: int
    target: int
    calendar: str
    outcome: Outcome
    remind: int | None = None
    apart: bool = False  # no change of state touches it
    to_closing: bool = False  # its target is the end of the working day in which it began
    until: datetime | None = None  # a due time that somebody set, from which the target follows
    state: ClockState = "running"
    log: tuple[ClockEntry, ...]
    due_at: datetime | None = None
    alarms: tuple[Alarm, ...] | None = None
    calendar_version: str | None = None  # of the calendar that its instants were computed on

    def noted(
        self, what: Happening, at: datetime, note: str | None = None, cause: Cause | None = None, **changes: object
    ) -> "Clock":
        """This clock with one more entry in its log."""
        entry = ClockEntry(at=at, what=what, note=note, cause=cause)
        return self.model_copy(update={"log": (*self.log, entry), **changes})

    def changed(self, at: datetime, **changes: object) -> "Clock":
        """This clock on other terms: logged, and its instants to be computed anew (T10).

        What it makes late is late by the change, unless it was late before.
        """
        was = f"was {self.clock}, {self.target} s on {self.calendar}"
        unset = {"alarms": None, "due_at": None, "until": None}
        return self.noted("rebased", at, was, self._cause_of_a_change(at), **{**unset, **changes})

    def recounted(self, at: datetime, note: str) -> "Clock":
        """This clock on the same terms, its instants to be computed anew."""
        return self.noted("rebased", at, note, self._cause_of_a_change(at), alarms=None, due_at=None)

    def _cause_of_a_change(self, at: datetime) -> Cause:
        if self.due_at is None and self.log[-1].what == "rebased":
            return self.log[-1].cause or "change"  # the change before it is not computed yet
        return "delay" if self.due_at is not None and self.due_at <= at else "change"

    @property
    def reached(self) -> frozenset[str]:
        """The names of the alarms that have fired in this cycle."""
        return frozenset(e.note or "" for e in self.log if e.what in ("reached", "breached"))

    @property
    def paused_since(self) -> datetime | None:
        """When it was last paused, while it is."""
        return self.log[-1].at if self.state == "paused" else None


def started(rule: ClockRule, cycle: int, now: datetime, apart: bool = False, to_closing: bool = False) -> Clock:
    """A new cycle of a clock, running from now."""
    return Clock(
        clock=rule.clock,
        cycle=cycle,
        target=rule.target,
        calendar=rule.calendar,
        outcome=rule.outcome,
        remind=rule.remind,
        apart=apart or rule.clock in APART,
        to_closing=to_closing,
        log=(ClockEntry(at=now, what="started"),),
    )


def paused(clock: Clock, now: datetime) -> Clock:
    """T1: while we wait for the customer our clocks stand still, and have no due time."""
    return clock.noted("paused", now, state="paused", due_at=None, alarms=())


def resumed(clock: Clock, now: datetime) -> Clock:
    """T1: it goes on where it stood."""
    return clock.noted("resumed", now, state="running", alarms=None, until=None)


def met(clock: Clock, now: datetime) -> Clock:
    """What the clock waited for has happened; a paused one was met when it was paused."""
    return clock.noted("met", clock.paused_since or now, state="met", alarms=())


def cancelled(clock: Clock, now: datetime) -> Clock:
    """What it waited for is no longer wanted."""
    return clock.noted("cancelled", now, state="cancelled", alarms=())


# ── which clock runs ──────────────────────────────────────────────────────────────────────────────


def waits_for_customer(state: State) -> bool:
    return WAITS_FOR[state] == "customer"


def on_move(
    clocks: tuple[Clock, ...], procedure: Procedure, source: State, target: State, now: datetime
) -> tuple[Clock, ...]:
    """The clocks after a case moved from `source` to `target` at `now`.

    Into a wait for the customer our running clocks pause, unless nothing of ours is awaited any more; back from it
    the clock of the state resumes where it stood, and any other paused one counts as met when it was paused.
    """
    if target in FINAL:
        return tuple(_ended(clock, now) for clock in clocks)
    wanted = procedure.clocks[target]
    kept = [_after_move(clock, wanted.clock, source, target, now) for clock in clocks]
    if not any(_live(clock) and clock.clock == wanted.clock for clock in kept):
        kept.append(started(wanted, 1 + sum(c.clock == wanted.clock for c in clocks), now))
    return tuple(kept)


def _after_move(clock: Clock, wanted: str, source: State, target: State, now: datetime) -> Clock:
    if not _live(clock) or clock.apart:
        return clock
    if clock.clock == wanted and source is not target:
        return resumed(clock, now) if clock.state == "paused" else clock
    if clock.state == "running" and waits_for_customer(target) and not waits_for_customer(source):
        return paused(clock, now)
    if clock.state == "paused" and waits_for_customer(target):
        return clock
    return met(clock, now)


def _live(clock: Clock) -> bool:
    return clock.state in ("running", "paused")


def _ended(clock: Clock, now: datetime) -> Clock:
    if clock.state == "running":
        return cancelled(clock, now) if clock.apart else met(clock, now)
    return met(clock, now) if clock.state == "paused" else clock


def answered(clocks: tuple[Clock, ...], now: datetime) -> tuple[Clock, ...]:
    """The first answer is met by the first thing that reaches the customer from us (T2)."""
    return tuple(met(c, now) if c.clock == FIRST_ANSWER and c.state == "running" else c for c in clocks)


def restarted(clocks: tuple[Clock, ...], rule: ClockRule, now: datetime) -> tuple[Clock, ...]:
    """A new cycle of the clock of `rule`, its running cycle being over (the next callback, the next search)."""
    ended = tuple(met(c, now) if _live(c) and c.clock == rule.clock else c for c in clocks)
    return (*ended, started(rule, 1 + sum(c.clock == rule.clock for c in clocks), now))


def rebased(
    clocks: tuple[Clock, ...], old: Procedure, new: Procedure, state: State, now: datetime
) -> tuple[Clock, ...]:
    """The clocks under another procedure: what a live one has used counts toward its new target (T10)."""
    rules = {old.clocks[s].clock: new.clocks[s] for s in (*new.clocks, state) if s in old.clocks}
    return tuple(
        _rebased(clock, rules[clock.clock], now) if _live(clock) and clock.clock in rules else clock for clock in clocks
    )


def _rebased(clock: Clock, rule: ClockRule, now: datetime) -> Clock:
    changed = rule.model_dump(include={"clock", "target", "calendar", "outcome", "remind"})
    if all(getattr(clock, name) == value for name, value in changed.items()):
        return clock
    return clock.changed(now, **changed)


def extended(clock: Clock, now: datetime, until: datetime | None, by_seconds: int) -> Clock:
    """The clock with a deadline of its own, or so many seconds more of its calendar's time (T10)."""
    if until is not None:
        return clock.changed(now, until=until)
    return clock.changed(now, target=clock.target + by_seconds)


def recounted(clock: Clock, version: str, only: frozenset[str], now: datetime) -> Clock:
    """The running clock with its instants to be computed from the calendars of now; once for each version of them."""
    counts = clock.state == "running" and clock.calendar != ALL_HOURS and (not only or clock.calendar in only)
    note = f"calendars {version}"
    if not counts or any(entry.what == "rebased" and entry.note == note for entry in clock.log):
        return clock
    return clock.recounted(now, note)


# ── arithmetic ────────────────────────────────────────────────────────────────────────────────────


def used_seconds(clock: Clock, calendar: Calendar, now: datetime) -> int:
    """Time used on the clock's own calendar: the sum of its running spans up to `now` (T1, T10)."""
    total, since = 0, None
    for entry in clock.log:
        if entry.what in ("started", "resumed"):
            since = entry.at
        elif entry.what in ("paused", "met", "cancelled") and since is not None:
            total, since = total + between(calendar, since, max(since, entry.at)), None
    return total if since is None else total + between(calendar, since, max(since, now))


def running_since(clock: Clock) -> datetime:
    """When it was last started or resumed."""
    return next(e.at for e in reversed(clock.log) if e.what in ("started", "resumed"))


def armed(clock: Clock, chain: Iterable[Level], calendars: Mapping[str, Calendar]) -> Clock:
    """The clock with its due time and alarms as absolute UTC instants; a clock that is armed comes back as it is."""
    if clock.alarms is not None:
        return clock
    calendar = calendars.get(clock.calendar) or calendars[ALL_HOURS]
    since = running_since(clock)
    if clock.to_closing:
        clock = clock.model_copy(update={"target": max(1, between(calendar, since, closing_after(calendar, since)))})
    used = used_seconds(clock, calendar, since)
    if clock.until is not None:
        target = max(1, used + between(calendar, since, max(since, clock.until)))
        clock = clock.model_copy(update={"target": target})
    due = clock.until or due_at(calendar, since, max(0, clock.target - used))
    alarms = [Alarm(name=DUE, at=due)]
    if clock.remind is not None:
        alarms.append(Alarm(name=REMIND, at=max(since, due - timedelta(seconds=clock.remind))))
    if clock.outcome in ("escalate", "search", "try_again"):
        alarms += [_alarm(level, clock, calendar, since, used) for level in chain]
    instants = {"due_at": due, "alarms": tuple(sorted(alarms, key=_alarm_order))}
    ready = clock.model_copy(update={**instants, "calendar_version": calendar.fingerprint})
    # A clock that had said all it has to say before it was paused still comes back every day.
    return ready if pending_alarms(ready) or ready.state != "running" else with_another_day(ready, max(since, due))


def with_another_day(clock: Clock, after: datetime) -> Clock:
    """The clock with one more alarm, a day later, to those who were told last."""
    alarms = clock.alarms or ()
    last = max((a for a in alarms if a.level), key=lambda a: (a.level or 0, a.at), default=None)
    level, targets = (last.level, last.targets) if last else (1, ("owner",))
    taken = {a.name for a in alarms} | clock.reached
    name = f"{AGAIN} {1 + sum(name.startswith(AGAIN) for name in taken)}"
    again = Alarm(name=name, at=after + DAILY, level=level, targets=targets)
    return clock.model_copy(update={"alarms": (*alarms, again)})


def _alarm(level: Level, clock: Clock, calendar: Calendar, since: datetime, used: int) -> Alarm:
    at = due_at(calendar, since, max(0, -(-clock.target * level.percent // 100) - used))
    name = "warning" if level.level == 0 else f"level {level.level}"
    return Alarm(name=name, at=at, level=level.level, targets=level.targets)


def _alarm_order(alarm: Alarm) -> tuple[datetime, bool, int]:
    return (alarm.at, alarm.name != DUE, alarm.level or 0)


def pending_alarms(clock: Clock) -> tuple[Alarm, ...]:
    """The alarms that have not fired yet, earliest first."""
    if clock.state != "running" or not clock.alarms:
        return ()
    reached = clock.reached
    return tuple(alarm for alarm in clock.alarms if alarm.name not in reached)


def fires_at(alarm: Alarm, acknowledged_until: datetime | None) -> datetime:
    """When an alarm fires: an acknowledged chain stands still until its time-out (T8)."""
    if alarm.level and acknowledged_until and acknowledged_until > alarm.at:
        return acknowledged_until
    return alarm.at


def next_alarm_at(clocks: Iterable[Clock], acknowledged_until: datetime | None = None) -> datetime | None:
    """The earliest instant at which any clock wants attention."""
    return min((fires_at(a, acknowledged_until) for c in clocks for a in pending_alarms(c)), default=None)
