"""What speaks against a swap, what it changes, and who answers for a gap (T11, T18)."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise

from models.people.duty import ONE_DAY, Roster, Seen, Swap
from models.people.shifts import Span
from models.value import Value


class Gap(Value):
    """A shift that was swapped, and nobody is there for; both answer for it."""

    swap: str
    day: date
    shift: str
    person: str
    answer_for_it: tuple[str, str]


def against(roster: Roster, swap: Swap, now: datetime) -> str | None:
    """What speaks against agreeing to a swap at this moment; None when nothing does.

    Swaps are agreed beforehand, about shifts that there are, between two who are there and in one place at a time.
    """
    seen = Seen(roster, now)
    if swap.proposer == swap.partner:
        return "A swap takes two: name somebody else."
    for person in (swap.proposer, swap.partner):
        if not seen.roles(person, now):
            return f"{person} is not with us."
    for person, day in _given(swap):
        shifts = seen.shifts(person, day)
        if not any(True for _ in seen.spans(person, day, day)):
            return f"{person} has no shift on {day}: there is nothing to swap."
        first = min(span.begins for _, _, span in seen.spans(person, day, day))
        if first <= now:
            return f"The {' and '.join(shifts)} shift of {day} has begun: swaps are agreed beforehand."
    return _same_shift(seen, swap) or _does_not_fit(roster, swap, now)


def _same_shift(seen: Seen, swap: Swap) -> str | None:
    """Nobody can take a shift that he works himself that day."""
    given = dict(_given(swap))
    for giver, day in _given(swap):
        taker = swap.partner if giver == swap.proposer else swap.proposer
        both = set(seen.shifts(giver, day)) & set(seen.shifts(taker, day))
        if both and given.get(taker) == day:
            return f"Both have the {both.pop()} shift on {day}: there is nothing to swap."
        if both:
            return f"{taker} has the {both.pop()} shift on {day} already."
    return None


def _given(swap: Swap) -> Iterator[tuple[str, date]]:
    """Who gives away which day."""
    yield swap.proposer, swap.proposer_day
    if swap.partner_day is not None:
        yield swap.partner, swap.partner_day


def _does_not_fit(roster: Roster, swap: Swap, now: datetime) -> str | None:
    """Somebody would be in two shifts at once, or is not there for the one that he takes."""
    agreed = swap.model_copy(update={"state": "agreed", "answered_at": now})
    others = tuple(one for one in roster.swaps if one.id != swap.id)
    after = Seen(roster.model_copy(update={"swaps": (*others, agreed)}), now)
    for giver, day in _given(swap):
        taker = swap.partner if giver == swap.proposer else swap.proposer
        spans = sorted(span for _, _, span in after.spans(taker, day - ONE_DAY, day + ONE_DAY))
        if any(_overlap(one, other) for one, other in pairwise(spans)):
            return f"{taker} would be in two shifts at once on {day}."
        if any(not _covered(after, taker, span) for _, _, span in after.spans(taker, day, day)):
            return f"{taker} is out of office on {day}."
    return None


def _overlap(one: Span, other: Span) -> bool:
    return other.begins < one.ends


def _covered(seen: Seen, person: str, span: Span) -> bool:
    """Whether somebody is there for all of a shift, as far as it is known."""
    moments = [span.begins, *(a.from_at for a in seen.roster.absences if a.person == person)]
    return all(seen.there(person, at) for at in moments if span.begins <= at < span.ends)


def gaps(roster: Roster, first: date, last: date, now: datetime) -> tuple[Gap, ...]:
    """Swapped shifts of these days whose taker is not there for all of it, as far as it is known (T18)."""
    seen = Seen(roster, now)
    found = []
    for swap in roster.swaps:
        if swap.state != "agreed":
            continue
        for giver, day in _given(swap):
            taker = swap.partner if giver == swap.proposer else swap.proposer
            missed = [s for s, _, span in seen.spans(taker, day, day) if not _covered(seen, taker, span)]
            if first <= day <= last and missed:
                both = (swap.proposer, swap.partner)
                found.append(Gap(swap=swap.id, day=day, shift=missed[0], person=taker, answer_for_it=both))
    return tuple(found)
