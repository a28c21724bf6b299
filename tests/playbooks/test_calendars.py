"""Calendars that take over a country's holidays: the notices of two years, overrides, and years not published yet."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from models.business_time import Calendar
from models.time.calendar_year import year_of
from playbooks.loading.load import Playbooks, check_folder, load_playbooks
from playbooks.loading.notices import calendar_of_year, calendar_rows, warnings
from playbooks.loading.shelf import Shelf
from tests.playbooks.shops import KETTLE, shop
from tests.shipped import shipped

WEEKDAYS = """\
timezone: Asia/Shanghai
weekly:
  mon: &day [["09:00", "12:00"], ["12:30", "18:00"]]
  tue: *day
  wed: [["10:00", "16:00"]]
  thu: *day
  fri: *day
  sat: []
"""
FROM_CHINA = WEEKDAYS + "holidays_from: {country: CN}\n"
#: Autumn 2026: the notice for 2027 is out some day, and the package has no make-up day of that year.
AUTUMN = datetime(2026, 11, 2, tzinfo=UTC)

#: What the State Council announced: the free days from and to, and the make-up days.
NOTICES = {
    2025: (
        "01-01/01-01 01-28/02-04 04-04/04-06 05-01/05-05 05-31/06-02 10-01/10-08",
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
    ),
    2026: (
        "01-01/01-03 02-15/02-23 04-04/04-06 05-01/05-05 06-19/06-21 09-25/09-27 10-01/10-07",
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    ),
}


def loaded(folder: Path, calendar: str = FROM_CHINA, **overrides: str) -> Playbooks:
    """A shop whose one calendar is this; `CN="…"` is an override file."""
    place = folder / "calendars" / "overrides"
    place.mkdir(parents=True, exist_ok=True)
    for name, text in overrides.items():
        (place / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_playbooks(shop(folder, leaking_kettle=KETTLE, calendars__shop_cn=calendar))


def hours_on(calendar: Calendar, day: str) -> list[tuple[int, int]]:
    """Opening and closing hour of a day's intervals."""
    on = date.fromisoformat(day)
    (found,) = (one for one in year_of(calendar, on.year) if one.on == on)
    return [(opens // 3600, closes // 3600) for opens, closes in found.hours]


# ── the package ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("year", NOTICES)
def test_the_shipped_calendar_is_what_the_state_council_announced(year: int) -> None:
    calendar = shipped().calendars["shop_cn"]
    free, made_up = NOTICES[year]
    ranges = (
        (date.fromisoformat(f"{year}-{a}"), date.fromisoformat(f"{year}-{b}"))
        for a, b in (pair.split("/") for pair in free.split())
    )
    announced = {first + timedelta(days=n) for first, last in ranges for n in range((last - first).days + 1)}
    days = year_of(calendar, year)
    assert {day.on for day in days if day.kind == "holiday"} == announced
    assert {f"{day.on:%m-%d}" for day in days if day.kind == "special"} == set(made_up)
    assert sum(day.is_open for day in days) == 248


def test_a_team_that_works_on_saturdays_is_free_on_those_inside_a_holiday(tmp_path: Path) -> None:
    """The package names Monday to Friday only; the notice of 2026 says 15 to 23 February."""
    every_day = FROM_CHINA.replace("sat: []", 'sat: [["09:00", "13:00"]]')
    calendar = loaded(tmp_path, every_day).calendars["shop_cn"]
    assert hours_on(calendar, "2026-02-21") == []
    assert hours_on(calendar, "2026-03-07") == [(9, 13)]


@pytest.mark.parametrize(
    ("asked", "day", "hours"),
    [
        ("{country: CN}", "2026-02-28", [(9, 12), (12, 18)]),  # a Saturday for Monday, 23 February
        ("{country: CN}", "2026-10-10", [(10, 16)]),  # a Saturday for Wednesday, 7 October
        ("{country: CN}", "2025-10-11", [(10, 16)]),  # a Saturday for Wednesday, 8 October
        ("{country: CN, make_up: wed}", "2026-02-28", [(10, 16)]),
        ("{country: CN, make_up: fri}", "2026-10-10", [(9, 12), (12, 18)]),
        ("{country: CN, make_up: sun}", "2026-10-10", [(9, 12), (12, 18)]),  # no hours: those of most days
    ],
)
def test_a_make_up_day_works_like_the_day_it_stands_in_for(
    tmp_path: Path, asked: str, day: str, hours: list[tuple[int, int]]
) -> None:
    calendar = loaded(tmp_path, f"{WEEKDAYS}holidays_from: {asked}\n").calendars["shop_cn"]
    assert hours_on(calendar, day) == hours


def test_the_dates_of_the_file_itself_win(tmp_path: Path) -> None:
    own = """\
holidays: [2026-10-10, {from: 2026-12-24, to: 2026-12-25}]
special_hours: {2026-10-01: [["10:00", "12:00"]], 2026-02-28: [["09:00", "12:00"]]}
"""
    calendar = loaded(tmp_path, FROM_CHINA + own).calendars["shop_cn"]
    assert hours_on(calendar, "2026-10-10") == []  # a make-up day that this team does not make up
    assert hours_on(calendar, "2026-10-01") == [(10, 12)]  # National Day with an emergency service
    assert hours_on(calendar, "2026-02-28") == [(9, 12)]
    assert hours_on(calendar, "2026-12-24") == []
    assert hours_on(calendar, "2026-10-02") == []  # the rest is as announced


def test_other_countries_and_their_parts(tmp_path: Path) -> None:
    england = WEEKDAYS.replace("Asia/Shanghai", "Europe/London") + "holidays_from: {country: GB, subdivision: "
    scotland = loaded(tmp_path / "a", england + "SCT}\n").calendars["shop_cn"]
    assert hours_on(scotland, "2026-11-30") == []  # St Andrew's Day
    assert hours_on(loaded(tmp_path / "b", england + "ENG}\n").calendars["shop_cn"], "2026-11-30") != []


# ── overrides ─────────────────────────────────────────────────────────────────────────────────────

NOTICE_2027 = """\
published: [2027]
days:
  - {from: 2027-02-05, to: 2027-02-11, working: false, source: notice of November 2026}
  - {date: 2027-02-14, working: true, like: wed, source: notice of November 2026}
  - {date: 2027-02-20, working: true, hours: [["09:00", "13:00"]], source: notice of November 2026}
"""


def test_a_notice_that_is_newer_than_the_package_is_written_into_an_override(tmp_path: Path) -> None:
    found = loaded(tmp_path, CN=NOTICE_2027)
    calendar = found.calendars["shop_cn"]
    assert hours_on(calendar, "2027-02-11") == []
    assert hours_on(calendar, "2027-02-14") == [(10, 16)]
    assert hours_on(calendar, "2027-02-20") == [(9, 13)]
    assert found.sources["shop_cn"].overrides == ("CN",)
    assert warnings(found, AUTUMN) == ()


def test_an_override_takes_back_what_the_package_says_and_the_file_has_the_last_word(tmp_path: Path) -> None:
    wrong = (
        "days: [{date: 2026-10-10, working: false, source: correction}, {date: 2026-10-07, working: true, source: c}]"
    )
    found = loaded(tmp_path, FROM_CHINA + 'special_hours: {2026-10-07: [["09:00", "10:00"]]}\n', CN=wrong)
    assert hours_on(found.calendars["shop_cn"], "2026-10-10") == []
    assert hours_on(found.calendars["shop_cn"], "2026-10-07") == [(9, 10)]


def test_an_override_is_watched_like_every_file_of_a_set(tmp_path: Path) -> None:
    now = 0.0
    loaded(tmp_path)
    shelf = Shelf(tmp_path, clock=lambda: now)
    before = shelf.current().loaded
    (tmp_path / "calendars" / "overrides" / "CN.yaml").write_text(NOTICE_2027, encoding="utf-8")
    now = 2.0
    assert shelf.current().loaded != before
    assert "CN" in shelf.current().sources["shop_cn"].overrides


def test_a_shop_with_overrides_and_no_calendar_keeps_the_shipped_calendars(tmp_path: Path) -> None:
    place = tmp_path / "calendars" / "overrides"
    place.mkdir(parents=True)
    (place / "CN.yaml").write_text(NOTICE_2027, encoding="utf-8")
    found = load_playbooks(shop(tmp_path, leaking_kettle=KETTLE))
    assert {"shop_cn", "uk", "escalation_cn"} <= set(found.calendars)
    assert hours_on(found.calendars["shop_cn"], "2027-02-14") == [(9, 12), (12, 18)]


# ── provisional years ─────────────────────────────────────────────────────────────────────────────


def test_a_chinese_year_without_a_make_up_day_is_provisional_and_said_loudly(tmp_path: Path) -> None:
    """What the package knows today; it learns of 2027 with the notice, and then the year moves on by one."""
    found = loaded(tmp_path)
    unknown = found.sources["shop_cn"].provisional[0]
    autumn_before = AUTUMN.replace(year=unknown - 1)
    (told,) = warnings(found, autumn_before)
    assert f"{unknown} is PROVISIONAL" in told
    assert "calendars/overrides/CN.yaml" in told
    (row,) = (row for row in calendar_rows(found, autumn_before) if row["name"] == "shop_cn")
    assert row["provisional_years"] == [unknown]
    assert calendar_of_year(found, "shop_cn", unknown)["provisional"]
    assert not calendar_of_year(found, "shop_cn", unknown - 1)["provisional"]


def test_only_years_that_open_deadlines_reach_are_warned_of(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    unknown = found.sources["shop_cn"].provisional[0]
    spring = datetime(unknown - 1, 3, 1, tzinfo=UTC)
    assert warnings(found, spring) == ()
    assert len(warnings(found, spring, furthest=datetime(unknown, 1, 5, tzinfo=UTC))) == 1


def test_a_country_without_notices_is_never_provisional(tmp_path: Path) -> None:
    found = loaded(tmp_path, WEEKDAYS + "holidays_from: {country: GB, subdivision: ENG}\n")
    assert found.sources["shop_cn"].provisional == ()


# ── mistakes ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ("holidays_from: {country: XX}", "holidays_from.country", "'XX' is no country that is known"),
        ("holidays_from: {country: list_supported_countries}", "holidays_from.country", "no country that is known"),
        ("holidays_from: {country: GB, subdivision: ZZ}", "holidays_from", "'ZZ' is no part of GB"),
        ("holidays_from: {country: CN, makeup: wed}", "holidays_from.makeup", "did you mean make_up?"),
        ("holidays_from: CN", "holidays_from", ""),
        ("holiday_from: {country: CN}", "holiday_from", "did you mean holidays_from?"),
        ("holidays_from: {country: CN}\nholidays: [2026-02-30]", "holidays.0", "2026-02-30 is not a date"),
        ("holidays_from: {country: CN}\nholidays: 2026-02-03", "holidays", ""),
        ("holidays_from: {country: CN}\nspecial_hours: []", "special_hours", ""),
    ],
)
def test_a_mistake_is_named_with_its_field(tmp_path: Path, wrong: str, field: str, words: str) -> None:
    shop(tmp_path, leaking_kettle=KETTLE, calendars__shop_cn=f"{WEEKDAYS}{wrong}\n")
    problems = check_folder(tmp_path)
    assert [(p.file, p.field) for p in problems] == [("calendars/shop_cn.yaml", field)]
    assert words in problems[0].message
    assert problems[0].line == 9 + wrong.count("\n")


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ("{date: 2027-02-14, working: true}", "days.0.source", ""),
        ("{working: true, source: s}", "days.0", "name one date, or from and to"),
        ("{from: 2027-02-14, to: 2027-02-13, working: false, source: s}", "days.0", "before they begin"),
        ("{date: 2027-02-14, working: false, like: wed, source: s}", "days.0", "a free day has no hours"),
        ("{date: 2027-02-30, working: false, source: s}", "days.0.date", ""),
    ],
)
def test_a_mistake_in_an_override_is_named_too(tmp_path: Path, wrong: str, field: str, words: str) -> None:
    shop(tmp_path, leaking_kettle=KETTLE, calendars__shop_cn=FROM_CHINA)
    (tmp_path / "calendars" / "overrides").mkdir()
    (tmp_path / "calendars" / "overrides" / "CN.yaml").write_text(f"days:\n  - {wrong}\n", encoding="utf-8")
    problems = check_folder(tmp_path)
    assert [(p.file, p.line, p.field) for p in problems] == [("calendars/overrides/CN.yaml", 2, field)]
    assert words in problems[0].message
