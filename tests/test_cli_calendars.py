"""Calendars on the command line: which are in force, a year of one, and years that nobody has published yet."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from playbooks.loading.load import load_playbooks
from settings import Settings
from store.engine import make_engine
from tests.databases import with_schema
from tests.shipped import shipped
from tests.test_cli import Ended, Terminal

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


# ── into force ────────────────────────────────────────────────────────────────────────────────────

HOURS = "timezone: Asia/Shanghai\nweekly: {mon: [['09:00', '18:00']], tue: [['09:00', '18:00']]}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Terminal:
    """A shop with a database, and the shipped files in force."""
    found = Terminal(tmp_path / "data")
    found.data.mkdir()
    engine = make_engine(make_url(Settings(data=found.data).database))
    with_schema(engine)
    engine.dispose()
    return found


def published(desk: Terminal, tmp_path: Path, text: str, name: str = "night_shift.yaml", *more: str) -> Ended:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return desk("calendar", "publish", str(file), "--by", "wang.li", "--reason", "stocktaking", *more)


def test_a_calendar_is_published_with_what_it_changes_and_its_history_tells_who_and_why(
    desk: Terminal, tmp_path: Path
) -> None:
    first = published(desk, tmp_path, HOURS, "night_shift.yaml", "--json").document
    assert (first["name"], first["before"], first["number"]) == ("night_shift", None, 1)
    assert "says this already" in published(desk, tmp_path, HOURS).one_line
    changed = f"{HOURS}holidays: [2026-03-09]\nspecial_hours: {{2026-03-11: [['09:00', '12:00']]}}\n"
    done = published(desk, tmp_path, changed)
    assert done.code == 0, done.err
    told = {line.split()[0]: line for line in done.out.splitlines() if line.startswith("2026")}
    assert "working · 09:00–18:00" in told["2026-03-09"]
    assert "free · closed" in told["2026-03-09"]
    assert "hours of its own · 09:00–12:00" in told["2026-03-11"]
    assert "aftercare calendar rebase --calendar night_shift --dry-run" in done.out
    in_force = load_playbooks(desk.data / "playbooks").calendars
    assert in_force.keys() >= {"night_shift", "shop_cn", "uk"}, "the shipped ones stay beside it"
    acts = desk("calendar", "history", "night_shift", "--json").document["items"]
    assert [(act["number"], act["by"], act["reason"]) for act in acts] == [
        (number, "wang.li", "stocktaking") for number in (1, 2)
    ]
    assert (acts[0]["after"], acts[1]["after"]) == (acts[1]["before"], in_force["night_shift"].fingerprint)


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("timezone: Asia/Shangai\nweekly: {}\n", "night_shift.yaml", "calendars/night_shift.yaml, line 1: timezone"),
        (HOURS, "Night Shift.yaml", "is no calendar"),
    ],
)
def test_what_is_no_calendar_is_not_published(desk: Terminal, tmp_path: Path, text: str, name: str, told: str) -> None:
    assert told in published(desk, tmp_path, text, name).one_line
    assert not (desk.data / "playbooks").exists()
