"""The whole service on this machine, once for all tests of its HTTP side."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from settings import Settings
from tests.api.client import BOOTSTRAP, COURIER, SHOPS, Api
from tests.databases import quick_place
from up import Running, running

#: Webhooks of these tests go to this machine.
LOOPBACK: dict[str, Any] = {"webhook_http": True, "webhook_networks": "127.0.0.0/8"}


@pytest_asyncio.fixture(scope="session")
async def service() -> AsyncIterator[Running]:
    """Store, Temporal, worker and API on free ports."""
    with quick_place() as folder:
        settings = Settings(
            data=folder,
            http_port=0,
            temporal_port=0,
            bootstrap_token=BOOTSTRAP,
            courier_secret=COURIER,
            woocommerce_webhook_secret=SHOPS,
            **LOOPBACK,
        )
        async with running(settings) as found:
            yield found


@pytest_asyncio.fixture
async def api(service: Running) -> AsyncIterator[Api]:
    """The API for somebody who may do everything and act for others."""
    async with Api(service, service.token) as found:
        yield found
