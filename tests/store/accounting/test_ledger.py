"""The ledger in SQL: each posting once, nothing for a payout that was refused, and rows that no hand can bend."""

from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from models import tables
from models.accounting.ledger import Posting, payment_received, payout_paid
from models.case import Case
from models.commands import Actor
from models.events import Entry
from models.lifecycle import Role
from models.pots import Draw
from store.accounting import ledger
from store.engine import reading, writing
from tests.builders import NOW
from tests.store.desk import commit, ending, import_order, next_version, open_case, refund, refund_draws


def posting(case: Case, number: int = 1, **over: Any) -> Posting:
    (one,) = payment_received(1000)
    return Posting(**{**one.model_dump(), "key": f"{case.case_no}:ledger:{number}", "reference": "ICBC-7", **over})


def posted(engine: Engine, case: Case) -> tuple[Posting, ...]:
    with reading(engine) as session:
        return ledger.of_case(session, case.case_no)


def test_what_a_decision_posts_is_written_with_it_once(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    one = posting(case)
    commit(engine, next_version(case), postings=(one,))
    commit(engine, next_version(case), postings=(one,))
    commit(engine, next_version(next_version(case)), postings=(one, posting(case, 2)))
    assert posted(engine, case) == (one, posting(case, 2))
    with reading(engine) as session:
        row = session.execute(select(tables.ledger)).mappings().first()
    assert row is not None
    assert (row["order_no"], row["currency"], row["at"]) == ("KETTLE-1", "CNY", NOW)


def test_a_refund_is_posted_when_it_is_settled_and_not_when_its_money_was_refused(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order)
    payout, draw = refund("k:1", refund_draws(order))
    too_much = Draw(account="payment", payment_no="P1", amount=90000)
    second, refused = refund("k:2", (too_much,))
    paid = {
        one.key: posting(case, n, **payout_paid("refund", one.amount)[0].model_dump(), payout_id=one.key)
        for n, one in enumerate((payout, second), 1)
    }
    moves = (draw, ending("settle", draw, "ALI-1"), refused, ending("settle", refused, "ALI-2"))
    done = payout.model_copy(update={"state": "done"})
    commit(engine, next_version(case, payouts=(done,)), money=moves, postings=tuple(paid.values()))
    assert posted(engine, case) == (paid["k:1"],)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": -5},
        {"debit": "customer"},
        {"debit": "nobody"},
        {"credit": "petty cash"},
        {"purpose": "bribe"},
    ],
    ids=str,
)
def test_the_database_refuses_a_row_that_is_no_transfer(engine: Engine, wrong: dict[str, Any]) -> None:
    case = open_case(engine, import_order(engine))
    commit(engine, next_version(case), postings=(posting(case),))
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.execute(update(tables.ledger).values(**wrong))


def test_the_database_refuses_to_post_a_payout_twice(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    row = {"case_no": case.case_no, "currency": "CNY", "at": NOW, "payout_id": "k:1"}
    refunded = {**payout_paid("refund", 500)[0].model_dump(), **row}
    with writing(engine) as session:
        session.execute(insert(tables.ledger).values(key="a", **refunded))
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.execute(insert(tables.ledger).values(key="b", **refunded))
    with reading(engine) as session:
        assert session.execute(select(func.count()).select_from(tables.ledger)).scalar_one() == 1


def refunded(engine: Engine, case: Case, goods: str) -> Case:
    """The case after its kettle was refunded and paid, the goods where they are said to be."""
    payout, draw = refund(f"{case.case_no}:refund:1", refund_draws(import_order(engine)))
    paid = posting(case, **payout_paid("refund", payout.amount)[0].model_dump(), payout_id=payout.key)
    done = next_version(case, goods=goods, payouts=(payout.model_copy(update={"state": "done"}),))
    commit(engine, done, money=(draw, ending("settle", draw, "ALI-1")), postings=(paid,))
    return done


@pytest.mark.parametrize(("goods", "listed"), [("customer", True), ("in_transit", True), ("here", False)])
def test_what_was_refunded_and_never_came_back_is_listed(engine: Engine, goods: str, listed: bool) -> None:
    case = open_case(engine, import_order(engine))
    refunded(engine, case, goods)
    with reading(engine) as session:
        rows = ledger.refunded_not_returned(session)
    assert [(row.case_no, row.amount, row.currency, row.since) for row in rows] == (
        [(case.case_no, 12900, "CNY", NOW)] if listed else []
    )


def test_what_came_back_and_was_not_refunded_is_listed_since_it_came(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    liu = Actor(id="liu", role=Role.WAREHOUSE)
    came = Entry(seq=case.seq + 1, at=NOW, actor=liu, action="book_in")
    here = next_version(case, goods="here", seq=case.seq + 1)
    commit(engine, here, entries=(came,))
    with reading(engine) as session:
        rows = ledger.returned_not_refunded(session)
    assert [(row.case_no, row.since) for row in rows] == [(case.case_no, NOW)]
    refunded(engine, here, "here")
    with reading(engine) as session:
        assert ledger.returned_not_refunded(session) == ()
