"""A postman in a process of its own, which a test ends while it tells something: `python -m … DATABASE NOW`."""

import sys
from datetime import datetime

from activities.outbox import Postman
from store.engine import make_engine


def main(database: str, now: str) -> None:
    """One round, at that instant."""
    Postman(make_engine(database), clock=lambda: datetime.fromisoformat(now)).round()


if __name__ == "__main__":
    main(*sys.argv[1:])
