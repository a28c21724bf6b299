"""Temporal's time-skipping server and a shop, both of its own for every test: its clock is one for all its cases."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from api.connection import register_search_attributes
from tests.databases import quick_place
from tests.servers import test_server_binary
from tests.shipped import shipped
from tests.world import World, a_world


@pytest_asyncio.fixture
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A server on which months pass in moments."""
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=test_server_binary(), data_converter=pydantic_data_converter
    )
    async with env:
        await register_search_attributes(env.client)
        yield env


@pytest_asyncio.fixture
async def shop(skipping: WorkflowEnvironment) -> AsyncIterator[World]:
    with quick_place() as folder:
        async with a_world(skipping.client, folder, skipping) as (world, _):
            yield world


@pytest.fixture(scope="session")
def shop_kinds() -> frozenset[str]:
    """The kinds that the shipped playbooks are for."""
    return frozenset(shipped().kinds)
