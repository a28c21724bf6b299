"""The processes as commands: everything here, or a worker or an API by itself."""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from terminal import shown

if TYPE_CHECKING:
    from settings import Settings
    from up import Running


def log_to_terminal() -> None:
    """What the program has to tell people goes to standard error, a line each; libraries only when they warn."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("aftercare").setLevel(logging.INFO)


async def up(settings: "Settings") -> None:
    """Run everything until SIGINT or SIGTERM, and say where it is. A signal during the start ends the start."""
    log_to_terminal()
    begun = time.monotonic()
    ready, stop = asyncio.Event(), asyncio.Event()
    life = asyncio.create_task(_live(settings, begun, ready, stop))

    def heard() -> None:
        if stop.is_set():
            shown.say("Stopping already: what is under way is finished first.")
        elif not ready.is_set():
            life.cancel()
        stop.set()

    _hear(heard)
    with contextlib.suppress(asyncio.CancelledError):
        await life


def _hear(heard: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, heard)


async def _live(settings: "Settings", begun: float, ready: asyncio.Event, stop: asyncio.Event) -> None:
    from up import running

    async with running(settings) as found:
        ready.set()
        _say_where(settings, found, time.monotonic() - begun)
        await stop.wait()
        shown.say("Stopping. Open cases go on when you start again.")


def _say_where(settings: "Settings", found: "Running", took: float) -> None:
    shown.say(f"Aftercare runs; it took {took:.1f} s. Ctrl-C stops it.")
    console = f"{found.url}{settings.path_prefix}/"
    rows = [
        ("console", console),
        *(
            (("sign in as", "{}, password {}  (shown this once)".format(*found.first_user)),)
            if found.first_user
            else ()
        ),
        ("API", f"{found.url}/api/v1"),
        ("API docs", f"{found.url}/docs"),
        ("Temporal", found.temporal),
        ("Temporal UI", found.temporal_ui or "where your Temporal has it"),
        ("data folder", str(settings.data.resolve())),
        ("first token", found.token),
    ]
    for name, value in rows:
        shown.say(f"  {name:<12} {value}")


async def worker(settings: "Settings") -> None:
    """Work on cases until SIGINT or SIGTERM."""
    log_to_terminal()
    own = asyncio.current_task()
    assert own is not None
    _hear(own.cancel)  # until the worker itself listens
    with contextlib.suppress(asyncio.CancelledError):
        await _work(settings)


async def _work(settings: "Settings") -> None:
    from api.connection import register_search_attributes
    from playbooks.loading.load import SHIPPED
    from playbooks.loading.notices import log_warnings
    from playbooks.loading.shelf import Shelf
    from terminal import places
    from worker import Keeps, house_of, outside_of, payments_of, run_worker

    playbooks = Shelf(settings.playbooks or SHIPPED, own=settings.own_playbooks)
    client = await places.temporal(settings)
    await register_search_attributes(client)
    with places.database(settings) as engine:
        log_warnings(playbooks.current(), datetime.now(UTC))
        shown.say(f"Working on cases from {client.service_client.config.target_host}. Ctrl-C stops it.")
        house = partial(house_of, settings, playbooks)
        keeps = Keeps(settings.file_store, settings.cached_cases)
        await run_worker(client, engine, playbooks, payments_of(settings, engine), house, outside_of(settings), keeps)


def api() -> None:
    """Serve the API until SIGINT or SIGTERM."""
    from server import run

    for name in (signal.SIGINT, signal.SIGTERM):
        # The server ends in its order when it hears one, and then raises it again for whoever listened before.
        signal.signal(name, lambda *_: sys.exit(0))
    until_done(run())


def until_done(running: Coroutine[Any, Any, Any]) -> Any:
    """Run a process to its end."""
    return asyncio.run(running)
