"""Payment providers' calls over HTTP: kept as they came, once, and answered as each of them wants it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import Engine

from activities.notices import configured
from api.outside.hooks import Hooks
from api.problems import install_problems
from api.routes.hooks import hooks as routes
from store.engine import reading
from store.outside import hooks
from tests.activities.notices.callers import CALLERS, SETTINGS, Call
from tests.databases import emptied, opened, sqlite_database

NOTIFIERS = configured(SETTINGS)
KEY = "AC-26-000017:refund:1"


@pytest.fixture(scope="module")
def kept_engine() -> Iterator[Engine]:
    with sqlite_database() as url, opened(url) as engine:
        yield engine


@pytest.fixture
def engine(kept_engine: Engine) -> Engine:
    return emptied(kept_engine)


@pytest_asyncio.fixture
async def outside(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever calls without a token."""
    app = FastAPI()
    app.state.hooks = Hooks(engine, NOTIFIERS, lambda: datetime.now(UTC))
    install_problems(app)
    app.include_router(routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as http:
        yield http


async def call(outside: httpx.AsyncClient, name: str, sent: Call) -> httpx.Response:
    return await outside.post(f"/hooks/{name}", content=sent.body, headers=dict(sent.headers))


def kept(engine: Engine) -> list[hooks.Hook]:
    with reading(engine) as session:
        return list(hooks.unread(session, 100))


@pytest.mark.parametrize("name", sorted(CALLERS))
async def test_it_is_answered_as_it_wants_kept_as_it_came_and_once(
    outside: httpx.AsyncClient, engine: Engine, name: str
) -> None:
    sent = CALLERS[name].refund("n-1", KEY, "paid", datetime.now(UTC), False)
    for _ in range(2):
        answer = await call(outside, name, sent)
        wants = CALLERS[name].wants
        assert (answer.status_code, answer.content) == wants if wants else answer.status_code == 200, answer.text
    (hook,) = kept(engine)
    assert (hook.source, hook.sender_id, hook.body) == (name, "n-1", sent.body)
    assert not {header for header in hook.headers if "signature" in header}


@pytest.mark.parametrize("name", sorted(CALLERS))
async def test_what_is_forged_or_old_is_refused_so_that_no_sender_takes_it_for_received(
    outside: httpx.AsyncClient, engine: Engine, name: str
) -> None:
    now = datetime.now(UTC)
    forged = CALLERS[name].refund("n-1", KEY, "paid", now, True)
    old = CALLERS[name].refund("n-1", KEY, "paid", now - timedelta(days=3), False)
    for sent in (forged, old, Call({}, b"{}")):
        answer = await call(outside, name, sent)
        assert answer.status_code in (400, 401), answer.text
        assert answer.content != b"success"
    assert kept(engine) == []


async def test_a_provider_that_is_not_set_up_is_told_so_and_nothing_is_read(outside: httpx.AsyncClient) -> None:
    assert (await outside.post("/hooks/paypal", content=b"{}")).status_code == 404
