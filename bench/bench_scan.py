"""How long a scan at the warehouse's door takes: python -m bench.bench_scan. Target: 100 ms at p95 (G1, G2).

    [--cases 100000] [--live 1000] [--scans 300] [--at-once 1]

Everything runs as `aftercare up` runs it: Temporal's dev server, worker, store and API on this machine, called over
HTTP on the loopback. The store holds closed cases by the hundred thousand, each with its order, waybill, product,
name and end of a telephone number. Live cases are opened, approved and shipped back by calls, so that each has a
workflow which waits. Then boxes are scanned: those whose waybill or slip is known, those that were scanned before,
and unknown ones; and the proposals for unknown ones are asked for, by a waybill misread, a telephone, a name and a
product. `cpu` is the time that this process, which is worker, API and scanner in one, worked for a call; `load` says
how busy others kept the machine. At the end the part without Temporal and HTTP is timed by itself: recognising a box,
writing it down, and finding proposals.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, insert, select, text

from api.documents.goods import Scan
from models import tables
from models.commands import Actor
from models.lifecycle import Role
from settings import Settings
from store.engine import make_engine, reading, upgrade, writing
from store.goods import parcels
from store.goods.proposals import proposals
from tests.api.client import an_order
from tests.builders import NOW
from tests.store.till import Till
from up import Running, running

BATCH = 2000
SKUS = [f"KETTLE-{n:03}" for n in range(200)]
FAMILY, GIVEN = "王李张刘陈杨黄赵吴周", "明丽强芳伟娜敏静磊洋"
ZHAO = Actor(id="zhao", role=Role.WAREHOUSE)


# ── what is there already ─────────────────────────────────────────────────────────────────────────


def fill(engine: Engine, how_many: int) -> None:
    """Closed cases: one made by the program, its row written again under other numbers, with what it is found by."""
    rolled = random.Random(7)
    till = Till(engine)
    case_no, order_no = till.opened(), till.order.order_no
    with reading(engine) as session:
        case = dict(session.execute(select(tables.cases).where(tables.cases.c.case_no == case_no)).mappings().one())
        order = dict(
            session.execute(select(tables.orders).where(tables.orders.c.order_no == order_no)).mappings().one()
        )
    over = {"state": "closed", "stage": "done", "is_open": False, "closed_at": NOW, "waiting_for": "nobody"}
    for first in range(0, how_many, BATCH):
        numbers = range(first, min(first + BATCH, how_many))
        with engine.begin() as connection:
            for table, rows in _copies(numbers, {**case, **over, "document": {}}, {**order, "document": {}}, rolled):
                connection.execute(insert(tables.metadata.tables[table]), rows)
    with writing(engine) as session:  # the model of them is no live case
        session.execute(tables.cases.update().where(tables.cases.c.case_no == case_no).values(**over))
        session.execute(text("ANALYZE"))


def _copies(
    numbers: range, case: dict[str, Any], order: dict[str, Any], rolled: random.Random
) -> list[tuple[str, list[dict[str, Any]]]]:
    found: dict[str, list[dict[str, Any]]] = {"orders": [], "cases": [], "case_waybills": [], "order_waybills": []}
    found["case_products"] = []
    for n in numbers:
        case_no, order_no = f"AC-25-{n:06}", f"OLD-{n:07}"
        opened = NOW - timedelta(minutes=n)
        person = {"customer_name": name(rolled), "phone_tail": f"{rolled.randrange(10_000):04}"}
        found["orders"].append({**order, "order_no": order_no})
        found["cases"].append({**case, "case_no": case_no, "order_no": order_no, "opened_at": opened, **person})
        found["case_waybills"].append({"case_no": case_no, "waybill": f"SF{1_000_000_000 + 7 * n}"})
        found["order_waybills"].append({"order_no": order_no, "waybill": f"YT{1_000_000_000 + 7 * n}"})
        sold = {"sku": rolled.choice(SKUS), "name": "电热水壶 1.7 L", "quantity": 1}
        found["case_products"].append({"case_no": case_no, "cause": None, "party": None, **sold})
    return list(found.items())


def name(rolled: random.Random) -> str:
    """One of 100,000 names, some of them borne by many."""
    return rolled.choice(FAMILY) + "".join(rolled.choice(GIVEN) for _ in range(rolled.choice((1, 2, 2, 2))))


class Door:
    """The service over HTTP, and how long its answers took."""

    def __init__(self, service: Running, http: httpx.AsyncClient) -> None:
        self.service, self.http = service, http

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.http.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    async def live(self, number: int) -> tuple[str, str]:
        """A case whose goods are on their way back: its number and its waybill."""
        order = an_order(order_no=f"LIVE-{number:05}")
        (await self.http.put(f"/orders/{order['order_no']}", json=order)).raise_for_status()
        ask = {"order_no": order["order_no"], "kind": "quality_fault", "lines": [{"line_no": 1, "quantity": 1}]}
        case_no = (await self.post("/cases", {**ask, "wanted": "refund", "description": "壶底漏水"}))["case_no"]
        sent = {"carrier": "zto", "waybill": f"ZT{5_000_000_000 + 13 * number}"}
        for role, action, data in (("agent", "authorise_return", {}), ("customer", "ship_return", sent)):
            envelope = {"action": action, "actor": {"id": role, "role": role}, "data": data}
            await self.post(f"/cases/{case_no}/commands", envelope)
        return case_no, sent["waybill"]


@dataclass(frozen=True)
class Taken:
    """How long each call took, and how long this process worked for one of them: both in milliseconds."""

    times: list[float]
    cpu: float


async def at_once(works: Sequence[Callable[[], Awaitable[Any]]], many: int) -> Taken:
    """Carry out the works, so many at the same time."""
    gate = asyncio.Semaphore(many)
    worked = time.process_time()

    async def timed(work: Callable[[], Awaitable[Any]]) -> float:
        async with gate:
            began = time.perf_counter()
            await work()
            return 1000 * (time.perf_counter() - began)

    times = list(await asyncio.gather(*(timed(work) for work in works)))
    return Taken(times, 1000 * (time.process_time() - worked) / max(1, len(works)))


# ── the measurements ──────────────────────────────────────────────────────────────────────────────


async def measured(door: Door, live: list[tuple[str, str]], asked: argparse.Namespace) -> None:
    by_waybill, by_slip = live[: asked.scans], live[asked.scans : asked.scans + asked.scans // 3]
    unknown = [_unknown(n) for n in range(asked.scans // 2)]
    roads = {
        "known, by waybill": [{"code": waybill} for _, waybill in by_waybill],
        "known, by slip": [{"code": f"{case_no}-DEMO"} for case_no, _ in by_slip],
        "the same box again": [{"code": waybill} for _, waybill in by_waybill],
        "unknown, to the shelf": unknown,
    }
    for what, scans in roads.items():
        said(what, await at_once([_scan(door, one) for one in scans], asked.at_once))
    shelf = (await door.http.get("/parcels", params={"state": "on_shelf", "limit": 200})).json()["items"]
    said("proposals for a box", await at_once([_show(door, one["id"]) for one in shelf], asked.at_once))


def _scan(door: Door, body: dict[str, Any]) -> Callable[[], Awaitable[Any]]:
    return lambda: door.post("/parcels/scan", body)


def _show(door: Door, parcel_id: str) -> Callable[[], Awaitable[Any]]:
    return lambda: door.http.get(f"/parcels/{parcel_id}")


def _unknown(n: int) -> dict[str, Any]:
    """Boxes of which something can be read: a waybill with a wrong digit, a telephone, a name, a product."""
    rolled = random.Random(n)
    real = 1_000_000_000 + 7 * rolled.randrange(10_000)
    misread = f"SF{real - 1 if real % 10 == 9 else real + 1}"  # one digit off, and nobody's
    told = (
        {"code": misread},
        {"code": f"?{n}", "sender_phone": f"1380000{rolled.randrange(10_000):04}"},
        {"code": f"?{n}", "note": f"湿箱，寄件人{name(rolled)}，面单看不清"},
        {"code": f"?{n}", "product": rolled.choice(SKUS)},
    )
    return dict(told[n % len(told)])


def by_itself(service: Running, live: list[tuple[str, str]], rounds: int) -> None:
    """Without Temporal and HTTP: recognising a box and writing it down, and finding proposals."""
    from api.desk import Desk

    goods = Desk(service.client, service.engine, service.playbooks).goods
    writes, finds = [], []
    worked = time.process_time()
    for _, waybill in live[-rounds:]:
        began = time.perf_counter()
        with reading(service.engine) as session:
            new, found = goods._recognised(session, Scan(code=waybill))
        with writing(service.engine) as session:
            goods._taken(session, new, tuple(found), ZHAO, goods._desk.clock())
        writes.append(1000 * (time.perf_counter() - began))
    said("recognised and written, SQL alone", Taken(writes, _each(worked, writes)))
    worked = time.process_time()
    with reading(service.engine) as session:
        for parcel in parcels.every(session, "on_shelf")[:rounds]:
            began = time.perf_counter()
            proposals(session, parcel, NOW)
            finds.append(1000 * (time.perf_counter() - began))
    said("proposals, SQL alone", Taken(finds, _each(worked, finds)))


def _each(since: float, times: list[float]) -> float:
    return 1000 * (time.process_time() - since) / max(1, len(times))


def said(what: str, taken: Taken) -> None:
    """A line: the spread of the answers, how long this process worked for each, and how busy the machine was."""
    ordered = sorted(taken.times)
    shown = "  ".join(f"p{p} {ordered[min(len(ordered) - 1, len(ordered) * p // 100)]:7.2f}" for p in (50, 95, 99))
    sys.stdout.write(f"{what:36} {shown} ms   (cpu {taken.cpu:.1f}; {len(ordered)}; load {os.getloadavg()[0]:.1f})\n")
    sys.stdout.flush()


async def whole(asked: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="aftercare-scan-", ignore_cleanup_errors=True) as folder:
        settings = Settings(data=Path(folder), http_port=0, temporal_port=0)
        engine = make_engine(settings.database)
        upgrade(engine)
        began = time.perf_counter()
        fill(engine, asked.cases)
        engine.dispose()
        sys.stdout.write(f"{asked.cases} closed cases written in {time.perf_counter() - began:.0f} s\n")
        async with running(settings) as service:
            headings = {"Authorization": f"Bearer {service.token}"}
            url = f"{service.url}/api/v1"
            async with httpx.AsyncClient(base_url=url, headers=headings, timeout=60) as http:
                door = Door(service, http)
                began = time.perf_counter()
                live = await _opened(door, asked.live)
                sys.stdout.write(f"{len(live)} live cases opened in {time.perf_counter() - began:.0f} s\n")
                await measured(door, live, asked)
                by_itself(service, live, 100)


async def _opened(door: Door, how_many: int) -> list[tuple[str, str]]:
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> tuple[str, str]:
        async with gate:
            return await door.live(number)

    return list(await asyncio.gather(*(one(number) for number in range(how_many))))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--cases", type=int, default=100_000, help="closed ones in the store")
    ask.add_argument("--live", type=int, default=1_000, help="open ones, each with a workflow")
    ask.add_argument("--scans", type=int, default=300, help="boxes of the longest road")
    ask.add_argument("--at-once", type=int, default=1, help="scanners at the same time")
    asyncio.run(whole(ask.parse_args()))


if __name__ == "__main__":
    main()
