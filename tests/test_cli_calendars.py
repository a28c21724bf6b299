"""Calendars on the command line: which are in force, a year of one, and years that nobody has published yet."""

from pathlib import Path

import pytest

from tests.shipped import shipped
from tests.test_cli import Terminal

#: The first year that the package has no Chinese make-up day of.
UNKNOWN = shipped().sources["shop_cn"].provisional[0]


@pytest.fixture
def aftercare(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_the_calendars_are_listed_with_their_origin(aftercare: Terminal) -> None:
    listed = aftercare("calendar", "list", "--json").document
    rows = {row["name"]: row for row in listed["items"]}
    assert rows["shop_cn"]["holidays_from"]["country"] == "CN"
    assert rows["uk"]["holidays_from"]["subdivision"] == "ENG"
    assert rows["all_hours"]["holidays_from"] is None
    assert rows["shop_cn"]["working_day_seconds"] == 30_600
    assert len(listed["warnings"]) == len(rows["shop_cn"]["provisional_years"])


def test_a_year_of_a_calendar_is_shown_day_by_day(aftercare: Terminal) -> None:
    year = aftercare("calendar", "show", "shop_cn", "--year", "2026", "--json").document
    days = {day["date"]: day for day in year["days"]}
    assert (year["working_days"], year["provisional"]) == (248, False)
    assert days["2026-10-10"] == {
        "date": "2026-10-10",
        "kind": "special",
        "hours": [["09:00", "12:00"], ["12:30", "18:00"]],
        "name": None,
        "breaks": [],
    }
    assert days["2026-10-01"]["name"] == "National Day"
    drawn = aftercare("calendar", "show", "shop_cn", "--year", "2026").out
    assert "248 working days" in drawn
    october = next(line for line in drawn.splitlines() if line.startswith("Oct"))
    assert october.split()[1:11] == ["H"] * 7 + ["·", "·", "W"]  # 1 to 7 free, 8 and 9 worked, 10 made up


def test_a_year_that_nobody_has_published_is_called_provisional(aftercare: Terminal) -> None:
    assert f"{UNKNOWN} is PROVISIONAL" in aftercare("calendar", "show", "shop_cn", "--year", str(UNKNOWN)).out
    assert "PROVISIONAL" not in aftercare("calendar", "show", "uk", "--year", str(UNKNOWN)).out


def test_an_unknown_calendar_is_refused_with_the_nearest(aftercare: Terminal) -> None:
    assert "did you mean shop_cn?" in aftercare("calendar", "show", "shop_ch").one_line
