"""Stuck is more than late: every reason that holds is listed, and no other (T12)."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from models import tables
from models.case import Case
from models.clocks import ClockEntry
from models.errors import Invalid
from models.lifecycle import State
from models.money import comparable_of
from models.oversight.stuck import Times
from store.engine import reading, writing
from store.oversight import reasons as facts
from store.oversight import stuck
from store.oversight.stuck import REASONS, Stuck
from tests.builders import DAY, HOUR, NOW, an_order
from tests.store.desk import commit, import_order, next_version, open_case

OWNED = {"owner": "li"}


def looked(engine: Engine, now: datetime = NOW, **narrowed: Any) -> Stuck:
    with reading(engine) as session:
        return stuck.rows(session, now, **narrowed)


def reasons(engine: Engine, now: datetime = NOW) -> set[str]:
    found = looked(engine, now)
    return set(found.items[0].reasons) if found.items else set()


def only_case(engine: Engine, **over: Any) -> Case:
    return open_case(engine, import_order(engine), over={**OWNED, **over})


def reached(case: Case, *alarms: str) -> Case:
    """The case with these alarms of its clock fired."""
    clock = case.clocks[0]
    log = (*clock.log, *(ClockEntry(at=NOW, what="reached", note=name) for name in alarms))
    return next_version(case, clocks=(clock.model_copy(update={"log": log}),))


def test_a_fresh_case_with_an_owner_is_not_stuck(engine: Engine) -> None:
    only_case(engine)
    assert looked(engine) == Stuck(items=(), next_cursor=None, total=0, by_reason={}, by_stage={})


# One working day from Wednesday 10:00 ends Thursday 10:00; three quarters of its 9 hours are used at 16:45,
# twice the target on Friday 10:00.
@pytest.mark.parametrize(
    ("hours", "held"),
    [
        (6.74, set()),
        (6.75, {"due_soon"}),
        (23.99, {"due_soon"}),
        (24, {"overdue"}),
        (47.99, {"overdue"}),
        (48, {"overdue", "silent"}),
    ],
)
def test_a_case_that_nobody_touches_goes_from_due_soon_to_overdue_to_silent(
    engine: Engine, hours: float, held: set[str]
) -> None:
    only_case(engine)
    assert reasons(engine, NOW + hours * HOUR) == held


def test_a_case_waiting_for_the_customer_is_over_waiting_and_never_silent(engine: Engine) -> None:
    only_case(engine, state=State.AWAITING_RETURN)
    assert reasons(engine, NOW + 3 * DAY) == set()
    assert reasons(engine, NOW + 30 * DAY) == {"overdue", "over_waiting"}


HOLDS: list[tuple[dict[str, Any], set[str]]] = [
    ({"owner": None}, {"no_owner"}),
    ({"reassigned": 2, "reopened": 1}, set()),
    ({"reassigned": 3}, {"bouncing"}),
    ({"reopened": 2}, {"bouncing"}),
    ({"escalation": 1}, {"escalated_unacked"}),
    ({"escalation": 1, "acknowledged_until": NOW + HOUR}, set()),
    ({"escalation": 1, "acknowledged_until": NOW - HOUR}, {"escalated_unacked"}),
    ({"failing_step": "close"}, {"step_failing"}),
    ({"state": State.RESOLVED, "callback_misses": 1}, {"callback_missed"}),
    ({"state": State.RESOLVED}, set()),
    ({"clocks": ()}, {"no_timer"}),
    ({"owner": None, "failing_step": "close", "reassigned": 9}, {"no_owner", "step_failing", "bouncing"}),
]


@pytest.mark.parametrize(("over", "held"), HOLDS)
def test_each_reason_holds_for_what_it_says(engine: Engine, over: dict[str, Any], held: set[str]) -> None:
    only_case(engine, **over)
    assert reasons(engine) == held


def test_a_chain_whose_last_level_was_reached_is_exhausted(engine: Engine) -> None:
    case = only_case(engine)
    almost = reached(case, "warning", "level 1", "level 2")
    commit(engine, almost)
    assert reasons(engine) == set()
    last = reached(almost, "level 3")
    commit(engine, last)
    assert reasons(engine) == {"chain_exhausted"}


def test_a_case_whose_every_alarm_has_fired_has_no_timer(engine: Engine) -> None:
    case = only_case(engine)
    fired = [alarm.name for alarm in case.clocks[0].alarms or ()]
    commit(engine, reached(case, *fired))
    assert "no_timer" in reasons(engine)


def test_a_closed_case_is_never_stuck(engine: Engine) -> None:
    case = only_case(engine, owner=None, reassigned=9, failing_step="close")
    commit(engine, next_version(case, state=State.CLOSED, closed_at=NOW))
    assert reasons(engine, NOW + 99 * DAY) == set()


def test_every_reason_can_be_asked_for_alone(engine: Engine) -> None:
    only_case(engine, owner=None, failing_step="close")
    found = {reason for reason in REASONS if looked(engine, only=(reason,)).items}
    assert found == {"no_owner", "step_failing"}
    with pytest.raises(Invalid, match="'tired' is no reason"):
        looked(engine, only=("tired",))


def a_bad_week(engine: Engine) -> None:
    """Two late cases of li's, a costly one without an owner, one that bounces, and one that is fine."""
    order = import_order(engine, an_order(lines=[_cups(4), _vase]))
    for _ in range(2):
        open_case(engine, order, {1: 1}, over={**OWNED, "opened_at": NOW - 7 * DAY})
    open_case(engine, order, {2: 1}, over={"opened_at": NOW - HOUR})
    open_case(engine, order, {1: 1}, over={**OWNED, "state": State.RECEIVED, "reassigned": 4})
    open_case(engine, order, {1: 1}, over=OWNED)


_vase = {"line_no": 2, "sku": "VASE-MING", "unit_price": 880000, "quantity": 1}


def _cups(quantity: int) -> dict[str, Any]:
    return {"line_no": 1, "sku": "CUP-04", "unit_price": 1990, "quantity": quantity}


def test_stuck_cases_are_counted_by_reason_and_stage(engine: Engine) -> None:
    a_bad_week(engine)
    found = looked(engine)
    assert found.total == 4
    assert found.by_reason == {"overdue": 2, "silent": 2, "no_owner": 1, "bouncing": 1}
    assert found.by_stage == {"request": 3, "diagnosis": 1}


@pytest.mark.parametrize(
    ("narrowed", "total"),
    [
        ({"stage": "request"}, 3),
        ({"owner": "li"}, 3),
        ({"kind": "complaint"}, 0),
        ({"at_stake": 88_000_000}, 1),
        ({"only": ("overdue",), "owner": "li", "stage": "request"}, 2),
    ],
)
def test_managers_narrow_the_list(engine: Engine, narrowed: dict[str, Any], total: int) -> None:
    a_bad_week(engine)
    found = looked(engine, **narrowed)
    assert (found.total, len(found.items)) == (total, total)


def test_the_list_is_read_in_pages_with_the_counts_of_all(engine: Engine) -> None:
    a_bad_week(engine)
    seen: list[str] = []
    cursor = None
    while True:
        page = looked(engine, cursor=cursor, limit=3)
        seen += [row.case_no for row in page.items]
        assert page.total == 4
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 4


def test_a_row_says_since_when_and_how_much(engine: Engine) -> None:
    only_case(engine)
    (row,) = looked(engine, NOW + 30 * HOUR).items
    assert (row.reasons, row.since) == (("overdue",), NOW + 24 * HOUR)
    assert (row.at_stake, row.currency) == (12900, "CNY")


def test_a_reason_that_is_not_known_to_hold_does_not(engine: Engine) -> None:
    """An instant that is not known never makes a case stuck, and never hides another reason."""
    case = only_case(engine, escalation=0)
    unknown = Times(due_soon_at=None, silent_at=None, chain_exhausted=False)
    with writing(engine) as session:
        facts.write(session, case, unknown, NOW)
    assert reasons(engine, NOW + 99 * DAY) == {"overdue"}


# ── away, promises, order ─────────────────────────────────────────────────────────────────────────


def test_a_case_whose_owner_comes_back_after_its_deadline_is_stuck_before_it_is_late(engine: Engine) -> None:
    """The deadline is Thursday 10:00; li comes back on Friday, wang on Thursday at nine."""
    only_case(engine)
    friday, thursday = NOW + 47 * HOUR, NOW + 23 * HOUR
    found = looked(engine, away={"li": friday, "wang": friday})
    assert (found.total, found.by_reason, found.items[0].reasons) == (1, {"owner_away": 1}, ("owner_away",))
    assert "back in 1 d 23 h" in found.items[0].why[0].en
    assert looked(engine, away={"li": thursday}).total == 0
    assert looked(engine, away={"li": friday}, only=("overdue",)).total == 0


def test_an_owner_who_is_away_is_counted_beside_the_other_reasons(engine: Engine) -> None:
    a_bad_week(engine)
    found = looked(engine, away={"li": NOW + 99 * DAY})
    assert found.total == 5  # the one that is fine is left behind too
    assert found.by_reason == {"overdue": 2, "silent": 2, "no_owner": 1, "owner_away": 4, "bouncing": 1}
    assert found.by_stage == {"request": 4, "diagnosis": 1}
    assert looked(engine, away={"li": NOW + 99 * DAY}, only=("owner_away", "bouncing")).total == 4


def numbers(found: Stuck) -> list[str]:
    return [row.case_no[-1] for row in found.items]


def test_sums_of_several_currencies_are_compared_in_main_units(engine: Engine) -> None:
    """12900 minor units are 12,900 yen, 129.00 yuan and 12.900 dinars."""
    for number, currency in enumerate(("KWD", "JPY", "CNY")):
        open_case(engine, import_order(engine, an_order(f"K-{number}", currency=currency)), now=NOW)
    costliest = looked(engine, sort="at_stake", only=("no_owner",))
    assert [row.currency for row in costliest.items] == ["JPY", "CNY", "KWD"]
    assert [row.at_stake for row in costliest.items] == [12900] * 3
    from_13 = looked(engine, at_stake=comparable_of("13"), only=("no_owner",))
    assert {row.currency for row in from_13.items} == {"JPY", "CNY"}


def test_managers_choose_what_comes_first(engine: Engine) -> None:
    """Cases 1 and 2 are a week old, 3 is about the vase, 4 bounces."""
    a_bad_week(engine)
    assert numbers(looked(engine)) == ["1", "2", "3", "4"]
    assert numbers(looked(engine, sort="age")) == ["1", "2", "3", "4"]
    assert numbers(looked(engine, sort="at_stake")) == ["3", "4", "2", "1"]
    assert numbers(looked(engine, opened_before=NOW - DAY)) == ["1", "2"]


@pytest.mark.parametrize("sort", stuck.SORTS)
def test_every_order_is_read_in_pages_without_a_gap_or_a_repeat(engine: Engine, sort: Any) -> None:
    a_bad_week(engine)
    seen: list[str] = []
    cursor = None
    while (page := looked(engine, cursor=cursor, limit=1, sort=sort)).items:
        seen += numbers(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == numbers(looked(engine, sort=sort))
    with pytest.raises(Invalid, match="cursor"):
        looked(engine, cursor=looked(engine, limit=1).next_cursor, sort="age" if sort != "age" else "at_stake")


def test_with_many_to_choose_from_the_same_page_comes_by_the_index(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_bad_week(engine)
    few = [looked(engine, sort=sort) for sort in stuck.SORTS]
    monkeypatch.setattr(stuck, "FEW", 0)
    assert [looked(engine, sort=sort) for sort in stuck.SORTS] == few


def test_since_when_nobody_owns_it_is_kept_through_later_changes(engine: Engine) -> None:
    case = only_case(engine, owner=None)
    commit(engine, next_version(case, priority="high"), at=NOW + 5 * HOUR)
    (row,) = looked(engine, NOW + 6 * HOUR).items
    assert (row.reasons, row.since) == (("no_owner",), NOW)
    assert row.why[0].en == "Nobody has owned it for 6 h 0 min."


def test_a_reason_that_ended_and_comes_again_counts_from_then(engine: Engine) -> None:
    case = only_case(engine, failing_step="close")
    mended = next_version(case, failing_step=None)
    commit(engine, mended, at=NOW + HOUR)
    assert reasons(engine, NOW + HOUR) == set()
    commit(engine, next_version(mended, failing_step="close"), at=NOW + 2 * HOUR)
    (row,) = looked(engine, NOW + 3 * HOUR).items
    assert row.since == NOW + 2 * HOUR


def test_a_filter_is_frozen_to_a_list(engine: Engine) -> None:
    a_bad_week(engine)
    with reading(engine) as session:
        listed = stuck.wanted_nos(session, NOW, stuck.Narrowed(stage="request"), 10)
        cut = stuck.wanted_nos(session, NOW, stuck.Narrowed(), 2)
    assert [number[-1] for number in listed] == ["1", "2", "3"]
    assert len(cut) == 3  # one more than the most, so that the caller sees that there are more


def test_the_board_adds_up_what_is_at_stake_in_the_money_of_the_orders(engine: Engine) -> None:
    """Two cases of 129.00 each: 258.00, in minor units."""
    for number in (1, 2):
        open_case(engine, import_order(engine, an_order(order_no=f"SO-{number}")), over={"owner": None})
    with reading(engine) as session:
        (tally,) = stuck.board(session, NOW, stuck.Narrowed())
    assert (tally.reason, tally.cases, tally.at_stake) == ("no_owner", 2, {"CNY": 25800})


def test_the_board_keeps_currencies_apart_that_have_more_digits_or_none(engine: Engine) -> None:
    """129.00 CNY, 129 JPY and 129.000 KWD: 12900, 129 and 129000 minor units."""
    for currency, price in (("CNY", 12900), ("JPY", 129), ("KWD", 129000)):
        kettle = {"line_no": 1, "sku": "KETTLE-17", "name": "kettle", "unit_price": price, "quantity": 1}
        paid = {"payment_no": "P1", "method": "card", "amount": price}
        order = an_order(f"SO-{currency}", currency=currency, lines=[kettle], postage=0, payments=[paid])
        open_case(engine, import_order(engine, order), over={"owner": None})
    with reading(engine) as session:
        (tally,) = stuck.board(session, NOW, stuck.Narrowed())
    assert (tally.cases, tally.at_stake) == (3, {"CNY": 12900, "JPY": 129, "KWD": 129000})


def test_every_number_of_the_board_is_that_of_the_list_behind_it_however_it_is_narrowed(engine: Engine) -> None:
    a_bad_week(engine)
    for wanted in (stuck.Narrowed(), stuck.Narrowed(stage="request"), stuck.Narrowed(owner="li")):
        with reading(engine) as session:
            tallies = stuck.board(session, NOW, wanted)
            for tally in tallies:
                listed = stuck.rows(session, NOW, **dict(wanted.model_copy(update={"only": (tally.reason,)})))
                assert tally.cases == listed.total, (wanted, tally.reason)
        assert tallies


def test_an_owner_who_is_away_is_named_as_people_call_him(engine: Engine) -> None:
    gone = {"li": NOW + 30 * DAY}
    with writing(engine) as session:
        session.execute(insert(tables.staff).values(id="li", name="李娜", language="zh", channels=[], changed_at=NOW))
    open_case(engine, import_order(engine), over={"owner": "li"})
    with reading(engine) as session:
        (row,) = stuck.rows(session, NOW, only=("owner_away",), away=gone).items
    assert "负责人 李娜 不在岗，" in next(one.zh for one in row.why if one.reason == "owner_away")
