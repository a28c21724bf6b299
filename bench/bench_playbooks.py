"""How long it takes to load all shipped playbooks: python bench/bench_playbooks.py (aim: under 300 ms)."""

import statistics
import sys
import time

from playbooks.load import SHIPPED, load_playbooks

ROUNDS = 30


def once() -> float:
    """Milliseconds of one load."""
    begun = time.perf_counter()
    load_playbooks(SHIPPED)
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Print the first load, when nothing is warm, and the median of the next ones."""
    first, others = once(), [once() for _ in range(ROUNDS)]
    kinds = len(load_playbooks(SHIPPED).kinds)
    sys.stdout.write(f"{kinds} kinds: first {first:.1f} ms, then median {statistics.median(others):.1f} ms\n")


if __name__ == "__main__":
    main()
