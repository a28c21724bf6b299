"""Temporal's own server, as `aftercare up` starts it, for the whole session; time is real here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from api.connection import register_search_attributes
from embedded import TemporalServer, embedded_temporal
from tests.world import World, a_world


@pytest_asyncio.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TemporalServer]:
    async with embedded_temporal(tmp_path_factory.mktemp("temporal"), 0) as running:
        await register_search_attributes(running.client)
        yield running


@pytest_asyncio.fixture
async def shop(server: TemporalServer, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(server.client, tmp_path) as (world, _):
        yield world
