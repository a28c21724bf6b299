"""Order files made for the tests, as streams."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from openpyxl import Workbook

from imports.formats import ImportReport
from imports.run import import_orders, read_orders
from imports.shapes import RefusedRow
from models.orders import Order

KETTLE: Mapping[str, str] = {
    "order_no": "KETTLE-1",
    "currency": "CNY",
    "placed_at": "2026-10-05T09:30:00+08:00",
    "sku": "KETTLE-17",
    "unit_price": "129.00",
    "quantity": "1",
}
RETAIL = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")


def text(*lines: str, encoding: str = "utf-8") -> BinaryIO:
    return io.BytesIO("\n".join(lines).encode(encoding))


def table(rows: Sequence[Mapping[str, str]], **how: Any) -> BinaryIO:
    """A CSV file of rows, with every column that any of them has."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, columns, **how)
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(file.getvalue().encode())


def kettle(**cells: str) -> dict[str, str]:
    """A good row of the aftercare format, with some cells changed or added."""
    return {**KETTLE, **cells}


def invoice(*rows: str) -> BinaryIO:
    """An Online Retail file of such rows."""
    return text(",".join(RETAIL), *rows)


def workbook(rows: Sequence[Sequence[Any]]) -> BinaryIO:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def archive(parts: Mapping[str, bytes]) -> BinaryIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    file.seek(0)
    return file


def read(
    stream: BinaryIO, format: str = "aftercare", filename: str = "orders.csv"
) -> tuple[list[Order], list[RefusedRow]]:
    """The orders and the refused rows of a file."""
    found = list(read_orders(stream, format, filename))
    return (
        [item for item in found if isinstance(item, Order)],
        [item for item in found if isinstance(item, RefusedRow)],
    )


def only_order(stream: BinaryIO, format: str = "aftercare") -> Order:
    orders, refused = read(stream, format)
    assert refused == []
    (order,) = orders
    return order


def only_refusal(stream: BinaryIO, format: str = "aftercare") -> RefusedRow:
    _, (refused,) = read(stream, format)
    return refused


def run(stream: BinaryIO, format: str = "aftercare", **how: Any) -> tuple[ImportReport, list[Order]]:
    """Import into a list, and everything is new."""
    stored: list[Order] = []

    def save(orders: list[Order]) -> list[str]:
        stored.extend(orders)
        return ["imported"] * len(orders)

    return import_orders(stream, format, "orders.csv", save, **how), stored
