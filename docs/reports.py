"""The table of docs/reports.md that is made from code: what every number means."""

from docs.cells import table
from models.oversight.report_words import NUMBERS


def numbers_table() -> str:
    """Every number of the reports with its unit and what it counts."""
    rows = ((f"`{name}`", one.en, one.unit, one.meaning) for name, one in NUMBERS.items())
    return table(("number", "called", "unit", "counts"), rows)
