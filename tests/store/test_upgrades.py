"""Upgrades: a database of an earlier release is brought to the newest schema with what it holds."""

from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, select

from models.tables import ledger, metadata, playbook_acts
from store.audit import audit_money
from store.engine import reading, revisions, upgrade, writing
from store.tokens import create, verify
from tests.store.test_audit import sold_and_refunded

_MIGRATIONS = Path(__file__).parents[2] / "store" / "migrations"
#: Revisions that shops have in their data folders. What they need more comes with a revision of its own.
RELEASED = {
    "r0001_the_first_schema.py": "f8bb13d69e75e7158e1f2d05d2ef4fe05dd88287113e0d0d6c90a06cc41afffe",
    "r0002_acts_and_ledger.py": "19be0f86edc4a8e6e1e23865fb5dbb2c0fd8d4cc59453cfa6fb800622cf34a37",
}


def _at(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _back_to(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_a_database_of_the_first_release_is_upgraded_with_what_it_holds(bare_engine: Engine) -> None:
    _at(bare_engine, "0001")
    with writing(bare_engine) as session:
        token = create(session, "shop", ["agent"])
    assert not revisions(bare_engine).up_to_date
    assert upgrade(bare_engine).up_to_date
    with bare_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    with reading(bare_engine) as session:
        assert session.execute(select(playbook_acts)).all() == session.execute(select(ledger)).all() == []
        found = verify(session, token)
    assert found is not None
    assert found.name == "shop"


def test_money_of_the_first_release_is_in_the_ledger_afterwards(bare_engine: Engine) -> None:
    upgrade(bare_engine)
    till = sold_and_refunded(bare_engine)
    case_no = till.opened(lines={2: 1})
    till.act(case_no, "agent", "open_claim", against="supplier", amount="19.90")
    till.act(case_no, "agent", "settle_claim", result="paid")
    _back_to(bare_engine, "0001")
    assert upgrade(bare_engine).up_to_date
    audited = audit_money(bare_engine)
    assert (audited.findings, audited.postings) == ((), 5)  # refund, freight, the open claim, and a paid one's two


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_revision_is_never_changed(name: str) -> None:
    text = (_MIGRATIONS / "versions" / name).read_bytes()
    assert sha256(text).hexdigest() == RELEASED[name], "shops have run it already: write a new revision instead"
