"""Who is on duty at any instant: as it was then, as it is, and as it is planned (T11, T18)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.people.duty import (
    NEVER,
    Plan,
    Roster,
    Seen,
    Standing,
    activity,
    available,
    away_until,
    filled_as,
    on_duty,
    stand_in,
)
from models.people.shifts import DutyPlan
from tests.people import (
    LONG_AGO,
    PLAN,
    a_roster,
    absence,
    handover,
    rota,
    somebody,
    swap,
    talk,
    wall,
)

MINUTE = timedelta(minutes=1)


# ── shifts ────────────────────────────────────────────────────────────────────────────────────────

# Day 09:00-12:00 and 12:30-16:30; night 15:30-17:30 and 18:00-23:00, whose people help the warehouse until 16:15 and
# hand over until 16:30 (T11, T18).
DAY_AND_NIGHT = [
    ("08:59", (), ()),
    ("09:00", ("li", "wu"), ("li", "wu")),
    ("12:00", (), ()),
    ("12:29", (), ()),
    ("12:30", ("li", "wu"), ("li", "wu")),
    ("15:29", ("li", "wu"), ("li", "wu")),
    ("15:30", ("li", "sun", "wu"), ("li", "wu")),  # the warehouse has Sun
    ("16:15", ("li", "sun", "wu"), ("li", "wu")),  # what arises during handover stays with the outgoing ones
    ("16:30", ("sun",), ("sun",)),
    ("17:30", (), ()),
    ("18:00", ("sun",), ("sun",)),
    ("22:59", ("sun",), ("sun",)),
    ("23:00", (), ()),
]


@pytest.mark.parametrize(("time", "there", "free"), DAY_AND_NIGHT)
def test_day_and_night_follow_each_other(time: str, there: tuple[str, ...], free: tuple[str, ...]) -> None:
    assert on_duty(a_roster(), "agent", wall(time)) == there
    assert available(a_roster(), "agent", wall(time)) == free


@pytest.mark.parametrize(
    ("time", "at"), [("15:30", "warehouse"), ("16:14", "warehouse"), ("16:15", "handover"), ("16:30", "cases")]
)
def test_what_somebody_on_duty_is_at(time: str, at: str) -> None:
    assert activity(a_roster(), "sun", wall(time)) == at


def test_two_days_off_in_ten() -> None:
    roster = a_roster(somebody("li"), rota("li", *["day"] * 8, "off", "off", first_day="2026-03-01"), bare=True)
    on = [day for day in range(1, 22) if on_duty(roster, "agent", wall("10:00", f"2026-03-{day:02}"))]
    assert on == [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18, 21]


def test_a_shift_over_midnight_belongs_to_the_day_it_begins_on() -> None:
    roster = a_roster(somebody("owl"), rota("owl", "owls", "off", first_day="2026-03-04"), bare=True)
    there = ["2026-03-04T22:00", "2026-03-04T23:59", "2026-03-05T00:00", "2026-03-05T05:59", "2026-03-06T22:00"]
    gone = ["2026-03-04T05:00", "2026-03-05T06:00", "2026-03-05T22:00", "2026-03-06T05:00"]
    assert [text for text in (*there, *gone) if on_duty(roster, "agent", wall(text[11:], text[:10]))] == there


# Berlin, Sunday 2026-03-29: 02:00 is followed by 03:00; the shift 22:00-06:00 lasts 7 hours. On 2026-10-25 03:00 is
# followed by 02:00 again, and it lasts 9. A shift that would begin at 02:30 in March begins at 03:30, with the clock.
NIGHTS = [
    ("22:00", "06:00", "2026-03-28", "2026-03-28T21:00Z", "2026-03-29T04:00Z"),
    ("22:00", "06:00", "2026-10-24", "2026-10-24T20:00Z", "2026-10-25T05:00Z"),
    ("02:30", "06:00", "2026-03-29", "2026-03-29T01:30Z", "2026-03-29T04:00Z"),
    ("02:30", "06:00", "2026-10-25", "2026-10-25T00:30Z", "2026-10-25T05:00Z"),  # the first of the two half past twos
]


@pytest.mark.parametrize(("begins", "ends", "day", "first", "after"), NIGHTS)
def test_on_the_nights_of_a_clock_change_elapsed_time_counts(
    begins: str, ends: str, day: str, first: str, after: str
) -> None:
    shift = {"names": {"zh": "夜", "en": "Night"}, "hours": [[begins, ends]]}
    plan = DutyPlan.model_validate({"timezone": "Europe/Berlin", "shifts": {"night": shift}})
    roster = a_roster(somebody("ida"), rota("ida", "night", *["off"] * 200, first_day=day), plan=plan, bare=True)
    begin, end = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (first, after))
    around = [begin - MINUTE, begin, end - MINUTE, end]
    assert [bool(on_duty(roster, "agent", at)) for at in around] == [False, True, True, False]


def test_the_last_rota_that_was_written_down_holds() -> None:
    moved = rota("li", "night", first_day="2026-03-04", last_day="2026-03-05", recorded_at=wall("18:00", "2026-03-01"))
    roster = a_roster(moved)
    assert [activity(roster, "li", wall("19:00", f"2026-03-0{day}")) for day in (3, 4, 5, 6)] == [
        None,
        "cases",
        "cases",
        None,
    ]


def test_a_shift_that_the_plan_has_no_more_is_nobodys_duty() -> None:
    roster = a_roster(rota("li", "dawn", recorded_at=LONG_AGO + MINUTE))
    assert on_duty(roster, "agent", wall("10:00")) == ("wu",)


# ── people ────────────────────────────────────────────────────────────────────────────────────────


def test_people_without_a_rota_are_there_unless_the_plan_says_otherwise() -> None:
    def at_three(without_rota: str) -> tuple[str, ...]:
        plan = PLAN.model_copy(update={"without_rota": without_rota})
        return on_duty(a_roster(plan=plan), "manager", wall("03:00"))

    assert at_three("always") == ("chen",)
    assert at_three("never") == ()
    assert at_three("day") == ()
    by_day = a_roster(plan=PLAN.model_copy(update={"without_rota": "day"}))
    assert on_duty(by_day, "manager", wall("10:00")) == ("chen",)


def test_whose_rota_has_ended_is_off_and_not_always_there() -> None:
    roster = a_roster(somebody("pan"), rota("pan", last_day="2026-03-03"))
    assert activity(roster, "pan", wall("10:00", "2026-03-03")) == "cases"
    assert away_until(roster, "pan", wall("10:00")) == NEVER


def test_who_has_left_is_nobody_and_was_there_before() -> None:
    left = Standing(since=wall("12:00"), recorded_at=wall("12:00", "2026-02-20"), roles=())
    roster = a_roster(somebody("pan"), somebody("qi", standings=(*somebody("qi").standings, left)), bare=True)
    assert on_duty(roster, "agent", wall("11:59")) == ("pan", "qi")
    assert on_duty(roster, "agent", wall("12:00")) == ("pan",)
    assert away_until(roster, "qi", wall("12:00")) == NEVER


def test_whoever_begins_next_week_is_away_until_then() -> None:
    new = somebody("new", since=wall("00:00", "2026-03-09"))
    assert away_until(a_roster(new), "new", wall("10:00")) == wall("00:00", "2026-03-09")
    assert away_until(a_roster(new, rota("new")), "new", wall("10:00")) == wall("09:00", "2026-03-09")


def test_a_role_that_nobody_has_is_filled_by_the_next_rank() -> None:
    roster = a_roster(somebody("chen", "manager"), bare=True)
    assert filled_as(roster, "agent", wall("10:00")) == "manager"
    assert filled_as(roster, "finance", wall("10:00")) is None
    assert filled_as(a_roster(), "agent", wall("10:00")) == "agent"


# ── as it was then ────────────────────────────────────────────────────────────────────────────────


def test_the_past_is_answered_as_it_was_then() -> None:
    ill = absence("li", wall("09:00"), wall("23:00"), recorded_at=wall("11:00"))  # told at eleven
    roster = a_roster(ill)
    assert on_duty(roster, "agent", wall("10:59")) == ("li", "wu")
    assert on_duty(roster, "agent", wall("11:00")) == ("wu",)


def test_an_absence_called_off_has_been_one_until_then() -> None:
    trip = absence("li", wall("09:00"), wall("23:00"), ended_at=wall("14:00"))
    assert [activity(a_roster(trip), "li", wall(time)) for time in ("13:59", "14:00")] == [None, "cases"]
    assert away_until(a_roster(trip), "li", wall("13:00")) == wall("09:00", "2026-03-05")  # as far as anybody knew


def test_new_hours_do_not_change_who_was_there_before_them() -> None:
    late = PLAN.model_copy(update={"shifts": {**PLAN.shifts, "day": PLAN.shifts["night"]}})
    roster = a_roster(Plan(recorded_at=wall("00:00", "2026-03-10"), plan=late))
    assert activity(roster, "li", wall("10:00", "2026-03-09")) == "cases"
    assert activity(roster, "li", wall("10:00", "2026-03-10")) is None
    assert activity(roster, "li", wall("19:00", "2026-03-10")) == "cases"


def test_before_anybody_was_written_down_nobody_was_there() -> None:
    assert on_duty(a_roster(), "agent", LONG_AGO - MINUTE) == ()
    assert on_duty(Roster(), "agent", wall("10:00")) == ()


# ── absences and stand-ins ────────────────────────────────────────────────────────────────────────

ALL_DAY = (wall("00:00"), wall("00:00", "2026-03-05"))


def test_a_stand_in_stands_in() -> None:
    assert stand_in(a_roster(absence("li", *ALL_DAY, stand_in="wu")), "li", wall("10:00")) == "wu"
    assert stand_in(a_roster(absence("li", *ALL_DAY)), "li", wall("10:00")) is None
    assert stand_in(a_roster(), "li", wall("20:00")) is None  # off duty is no absence


def test_a_stand_in_who_is_absent_has_a_stand_in() -> None:
    roster = a_roster(absence("li", *ALL_DAY, stand_in="wu"), absence("wu", *ALL_DAY, stand_in="zhou"))
    assert stand_in(roster, "li", wall("10:00")) == "zhou"


def test_stand_ins_who_name_each_other_stand_in_for_nobody() -> None:
    roster = a_roster(
        absence("li", *ALL_DAY, stand_in="wu"),
        absence("wu", *ALL_DAY, stand_in="sun"),
        absence("sun", *ALL_DAY, stand_in="li"),
    )
    assert [stand_in(roster, person, wall("10:00")) for person in ("li", "wu", "sun")] == [None, None, None]
    assert stand_in(a_roster(absence("li", *ALL_DAY, stand_in="li")), "li", wall("10:00")) is None


def test_a_stand_in_who_is_off_shift_hands_on_to_nobody() -> None:
    assert stand_in(a_roster(absence("li", *ALL_DAY, stand_in="sun")), "li", wall("10:00")) is None


def test_of_two_absences_the_longer_one_counts() -> None:
    roster = a_roster(
        absence("li", wall("09:00"), wall("12:00"), stand_in="wu"), absence("li", *ALL_DAY, stand_in="zhou")
    )
    assert stand_in(roster, "li", wall("10:00")) == "zhou"


AWAY = [
    ("10:00", None),  # there
    ("12:10", wall("12:30")),  # at lunch
    ("16:30", wall("09:00", "2026-03-05")),  # gone home
    ("03:00", wall("09:00")),
]


@pytest.mark.parametrize(("time", "back"), AWAY)
def test_away_until_the_next_shift(time: str, back: datetime | None) -> None:
    assert away_until(a_roster(), "li", wall(time)) == back


def test_away_until_an_absence_ends_within_a_shift_or_the_first_shift_after_it() -> None:
    week = absence("li", wall("09:00"), wall("14:00", "2026-03-11"))
    assert away_until(a_roster(week), "li", wall("10:00")) == wall("14:00", "2026-03-11")
    week = absence("li", wall("09:00"), wall("20:00", "2026-03-11"))
    assert away_until(a_roster(week), "li", wall("10:00")) == wall("09:00", "2026-03-12")
    week = absence("chen", wall("09:00"), wall("20:00", "2026-03-11"))
    assert away_until(a_roster(week), "chen", wall("10:00")) == wall("20:00", "2026-03-11")


def test_nobody_knows_about_somebody_who_is_not_on_the_list() -> None:
    assert away_until(a_roster(), "a stranger", wall("10:00")) is None
    assert activity(a_roster(), "a stranger", wall("10:00")) is None


# ── swaps ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_swap_of_one_day_exchanges_day_and_night() -> None:
    roster = a_roster(swap("li", "sun", "2026-03-04", "2026-03-04"))
    assert on_duty(roster, "agent", wall("10:00")) == ("sun", "wu")
    assert on_duty(roster, "agent", wall("20:00")) == ("li",)
    assert on_duty(roster, "agent", wall("20:00", "2026-03-05")) == ("sun",)


def test_a_swap_of_two_days() -> None:
    every_other = (somebody("li"), somebody("pan"), rota("li", "day", "off"), rota("pan", "off", "day"))

    def on_the(roster: Roster) -> list[tuple[str, ...]]:
        return [on_duty(roster, "agent", wall("10:00", f"2026-03-0{day}")) for day in (3, 4, 5, 6)]

    assert on_the(a_roster(*every_other, bare=True)) == [("pan",), ("li",), ("pan",), ("li",)]
    swapped = a_roster(*every_other, swap("li", "pan", "2026-03-04", "2026-03-05"), bare=True)
    assert on_the(swapped) == [("pan",), ("pan",), ("li",), ("li",)]


def test_taking_over_without_a_day_in_return() -> None:
    roster = a_roster(swap("sun", "li", "2026-03-04"))
    assert [activity(roster, "li", wall(time)) for time in ("10:00", "20:00")] == ["cases", "cases"]
    assert activity(roster, "sun", wall("20:00")) is None


def test_a_swap_counts_from_its_agreement_on_and_only_if_agreed() -> None:
    for state in ("proposed", "refused", "withdrawn"):
        assert on_duty(
            a_roster(swap("li", "sun", "2026-03-04", "2026-03-04", state=state)), "agent", wall("20:00")
        ) == ("sun",)
    late = swap("li", "sun", "2026-03-04", "2026-03-04", answered_at=wall("19:00"))
    assert [on_duty(a_roster(late), "agent", wall(time)) for time in ("18:59", "19:00")] == [("sun",), ("li",)]


def test_a_swap_given_on_is_somebody_elses_again() -> None:
    first = swap("li", "sun", "2026-03-04", "2026-03-04")
    then = swap("sun", "wu", "2026-03-04", answered_at=wall("12:00", "2026-03-02"))  # Wu takes Li's day from Sun
    roster = a_roster(first, then)
    assert on_duty(roster, "agent", wall("10:00")) == ("wu",)
    assert on_duty(roster, "agent", wall("20:00")) == ("li",)


# ── handovers ─────────────────────────────────────────────────────────────────────────────────────


def test_during_a_handover_work_stays_with_the_outgoing_one() -> None:
    going_on = handover("li", "sun", wall("16:20"))
    roster = a_roster(going_on)
    assert activity(roster, "li", wall("16:40")) == "cases"  # ten minutes after the shift
    assert activity(roster, "sun", wall("16:40")) == "handover"
    assert available(roster, "agent", wall("16:40")) == ("li",)
    over = a_roster(handover("li", "sun", wall("16:20"), wall("16:35")))
    assert on_duty(over, "agent", wall("16:40")) == available(over, "agent", wall("16:40")) == ("sun",)


def test_a_handover_that_nobody_ends_is_over_by_itself() -> None:
    roster = a_roster(handover("li", "sun", wall("16:20")))
    assert activity(roster, "li", wall("17:19")) == "cases"
    assert activity(roster, "li", wall("17:20")) is None
    assert activity(roster, "sun", wall("17:20")) == "cases"


def test_a_handover_for_somebody_who_is_not_there_puts_nobody_on_duty() -> None:
    roster = a_roster(handover("li", "wu", wall("10:00")), absence("li", *ALL_DAY))
    assert activity(roster, "li", wall("10:05")) is None
    assert activity(roster, "wu", wall("10:05")) == "handover"


def test_two_handovers_at_once() -> None:
    roster = a_roster(handover("li", "sun", wall("16:20")), handover("wu", "sun", wall("16:25"), wall("16:40")))
    assert available(roster, "agent", wall("16:35")) == ("li", "wu")
    assert available(roster, "agent", wall("16:45")) == ("li",)  # Sun still takes over from Li


# ── a customer who is still talking ───────────────────────────────────────────────────────────────


def test_a_shift_lasts_while_a_customer_is_still_talking() -> None:
    said = [talk("li", wall(time)) for time in ("16:20", "16:34", "16:48")]
    roster = a_roster(*said)
    assert activity(roster, "li", wall("16:47")) == "overtime"
    assert activity(roster, "li", wall("17:02")) == "overtime"  # 16:48 and a quarter of an hour
    assert activity(roster, "li", wall("17:03")) is None
    assert "li" not in available(roster, "agent", wall("16:40"))  # on duty, and not for new work


def test_a_customer_who_writes_after_the_shift_brings_nobody_back() -> None:
    assert activity(a_roster(talk("li", wall("16:31"))), "li", wall("16:32")) is None
    assert activity(a_roster(talk("li", wall("16:15"))), "li", wall("16:31")) is None
    assert activity(a_roster(talk("wu", wall("16:29"))), "li", wall("16:31")) is None


def test_a_shift_does_not_last_for_ever() -> None:
    said = [talk("li", wall("16:30") + n * 10 * MINUTE) for n in range(-1, 30)]
    assert activity(a_roster(*said), "li", wall("18:29")) == "overtime"
    assert activity(a_roster(*said), "li", wall("18:30")) is None


def test_what_customers_say_later_is_not_known_before() -> None:
    said = [talk("li", wall("16:29")), talk("li", wall("16:50"))]
    assert activity(a_roster(*said), "li", wall("16:45")) is None  # the first one's quarter of an hour is over
    assert activity(a_roster(*said), "li", wall("16:43")) == "overtime"


# ── everybody ─────────────────────────────────────────────────────────────────────────────────────


def test_everybody_away() -> None:
    away = [absence(person, *ALL_DAY) for person in ("li", "wu", "sun", "zhou", "chen")]
    roster = a_roster(*away)
    for role in ("agent", "supervisor", "manager"):
        assert on_duty(roster, role, wall("16:00")) == ()
    assert away_until(roster, "chen", wall("16:00")) == ALL_DAY[1]


WEEK = st.integers(min_value=0, max_value=7 * 24 * 12).map(lambda n: wall("00:00", "2026-03-02") + n * 5 * MINUTE)
PEOPLE = ("li", "wu", "sun", "zhou", "chen")


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    facts: list[Any] = []
    for person in draw(st.lists(st.sampled_from(PEOPLE), max_size=3)):
        begins, ends = sorted((draw(WEEK), draw(WEEK) + MINUTE))
        facts.append(absence(person, begins, ends, draw(st.sampled_from((None, *PEOPLE)))))
    for one, other in draw(st.lists(st.permutations(PEOPLE[:3]).map(lambda p: p[:2]), max_size=3)):
        facts.append(swap(one, other, draw(WEEK).date().isoformat(), draw(WEEK).date().isoformat()))
    return a_roster(*facts)


@given(rosters(), WEEK)
def test_whoever_is_away_is_back_when_it_was_said_and_not_before(roster: Roster, at: datetime) -> None:
    for person in PEOPLE:
        back = away_until(roster, person, at)
        assert (back is None) is (activity(roster, person, at) is not None)
        if back is not None and back < NEVER:
            assert activity(roster, person, back) is not None
            assert all(activity(roster, person, at + n * (back - at) / 7) is None for n in range(7))


@given(rosters(), WEEK)
def test_stand_ins_are_there_and_somebody_else(roster: Roster, at: datetime) -> None:
    for person in PEOPLE:
        stands_in = stand_in(roster, person, at)
        assert stands_in is None or (stands_in != person and activity(roster, stands_in, at) is not None)


@given(st.lists(st.permutations(PEOPLE[:3]).map(lambda p: p[:2]), max_size=4))
def test_swaps_lose_no_shift(pairs: list[list[str]]) -> None:
    swaps = [
        swap(one, other, "2026-03-04", "2026-03-04", answered_at=wall("12:00", "2026-03-01") + n * MINUTE)
        for n, (one, other) in enumerate(pairs)
    ]
    seen = Seen(a_roster(*swaps), wall("08:00"))
    worked = [shift for person in PEOPLE[:3] for shift in seen.shifts(person, wall("08:00").date())]
    assert sorted(set(worked)) == ["day", "night"]
