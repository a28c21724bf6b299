"""How long a refund decision takes while 100 of them are offered every second: python -m bench.bench_refunds

    [--rate 100] [--seconds 30] [--processes 2] [--threads 1] [--arrivals even|poisson] [--road both|many|one]
    [--database postgresql://…|sqlite:///…]

A decision is what happens between a command and its commit: the order's pots are read as the desk reads them, `decide`
says what comes of it, and one transaction locks the order and writes case, timeline, money, payout and ledger
(`store.cases.write_commit`). Arrivals do not wait for each other, and a decision's time counts from the moment at which
it was to begin: what queues is measured. Two workers share them, a thread each, as on two cores: more threads of one
process take turns. Two roads: many orders with one case each, and one order that all cases share.
"""

import argparse
import gc
import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

from sqlalchemy import Engine, func, insert, select

from bench.bench_audit import WITH_EVERY_CASE, WITH_EVERY_ORDER, a_database, analysed, numbered
from models import tables
from models.case import Case
from models.commands import Command, parse_command
from models.decide import decide
from models.effects import CommitInput
from store import cases, orders
from store.accounting.audit import audit_money
from store.engine import make_engine, reading, upgrade, writing
from tests.builders import NOW, an_order
from tests.store.till import CALENDARS, Till

WRITTEN = (*WITH_EVERY_ORDER, *WITH_EVERY_CASE, "case_clocks", "case_waybills", "timeline")
KETTLE: dict[str, Any] = {"line_no": 1, "sku": "KETTLE-17", "name": "电热水壶", "unit_price": 12900, "quantity": 1}
#: Booked in, and its fault confirmed: a case that waits for its remedy, with the timeline and clocks of a real one.
CAME_BACK: tuple[tuple[Any, ...], ...] = (
    ("agent", "authorise_return"),
    ("customer", "ship_return", {"carrier": "sf", "waybill": "SF77", "freight": "12.00"}),
    ("warehouse", "book_in", {"waybill": "SF77"}),
    (
        "warehouse",
        "confirm_fault",
        {
            "lines": [
                {
                    "line_no": 1,
                    "quantity": 1,
                    "grade": "used",
                    "cause": "manufacturing",
                    "party_liable": "seller",
                    "disposition": "restock",
                }
            ]
        },
    ),
)
BATCH = 500
#: Decisions of each worker before those that are measured.
WARMING = 20

Todo = tuple[Case, Command]
#: When it is to begin, and what.
Planned = tuple[float, Todo]


# ── the cases to decide on ────────────────────────────────────────────────────────────────────────


def many_orders(engine: Engine, number: int) -> list[Case]:
    """As many orders, each with a case that waits for its refund: one made by the program, its rows written again."""
    till = Till(engine, an_order("SOLD-0000000"))
    till.drive(till.opened(), *CAME_BACK)
    rows = _rows_of(engine, till.order.order_no)
    for first in range(1, number + 1, BATCH):
        batch = range(first, min(first + BATCH, number + 1))
        with engine.begin() as connection:
            for name in WRITTEN:
                copies = [copy for n in batch for copy in numbered(rows[name], n, till.order.order_no)]
                if copies:
                    connection.execute(insert(tables.metadata.tables[name]), copies)
    return _waiting(engine, number)


def one_order(engine: Engine, number: int) -> list[Case]:
    """One order of as many kettles, and a case about each of them."""
    line = {**KETTLE, "quantity": number}
    till = Till(engine, an_order("HOT", lines=[line], payments=[{"payment_no": "P1", "amount": 12900 * number}]))
    till.drive(till.opened(), *CAME_BACK)
    rows = _rows_of(engine, "HOT")
    for first in range(1, number + 1, BATCH):
        batch = range(first, min(first + BATCH, number + 1))
        with engine.begin() as connection:
            for name in ("cases", "case_units", "case_clocks", "case_waybills", "ledger", "timeline"):
                copies = [copy for n in batch for copy in numbered(rows[name], n, "HOT")]
                kept = [{**copy, "order_no": "HOT"} if "order_no" in copy else copy for copy in copies]
                connection.execute(insert(tables.metadata.tables[name]), kept)
    waiting = _waiting(engine, number)
    return [_of_order(case, "HOT") for case in waiting]


def _of_order(case: Case, order_no: str) -> Case:
    assert case.order is not None
    return case.model_copy(update={"order": case.order.model_copy(update={"order_no": order_no})})


def _rows_of(engine: Engine, order_no: str) -> dict[str, list[dict[str, Any]]]:
    found = {}
    with engine.connect() as connection:
        for name in WRITTEN:
            table = tables.metadata.tables[name]
            key = table.c.order_no == order_no if "order_no" in table.c else table.c.case_no == "AC-26-000001"
            found[name] = [dict(row) for row in connection.execute(select(table).where(key)).mappings()]
    return found


def _waiting(engine: Engine, number: int) -> list[Case]:
    with reading(engine) as session:
        found = (cases.load(session, f"AC-27-{n:06d}") for n in range(1, number + 1))
        return [case for case in found if case is not None]


# ── one decision ──────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Timing:
    """What each decision took, in milliseconds: from its intended start, and by part from its real one."""

    whole: list[float] = field(default_factory=list)
    service: list[float] = field(default_factory=list)
    deciding: list[float] = field(default_factory=list)
    refused: int = 0
    seconds: float = 0.0

    def add(self, other: "Timing") -> None:
        """What another worker did at the same time."""
        self.whole += other.whole
        self.service += other.service
        self.deciding += other.deciding
        self.refused += other.refused
        self.seconds = max(self.seconds, other.seconds)


def refund(case: Case) -> Command:
    """The agent decides on the refund of what came back."""
    asked = {"action": "choose_remedy", "actor": {"id": "wang", "role": "manager"}, "command_id": "r1"}
    return parse_command({**asked, "data": {"remedy": "refund"}})


def paid(case: Case) -> Command:
    """Finance has paid the refund, which is posted to the ledger."""
    asked = {"action": "record_refund", "actor": {"id": "zhou", "role": "finance"}, "command_id": "p1"}
    payout = next(one for one in case.open_payouts if one.purpose == "refund")
    return parse_command({**asked, "data": {"payout_id": payout.key, "reference": f"ALI {payout.key}"}})


def decided(engine: Engine, case: Case, command: Command, timing: Timing) -> Case:
    """Read the pots, decide, and commit; answers the case as it is then."""
    began = time.perf_counter()
    if command.action == "choose_remedy" and case.order is not None:
        with reading(engine) as session:
            command = command.model_copy(update={"order_pots": orders.pots(session, case.order.order_no)})
    before = time.perf_counter()
    at = NOW + timedelta(days=1)
    decision = decide(case, command, at)
    timing.deciding.append((time.perf_counter() - before) * 1e3)
    drain = CommitInput(case=decision.case, base=case.version, effects=decision.effects, at=at)
    with writing(engine) as session:
        result = cases.write_commit(session, drain, CALENDARS)
    timing.refused += bool(result.refused)
    timing.service.append((time.perf_counter() - began) * 1e3)
    return result.ahead or decision.case


class Workers:
    """As many processes as a shop runs workers, each with a share of the decisions and threads of its own."""

    def __init__(self, url: str, processes: int) -> None:
        spawned = get_context("spawn")
        self._each = [
            ProcessPoolExecutor(1, mp_context=spawned, initializer=_opened, initargs=(url,)) for _ in range(processes)
        ]

    def offered(self, todo: list[Todo], asked: argparse.Namespace) -> tuple[list[Case], Timing]:
        """Offer the decisions at the rate asked for, whether or not those before are done."""
        planned = list(zip(_starts(len(todo), asked.rate, asked.arrivals), todo, strict=True))
        self._handed_out(planned)
        zero = time.perf_counter() + 0.5
        running = [worker.submit(_offered, zero, asked.threads) for worker in self._each]
        after, timing = [], Timing()
        for share in running:
            cases_after, part = share.result()
            after += cases_after
            timing.add(part)
        return after, timing

    def _handed_out(self, planned: list[Planned]) -> None:
        """Each worker has its share before the clock begins: it is not deciding that passing the cases on takes."""
        number = len(self._each)
        for handed in [worker.submit(_given, planned[i::number]) for i, worker in enumerate(self._each)]:
            handed.result()

    def warmed(self, todo: list[Todo]) -> None:
        """A few decisions in each, since what is composed once is not what is measured."""
        self._handed_out([(0.0, one) for one in todo])
        for worker in self._each:
            worker.submit(_offered, 0.0, 1).result()

    def gone(self) -> None:
        for worker in self._each:
            worker.shutdown()


_engines: list[Engine] = []
_share: list[Planned] = []


def _opened(url: str) -> None:
    _engines.append(make_engine(url))


def _given(planned: list[Planned]) -> None:
    """Keep a worker's share. No worker holds so many cases at a time: the collector need not look through them."""
    _share[:] = planned
    gc.collect()
    gc.freeze()


def _offered(zero: float, threads: int) -> tuple[list[Case], Timing]:
    """One worker's share; the clock is that of the machine, and so the same for all of them."""
    timing, planned = Timing(), list(_share)

    def one(intended: float, case: Case, command: Command) -> Case:
        done = decided(_engines[0], case, command, timing)
        timing.whole.append((time.perf_counter() - intended) * 1e3)
        return done

    with ThreadPoolExecutor(threads) as pool:
        futures = []
        for start, (case, command) in planned:
            wait = zero + start - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            futures.append(pool.submit(one, zero + start, case, command))
        after = [future.result() for future in futures]
    timing.seconds = time.perf_counter() - zero
    return after, timing


def _starts(number: int, rate: float, arrivals: str) -> Iterator[float]:
    lot, at = random.Random(4), 0.0
    for n in range(number):
        yield n / rate if arrivals == "even" else at
        at += lot.expovariate(rate)


# ── telling ───────────────────────────────────────────────────────────────────────────────────────


def said(name: str, timing: Timing) -> str:
    """One line: what the decisions took as offered, and what of it was service and deciding."""
    whole, service = _percentiles(timing.whole), _percentiles(timing.service)
    shown = f"p50 {whole[0]:6.2f}  p95 {whole[1]:6.2f}  p99 {whole[2]:6.2f} ms"
    rest = f"service p50 {service[0]:5.2f} p95 {service[1]:5.2f}, decide p50 {_percentiles(timing.deciding)[0]:5.2f}"
    done = f"{len(timing.whole)} in {timing.seconds:.1f} s, {timing.refused} refused"
    return f"{name:34} {shown}   ({rest}; {done})\n"


def _percentiles(times: list[float]) -> tuple[float, float, float]:
    ordered = sorted(times)
    return tuple(ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in (50, 95, 99))  # type: ignore[return-value]


def measured(url: str, asked: argparse.Namespace) -> None:
    """Both roads on one database, each on an engine of its own, and the audit of the money afterwards."""
    for name, made in (("many orders", many_orders), ("one hot order", one_order)):
        if asked.road not in ("both", name.split()[0]):
            continue
        engine = make_engine(url)
        upgrade(engine)
        warming = WARMING * asked.processes
        waiting = made(engine, round(asked.rate * asked.seconds) + warming)
        analysed(engine)
        todo = [(case, refund(case)) for case in waiting]
        workers = Workers(url, asked.processes)
        workers.warmed(todo[:warming])
        after, timing = workers.offered(todo[warming:], asked)
        sys.stdout.write(said(f"{name}: refund decided", timing))
        after, timing = workers.offered([(case, paid(case)) for case in after], asked)
        sys.stdout.write(said(f"{name}: refund paid", timing))
        audited = audit_money(engine)
        with reading(engine) as session:
            moves = session.execute(select(func.count()).select_from(tables.money_moves)).scalar_one()
        sys.stdout.write(f"{'':34} {moves} moves, {audited.postings} postings, {len(audited.findings)} findings\n")
        workers.gone()
        _emptied(engine)
        engine.dispose()


def _emptied(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())


def main() -> None:
    """Measure on the database that was named, or on a PostgreSQL server of its own."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--rate", type=float, default=100)
    ask.add_argument("--seconds", type=float, default=30)
    ask.add_argument("--processes", type=int, default=2)
    ask.add_argument("--threads", type=int, default=1)
    ask.add_argument("--arrivals", choices=("even", "poisson"), default="poisson")
    ask.add_argument("--road", choices=("both", "many", "one"), default="both")
    ask.add_argument("--database")
    asked = ask.parse_args()
    sys.stdout.write(f"load of the machine at the start: {os.getloadavg()[0]:.1f}\n")
    with a_database(asked.database, postgresql=True) as url:
        measured(url, asked)


if __name__ == "__main__":
    main()
