"""The API as a process of its own, beside an `up` that runs."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest

from embedded import free_port
from models.errors import Unavailable
from server import run
from settings import Settings
from up import Running, listening_socket

CHECKOUT = Path(__file__).parents[2]
PROCESS = """
import asyncio, os, server
asyncio.run(server.run())
os._exit(0)
"""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_finds_what_up_left_serves_and_ends_well(service: Running, stop: signal.Signals) -> None:
    port = free_port()
    given = {"AFTERCARE_DATA": str(Path(str(service.engine.url.database)).parent), "AFTERCARE_HTTP_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS, cwd=CHECKOUT, env={**os.environ, **given}, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    async for line in process.stderr:
        if b"Uvicorn running" in line:
            break
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
    process.send_signal(stop)
    _, said = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, b"Traceback" in said) == (0, False), said


async def test_without_any_temporal_it_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="TEMPORAL_ADDRESS"):
        await run(Settings(data=tmp_path))


async def test_answers_are_sent_without_delay(tmp_path: Path) -> None:
    """Whoever waits for the rest of an answer would else wait 40 ms for nothing, at every call."""
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def look(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with listening_socket(Settings(data=tmp_path, http_port=0)) as listening:
        server = await asyncio.start_server(look, sock=listening)
        async with server:
            _, caller = await asyncio.open_connection(*listening.getsockname()[:2])
            assert await accepted
            caller.close()
