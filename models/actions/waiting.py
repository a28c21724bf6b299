"""What people do about deadlines: snooze, escalate, acknowledge, promise, remind, and move them on purpose."""

from datetime import timedelta
from itertools import pairwise

from models.actions import handles
from models.clocks import PROMISE, extended, met, recounted, started, with_none_armed
from models.commands import Escalate, Extend, Note, Promise, RebaseCalendar, Snooze
from models.draft import Draft
from models.errors import DataRefused, RuleRefused
from models.lifecycle import Action
from models.playbook import ALL_HOURS, ClockRule

#: The longest that a clock runs.
LONGEST = 10 * 365 * 86400


@handles(Action.SNOOZE)
def snooze(draft: Draft, data: Snooze) -> None:
    """T9: out of the list until then; its clocks go on."""
    if data.until <= draft.now:
        raise DataRefused.of("until", "A case is snoozed to a time to come.")
    draft.set(snoozed_until=data.until)


#: To whom a person hands a case up, from below.
LADDER = ("supervisor", "manager", "director")


def above(role: str) -> str | None:
    """Who comes after this one; nobody after the last."""
    return next((up for low, up in pairwise(LADDER) if low == role), None)


@handles(Action.ESCALATE)
def escalate(draft: Draft, data: Escalate) -> None:
    """T8, T16: a person hands it up, with plans where there are any; an upset customer `to` the supervisor at once."""
    level = draft.case.escalation + 1
    to = data.to or LADDER[min(level, len(LADDER)) - 1]
    level = max(draft.case.escalation, LADDER.index(to) + 1) if data.to else level
    draft.set(escalation=level, acknowledged_at=None, acknowledged_until=None)
    draft.tell(to, data.reason[:200], level)


@handles(Action.ACKNOWLEDGE)
def acknowledge(draft: Draft, data: Note) -> None:
    """T8: somebody has it; the chain stands still for the acknowledge time-out and then comes back."""
    case = draft.case
    chain = case.procedure.escalation
    until = None
    if chain.team == ALL_HOURS:  # else only a calendar can tell, and the commit asks it
        until = draft.now + timedelta(seconds=case.procedure.quiet_seconds(case.escalation))
    draft.set(acknowledged_at=draft.now, acknowledged_until=until)
    if chain.comes_back:
        draft.set(clocks=with_none_armed(case.clocks))


@handles(Action.PROMISE)
def promise(draft: Draft, data: Promise) -> None:
    """T14: a clock of its own, met by a logged contact."""
    left = round((data.at - draft.now).total_seconds())
    if left <= 0:
        raise DataRefused.of("at", "A promise is for a time to come.")
    if left > LONGEST:
        raise DataRefused.of("at", "A promise is for a time within ten years.")
    rule = ClockRule(clock=PROMISE, target=left, calendar=ALL_HOURS)
    cycle = 1 + sum(c.clock == PROMISE for c in draft.case.clocks)
    new = started(rule, cycle, draft.now).under(draft.case.procedure.version)
    draft.set(clocks=(*draft.case.clocks, new))


@handles(Action.KEEP_PROMISE)
def keep_promise(draft: Draft, data: Note) -> None:
    running = [c for c in draft.case.clocks if c.clock == PROMISE and c.state == "running"]
    if not running:
        raise RuleRefused("No promise is open.")
    draft.told_customer()
    kept = running[0]
    draft.set(clocks=tuple(met(c, draft.now) if c is kept else c for c in draft.case.clocks))


@handles(Action.REMIND)
def remind(draft: Draft, data: Note) -> None:
    """T9, T12: whoever is awaited hears of it: the customer by a message, one of ours as an alert."""
    awaited = draft.case.waiting_for
    told = f"Reminder: {data.note}"[:200] if data.note else f"Reminder: the case waits for the {awaited}."
    if awaited == "customer":
        draft.told_customer()
    if awaited == "agent":
        awaited = "owner" if draft.case.owner else "on_duty"
    draft.tell(awaited, told)


@handles(Action.EXTEND)
def extend(draft: Draft, data: Extend) -> None:
    """T10, T12: with a reason, never to an earlier time, and logged as a change of the clock."""
    clock = draft.case.state_clock
    if clock is None:
        raise RuleRefused("No deadline runs that could be moved.")
    if (data.until is None) == (data.by_seconds is None):
        raise DataRefused.of("until", "Say until when, or by how many seconds: one of the two.")
    if data.until is not None and data.until <= max(draft.now, clock.due_at or draft.now):
        raise DataRefused.of("until", "A deadline is extended to a time to come, later than it is now.")
    if data.until is not None and (data.until - draft.now).total_seconds() > LONGEST:
        raise DataRefused.of("until", "A deadline lies within ten years.")
    if clock.target + (data.by_seconds or 0) > LONGEST:
        raise DataRefused.of("by_seconds", "A clock runs for ten years at most.")
    moved = extended(clock, draft.now, data.until, data.by_seconds or 0).under(draft.case.procedure.version)
    draft.set(clocks=tuple(moved if c is clock else c for c in draft.case.clocks))


@handles(Action.REBASE_CALENDAR)
def rebase_calendar(draft: Draft, data: RebaseCalendar) -> None:
    """T10: running clocks are computed anew from the calendars of now; those that are over never change."""
    only, case = frozenset(data.calendars), draft.case
    called_on = case.procedure.escalation.calendar_for(case.severity)
    draft.set(clocks=tuple(recounted(c, data.version, only, draft.now, called_on) for c in case.clocks))
