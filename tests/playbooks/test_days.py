"""Single days of a calendar's file: changed in its text, with everything else as somebody wrote it."""

from datetime import date, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Invalid
from playbooks.loading.days import DayBecomes, with_days
from playbooks.loading.folder import SHIPPED

FILE = """\
# Our team.
timezone: Asia/Shanghai
weekly:
  mon: &day [["09:00", "12:00"], ["12:30", "18:00"]]
  tue: *day

holidays_from: {country: CN}
holidays:
  # what only we have off
  - 2026-12-24  # the party
  - {from: 2026-12-28, to: 2026-12-30}
# of its own: the eleventh of the eleventh
special_hours: {2026-11-11: [["08:00", "24:00"]]}
"""
D = date.fromisoformat


def test_a_day_off_is_added_and_every_other_line_stays() -> None:
    told = with_days(FILE, D("2027-01-04"), D("2027-01-04"), "holiday", (), "stocktaking")
    assert set(FILE.splitlines()) - set(told.splitlines()) == {'special_hours: {2026-11-11: [["08:00", "24:00"]]}'}
    assert "  - 2027-01-04  # stocktaking" in told.splitlines()
    assert '  2026-11-11: [["08:00", "24:00"]]' in told.splitlines()
    assert "# of its own: the eleventh of the eleventh" in told


@pytest.mark.parametrize(
    ("becomes", "hours", "line"),
    [
        ("hours", [("10:00", "14:00")], '  2026-12-24: [["10:00", "14:00"]]'),
        ("break", [("15:00", "16:30")], '  2026-12-24: [["15:00", "16:30"]]'),
    ],
)
def test_a_day_gets_other_hours_or_a_break(becomes: DayBecomes, hours: list[tuple[str, str]], line: str) -> None:
    assert line in with_days(FILE, D("2026-12-24"), D("2026-12-24"), becomes, hours).splitlines()


def test_a_free_day_that_gets_hours_is_free_no_more_and_loses_its_remark() -> None:
    told = with_days(FILE, D("2026-12-24"), D("2026-12-24"), "hours", [("10:00", "14:00")])
    assert "the party" not in told
    assert "  - 2026-12-24" not in told
    assert "  - {from: 2026-12-28, to: 2026-12-30}" in told


def test_a_day_in_the_middle_of_a_row_parts_it() -> None:
    told = with_days(FILE, D("2026-12-29"), D("2026-12-29"), "ordinary", ())
    assert "  - 2026-12-28" in told.splitlines()
    assert "  - 2026-12-30" in told.splitlines()
    assert "{from:" not in told


def test_a_field_of_which_nothing_is_left_goes_and_its_remarks_stay() -> None:
    told = with_days(FILE, D("2026-11-11"), D("2026-11-11"), "ordinary", ())
    assert "special_hours" not in told
    assert "# of its own" in told


def test_a_file_without_any_day_gets_the_field_at_its_end() -> None:
    shipped = (SHIPPED / "calendars" / "shop_cn.yaml").read_text(encoding="utf-8")
    told = with_days(shipped, D("2026-12-28"), D("2026-12-31"), "holiday", (), "moving house")
    assert told.startswith(shipped)
    assert told.endswith("holidays:\n  - {from: 2026-12-28, to: 2026-12-31}  # moving house\n")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "holidays: soon", "holidays: [{from: x, to: y}]", "special_hours:\n  2026-11-11: &a [[a, b]]\n", "{"],
)
def test_what_cannot_be_read_for_sure_is_left_to_people(text: str) -> None:
    with pytest.raises(Invalid, match="in the text below"):
        with_days(text, D("2026-12-24"), D("2026-12-24"), "holiday", ())


@pytest.mark.parametrize(("first", "last"), [("2026-12-24", "2026-12-23"), ("2026-01-01", "2027-12-31")])
def test_a_row_of_days_has_a_beginning_and_an_end(first: str, last: str) -> None:
    with pytest.raises(Invalid, match="1 to 366 days"):
        with_days(FILE, D(first), D(last), "holiday", ())


_DAYS = st.dates(D("2026-12-20"), D("2027-01-10"))
_BECOMES = st.sampled_from(["holiday", "hours", "break", "ordinary"])
_REMARKS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Z"]), max_size=20)


@given(st.lists(st.tuples(_DAYS, st.integers(0, 5), _BECOMES, _REMARKS), max_size=8))
def test_whatever_is_changed_the_file_says_that_and_can_be_read(
    changes: list[tuple[date, int, DayBecomes, str]],
) -> None:
    text, free = FILE, {D("2026-12-24"), *(D("2026-12-28") + timedelta(days=n) for n in range(3))}
    for first, more, becomes, remark in changes:
        last = first + timedelta(days=more)
        days = {first + timedelta(days=n) for n in range(more + 1)}
        text = with_days(text, first, last, becomes, [("10:00", "14:00")], remark)
        free = free | days if becomes == "holiday" else free if becomes == "break" else free - days
    document = yaml.load(text, Loader=yaml.BaseLoader)
    told = set()
    for one in document.get("holidays") or []:
        start, end = (D(one[k]) for k in ("from", "to")) if isinstance(one, dict) else (D(one), D(one))
        told |= {start + timedelta(days=n) for n in range((end - start).days + 1)}
    assert told == free
    assert document["weekly"]["tue"] == [["09:00", "12:00"], ["12:30", "18:00"]]
