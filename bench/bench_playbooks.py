"""How long it takes to load and check all shipped playbooks: PYTHONPATH=. python bench/bench_playbooks.py."""

import statistics
import sys
import time

from playbooks.loading.checks import _miswritten
from playbooks.loading.load import SHIPPED, load_playbooks
from playbooks.loading.manners import unmannerly
from playbooks.loading.roads import _wrong_data

ROUNDS = 30


def once() -> float:
    """Milliseconds of one load that remembers nothing of the one before."""
    for remembered in (unmannerly, _miswritten, _wrong_data):
        remembered.cache_clear()
    begun = time.perf_counter()
    load_playbooks(SHIPPED)
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Print the first load, which also builds the models' validators, and the median of the next ones."""
    first, others = once(), [once() for _ in range(ROUNDS)]
    kinds = len(load_playbooks(SHIPPED).kinds)
    sys.stdout.write(f"{kinds} kinds: first {first:.1f} ms, then median {statistics.median(others):.1f} ms\n")


if __name__ == "__main__":
    main()
