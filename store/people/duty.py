"""Who is on duty, from what is written down; whom a letter reaches, and who gets work that nobody has (T8, T11)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import and_, false, func, or_, select, tuple_
from sqlalchemy.orm import Session

from models import tables
from models.case import Case
from models.effects import Effects
from models.lifecycle import Action, Role
from models.people.duty import (
    Absence,
    Handover,
    Person,
    Plan,
    Roster,
    Rota,
    Seen,
    Standing,
    Swap,
    Talk,
    available,
    filled_as,
    on_duty,
)
from models.people.letters import OUTSIDE, known_as
from models.people.shifts import LONGEST_OVERRUN, DutyPlan
from models.value import Value
from store.documents import put_new

OWNER, ON_DUTY = "owner", "on_duty"
#: Facts that ended so long before an instant cannot matter to it, whatever the zone.
_BEHIND = timedelta(days=3)
#: How far before an instant a customer's message can make a shift last until then.
_TALKED = timedelta(seconds=2 * LONGEST_OVERRUN)


# ── the roster ────────────────────────────────────────────────────────────────────────────────────


def roster(session: Session, at: datetime | None = None, ahead: bool = True) -> Roster:
    """All that is known about who works when.

    For one instant name it: then only what can matter to it or comes later is read, and the customers' messages by
    which a shift lasts longer (T18) are read too. Without `ahead` absences to come are left out: enough to know who
    is there, and not when somebody is back.
    """
    people = _people(session)
    if not people:
        return Roster()
    return Roster(
        plans=_plans(session, at),
        people=people,
        rota=_rota(session, at),
        absences=_absences(session, at, ahead),
        swaps=_swaps(session, at),
        handovers=_handovers(session, at),
        talks=_talks(session, at) if at is not None else (),
    )


def _people(session: Session) -> tuple[Person, ...]:
    staff, standings = tables.staff.c, tables.staff_standings.c
    found = select(staff.id, staff.name, standings.roles, standings.since, standings.recorded_at)
    joined = found.join_from(tables.staff, tables.staff_standings, standings.person == staff.id)
    names: dict[str, str] = {}
    held: dict[str, list[Standing]] = {}
    for row in session.execute(joined.order_by(staff.id, standings.number)):
        names[row.id] = row.name
        standing = Standing(since=row.since, recorded_at=row.recorded_at, roles=tuple(Role(r) for r in row.roles))
        held.setdefault(row.id, []).append(standing)
    return tuple(Person(id=person, name=names[person], standings=tuple(held[person])) for person in names)


def _plans(session: Session, at: datetime | None) -> tuple[Plan, ...]:
    found = select(tables.duty_plans).order_by(tables.duty_plans.c.number)
    if at is not None:  # only the one in force: they are long, and nobody changes the past
        last = tables.duty_plans.c.number.desc()
        found = select(tables.duty_plans).where(tables.duty_plans.c.recorded_at <= at).order_by(last).limit(1)
    return tuple(
        Plan(recorded_at=row.recorded_at, plan=DutyPlan.model_validate(row.document)) for row in session.execute(found)
    )


def _rota(session: Session, at: datetime | None) -> tuple[Rota, ...]:
    rota = tables.rota.c
    found = select(rota.person, rota.first_day, rota.last_day, rota.pattern, rota.recorded_at)
    if at is not None:
        # The last one always: who had a rota once, and has none now, is off, unlike those who never had one.
        last = select(rota.person, func.max(rota.number)).group_by(rota.person)
        ended = and_(rota.last_day < _behind(at), tuple_(rota.person, rota.number).not_in(last))
        found = found.where(or_(rota.last_day.is_(None), ~ended))
    return tuple(
        Rota(
            person=row.person,
            first_day=date.fromisoformat(row.first_day),
            last_day=date.fromisoformat(row.last_day) if row.last_day else None,
            pattern=tuple(row.pattern),
            recorded_at=row.recorded_at,
        )
        for row in session.execute(found.order_by(rota.person, rota.number))
    )


def _behind(at: datetime) -> str:
    return (at - _BEHIND).date().isoformat()


def _absences(session: Session, at: datetime | None, ahead: bool) -> tuple[Absence, ...]:
    columns = [tables.absences.c[name] for name in Absence.model_fields]
    found = select(*columns).order_by(tables.absences.c.from_at, tables.absences.c.id)
    if at is not None:
        found = found.where(tables.absences.c.until_at > at - _BEHIND)
    if at is not None and not ahead:
        found = found.where(tables.absences.c.from_at <= at)
    return tuple(Absence.model_validate(dict(row)) for row in session.execute(found).mappings())


def _swaps(session: Session, at: datetime | None) -> tuple[Swap, ...]:
    columns = [tables.swaps.c[name] for name in Swap.model_fields]
    found = select(*columns).order_by(tables.swaps.c.proposed_at, tables.swaps.c.id)
    if at is not None:
        found = found.where(tables.swaps.c.last_day >= _behind(at), tables.swaps.c.state == "agreed")
    return tuple(Swap.model_validate(dict(row)) for row in session.execute(found).mappings())


def _handovers(session: Session, at: datetime | None) -> tuple[Handover, ...]:
    handovers = tables.handovers.c
    columns = [handovers[name] for name in Handover.model_fields]
    found = select(*columns).order_by(handovers.began_at, handovers.id)
    if at is not None:
        found = found.where(handovers.began_at > at - _TALKED)
    return tuple(Handover.model_validate(dict(row)) for row in session.execute(found).mappings())


def _talks(session: Session, at: datetime) -> tuple[Talk, ...]:
    talks = tables.talks.c
    found = select(talks.person, talks.at).where(talks.at > at - _TALKED, talks.at <= at)
    return tuple(Talk(person=row.person, at=row.at) for row in session.execute(found.order_by(talks.at)))


# ── what is written down by others ────────────────────────────────────────────────────────────────


def see_plan(session: Session, plan: DutyPlan, now: datetime) -> bool:
    """Keep the shifts that are in force, if they differ from the last ones kept; whether they did.

    Of two processes that see the same change at once, one keeps it.
    """
    last = select(tables.duty_plans).order_by(tables.duty_plans.c.number.desc()).limit(1)
    kept = session.execute(last).first()
    document = plan.model_dump(mode="json")
    if kept is not None and kept.document == document:
        return False
    number = kept.number + 1 if kept else 1
    put_new(session, tables.duty_plans, [{"number": number, "document": document, "recorded_at": now}])
    return True


def note_talks(session: Session, case: Case, effects: Effects) -> None:
    """Keep when a customer spoke in a case that somebody owns: his shift lasts while they talk (T18)."""
    if case.owner is None:
        return
    spoken = [
        one for one in effects.entries if one.action == Action.CUSTOMER_MESSAGE or one.actor.role is Role.CUSTOMER
    ]
    rows = [{"case_no": case.case_no, "seq": one.seq, "person": case.owner, "at": one.at} for one in spoken]
    put_new(session, tables.talks, rows)


# ── letters ───────────────────────────────────────────────────────────────────────────────────────


def heard_by(
    session: Session, to: str, owner: str | None, at: datetime, known: Roster | None = None
) -> tuple[str, ...] | None:
    """Whom a letter to `to` reaches at an instant: a role, `owner`, `on_duty`, or a person's id (T8, T11).

    `()`: there are such people, and none of them is on duty. None: nobody of that kind is registered, as in a shop
    that keeps no staff list; the letter goes to the role's own box. An owner off duty is stood in for, else it is
    those on duty; a person off duty is stood in for or not reached. `known` is the roster of that instant, where it
    was read already.
    """
    if to in OUTSIDE:
        return None
    known = known or roster(session, at, ahead=False)
    if not known.people:
        return None
    if to == OWNER:
        return _owner(known, owner, at)
    if to == ON_DUTY:
        return _those_on_duty(known, at)
    role = known_as(to)
    if role in _ROLES:
        return _of_role(known, Role(role), at)
    return _person(known, to, at)


_ROLES = frozenset(role.value for role in Role)


def _owner(known: Roster, owner: str | None, at: datetime) -> tuple[str, ...] | None:
    found = _person(known, owner, at) if owner is not None else None
    return found or _those_on_duty(known, at)


def _person(known: Roster, person: str, at: datetime) -> tuple[str, ...] | None:
    seen = Seen(known, at)
    if person not in seen.people:
        return None
    reached = person if seen.activity(person) else seen.stand_in(person)
    return (reached,) if reached else ()


def _those_on_duty(known: Roster, at: datetime) -> tuple[str, ...] | None:
    """Case workers: those who are free for cases, else all who are on duty."""
    role = filled_as(known, Role.AGENT, at)
    if role is None:
        return None
    seen = Seen(known, at)
    there = {person: seen.activity(person) for person in seen.of_role(role)}
    free = tuple(person for person, activity in there.items() if activity == "cases")
    return free or tuple(person for person, activity in there.items() if activity)


def _of_role(known: Roster, to: Role, at: datetime) -> tuple[str, ...] | None:
    role = filled_as(known, to, at)
    return None if role is None else on_duty(known, role, at)


# ── work ──────────────────────────────────────────────────────────────────────────────────────────


def fewest_due_soon(
    session: Session, role: Role | str, at: datetime, besides: Iterable[str] = (), known: Roster | None = None
) -> str | None:
    """Who gets work without an owner: of those free for cases the one with the fewest due soon or late (T11).

    Of equals the one with the fewest open cases, then the first by id. `besides` never get it (T15). None when nobody
    is free, or no staff list is kept.
    """
    known = known or roster(session, at, ahead=False)
    filled = filled_as(known, role, at)
    passed_over = {person.casefold() for person in besides}
    free = [one for one in available(known, filled, at) if one.casefold() not in passed_over] if filled else []
    if not free:
        return None
    load = _load(session, free, at)
    return min(free, key=lambda person: (load.get(person, (0, 0)), person))


def _load(session: Session, people: list[str], at: datetime) -> Mapping[str, tuple[int, int]]:
    """How many open cases of each are due soon or late, and how many they have; snoozed ones are not due (T9)."""
    cases = tables.cases.c
    awake = or_(cases.snoozed_until.is_(None), cases.snoozed_until <= at)
    pressing = func.count().filter(cases.due_soon_at <= at, awake)
    found = select(cases.owner, pressing, func.count()).where(cases.owner.in_(people), cases.is_open)
    return {row[0]: (row[1], row[2]) for row in session.execute(found.group_by(cases.owner))}


def away(session: Session, at: datetime) -> dict[str, datetime]:
    """Everybody off duty at an instant, with when they are back; `NEVER` when nobody knows (T12 `owner_away`)."""
    known = roster(session, at)
    seen = Seen(known, at)
    found = {person: seen.away_until(person) for person in seen.people}
    return {person: until for person, until in found.items() if until is not None}


class LeftBehind(Value):
    """An open case whose owner is off duty until after its deadline."""

    case_no: str
    owner: str
    due_at: datetime
    away_until: datetime


def left_behind(session: Session, at: datetime, after: str = "", limit: int = 500) -> tuple[LeftBehind, ...]:
    """Open cases of owners who are away past the deadline, by number, in pages (T11): for the sweep or a manager."""
    gone, cases = away(session, at), tables.cases.c
    late = or_(false(), *(and_(cases.owner == person, cases.due_at <= until) for person, until in gone.items()))
    found = select(cases.case_no, cases.owner, cases.due_at).where(cases.is_open, cases.case_no > after, late)
    rows = session.execute(found.order_by(cases.case_no).limit(limit))
    return tuple(
        LeftBehind(case_no=row.case_no, owner=row.owner, due_at=row.due_at, away_until=gone[row.owner]) for row in rows
    )
