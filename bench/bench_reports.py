"""How long the monthly report takes over a store of 100,000 cases (T13). Target: under 2 s on both databases.

    python bench/bench_reports.py [--cases 100000] [--rounds 5] [--database postgresql://…]

Without --database it runs on SQLite in a file and then on a PostgreSQL of its own. The cases are spread over a year,
each with eight clocks, ten acts, two postings, a product, and most of them with a callback that was answered.
"""

import argparse
import json
import random
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import gettempdir
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import Engine, insert, text

from models import tables
from models.lifecycle import Action
from models.oversight.reports import month_period
from models.oversight.stuck import END_OF_TIME
from playbooks.loading.load import SHIPPED, load_playbooks
from store import projection
from store.engine import make_engine, reading, upgrade
from store.oversight import reports
from store.oversight.reports import Asked
from tests.builders import CALENDARS, DAY, HOUR, NOW, a_case
from tests.databases import postgres_database, postgres_server, sqlite_database

KINDS = [f"kind_{number:02d}" for number in range(20)]
PEOPLE = [f"agent-{number:02d}" for number in range(60)]
CLOCKS = ("first_answer", "triage", "inspection", "remedy", "refund", "update", "return", "callback")
ACTS = [action.value for action in Action][:30]
REMEDIES = ("refund", "exchange", "repair", "keep_it")
BATCH = 2000
MONTH = "2026-01"


def fill(engine: Engine, how_many: int) -> None:
    """A year of cases, nineteen of twenty of them closed."""
    rolled = random.Random(13)
    case = a_case(state="closed")
    small = {"order_no": None, "document": {"case": "closed"}, "contact": {}, "search_text": "closed"}
    plain = {**projection.columns_of(case, CALENDARS), **small, "due_order": END_OF_TIME}
    for first in range(0, how_many, BATCH):
        rows: dict[Any, list[dict[str, Any]]] = {}
        for number in range(first, min(first + BATCH, how_many)):
            _case(f"AC-26-{number:06d}", rolled, plain, rows)
        with engine.begin() as connection:
            for table, filled in rows.items():
                connection.execute(insert(table), filled)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE"))


def _case(number: str, rolled: random.Random, plain: dict[str, Any], rows: dict[Any, list[dict[str, Any]]]) -> None:
    opened = NOW - timedelta(hours=rolled.uniform(0, 365 * 24))
    ended = opened + 5 * DAY if rolled.random() < 0.95 else None
    kind, person = rolled.choice(KINDS), rolled.choice(PEOPLE)
    own = {"case_no": number}

    def put(table: Any, **row: Any) -> None:
        rows.setdefault(table, []).append(row)

    put(tables.cases, **{**plain, **own, "kind": kind, "owner": person, "opened_at": opened, "closed_at": ended})
    facts = {"kind": kind, "state": "closed" if ended else "requested", "staff": person, "courier": "sf"}
    more = {"cause": rolled.choice((None, "transit", "manufacturing")), "party": "seller", "channel": "chat"}
    last = {"currency": "CNY", "goods": "here", "awaits_goods": rolled.random() < 0.05, "complained_of": None}
    found = {**facts, **more, **last, "remedy": rolled.choice(REMEDIES) if ended else None, "severity": None}
    put(tables.case_facts, **own, **found, opened_at=opened, ended_at=ended, reopened=0)
    sku = f"SKU-{rolled.randrange(300):03d}"
    put(tables.case_products, **own, sku=sku, name=sku, quantity=1, cause=more["cause"], party="seller")
    for place, clock in enumerate(CLOCKS, 1):
        late = rolled.random() < 0.1
        at = opened + place * HOUR if ended else None
        terms = {"target": 3600, "calendar": "shop", "outcome": "escalate", "started_at": opened, "log": []}
        been = {"breached": late, "cause": "delay" if late else None, "used_before": rolled.randrange(7200)}
        put(
            tables.case_clocks,
            **own,
            clock=clock,
            cycle=1,
            state="met" if at else "running",
            ended_at=at,
            **terms,
            **been,
        )
    for seq in range(1, 11):
        act = {"actor_id": rolled.choice(PEOPLE), "actor_role": "agent", "action": rolled.choice(ACTS)}
        put(
            tables.timeline, **own, seq=seq, at=opened + seq * HOUR, **act, source=None, target=None, note=None, data={}
        )
    for what, debit, amount in (("refund", "customer", 12900), ("freight", "customer", 1200)):
        posted = {"debit": debit, "credit": "shop", "purpose": what, "amount": amount, "currency": "CNY"}
        put(tables.ledger, key=f"{number}:{what}", **own, order_no=None, **posted, at=opened + DAY)
    if ended and rolled.random() < 0.8:
        key, dated = f"{number}:callback:1", {"created_at": ended, "due_at": ended, "ended_at": ended}
        put(
            tables.callbacks,
            id=key,
            occasion="after_remedy",
            **own,
            kind=kind,
            person=person,
            state="answered",
            **dated,
        )
        asked = {"polite": 5, "promise_kept": 4, "competent": 4, "solved": 3, "satisfied": True}
        put(tables.surveys, callback_id=key, occasion="after_remedy", **own, person=person, by="wu", at=ended, **asked)


def _say(told: str) -> None:
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


def run(name: str, url: str, asked: argparse.Namespace) -> bool:
    """Fill a database and time every report of one month."""
    rules, period = load_playbooks(SHIPPED).reports, month_period(MONTH, ZoneInfo("Asia/Shanghai"))
    engine = make_engine(url)
    upgrade(engine)
    began = time.perf_counter()
    fill(engine, asked.cases)
    _say(json.dumps({"database": name, "cases": asked.cases, "filled_s": round(time.perf_counter() - began, 1)}))
    good = True
    for report in reports.REPORTS:
        took = []
        for _ in range(asked.rounds):
            began = time.perf_counter()
            with reading(engine) as session:
                reports.made(session, report, Asked(period, rules, NOW))
            took.append(time.perf_counter() - began)
        good &= median(took) < 2
        _say(
            json.dumps({"report": report, "median_s": round(median(took), 3), "worst_s": round(max(took), 3)}),
        )
    engine.dispose()
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database", help="of PostgreSQL; it must be empty")
    asked = parser.parse_args()
    with ExitStack() as stack:
        if asked.database:
            good = run("given", asked.database, asked)
        else:
            good = run("sqlite", stack.enter_context(sqlite_database(gettempdir())), asked)
            server = stack.enter_context(postgres_server())
            good &= run("postgresql", stack.enter_context(postgres_database(server)), asked)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
