"""The whole service on this machine with somebody of every role, once for all tests of the console."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from settings import Settings
from tests.api.client import BOOTSTRAP, Api
from tests.console.browser import Browser, Staff
from tests.databases import quick_place
from up import Running, running


@pytest_asyncio.fixture(scope="session")
async def service() -> AsyncIterator[Running]:
    """Store, Temporal, worker, API and console on free ports."""
    with quick_place() as folder:
        settings = Settings(data=folder, http_port=0, temporal_port=0, bootstrap_token=BOOTSTRAP)
        async with running(settings) as found:
            yield found


@pytest.fixture(scope="session")
def staff(service: Running) -> Staff:
    """Somebody of every role, who can be let in without a password."""
    return Staff(service)


@pytest_asyncio.fixture
async def api(service: Running) -> AsyncIterator[Api]:
    """The API, to bring orders and cases about."""
    async with Api(service, service.token) as found:
        yield found


@pytest_asyncio.fixture
async def browse(service: Running, staff: Staff) -> AsyncIterator[Callable[..., Browser]]:
    """A browser without scripts, signed in as somebody of a role: `li = browse("agent")`."""
    opened: list[Browser] = []

    def open_one(role: str | None = "agent", language: str = "en") -> Browser:
        opened.append(Browser(service, staff.secret(role) if role else None, language))
        return opened[-1]

    yield open_one
    for one in opened:
        await one.aclose()
