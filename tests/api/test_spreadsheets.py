"""CSV files as spreadsheets open them: no formula that came from outside, no number that loses its digits."""

import csv
import io
from typing import Any

import pytest

from api.routes.answers import as_csv


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("王小明", "王小明"),
        ("=HYPERLINK(0)", "'=HYPERLINK(0)"),
        ("+86 138", "'+86 138"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1+1", "'＝1+1"),  # a Chinese spreadsheet reads it like the narrow one
        ("\n=1+1", "'\n=1+1"),
        ("-2+3", "'-2+3"),
        ("-12.00", "-12.00"),  # a sum of money is no formula
        (-5, "-5"),
        ("2611220193847561029", "\t2611220193847561029"),  # more digits than a spreadsheet keeps
        ("0042", "\t0042"),  # the end of a telephone is no 42
        ("12E5", "\t12E5"),  # an article, not 1,200,000
        ("338.00", "338.00"),
        ({"amount": "-9.000", "currency": "KWD"}, "-9.000"),
        (None, ""),
    ],
)
def test_a_cell_says_in_a_spreadsheet_what_it_says_here(value: Any, cell: str) -> None:
    file = bytes(as_csv([{"cell": value}], "one").body).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(file, newline=""))
    assert row["cell"] == cell


def test_a_chinese_spreadsheet_knows_the_file_as_unicode() -> None:
    assert bytes(as_csv([], "none", ("case_no",)).body) == b"\xef\xbb\xbfcase_no\r\n"
