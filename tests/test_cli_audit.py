"""`aftercare money audit`: it needs no API, says that all is well, or names what is not and ends with 1."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from cli import run
from models.tables import payment_pots
from settings import load_settings
from store.engine import make_engine
from tests.databases import with_schema
from tests.store.accounting.test_audit import sold_and_refunded


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A shop in a data folder that the command finds."""
    monkeypatch.setenv("AFTERCARE_DATA", str(tmp_path))
    engine = make_engine(load_settings().database)
    with_schema(engine)
    sold_and_refunded(engine)
    yield engine
    engine.dispose()


@pytest.mark.usefixtures("shop")
def test_books_that_agree_end_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["money", "audit"]) == 0
    assert "1 orders, 2 cases, 3 payouts, 5 postings: nothing that does not agree." in capsys.readouterr().out
    assert run(["money", "audit", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_books_that_do_not_agree_end_with_1_and_are_named(shop: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    with shop.begin() as connection:
        connection.execute(update(payment_pots).values(refunded=1))
    assert run(["money", "audit"]) == 1
    told = capsys.readouterr().out
    assert "payment P1" in told
    assert "KETTLE-1" in told
    assert run(["money", "audit", "--json"]) == 1
    assert {one["sort"] for one in json.loads(capsys.readouterr().out)["findings"]} == {"pot"}
