"""My work: what needs somebody now, in the order of the nearest deadline, each case with the reason why it is there."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy.orm import Session

from api import views
from models.lifecycle import Role, acts_as
from store.lists import CaseRow
from store.oversight import work
from store.oversight.work import NEXT_ANSWER, Running, Words

#: The most cases of a sort that are looked at; who has more has other worries than the rest of the list.
MOST: Final = 300
#: Whom a case can wait for, of us, beside its owner.
_QUEUES: Final = ("warehouse", "finance", "workshop", "technician", "expert", "manager", "department")
SECTIONS: Final = ("overdue", "today", "answered", "unassigned", "later", "waiting")

T = TypeVar("T")


class Reads(Protocol):
    """A desk, as far as it is needed here."""

    clock: Any

    async def read(self, work: Any) -> Any:
        """What `work` reads from the database."""


async def my_work(desk: Reads, person: str, roles: Iterable[Role], until: datetime) -> dict[str, list[dict[str, Any]]]:
    """The sections of somebody's work, each case once; `until` is the end of his day."""
    now, mine = desk.clock(), tuple(roles)
    return await asyncio.shield(desk.read(lambda session: _sections(session, person, mine, now, until)))


def _sections(
    session: Session, person: str, roles: Sequence[Role], now: datetime, until: datetime
) -> dict[str, list[dict[str, Any]]]:
    queues = [name for name in _QUEUES if _serves(name, roles)]
    rows = {row.case_no: row for row in work.awaiting(session, queues, now, MOST)}
    if any(acts_as(role, Role.AGENT) for role in roles):
        rows |= {row.case_no: row for row in work.unowned(session, now, MOST)}
    rows |= {row.case_no: row for row in work.owned(session, person, MOST) if not _asleep(row, now)}
    clocks = _by_case(work.running(session, list(rows)))
    wrote = [no for no, held in clocks.items() if any(one.clock == NEXT_ANSWER for one in held)]
    words = {one.case_no: one for one in work.last_words(session, wrote)}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in SECTIONS}
    for row in rows.values():
        held = [one for one in clocks.get(row.case_no, ()) if _is_ours(one, row, person, queues)]
        section = _section(row, person, queues, held, now, until)
        found[section].append(_document(row, held, words.get(row.case_no), now))
    for listed in found.values():
        listed.sort(key=lambda one: (one["due_at"] is None, one["due_at"] or "", one["case_no"]))
    return found


def _serves(queue: str, roles: Sequence[Role]) -> bool:
    if queue == "department":
        return any(acts_as(role, Role.SUPERVISOR) for role in roles)
    return any(acts_as(role, Role(queue)) for role in roles)


def _asleep(row: CaseRow, now: datetime) -> bool:
    return row.snoozed_until is not None and row.snoozed_until > now


def _by_case(clocks: Iterable[Running]) -> dict[str, list[Running]]:
    found: dict[str, list[Running]] = {}
    for clock in clocks:
        found.setdefault(clock.case_no, []).append(clock)
    return found


def _is_ours(clock: Running, row: CaseRow, person: str, queues: Sequence[str]) -> bool:
    """Whether it is this person who has to move before the clock ends: a customer's own time is no work of ours."""
    if clock.clock in (NEXT_ANSWER, "promise", "first_answer", "customer_update"):
        return row.owner in (None, person)
    return _waits_for_me(row, person, queues)


def _waits_for_me(row: CaseRow, person: str, queues: Sequence[str]) -> bool:
    return row.waiting_for in queues or (row.waiting_for == "agent" and row.owner in (None, person))


def _section(
    row: CaseRow, person: str, queues: Sequence[str], held: Sequence[Running], now: datetime, until: datetime
) -> str:
    due = min((one.due_at for one in held), default=None)
    if due is not None and due <= now:
        return "overdue"
    if any(one.clock == NEXT_ANSWER for one in held):
        return "answered"
    if row.owner is None and row.waiting_for not in queues:
        return "unassigned"
    if due is None and not _waits_for_me(row, person, queues):
        return "waiting"
    return "today" if due is not None and due <= until else "later"


def _document(row: CaseRow, held: Sequence[Running], words: Words | None, now: datetime) -> dict[str, Any]:
    """A row, with the clock that puts it where it is."""
    first = held[0] if held else None
    due = first.due_at if first else row.due_at
    return {
        **views.row_document(row),
        "clock": first.clock if first else None,
        "due_at": due.isoformat() if due else None,
        "late": bool(first and first.due_at <= now),
        "soon": bool(first and first.due_soon_at and first.due_soon_at <= now),
        "wrote_at": words.at.isoformat() if words else None,
        "words": words.text if words else None,
    }


def in_order(sections: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """The numbers of the cases that need somebody, the nearest deadline first, whichever section they stand in.

    What runs against nobody here, such as a case of nobody that waits for its customer, comes last.
    """
    every = [one for name in SECTIONS if name != "waiting" for one in sections[name]]
    return [str(one["case_no"]) for one in sorted(every, key=_nearness)]


def _nearness(one: Mapping[str, Any]) -> tuple[bool, str, str]:
    return one["clock"] is None, one["due_at"] or "9", one["case_no"]
