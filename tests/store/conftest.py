"""Every test of the store runs on both databases: one server per session, one database per module."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, make_url

from tests.databases import DIALECTS, emptied, opened, postgres_database, postgres_server, sqlite_database


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres_server(durable=False) as url:
        yield url


@pytest.fixture(scope="session")
def newest(postgres_url: str) -> Iterator[str]:
    """The name of a database on the server with the newest schema, for others to be copies of."""
    with postgres_database(postgres_url) as url:
        with opened(url):
            pass
        yield str(make_url(url).database)


@contextmanager
def _empty_database(dialect: str, request: pytest.FixtureRequest, bare: bool = False) -> Iterator[str]:
    if dialect == "sqlite":
        with sqlite_database() as url:
            yield url
    else:
        like = None if bare else request.getfixturevalue("newest")
        with postgres_database(request.getfixturevalue("postgres_url"), like) as url:
            yield url


@pytest.fixture(scope="module", params=DIALECTS)
def module_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with _empty_database(request.param, request) as url, opened(url) as engine:
        yield engine


@pytest.fixture
def engine(module_engine: Engine) -> Engine:
    """A database with the newest schema and no rows."""
    return emptied(module_engine)


@pytest.fixture(params=DIALECTS)
def bare_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database without any schema."""
    with _empty_database(request.param, request, bare=True) as url, opened(url, upgraded=False) as engine:
        yield engine


@pytest.fixture
def second_engine(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Another database of the same kind, with the schema and no rows."""
    with _empty_database(engine.dialect.name, request) as url, opened(url) as second:
        yield second
