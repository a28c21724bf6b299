"""Occasions of periodic callbacks, and good hours (T5, T6, T17)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.lifecycle import State
from models.oversight.callbacks import (
    CallbackRules,
    Occasion,
    as_document,
    at_the_end_of,
    bought_between,
    due_on,
    month_before,
    working_days,
)
from tests.shipped import shipped

SHANGHAI = ZoneInfo("Asia/Shanghai")
RULES = shipped().callbacks


def occasion(months: int) -> Occasion:
    return Occasion(key="x", months=months, zh="回访", en="a callback")


@pytest.mark.parametrize(
    ("bought", "months", "due"),
    [
        # the month of the purchase is over
        ("2026-10-01", 0, "2026-11-01"),
        ("2026-10-31", 0, "2026-11-01"),
        ("2026-12-15", 0, "2027-01-01"),
        # the same day of another month, or its last one
        ("2026-10-15", 2, "2026-12-15"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2027-12-31", 2, "2028-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-10-15", 36, "2029-10-15"),
    ],
)
def test_an_occasion_is_so_many_months_after_the_purchase(bought: str, months: int, due: str) -> None:
    assert due_on(occasion(months), date.fromisoformat(bought)) == date.fromisoformat(due)


@given(
    bought=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    months=st.sampled_from([0, 2, 6, 12, 24, 36]),
    days=st.integers(0, 14),
)
def test_no_purchase_is_missed_while_its_occasion_lasts(bought: date, months: int, days: int) -> None:
    """On every day from the occasion on, until it is let go, the purchase lies among those that are looked at."""
    today = due_on(occasion(months), bought) + timedelta(days=days)
    first, last = bought_between(occasion(months), today, 14)
    assert first <= bought <= last


def test_the_shop_has_the_occasions_of_the_handbook_T6() -> None:
    assert [one.months for one in RULES.periodic] == [0, 2, 6, 12, 24, 36]


def test_people_are_reached_in_the_evening_and_reviews_at_other_hours_too_T5() -> None:
    assert as_document(RULES.hours_for("quality_fault")) == [["20:00", "21:00"]]
    reviews = [["11:00", "12:00"], ["15:00", "16:30"], ["20:00", "21:00"]]
    assert as_document(RULES.hours_for("review_followup")) == reviews


def test_customers_are_called_on_working_days_make_up_days_among_them() -> None:
    """Saturday 2026-10-10 is a make-up day after the National Day week."""
    days = working_days(shipped().calendars["shop_cn"], date(2026, 9, 30), 4)
    assert [day.isoformat() for day in days] == ["2026-09-30", "2026-10-08", "2026-10-09", "2026-10-10"]


def test_a_callback_is_due_when_the_last_good_hours_of_its_day_are_over() -> None:
    due = at_the_end_of(RULES.hours_for("review_followup"), date(2026, 3, 4), SHANGHAI)
    assert due == datetime(2026, 3, 4, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ([["21:00", "20:00"]], "ends before it begins"),
        ([["20:00"]], "pair of times"),
        ([[20, 21]], "pair of times"),
        ([["8 pm", "9 pm"]], "no times of a day"),
        ([], "at least 1"),
    ],
)
def test_hours_that_cannot_be_are_refused(hours: object, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        CallbackRules.model_validate({"calendar": "shop_cn", "hours": hours})


@pytest.mark.parametrize(("today", "month"), [("2026-11-01", "2026-10"), ("2027-01-31", "2026-12")])
def test_the_month_that_is_over(today: str, month: str) -> None:
    assert month_before(date.fromisoformat(today)) == month


def test_every_kind_calls_back_within_two_days_and_leaks_within_three_after_the_soak_test_T5() -> None:
    targets = {
        (kind, sub): playbook.for_case(sub).procedure.clocks[State.RESOLVED].target
        for kind, playbook in shipped().kinds.items()
        for sub in (None, *(one.key for one in playbook.subcategories))
    }
    slower = {place: target for place, target in targets.items() if target > 2 * 86_400}
    assert slower == {("field_service", "leak"): 3 * 86_400}


def test_every_resolved_case_has_its_callback_tried_again_and_none_is_closed_unasked_T5() -> None:
    rules = [playbook.procedure.clocks[State.RESOLVED] for playbook in shipped().kinds.values()]
    assert {rule.outcome for rule in rules} == {"try_again"}
    assert {playbook.procedure.callback_tries for playbook in shipped().kinds.values()} == {3}
