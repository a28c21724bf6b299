"""A roster as rows of a database."""

from typing import Any

from sqlalchemy import Engine, delete, insert

from models import tables
from models.people.duty import Absence, Handover, Roster, Rota, Swap
from store.engine import writing
from store.people import duty, staff
from tests.people import LONG_AGO


def write_down(engine: Engine, roster: Roster) -> None:
    """A roster as rows."""
    with writing(engine) as session:
        for plan in roster.plans:
            duty.see_plan(session, plan.plan, plan.recorded_at)
        for person in roster.people:
            staff.write(session, staff.StaffRow(id=person.id, name=person.name), LONG_AGO)
            for one in person.standings:
                staff.stand(session, person.id, one.roles, one.since, "chen", one.recorded_at)
        for number, fact in enumerate((*roster.rota, *roster.absences, *roster.swaps, *roster.handovers), 1):
            session.execute(insert(_TABLES[type(fact)]).values(**_row(fact, number)))


_TABLES: dict[type, Any] = {
    Rota: tables.rota,
    Absence: tables.absences,
    Swap: tables.swaps,
    Handover: tables.handovers,
}


def _row(fact: Any, number: int) -> dict[str, Any]:
    plain = dict(fact)
    days = {name: plain[name].isoformat() for name in plain if name.endswith("_day") and plain[name] is not None}
    match fact:
        case Rota():
            return {**plain, **days, "pattern": list(fact.pattern), "number": number, "by": "chen"}
        case Absence():
            return {**plain, "by": "chen"}
        case Swap():
            return {**plain, **days, "last_day": max(days.values())}
        case _:
            return {**plain, "state": "begun", "begun_by": fact.outgoing}


def without_staff(engine: Engine) -> None:
    """The same database without anybody on the staff list: what tests of a shop with one leave behind."""
    people = ("handover_items", "handovers", "swaps", "absences", "rota", "staff_standings", "staff")
    with writing(engine) as session:
        for name in people:
            session.execute(delete(tables.metadata.tables[name]))
