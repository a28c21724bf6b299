"""How long it takes to decide: the refund road, and time passing: python -m bench.bench_decide (aim: decide() 0.1 ms).

Processor time, so that what else the machine does is not measured.
"""

import sys
from statistics import median
from time import process_time_ns
from typing import Any

from models.commands import parse_command
from models.decide import decide, pass_time
from tests.builders import DAY
from tests.models.story import Story, found

ROAD: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("agent", "authorise_return", {}),
    ("customer", "ship_return", {"carrier": "sf", "waybill": "SF77", "freight": "12.00"}),
    ("warehouse", "book_in", {"waybill": "SF77"}),
    ("warehouse", "confirm_fault", {"lines": [found()]}),
    ("agent", "choose_remedy", {"remedy": "refund"}),
    ("agent", "note", {"note": "he calls at 16:00"}),
)


def main(rounds: int = 300) -> None:
    """Time every decision of the road, many times over."""
    times: dict[str, list[int]] = {}
    for _ in range(rounds):
        story = Story()
        for role, action, data in ROAD:
            envelope = {"action": action, "actor": {"id": role, "role": role}, "data": data}
            began = process_time_ns()
            decide(story.case, parse_command(envelope), story.now)
            times.setdefault(action, []).append(process_time_ns() - began)
            story.do(role, action, **data)
        began = process_time_ns()
        pass_time(story.case, story.now + 3 * DAY)
        times.setdefault("(time passes)", []).append(process_time_ns() - began)
    decided = [t for name, taken in times.items() if name != "(time passes)" for t in taken]
    for name, taken in {**times, "decide()": decided}.items():
        worst = sorted(taken)[len(taken) * 99 // 100]
        sys.stdout.write(f"{name:18} median {median(taken) / 1e6:6.3f} ms   p99 {worst / 1e6:6.3f} ms\n")


if __name__ == "__main__":
    main()
