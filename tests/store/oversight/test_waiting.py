"""How much waits behind the pages of the desk: counted from indexes, and never further than anybody reads."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text

from models import tables
from models.lifecycle import State
from store.engine import reading, writing
from store.oversight import waiting
from store.oversight.waiting import Asked
from tests.builders import HOUR, NOW, an_order
from tests.store.desk import import_order, open_case

ASKED = Asked("li", NOW, NOW + 8 * HOUR, NOW.date().isoformat())


def counts(engine: Engine, *pages: str, asked: Asked = ASKED) -> dict[str, int]:
    with reading(engine) as session:
        return waiting.counts(session, pages or tuple(waiting.WAITING), asked)


def opened(engine: Engine, number: int, **over: Any) -> None:
    open_case(engine, import_order(engine, an_order(order_no=f"SO-{number}")), over=over)


def test_an_empty_desk_has_nothing_waiting(engine: Engine) -> None:
    assert counts(engine) == dict.fromkeys(waiting.WAITING, 0)


@pytest.mark.parametrize(
    ("over", "page", "many"),
    [
        ({"owner": "li"}, "work", 1),
        ({"owner": "sun"}, "work", 0),
        ({"owner": None}, "work", 0),
        ({"owner": "li", "snoozed_until": NOW + HOUR}, "work", 0),
        ({"owner": "li", "snoozed_until": NOW - HOUR}, "work", 1),
        ({"owner": "li", "state": State.AWAITING_RETURN}, "work", 0),
        ({"state": State.RECEIVED}, "inspection", 1),
        ({"state": State.INSPECTED}, "inspection", 0),
        ({"state": State.AWAITING_APPROVAL}, "approvals", 1),
        ({"owner": None}, "stuck", 1),
        ({"owner": "li"}, "stuck", 0),
    ],
)
def test_a_case_waits_behind_the_page_of_whoever_has_to_move(
    engine: Engine, over: dict[str, Any], page: str, many: int
) -> None:
    opened(engine, 1, **over)
    assert counts(engine, page) == {page: many}


def test_callbacks_count_until_tonight_and_handovers_for_whom_they_are_offered(engine: Engine) -> None:
    day = timedelta(days=1)
    row = {"occasion": "last_month", "state": "due", "created_at": NOW, "tries": 0}
    handover = {"state": "offered", "begun_by": "sun", "began_at": NOW, "outgoing": "sun"}
    with writing(engine) as session:
        for name in ("li", "sun", "wu"):
            person: dict[str, Any] = {"id": name, "name": name, "language": "zh", "channels": [], "changed_at": NOW}
            session.execute(insert(tables.staff).values(**person))
        session.execute(
            insert(tables.callbacks), [{**row, "id": "a", "due_at": NOW}, {**row, "id": "b", "due_at": NOW + day}]
        )
        session.execute(insert(tables.handovers).values(id="h", incoming="li", **handover))
    assert counts(engine, "callbacks", "duty") == {"callbacks": 1, "duty": 1}
    assert counts(engine, "duty", asked=ASKED._replace(person="wu")) == {"duty": 0}


def test_a_page_that_nobody_counts_has_no_number(engine: Engine) -> None:
    assert counts(engine, "reports") == {}


def test_counting_walks_indexes_and_stops(engine: Engine) -> None:
    """No table is read row by row: the rail is on every page."""
    if engine.dialect.name != "sqlite":
        pytest.skip("an empty table of PostgreSQL is read whole, whatever indexes it has")
    with reading(engine) as session:
        for page, asked in waiting.WAITING.items():
            found = asked(ASKED).limit(waiting.MOST).compile(engine, compile_kwargs={"literal_binds": True})
            plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {found}"))]
            bare = [step for step in plan if step.startswith("SCAN") and "INDEX" not in step and "SUBQUERY" not in step]
            assert not bare, f"{page}: {plan}"
