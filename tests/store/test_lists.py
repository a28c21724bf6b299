"""The list of cases: filters mean what they say, and pages neither skip nor repeat a case."""

from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from models.errors import Invalid
from models.lifecycle import State
from store import finding, lists
from store.accounting import payouts
from store.cursors import encode
from store.engine import reading
from store.lists import CaseFilters, CaseRow, Sort
from tests.builders import DAY, HOUR, NOW, an_order
from tests.databases import emptied
from tests.store.desk import commit, import_order, next_version, open_case, refund

SORTS: tuple[Any, ...] = get_args(Sort)
PRIORITIES = ("urgent", "high", "normal", "low")


def listed(engine: Engine, sort: Any = "due_at", **filters: Any) -> list[CaseRow]:
    with reading(engine) as session:
        rows, _ = lists.cases(session, CaseFilters(**filters), sort, now=filters.pop("now", NOW))
    return list(rows)


def numbers(rows: list[CaseRow]) -> list[int]:
    return [int(row.case_no[-2:]) for row in rows]


def in_pages(engine: Engine, sort: Any, size: int) -> list[CaseRow]:
    rows: list[CaseRow] = []
    cursor = None
    while True:
        with reading(engine) as session:
            page, cursor = lists.cases(session, CaseFilters(), sort, cursor, size, now=NOW)
        rows += page
        if cursor is None:
            return rows


def a_shelf(engine: Engine, count: int = 11) -> None:
    """Cases that differ in priority and age, several of them alike, and two that are closed."""
    order = import_order(engine, an_order(lines=[_many(count)]))
    for n in range(count):
        opened_at = NOW - (n % 4) * HOUR
        case = open_case(engine, order, over={"priority": PRIORITIES[n % 4], "opened_at": opened_at})
        if n % 5 == 4:
            commit(engine, next_version(case, state=State.CLOSED, closed_at=NOW))


def _many(count: int) -> dict[str, Any]:
    return {"line_no": 1, "sku": "CUP-04", "unit_price": 1990, "quantity": count}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("size", [1, 3, 11, 50])
def test_pages_put_together_are_the_whole_list(engine: Engine, sort: Any, size: int) -> None:
    a_shelf(engine)
    whole = in_pages(engine, sort, 100)
    assert len(whole) == 11
    assert in_pages(engine, sort, size) == whole


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(PRIORITIES), st.integers(0, 2)), min_size=1, max_size=8), st.data())
def test_no_sort_and_no_page_size_skips_or_repeats_a_case(
    engine: Engine, cases: list[tuple[str, int]], data: st.DataObject
) -> None:
    emptied(engine)
    order = import_order(engine, an_order(lines=[_many(len(cases))]))
    for priority, age in cases:
        open_case(engine, order, over={"priority": priority, "opened_at": NOW - age * DAY})
    sort, size = data.draw(st.sampled_from(SORTS)), data.draw(st.integers(1, 9))
    assert sorted(numbers(in_pages(engine, sort, size))) == list(range(1, len(cases) + 1))


def test_cases_opened_while_somebody_turns_the_pages_do_not_shift_them(engine: Engine) -> None:
    a_shelf(engine, 6)
    with reading(engine) as session:
        first, cursor = lists.cases(session, CaseFilters(), "opened_at", None, 3, now=NOW)
    other = import_order(engine, an_order("KETTLE-2"))
    open_case(engine, other, over={"opened_at": NOW - 9 * DAY})  # sorts before everything seen
    with reading(engine) as session:
        rest, _ = lists.cases(session, CaseFilters(), "opened_at", cursor, 10, now=NOW)
    assert sorted(numbers([*first, *rest])) == [1, 2, 3, 4, 5, 6]


def test_each_sort_puts_first_what_it_is_for(engine: Engine) -> None:
    a_shelf(engine)
    by_due = listed(engine, "due_at")
    assert [row.due_at for row in by_due[:9]] == sorted(row.due_at for row in by_due[:9] if row.due_at)
    assert [row.due_at for row in by_due[9:]] == [None, None]
    oldest = [row.opened_at for row in listed(engine, "opened_at")]
    assert oldest == sorted(oldest)
    assert [row.opened_at for row in listed(engine, "-opened_at")] == oldest[::-1]
    ranks = [PRIORITIES.index(row.priority) for row in listed(engine, "priority")]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    "cursor",
    ["", "kettle", "🫖", "e30", encode("priority", (1, NOW, "AC-26-000001")), encode("due_at", ("soon", "x")),
     encode("due_at", (NOW,)), encode("due_at", (NOW, 7)), encode("due_at", (NOW.replace(tzinfo=None), "x"))],
)  # fmt: skip
def test_a_cursor_that_is_not_of_this_list_is_refused(engine: Engine, cursor: str) -> None:
    with reading(engine) as session, pytest.raises(Invalid, match="begin again"):
        lists.cases(session, CaseFilters(), "due_at", cursor, 10, now=NOW)


FILTERED: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [1, 2, 3]),
    ({"state": ("received",)}, [2]),
    ({"state": ("received", "closed")}, [2, 3]),
    ({"stage": ("request",)}, [1]),
    ({"kind": ("quality_fault",)}, [1, 2, 3]),
    ({"kind": ("change_of_mind",)}, []),
    ({"owner": ("li",)}, [2]),
    ({"waiting_for": ("warehouse", "nobody")}, [2, 3]),
    ({"severity": ("critical",)}, [2]),
    ({"order_no": "KETTLE-1"}, [1, 2, 3]),
    ({"order_no": "KETTLE"}, []),
    ({"open": True}, [1, 2]),
    ({"open": False}, [3]),
    ({"escalation": 1}, [2]),
    ({"escalation": 2}, []),
    ({"snoozed": True}, [1]),
    ({"snoozed": False}, [2, 3]),
    ({"overdue": True}, []),
    ({"overdue": False}, [1, 2, 3]),
    ({"stuck": True}, [1, 2]),  # 1 has no owner, 2 is escalated and nobody has acknowledged it
    ({"stuck": False}, [3]),
    ({"stuck": "no_owner"}, [1]),
    ({"q": "ac-26-000002"}, [2]),
    ({"q": "000002"}, [2]),
    ({"q": "3"}, [3]),  # the third case, and not whatever has a 3 in it
    ({"q": "王小明"}, [1, 2, 3]),
    ({"q": "小明"}, [1, 2, 3]),
    ({"q": "kettle-17"}, [1]),
    ({"q": "cup-04"}, [2, 3]),
    ({"q": "SF10"}, [2]),
    ({"q": "8000"}, [1, 2, 3]),
    ({"q": "+86 138 0013 8000"}, [1, 2, 3]),
    ({"q": "100%"}, []),
    ({"q": "_"}, []),
    ({"q": "  "}, [1, 2, 3]),
    ({"state": ("received",), "owner": ("zhang",)}, []),
]


def test_a_waybill_is_found_in_either_direction_and_in_any_case(engine: Engine) -> None:
    """What went out to the customer is known by its order, what comes back by its case."""
    went = {"shipment_no": "S1", "carrier": "YTO", "waybill": "YT8800112233", "lines": [{"line_no": 1, "quantity": 1}]}
    order = import_order(engine, an_order("KETTLE-77", shipments=[went]))
    open_case(engine, order, {1: 1}, over={"waybills": ("SF200300",)})
    other = import_order(engine, an_order("KETTLE-770"))
    open_case(engine, other, {1: 1})
    for text in ("YT8800112233", "yt8800112233", "SF200300", "sf200300", "KETTLE-77", "kettle-77"):
        assert numbers(listed(engine, q=text)) == [1], text
    assert len(listed(engine, q="KETTLE-7")) == 2, "a part of a number finds all that have it"
    with reading(engine) as session:
        assert [one.order_no for one in finding.orders(session, "yt8800112233", 5)] == ["KETTLE-77"]
        assert [one.order_no for one in finding.orders(session, "kettle-770", 5)] == ["KETTLE-770"]


@pytest.mark.parametrize(("filters", "found"), FILTERED)
def test_a_filter_finds_what_it_names(engine: Engine, filters: dict[str, Any], found: list[int]) -> None:
    order = import_order(engine)
    open_case(engine, order, {1: 1}, over={"snoozed_until": NOW + DAY})
    second = {
        "state": "received",
        "owner": "li",
        "severity": "critical",
        "escalation": 1,
        "waybills": ("SF1029",),
    }
    open_case(engine, order, {2: 1}, over=second)
    third = open_case(engine, order, {2: 1})
    commit(engine, next_version(third, state=State.CLOSED, closed_at=NOW))
    assert sorted(numbers(listed(engine, **filters))) == found


def test_overdue_means_open_and_past_its_deadline(engine: Engine) -> None:
    order = import_order(engine)
    open_case(engine, order, over={"opened_at": NOW - 7 * DAY})
    open_case(engine, order)
    assert numbers(listed(engine, overdue=True)) == [1]
    assert numbers(listed(engine, overdue=False)) == [2]


def test_an_unknown_reason_for_being_stuck_is_named(engine: Engine) -> None:
    with pytest.raises(Invalid, match="'tired' is no reason"):
        listed(engine, stuck="tired")


def test_the_payouts_queue_is_read_in_pages(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order, {2: 4})
    each = [refund(f"k:{n}", ())[0].model_copy(update={"amount": 100 + n}) for n in range(5)]
    commit(engine, next_version(case, payouts=tuple(each)))
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        with reading(engine) as session:
            page, cursor = payouts.list(session, states=("approved",), case_no=case.case_no, cursor=cursor, limit=2)
        seen += [row.id for row in page]
    assert (seen, cursor) == ([f"k:{n}" for n in range(5)], None)
