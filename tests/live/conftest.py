"""Temporal's own server, as `aftercare up` starts it, for the whole session; time is real here."""

from collections.abc import AsyncIterator

import pytest_asyncio

from api.connection import register_search_attributes
from embedded import TemporalServer, embedded_temporal
from tests.databases import quick_place
from tests.world import World, a_world


@pytest_asyncio.fixture(scope="session")
async def server() -> AsyncIterator[TemporalServer]:
    with quick_place() as folder:
        async with embedded_temporal(folder, 0) as running:
            await register_search_attributes(running.client)
            yield running


@pytest_asyncio.fixture
async def shop(server: TemporalServer) -> AsyncIterator[World]:
    with quick_place() as folder:
        async with a_world(server.client, folder) as (world, _):
            yield world
