"""Counts of stock from a file: one row per article and place, as CSV or XLSX."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, get_args

from imports.cells import CellRefused, read_cell, whole
from imports.reading import open_table
from models.errors import Invalid
from models.stock.places import COUNTABLE

#: Columns, in whatever words a warehouse calls them.
_COLUMNS: Final = {
    **dict.fromkeys(("sku", "article", "货号", "商品编码", "编码"), "sku"),
    **dict.fromkeys(("quantity", "count", "stock", "on_hand", "数量", "库存"), "quantity"),
    **dict.fromkeys(("place", "location", "库位", "位置"), "place"),
    **dict.fromkeys(("name", "product", "名称", "商品名称"), "name"),
}
_MOST: Final = 1_000_000
_PLACES: Final[dict[str, COUNTABLE]] = {place: place for place in get_args(COUNTABLE)}


@dataclass(frozen=True, slots=True)
class CountRow:
    """A row that can be read: so many units of an article were found in a place."""

    line: int
    sku: str
    quantity: int
    place: COUNTABLE
    name: str | None


def read_counts(stream: BinaryIO, filename: str) -> tuple[list[CountRow], list[dict[str, Any]]]:
    """The counts of a file, and every refused row with line and reason.

    Raises Invalid for a file that is no table of counts.
    """
    rows: list[CountRow] = []
    refused: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    with open_table(stream, filename) as table:
        columns = _columns(table.header)
        for raw in table.rows:
            cells = dict(zip(columns, (cell.strip() for cell in raw.cells), strict=False))
            try:
                if raw.problem:
                    raise CellRefused(raw.problem)
                row = _read(raw.line, cells)
                if (row.sku, row.place) in seen:
                    raise CellRefused(f"{row.sku} was counted in {row.place} on a line before; keep one of them")
            except CellRefused as why:
                refused.append({"line": raw.line, "sku": (cells.get("sku") or None), "reason": str(why)})
            else:
                seen.add((row.sku, row.place))
                rows.append(row)
    return rows, refused


def _columns(header: Sequence[str]) -> tuple[str | None, ...]:
    columns = tuple(_COLUMNS.get(name.strip().casefold().replace(" ", "_")) for name in header)
    missing = [name for name in ("sku", "quantity") if name not in columns]
    if missing:
        found = ", ".join(name[:40] for name in header[:12]) or "none"
        raise Invalid(f"The file lacks the column {', '.join(missing)}; its first line names {found}.")
    twice = [name for name in ("sku", "quantity", "place", "name") if columns.count(name) > 1]
    if twice:
        raise Invalid(f"The column {', '.join(twice)} is there twice; keep one.")
    return columns


def _read(line: int, cells: dict[str | None, str]) -> CountRow:
    sku, quantity, place = (cells.get(name) or "" for name in ("sku", "quantity", "place"))
    if not sku or len(sku) > 200 or not sku.isprintable():
        raise CellRefused("sku: write the article's number, up to 200 characters")
    read_cell("sku", sku, None)
    if not quantity:
        raise CellRefused("quantity: is empty; write 0 where there is none")
    units = whole(quantity)
    if units > _MOST:
        raise CellRefused(f"quantity: {units} is more than {_MOST}")
    place = place.casefold() or "sellable"
    if place not in _PLACES:
        raise CellRefused(f"place: {place[:40]!r} is none of {', '.join(_PLACES)}")
    return CountRow(line, sku, units, _PLACES[place], (cells.get("name") or None))
