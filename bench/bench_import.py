"""How long it takes to read 100,000 rows of each import format: python bench/bench_import.py [rows]

The files are made here, with the rows of neighbouring orders shuffled into each other. Storing is not measured.
"""

import csv
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from imports.run import import_orders  # the checkout is put on the path first

Rows = Iterator[dict[str, object]]


def online_retail(count: int) -> Rows:
    """Rows like a gift shop's: about twenty lines an invoice."""
    for row in range(count):
        invoice = row // 20
        yield {
            "InvoiceNo": 536365 + invoice,
            "StockCode": f"{22000 + row % 977}{'ABn'[row % 3]}",
            "Description": "WHITE HANGING HEART T-LIGHT HOLDER ",
            "Quantity": 1 + row % 12,
            "InvoiceDate": f"2010-12-{1 + invoice % 28:02d} {8 + invoice % 10:02d}:{invoice % 60:02d}:00",
            "UnitPrice": f"{row % 20}.{row % 90 + 10}",
            "CustomerID": f"{12346 + invoice % 4000}.0",
            "Country": "United Kingdom",
        }


def aftercare(count: int) -> Rows:
    """Rows of a shop with two or three lines an order, and everything about the order on each of them."""
    for row in range(count):
        order = row * 2 // 5
        placed = f"2026-10-{1 + order % 28:02d}T{order % 24:02d}:{order % 60:02d}:00+08:00"
        yield {
            "order_no": f"TB-{order:07d}",
            "channel": "tmall",
            "currency": "CNY",
            "placed_at": placed,
            "paid_at": placed,
            "shipped_at": f"2026-10-{1 + order % 28:02d}T23:50:00+08:00",
            "delivered_at": "2026-11-02T10:00:00+08:00",
            "customer_id": f"c-{order % 9000}",
            "customer_name": "欧阳小鹿",
            "phone": f"138{order % 10**8:08d}",
            "address": "杭州市西湖区文三路 1 号",
            "zone": "province",
            "sku": f"KETTLE-{row % 300}",
            "name": "电热水壶 1.7 L",
            "unit_price": f"{row % 300}.90",
            "quantity": 1 + row % 4,
            "discount": "0.50",
            "tax": "0.10",
            "tax_included": "yes",
            "order_discount_code": "DOUBLE11",
            "order_discount": "0.40",
            "discount_funded_by": "platform",
            "postage": "10.00",
            "payment_no": f"P{order}",
            "payment_method": "alipay",
            "payment_amount": "199.00",
            "shipment_no": "S1",
            "carrier": "sf",
            "waybill": f"SF{order:012d}",
        }


def write(rows: Rows, path: Path) -> None:
    """Write rows with those of neighbouring orders mixed."""
    mixed = random.Random(7)
    window: list[dict[str, object]] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            window.append(row)
            if len(window) == 1_000:
                mixed.shuffle(window)
                writer.writerows(window)
                window = []
        if writer is not None:
            writer.writerows(window)


def measure(name: str, rows: Rows, folder: Path) -> str:
    """Read one file of a format, and say how it went."""
    path = folder / f"{name}.csv"
    write(rows, path)
    began = time.perf_counter()
    with path.open("rb") as file:
        report = import_orders(file, name, path.name, lambda orders: ["imported"] * len(orders))
    seconds = time.perf_counter() - began
    size = path.stat().st_size / 1e6
    return (
        f"{name}: {report.rows} rows ({size:.1f} MB) → {report.imported} orders, "
        f"{report.refused_rows} refused, {seconds:.1f} s"
    )


def main() -> None:
    """Measure every format, and the most memory that was used."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("online-retail", online_retail(count)), ("aftercare", aftercare(count))):
            sys.stdout.write(measure(name, rows, Path(folder)) + "\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"most memory: {peak / 1024:.0f} MB\n")


if __name__ == "__main__":
    main()
