"""What lists of money have in common: the sums at their foot, and all their pages in one file."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

T = TypeVar("T")
#: A file has at most so many rows; the API gives the rest.
MOST_IN_A_FILE: Final = 100_000
_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Total:
    """What some rows come to in one currency."""

    currency: str
    count: int
    amount: Decimal

    @property
    def as_sum(self) -> dict[str, str]:
        """As documents write it."""
        return {"amount": str(self.amount), "currency": self.currency}


def totals(rows: Iterable[Mapping[str, Any]], of: str = "amount") -> list[Total]:
    """Count and sum by currency; rows without that sum are not counted."""
    found: dict[str, Total] = {}
    for sum_ in (row[of] for row in rows if row.get(of)):
        had = found.get(sum_["currency"], Total(sum_["currency"], 0, Decimal(0)))
        found[had.currency] = Total(had.currency, had.count + 1, had.amount + Decimal(sum_["amount"]))
    return [found[currency] for currency in sorted(found)]


def amount_of(text: str) -> Decimal | None:
    """An amount as people type it, with or without ¥ and grouped digits."""
    plain = text.replace(",", "").replace("，", "").removeprefix("¥").removeprefix("￥").strip()
    try:
        found = Decimal(plain)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def plain_amount(text: str) -> str:
    """The same as the desk wants it; what is no amount stays as it is, for the desk to refuse."""
    found = amount_of(text)
    return text if found is None or found < 0 else format(found, "f")


async def every(page: Callable[[str | None, int], Awaitable[Mapping[str, Any]]]) -> AsyncIterator[dict[str, Any]]:
    """All rows of a list that is read page by page, for a file."""
    cursor, told = None, 0
    while told < MOST_IN_A_FILE:
        found = await page(cursor, _AT_ONCE)
        for row in found["items"]:
            yield row
        told, cursor = told + len(found["items"]), found["next_cursor"]
        if cursor is None:
            return


def cut(rows: Sequence[T], cursor: str | None, most: int) -> tuple[Sequence[T], str | None]:
    """A page of rows that are all here already, and the cursor of the next one: how many came before it."""
    first = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 10 else 0
    following = str(first + most) if len(rows) > first + most else None
    return rows[first : first + most], following
