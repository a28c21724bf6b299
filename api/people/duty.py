"""The use cases about staff and duty: who is on duty, absences, swaps, and cases handed over at the end of a shift."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.database import OnDatabase
from api.desk import Desk
from api.documents.duty import AbsenceAsk, HandoverAsk, RotaAsk, StaffAsk, SwapAsk
from api.oversight.clock_views import clock_document
from api.views import instant
from models.business_time import Calendar
from models.case import Case
from models.commands import Actor, Command
from models.errors import CommandRefused, Forbidden, Invalid, NotFound
from models.lifecycle import Action, Role, acts_as
from models.masking import masked
from models.next_step import next_step
from models.people.addresses import kind_of
from models.people.duty import NEVER, ONE_DAY, Roster, Seen
from models.people.swaps import Gap, gaps
from models.playbook import Playbook
from store import cases
from store.people import duty, handovers, rota, staff, users
from store.people.handovers import HandoverRow, Listed
from store.people.rota import AbsenceRow, SwapRow

T = TypeVar("T")
#: The most days whose shifts are shown at once.
MOST_DAYS = 92


class Duty(OnDatabase):
    """Staff and duty, on a desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.engine)
        self.desk = desk

    async def _write(self, work: Callable[[Session], T]) -> T:
        await self.desk.see_playbooks()  # rotas and swaps go by the shifts in force
        return await super()._write(work)

    # ── the staff list ──────────────────────────────────────────────────────

    async def people(self, actor: Actor) -> dict[str, Any]:
        """Everybody who was ever on the list, with what they are now and how many open cases they own."""
        now = self.desk.clock()

        def read(session: Session) -> list[dict[str, Any]]:
            seen = Seen(duty.roster(session, now), now)
            owned = handovers.open_case_counts(session)
            return [
                {**_staff_document(row, seen, actor), "open_cases": owned.get(row.id, 0)}
                for row in staff.people(session)
            ]

        return {"items": await self._read(read), "next_cursor": None}

    async def names(self) -> dict[str, str]:
        """Id → name of everybody who was ever on the list: all that most pages want of it."""
        return await self._read(lambda session: {row.id: row.name for row in staff.people(session)})

    async def at_cases(self) -> dict[str, str]:
        """Id → name of those of the list who can own cases now; nobody's cases are counted for it."""
        now = self.desk.clock()

        def read(session: Session) -> dict[str, str]:
            known = duty.roster(session, now, ahead=False)
            seen = Seen(known, now)
            own = {one.id: one.name for one in known.people}
            return {id: own[id] for id in seen.people if any(acts_as(role, Role.AGENT) for role in seen.roles(id, now))}

        return await self._read(read)

    async def person(self, id: str, actor: Actor) -> dict[str, Any]:
        """One person, with their standings, rotas and open cases."""
        now = self.desk.clock()
        return await self._read(lambda session: _person_document(session, id, actor, now))

    async def put_person(self, id: str, ask: StaffAsk, actor: Actor) -> dict[str, Any]:
        """Add somebody, or change what is said of them; nobody is ever taken off the list."""
        now = self.desk.clock()
        _known_zone(ask.timezone)

        def write(session: Session) -> dict[str, Any]:
            before = staff.person(session, id)
            if before is None and (ask.name is None or not ask.roles):
                raise NotFound(f"Nobody on the staff list has the id '{id}'; name and roles are needed to add them.")
            _may_be_written(session, id, ask, before, actor)
            said = {name: getattr(ask, name) for name in ask.model_fields_set & set(staff.StaffRow.model_fields)}
            kept = before or staff.StaffRow(id=id, name=ask.name or id)
            given = {k: v for k, v in said.items() if v is not None or k in _CAN_BE_NOTHING}
            staff.write(session, kept.model_copy(update=given), now)
            until = ask.until if "until" in ask.model_fields_set else staff.AS_IT_WAS
            staff.place(session, id, ask.roles, ask.since, until, actor.id, now)
            return _person_document(session, id, actor, now)

        return await self._write(write)

    # ── who is on duty ──────────────────────────────────────────────────────

    async def at(self, at: datetime | None) -> dict[str, Any]:
        """Who is on duty at an instant, as it was then or is planned, and when the others are back."""
        when = at or self.desk.clock()
        return await self._read(lambda session: _duty_document(duty.roster(session, when), when))

    async def days(self, first: date | None, count: int, person: str | None) -> dict[str, Any]:
        """The shifts of some days by person, with what was swapped, and the gaps."""
        now = self.desk.clock()

        def read(session: Session) -> dict[str, Any]:
            known = duty.roster(session)
            seen = Seen(known, now)
            begin = first or seen.plan.day_of(now)
            last = begin + (count - 1) * ONE_DAY
            people = [p for p in seen.people if person in (None, p)]
            rows = [_day_document(seen, p, begin + n * ONE_DAY) for n in range(count) for p in people]
            found = [_gap_document(gap) for gap in gaps(known, begin, last, now)]
            return {"items": [row for row in rows if row], "gaps": found, "next_cursor": None}

        return await self._read(read)

    async def put_rota(self, ask: RotaAsk, actor: Actor) -> dict[str, Any]:
        """Give somebody a rota from a day on."""
        now = self.desk.clock()
        row = await self._write(
            lambda session: rota.assign(
                session, ask.person, ask.rota, ask.first_day, ask.last_day, ask.begin_at, actor.id, now
            )
        )
        return row.model_dump(mode="json")

    # ── absences ────────────────────────────────────────────────────────────

    async def absences(self, person: str | None, actor: Actor) -> dict[str, Any]:
        """Absences that are not over."""
        now = self.desk.clock()
        rows = await self._read(lambda session: rota.absences(session, now, person))
        return {"items": [_absence_document(row, actor) for row in rows], "next_cursor": None}

    async def absent(self, ask: AbsenceAsk, actor: Actor) -> dict[str, Any]:
        """Write an absence down: everybody their own, a manager anybody's."""
        person, now = ask.person or actor.id, self.desk.clock()
        _own_or_manager(person, actor, "write down an absence of somebody else's")
        row = await self._write(
            lambda session: rota.absent(session, person, ask.begins, ask.until, ask.stand_in, ask.reason, actor.id, now)
        )
        return _absence_document(row, actor)

    async def call_off_absence(self, id: str, actor: Actor) -> dict[str, Any]:
        """Back early, or not gone at all."""
        now = self.desk.clock()

        def write(session: Session) -> AbsenceRow:
            _own_or_manager(rota.absence(session, id).person, actor, "call off an absence of somebody else's")
            return rota.call_off(session, id, actor.id, now)

        return _absence_document(await self._write(write), actor)

    # ── swaps ───────────────────────────────────────────────────────────────

    async def swaps(self, person: str | None) -> dict[str, Any]:
        """Swaps about yesterday or later."""
        now = self.desk.clock()
        rows = await self._read(lambda session: rota.swaps(session, (now - ONE_DAY).date(), person))
        return {"items": [_swap_document(row) for row in rows], "next_cursor": None}

    async def propose_swap(self, ask: SwapAsk, actor: Actor) -> dict[str, Any]:
        """Propose a swap of one's own duty; nobody proposes for others."""
        now = self.desk.clock()
        return _swap_document(
            await self._write(
                lambda session: rota.propose(session, actor.id, ask.partner, ask.day, ask.partner_day, ask.note, now)
            )
        )

    async def answer_swap(self, id: str, agrees: bool, note: str | None, actor: Actor) -> dict[str, Any]:
        """The partner agrees or refuses."""
        now = self.desk.clock()
        row = await self._write(lambda session: rota.answer(session, id, actor.id, agrees, note, now))
        return _swap_document(row)

    async def withdraw_swap(self, id: str, actor: Actor) -> dict[str, Any]:
        """The proposer takes it back."""
        now = self.desk.clock()
        return _swap_document(await self._write(lambda session: rota.take_back(session, id, actor.id, now)))

    # ── handovers ───────────────────────────────────────────────────────────

    async def handovers(self, person: str | None, limit: int) -> dict[str, Any]:
        """The log of handovers, the newest first."""
        rows = await self._read(lambda session: handovers.recent(session, person, limit))
        return {"items": [_handover_document(row) for row in rows], "next_cursor": None}

    async def handover(self, id: str) -> dict[str, Any]:
        """One handover with its cases."""
        return _handover_document(await self._read(lambda session: handovers.get(session, id)))

    async def hand_over(self, ask: HandoverAsk, actor: Actor) -> dict[str, Any]:
        """List somebody's open cases with next steps and running clocks, for the incoming one to accept (T11)."""
        outgoing = ask.outgoing or actor.id
        _own_or_manager(outgoing, actor, "hand over somebody else's cases")
        now = self.desk.clock()
        listed = await self._read(lambda session: self._listed(session, outgoing, now))
        row = await self._write(
            lambda session: handovers.begin(session, outgoing, ask.to, listed, ask.note, actor.id, now)
        )
        return _handover_document(row)

    def _listed(self, session: Session, outgoing: str, now: datetime) -> list[Listed]:
        """All that somebody owns and is open, the next deadline first, however many they are in a few reads."""
        in_force, books = self.desk.playbook_set, self.desk.books
        numbers = handovers.open_cases_of(session, outgoing)
        known = cases.load_many(session, numbers)
        owned = [known[number][0] for number in numbers]
        return [_listed(case, books.of(session, case, in_force), in_force.calendars, now) for case in owned]

    async def accept(self, id: str, case_nos: Collection[str] | None, note: str | None, actor: Actor) -> dict[str, Any]:
        """Accept all or some; the accepted cases move to the incoming one, the others stay where they are.

        Repeated after a failure it moves what has not moved yet.
        """
        now = self.desk.clock()
        row = await self._write(lambda session: handovers.accept(session, id, actor.id, case_nos, note, now))
        for item in row.items:
            if item.accepted and item.outcome is None:
                await self._keep(id, item.case_no, await self._moved(row, item.case_no, actor))
        return await self.handover(id)

    async def _keep(self, id: str, case_no: str, outcome: str) -> None:
        await self._write(lambda session: handovers.came_to(session, id, case_no, outcome))

    async def _moved(self, row: HandoverRow, case_no: str, actor: Actor) -> str:
        """Make the incoming one the owner, unless the case is closed or somebody else's by now."""
        case = await self._read(lambda session: cases.load(session, case_no))
        if case is None or case.is_final:
            return "closed meanwhile"
        if case.owner not in (row.outgoing, row.incoming):
            return f"with {case.owner or 'nobody'} meanwhile"
        data = {"to": row.incoming, "handover": row.id}
        command = Command(action=Action.ASSIGN, actor=actor, data=data, command_id=f"{row.id}/{case_no}")
        try:
            await self.desk.carry_out(case_no, command)
        except CommandRefused as refused:
            return refused.detail[:200]
        return handovers.MOVED

    async def refuse(self, id: str, note: str | None, actor: Actor) -> dict[str, Any]:
        """The incoming one accepts nothing."""
        now = self.desk.clock()
        return _handover_document(await self._write(lambda s: handovers.refuse(s, id, actor.id, note, now)))

    async def call_off_handover(self, id: str, actor: Actor) -> dict[str, Any]:
        """Whoever began it takes it back."""
        now = self.desk.clock()
        return _handover_document(await self._write(lambda s: handovers.call_off(s, id, actor.id, now)))


# ── who may ───────────────────────────────────────────────────────────────────────────────────────

#: What can be taken away by saying null.
_CAN_BE_NOTHING = frozenset({"timezone", "quiet_hours", "phone", "email"})


def is_manager(actor: Actor) -> bool:
    """Whether somebody may see and change what concerns others."""
    return acts_as(actor.role, Role.MANAGER) or actor.role is Role.SYSTEM


def _may_be_written(session: Session, id: str, ask: StaffAsk, before: staff.StaffRow | None, actor: Actor) -> None:
    """Raises Forbidden where the list would be a way round who may sign in: it says who has left, and whose mail it is.

    Nobody writes down that he leaves himself, so the last who manages cannot; a director's is for directors.
    """
    if ask.until is not None and id == actor.id:
        raise Forbidden("Nobody writes down that they themselves leave: ask another manager.")
    if actor.role is Role.DIRECTOR or not _is_director(session, id):
        return
    held = staff.standings(session, id)
    other_roles = bool(held) and ask.roles is not None and set(ask.roles) != set(held[-1].roles)
    other_mail = ask.email is not None and ask.email != (before.email if before else None)
    if ask.until is not None or other_roles or other_mail or (held and ask.since is not None):
        raise Forbidden("Only a director changes what a director is, their mail address, or that they leave.")


def _is_director(session: Session, id: str) -> bool:
    """By the staff list, or by what they may do when they sign in."""
    user, held = users.get(session, id), staff.standings(session, id)
    return Role.DIRECTOR in (user.roles if user else ()) or (bool(held) and Role.DIRECTOR in held[-1].roles)


def _own_or_manager(person: str, actor: Actor, what: str) -> None:
    if person != actor.id and not is_manager(actor):
        raise Forbidden(f"Only a manager may {what}.")


def _known_zone(timezone: str | None) -> None:
    try:
        ZoneInfo(timezone or "UTC")
    except (KeyError, OSError, ValueError):
        told = f"{timezone!a} is no time zone; write one like Asia/Shanghai."
        raise Invalid(told, errors=[{"field": "timezone", "message": told}]) from None


# ── documents ─────────────────────────────────────────────────────────────────────────────────────


def _staff_document(row: staff.StaffRow, seen: Seen, actor: Actor) -> dict[str, Any]:
    roles = seen.roles(row.id, seen.at)
    document = {
        "id": row.id,
        "name": row.name,
        "roles": [role.value for role in roles],
        "with_us": bool(roles),
        "on_duty": seen.activity(row.id) is not None,
        "has_rota": any(one.person == row.id for one in seen.roster.rota),
        "language": row.language,
    }
    if row.id == actor.id or is_manager(actor):
        reached = {"phone": row.phone, "email": row.email, "channels": [kind_of(one) for one in row.channels]}
        return {**document, "timezone": row.timezone, "quiet_hours": row.quiet_hours, **reached}
    return {**document, "phone": _masked(row.phone), "email": _masked(row.email), "channels": []}


def _masked(text: str | None) -> str | None:
    return masked(text) if text else None


def _person_document(session: Session, id: str, actor: Actor, now: datetime) -> dict[str, Any]:
    row = staff.known(session, id)
    document = _staff_document(row, Seen(duty.roster(session, now), now), actor)
    return {
        **document,
        "standings": [held.model_dump(mode="json") for held in staff.standings(session, id)],
        "rotas": [one.model_dump(mode="json") for one in rota.rotas_of(session, id)],
        "absences": [_absence_document(one, actor) for one in rota.absences(session, now, id)],
        "open_cases": len(handovers.open_cases_of(session, id)),
    }


def _duty_document(known: Roster, at: datetime) -> dict[str, Any]:
    seen = Seen(known, at)
    names = {person.id: person.name for person in known.people}
    there, away = [], []
    for person in seen.people:
        roles = [role.value for role in seen.roles(person, at)]
        who = {"person": person, "name": names[person], "roles": roles}
        activity = seen.activity(person)
        if activity:
            there.append({**who, "activity": activity, "until": instant(seen.until(person))})
        elif roles:
            absent = seen.absence(person, at) is not None
            until = seen.away_until(person)
            back = {"until": instant(until) if until != NEVER else None, "absent": absent}
            away.append({**who, **back, "stand_in": seen.stand_in(person)})
    return {"at": instant(at), "on_duty": there, "away": away}


def _day_document(seen: Seen, person: str, day: date) -> dict[str, Any] | None:
    spans = [span for _, _, span in seen.spans(person, day, day)]
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=seen.plan.zone)
    missed = [span for span in spans if seen.absence(person, span.begins)]
    absent = bool(missed) or seen.absence(person, noon) is not None
    if not spans and not absent:
        return None
    return {
        "day": day.isoformat(),
        "person": person,
        "shifts": list(seen.shifts(person, day)),
        "hours": [[instant(span.begins), instant(span.ends)] for span in spans],
        "swapped": seen.was_swapped(person, day),
        "absent": absent,
    }


def _gap_document(gap: Gap) -> dict[str, Any]:
    return gap.model_dump(mode="json")


def _absence_document(row: AbsenceRow, actor: Actor) -> dict[str, Any]:
    document = row.model_dump(mode="json", exclude={"from_at", "until_at", "reason"})
    document |= {"from": instant(row.from_at), "until": instant(row.until_at)}
    document |= {name: instant(getattr(row, name)) for name in ("recorded_at", "ended_at")}
    return {**document, "reason": row.reason} if row.person == actor.id or is_manager(actor) else document


def _swap_document(row: SwapRow) -> dict[str, Any]:
    return {**row.model_dump(mode="json"), **{n: instant(getattr(row, n)) for n in ("proposed_at", "answered_at")}}


def _listed(case: Case, book: Playbook | None, calendars: Mapping[str, Calendar], now: datetime) -> Listed:
    """A case as it stands when it is handed over: its next step, and its running clocks with what is left of them."""
    step = next_step(case, book, now) if book else None
    running = [clock_document(case, clock, calendars, now) for clock in case.clocks if clock.state == "running"]
    stands = {
        **{name: getattr(case, name) for name in ("kind", "waiting_for", "escalation")},
        "state": case.state.value,
        "priority": case.priority,
        "due_at": instant(case.due_at),
        "next_step": step["text"] if step else None,
        "until": step["until"] if step else None,
        "clocks": [{name: clock[name] for name in ("clock", "due_at", "left")} for clock in running],
    }
    return Listed(case_no=case.case_no, shown=stands)


def _handover_document(row: HandoverRow) -> dict[str, Any]:
    times = {name: instant(getattr(row, name)) for name in ("began_at", "ended_at")}
    return {**row.model_dump(mode="json"), **times}
