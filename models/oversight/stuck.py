"""Why a case is stuck: every reason as a fact with its time, and as a sentence with its numbers (T12, T14).

A reason holds from an instant until another. Many begin by themselves when nobody acts (a deadline passes), and so
their beginning is known beforehand and nobody has to look again for them to become true. `owner_away` is the one
reason that does not follow from the case: it is asked of the roster of people at the moment somebody looks.
"""

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from models.case import Case
from models.clocks import PROMISE
from models.lifecycle import State
from models.value import Value

REASSIGNED_OFTEN: Final = 3
REOPENED_OFTEN: Final = 2
OWNER_AWAY: Final = "owner_away"
#: Every reason, in the order in which they are shown. Databases keep a reason as the bit of its place here: a new one
#: goes to the end, and none ever moves.
REASONS: Final = (
    "overdue",
    "due_soon",
    "no_owner",
    OWNER_AWAY,
    "silent",
    "over_waiting",
    "callback_missed",
    "bouncing",
    "escalated_unacked",
    "chain_exhausted",
    "step_failing",
    "no_timer",
    "promise_missed",
)
BIT: Final[Mapping[str, int]] = {reason: 1 << place for place, reason in enumerate(REASONS)}

#: Before and behind every instant that a case knows.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
#: Who is not of the house: a case that waits for them cannot be silent, but it can wait too long (T12).
OTHER_SIDE = frozenset({"customer", "courier", "recipient", "expert", "platform", "nobody"})


class Held(Value):
    """One reason and its time. `since` None: it holds now, and what the case says does not tell since when."""

    reason: str
    since: datetime | None
    until: datetime = END_OF_TIME


class Span(Value):
    """From one instant until another the same reasons hold, named by their bits."""

    since: datetime
    until: datetime
    mask: int


class Times(Value):
    """What follows from a case and the calendars: when it is due soon, when silent, and the end of its chain."""

    due_soon_at: datetime | None
    silent_at: datetime | None
    chain_exhausted: bool


def held(case: Case, times: Times) -> tuple[Held, ...]:
    """Every reason of an open case that holds or will hold if nobody acts; none of a closed one."""
    if case.is_final:
        return ()
    return (*_late(case, times), *_standing(case, times))


def _late(case: Case, times: Times) -> Iterable[Held]:
    """What begins by itself."""
    due = case.due_at
    if due is not None:
        yield Held(reason="overdue", since=due)
        if times.due_soon_at is not None and times.due_soon_at < due:
            yield Held(reason="due_soon", since=times.due_soon_at, until=due)
    if times.silent_at is not None:
        yield Held(reason="silent", since=times.silent_at)
    if case.waiting_for in OTHER_SIDE:
        yield Held(reason="over_waiting", since=due)
    if case.state is State.RESOLVED and (case.callback_misses > 0 or due is not None):
        yield Held(reason="callback_missed", since=None if case.callback_misses else due)
    if case.escalation >= 1:
        yield Held(reason="escalated_unacked", since=case.acknowledged_until)
    promised = [c.due_at for c in case.clocks if c.clock == PROMISE and c.state == "running" and c.due_at]
    if promised:
        yield Held(reason="promise_missed", since=min(promised))


def _standing(case: Case, times: Times) -> Iterable[Held]:
    """What somebody did, or did not do: it holds until somebody does something about it."""
    standing = {
        "no_owner": case.owner is None,
        "bouncing": case.reassigned >= REASSIGNED_OFTEN or case.reopened >= REOPENED_OFTEN,
        "chain_exhausted": times.chain_exhausted,
        "step_failing": case.failing_step is not None,
        "no_timer": case.due_at is None or case.alarm_at is None,
    }
    return (Held(reason=reason, since=None) for reason, holds in standing.items() if holds)


def spans(facts: Iterable[Held], after: datetime = BEGINNING) -> tuple[Span, ...]:
    """The same facts as one line of spans without a gap: at every instant one of them says all that holds.

    What was over before `after` is left out, since nobody asks for it any more; the first span goes back for ever.
    """
    known = [(BIT[f.reason], f.since or BEGINNING, f.until) for f in facts]
    borders = sorted(
        {BEGINNING, END_OF_TIME, *(at for _, since, until in known for at in (since, until) if at > after)}
    )
    found: list[Span] = []
    for since, until in itertools.pairwise(borders):
        seen = max(since, after)
        mask = sum(bit for bit, begins, ends in known if begins <= seen < ends)
        if found and found[-1].mask == mask:
            found[-1] = found[-1].model_copy(update={"until": until})
        else:
            found.append(Span(since=since, until=until, mask=mask))
    return tuple(found)


def mask_of(reasons: Iterable[str]) -> int:
    """The bits of these reasons, all of them for none."""
    return sum(BIT[reason] for reason in set(reasons)) or sum(BIT.values())


def named(mask: int) -> tuple[str, ...]:
    """The reasons of these bits, in their order."""
    return tuple(reason for reason, bit in BIT.items() if mask & bit)
