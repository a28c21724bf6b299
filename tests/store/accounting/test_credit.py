"""Store credit as a running account: credited once, drawn once, never below zero (R2)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, update
from sqlalchemy.exc import IntegrityError

from activities.gateways.store_credit import Credit
from activities.payments import BalanceBook
from models.errors import AftercareError, Conflict, NotFound
from models.tables import balance_entries, balances
from store import orders
from store.accounting import credit
from store.accounting.audit import audit_money
from store.accounting.registers import REGISTERS
from store.engine import reading, writing
from tests.builders import NOW, an_order
from tests.databases import emptied


def credited(engine: Engine, amount: int = 3000, key: str = "AC-26-000001:refund:1", customer: str = "c-88") -> str:
    """Credit a customer as the gateway does; answers the reference of the entry."""
    wanted = Credit(key, customer, amount, "CNY", "refund AC-26-000001", "")
    return BalanceBook(engine, lambda: NOW).credit(wanted).reference


def paid_with(engine: Engine, amount: int, order_no: str = "SPOON-1", **over: Any) -> str:
    """Send an order that is paid with so much store credit, and the rest by card."""
    rest = {"payment_no": "P2", "method": "alipay", "amount": 34760 - amount}
    payments = [{"payment_no": "P1", "method": "Store_Credit", "amount": amount}, rest]
    order = an_order(order_no, **{"payments": payments, **over})
    with writing(engine) as session:
        return orders.put(session, order, NOW)


def has(engine: Engine, customer: str = "c-88") -> int:
    with reading(engine) as session:
        return credit.of_customer(session, customer).get("CNY", 0)


def cleared(engine: Engine, amount: str | None = None, key: str = "clear:1") -> int:
    asked = credit.Clearing(key=key, customer_id="c-88", currency="CNY", amount=amount, reason="cash", by="zhou")
    with writing(engine) as session:
        return credit.clear(session, asked, NOW).remains


def test_a_key_is_credited_once_however_often_it_is_sent(engine: Engine) -> None:
    assert {credited(engine) for _ in range(5)} == {"balance CNY 1"}
    assert has(engine) == 3000


def test_many_workers_that_credit_one_key_at_once_write_one_entry(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        references = set(pool.map(lambda _: credited(engine), range(16)))
    assert (references, has(engine)) == ({"balance CNY 1"}, 3000)


def test_an_order_draws_it_once_and_the_register_says_which(engine: Engine) -> None:
    credited(engine)
    assert [paid_with(engine, 1000), paid_with(engine, 1000)] == ["imported", "unchanged"]
    assert has(engine) == 2000
    with reading(engine) as session:
        rows = REGISTERS["balances"](session)
    assert [(row["what"], row["order_no"], row["remains"].amount) for row in rows] == [
        ("credited", None, 3000),
        ("used", "SPOON-1", 2000),
    ]


def test_an_order_that_takes_more_than_there_is_is_refused_in_one_sentence_and_leaves_nothing(engine: Engine) -> None:
    credited(engine, 500)
    with pytest.raises(Conflict, match=r"10\.00 CNY of store credit was asked for, and customer c-88 has 5\.00"):
        paid_with(engine, 1000)
    assert has(engine) == 500
    with reading(engine) as session:
        assert orders.load(session, "SPOON-1") is None


def test_a_file_of_orders_is_taken_but_for_the_one_that_is_short(engine: Engine) -> None:
    credited(engine, 1500)
    batch = [
        an_order(f"SPOON-{n}", payments=[{"payment_no": "P1", "method": "store_credit", "amount": 1000}])
        for n in (1, 2, 3)
    ]
    with writing(engine) as session:
        first, *others = orders.put_many(session, batch, NOW)
    assert first == "imported"
    assert all("has 5.00" in said for said in others)
    assert has(engine) == 500


def test_a_payment_that_shrinks_or_goes_puts_it_back(engine: Engine) -> None:
    credited(engine)
    paid_with(engine, 3000)
    assert has(engine) == 0
    assert paid_with(engine, 1200) == "updated"
    assert has(engine) == 1800
    assert paid_with(engine, 0) == "updated"
    assert has(engine) == 3000
    assert paid_with(engine, 2500) == "updated"
    assert has(engine) == 500


def test_an_order_that_names_no_customer_cannot_be_paid_with_credit(engine: Engine) -> None:
    with pytest.raises(Conflict, match="names no customer"):
        paid_with(engine, 1000, customer={"name": "王小明"})


def test_finance_clears_what_is_there_and_no_more(engine: Engine) -> None:
    with pytest.raises(NotFound):
        cleared(engine)
    credited(engine)
    assert (cleared(engine, "10.00"), cleared(engine, "10.00")) == (2000, 2000)  # the same key, once
    with pytest.raises(Conflict, match=r"has 20\.00"):
        cleared(engine, "20.01", key="clear:2")
    assert cleared(engine, key="clear:3") == 0


@pytest.mark.parametrize("other", ["9.99", None])
def test_the_same_key_with_another_body_is_refused(engine: Engine, other: str | None) -> None:
    credited(engine)
    cleared(engine, "10.00")
    with pytest.raises(Conflict, match="Idempotency-Key was used for another request"):
        cleared(engine, other)
    assert has(engine) == 2000


def test_the_database_itself_lets_no_balance_fall_below_zero(engine: Engine) -> None:
    credited(engine)
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.execute(update(balances).values(amount=-1))


PLANTED: dict[str, Any] = {
    "a balance that was raised by hand": update(balances).values(amount=9999),
    "an entry that is gone": delete(balance_entries).where(balance_entries.c.what == "used"),
    "an entry without a balance": insert(balance_entries).values(
        key="x",
        customer_id="nobody",
        currency="CNY",
        number=1,
        what="credited",
        debit="customer",
        credit="shop",
        amount=1,
        remains=1,
        why="?",
        at=NOW,
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_the_audit_names_what_is_planted(engine: Engine, name: str) -> None:
    credited(engine)
    paid_with(engine, 1000)
    assert audit_money(engine).findings == ()
    with writing(engine) as session:
        session.execute(PLANTED[name])
    found = audit_money(engine).findings
    assert found
    assert {one.sort for one in found} == {"balance"}


MOVES = st.lists(
    st.tuples(st.sampled_from(["credit", "use", "clear"]), st.integers(0, 3), st.integers(0, 4000)), max_size=10
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_whatever_is_done_in_any_order_what_came_in_is_what_went_out_and_what_is_left(
    engine: Engine, moves: list[tuple[str, int, int]]
) -> None:
    emptied(engine)
    sent: dict[str, int] = {}
    used: dict[str, int] = {}
    gone: dict[str, int] = {}
    does: dict[str, Callable[[int, int], None]] = {
        "credit": lambda n, amount: _credit(engine, sent, n, amount),
        "use": lambda n, amount: _use(engine, used, n, amount),
        "clear": lambda n, amount: _clear(engine, gone, n, amount),
    }
    for what, number, amount in moves:
        try:
            does[what](number, amount)
        except AftercareError:
            continue
    assert has(engine) == sum(sent.values()) - sum(used.values()) - sum(gone.values()) >= 0
    assert audit_money(engine).findings == ()


def _credit(engine: Engine, sent: dict[str, int], number: int, amount: int) -> None:
    credited(engine, amount + 1, key=f"K{number}")
    sent.setdefault(f"K{number}", amount + 1)


def _use(engine: Engine, used: dict[str, int], number: int, amount: int) -> None:
    paid_with(engine, amount, f"SPOON-{number}")
    used[f"SPOON-{number}"] = amount


def _clear(engine: Engine, gone: dict[str, int], number: int, amount: int) -> None:
    before = has(engine)
    cleared(engine, f"{(amount + 1) / 100:.2f}", key=f"C{number}")
    gone[f"C{number}"] = gone.get(f"C{number}", 0) + before - has(engine)
