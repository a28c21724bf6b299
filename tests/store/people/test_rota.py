"""Rotas, absences, swaps and handovers as they are written down (T11, T18)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.lifecycle import Role
from models.people.duty import Seen, Swap, activity
from models.people.swaps import against, gaps
from store.engine import reading, writing
from store.people import duty, handovers, rota, staff
from store.people.handovers import HandoverRow, Listed
from store.people.rota import SwapRow
from tests.builders import DAY, HOUR, NOW, an_order
from tests.people import LONG_AGO, a_roster, absence, somebody, swap, wall
from tests.staffed import write_down
from tests.store.desk import import_order, open_case

THURSDAY, FRIDAY = date(2026, 3, 5), date(2026, 3, 6)


@pytest.fixture
def shop(engine: Engine) -> Engine:
    write_down(engine, a_roster(somebody("pan")))
    return engine


def now_at(engine: Engine, person: str, at: datetime) -> str | None:
    with reading(engine) as session:
        return activity(duty.roster(session), person, at)


# ── rotas ─────────────────────────────────────────────────────────────────────────────────────────


def assigned(engine: Engine, **over: Any) -> rota.RotaRow:
    asked = {"person": "pan", "rota": ["day", "off"], "first_day": THURSDAY, "last_day": None, "begin_at": 1}
    with writing(engine) as session:
        return rota.assign(session, **{**asked, **over}, by="chen", now=NOW)


def test_a_rota_begins_on_its_day_at_the_day_of_the_pattern_that_was_named(shop: Engine) -> None:
    assert assigned(shop, begin_at=2).pattern == ("off", "day")
    days = [now_at(shop, "pan", wall("10:00", f"2026-03-{day:02}")) for day in (4, 5, 6, 7, 8)]
    assert days == [None, None, "cases", None, "cases"]


def test_a_rota_is_given_by_its_name_in_the_plan(shop: Engine) -> None:
    assert NOW.date() < THURSDAY
    with writing(shop) as session:
        plan = duty.roster(session).plans[0].plan
        duty.see_plan(session, plan.model_copy(update={"rotas": {"three": ("night", "day", "off")}}), NOW)
    assert assigned(shop, rota="three").pattern == ("night", "day", "off")
    with reading(shop) as session:
        assert [row.number for row in rota.rotas_of(session, "pan")] == [1]


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"rota": "four_days"}, "no rota 'four_days'"),
        ({"rota": ["dawn"]}, "day, night, owls, off"),
        ({"rota": []}, "1 to 366 days"),
        ({"begin_at": 3}, "days 1 to 2"),
        ({"first_day": date(2026, 3, 3)}, "today or later"),
        ({"last_day": date(2026, 3, 4)}, "after its first day"),
    ],
)
def test_a_rota_that_cannot_be_is_refused(shop: Engine, over: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        assigned(shop, **over)


# ── people ────────────────────────────────────────────────────────────────────────────────────────


def placed(engine: Engine, roles: tuple[Role, ...] | None, since: Any, until: Any, now: datetime = NOW) -> list[Any]:
    with writing(engine) as session:
        staff.place(session, "pan", roles, since, until, "chen", now)
        known = duty.roster(session)
    seen = [Seen(known, NOW + days * DAY) for days in range(5)]
    return [[role.value for role in one.roles("pan", one.at)] for one in seen]


def test_a_planned_leaving_stays_planned_until_it_is_called_off(shop: Engine) -> None:
    agent, manager = ["agent"], ["supervisor", "agent"]
    assert placed(shop, None, None, NOW + 3 * DAY) == [agent, agent, agent, [], []]
    assert placed(shop, (Role.SUPERVISOR, Role.AGENT), NOW + DAY, staff.AS_IT_WAS) == [agent, manager, manager, [], []]
    assert placed(shop, None, None, None) == [agent, manager, manager, agent, agent]
    again = placed(shop, (Role.SUPERVISOR, Role.AGENT), NOW + 3 * DAY, staff.AS_IT_WAS)
    assert again == [agent, manager, manager, manager, manager]


def test_who_comes_back_is_with_us_again(shop: Engine) -> None:
    placed(shop, None, None, NOW)
    assert placed(shop, (Role.AGENT,), None, staff.AS_IT_WAS, NOW + HOUR) == [
        [],
        ["agent"],
        ["agent"],
        ["agent"],
        ["agent"],
    ]
    with reading(shop) as session:
        assert [one.roles for one in staff.standings(session, "pan")] == [(Role.AGENT,), (), (Role.AGENT,)]


# ── absences ──────────────────────────────────────────────────────────────────────────────────────


def out(engine: Engine, **over: Any) -> rota.AbsenceRow:
    asked = {"person": "li", "from_at": NOW - HOUR, "until_at": NOW + DAY, "stand_in": "wu", "reason": "flu"}
    with writing(engine) as session:
        return rota.absent(session, **{**asked, **over}, by="li", now=NOW)


def test_an_absence_counts_from_when_it_was_known_and_can_be_called_off_once(shop: Engine) -> None:
    row = out(shop)
    assert [now_at(shop, "li", NOW + minutes * HOUR / 60) for minutes in (-1, 0)] == ["cases", None]
    with writing(shop) as session:
        first = rota.call_off(session, row.id, "li", NOW + HOUR)
        assert rota.call_off(session, row.id, "chen", NOW + 2 * HOUR) == first
        assert (first.ended_at, first.ended_by) == (NOW + HOUR, "li")
        assert rota.absences(session, NOW + 2 * HOUR) == ()
        assert rota.absences(session, NOW, "li") == (first,)
        assert rota.absences(session, NOW, "wu") == ()
    assert now_at(shop, "li", NOW + HOUR) == "cases"


def test_an_absence_that_is_over_cannot_be_called_off(shop: Engine) -> None:
    row = out(shop)
    with pytest.raises(Conflict, match="over already"), writing(shop) as session:
        rota.call_off(session, row.id, "li", NOW + 2 * DAY)
    with pytest.raises(NotFound), writing(shop) as session:
        rota.call_off(session, "abs_none", "li", NOW)


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"until_at": NOW - HOUR / 2}, "time to come"),
        ({"from_at": NOW + 2 * DAY}, "after it begins"),
        ({"until_at": NOW + 1000 * DAY}, "two years"),
        ({"stand_in": "li"}, "somebody else"),
        ({"stand_in": "a stranger"}, "not with us"),
    ],
)
def test_an_absence_that_cannot_be_is_refused(shop: Engine, over: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        out(shop, **over)


# ── swaps ─────────────────────────────────────────────────────────────────────────────────────────


def proposed(engine: Engine, **over: Any) -> SwapRow:
    asked: dict[str, Any] = {"proposer": "li", "partner": "sun", "day": THURSDAY, "partner_day": THURSDAY, "note": None}
    with writing(engine) as session:
        return rota.propose(session, **{**asked, **over}, now=NOW)


def answered(engine: Engine, id: str, by: str = "sun", agrees: bool = True, at: datetime = NOW + HOUR) -> SwapRow:
    with writing(engine) as session:
        return rota.answer(session, id, by, agrees, None, at)


def test_a_swap_holds_once_the_partner_agrees(shop: Engine) -> None:
    row = proposed(shop)
    night = wall("20:00", "2026-03-05")
    assert (now_at(shop, "sun", night), now_at(shop, "li", night)) == ("cases", None)
    agreed = answered(shop, row.id)
    assert (agreed.state, agreed.answered_at) == ("agreed", NOW + HOUR)
    assert answered(shop, row.id, at=NOW + 2 * HOUR) == agreed  # said twice
    assert (now_at(shop, "sun", night), now_at(shop, "li", night)) == (None, "cases")
    with reading(shop) as session:
        assert [one.id for one in rota.swaps(session, THURSDAY, "sun")] == [row.id]
        assert rota.swaps(session, FRIDAY) == rota.swaps(session, THURSDAY, "wu") == ()


def test_only_the_two_decide_and_only_once(shop: Engine) -> None:
    row = proposed(shop)
    for by in ("li", "wu", "chen"):
        with pytest.raises(Conflict, match="Only sun"):
            answered(shop, row.id, by)
    with pytest.raises(Conflict, match="who proposed"), writing(shop) as session:
        rota.take_back(session, row.id, "sun", NOW)
    assert answered(shop, row.id, agrees=False).state == "refused"
    with pytest.raises(Conflict, match="was refused already"):
        answered(shop, row.id)
    with pytest.raises(Conflict, match="was refused already"), writing(shop) as session:
        rota.take_back(session, row.id, "li", NOW)
    with writing(shop) as session:
        second = rota.propose(session, "li", "sun", THURSDAY, THURSDAY, "please", NOW)
        assert rota.take_back(session, second.id, "li", NOW).state == "withdrawn"
        assert rota.take_back(session, second.id, "li", NOW).state == "withdrawn"


# Li works by day, Sun by night; Pan has no rota, Wu works with Li. It is Wednesday at ten.
CANNOT_BE = [
    ({"partner": "li"}, "takes two"),
    ({"partner_day": date(2026, 3, 4), "day": date(2026, 3, 4)}, "has begun"),
    ({"day": date(2026, 3, 3), "partner_day": None}, "has begun"),
    ({"proposer": "pan", "partner_day": None}, "has no shift on 2026-03-05"),
    ({"partner": "pan"}, "pan has no shift on 2026-03-05"),
    ({"partner": "wu", "partner_day": THURSDAY}, "Both have the day shift"),
    ({"partner": "wu", "partner_day": None}, "wu has the day shift on 2026-03-05 already"),
    ({"partner_day": None}, "two shifts at once"),  # until 16:30 by day, from 15:30 by night
]


@pytest.mark.parametrize(("over", "words"), CANNOT_BE)
def test_a_swap_that_cannot_be_is_refused(shop: Engine, over: dict[str, Any], words: str) -> None:
    with pytest.raises(Conflict, match=words):
        proposed(shop, **over)


def test_a_swap_on_a_day_off(shop: Engine) -> None:
    assigned(shop, person="li", rota=["off", "day"])  # Thursday is free
    with pytest.raises(Conflict, match="li has no shift"):
        proposed(shop)
    row = proposed(shop, proposer="wu", partner="li", partner_day=None)  # Li has the day free, and works Wu's
    answered(shop, row.id, "li", at=NOW)
    assert [now_at(shop, person, wall("10:00", "2026-03-05")) for person in ("li", "wu")] == ["cases", None]
    with pytest.raises(Conflict, match="wu has no shift"):
        proposed(shop, proposer="wu", partner="sun")


def test_a_swap_with_somebody_who_is_out_of_office_is_refused(shop: Engine) -> None:
    row = proposed(shop)
    out(shop, person="sun", from_at=wall("10:00", "2026-03-05"), until_at=wall("11:00", "2026-03-05"), stand_in=None)
    with pytest.raises(Conflict, match="sun is out of office"):
        answered(shop, row.id)
    with pytest.raises(Conflict, match="out of office"):
        proposed(shop)


def test_a_swap_is_agreed_beforehand(shop: Engine) -> None:
    row = proposed(shop)
    with pytest.raises(Conflict, match="has begun"):
        answered(shop, row.id, at=wall("09:00", "2026-03-05"))


def test_both_answer_for_a_gap() -> None:
    ill = absence(
        "sun", wall("08:00", "2026-03-05"), wall("23:00", "2026-03-05"), recorded_at=wall("07:50", "2026-03-05")
    )
    roster = a_roster(swap("li", "sun", "2026-03-05", "2026-03-05"), ill)
    (gap,) = gaps(roster, THURSDAY, FRIDAY, wall("09:00", "2026-03-05"))
    assert (gap.day, gap.shift, gap.person, gap.answer_for_it) == (THURSDAY, "day", "sun", ("li", "sun"))
    assert gaps(roster, FRIDAY, FRIDAY, wall("09:00", "2026-03-05")) == ()
    assert gaps(roster, THURSDAY, FRIDAY, NOW) == ()  # nobody knew yet


def test_who_has_left_swaps_with_nobody() -> None:
    wanted = Swap.model_validate({**dict(swap("li", "qi", "2026-03-05")), "state": "proposed", "answered_at": None})
    assert against(a_roster(), wanted, NOW) == "qi is not with us."


# ── handovers ─────────────────────────────────────────────────────────────────────────────────────


def begun(engine: Engine, outgoing: str = "li", incoming: str = "sun", at: datetime = NOW) -> HandoverRow:
    with writing(engine) as session:
        numbers = handovers.open_cases_of(session, outgoing)
        listed = [Listed(case_no=number, shown={"state": "requested"}) for number in numbers]
        return handovers.begin(session, outgoing, incoming, listed, "the kettle calls back at four", outgoing, at)


def with_cases(engine: Engine, owner: str, count: int = 2) -> list[str]:
    orders = [import_order(engine, an_order(f"{owner}-{n}")) for n in range(count)]
    return [open_case(engine, order, over={"owner": owner}).case_no for order in orders]


def test_all_or_some_are_accepted_and_the_log_says_which(shop: Engine) -> None:
    first, second = with_cases(shop, "li")
    row = begun(shop)
    assert [item.case_no for item in row.items] == [first, second]
    with writing(shop) as session:
        some = handovers.accept(session, row.id, "sun", [second], "the other one is yours", NOW + HOUR)
        handovers.came_to(session, row.id, second, handovers.MOVED)
        again = handovers.accept(session, row.id, "sun", None, None, NOW + 2 * HOUR)
    assert (some.state, some.ended_at, some.answer) == ("partly", NOW + HOUR, "the other one is yours")
    assert [(item.accepted, item.outcome) for item in again.items] == [(False, None), (True, "moved")]
    with reading(shop) as session:
        assert [one.id for one in handovers.recent(session, "sun", 10)] == [row.id]
        assert handovers.recent(session, "wu", 10) == ()


def test_accepting_none_of_it_is_refusing(shop: Engine) -> None:
    with_cases(shop, "li")
    row = begun(shop)
    with writing(shop) as session:
        assert handovers.accept(session, row.id, "sun", [], None, NOW).state == "refused"
        assert handovers.refuse(session, row.id, "sun", None, NOW).state == "refused"
    empty = begun(shop, "wu")  # nothing to hand over is accepted too
    with writing(shop) as session:
        assert handovers.accept(session, empty.id, "sun", None, None, NOW).state == "accepted"


def test_only_the_incoming_one_accepts_and_only_what_was_listed(shop: Engine) -> None:
    with_cases(shop, "li")
    row = begun(shop)
    for act in (handovers.accept, handovers.refuse):
        with pytest.raises(Forbidden, match="to sun"), writing(shop) as session:
            act(session, row.id, "wu", *((None, None, NOW) if act is handovers.accept else (None, NOW)))
    with pytest.raises(Invalid, match="AC-0 is not in this handover"), writing(shop) as session:
        handovers.accept(session, row.id, "sun", ["AC-0"], None, NOW)
    with pytest.raises(Forbidden, match="calls it off"), writing(shop) as session:
        handovers.call_off(session, row.id, "sun", NOW)
    with writing(shop) as session:
        assert handovers.call_off(session, row.id, "li", NOW).state == "called_off"
    with pytest.raises(Conflict, match="was called off already"), writing(shop) as session:
        handovers.accept(session, row.id, "sun", None, None, NOW)


def test_one_hands_over_to_one_at_a_time_and_two_can_to_the_same(shop: Engine) -> None:
    row = begun(shop)
    with pytest.raises(Conflict, match="not answered yet"):
        begun(shop, incoming="wu")
    begun(shop, "wu")
    with writing(shop) as session:
        handovers.refuse(session, row.id, "sun", "too much", NOW + timedelta(minutes=5))
    begun(shop, incoming="wu", at=NOW + HOUR)
    with pytest.raises(Invalid, match="takes two"):
        begun(shop, "sun", "sun")
    with pytest.raises(NotFound):
        begun(shop, incoming="a stranger")


def test_what_is_begun_keeps_new_work_with_the_outgoing_one(shop: Engine) -> None:
    row = begun(shop, at=wall("16:25"))
    assert row.began_at > LONG_AGO
    with reading(shop) as session:
        assert duty.fewest_due_soon(session, "agent", wall("16:45")) == "li"
    with writing(shop) as session:
        handovers.accept(session, row.id, "sun", None, None, wall("16:40"))
    with reading(shop) as session:
        assert duty.fewest_due_soon(session, "agent", wall("16:45"), besides=("pan",)) == "sun"
