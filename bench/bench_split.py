"""How long it takes to split an order of 1,000 lines into pots: python -m bench.bench_split (aim: under 5 ms, F13).

Processor time, so that what else the machine does is not measured.
"""

import sys
from statistics import median
from time import process_time_ns
from typing import Any

from models.orders import Order
from models.pots import pots_of
from tests.builders import an_order

LINES = 1_000


def long_order(uneven: bool, included: bool = False) -> Order:
    """An order of 1,000 lines of 1 to 12 units and a discount on all of it.

    Uneven: the discounts and taxes of its lines do not divide by their units, so that most lines have several pots.
    """
    lines: list[dict[str, Any]] = []
    for i in range(LINES):
        quantity = 1 + i % 12
        per_line = {"discount": i % 90, "tax": i % 130} if uneven else {"discount": 10 * quantity}
        more = {**per_line, "tax_included": included}
        lines.append({"line_no": i + 1, "sku": f"S{i}", "unit_price": 1000 + 7 * i, "quantity": quantity, **more})
    discounts = [{"code": "ALL", "amount": 299_999, "funded_by": "shop"}]
    return an_order(lines=lines, discounts=discounts, postage=1200, payments=[])


def main(rounds: int = 200) -> None:
    """Split each order many times over."""
    for name, order in (("even", long_order(uneven=False)), ("uneven", long_order(uneven=True))):
        times = []
        for _ in range(rounds):
            began = process_time_ns()
            pots = pots_of(order)
            times.append((process_time_ns() - began) / 1e6)
        worst = sorted(times)[len(times) * 99 // 100]
        said = f"median {median(times):6.2f} ms   p99 {worst:6.2f} ms   {len(pots.units)} pots"
        sys.stdout.write(f"{name:8} {LINES} lines   {said}\n")


if __name__ == "__main__":
    main()
