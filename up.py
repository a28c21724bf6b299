"""Everything on this machine: store, Temporal, worker and HTTP API, in one data folder (`aftercare up`)."""

import asyncio
import fcntl
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvicorn
from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.service import RPCError

from activities.outbox import postman
from activities.stock import stock_bell
from api.connection import connect, register_search_attributes
from api.people.sign_in import Doorkeeper
from api.restore import start_missing_cases
from embedded import embedded_temporal
from memory import settled
from models.errors import Conflict
from models.lifecycle import Role
from playbooks.loading.in_force import InForce
from playbooks.loading.load import SHIPPED
from playbooks.loading.notices import log_warnings
from playbooks.loading.shelf import Shelf
from server import QuietServer, make_app
from settings import Settings, environment, temporal_is_elsewhere
from store.engine import make_engine, reading, upgrade, writing
from store.people import tokens
from store.time.rebase import furthest_deadline_in
from worker import case_worker, house_of, outside_of, payments_of, talking
from workflows import schedules

logger = logging.getLogger("aftercare.up")

RUNNING = "up.json"
TOKEN = "token"


@dataclass(frozen=True)
class Running:
    """What runs, and where to find it."""

    url: str
    token: str
    temporal: str
    temporal_ui: str | None
    client: Client
    engine: Engine
    playbooks: InForce
    files: str
    first_user: tuple[str, str] | None = None


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """Start everything, and stop it in the opposite order when the block ends. Open cases go on."""
    settings.data.mkdir(parents=True, exist_ok=True)
    playbooks = Shelf(settings.playbooks or SHIPPED, own=settings.own_playbooks)
    async with AsyncExitStack() as stack:
        stack.enter_context(only_one_here(settings.data))
        listening = stack.enter_context(listening_socket(settings))
        engine = make_engine(settings.database)
        stack.callback(engine.dispose)
        upgrading = asyncio.create_task(asyncio.to_thread(upgrade, engine))
        client, temporal, ui = await _temporal(stack, settings)
        await upgrading
        log_warnings(playbooks.current(), datetime.now(UTC), furthest_deadline_in(engine))
        token = first_token(engine, settings.data)
        first = Doorkeeper(engine).add_first(datetime.now(UTC)) if settings.password_sign_in else None
        url = f"http://{settings.http_host}:{listening.getsockname()[1]}"
        payments = payments_of(settings, engine)
        told = payments, settings.file_store
        cases = case_worker(client, engine, playbooks, *told, max_cached_workflows=settings.cached_cases)
        await stack.enter_async_context(cases)
        await stack.enter_async_context(postman(engine, partial(house_of, settings, playbooks)))
        await stack.enter_async_context(talking(client, engine, playbooks, outside_of(settings), payments))
        await stack.enter_async_context(stock_bell(client, engine))
        await stack.enter_async_context(_serving(settings, client, engine, playbooks, listening))
        for work in (_restored(client, engine), _scheduled(client, playbooks.current().shop.timezone)):
            stack.push_async_callback(_ended, asyncio.create_task(work))
        stack.enter_context(_said_in(settings.data, url, temporal, ui))
        first_user = (first[0].id, first[1]) if first else None
        stack.enter_context(settled())
        yield Running(url, token, temporal, ui, client, engine, playbooks, settings.file_store, first_user)


async def _temporal(stack: AsyncExitStack, settings: Settings) -> tuple[Client, str, str | None]:
    """The Temporal that the environment names, or the embedded one."""
    if temporal_is_elsewhere():
        client = await connect(environment())
        temporal, ui = client.service_client.config.target_host, None
    else:
        server = await stack.enter_async_context(embedded_temporal(settings.data, settings.temporal_port))
        client, temporal, ui = server.client, server.address, server.ui
    await register_search_attributes(client)
    return client, temporal, ui


@asynccontextmanager
async def _serving(
    settings: Settings, client: Client, engine: Engine, playbooks: InForce, listening: socket.socket
) -> AsyncIterator[None]:
    app = make_app(settings, client, engine, playbooks)
    await app.state.desk.see_playbooks()
    server = QuietServer(uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=5))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await server.ready.wait()
        yield
    finally:
        server.should_exit = True
        await serving


async def _restored(client: Client, engine: Engine) -> None:
    """Open cases that do not run go on, while the service is up already."""
    try:
        started = await start_missing_cases(client, engine)
    except RPCError as refused:
        logger.warning(
            "open cases could not all be started again (%s); 'aftercare db restore' does it", refused.message
        )
    else:
        if started:
            logger.info("%d open cases did not run and were started again", started)


async def _scheduled(client: Client, timezone: str) -> None:
    """The sweeps run at their times; those that somebody paused stay paused."""
    try:
        done = await schedules.apply(client, timezone)
    except RPCError as refused:
        logger.warning("the sweeps could not be scheduled (%s); 'aftercare schedules apply' does it", refused.message)
    else:
        for one in done:
            if one.result == "changed":
                logger.info("the schedule %s was changed: %s", one.name, ", ".join(one.changed))
            if one.paused:
                logger.warning("the schedule %s is paused; 'aftercare schedules resume' lets it go on", one.name)


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def first_token(engine: Engine, folder: Path) -> str:
    """The token of this data folder's first user: made once, kept in a file that only its owner may read."""
    file = folder / TOKEN
    if file.exists():
        with reading(engine) as session:
            kept = file.read_text().strip()
            if tokens.verify(session, kept):
                return kept
    with writing(engine) as session:
        token = tokens.create(session, "first", list(Role), may_act_for_others=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(token + "\n")
    return token


@contextmanager
def listening_socket(settings: Settings) -> Iterator[socket.socket]:
    """The socket of the API. Raises Conflict naming the setting when its port is taken."""
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    # The protocol is named because asyncio sends answers without delay only where it is: else each waits 40 ms (Nagle).
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((settings.http_host, settings.http_port))
        except OSError:
            taken = f"{settings.http_host}:{settings.http_port}"
            raise Conflict(f"{taken} is taken or not ours: set AFTERCARE_HTTP_PORT to another port, or to 0.") from None
        yield found


@contextmanager
def only_one_here(folder: Path) -> Iterator[None]:
    """One `up` per data folder; the lock goes with its process, however that ends."""
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"Aftercare is running in {folder.resolve()} already: stop it first.") from None
        yield


@contextmanager
def _said_in(folder: Path, url: str, temporal: str, ui: str | None) -> Iterator[None]:
    """Leave word in the folder of what runs, for the command line."""
    file = folder / RUNNING
    told = json.dumps({"url": url, "temporal": temporal, "temporal_ui": ui, "pid": os.getpid()})
    beside = file.with_suffix(".new")
    beside.write_text(told + "\n")
    os.replace(beside, file)  # whoever looks at this moment reads all of it, or what was there before
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
