"""The people of the kettle shop: two agents by day, one by night, a supervisor, a manager, and how they are written."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from models.lifecycle import Role
from models.people.duty import Absence, Handover, Person, Plan, Roster, Rota, Standing, Swap, Talk
from models.people.shifts import DutyPlan

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: When everything was written down, long before the tests' days.
LONG_AGO = datetime(2026, 1, 1, tzinfo=SHANGHAI)

PLAN = DutyPlan.model_validate(
    {
        "timezone": "Asia/Shanghai",
        "shifts": {
            "day": {"names": {"zh": "白班", "en": "Day"}, "hours": [["09:00", "12:00"], ["12:30", "16:30"]]},
            "night": {
                "names": {"zh": "晚班", "en": "Night"},
                "hours": [["15:30", "17:30"], ["18:00", "23:00"]],
                "apart": [
                    {"activity": "warehouse", "hours": [["15:30", "16:15"]]},
                    {"activity": "handover", "hours": [["16:15", "16:30"]]},
                ],
            },
            "owls": {"names": {"zh": "通宵", "en": "Owls"}, "hours": [["22:00", "06:00"]]},
        },
    }
)


def wall(text: str, day: str = "2026-03-04") -> datetime:
    """A time of day in the shop, by default on Wednesday 2026-03-04."""
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=SHANGHAI)


def somebody(id: str, *roles: Role | str, since: datetime = LONG_AGO, **over: Any) -> Person:
    standing = Standing(since=since, recorded_at=LONG_AGO, roles=tuple(Role(r) for r in roles or ("agent",)))
    return Person(**{"id": id, "name": id.title(), "standings": (standing,), **over})


def rota(person: str, *pattern: str, first_day: str = "2026-01-05", **over: Any) -> Rota:
    """By default the same shift every day."""
    said = {"person": person, "first_day": date.fromisoformat(first_day), "pattern": pattern or ("day",)}
    return Rota(**{**said, "recorded_at": LONG_AGO, **over})


def absence(person: str, begins: datetime, ends: datetime, stand_in: str | None = None, **over: Any) -> Absence:
    said = {"id": f"a-{person}-{begins:%d%H}", "person": person, "from_at": begins, "until_at": ends}
    return Absence(**{**said, "stand_in": stand_in, "recorded_at": begins - timedelta(days=1), **over})


def swap(proposer: str, partner: str, day: str, other_day: str | None = None, **over: Any) -> Swap:
    """Agreed on the first of March, unless told otherwise."""
    agreed = datetime(2026, 3, 1, 12, tzinfo=SHANGHAI)
    said = {
        "id": f"s-{proposer}-{partner}-{day}",
        "proposer": proposer,
        "partner": partner,
        "proposer_day": date.fromisoformat(day),
        "partner_day": date.fromisoformat(other_day) if other_day else None,
        "state": "agreed",
        "proposed_at": agreed - timedelta(hours=5),
        "answered_at": agreed,
    }
    return Swap(**{**said, **over})


def handover(outgoing: str, incoming: str, began: datetime, ended: datetime | None = None) -> Handover:
    return Handover(id=f"h-{outgoing}", outgoing=outgoing, incoming=incoming, began_at=began, ended_at=ended)


def talk(person: str, at: datetime) -> Talk:
    return Talk(person=person, at=at)


def a_roster(*facts: Any, plan: DutyPlan = PLAN, bare: bool = False) -> Roster:
    """Li and Wu by day, Sun by night, Zhou supervises and Chen manages, both without a rota; and these facts."""
    usual = (
        somebody("li"),
        somebody("wu"),
        somebody("sun"),
        somebody("zhou", "supervisor"),
        somebody("chen", "manager"),
        rota("li"),
        rota("wu"),
        rota("sun", "night"),
    )
    every = facts if bare else (*usual, *facts)

    def of(kind: type) -> tuple[Any, ...]:
        return tuple(fact for fact in every if isinstance(fact, kind))

    return Roster(
        plans=(Plan(recorded_at=LONG_AGO, plan=plan), *of(Plan)),
        people=of(Person),
        rota=of(Rota),
        absences=of(Absence),
        swaps=of(Swap),
        handovers=of(Handover),
        talks=of(Talk),
    )
