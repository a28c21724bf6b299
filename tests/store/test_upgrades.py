"""Upgrades: a database of an earlier release is brought to the newest schema with what it holds."""

from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, Table, select, update

from models.tables import case_clocks, case_reasons, ledger, metadata, payouts, playbook_acts, stuck_spans
from store.accounting import credit
from store.accounting.audit import audit_money
from store.engine import reading, revisions, upgrade, writing
from store.maintenance import rebuild
from store.oversight import callbacks
from store.people.tokens import create, verify
from tests.builders import DAY, NOW
from tests.store.accounting.test_audit import sold_and_refunded
from tests.store.till import CALENDARS, Till

_MIGRATIONS = Path(__file__).parents[2] / "store" / "migrations"
#: Revisions that shops have in their data folders. What they need more comes with a revision of its own.
RELEASED = {
    "r0001_the_first_schema.py": "f8bb13d69e75e7158e1f2d05d2ef4fe05dd88287113e0d0d6c90a06cc41afffe",
    "r0002_acts_and_ledger.py": "19be0f86edc4a8e6e1e23865fb5dbb2c0fd8d4cc59453cfa6fb800622cf34a37",
    "r0003_balances.py": "d76ab2a2497c6607e27e5deb6983d90b3ff110df2b028f3cd5aaf448d72682ae",
    "r0004_claims.py": "35f4128446613b3b186bf89351c95a19452c82c9559e152ba5cc01c36afeff35",
    "r0005_clock_log.py": "72ac567a4edf90957dc3b4f213ccb397be62669882a68777df6e672fa6136d0e",
    "r0006_duty.py": "d298e1e1117b6542c26158b978b51ec2bd7969c3b6f3a22e8bcab08dbbd4eea1",
    "r0007_stuck.py": "0fc75cf32c021bd2bd7b550a4395d87ad202da8d37520e58f0da54c0ce30cab2",
    "r0008_sweeps.py": "ffebc479d61dea420fd5398367e4e84c4ca81cf925e0f24415c87571c5ce56da",
    "r0009_letters.py": "72fedd2543a6436cba9fdbe2ea6dbe0c5eb7b1e8ba57cc0e97dcebdc2fa61b94",
    "r0010_reports.py": "055ecb66ffe96be5810dc0d0b26eab356a5f22aab792b9a98cc6755857fa8901",
    "r0011_files.py": "d37b7f7f1091546cf17e0a854072b8867aed8e2a186a2cafffe4ffba6e93afb7",
    "r0012_tracking.py": "075ef74f3954b0d6bd82062e2b7b764743728490db699432f89bb3e3e3aee22c",
    "r0013_hooks.py": "b16fe1980e0fc798932c2a78513d60dffefc8a65cc829968be7be479a1d4d76b",
    "r0014_parcels.py": "a97926f4850c351b1fe9a153415e90fe280ca29e8905dba0fc326bc3fdefd993",
    "r0015_stock.py": "bb56f31992eb16c78426631b9881649070c1f4bb022dbbbc266f01802bdc19cf",
    "r0016_repair.py": "8526db710536a394963915ddbaf82baadff2a1b45415839824296f47e5a7cf83",
    "r0017_hooks_out.py": "1c439fde8a12ca6ae7b02411c45b5d0210227d9ba4c32bf69aaaffe5c1561778",
    "r0018_people.py": "10d7dd2ddb400acb7a6803c994ebd0815a3a55eb012bf5ff7b7e5e3da2151ce5",
    "r0019_refund_register.py": "6c05e548b0e756b4f8093ff4f10215ce25f55497415f95842f37f32836aa72ce",
    "r0020_keeping.py": "2f7a89e787c402c777b49c242a81621f20e780e1ac5ce3c5cecfc1037a539e59",
    "r0021_views.py": "3edd1762fec2b5d9e75eb97cf6eb3dd7ad570e423ab5c855850b1936768b48ec",
    "r0022_customer_links.py": "f0e13636bc6b551b18d34ba8dc93f78dd9b1e236126f66368c492d17190d7b4a",
    "r0023_loaners.py": "27f0891c1587b341e8563b8b8c90076e45f17c5107483e44f0dfc95abd0ef9b9",
    "r0024_dues.py": "239340e40a766de7c7a6de24d8666017e6bc3c208ef7c4e1f613ff8aa466559d",
    "r0025_breaches.py": "734664cd4fd79ccd3b43fdbf845f87a4eab8f119e2c3e7616ed8ff133c6f4c17",
    "r0026_drafts.py": "67d507b177822ed28e3b417236aeba01cb977b611d94afd550ce0939c015e606",
    "r0027_money_back.py": "a7bf900b9ae6cd463bcef7c5c15172558997e6a08fa099ea4deb0e0a7ff1903f",
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
    assert (audited.findings, audited.postings) == ((), 6)  # refund, freight, two open claims, and a paid one's two


def test_callbacks_of_before_are_known_afterwards(bare_engine: Engine) -> None:
    upgrade(bare_engine)
    till = Till(bare_engine)
    first, second = (till.opened("usage_help", lines={line: 1}, owner="li") for line in (1, 2))
    for case_no in (first, second):
        till.drive(case_no, ("agent", "answer", {"text": "Press it for 3 s.", "final": True}))
    till.drive(first, ("agent", "complete_callback", {"satisfied": True, "scores": {"polite": 5}, "words": "thanks"}))
    _back_to(bare_engine, "0007")
    assert upgrade(bare_engine).up_to_date
    with reading(bare_engine) as session:
        (waiting,) = callbacks.due(session, till.now).items
        (of_li,) = callbacks.scores(session, till.now - timedelta(days=1), till.now + timedelta(days=1))
    assert (waiting.case_no, waiting.person, waiting.due_at) == (second, "li", till.case(second).due_at)
    assert (of_li.person, of_li.surveys, of_li.average("polite")) == ("li", 1, 5)


def test_clocks_of_an_earlier_release_have_their_logs_afterwards(bare_engine: Engine) -> None:
    upgrade(bare_engine)
    till = Till(bare_engine)
    case_no = till.opened(lines={2: 1})
    till.act(case_no, "agent", "request_evidence")  # the clock of the request is paused
    with reading(bare_engine) as session:
        before = session.execute(select(case_clocks)).mappings().all()
    _back_to(bare_engine, "0004")
    assert upgrade(bare_engine).up_to_date
    with reading(bare_engine) as session:
        after = session.execute(select(case_clocks)).mappings().all()
    kept = [{**row, "used_before": 0 if row["state"] == "running" else None} for row in before]
    assert [dict(row) for row in after] == kept
    with writing(bare_engine) as session:
        rebuild(session, CALENDARS)
        assert session.execute(select(case_clocks)).mappings().all() == before


def test_why_cases_are_stuck_is_known_of_those_that_were_open_before(bare_engine: Engine) -> None:
    """T12: the facts are filled in as a commit would have written them, but for the minute that nobody kept."""
    upgrade(bare_engine)
    till = Till(bare_engine)
    waiting, promised = till.opened(lines={2: 1}), till.opened(lines={2: 1})
    till.act(waiting, "agent", "request_evidence")
    till.act(promised, "agent", "promise", what="call back", at=NOW + 3 * DAY)
    till.act(promised, "agent", "escalate", reason="upset")
    tables = (case_reasons, stuck_spans)
    before = [_rows(bare_engine, table) for table in tables]
    _back_to(bare_engine, "0006")
    assert upgrade(bare_engine).up_to_date
    facts, line = (_rows(bare_engine, table) for table in tables)
    assert [row["reason"] for row in facts] == [row["reason"] for row in before[0]]
    assert {row["reason"] for row in facts} >= {"promise_missed", "escalated_unacked", "no_owner", "over_waiting"}
    when = [NOW + timedelta(hours=hours) for hours in range(1, 24 * 20)]
    for case_no in (waiting, promised):
        assert [_held(line, case_no, at) for at in when] == [_held(before[1], case_no, at) for at in when]


def _rows(engine: Engine, table: Table) -> list[dict[str, Any]]:
    with reading(engine) as session:
        return [dict(row) for row in session.execute(select(table).order_by(*table.primary_key)).mappings()]


def _held(line: list[dict[str, Any]], case_no: str, at: datetime) -> int:
    (span,) = [row for row in line if row["case_no"] == case_no and row["from_at"] <= at < row["until_at"]]
    return int(span["mask"])


def test_credit_that_finance_had_booked_by_hand_is_a_balance_afterwards(bare_engine: Engine) -> None:
    upgrade(bare_engine)
    sold_and_refunded(bare_engine)
    by_hand = update(payouts).where(payouts.c.purpose == "refund", payouts.c.state == "done")
    with writing(bare_engine) as session:
        session.execute(by_hand.values(account="store_credit ••••8888"))
    _back_to(bare_engine, "0002")
    assert upgrade(bare_engine).up_to_date
    assert audit_money(bare_engine).findings == ()
    with reading(bare_engine) as session:
        assert credit.of_customer(session, "c-88") == {"CNY": 12900}


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_revision_is_never_changed(name: str) -> None:
    text = (_MIGRATIONS / "versions" / name).read_bytes()
    assert sha256(text).hexdigest() == RELEASED[name], "shops have run it already: write a new revision instead"
