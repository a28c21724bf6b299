"""How long the stuck list takes with its counts: a million cases, 50,000 of them open (T12). Target: 50 ms at p95.

    python bench/bench_stuck.py [--cases 1000000] [--open 50000] [--rounds 40] [--database postgresql://…]

Without --database it runs on SQLite in a file and then on a PostgreSQL of its own. Closed cases are there with a small
document; open ones are in every state, due from weeks ago to weeks to come, and their facts are written by the same
functions as a commit writes them. Sixty people work in two shifts, and the roster is asked every time who is off duty.
An answer is the list with its counts, from the call until its rows are ready to be shown. `cpu_ms` is the time that
this process worked, which with SQLite is all there is; `load` says how busy others kept the machine.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import gettempdir
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import Engine, Table, insert, text

from models import tables
from models.case import Case
from models.lifecycle import OPEN, State
from models.oversight.stuck import END_OF_TIME, held
from playbooks.loading.load import SHIPPED, load_playbooks
from store import projection
from store.engine import make_engine, reading, upgrade
from store.facts import facts_of
from store.oversight import reasons, stuck
from tests.builders import CALENDARS, DAY, HOUR, NOW, a_case, an_order
from tests.databases import postgres_database, postgres_server, sqlite_database

KINDS = [f"kind_{number:02d}" for number in range(20)]
PEOPLE = [f"agent-{number:02d}" for number in range(60)]
BATCH = 5000
ORDER = an_order()
#: What a manager asks for: the whole list, and narrowed by each of the filters, in every order.
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("all", {}),
    ("all, costliest first", {"sort": "at_stake"}),
    ("oldest first", {"sort": "age"}),
    ("overdue", {"only": ("overdue",)}),
    ("step_failing", {"only": ("step_failing",)}),
    ("owner_away", {"only": ("owner_away",)}),
    ("three reasons", {"only": ("no_owner", "bouncing", "silent")}),
    ("one stage", {"stage": "diagnosis"}),
    ("one owner", {"owner": "agent-07"}),
    ("one kind", {"kind": "kind_07"}),
    ("a kind there is none of", {"kind": "kind_99"}),
    ("at stake 4000 and more, costliest first", {"at_stake": 40_000_000, "sort": "at_stake"}),
    ("older than 20 days, oldest first", {"opened_before": NOW - 20 * DAY, "sort": "age"}),
    ("one kind and stage, silent", {"kind": "kind_03", "stage": "goods", "only": ("silent",)}),
]


def open_case(number: int, rolled: random.Random, states: Sequence[State] = OPEN) -> Case:
    """An open case as months of work leave them: most in time, many late, some in trouble."""
    opened = NOW - timedelta(hours=rolled.expovariate(1 / 200))
    more: dict[str, Any] = {
        "owner": rolled.choice(PEOPLE) if rolled.random() > 0.08 else None,
        "reassigned": rolled.choice((0, 0, 0, 0, 0, 0, 1, 2, 3)),
        "reopened": rolled.choice((0,) * 15 + (1, 2)),
        "escalation": rolled.choice((0,) * 6 + (1, 2)),
        "acknowledged_until": NOW + rolled.uniform(-8, 4) * HOUR if rolled.random() < 0.05 else None,
        "failing_step": "close" if rolled.random() < 0.01 else None,
    }
    begun = max(opened, NOW - timedelta(hours=rolled.expovariate(1 / 30)))
    case = a_case(f"AC-26-{number:06d}", ORDER, opened_at=begun, state=rolled.choice(states), **more)
    acted = max(begun, NOW - timedelta(hours=rolled.expovariate(1 / 20)))
    return case.model_copy(update={"kind": rolled.choice(KINDS), "opened_at": opened, "last_acted_at": acted})


def fill(
    engine: Engine, how_many: int, how_many_open: int, states: Sequence[State] = OPEN, whole: bool = False
) -> None:
    """A million rows: open cases by the program's own functions, closed ones as copies of one row.

    Open ones have a small document, for lists do not read it, unless they are wanted whole.
    """
    rolled = random.Random(12)
    people(engine)
    every = how_many // how_many_open
    closed = _closed_row()
    for first in range(0, how_many, BATCH):
        numbers = range(first, min(first + BATCH, how_many))
        opened = [open_case(number, rolled, states) for number in numbers if number % every == 0]
        rows = [_row(projection.arm(case, CALENDARS), rolled, whole) for case in opened]
        known = {row["cases"]["case_no"]: row for row in rows}
        shut = [
            {**closed, "case_no": f"AC-26-{n:06d}", "opened_at": NOW - timedelta(minutes=n)}
            for n in numbers
            if f"AC-26-{n:06d}" not in known
        ]
        with engine.begin() as connection:
            _many(connection, tables.cases, [row["cases"] for row in rows])
            _many(connection, tables.cases, shut)
            _many(connection, tables.case_reasons, [one for row in rows for one in row["reasons"]])
            _many(connection, tables.stuck_spans, [one for row in rows for one in row["spans"]])
            _many(connection, tables.case_facts, [facts_of(case) for case in opened])
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def people(engine: Engine) -> None:
    """Sixty people on the shipped shifts, half of them by day and half by night, each with days off."""
    plan = load_playbooks(SHIPPED).duty
    by_turns = list(plan.shifts)[:2]
    long_ago = NOW - 100 * DAY
    named = {"recorded_at": long_ago, "by": "bench"}
    rows: dict[Table, list[dict[str, Any]]] = {
        tables.duty_plans: [{"number": 1, "document": plan.model_dump(mode="json"), "recorded_at": long_ago}],
        tables.staff: [
            {"id": one, "name": one, "language": "zh", "channels": [], "changed_at": long_ago} for one in PEOPLE
        ],
        tables.staff_standings: [
            {"person": one, "number": 1, "roles": ["agent"], "since": long_ago, **named} for one in PEOPLE
        ],
        tables.rota: [
            {
                "person": one,
                "number": 1,
                "first_day": (long_ago + number * DAY).date().isoformat(),
                "pattern": [by_turns[number % 2]] * 8 + ["off"] * 2,
                **named,
            }
            for number, one in enumerate(PEOPLE)
        ],
    }
    with engine.begin() as connection:
        for table, filled in rows.items():
            _many(connection, table, filled)


def _many(connection: Any, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _row(case: Case, rolled: random.Random, whole: bool = False) -> dict[str, Any]:
    times = projection.times_of(case, CALENDARS)
    facts = held(case, times)
    document = case.model_dump(mode="json") if whole else {"case": case.case_no}
    small = {"order_no": None, "document": document, "contact": {}, "search_text": case.case_no}
    stake = rolled.randrange(1000, 500_000)
    columns = {**projection.columns_of(case, CALENDARS), **small, "at_stake": stake}
    return {
        "cases": columns,
        "reasons": [
            {"case_no": case.case_no, "reason": f.reason, "from_at": f.since or case.opened_at, "until_at": f.until}
            for f in facts
        ],
        "spans": [{**row, "at_stake": 100 * stake} for row in reasons.span_rows(case, facts)],
    }


def _closed_row() -> dict[str, Any]:
    case = a_case(state="closed")
    small = {"order_no": None, "document": {"case": "closed"}, "contact": {}, "search_text": "closed"}
    return {**projection.columns_of(case, CALENDARS), **small, "due_order": END_OF_TIME, "closed_at": NOW}


def measured(engine: Engine, rounds: int) -> Iterator[dict[str, Any]]:
    """Every question, asked often: the whole answer, from the call to the rows as they are shown."""
    for name, asked in ASKED:
        took, worked = [], []
        for _ in range(rounds + 1):  # the first one reads what no later one has to
            began, busy = time.perf_counter(), time.process_time()
            with reading(engine) as session:
                found = stuck.rows(session, NOW, **asked)
            took.append((time.perf_counter() - began) * 1000)
            worked.append((time.process_time() - busy) * 1000)
        times = {"median_ms": median(took[1:]), "p95_ms": quantiles(took[1:], n=20)[-1], "cpu_ms": median(worked[1:])}
        yield {"asked": name, "matches": found.total, **{unit: round(ms, 1) for unit, ms in times.items()}}


def run(name: str, url: str, asked: argparse.Namespace) -> bool:
    """Fill one database and ask it everything; whether every question was answered in time."""
    engine = make_engine(url)
    upgrade(engine)
    began = time.perf_counter()
    fill(engine, asked.cases, asked.open)
    filled = round(time.perf_counter() - began, 1)
    slowest = 0.0
    for row in measured(engine, asked.rounds):
        _say({"database": name, **row, "load": os.getloadavg()[0]})
        slowest = max(slowest, row["p95_ms"])
    engine.dispose()
    _say({"database": name, "cases": asked.cases, "open": asked.open, "filled_s": filled, "p95_ms": slowest})
    return slowest < 50


def _say(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--database", help="one database instead of the two of its own")
    asked = parser.parse_args()
    with ExitStack() as stack:
        if asked.database:
            urls = {asked.database.split(":")[0]: asked.database}
        else:
            urls = {
                "sqlite": stack.enter_context(sqlite_database(gettempdir())),
                "postgresql": stack.enter_context(postgres_database(stack.enter_context(postgres_server()))),
            }
        in_time = [run(name, url, asked) for name, url in urls.items()]
        return 0 if all(in_time) else 1


if __name__ == "__main__":
    sys.exit(main())
