"""The clocks of a case: which one runs in which state, how it pauses, and when it warns (T1, T2, T8, T10).

A clock is an append-only log. Time used and time left are computed from the log and a calendar; the instants at
which something must happen (`alarms`) are computed once, outside the workflow, by `models.time.arming`; absolute
from then on. Everything here is pure: the time always comes in.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from models.business_time import Calendar, between
from models.lifecycle import FINAL, WAITS_FOR, State
from models.playbook import ALL_HOURS, Chain, ClockRule, Outcome, Procedure
from models.value import Value

ClockState = Literal["running", "paused", "met", "cancelled"]
Cause = Literal["delay", "change"]
Happening = Literal["started", "paused", "resumed", "met", "cancelled", "reached", "breached", "rebased"]

#: The alarm at the end of a clock's target.
DUE = "due"
REMIND = "remind"
#: Outcomes that tell people up the chain.
CLIMBING = frozenset({"escalate", "search", "try_again"})
#: After the last level of the chain the alarm comes back every day, so that no open case is ever without one.
DAILY = timedelta(days=1)
#: How the names of those daily alarms begin.
AGAIN = "again"
#: How the names of the chain's later turns begin.
ROUND = "round"

#: The note of a cycle that goes on where the last one stood, because the case was opened again.
OPENED_AGAIN = "opened again"

FIRST_ANSWER = "first_answer"
PROMISE = "promise"
APPOINTMENT = "appointment"
DISPUTE = "dispute"
#: Clocks that no change of state touches, besides those of the playbook's `side_clocks`.
APART = (FIRST_ANSWER, PROMISE, APPOINTMENT, DISPUTE)


def _nothing(value: object) -> bool:
    """What a document need not say."""
    return not value


class Policy(Value):
    """What was applied to a clock: its target in seconds, its calendar, and the playbook's version (T10)."""

    target: int
    calendar: str
    version: str


class ClockEntry(Value):
    """One thing that happened to a clock; `note` is the alarm's name or the reason.

    `cause` says why an alarm was reached: time simply passed, or a change of the clock had made it late at once; on a
    `rebased` entry it is what any alarm that the change makes late will have been caused by.
    """

    at: datetime
    what: Happening
    note: str | None = None
    cause: Cause | None = Field(None, exclude_if=_nothing)
    late: bool = Field(False, exclude_if=_nothing)  # nobody looked when its time came (T10)
    policy: Policy | None = Field(None, exclude_if=_nothing)  # on which terms it runs from here


class Alarm(Value):
    """An instant at which a clock wants attention; level 0 warns, None is a reminder or the end itself."""

    name: str
    at: datetime
    level: int | None = None
    targets: tuple[str, ...] = ()
    channels: tuple[str, ...] = Field((), exclude_if=_nothing)  # none named: each person's own


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
    chain_version: str | None = None  # of the one on which its chain calls people (T8)

    def noted(
        self,
        what: Happening,
        at: datetime,
        note: str | None = None,
        cause: Cause | None = None,
        late: bool = False,
        **changes: object,
    ) -> "Clock":
        """This clock with one more entry in its log."""
        entry = ClockEntry(at=at, what=what, note=note, cause=cause, late=late)
        return self.model_copy(update={"log": (*self.log, entry), **changes})

    def under(self, version: str) -> "Clock":
        """This clock with the terms of its last entry written beside it (T10)."""
        policy = Policy(target=self.target, calendar=self.calendar, version=version)
        last = self.log[-1].model_copy(update={"policy": policy})
        return self.model_copy(update={"log": (*self.log[:-1], last)})

    def cause_of(self, alarm: "Alarm") -> tuple[Cause, datetime]:
        """Why an alarm of this clock rings, and since when it was to ring: delay, or a change that made it late."""
        last = next((e for e in reversed(self.log) if e.what == "rebased" or e.policy is not None), None)
        if last is not None and last.what in ("rebased", "resumed") and last.at >= alarm.at:
            return last.cause or "change", last.at
        return "delay", alarm.at

    def changed(self, at: datetime, **changes: object) -> "Clock":
        """This clock on other terms: logged, and its instants to be computed anew (T10).

        What it makes late is late by the change, unless it was late before.
        """
        was = f"was {self.clock}, {self.target} s on {self.calendar}"
        unset: dict[str, Any] = {"alarms": None, "due_at": None, "until": None}
        return self.noted("rebased", at, was, self._cause_of_a_change(at), **{**unset, **changes})

    def recounted(self, at: datetime, note: str) -> "Clock":
        """This clock on the same terms, its instants to be computed anew."""
        return self.noted("rebased", at, note, self._cause_of_a_change(at), alarms=None, due_at=None)

    def called_anew(self, at: datetime, note: str) -> "Clock":
        """This clock with the same due time, and with its calls to be computed anew."""
        return self.noted("rebased", at, note, self._cause_of_a_change(at), alarms=None)

    def _cause_of_a_change(self, at: datetime) -> Cause:
        if self.due_at is None and self.log[-1].what == "rebased":
            return self.log[-1].cause or "change"  # the change before it is not computed yet
        return "delay" if self.due_at is not None and self.due_at <= at else "change"

    @property
    def reached(self) -> frozenset[str]:
        """The names of the alarms that have fired in this cycle."""
        return frozenset(e.note or "" for e in self.log if e.what in ("reached", "breached"))

    @property
    def climbed(self) -> bool:
        """Whether anybody has been told that it ran late."""
        return any(e.what == "reached" and e.note and ("level" in e.note or e.note.startswith(AGAIN)) for e in self.log)

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
    clocks: tuple[Clock, ...],
    procedure: Procedure,
    source: State,
    target: State,
    now: datetime,
    priority: str = "normal",
    severity: str | None = None,
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
        rule = wanted.for_case(priority, severity)
        kept.append(_next_cycle(rule, clocks, now, again=source in FINAL).under(procedure.version))
    return tuple(kept)


def _next_cycle(rule: ClockRule, clocks: tuple[Clock, ...], now: datetime, again: bool) -> Clock:
    """A new cycle of a clock; in a case that is opened again perhaps with the time that the last one had used (T10)."""
    earlier = [clock for clock in clocks if clock.clock == rule.clock]
    new = started(rule, 1 + len(earlier), now)
    if not again or rule.reopen == "new" or not earlier:
        return new
    spans = [entry for entry in earlier[-1].log if entry.what in ("started", "paused", "resumed", "met", "cancelled")]
    kept = tuple(ClockEntry(at=e.at, what="paused" if e.what in ("met", "cancelled") else e.what) for e in spans)
    return new.model_copy(update={"log": (*kept, ClockEntry(at=now, what="resumed", note=OPENED_AGAIN))})


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


def begun_earlier(clocks: tuple[Clock, ...], now: datetime, since: datetime) -> tuple[Clock, ...]:
    """The clocks that began just now, as having begun then; what ran before is left as it was."""
    return tuple(_begun(clock, since) if _just_begun(clock, now) else clock for clock in clocks)


def _just_begun(clock: Clock, now: datetime) -> bool:
    return clock.state == "running" and len(clock.log) == 1 and clock.log[0].at == now


def _begun(clock: Clock, since: datetime) -> Clock:
    return clock.model_copy(update={"log": (clock.log[0].model_copy(update={"at": since}),)})


def rebased(
    clocks: tuple[Clock, ...],
    old: Procedure,
    new: Procedure,
    state: State,
    now: datetime,
    priority: str = "normal",
    severity: str | None = None,
) -> tuple[Clock, ...]:
    """The clocks under another procedure: what a live one has used counts toward its new target (T10)."""
    rules = {old.clocks[s].clock: new.clocks[s] for s in (*new.clocks, state) if s in old.clocks}
    if old.first_answer and new.first_answer:
        rules[old.first_answer.clock] = new.first_answer
    terms = {name: rule.for_case(priority, severity) for name, rule in rules.items()}
    return tuple(
        _rebased(clock, terms[clock.clock], new.version, now) if _live(clock) and clock.clock in terms else clock
        for clock in clocks
    )


def _rebased(clock: Clock, rule: ClockRule, version: str, now: datetime) -> Clock:
    changed = {name: getattr(rule, name) for name in ("clock", "target", "calendar", "outcome", "remind")}
    if all(getattr(clock, name) == value for name, value in changed.items()):
        return clock
    return clock.changed(now, **changed).under(version)


def graded(
    clocks: tuple[Clock, ...],
    procedure: Procedure,
    before: tuple[str, str | None],
    after: tuple[str, str | None],
    now: datetime,
) -> tuple[Clock, ...]:
    """The clocks of a case whose priority or severity is another: the time used counts toward the new target (T10).

    Only where the playbook names another length; what somebody extended by hand is then replaced.
    """
    rules = {rule.clock: rule for rule in procedure.clocks.values() if rule.by_priority or rule.by_severity}
    first = procedure.first_answer
    if first and (first.by_priority or first.by_severity):
        rules[first.clock] = first
    targets = {
        name: rule.for_case(*after).target
        for name, rule in rules.items()
        if rule.for_case(*after).target != rule.for_case(*before).target
    }
    return tuple(
        clock.changed(now, target=targets[clock.clock]).under(procedure.version)
        if _live(clock) and clock.clock in targets
        else clock
        for clock in clocks
    )


def extended(clock: Clock, now: datetime, until: datetime | None, by_seconds: int) -> Clock:
    """The clock with a deadline of its own, or so many seconds more of its calendar's time (T10)."""
    if until is not None:
        return clock.changed(now, until=until)
    return clock.changed(now, target=clock.target + by_seconds)


def recounted(clock: Clock, version: str, only: frozenset[str], now: datetime, called_on: str = ALL_HOURS) -> Clock:
    """The running clock with its instants to be computed from the calendars of now; once for each version of them.

    `called_on` is the calendar of its chain: where that alone is meant the due time stays, and the calls move.
    """
    note = f"calendars {version}"
    if clock.state != "running" or any(entry.what == "rebased" and entry.note == note for entry in clock.log):
        return clock
    if _is_meant(clock.calendar, only):
        return clock.recounted(now, note)
    if clock.outcome in CLIMBING and _is_meant(called_on, only):
        return clock.called_anew(now, note)
    return clock


def _is_meant(calendar: str, only: frozenset[str]) -> bool:
    return calendar != ALL_HOURS and (not only or calendar in only)


# ── arithmetic ────────────────────────────────────────────────────────────────────────────────────


def used_seconds(clock: Clock, calendar: Calendar, now: datetime) -> int:
    """Time used on the clock's own calendar: the sum of its running spans up to `now` (T1, T10)."""
    return sum(between(calendar, span.start, span.end) for span in spans_of(clock, now) if span.runs)


class Span(Value):
    """A stretch of a clock's life in which it ran, or stood still."""

    start: datetime
    end: datetime
    runs: bool
    note: str | None = None  # of what ended it


def spans_of(clock: Clock, now: datetime) -> list[Span]:
    """The stretches of a clock's log up to `now`, in order: what its sums are made of."""
    spans: list[Span] = []
    since, runs = clock.log[0].at, True
    for entry in clock.log[1:]:
        if entry.what in ("paused", "resumed", "met", "cancelled"):
            if entry.what not in ("met", "cancelled") or runs:
                spans.append(Span(start=since, end=max(since, entry.at), runs=runs, note=entry.note))
            since, runs = entry.at, entry.what == "resumed"
    if clock.state in ("running", "paused"):
        spans.append(Span(start=since, end=max(since, now), runs=runs))
    return spans


def running_since(clock: Clock) -> datetime:
    """When it was last started or resumed."""
    return next(e.at for e in reversed(clock.log) if e.what in ("started", "resumed"))


def with_none_armed(clocks: tuple[Clock, ...]) -> tuple[Clock, ...]:
    """Clocks whose chain has begun, with their alarms to be computed anew."""
    return tuple(
        clock.model_copy(update={"alarms": None}) if clock.state == "running" and clock.climbed else clock
        for clock in clocks
    )


def with_another_day(clock: Clock, chain: Chain, after: datetime) -> Clock:
    """The clock with one more alarm, a day later, to those who are told last."""
    alarms = clock.alarms or ()
    last = chain.rungs[-1] if chain.rungs and clock.outcome in CLIMBING else None
    taken = {a.name for a in alarms} | clock.reached
    name = f"{AGAIN} {1 + sum(name.startswith(AGAIN) for name in taken)}"
    level, targets = (last.level, last.targets) if last else (1, ("owner",))
    again = Alarm(name=name, at=after + DAILY, level=level, targets=targets, channels=last.channels if last else ())
    return clock.model_copy(update={"alarms": (*alarms, again)})


def pending_alarms(clock: Clock) -> tuple[Alarm, ...]:
    """The alarms that have not fired yet, earliest first."""
    if clock.state != "running" or not clock.alarms:
        return ()
    reached = clock.reached
    return tuple(alarm for alarm in clock.alarms if alarm.name not in reached)


_LEVEL = re.compile(r"level (\d+)")


def level_of(name: str) -> int | None:
    """The level in an alarm's name; None for reminders, warnings, and what comes daily."""
    found = _LEVEL.search(name)
    return int(found[1]) if found else None


def next_level(clock: Clock, name: str) -> Alarm | None:
    """The alarm above this one in the same turn of the chain, where it has not rung yet."""
    turn, level = name.partition("level")[0], level_of(name)
    above = (a for a in pending_alarms(clock) if level is not None and (a.level or 0) > level)
    return next((a for a in above if a.name.partition("level")[0] == turn), None)


def fires_at(alarm: Alarm, acknowledged_until: datetime | None) -> datetime:
    """When an alarm fires: an acknowledged chain stands still until its time-out (T8)."""
    if alarm.level and acknowledged_until and acknowledged_until > alarm.at:
        return acknowledged_until
    return alarm.at


def next_call_at(clock: Clock) -> datetime | None:
    """When the chain speaks next: a warning, a level, or what comes daily (T8)."""
    return min((alarm.at for alarm in pending_alarms(clock) if alarm.level is not None), default=None)


def next_alarm_at(clocks: Iterable[Clock], acknowledged_until: datetime | None = None) -> datetime | None:
    """The earliest instant at which any clock wants attention."""
    return min((fires_at(a, acknowledged_until) for c in clocks for a in pending_alarms(c)), default=None)
