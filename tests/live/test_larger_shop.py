"""The same code for a larger shop: PostgreSQL, and a Temporal that runs elsewhere."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from embedded import TemporalServer
from settings import load_settings
from tests.databases import postgres_database, postgres_server
from tests.roads import ROADS
from tests.world import a_world
from up import running


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.mark.parametrize("road", ["refund", "exchange", "keep_it"])
async def test_a_road_ends_on_postgresql_as_it_does_on_one_machine(
    server: TemporalServer, postgres: str, tmp_path: Path, road: str
) -> None:
    with postgres_database(postgres) as database:
        async with a_world(server.client, tmp_path, database=database) as (shop, _):
            case_no = await shop.opened(ROADS[road].kind)
            assert (await shop.travel(ROADS[road], case_no))["state"] == "closed"
            assert (await shop.ended(case_no))["state"] == "closed"


async def test_up_uses_the_temporal_and_the_database_that_the_environment_names(
    server: TemporalServer, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.chdir(tmp_path)
    with postgres_database(postgres) as database:
        monkeypatch.setenv("AFTERCARE_DATABASE_URL", database)
        await uses_what_the_environment_names(server, tmp_path)


async def uses_what_the_environment_names(server: TemporalServer, tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", http_port=0)
    async with running(settings) as shop:
        assert shop.temporal == server.address
        assert shop.engine.dialect.name == "postgresql"
        async with httpx.AsyncClient(base_url=shop.url) as http:
            ready = await asyncio.wait_for(http.get("/readyz"), 20)
        assert ready.status_code == 200
        assert not (tmp_path / "data" / "temporal.db").exists()
        assert not (tmp_path / "data" / "aftercare.db").exists()
