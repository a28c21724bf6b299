"""How long a rebase preview takes over 50,000 open cases, for a changed calendar of a team or of the chain, and for a
changed playbook.

    python -m bench.bench_rebase [--cases 50000] [--database sqlite|postgresql|both] [--rounds 3]

The aim is under 10 s on both databases. Every case has its whole document, a clock of its state (one in three was
paused and resumed), its first answer, and a regular word to the customer beside it.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from statistics import median
from tempfile import gettempdir
from typing import Any

from sqlalchemy import Engine, insert

from models import tables
from models.business_time import Calendar
from models.case import Case
from models.clocks import Clock, met, paused, resumed, started
from models.playbook import ClockRule
from models.time.arming import armed
from playbooks.loading.load import SHIPPED, Playbooks, load_playbooks
from store import projection
from store.engine import reading
from store.time import playbook_rebase, rebase
from tests.builders import NOW, a_case
from tests.databases import opened, postgres_database, postgres_server, sqlite_database

BATCH = 1000
KIND = "quality_fault"


def rows(count: int, inside: Playbooks) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The rows of so many open cases and of their clocks, begun in the last two weeks."""
    chance = random.Random(1)
    procedure = inside.kinds[KIND].procedure
    template = a_case(procedure=procedure).model_copy(update={"kind": KIND, "order": None, "lines": ()})
    columns = projection.columns_of(template, inside.calendars)
    personal = projection.personal_columns(template, None, {}, {})
    for number in range(count):
        case_no = f"AC-26-{number:06d}"
        began = NOW - timedelta(seconds=chance.randrange(14 * 86_400))
        clocks = _clocks(template, began, inside, chance)
        case = template.model_copy(update={"case_no": case_no, "clocks": clocks})
        own = {"case_no": case_no, "playbook_version": "1-before", "search_text": case_no.casefold()}
        yield {**columns, **personal, **own}, projection.clock_rows(case, inside.calendars)


def _clocks(case: Case, began: datetime, inside: Playbooks, chance: random.Random) -> tuple[Clock, ...]:
    clock = started(case.procedure.clocks[case.state], 1, began)
    if chance.randrange(3) == 0:
        clock = resumed(paused(clock, began + timedelta(hours=3)), began + timedelta(hours=30))
    beside = ClockRule(clock="customer_update", target=5 * 30_600, calendar="shop_cn")
    first = ClockRule(clock="first_answer", target=900, calendar="shop_cn")
    running = [clock, started(beside, 1, began, apart=True)]
    chain = case.procedure.escalation
    counted = tuple(armed(one, chain, inside.calendars) for one in running)
    return (*counted, met(started(first, 1, began), began + timedelta(minutes=5)))


def fill(engine: Engine, count: int, inside: Playbooks) -> None:
    """Write them, a thousand at a time."""
    batch: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    for number, row in enumerate(rows(count, inside), 1):
        batch.append(row)
        if len(batch) == BATCH or number == count:
            with engine.begin() as connection:
                connection.execute(insert(tables.cases), [case for case, _ in batch])
                connection.execute(insert(tables.case_clocks), [clock for _, clocks in batch for clock in clocks])
            batch = []


def changed(inside: Playbooks) -> dict[str, Calendar]:
    """The calendars with a day of next week free that was worked."""
    before = inside.calendars["shop_cn"].model_dump(mode="json")
    free = {**before["special_hours"], f"{NOW + timedelta(days=2):%Y-%m-%d}": []}
    return {**inside.calendars, "shop_cn": Calendar.model_validate({**before, "special_hours": free})}


def called_in_the_evening(inside: Playbooks) -> dict[str, Calendar]:
    """The calendars with other hours in which the chain may call people."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    evening = {"weekly": {day: [["20:00", "21:00"]] for day in days}}
    before = inside.calendars["escalation_cn"].model_dump(mode="json")
    return {**inside.calendars, "escalation_cn": Calendar.model_validate({**before, **evening})}


def measure(engine: Engine, inside: Playbooks, rounds: int) -> None:
    """Time both previews, and say what they found."""
    calendars, book = changed(inside), inside.kinds[KIND]
    evening = called_in_the_evening(inside)
    rules = {
        state: rule.model_copy(update={"target": 2 * rule.target}) for state, rule in book.procedure.clocks.items()
    }
    longer = book.procedure.model_copy(update={"clocks": rules})
    book = book.model_copy(update={"procedure": longer})
    with reading(engine) as session:
        for name, ask in (
            ("calendar", lambda: rebase.preview(session, calendars, NOW)),
            ("chain", lambda: rebase.preview(session, evening, NOW)),
            ("playbook", lambda: playbook_rebase.preview(session, book, inside.calendars, NOW)),
            ("how many", lambda: rebase.pending(session, calendars)),
        ):
            took, worked = [], []
            for _ in range(rounds):
                began, busy = time.perf_counter(), time.process_time()
                found = ask()
                took.append(time.perf_counter() - began)
                worked.append(time.process_time() - busy)
            told = found if isinstance(found, int) else found.sentence
            times = f"median {median(took):5.2f} s, worst {max(took):5.2f} s, of our processor {median(worked):5.2f} s"
            sys.stdout.write(f"{engine.dialect.name:10} {name:8} {times}   {told}\n")


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--cases", type=int, default=50_000)
    ask.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    ask.add_argument("--rounds", type=int, default=3)
    asked = ask.parse_args()
    inside = load_playbooks(SHIPPED)
    for dialect in ("sqlite", "postgresql"):
        if asked.database not in (dialect, "both"):
            continue
        with ExitStack() as stack:
            if dialect == "sqlite":
                url = stack.enter_context(sqlite_database(gettempdir()))
            else:
                url = stack.enter_context(postgres_database(stack.enter_context(postgres_server())))
            engine = stack.enter_context(opened(url))
            fill(engine, asked.cases, inside)
            measure(engine, inside, asked.rounds)


if __name__ == "__main__":
    main()
