"""Who is called at intervals after a purchase, on both databases (T6)."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert, select

from models import tables
from models.lifecycle import State
from models.oversight.callbacks import CallbackRules
from store import orders
from store.engine import reading, writing
from store.oversight import callbacks, periodic
from tests.builders import an_order
from tests.shipped import shipped
from tests.store.desk import commit, import_order, next_version, open_case

#: Wednesday 2026-03-04, 07:30 in Shanghai.
MORNING = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
RULES = shipped().callbacks
CALENDAR = shipped().calendars["shop_cn"]


def plan(engine: Engine, now: datetime = MORNING, rules: CallbackRules = RULES, page: int = 500) -> tuple[int, int]:
    """One run over all pages: how many purchases it found due, and how many callbacks it planned."""
    at: str | None = "0"
    found = planned = 0
    while at is not None:
        with writing(engine) as session:
            done = periodic.plan(session, rules, CALENDAR, ZONE, now, at, page)
        found, planned, at = found + done.found, planned + done.planned, done.cursor
    return found, planned


def bought(engine: Engine, order_no: str, day: str, customer: str = "c-88", phone: str = "138") -> None:
    placed = datetime.combine(date.fromisoformat(day), datetime.min.time(), ZONE) + timedelta(hours=12)
    whose = {"id": customer or None, "name": "王小明", "phone": phone}
    import_order(engine, an_order(order_no, placed_at=placed, paid_at=placed, customer=whose))


def planned(engine: Engine) -> list[tuple[str, str, str]]:
    c = tables.callbacks.c
    found = select(c.occasion, c.customer, c.due_at).where(c.occasion != "after_remedy").order_by(c.customer, c.due_at)
    with reading(engine) as session:
        rows = session.execute(found).all()
    return [(row.occasion, row.customer, row.due_at.astimezone(ZONE).strftime("%m-%d %H:%M")) for row in rows]


@pytest.mark.parametrize(
    ("day", "occasion"),
    [
        ("2026-02-01", "last_month"),
        ("2026-02-28", "last_month"),
        ("2026-03-01", None),  # its month is not over
        ("2026-01-04", "two_months"),
        ("2026-01-05", None),
        ("2025-12-19", "two_months"),  # due on 02-19, and not let go yet
        ("2025-12-15", None),
        ("2025-09-04", "half_year"),
        ("2025-03-04", "one_year"),
        ("2024-03-04", "two_years"),
        ("2023-03-04", "three_years"),
        ("2022-03-04", None),
    ],
)
def test_a_purchase_is_followed_by_its_occasions(engine: Engine, day: str, occasion: str | None) -> None:
    bought(engine, "A-1", day)
    plan(engine)
    assert [row[0] for row in planned(engine)] == ([occasion] if occasion else [])


def test_a_callback_is_due_in_the_evening_of_a_working_day_and_planned_once(engine: Engine) -> None:
    bought(engine, "A-1", "2026-01-04")
    assert plan(engine) == (1, 1)
    assert planned(engine) == [("two_months", "c-88", "03-04 21:00")]
    assert plan(engine) == (1, 0)
    assert plan(engine, MORNING + timedelta(days=1)) == (1, 0)
    assert len(planned(engine)) == 1


def test_occasions_count_from_the_last_purchase(engine: Engine) -> None:
    bought(engine, "A-1", "2026-01-04")
    bought(engine, "A-2", "2026-03-02")
    assert plan(engine) == (0, 0)


def test_customers_without_an_id_are_known_by_their_phone_and_those_without_either_are_left_out(engine: Engine) -> None:
    bought(engine, "A-1", "2026-01-04", customer="", phone="13811112222")
    bought(engine, "A-2", "2026-01-04", customer="", phone="")
    plan(engine)
    assert [row[1] for row in planned(engine)] == ["13811112222"]


def test_who_asked_not_to_be_called_is_not(engine: Engine) -> None:
    bought(engine, "A-1", "2026-01-04")
    with writing(engine) as session:
        callbacks.put_preference(session, "c-88", True, "li", MORNING)
    assert plan(engine) == (1, 0)


def test_a_customer_with_an_open_case_is_called_when_it_is_over_and_by_his_last_agents_name(engine: Engine) -> None:
    bought(engine, "A-1", "2026-01-04")
    with reading(engine) as session:
        order = orders.load(session, "A-1")
    assert order is not None
    case = open_case(engine, order, over={"owner": "li"})
    assert plan(engine) == (1, 0)
    commit(engine, next_version(case, state=State.CLOSED, closed_at=MORNING))
    assert plan(engine, MORNING + timedelta(days=1)) == (1, 1)
    with reading(engine) as session:
        assert session.execute(select(tables.callbacks.c.person)).scalars().all() == ["li"]


def test_more_than_a_days_worth_goes_to_the_next_working_days(engine: Engine) -> None:
    for number in range(5):
        bought(engine, f"A-{number}", "2026-01-04", customer=f"c-{number}")
    plan(engine, rules=RULES.model_copy(update={"most_per_day": 2}))
    days = Counter(row[2] for row in planned(engine))
    assert days == {"03-04 21:00": 2, "03-05 21:00": 2, "03-06 21:00": 1}


def test_when_the_evening_is_over_it_begins_tomorrow(engine: Engine) -> None:
    bought(engine, "A-1", "2026-01-04")
    plan(engine, datetime(2026, 3, 6, 13, 30, tzinfo=UTC))  # Friday, 21:30
    assert [row[2] for row in planned(engine)] == ["03-09 21:00"]


@pytest.mark.slow
def test_ten_thousand_customers_are_planned_in_pages_each_once(engine: Engine) -> None:
    placed = datetime(2026, 2, 10, 4, tzinfo=UTC)
    row = {"document": {}, "content_hash": "x", "split_rule": "x", "currency": "CNY", "channel": "shop"}
    times = {"imported_at": placed, "updated_at": placed}
    moments = [placed + timedelta(seconds=n % 7) for n in range(10_000)]
    rows = [
        {**row, **times, "order_no": f"B-{n:05}", "customer_id": f"c-{n}", "placed_at": at}
        for n, at in enumerate(moments)
    ]
    with writing(engine) as session:
        session.execute(insert(tables.orders), rows)
    assert plan(engine, page=1_000) == (10_000, 10_000)
    found = planned(engine)
    assert len({customer for _, customer, _ in found}) == len(found) == 10_000
    assert len({due for _, _, due in found}) == periodic.DAYS_AHEAD
    assert plan(engine, page=3_000) == (10_000, 0)
