"""What is listed at a handover: all that somebody owns, read at once however much it is (T11)."""

from sqlalchemy import Engine, event

from store import cases
from store.engine import reading
from store.people import handovers
from tests.builders import an_order
from tests.store.desk import import_order, open_case


def test_all_cases_of_somebody_are_read_in_one_journey(engine: Engine) -> None:
    """Three cases or one: the same two statements, in the order of their deadlines."""
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    for number in (1, 2, 3):
        open_case(engine, import_order(engine, an_order(order_no=f"SO-{number}")), over={"owner": "li"})
        asked.clear()
        with reading(engine) as session:
            numbers = handovers.open_cases_of(session, "li")
            found = cases.load_many(session, (*numbers, "AC-26-999999"))
        assert set(found) == set(numbers)
        assert len(found) == number
        assert len([one for one in asked if one.lstrip().startswith("SELECT")]) == 2
