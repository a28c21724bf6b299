"""What the law gives the customer, to the day (section 13). The numbers are those shipped for mainland China."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.playbook import Law
from models.procedure.law import legal_choices, seller_proves

THREE_GUARANTEES: dict[str, Any] = {
    "name": "cn",
    "ladder": [
        {"until_day": 7, "choices": ["refund", "exchange", "repair"]},
        {"until_day": 15, "choices": ["exchange", "repair"]},
        {"choices": ["repair"]},
    ],
    "ladder_days": 365,
    "failed_repairs": 2,
    "repair_days": 30,
    "seller_proves_months": 6,
    "durable_categories": ["appliance", "phone"],
}
CN = Law.model_validate(THREE_GUARANTEES)
RECEIVED = date(2026, 3, 1)
DAY = 86_400

ALL, TWO, ONE = ("refund", "exchange", "repair"), ("exchange", "repair"), ("repair",)


def choices(day: int, law: Law = CN, **known: Any) -> tuple[str, ...]:
    """The choices so many days after receipt."""
    return legal_choices(law, RECEIVED, RECEIVED + timedelta(days=day), **known)


def law(**over: Any) -> Law:
    return Law.model_validate({**THREE_GUARANTEES, **over})


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (0, ALL),
        (1, ALL),
        (7, ALL),
        (8, TWO),
        (15, TWO),
        (16, ONE),
        (365, ONE),
        (366, ()),
    ],
)
def test_the_ladder_to_the_day(day: int, expected: tuple[str, ...]) -> None:
    assert choices(day) == expected


@pytest.mark.parametrize(
    ("day", "seconds", "expected"),
    [
        (9, 2 * DAY, ALL),  # 9 − 2 = 7
        (10, 2 * DAY, TWO),  # 10 − 2 = 8
        (17, 2 * DAY, TWO),  # 17 − 2 = 15
        (18, 2 * DAY, ONE),  # 18 − 2 = 16
        (8, DAY - 1, TWO),  # not a whole day in repair
        (8, DAY, ALL),  # 8 − 1 = 7
        (375, 10 * DAY, ONE),  # 375 − 10 = 365
        (376, 10 * DAY, ()),  # 376 − 10 = 366
    ],
)
def test_time_in_repair_moves_every_limit_back(day: int, seconds: int, expected: tuple[str, ...]) -> None:
    assert choices(day, repair_seconds=seconds) == expected


@pytest.mark.parametrize(
    ("day", "failed", "expected"),
    [
        (100, 0, ONE),
        (100, 1, ONE),
        (100, 2, TWO),
        (100, 3, TWO),
        (10, 2, TWO),  # he can choose it already
        (5, 2, ALL),
        (366, 2, ()),  # the ladder is over
    ],
)
def test_two_failed_repairs_give_a_right_to_exchange(day: int, failed: int, expected: tuple[str, ...]) -> None:
    assert choices(day, failed_repairs=failed) == expected


@pytest.mark.parametrize(
    ("in_repair", "expected"),
    [(30 * DAY, ONE), (30 * DAY + 1, TWO), (31 * DAY, TWO)],  # day 100 − 30 and 100 − 31 are behind the second step
)
def test_more_than_thirty_days_in_repair_give_a_right_to_exchange(in_repair: int, expected: tuple[str, ...]) -> None:
    assert choices(100, repair_seconds=in_repair) == expected


@pytest.mark.parametrize(
    ("day", "failed", "expected"),
    [
        (5, 0, ALL),  # he can have his money anyhow
        (10, 0, ("refund", "exchange", "repair")),  # an exchange that is not in stock becomes a refund
        (100, 2, ("refund", "exchange", "repair")),
        (100, 0, ONE),  # nothing is to be exchanged, so the stock says nothing
        (366, 2, ()),
    ],
)
def test_what_is_to_be_exchanged_and_not_in_stock_is_refunded(day: int, failed: int, expected: tuple[str, ...]) -> None:
    assert choices(day, failed_repairs=failed, out_of_stock=True) == expected


def test_where_the_law_is_silent_nothing_can_be_insisted_on() -> None:
    assert choices(1, Law(), failed_repairs=9, repair_seconds=99 * DAY, out_of_stock=True) == ()
    assert legal_choices(CN, None, RECEIVED) == (), "nobody knows when it was received"


@pytest.mark.parametrize(("days", "expected"), [(15, TWO), (16, ())])
def test_a_ladder_without_a_last_step_ends(days: int, expected: tuple[str, ...]) -> None:
    short = law(ladder=THREE_GUARANTEES["ladder"][:2])
    assert choices(days, short) == expected


@pytest.mark.parametrize("over", [{"failed_repairs": None}, {"repair_days": None}])
def test_a_law_that_does_not_count_repairs_gives_nothing_for_them(over: dict[str, Any]) -> None:
    counted: dict[str, dict[str, Any]] = {
        "failed_repairs": {"failed_repairs": 9},
        "repair_days": {"repair_seconds": 31 * DAY},
    }
    known = counted[next(iter(over))]
    assert choices(100, **known) == TWO
    assert choices(100, law(**over), **known) == ONE


def test_a_ladder_without_an_end_holds_for_ever() -> None:
    assert choices(5000, law(ladder_days=None)) == ONE


@given(day=st.integers(0, 500), later=st.integers(0, 60), repaired=st.integers(0, 40 * DAY))
def test_no_right_comes_back_by_waiting_and_none_is_lost_by_repairing(day: int, later: int, repaired: int) -> None:
    now, then = set(choices(day)), set(choices(day + later))
    assert then <= now
    assert set(choices(day)) <= set(choices(day, repair_seconds=repaired))


# ── who has to prove it ──


@pytest.mark.parametrize(
    ("received", "today", "category", "proves"),
    [
        ("2026-03-01", "2026-08-31", "phone", True),  # the last day of the six months
        ("2026-03-01", "2026-09-01", "phone", False),
        ("2026-03-15", "2026-09-14", "phone", True),
        ("2026-03-15", "2026-09-15", "phone", False),
        ("2025-09-30", "2026-03-29", "phone", True),  # over the end of a year
        ("2025-09-30", "2026-03-30", "phone", False),
        ("2026-03-01", "2026-03-01", "appliance", True),
        ("2026-03-01", "2026-03-02", "cup", False),  # no durable goods
        ("2026-03-01", "2026-03-02", None, False),
    ],
)
def test_for_six_months_the_seller_proves_that_durable_goods_had_no_defect(
    received: str, today: str, category: str | None, proves: bool
) -> None:
    assert seller_proves(CN, date.fromisoformat(received), date.fromisoformat(today), category) is proves


@pytest.mark.parametrize(
    ("rule", "received"), [(law(seller_proves_months=None), RECEIVED), (Law(), RECEIVED), (CN, None)]
)
def test_elsewhere_or_without_a_date_nobody_has_to(rule: Law, received: date | None) -> None:
    assert not seller_proves(rule, received, RECEIVED, "phone")
