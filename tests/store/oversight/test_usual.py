"""How long a state usually takes, by kind, decides when a case is silent; without history its target does (T12)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from models.tables import case_clocks, cases, usual_times
from store.engine import reading, writing
from store.oversight import stuck, usual
from tests.builders import CALENDARS, DAY, HOUR, NOW, an_order
from tests.store.desk import commit, import_order, next_version, open_case

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(engine: Engine) -> Iterator[Engine]:
    """A database of which this process believes nothing yet."""
    with reading(engine) as session:
        usual.forget(session)
    yield engine
    with writing(engine) as session:
        session.execute(delete(usual_times))
        usual.forget(session)


def past(engine: Engine, case_no: str, used: list[int], clock: str = "requested", ago: timedelta = DAY) -> None:
    """Clocks of a kind that were met, each after so many minutes of use."""
    row = {"case_no": case_no, "clock": clock, "state": "met", "target": 32_400, "calendar": "shop"}
    row |= {"outcome": "escalate", "started_at": NOW - ago - HOUR, "ended_at": NOW - ago, "breached": False, "log": []}
    rows = [{**row, "cycle": 100 + n, "used_before": minutes * 60} for n, minutes in enumerate(used)]
    with writing(engine) as session:
        session.execute(insert(case_clocks), rows)


def silent_at(engine: Engine, case_no: str) -> tuple[datetime | None, int | None]:
    with reading(engine) as session:
        return tuple(
            session.execute(select(cases.c.silent_at, cases.c.usual_time).where(cases.c.case_no == case_no)).one()
        )


def computed(engine: Engine, now: datetime = NOW) -> tuple[str, ...]:
    with writing(engine) as session:
        return usual.compute(session, now)


def test_a_case_is_silent_after_twice_the_median_of_its_kind_and_state(shop: Engine) -> None:
    """Twenty were triaged in 30 minutes to 10 hours, the middle one in an hour: silent after two hours of nobody."""
    case = open_case(shop, import_order(shop), now=NOW)
    assert silent_at(shop, case.case_no) == (NOW + 2 * DAY, None)  # twice its target, one working day
    past(shop, case.case_no, [30] * 9 + [60, 60] + [600] * 9)
    assert computed(shop) == ("quality_fault",)
    with writing(shop) as session:
        assert usual.see_again(session, ("quality_fault",), CALENDARS, NOW, "", 10) == (1, None)
    assert silent_at(shop, case.case_no) == (NOW + 2 * HOUR, 3600)
    with reading(shop) as session:
        assert "silent" not in [r for row in stuck.rows(session, NOW + 119 * MINUTE).items for r in row.reasons]
        (row,) = stuck.rows(session, NOW + 121 * MINUTE, only=("silent",)).items
    (told,) = [why for why in row.why if why.reason == "silent"]
    assert told.since == NOW + 2 * HOUR
    assert "the usual time of 'requested' (1 h 0 min, the median of 90 days)" in told.en
    assert "通常用时（1 小时" in told.zh


def test_a_commit_goes_by_what_is_usual_then(shop: Engine) -> None:
    case = open_case(shop, import_order(shop), now=NOW)
    past(shop, case.case_no, [60] * 20)
    computed(shop)
    commit(shop, next_version(case, last_acted_at=NOW + HOUR))
    assert silent_at(shop, case.case_no) == (NOW + 3 * HOUR, 3600)


@pytest.mark.parametrize(
    ("used", "ago", "seconds"),
    [
        ([60] * 19, DAY, None),  # too few to say
        ([60] * 20, 91 * DAY, None),  # too long ago
        ([60] * 20, 89 * DAY, 3600),
        ([1] * 15 + [90] * 10, DAY, 60),  # most of them were nobody's work; silent after half an hour all the same
        (list(range(1, 42)), DAY, 21 * 60),  # the middle of 41
    ],
)
def test_history_counts_when_there_is_enough_of_it(
    shop: Engine, used: list[int], ago: timedelta, seconds: int | None
) -> None:
    case = open_case(shop, import_order(shop), now=NOW)
    past(shop, case.case_no, used, ago=ago)
    computed(shop)
    with reading(shop) as session:
        assert usual.known(session).get(("quality_fault", "requested")) == seconds


def test_what_hardly_changed_is_no_change(shop: Engine) -> None:
    case = open_case(shop, import_order(shop), now=NOW)
    past(shop, case.case_no, [100] * 20)
    assert computed(shop) == ("quality_fault",)
    longer = update(case_clocks).where(case_clocks.c.cycle >= 100)
    for minutes, changed in ((109, ()), (111, ("quality_fault",)), (111, ())):
        with writing(shop) as session:
            session.execute(longer.values(used_before=minutes * 60))
        assert computed(shop) == changed


def test_without_enough_history_the_reason_says_so(shop: Engine) -> None:
    open_case(shop, import_order(shop), now=NOW)
    with reading(shop) as session:
        (row,) = stuck.rows(session, NOW + 3 * DAY, only=("silent",)).items
    (told,) = [why for why in row.why if why.reason == "silent"]
    assert "too little history" in told.en


def test_open_cases_are_gone_through_in_pages(shop: Engine) -> None:
    numbers = [open_case(shop, import_order(shop, an_order(f"K-{n}")), now=NOW).case_no for n in range(3)]
    past(shop, numbers[0], [60] * 20)
    computed(shop)
    after, seen = "", []
    for _ in range(3):
        with writing(shop) as session:
            changed, last = usual.see_again(session, ("quality_fault",), CALENDARS, NOW, after, 2)
        seen.append(changed)
        if last is None:
            break
        after = last
    assert seen == [2, 1]
    assert {silent_at(shop, number)[1] for number in numbers} == {3600}
