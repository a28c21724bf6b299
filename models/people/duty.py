"""Who is on duty at any instant: people, rotas, absences, swaps, handovers (T11, T18).

Facts are dated and never rewritten: each counts from the moment it was recorded. So an instant in the past is answered
as it was then, and one in the future by all that is known now.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Literal

from models.lifecycle import Role, acts_as
from models.people.shifts import ALWAYS, NEVER_ON, OFF, Activity, DutyPlan, Span
from models.value import Value

#: Away for good, or for longer than anybody has planned.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
#: So many days ahead a rota is asked when somebody is back.
LOOKED_AHEAD = 400
ONE_DAY = timedelta(days=1)

#: What somebody on duty is at: cases, something else, or a shift that lasts while a customer still talks.
At = Activity | Literal["cases", "overtime"]
SwapState = Literal["proposed", "agreed", "refused", "withdrawn"]


class Plan(Value):
    """The shifts as they were from a moment on."""

    recorded_at: datetime
    plan: DutyPlan


class Standing(Value):
    """What somebody is from a moment on; no role: not with us."""

    since: datetime
    recorded_at: datetime
    roles: tuple[Role, ...]


class Person(Value):
    """Somebody on the staff list; nobody is ever taken off it."""

    id: str
    name: str
    standings: tuple[Standing, ...]


class Rota(Value):
    """The shifts of a person from a day on, as a pattern that repeats; the last recorded for a day holds."""

    person: str
    first_day: date
    last_day: date | None = None
    pattern: tuple[str, ...]
    recorded_at: datetime


class Absence(Value):
    """Out of office, with a stand-in; `ended_at` is the moment at which it was called off."""

    id: str
    person: str
    from_at: datetime
    until_at: datetime
    stand_in: str | None = None
    recorded_at: datetime
    ended_at: datetime | None = None


class Swap(Value):
    """Two exchange their duty of a day, or of two days; without `partner_day` the partner only takes over."""

    id: str
    proposer: str
    partner: str
    proposer_day: date
    partner_day: date | None = None
    state: SwapState = "proposed"
    proposed_at: datetime
    answered_at: datetime | None = None


class Handover(Value):
    """One hands open cases to another; while it lasts, what arises stays with the outgoing one."""

    id: str
    outgoing: str
    incoming: str
    began_at: datetime
    ended_at: datetime | None = None


class Talk(Value):
    """A customer said something in a case of this person's."""

    person: str
    at: datetime


class Roster(Value):
    """All that is known about who works when."""

    plans: tuple[Plan, ...] = ()
    people: tuple[Person, ...] = ()
    rota: tuple[Rota, ...] = ()
    absences: tuple[Absence, ...] = ()
    swaps: tuple[Swap, ...] = ()
    handovers: tuple[Handover, ...] = ()
    talks: tuple[Talk, ...] = ()


# ── the questions ─────────────────────────────────────────────────────────────────────────────────


def on_duty(roster: Roster, role: Role | str, at: datetime) -> tuple[str, ...]:
    """Everybody of this role who is on duty at an instant, by id; also those who are not free for cases."""
    seen = Seen(roster, at)
    return tuple(person for person in seen.of_role(Role(role)) if seen.activity(person))


def available(roster: Roster, role: Role | str, at: datetime) -> tuple[str, ...]:
    """Of those on duty, whom work can be given: not helping the warehouse, handing over or in overtime (T18)."""
    seen = Seen(roster, at)
    return tuple(person for person in seen.of_role(Role(role)) if seen.activity(person) == "cases")


def activity(roster: Roster, person: str, at: datetime) -> At | None:
    """What somebody is at; None when off duty, or not on the list."""
    return Seen(roster, at).activity(person)


def away_until(roster: Roster, person: str, at: datetime) -> datetime | None:
    """When somebody who is off duty is back, `NEVER` if nobody knows; None for whoever is there or not on the list."""
    return Seen(roster, at).away_until(person)


def stand_in(roster: Roster, person: str, at: datetime) -> str | None:
    """Who stands in for somebody absent: the first on duty of the chain of stand-ins, however it winds (T11)."""
    return Seen(roster, at).stand_in(person)


def filled_as(roster: Roster, role: Role | str, at: datetime) -> Role | None:
    """The role that people fill it as at an instant, on duty or not: itself, else the next rank that acts as it."""
    seen = Seen(roster, at)
    return next((rank for rank in ranks(Role(role)) if seen.of_role(rank)), None)


def ranks(role: Role) -> tuple[Role, ...]:
    """The role, and those that include it, from the lowest up."""
    return (role, *(r for r in (Role.SUPERVISOR, Role.MANAGER, Role.DIRECTOR) if r is not role and acts_as(r, role)))


# ── what is known at an instant ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Seen:
    """A roster as it is known at an instant: what was recorded later is not in it."""

    roster: Roster
    at: datetime
    _sheets: dict[date, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    @cached_property
    def plan(self) -> DutyPlan:
        """The shifts in force."""
        known = [one for one in self.roster.plans if one.recorded_at <= self.at]
        return max(known, key=lambda one: one.recorded_at).plan if known else DutyPlan()

    @cached_property
    def people(self) -> dict[str, tuple[Standing, ...]]:
        """Everybody by id, with what they are since when."""
        known = {p.id: tuple(s for s in p.standings if s.recorded_at <= self.at) for p in self.roster.people}
        return {person: standings for person, standings in sorted(known.items()) if standings}

    @cached_property
    def _rotas(self) -> dict[str, list[Rota]]:
        """The rotas of each person, the last recorded first."""
        found: dict[str, list[Rota]] = {}
        for rota in sorted(self.roster.rota, key=lambda one: one.recorded_at, reverse=True):
            if rota.recorded_at <= self.at:
                found.setdefault(rota.person, []).append(rota)
        return found

    @cached_property
    def _absences(self) -> dict[str, list[Absence]]:
        found: dict[str, list[Absence]] = {}
        for absence in self.roster.absences:
            called_off = absence.ended_at is not None and absence.ended_at <= self.at
            if absence.recorded_at <= self.at and not called_off:
                found.setdefault(absence.person, []).append(absence)
        return found

    @cached_property
    def _swaps(self) -> tuple[Swap, ...]:
        """Agreed by now, in the order in which they were agreed."""
        agreed = [s for s in self.roster.swaps if s.state == "agreed" and s.answered_at and s.answered_at <= self.at]
        return tuple(sorted(agreed, key=lambda swap: (swap.answered_at or self.at, swap.id)))

    # ── people ──

    def roles(self, person: str, when: datetime) -> tuple[Role, ...]:
        """What somebody is at an instant, as far as it is known now; nothing before coming and after leaving."""
        held = [standing for standing in self.people.get(person, ()) if standing.since <= when]
        # Of two for the same moment the last written down holds, which `sorted` leaves at the end.
        return sorted(held, key=lambda standing: standing.since)[-1].roles if held else ()

    def of_role(self, role: Role) -> tuple[str, ...]:
        """Who has a role now."""
        return tuple(person for person in self.people if role in self.roles(person, self.at))

    def absence(self, person: str, when: datetime) -> Absence | None:
        """Why somebody is out of office at an instant: the absence that lasts longest."""
        found = [one for one in self._absences.get(person, ()) if one.from_at <= when < one.until_at]
        return max(found, key=lambda one: (one.until_at, one.id)) if found else None

    def there(self, person: str, when: datetime) -> bool:
        """With us, and not out of office."""
        return bool(self.roles(person, when)) and self.absence(person, when) is None

    # ── shifts ──

    def shifts(self, person: str, day: date) -> tuple[str, ...]:
        """The shifts of somebody on a day, by rota and agreed swaps, whether or not they come."""
        if day not in self._sheets:
            self._sheets[day] = self._swapped(day)
        sheet = self._sheets[day]
        return sheet[person] if person in sheet else self._by_rota(person, day)

    def _by_rota(self, person: str, day: date) -> tuple[str, ...]:
        for rota in self._rotas.get(person, ()):
            if rota.first_day <= day and (rota.last_day is None or day <= rota.last_day):
                shift = rota.pattern[(day - rota.first_day).days % len(rota.pattern)]
                return () if shift == OFF else (shift,)
        return self._without_rota(person)

    def _without_rota(self, person: str) -> tuple[str, ...]:
        """Somebody who has a rota at all is off on days that none covers."""
        otherwise = self.plan.without_rota
        return (otherwise,) if person not in self._rotas and otherwise not in (ALWAYS, NEVER_ON) else ()

    def _swapped(self, day: date) -> dict[str, tuple[str, ...]]:
        """The shifts of those whose day was swapped."""
        sheet: dict[str, tuple[str, ...]] = {}
        for swap in self._swaps:
            if day not in (swap.proposer_day, swap.partner_day):
                continue
            ours, theirs = (sheet[p] if p in sheet else self._by_rota(p, day) for p in (swap.proposer, swap.partner))
            given = ours if day == swap.proposer_day else ()
            taken = theirs if day == swap.partner_day else ()
            sheet[swap.proposer] = tuple(dict.fromkeys((*(s for s in ours if s not in given), *taken)))
            sheet[swap.partner] = tuple(dict.fromkeys((*(s for s in theirs if s not in taken), *given)))
        return sheet

    def was_swapped(self, person: str, day: date) -> bool:
        """Whether an agreed swap is about somebody's duty of a day."""
        self.shifts(person, day)
        return person in self._sheets[day]

    def until(self, person: str) -> datetime | None:
        """When the hours of the shift end that somebody is in; None outside of one."""
        ends = [span.ends for _, _, span in self._around(person, self.at) if span.begins <= self.at < span.ends]
        return max(ends, default=None)

    def always_on(self, person: str) -> bool:
        """No rota at all, and the plan says that this means on duty."""
        return person not in self._rotas and self.plan.without_rota == ALWAYS

    def spans(self, person: str, first: date, last: date) -> Iterator[tuple[str, date, Span]]:
        """The shifts of somebody from one day to another: name, day, and when."""
        day = first
        while day <= last:
            found = [(s, day, span) for s in self.shifts(person, day) for span in self.plan.spans(s, day)]
            yield from sorted(found, key=lambda one: one[2])
            day += ONE_DAY

    def _around(self, person: str, when: datetime) -> list[tuple[str, date, Span]]:
        """The shifts that can hold an instant, or have ended shortly before it."""
        day = self.plan.day_of(when)
        return list(self.spans(person, day - ONE_DAY, day))

    # ── on duty ──

    def activity(self, person: str) -> At | None:
        """What somebody is at now; None when off duty."""
        if not self.there(person, self.at):
            return None
        by_shift = self._in_shift(person)
        if self._hands_over(person):
            return "cases"
        if by_shift and self._takes_over(person):
            return "handover"
        return by_shift or ("overtime" if self._still_talking(person) else None)

    def _in_shift(self, person: str) -> At | None:
        if self.always_on(person):
            return "cases"
        for shift, day, span in self._around(person, self.at):
            if span.begins <= self.at < span.ends:
                return self.plan.apart(shift, day, self.at) or "cases"
        return None

    def _running(self) -> Iterator[Handover]:
        """Handovers that were begun and are not over; one that nobody ends is over by itself."""
        longest = timedelta(seconds=self.plan.longest_handover)
        for one in self.roster.handovers:
            ended = min(one.ended_at or NEVER, one.began_at + longest)
            if one.began_at <= self.at < ended:
                yield one

    def _hands_over(self, person: str) -> bool:
        """The outgoing one is on duty until it is over, if he was when it began (T11)."""
        for one in self._running():
            if one.outgoing == person:
                then = Seen(self.roster, one.began_at)
                if then.there(person, one.began_at) and then._in_shift(person):
                    return True
        return False

    def _takes_over(self, person: str) -> bool:
        return any(one.incoming == person for one in self._running())

    def _still_talking(self, person: str) -> bool:
        """T18: a shift lasts while a customer is still talking, each message for a while, but not without end."""
        talks = [talk.at for talk in self.roster.talks if talk.person == person and talk.at <= self.at]
        if not talks:
            return False
        plan = self.plan
        longest, linger = timedelta(seconds=plan.longest_overrun), timedelta(seconds=plan.talking)
        ended = [
            span.ends for _, _, span in self._around(person, self.at) if span.ends <= self.at < span.ends + longest
        ]
        if not ended:
            return False
        until = end = max(ended)
        for at in sorted(talks):
            if end - linger < at <= until:
                until = max(until, at + linger)
        return self.at < until

    # ── away ──

    def away_until(self, person: str) -> datetime | None:
        """When somebody off duty is back."""
        if person not in self.people or self.activity(person):
            return None
        if self.always_on(person):
            return self._next_there(person, Span(self.at, NEVER)) or NEVER
        today = self.plan.day_of(self.at)
        for _, _, span in self.spans(person, today - ONE_DAY, today + LOOKED_AHEAD * ONE_DAY):
            back = self._next_there(person, Span(max(span.begins, self.at), span.ends))
            if back is not None:
                return back
        return NEVER

    def _next_there(self, person: str, span: Span) -> datetime | None:
        """The first instant of a span at which somebody is with us and not out of office."""
        at = span.begins
        while at < span.ends:
            absence = self.absence(person, at)
            if absence is not None:
                at = absence.until_at
            elif self.roles(person, at):
                return at
            else:
                later = [one.since for one in self.people[person] if one.since > at and one.roles]
                at = min(later, default=NEVER)
        return None

    def stand_in(self, person: str) -> str | None:
        """The first on duty of the chain of stand-ins."""
        asked = {person}
        absence = self.absence(person, self.at)
        while absence is not None and absence.stand_in is not None and absence.stand_in not in asked:
            named = absence.stand_in
            if self.activity(named):
                return named
            asked.add(named)
            absence = self.absence(named, self.at)
        return None
