"""How long the console's pages take over 100,000 cases, and a change to reach open pages.

    python -m bench.bench_console [--cases 100000] [--open 5000] [--rounds 20] [--streams 200]

Targets: the first page of a queue in 150 ms, the page of a case in 100 ms, a change seen by 200 open pages in 1 s.
Everything runs as `aftercare up` runs it: Temporal's dev server, worker, store, API and console on this machine, called
over HTTP on the loopback by somebody of each role, signed in. Open cases are filled in as bench_stuck does it, in
every state and with sixty people on duty, and closed ones as bench_scan does it, each with its order. Besides, some
live cases have a workflow; they are what is opened and changed.

`wall` is from the call to the last byte, `cpu` the time that this process worked meanwhile, which is server, worker and
browser in one; on a machine that others use `cpu` is what can be compared, and it decides. `load` says how busy they
kept it. A page that takes too long ends this with 1.
"""

import argparse
import asyncio
import logging
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import httpx
from sqlalchemy import delete

from api.oversight.changes import Changes
from bench import bench_scan, bench_stuck
from models import tables
from models.lifecycle import OPEN, State
from models.oversight.sweeps import SWEEPS
from settings import Settings
from store.engine import writing
from tests.api.client import BOOTSTRAP, KETTLE_LOOKED_AT, Api
from tests.console.browser import Browser, Staff
from tests.world import start_numbers_at
from up import Running, running

QUEUE_MS, CASE_MS, SEEN_MS = 150.0, 100.0, 1000.0
#: Who looks at what: the first page of every queue, as it is opened and narrowed.
QUEUES = (
    ("agent", "/work"),
    ("agent", "/cases"),
    ("agent", "/cases?which=all"),
    ("agent", "/cases?q=KETTLE"),
    ("agent", "/cases?kind=kind_07&sort=priority"),
    ("supervisor", "/stuck"),
    ("manager", "/stuck?reason=no_owner&sort=age"),
    ("manager", "/approvals"),
    ("manager", "/callbacks"),
    ("warehouse", "/work"),
    ("warehouse", "/inspection"),
    ("warehouse", "/parcels"),
    ("finance", "/payouts"),
)


@dataclass(frozen=True)
class Taken:
    """How long each call took, and how long this process worked for it: in milliseconds."""

    wall: list[float]
    cpu: list[float]

    def told(self, what: str, target: float) -> bool:
        """A line; whether it was quick enough."""
        p95 = quantiles(self.wall, n=20)[-1]
        good = median(self.cpu) < target
        sys.stdout.write(
            f"{what:44} cpu {median(self.cpu):7.1f}  wall {median(self.wall):7.1f}  p95 {p95:7.1f} ms"
            f"   (under {target:.0f}: {'yes' if good else 'NO'}; load {os.getloadavg()[0]:.1f})\n"
        )
        sys.stdout.flush()
        return good


async def pages(browser: httpx.AsyncClient, address: str, rounds: int) -> Taken:
    """Open a page so often; the first time, which compiles its template, does not count."""
    wall, cpu = [], []
    for number in range(rounds + 1):
        began, busy = time.perf_counter(), time.process_time()
        answer = await browser.get(address)
        if number:
            wall.append(1000 * (time.perf_counter() - began))
            cpu.append(1000 * (time.process_time() - busy))
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")
    return Taken(wall, cpu)


async def live_cases(api: Api, how_many: int) -> list[str]:
    """Cases with a workflow and a history, in turns: looked at, to be refunded, and waiting to be approved."""
    found = []
    for number in range(how_many):
        case: str = (await api.opened())["case_no"]
        await api.act(case, "authorise_return")
        await api.act(case, "book_in", "warehouse")
        await api.act(case, "confirm_fault", "warehouse", lines=[KETTLE_LOOKED_AT])
        await api.act(case, "message", text="我们收到了您的水壶，三天内答复。")
        if number % 3 == 1:
            await api.act(case, "choose_remedy", "manager", remedy="refund")
        elif number % 3 == 2:
            await api.act(case, "compensate", amount="100.00", kind="goodwill", reason="waited for a month")
        found.append(case)
    return found


# ── live ──────────────────────────────────────────────────────────────────────────────────────────


class Page:
    """An open page that follows what happens, and when it heard of a case."""

    def __init__(self) -> None:
        self.heard: dict[str, float] = {}
        self.something = asyncio.Event()

    async def follow(self, browser: httpx.AsyncClient, since: int, opened: Callable[[], None]) -> None:
        async with browser.stream("GET", f"/live?since={since}", timeout=None) as stream:
            opened()
            async for text in stream.aiter_text():
                now = time.perf_counter()
                for case_no in re.findall(r"data: (\S+)", text):
                    self.heard[case_no] = now
                self.something.set()

    async def hears(self, case_no: str) -> float:
        while case_no not in self.heard:
            self.something.clear()
            await self.something.wait()
        return self.heard[case_no]


@asynccontextmanager
async def following(service: Running, secret: str, many: int) -> AsyncIterator[list[Page]]:
    """So many pages that follow, each on a connection of its own."""
    found, all_open = [Page() for _ in range(many)], asyncio.Semaphore(0)
    cookies = Browser(service, secret).cookies
    limits = httpx.Limits(max_connections=many + 1)
    async with httpx.AsyncClient(base_url=service.url, cookies=cookies, limits=limits) as browser:
        since = Changes(service.engine).latest()
        tasks = [asyncio.create_task(page.follow(browser, since, all_open.release)) for page in found]
        try:
            for _ in range(many):
                await asyncio.wait_for(all_open.acquire(), 60)
            yield found
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def seen(service: Running, api: Api, secret: str, cases: list[str], many: int) -> Taken:
    """How long after the answer of a command the last of the pages hears of its case."""
    wall, cpu = [], []
    async with following(service, secret, many) as open_pages:
        for case_no in cases:
            busy = time.process_time()
            await api.act(case_no, "note", note="seen by everybody?")
            said = time.perf_counter()
            last = max(await asyncio.gather(*(page.hears(case_no) for page in open_pages)))
            wall.append(max(0.0, 1000 * (last - said)))
            cpu.append(1000 * (time.process_time() - busy))
    return Taken(wall, cpu)


# ── all of it ─────────────────────────────────────────────────────────────────────────────────────


async def measured(service: Running, asked: argparse.Namespace) -> bool:
    staff, good = Staff(service), True
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(Api(service, service.token))
        cases = await live_cases(api, 3 * max(asked.rounds, 20))
        for role, address in QUEUES:
            browser = await stack.enter_async_context(Browser(service, staff.secret(role), "zh-CN"))
            good &= (await pages(browser, address, asked.rounds)).told(f"{role} {address}", QUEUE_MS)
        for role in ("agent", "manager", "warehouse"):
            browser = await stack.enter_async_context(Browser(service, staff.secret(role), "zh-CN"))
            taken = await pages(browser, f"/cases/{cases[0]}", asked.rounds)
            good &= taken.told(f"{role} /cases/{cases[0]}", CASE_MS)
        heard = await seen(service, api, staff.secret("agent"), cases[-asked.rounds :], asked.streams)
        return heard.told(f"a change, until {asked.streams} pages have heard", SEEN_MS) and good


def filled(service: Running, asked: argparse.Namespace) -> None:
    """Open cases as bench_stuck and closed ones with their orders as bench_scan make them.

    They come after the start, which would look for the workflows of open cases.
    """
    with writing(service.engine) as session:
        session.execute(delete(tables.duty_plans))  # the plan of the shop, which comes with the people again
    states = [one for one in OPEN if one != State.AWAITING_APPROVAL]  # what is asked for there is in whole cases only
    bench_stuck.fill(service.engine, asked.open, asked.open, states, whole=True)
    start_numbers_at(service.engine, asked.open + 1)
    bench_scan.fill(service.engine, asked.cases - asked.open)


async def quiet(service: Running) -> None:
    """Let no sweep begin meanwhile; the filled cases have no workflows that it could ask."""
    for name in SWEEPS:
        await service.client.get_schedule_handle(name).pause()


async def whole(asked: argparse.Namespace) -> bool:
    logging.getLogger("aftercare").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="aftercare-console-", ignore_cleanup_errors=True) as folder:
        settings = Settings(data=Path(folder), http_port=0, temporal_port=0, bootstrap_token=BOOTSTRAP)
        async with running(settings) as service:
            began = time.perf_counter()
            await asyncio.to_thread(filled, service, asked)
            await quiet(service)
            sys.stdout.write(f"{asked.cases} cases written in {time.perf_counter() - began:.0f} s\n")
            return await measured(service, asked)


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--cases", type=int, default=100_000, help="in the store")
    ask.add_argument("--open", type=int, default=5_000, help="of them, the rest is closed")
    ask.add_argument("--rounds", type=int, default=20, help="how often each page is opened")
    ask.add_argument("--streams", type=int, default=200, help="pages that follow what happens")
    return 0 if asyncio.run(whole(ask.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
