"""Which alarms of the escalation chain reach nobody, so that the next level is told at once (T8)."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from models.actions.waiting import LADDER, above
from models.case import Case
from models.effects import Unheard
from models.events import Entry, Fact
from models.lifecycle import Action
from models.people.duty import Roster
from store.people import duty


def unheard(session: Session, case: Case, entries: Iterable[Entry], at: datetime) -> tuple[Unheard, ...]:
    """The alarms among these entries whose people exist and are all off duty, and that were not skipped already.

    A shop that keeps no staff list has nobody who could be off duty.
    """
    if case.is_final:
        return ()
    happened = tuple(entries)
    skipped = {_alarm(entry) for entry in happened if entry.action == Fact.SKIPPED}
    told = [
        (alarm, targets) for entry in happened for alarm, targets in _told(case, entry) if _key(alarm) not in skipped
    ]
    if not told:
        return ()
    known = duty.roster(session, at, ahead=False)
    return tuple(alarm for alarm, targets in told if not _anybody(session, case, targets, at, known))


def _told(case: Case, entry: Entry) -> Iterator[tuple[Unheard, list[str]]]:
    """The alarm that an entry raised, and for whom."""
    if entry.action == Fact.ESCALATED and "alarm" in entry.data:
        clock, cycle = entry.data["clock"], entry.data["cycle"]
        yield Unheard(clock=clock, cycle=cycle, alarm=entry.data["alarm"]), entry.data["targets"]
    if to := _handed_to(case, entry):
        yield Unheard(alarm=to), [to]


def _handed_to(case: Case, entry: Entry) -> str | None:
    """To whom a person handed the case, or to whom it went on because that one was not there."""
    if entry.action == Action.ESCALATE:
        return str(entry.data.get("to") or LADDER[min(case.escalation, len(LADDER)) - 1])
    if entry.action == Fact.SKIPPED and "clock" not in entry.data:
        return above(entry.data["alarm"])
    return None


def _alarm(entry: Entry) -> tuple[str | None, int, str]:
    return entry.data.get("clock"), entry.data.get("cycle", 0), entry.data["alarm"]


def _key(alarm: Unheard) -> tuple[str | None, int, str]:
    return alarm.clock, alarm.cycle, alarm.alarm


def _anybody(session: Session, case: Case, targets: Iterable[str], at: datetime, known: Roster) -> bool:
    return any(duty.heard_by(session, target, case.owner, at, known) != () for target in targets)
