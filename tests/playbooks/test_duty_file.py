"""Shifts and rotas as data: what is wrong in them is named with file, line and field (T11)."""

from datetime import timedelta
from pathlib import Path

import pytest

from models.people.shifts import DutyPlan
from playbooks.loading.load import check_folder, load_playbooks
from tests.people import wall
from tests.playbooks.shops import KETTLE, shop
from tests.shipped import shipped

GOOD = """\
timezone: Europe/London
shifts:
  early:
    names: {zh: 早班, en: Early}
    hours: [["06:00", "14:00"]]
rotas:
  weekdays: [early, early, early, early, early, off, off]
"""


def test_the_shipped_shifts_are_the_handbooks() -> None:
    plan = shipped().duty
    day = wall("00:00").date()
    hours = {
        name: [f"{span.begins.astimezone(plan.zone):%H:%M}-{span.ends.astimezone(plan.zone):%H:%M}" for span in spans]
        for name in plan.shifts
        if (spans := plan.spans(name, day))
    }
    assert hours == {"day": ["09:00-12:00", "12:30-16:30"], "night": ["15:30-17:30", "18:00-23:00"]}
    at = [plan.apart("night", day, wall(time)) for time in ("15:29", "15:30", "16:14", "16:15", "16:29", "16:30")]
    assert at == [None, "warehouse", "warehouse", "handover", "handover", None]
    assert [(len(days), days.count("off")) for days in plan.rotas.values()] == [(10, 2), (10, 2)]


def test_a_shops_own_shifts_replace_the_shipped_ones(tmp_path: Path) -> None:
    loaded = load_playbooks(shop(tmp_path, leaking_kettle=KETTLE, duty=GOOD))
    assert list(loaded.duty.shifts) == ["early"]
    assert loaded.duty.rotas["weekdays"][-1] == "off"
    assert loaded.loaded != load_playbooks(shop(tmp_path, duty=f"{GOOD}talking: 5m\n")).loaded


def test_a_written_plan_reads_back_as_itself() -> None:
    plan = shipped().duty
    assert DutyPlan.model_validate(plan.model_dump(mode="json")) == plan
    night = {"names": {"zh": "夜", "en": "Night"}, "hours": [["12:00", "24:00"]]}
    late = DutyPlan.model_validate({"shifts": {"night": night}})
    assert DutyPlan.model_validate(late.model_dump(mode="json")) == late


WRONG = [
    ("timezone: Mars/Olympus", "timezone", "no time zone"),
    ('shifts: {day: {names: {zh: 白, en: Day}, hours: [["9:00", "12:00"]]}}', "shifts.day.hours", "write it like"),
    ('shifts: {day: {names: {zh: 白, en: Day}, hours: [["09:00", "25:00"]]}}', "shifts.day.hours", "on the clock"),
    ('shifts: {day: {names: {zh: 白, en: Day}, hours: [["09:00", "09:00"]]}}', "shifts.day.hours", "no time at all"),
    ('shifts: {day: {names: {zh: 白, en: Day}, hours: [["09:00"]]}}', "shifts.day.hours", "pair of times"),
    ("shifts: {day: {names: {zh: 白, en: Day}, hours: morning}}", "shifts.day.hours", "list of [from, to]"),
    ("shifts: {day: {names: {zh: 白, en: Day}, hours: []}}", "shifts.day.hours", "at least 1"),
    (
        'shifts: {day: {names: {zh: 白, en: Day}, hours: [["09:00", "12:00"], ["11:00", "15:00"]]}}',
        "shifts.day.hours",
        "before those before them end",
    ),
    (
        'shifts: {day: {names: {zh: 白, en: Day}, hours: [["09:00", "12:00"]], apart: '
        '[{activity: warehouse, hours: [["11:30", "12:30"]]}]}}',
        "shifts.day",
        "not within the shift's hours",
    ),
    (
        'shifts: {day: {names: {zh: 白, en: Day}, hours: [["09:00", "12:00"]], apart: '
        '[{activity: lunch, hours: [["11:30", "12:00"]]}]}}',
        "shifts.day.apart.0.activity",
        "not known here",
    ),
    ('shifts: {always: {names: {zh: 白, en: Day}, hours: [["09:00", "12:00"]]}}', "shifts", "choose another name"),
    ("rotas: {week: [day]}", "rotas.week.0", "there is no shift 'day'"),
    ("rotas: {week: []}", "rotas.week", "1 to 366 days"),
    ("without_rota: sometimes", "without_rota", "neither always, never nor a shift"),
    ("talking: soon", "talking", "whole number"),
    ("longest_overrun: 2d", "longest_overrun", "at most 6h"),
    ("longest_handovers: 2h", "longest_handovers", "no field"),
]


@pytest.mark.parametrize(("line", "field", "words"), WRONG)
def test_a_mistake_is_named_with_line_and_field(tmp_path: Path, line: str, field: str, words: str) -> None:
    problems = check_folder(shop(tmp_path, leaking_kettle=KETTLE, duty=f"# shifts\n{line}\n"))
    assert [(one.file, one.line, one.field) for one in problems] == [("duty.yaml", 2, field)], problems
    assert words in problems[0].message


def test_a_time_that_something_else_read_as_a_number_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="write times in quotes"):
        DutyPlan.model_validate({"shifts": {"day": {"names": {"zh": "白", "en": "Day"}, "hours": [[540, 750]]}}})


def test_hours_that_end_at_midnight_end_there() -> None:
    night = {"names": {"zh": "夜", "en": "Night"}, "hours": [["18:00", "24:00"], ["24:00", "02:00"]]}
    with pytest.raises(ValueError, match="before those"):
        DutyPlan.model_validate({"shifts": {"night": {**night, "hours": [["18:00", "02:00"], ["01:00", "02:00"]]}}})
    late = DutyPlan.model_validate({"shifts": {"night": {**night, "hours": [["18:00", "24:00"]]}}})
    (span,) = late.spans("night", wall("00:00").date())
    assert span.ends - span.begins == timedelta(hours=6)
