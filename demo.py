"""`aftercare demo`: the main job end to end, on free ports and in a folder of its own that goes away afterwards."""

import asyncio
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from temporalio.client import Client

from api.history import HistoryCost, case_cost
from imports.returns import returns_with_purchase
from imports.run import read_orders
from imports.shapes import RefusedRow
from imports.shift import shift_dates
from models.errors import Invalid
from models.money import to_minor, to_text
from models.orders import Order, order_to_document
from playbooks.loading.load import SHIPPED
from settings import Settings, environment, load_settings
from terminal import shown
from terminal.remote import refused
from terminal.roads import ROADS, Arrival, Road, drive, returned
from up import Running, running

SAMPLE = Path(__file__).resolve().parent / "imports" / "samples" / "orders.csv"
PLAYBOOKS = SHIPPED / "demo"
#: Cases, and orders, that are under way at the same time.
CASES_AT_ONCE, ORDERS_AT_ONCE = 8, 8


@dataclass(frozen=True, slots=True)
class Load:
    """What the demo works on: orders of today, and a road for each case."""

    orders: Sequence[Order]
    roads: Sequence[Road]
    said: str


def run_demo(file: Path | None = None, format: str = "online-retail", keep: bool = False) -> bool:
    """Run the demo and show its table; whether every case ended as it should. Raises Invalid for a file without use."""
    begun = time.monotonic()
    load = _samples() if file is None else _returns_of(file, format)
    shown.say(load.said)
    with _silence(), _folder(keep) as folder:
        settings = _settings(folder)
        arrivals, costs = asyncio.run(_demo(settings, load))
    good = _show(arrivals, costs)
    shown.say(f"The whole demo took {time.monotonic() - begun:.1f} s.")
    return good


@contextmanager
def _silence() -> Iterator[None]:
    """Its table tells what became of the cases; the letters to invented people would only break the progress bar."""
    log = logging.getLogger("aftercare")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


# ── what it works on ──────────────────────────────────────────────────────────────────────────────


def _samples() -> Load:
    orders, refused_rows = _orders_of(SAMPLE, "aftercare")
    return Load(orders, ROADS, _said(SAMPLE.name, orders, refused_rows))


def _returns_of(file: Path, format: str) -> Load:
    """A case for every return in somebody's own file whose purchase is in it too."""
    if format != "online-retail":
        raise Invalid(f"A file of format '{format}' shows no returns: the demo can use online-retail files only.")
    with file.open("rb") as stream:
        pairs = returns_with_purchase(stream, file.name)
    orders, refused_rows = _orders_of(file, format)
    if not pairs:
        raise Invalid(f"{file.name} has no return whose purchase is in it too, so there is no case to open.")
    roads = [returned(pair.order_no, pair.line_no, pair.quantity, number) for number, pair in enumerate(pairs, 1)]
    said = f"{_said(file.name, orders, refused_rows)} Returns whose purchase is in the file: {len(pairs)}."
    return Load(orders, roads, said)


def _orders_of(file: Path, format: str) -> tuple[list[Order], int]:
    """The orders of a file as if its last day were yesterday, and how many rows were refused."""
    with file.open("rb") as stream:
        found = list(read_orders(stream, format, file.name))
    orders = [item for item in found if isinstance(item, Order)]
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    return shift_dates(orders, yesterday), sum(isinstance(item, RefusedRow) for item in found)


def _said(name: str, orders: Sequence[Order], refused_rows: int) -> str:
    told = f", {refused_rows} rows refused" if refused_rows else ""
    return f"{name}: {len(orders)} orders{told}; all dates are shifted so that the last one is yesterday."


# ── where it runs ─────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _folder(keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="aftercare-demo-"))
    try:
        yield folder
    finally:
        if keep:
            shown.say(f"Kept: {folder}. 'AFTERCARE_DATA={folder} aftercare up' goes on with it.")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _settings(folder: Path) -> Settings:
    """Settings of its own: whatever Temporal or database the shop has, the demo never touches it."""
    os.environ.update({name: "" for name in environment() if name.startswith("TEMPORAL_")})
    own = {"data": folder, "http_host": "127.0.0.1", "http_port": 0, "temporal_port": 0, "playbooks": PLAYBOOKS}
    return load_settings(**own, database_url=None)


@asynccontextmanager
async def _api(found: Running) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {found.token}"}
    # A proxy of the surroundings has no business between two processes of one machine.
    async with httpx.AsyncClient(base_url=f"{found.url}/api/v1", headers=headers, timeout=60.0, trust_env=False) as api:
        yield api


async def _demo(settings: Settings, load: Load) -> tuple[list[Arrival], list[HistoryCost]]:
    begun = time.monotonic()
    async with running(settings) as found, _api(found) as api:
        shown.say(f"Everything runs after {time.monotonic() - begun:.1f} s; Temporal's own view: {found.temporal_ui}")
        with _progress() as progress:
            await _import(api, load.orders, progress)
            arrivals = await _drive_all(api, load.roads, progress)
            costs = [await _cost(found.client, arrival) for arrival in arrivals]
    return arrivals, costs


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        yield progress


async def _import(api: httpx.AsyncClient, orders: Sequence[Order], progress: Progress) -> None:
    bar = progress.add_task("orders", total=len(orders))
    gate = asyncio.Semaphore(ORDERS_AT_ONCE)

    async def put(order: Order) -> None:
        async with gate:
            answer = await api.put(f"/orders/{quote(order.order_no, safe='')}", json=order_to_document(order))
            if not answer.is_success:
                raise refused(answer)
            progress.advance(bar)

    await asyncio.gather(*(put(order) for order in orders))


async def _drive_all(api: httpx.AsyncClient, roads: Sequence[Road], progress: Progress) -> list[Arrival]:
    bar = progress.add_task("cases", total=sum(1 + len(road.doings) for road in roads))
    gate = asyncio.Semaphore(CASES_AT_ONCE)
    stepped: Callable[[], None] = lambda: progress.advance(bar)  # noqa: E731

    async def one(road: Road) -> Arrival:
        async with gate:
            return await drive(api, road, stepped)

    return await asyncio.gather(*(one(road) for road in roads))


async def _cost(client: Client, arrival: Arrival) -> HistoryCost:
    return await case_cost(client, str(arrival.case["case_no"])) if arrival.case else HistoryCost()


# ── what it shows ─────────────────────────────────────────────────────────────────────────────────


def _show(arrivals: Sequence[Arrival], costs: Sequence[HistoryCost]) -> bool:
    rows = [_row(arrival, cost) for arrival, cost in zip(arrivals, costs, strict=True)]
    rows.append(("", "total", "", _total(arrivals), sum(c.events for c in costs), sum(c.actions for c in costs)))
    shown.table(("case", "what", "road of states", "money", "events", "actions"), rows, right=("events", "actions"))
    wrong = [arrival for arrival in arrivals if arrival.problem]
    for arrival in wrong:
        shown.say(f"NOT AS IT SHOULD: {arrival.case.get('case_no', '–')} ({arrival.road.title}) {arrival.problem}")
    shown.say(f"{len(arrivals) - len(wrong)} of {len(arrivals)} cases ended as they should.")
    return not wrong


def _row(arrival: Arrival, cost: HistoryCost) -> tuple[object, ...]:
    case = arrival.case
    what = f"{arrival.road.title}\n{arrival.road.kind}, order {arrival.road.order_no}"
    return case.get("case_no"), what, " → ".join(arrival.states), _money(arrival), cost.events, cost.actions


def _money(arrival: Arrival) -> str:
    """What went to the customer for what, and what came from him; nothing where nothing did."""
    sums = {name: (arrival.case.get("money") or {}).get(name) for name in ("refund", "freight", "goodwill")}
    told = [f"{name} {shown.amount(money)}" for name, money in sums.items() if _is_some(money)]
    if arrival.received:
        told.append(f"collected {arrival.received}")
    return "\n".join(told) or "–"


def _is_some(money: Any) -> bool:
    return bool(money) and any(digit in money["amount"] for digit in "123456789")


def _total(arrivals: Sequence[Arrival]) -> str:
    """What was paid in all, per currency."""
    paid: dict[str, int] = {}
    for arrival in arrivals:
        money = (arrival.case.get("money") or {}).get("paid")
        if money:
            currency = money["currency"]
            paid[currency] = paid.get(currency, 0) + to_minor(money["amount"], currency)
    return "\n".join(f"paid {to_text(minor, currency)} {currency}" for currency, minor in paid.items() if minor)
