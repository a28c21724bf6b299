"""Whom letters reach and who gets work, from what is written down in the database (T8, T11, T12)."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from models.commands import Actor
from models.errors import Conflict, NotFound
from models.events import Entry
from models.lifecycle import Role
from models.people.duty import NEVER, Roster, Seen
from store.engine import reading, writing
from store.people import duty, staff
from tests.builders import DAY, HOUR, NOW, an_order
from tests.people import PLAN, a_roster, absence, handover, rota, somebody, swap, wall
from tests.staffed import write_down
from tests.store.desk import commit, import_order, next_version, open_case


def heard(engine: Engine, to: str, at: datetime, owner: str | None = None) -> tuple[str, ...] | None:
    with reading(engine) as session:
        return duty.heard_by(session, to, owner, at)


def assigned(engine: Engine, at: datetime = NOW, role: str = "agent", **more: Any) -> str | None:
    with reading(engine) as session:
        return duty.fewest_due_soon(session, role, at, **more)


FACTS: tuple[Any, ...] = (
    absence("li", wall("00:00"), wall("00:00", "2026-03-05"), stand_in="wu", ended_at=wall("15:00")),
    swap("sun", "wu", "2026-03-06", "2026-03-06"),
    handover("wu", "sun", wall("16:20"), wall("16:30")),
    rota("chen", "day", "off", last_day="2026-02-01"),
)


def test_what_was_written_down_is_read_as_it_was(engine: Engine) -> None:
    wanted = a_roster(*FACTS)
    write_down(engine, wanted)
    with reading(engine) as session:
        found = duty.roster(session)
    assert sorted(found.people, key=str) == sorted(wanted.people, key=str)
    assert {name: getattr(found, name) for name in ("plans", "absences", "swaps", "handovers")} == {
        name: getattr(wanted, name) for name in ("plans", "absences", "swaps", "handovers")
    }
    assert sorted(found.rota, key=str) == sorted(wanted.rota, key=str)


@pytest.mark.parametrize("hours", range(0, 100, 7))
def test_for_one_instant_less_is_read_and_the_answer_is_the_same(engine: Engine, hours: int) -> None:
    write_down(engine, a_roster(*FACTS))
    at = wall("00:10") + hours * HOUR
    with reading(engine) as session:
        every, only, now = duty.roster(session), duty.roster(session, at), duty.roster(session, at, ahead=False)
    for person in ("li", "wu", "sun", "zhou", "chen"):
        assert Seen(only, at).activity(person) == Seen(now, at).activity(person) == Seen(every, at).activity(person)
        assert Seen(only, at).away_until(person) == Seen(every, at).away_until(person)


# ── letters ───────────────────────────────────────────────────────────────────────────────────────


def test_a_shop_without_a_staff_list_is_as_it_was(engine: Engine) -> None:
    for to in ("owner", "on_duty", "agent", "manager", "li", "customer"):
        assert heard(engine, to, NOW, owner="li") is None
    assert assigned(engine) is None
    with reading(engine) as session:
        assert duty.roster(session) == Roster()
        assert duty.away(session, NOW) == {}
        assert duty.left_behind(session, NOW) == ()


# The absent Li has Wu as his stand-in until 15:00; a manager without a rota is always there.
HEARD = [
    ("owner", "li", "14:00", ("wu",)),
    ("owner", "li", "15:00", ("li",)),
    ("owner", "li", "20:00", ("sun",)),  # gone home: those on duty
    ("owner", None, "14:00", ("wu",)),
    ("owner", "a stranger", "14:00", ("wu",)),
    ("owner", "li", "03:00", ()),
    ("on_duty", None, "15:40", ("li", "wu")),  # Sun helps the warehouse
    ("on_duty", None, "23:30", ()),
    ("agent", None, "15:40", ("li", "sun", "wu")),
    ("supervisor", None, "03:00", ("zhou",)),
    ("manager", None, "03:00", ("chen",)),
    ("department_head", None, "03:00", ("chen",)),
    ("department", None, "03:00", ("zhou",)),
    ("director", None, "14:00", None),
    ("finance", None, "14:00", None),
    ("customer", None, "14:00", None),
    ("recipient", None, "14:00", None),
    ("li", None, "14:00", ("wu",)),
    ("li", None, "20:00", ()),
    ("a stranger", None, "14:00", None),
]


@pytest.mark.parametrize(("to", "owner", "time", "reached"), HEARD)
def test_whom_a_letter_reaches(
    engine: Engine, to: str, owner: str | None, time: str, reached: tuple[str, ...] | None
) -> None:
    write_down(engine, a_roster(FACTS[0]))
    assert heard(engine, to, wall(time), owner) == reached


def test_on_duty_and_busy_is_better_than_nobody(engine: Engine) -> None:
    gone = [absence(person, wall("00:00"), wall("23:59")) for person in ("li", "wu")]
    write_down(engine, a_roster(*gone))
    assert heard(engine, "on_duty", wall("15:40")) == ("sun",)


def test_a_shop_of_one_manager_is_its_own_agents(engine: Engine) -> None:
    write_down(engine, a_roster(somebody("chen", "manager"), bare=True))
    assert heard(engine, "on_duty", NOW) == heard(engine, "supervisor", NOW) == ("chen",)
    assert assigned(engine) == "chen"


def test_everybody_away_is_heard_by_nobody(engine: Engine) -> None:
    gone = [absence(person, wall("00:00"), wall("23:59")) for person in ("li", "wu", "sun", "zhou", "chen")]
    write_down(engine, a_roster(*gone))
    for to in ("owner", "on_duty", "supervisor", "manager"):
        assert heard(engine, to, NOW, owner="li") == ()
    assert assigned(engine) is None


# ── work ──────────────────────────────────────────────────────────────────────────────────────────


def test_work_goes_to_whoever_is_free_with_the_fewest_due_soon(engine: Engine) -> None:
    write_down(engine, a_roster())
    assert assigned(engine) == "li"  # nobody has anything: the first by id
    open_case(engine, import_order(engine), over={"owner": "li"})
    assert assigned(engine) == "wu"  # fewer open
    open_case(engine, import_order(engine, an_order("CUP-2")), over={"owner": "wu", "opened_at": NOW - 5 * DAY})
    assert assigned(engine) == "li"  # Wu's is late
    assert assigned(engine, besides=("LI",)) == "wu"
    assert assigned(engine, besides=("li", "wu")) is None
    assert assigned(engine, at=wall("20:00")) == "sun"
    assert assigned(engine, at=wall("23:30")) is None


def test_what_is_snoozed_or_closed_is_no_load(engine: Engine) -> None:
    write_down(engine, a_roster())
    late = {"owner": "li", "opened_at": NOW - 5 * DAY}
    open_case(engine, import_order(engine), over={**late, "snoozed_until": NOW + DAY})
    open_case(engine, import_order(engine, an_order("CUP-2")), over={**late, "owner": "wu"})
    assert assigned(engine) == "li"


def test_who_is_away_and_what_they_leave_behind(engine: Engine) -> None:
    week = absence("li", wall("00:00"), wall("00:00", "2026-03-11"))
    left = somebody(
        "qi",
        standings=(*somebody("qi").standings, somebody("qi", since=NOW).standings[0].model_copy(update={"roles": ()})),
    )
    write_down(engine, a_roster(week, left))
    for n, owner in enumerate(("li", "wu", "sun", "qi", "li")):
        open_case(engine, import_order(engine, an_order(f"CUP-{n}")), over={"owner": owner})
    with reading(engine) as session:
        away = duty.away(session, NOW)
        behind = duty.left_behind(session, NOW)
        second = duty.left_behind(session, NOW, after=behind[0].case_no, limit=1)
    assert away == {"li": wall("09:00", "2026-03-11"), "sun": wall("15:30"), "qi": NEVER}
    # Each is due on Thursday at ten; Sun is back this afternoon.
    assert [(one.owner, one.away_until) for one in behind] == [
        ("li", wall("09:00", "2026-03-11")),
        ("qi", NEVER),
        ("li", wall("09:00", "2026-03-11")),
    ]
    assert [one.owner for one in second] == ["qi"]


# ── a customer who is still talking ───────────────────────────────────────────────────────────────


def said(action: str, role: Role, at: datetime, seq: int) -> Entry:
    return Entry(seq=seq, at=at, actor=Actor(id="someone", role=role), action=action)


def test_a_commit_keeps_when_a_customer_spoke(engine: Engine) -> None:
    write_down(engine, a_roster())
    case = open_case(engine, import_order(engine), over={"owner": "li"})
    ten_past = wall("16:25")
    entries = (
        said("customer_message", Role.AGENT, ten_past, 2),
        said("note", Role.AGENT, ten_past, 3),
        said("ship_return", Role.CUSTOMER, ten_past, 4),
    )
    for _ in range(2):  # a commit comes twice now and then
        commit(engine, next_version(case, seq=4), at=ten_past, entries=entries)
    with reading(engine) as session:
        assert len(duty.roster(session, wall("16:35")).talks) == 2
    assert heard(engine, "owner", wall("16:35"), "li") == ("li",)
    assert heard(engine, "owner", wall("16:41"), "li") == ("sun",)


def test_a_customer_of_nobodys_case_keeps_nobody(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    spoken = said("customer_message", Role.CUSTOMER, NOW, 2)
    commit(engine, next_version(case, seq=2), entries=(spoken,))
    with reading(engine) as session:
        assert duty.roster(session, NOW).talks == ()


# ── what is written down ──────────────────────────────────────────────────────────────────────────


def test_shifts_are_kept_when_they_change_and_only_then(engine: Engine) -> None:
    later = PLAN.model_copy(update={"talking": 60})
    with writing(engine) as session:
        kept = [duty.see_plan(session, plan, NOW) for plan in (PLAN, PLAN, later, later, PLAN)]
        staff.write(session, staff.StaffRow(id="li", name="Li"), NOW)
        staff.stand(session, "li", (Role.AGENT,), NOW, "chen", NOW)
        assert len(duty.roster(session).plans) == 3
    assert kept == [True, False, True, False, True]


def test_the_staff_list_is_added_to(engine: Engine) -> None:
    with writing(engine) as session:
        staff.write(session, staff.StaffRow(id="li", name="Li", phone="138"), NOW)
        staff.stand(session, "li", (Role.AGENT,), NOW - 400 * DAY, "chen", NOW)
        staff.stand(session, "li", (), NOW + DAY, "chen", NOW)
        staff.write(session, staff.StaffRow(id="li", name="Li Na", channels=("mailto://x",)), NOW)
    with reading(engine) as session:
        assert staff.known(session, "li") == staff.StaffRow(id="li", name="Li Na", channels=("mailto://x",))
        assert [held.roles for held in staff.standings(session, "li")] == [(Role.AGENT,), ()]
        assert len(staff.people(session)) == 1
    with pytest.raises(NotFound, match="nobody"), writing(engine) as session:
        staff.stand(session, "nobody", (Role.AGENT,), NOW, "chen", NOW)
    with pytest.raises(Conflict, match="rewritten"), writing(engine) as session:
        staff.stand(session, "li", (), NOW - DAY, "chen", NOW)
