"""How long the next step takes, and what is allowed now: python -m bench.bench_next_step (aim: 0.2 ms a next step)."""

import sys
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter_ns

from api.procedure.script_values import script_values
from models.lifecycle import OPEN
from models.next_step import next_step
from models.procedure.rehearsal import answers
from playbooks.loading.load import SHIPPED, load_playbooks
from tests.builders import NOW, a_case

ROUNDS = 40


def timed(work: Callable[[], object]) -> int:
    """Nanoseconds of one call."""
    began = perf_counter_ns()
    work()
    return perf_counter_ns() - began


def main() -> None:
    """Every open state of every kind and subcategory, many times over."""
    books = load_playbooks(SHIPPED)
    steps, allowed = [], []
    for book in books.kinds.values():
        for key in (None, *(sub.key for sub in book.subcategories)):
            own = book.with_changes(key, ())
            for state in OPEN:
                case = a_case(state=state, procedure=own.procedure)
                values = script_values(case, books.shop, "王小明")
                steps += [timed(partial(next_step, case, own, NOW, values)) for _ in range(ROUNDS // 8)]
                if key is None:
                    allowed.append(timed(partial(answers, case, None, "li", NOW)))
    for name, taken in (("next_step", steps), ("what is allowed", allowed)):
        worst = sorted(taken)[len(taken) * 99 // 100]
        sys.stdout.write(f"{name:16} median {median(taken) / 1e6:6.3f} ms   p99 {worst / 1e6:6.3f} ms\n")


if __name__ == "__main__":
    main()
