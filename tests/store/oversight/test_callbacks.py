"""Callbacks beside their cases: due, tried, answered or given up, and whom the answers score (T5–T7, T17)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, select

from models import tables
from models.errors import Conflict, NotFound
from store import maintenance
from store.engine import reading, writing
from store.oversight import callbacks
from store.oversight.callbacks import CallbackRow, Due, Scores
from tests.builders import NOW, an_order
from tests.store.till import CALENDARS, Till

DAY = timedelta(days=1)
FOREVER = NOW + 400 * DAY


def answered(till: Till, owner: str = "li", **over: Any) -> str:
    """A case that was answered for good, and now waits for its callback."""
    case_no = till.opened("usage_help", owner=owner, **over)
    till.drive(case_no, ("agent", "answer", {"text": "Press it for 3 s.", "final": True}))
    return case_no


def of_case(engine: Engine, case_no: str) -> list[CallbackRow]:
    here = select(tables.callbacks).where(tables.callbacks.c.case_no == case_no).order_by(tables.callbacks.c.created_at)
    with reading(engine) as session:
        return [CallbackRow.model_validate(row) for row in session.execute(here)]


def due(engine: Engine, now: datetime = NOW, **narrowed: Any) -> Due:
    with reading(engine) as session:
        return callbacks.due(session, now, **narrowed)


def scores(engine: Engine, begin: datetime = NOW - DAY, end: datetime = FOREVER) -> tuple[Scores, ...]:
    with reading(engine) as session:
        return callbacks.scores(session, begin, end)


def test_a_resolved_case_has_a_callback_due_when_its_clock_says_T5(engine: Engine) -> None:
    till = Till(engine)
    case_no = answered(till)
    (one,) = of_case(engine, case_no)
    assert (one.state, one.person, one.kind, one.tries) == ("due", "li", "usage_help", 0)
    assert one.due_at == till.case(case_no).due_at


def test_a_try_that_reaches_nobody_is_kept_with_its_channel_and_the_next_one_is_due_later(engine: Engine) -> None:
    till = Till(engine)
    case_no = answered(till)
    before = of_case(engine, case_no)[0].due_at
    till.drive(case_no, ("agent", "miss_callback", {"channel": "phone", "note": "nobody there"}))
    (one,) = of_case(engine, case_no)
    assert (one.state, one.tries, one.last_try_at) == ("due", 1, till.now)
    assert one.due_at == till.case(case_no).due_at
    assert one.due_at > before
    with reading(engine) as session:
        (attempt,) = session.execute(select(tables.callback_tries)).all()
    assert tuple(attempt) == (one.id, 1, till.now, "li", "phone", "nobody there")


def test_after_three_tries_the_customer_counts_as_unreachable(engine: Engine) -> None:
    till = Till(engine)
    case_no = answered(till)
    till.drive(case_no, *[("agent", "miss_callback")] * 3)
    (one,) = of_case(engine, case_no)
    assert (one.state, one.tries, till.case(case_no).state) == ("unreachable", 3, "closed")
    assert due(engine).total == 0


def test_the_survey_is_kept_and_scores_who_handled_the_case_not_who_called_T6_T7(engine: Engine) -> None:
    till = Till(engine)
    case_no = answered(till, owner="zhang")
    told = {"satisfied": True, "scores": {"polite": 5, "solved": 3}, "words": "thanks", "channel": "phone"}
    till.drive(case_no, ("agent", "complete_callback", told))
    (one,) = of_case(engine, case_no)
    assert (one.state, one.ended_by) == ("answered", "li")
    (of_zhang,) = scores(engine)
    assert (of_zhang.person, of_zhang.surveys, of_zhang.satisfied) == ("zhang", 1, 1)
    assert (of_zhang.average("polite"), of_zhang.average("solved"), of_zhang.average("competent")) == (5, 3, None)


def test_a_dissatisfied_customers_case_begins_again_and_has_another_callback_later(engine: Engine) -> None:
    till = Till(engine)
    case_no = answered(till)
    till.drive(
        case_no,
        ("agent", "complete_callback", {"satisfied": False, "scores": {"solved": 1}}),
        ("agent", "answer", {"text": "We send a new one.", "final": True}),
        ("agent", "complete_callback", {"satisfied": True, "scores": {"solved": 5}}),
    )
    assert [one.state for one in of_case(engine, case_no)] == ["answered", "answered"]
    (of_li,) = scores(engine)
    assert (of_li.surveys, of_li.satisfied, of_li.average("solved")) == (2, 1, 3.0)


def test_a_case_that_goes_on_before_anybody_called_drops_its_callback(engine: Engine) -> None:
    till = Till(engine)
    case_no = answered(till)
    till.drive(case_no, ("manager", "close", {"reason": "a test case"}))
    assert [one.state for one in of_case(engine, case_no)] == ["dropped"]
    with reading(engine) as session:
        assert callbacks.ended(session, NOW - DAY, FOREVER) == {"dropped": 1}


def test_scores_are_those_of_the_time_asked_for(engine: Engine) -> None:
    till = Till(engine)
    till.drive(answered(till), ("agent", "complete_callback", {"satisfied": True}))
    at = till.now
    assert scores(engine, NOW - DAY, at) == ()
    assert len(scores(engine, at, at + DAY)) == 1


def test_what_is_due_is_listed_in_pages_by_person_with_what_is_overdue(engine: Engine) -> None:
    till = Till(engine, an_order(lines=[{"line_no": 1, "sku": "CUP", "unit_price": 1990, "quantity": 9}]))
    for owner in ("li", "li", "zhang"):
        answered(till, owner=owner)
    last = max(one.due_at for one in due(engine).items)
    first = due(engine, last, limit=2)
    assert (len(first.items), first.total, first.overdue) == (2, 3, 3)
    assert first.by_person == {"li": 2, "zhang": 1}
    rest = due(engine, last, limit=2, cursor=first.next_cursor)
    assert (len(rest.items), rest.next_cursor) == (1, None)
    assert due(engine, NOW, person="zhang").total == 1
    assert due(engine, NOW, until=NOW).total == 0
    assert due(engine, NOW, occasion="periodic").total == 0


def test_a_callback_that_is_over_is_not_ended_twice(engine: Engine) -> None:
    till = Till(engine)
    case_no = answered(till)
    till.drive(case_no, ("agent", "complete_callback", {"satisfied": True}))
    (one,) = of_case(engine, case_no)
    with writing(engine) as session:
        callbacks.given_up(session, one.id, NOW + 9 * DAY, "aftercare")
    assert of_case(engine, case_no) == [one]
    with pytest.raises(Conflict, match="answered"):
        callbacks.still_due(one)
    with reading(engine) as session, pytest.raises(NotFound):
        callbacks.get(session, "nobody's")


def test_a_rebuild_brings_back_the_callback_of_a_case_that_waits_for_it(engine: Engine) -> None:
    till = Till(engine)
    before = of_case(engine, case_no := answered(till))
    with writing(engine) as session:
        session.execute(delete(tables.callbacks))
        maintenance.rebuild(session, CALENDARS)
    assert of_case(engine, case_no) == before


def test_a_customer_who_wants_no_calls_loses_the_periodic_ones_only(engine: Engine) -> None:
    till = Till(engine)
    answered(till)
    row = {"id": "p1", "occasion": "two_months", "customer": "c-88", "state": "due", "created_at": NOW, "due_at": NOW}
    with writing(engine) as session:
        session.execute(insert(tables.callbacks).values(**row))
        assert callbacks.put_preference(session, "c-88", True, "li", NOW, "asked on the phone") == 1
    with reading(engine) as session:
        assert callbacks.no_calls(session, ("c-88", "c-89")) == {"c-88"}
    assert [one.occasion for one in due(engine).items] == ["after_remedy"]
