"""The embedded Temporal starts although somebody was quicker to take a port that was free a moment ago."""

import socket
from pathlib import Path

import pytest

import embedded
from embedded import embedded_temporal, free_port
from models.errors import Unavailable


async def test_a_port_that_was_taken_in_between_is_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as quicker:
        quicker.bind(("127.0.0.1", 0))
        quicker.listen()
        taken = quicker.getsockname()[1]
        ports = iter([free_port(), taken])
        monkeypatch.setattr(embedded, "free_port", lambda: next(ports, None) or free_port())
        async with embedded_temporal(tmp_path, 0) as server:
            assert await server.client.service_client.check_health()
            assert not server.ui.endswith(f":{taken}")


async def test_a_server_that_cannot_start_at_all_says_where_its_log_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporal.db").mkdir()  # no file can be made there
    monkeypatch.setattr(embedded, "TRIES", 2)
    with pytest.raises(Unavailable, match="its log is"):
        async with embedded_temporal(tmp_path, 0):
            raise AssertionError("it started on a folder")
