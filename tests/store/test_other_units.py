"""Who comes a moment too late for the units of a line gets others of it, where the amount is what was shown (F20)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from models.accounting.other_units import draw_alike
from models.effects import CommitInput, CommitResult, Decision
from models.errors import MoneyRefused, PotExceeded
from models.pots import Draw, Pots, amount_draws, draw, payment_draws, pots_of, unit_draws
from store import cases
from store.accounting.audit import audit_money
from store.engine import writing
from tests.builders import an_order
from tests.store.desk import commit, import_order, loaded, next_version, open_case, pots_now, refund
from tests.store.test_caps import HERE
from tests.store.till import CALENDARS, Till

KETTLE: dict[str, Any] = {"line_no": 1, "sku": "KETTLE-17", "name": "电热水壶", "unit_price": 12900}
REFUND = ("choose_remedy", {"remedy": "refund"})


def sold(engine: Engine, quantity: int, **line: Any) -> Till:
    paid = 12900 * quantity - line.get("discount", 0)
    payment = {"payment_no": "P1", "method": "alipay", "amount": paid}
    return Till(engine, an_order(lines=[{**KETTLE, "quantity": quantity, **line}], postage=0, payments=[payment]))


def decided_at_once(till: Till, many: int) -> list[tuple[str, Decision, int]]:
    """So many cases that are granted a refund by what is left before any of them is written."""
    numbers = [till.opened(**{**HERE, "advanced_freight": 0}) for _ in range(many)]
    found = []
    for number in numbers:
        base = till.case(number).version
        found.append((number, till.decided(number, "director", REFUND[0], **REFUND[1]), base))
    return found


def written(till: Till, decided: tuple[str, Decision, int]) -> CommitResult:
    _, decision, base = decided
    drain = CommitInput(case=decision.case, base=base, effects=decision.effects, at=till.later())
    with writing(till.engine) as session:
        first = cases.write_commit(session, drain, CALENDARS)
    with writing(till.engine) as session:
        assert cases.write_commit(session, drain, CALENDARS).version == first.version, "the same drain, the same answer"
    return first


@pytest.mark.parametrize("units", [3, 40])
def test_all_who_decide_at_the_same_moment_get_a_unit_of_those_that_cost_the_same(engine: Engine, units: int) -> None:
    """1.00 of tax inside 3 x 129.00: one has 0.34 of it and two 0.33, and each costs 129.00."""
    till = sold(engine, units, tax=100, tax_included=True)
    decided = decided_at_once(till, units)
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda one: written(till, one), decided))
    assert [answer.refused for answer in answers] == [()] * units
    for number, *_ in decided:
        till.pay_all(number)
        assert till.case(number).money.paid == 12900
    assert (till.pots().payable, sum(pot.units_left for pot in till.pots().units)) == (0, 0)
    assert audit_money(engine).findings == ()


def test_what_was_drawn_instead_is_what_is_taken_back(engine: Engine) -> None:
    till = sold(engine, 3, tax=100, tax_included=True)
    first, late = decided_at_once(till, 2)
    written(till, first)
    answer = written(till, late)
    assert answer.ahead is not None
    assert [(one.rank, one.units) for one in answer.ahead.payouts[0].draws if one.account == "unit"] == [(1, 1)]
    till.drive(late[0], ("manager", "correct", {"to_state": "fault_confirmed", "reason": "it was a mistake"}))
    assert [(pot.rank, pot.units_out) for pot in till.pots().units] == [(0, 1), (1, 0)]
    assert audit_money(engine).findings == ()


def test_a_cent_less_or_more_is_not_what_was_shown_and_is_chosen_again(engine: Engine) -> None:
    """1.01 off 3 x 129.00: two cost 128.66 and one 128.67."""
    till = sold(engine, 3, discount=101)
    first, second, late = decided_at_once(till, 3)
    assert [written(till, one).refused for one in (first, second)] == [(), ()]
    (refusal,) = written(till, late).refused
    assert "Choose the remedy again" in refusal.detail
    assert till.case(late[0]).state == "fault_confirmed"
    till.drive(late[0], ("director", *REFUND))
    assert till.case(late[0]).money.refund == 12867
    assert audit_money(engine).findings == ()


def test_money_for_goods_that_stay_comes_from_another_unit_where_the_first_has_no_more(engine: Engine) -> None:
    """K4: 100.00 of each of two kettles, both asked of the one that would be refunded last."""
    paid = {"payment_no": "P1", "amount": 25699}
    order = import_order(
        engine, an_order(lines=[{**KETTLE, "quantity": 2, "discount": 101}], postage=0, payments=[paid])
    )
    pots = pots_now(engine, order)
    draws = (*amount_draws(pots, 1, 10000), *payment_draws(pots, 10000))
    for _ in range(2):
        case = open_case(engine, order)
        payout, move = refund(f"{case.case_no}:1", draws)
        given = case.money.model_copy(update={"refund": 10000})
        assert commit(engine, next_version(case, payouts=(payout,), money=given), money=(move,)).refused == ()
    kept = loaded(engine, case.case_no).payouts[0].draws
    assert [(one.rank, one.amount) for one in kept if one.account == "unit"] == [(1, 2850), (0, 7150)]
    assert audit_money(engine).findings == ()


def _said(draws: Sequence[Draw]) -> tuple[dict[Any, Any], list[Draw]]:
    """What was shown: per line the units, the amount and what is withheld; and all that is no unit."""
    lines: dict[Any, Any] = {}
    for one in draws:
        if one.account == "unit":
            units, amount, withheld = lines.get(one.line_no, (0, 0, 0))
            lines[one.line_no] = (units + one.units, amount + one.amount, withheld + one.withheld)
    return lines, [one for one in draws if one.account != "unit"]


@given(
    st.integers(1, 6),
    st.integers(0, 20),
    st.integers(0, 20),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300)), min_size=1, max_size=4),
)
def test_whatever_others_took_meanwhile_it_is_what_was_shown_or_nothing(
    quantity: int, discount: int, tax: int, included: bool, asked: list[tuple[int, int]]
) -> None:
    line = {
        **KETTLE,
        "unit_price": 100,
        "quantity": quantity,
        "discount": discount,
        "tax": tax,
        "tax_included": included,
    }
    shown = pots_of(an_order(lines=[line], postage=0, payments=[{"payment_no": "P1", "amount": 10_000}]))
    now: Pots = shown
    for units, amount in asked:
        try:
            goods = unit_draws(shown, 1, units) if units else amount_draws(shown, 1, amount)
        except (MoneyRefused, PotExceeded):
            continue
        draws = (*goods, *payment_draws(shown, sum(one.amount for one in goods)))
        try:
            after, drawn = draw_alike(now, draws, {})
        except PotExceeded:
            continue
        assert _said(drawn) == _said(draws)
        assert after == draw(now, drawn)
        assert all(pot.left >= 0 and 0 <= pot.units_out <= pot.units for pot in after.units)
        now = after
