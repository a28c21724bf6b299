"""Opening a case: its number, its units (F18) and its idempotency key are taken in one transaction."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select

from models import tables
from models.effects import Decision
from models.errors import AftercareError, Conflict, Invalid, NotFound
from models.lifecycle import State
from models.orders import Order
from store import cases, lists, orders
from store.cases import NewCase
from store.engine import reading, writing
from tests.builders import CALENDARS, HOUR, NOW, a_case, an_order
from tests.store.desk import (
    commit,
    ending,
    import_order,
    loaded,
    next_version,
    open_case,
    refund,
    refund_draws,
)


def test_numbers_count_up_within_a_year_and_begin_anew_in_the_next(engine: Engine) -> None:
    with writing(engine) as session:
        taken = [cases.next_case_no(session, year) for year in (2026, 2026, 2027, 2026)]
    assert taken == ["AC-26-000001", "AC-26-000002", "AC-27-000001", "AC-26-000003"]


def test_an_opened_case_is_stored_as_it_was_built_with_its_clocks_armed(engine: Engine) -> None:
    order = import_order(engine)
    opened = open_case(engine, order, description="漏水 🫖", contact={"name": "王小明", "phone": "138-0013-8000"})
    assert loaded(engine, opened.case_no) == opened
    assert opened.due_at == NOW + 24 * HOUR  # 8 h of Wednesday are left until 18:00, the ninth ends Thursday 10:00
    with reading(engine) as session:
        assert cases.description(session, opened.case_no) == "漏水 🫖"
        assert cases.contact(session, opened.case_no) == {"name": "王小明", "phone": "138-0013-8000"}
        assert [entry.action for entry in cases.timeline(session, opened.case_no)] == ["opened"]


def test_an_unknown_order_is_named(engine: Engine) -> None:
    with pytest.raises(NotFound, match="TEAPOT-9"):
        open_case(engine, an_order("TEAPOT-9"))


def test_a_case_may_be_without_an_order(engine: Engine) -> None:
    def built(case_no: str) -> Decision:
        return Decision(case=a_case(case_no).model_copy(update={"order": None, "lines": ()}))

    with writing(engine) as session:
        opened = cases.open_case(session, NewCase(build=built, now=NOW, calendars=CALENDARS))
    assert loaded(engine, opened.case_no).order is None


# ── F18: a unit can be in one open case at a time ─────────────────────────────────────────────────


def test_a_second_case_for_the_same_unit_is_refused_and_pointed_to_the_first(engine: Engine) -> None:
    order = import_order(engine)
    first = open_case(engine, order, {1: 2})
    with pytest.raises(Conflict, match=rf"{first.case_no}.*add_issue") as refused:
        open_case(engine, order, {1: 1})
    assert refused.value.extra["case_no"] == first.case_no


def test_the_other_unit_of_a_line_can_be_in_a_case_of_its_own(engine: Engine) -> None:
    order = import_order(engine)
    open_case(engine, order, {1: 1})
    open_case(engine, order, {1: 1})
    with pytest.raises(Conflict, match="AC-26-000001, AC-26-000002"):
        open_case(engine, order, {1: 1})


def test_more_than_was_delivered_is_refused_with_how_many_are_left(engine: Engine) -> None:
    order = import_order(engine)
    with pytest.raises(Invalid, match=r"3 units of line 1 .* 2 are left"):
        open_case(engine, order, {1: 3})
    with pytest.raises(Invalid, match="of which 1 are left"):
        open_case(engine, order, {1: 2}, allowed_per_line={1: 1})
    with pytest.raises(Invalid, match="of which 0 are left"):
        open_case(engine, order, {1: 1}, allowed_per_line={})


def test_a_refused_opening_takes_no_number(engine: Engine) -> None:
    order = import_order(engine)
    with pytest.raises(Invalid):
        open_case(engine, order, {1: 3})
    assert open_case(engine, order).case_no == "AC-26-000001"


@pytest.mark.parametrize("end", [State.CLOSED, State.REJECTED, State.WITHDRAWN])
def test_a_case_that_ends_lets_its_units_go(engine: Engine, end: State) -> None:
    order = import_order(engine)
    first = open_case(engine, order, {1: 2})
    commit(engine, next_version(first, state=end, closed_at=NOW, clocks=()))
    assert open_case(engine, order, {1: 2}).case_no != first.case_no


def test_refunded_units_cannot_be_claimed_again(engine: Engine) -> None:
    order = import_order(engine)
    first = open_case(engine, order)
    payout, draw = refund("k:1", refund_draws(order))
    commit(
        engine,
        next_version(first, state=State.CLOSED, payouts=(payout,)),
        money=(draw, ending("settle", draw)),
    )
    with pytest.raises(Invalid, match="of which 1 are left"):
        open_case(engine, order, {1: 2})


def test_a_unit_that_is_held_and_being_refunded_counts_once(engine: Engine) -> None:
    order = import_order(engine)
    first = open_case(engine, order, {1: 1})
    payout, draw = refund("k:1", refund_draws(order))
    refunding = next_version(first, payouts=(payout,))
    commit(engine, refunding, money=(draw,))
    second = open_case(engine, order, {1: 1})  # the other kettle
    assert second.case_no == "AC-26-000002"


def test_money_given_back_makes_the_unit_the_cases_own_again(engine: Engine) -> None:
    order = import_order(engine)
    first = open_case(engine, order, {1: 1})
    payout, draw = refund("k:1", refund_draws(order))
    drawn = next_version(first, payouts=(payout,))
    commit(engine, drawn, money=(draw,))
    commit(engine, next_version(drawn, payouts=()), money=(ending("release", draw),))
    with pytest.raises(Conflict):
        open_case(engine, order, {1: 2})


def test_a_reopened_case_takes_its_units_again(engine: Engine) -> None:
    order = import_order(engine)
    first = open_case(engine, order, {1: 2})
    closed = next_version(first, state=State.CLOSED, closed_at=NOW)
    commit(engine, closed)
    commit(engine, next_version(closed, state=State.REQUESTED, closed_at=None))
    with pytest.raises(Conflict, match=first.case_no):
        open_case(engine, order, {1: 1})
    assert _messages(engine) == []


def test_a_case_reopened_onto_units_of_another_case_is_written_and_a_manager_told(engine: Engine) -> None:
    order = import_order(engine)
    first = open_case(engine, order, {1: 2})
    closed = next_version(first, state=State.CLOSED, closed_at=NOW)
    commit(engine, closed)
    second = open_case(engine, order, {1: 1})
    reopened = next_version(closed, state=State.REQUESTED, closed_at=None)
    commit(engine, reopened)
    assert loaded(engine, first.case_no).state is State.REQUESTED
    assert [to for to, _ in _messages(engine)] == ["manager"]
    assert second.case_no in _messages(engine)[0][1]


def _messages(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as session:
        found = session.execute(select(tables.messages.c.recipient, tables.messages.c.subject))
        return [(row.recipient, row.subject) for row in found]


# ── Idempotency-Key ───────────────────────────────────────────────────────────────────────────────


def test_the_same_request_under_the_same_key_is_the_same_case(engine: Engine) -> None:
    order = import_order(engine)
    first = open_case(engine, order, idempotency_key="web-77", request_hash="abc")
    again = open_case(engine, order, idempotency_key="web-77", request_hash="abc")
    assert again == first
    with reading(engine) as session:
        assert session.execute(select(func.count()).select_from(tables.cases)).scalar_one() == 1


def test_another_request_under_a_used_key_is_refused(engine: Engine) -> None:
    order = import_order(engine)
    open_case(engine, order, idempotency_key="web-77", request_hash="abc")
    with pytest.raises(Conflict, match="Idempotency-Key"):
        open_case(engine, order, {2: 1}, idempotency_key="web-77", request_hash="def")


def test_a_refused_request_leaves_its_key_free(engine: Engine) -> None:
    order = import_order(engine)
    with pytest.raises(Invalid):
        open_case(engine, order, {1: 9}, idempotency_key="web-77", request_hash="abc")
    assert open_case(engine, order, {1: 1}, idempotency_key="web-77", request_hash="def").version == 1


# ── at the same moment ────────────────────────────────────────────────────────────────────────────


def test_of_many_who_ask_for_the_last_units_at_once_just_enough_get_them(engine: Engine) -> None:
    order = import_order(engine)  # four cups

    def ask(_: int) -> str:
        try:
            return open_case(engine, order, {2: 1}).case_no
        except AftercareError as refused:
            return refused.code

    with ThreadPoolExecutor(12) as crowd:
        got = sorted(crowd.map(ask, range(24)))
    assert got == [f"AC-26-{n:06d}" for n in (1, 2, 3, 4)] + ["conflict"] * 20


def test_a_request_repeated_at_the_same_moment_opens_one_case(engine: Engine) -> None:
    order = import_order(engine)

    def ask(_: int) -> str:
        return open_case(engine, order, idempotency_key="impatient", request_hash="abc").case_no

    with ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(ask, range(16))) == {"AC-26-000001"}
    with reading(engine) as session:
        assert len(lists.of_order(session, order.order_no)) == 1


def test_cases_of_different_orders_get_numbers_without_a_gap(engine: Engine) -> None:
    every = [an_order(f"KETTLE-{n}") for n in range(12)]
    with writing(engine) as session:
        orders.put_many(session, every, NOW)

    def ask(order: Order) -> str:
        return open_case(engine, order).case_no

    with ThreadPoolExecutor(6) as crowd:
        assert sorted(crowd.map(ask, every)) == [f"AC-26-{n:06d}" for n in range(1, 13)]
