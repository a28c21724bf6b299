"""Reading, writing and splitting amounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import MoneyRefused
from models.money import LARGEST, comparable, comparable_of, exponent, split, split_line, to_minor, to_text

CURRENCIES = st.sampled_from(["CNY", "JPY", "KWD", "CLF", "GBP"])


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("VND", 0)])
def test_a_currency_has_its_iso_4217_digits(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["RMB", "cny", "", "XXX", None, 156, ["CNY"]])
def test_an_unknown_currency_is_refused(currency: object) -> None:
    with pytest.raises(MoneyRefused, match="ISO 4217"):
        exponent(currency)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("112.00", "CNY", 11200),
        ("112", "CNY", 11200),
        ("-3.5", "CNY", -350),
        ("1.2300", "CNY", 123),  # trailing zeros say nothing more
        ("900", "JPY", 900),
        ("900.00", "JPY", 900),
        ("1.005", "KWD", 1005),
        ("-0.00", "EUR", 0),
        ("1000000000000.00", "CNY", LARGEST),
    ],
)
def test_plain_decimal_text_is_read(text: str, currency: str, minor: int) -> None:
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        112.0,
        112,
        True,
        None,
        ["1"],
        "",
        " 1",
        "1 ",
        "1\n",
        "1,000.00",
        "1e3",
        "NaN",
        "Infinity",
        "+1",
        ".5",
        "5.",
        "--1",
        "0x10",
        "１２",  # full-width digits
        "٣",  # an Arabic-Indic digit
        "1.234",  # finer than a fen
        "1000000000000.01",
        "9" * 5000,
    ],
)
def test_anything_else_is_refused_with_one_short_sentence(text: object) -> None:
    with pytest.raises(MoneyRefused) as refused:
        to_minor(text, "CNY")
    assert refused.value.detail.endswith(".")
    assert len(refused.value.detail) < 130
    assert refused.value.detail.isascii() or "…" in refused.value.detail


def test_yen_have_no_decimals() -> None:
    with pytest.raises(MoneyRefused, match="no decimal places"):
        to_minor("900.5", "JPY")


@given(st.integers(-LARGEST, LARGEST), CURRENCIES)
def test_an_amount_written_and_read_again_is_the_same(minor: int, currency: str) -> None:
    assert to_minor(to_text(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(11200, "CNY", "112.00"), (-5, "CNY", "-0.05"), (0, "KWD", "0.000"), (900, "JPY", "900"), (-7, "JPY", "-7")],
)
def test_an_amount_is_written_with_all_its_digits(minor: int, currency: str, text: str) -> None:
    assert to_text(minor, currency) == text


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (299, [4300, 1400, 2300], [161, 52, 86]),  # 160.71 52.33 85.96: both spare cents to the largest remainders
        (-300, [4000, 2000, 2000], [-150, -75, -75]),
        (10, [0, 0, 0], [4, 3, 3]),  # nothing to weigh by: equal shares
        (-10, [0, 0, 0], [-4, -3, -3]),
        (1, [1, 1], [1, 0]),  # a tie goes to the earlier
        (2, [1, 1, 1], [1, 1, 0]),
        (100, [1, 0, 1], [50, 0, 50]),
        (5, [0, 7, 0], [0, 5, 0]),
        (0, [3, 4], [0, 0]),
        (0, [], []),
        (10**30, [1, 2], [333333333333333333333333333333, 666666666666666666666666666667]),
    ],
)
def test_a_total_is_split_by_largest_remainder_F13(total: int, weights: list[int], parts: list[int]) -> None:
    assert split(total, weights) == parts


WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


@given(st.integers(-(10**14), 10**14), WEIGHTS)
def test_parts_sum_to_the_total_and_lie_within_one_of_the_exact_share(total: int, weights: list[int]) -> None:
    parts = split(total, weights)
    whole = sum(weights) or len(weights)
    exact = weights if sum(weights) else [1] * len(weights)
    assert sum(parts) == total
    assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, exact, strict=True))
    assert split(-total, weights) == [-part for part in parts]


@given(st.data(), WEIGHTS)
def test_no_part_of_a_discount_exceeds_what_it_is_weighed_by(data: st.DataObject, weights: list[int]) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    assert all(part <= weight for part, weight in zip(split(total, weights), weights, strict=True))


@pytest.mark.parametrize(
    ("total", "weights"),
    [(1, [1, -1]), (1, []), (1.5, [1]), (True, [1]), (1, [1.0]), (1, [True]), (1, "12"), (1, None)],
)
def test_what_cannot_be_split_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(MoneyRefused):
        split(total, weights)


def test_the_command_line_answers_parts() -> None:
    assert split_line({"total": 299, "weights": [4300, 1400, 2300]}) == {"parts": [161, 52, 86]}


@pytest.mark.parametrize(
    "request_",
    [None, [], "x", 7, {}, {"total": 1}, {"weights": [1]}, {"total": "1", "weights": [1]}, {"total": 1, "weights": {}}],
)
def test_the_command_line_names_what_is_wrong_and_never_raises(request_: object) -> None:
    answer = split_line(request_)
    assert list(answer) == ["error"]
    assert answer["error"].endswith(".")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(12_900, "CNY", "129.00"), (129, "JPY", "129"), (129_000, "KWD", "129.000"), (1_290_000, "CLF", "129")],
)
def test_amounts_of_all_currencies_are_compared_in_main_units(minor: int, currency: str, text: str) -> None:
    assert comparable(minor, currency) == comparable_of(text) == 1_290_000
    assert comparable(minor + 1, currency) > comparable_of(text)


def test_an_amount_without_a_currency_is_in_hundredths() -> None:
    assert comparable(12_900, None) == comparable_of("129")
