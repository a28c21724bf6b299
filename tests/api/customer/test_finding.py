"""Finding an order: what proves that it is his, and that a wrong pair learns nothing at all."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from api.customer import finding
from api.limits import TooManyTries
from models.errors import AftercareError
from store.customers import visits
from store.engine import reading, writing
from tests.builders import NOW, an_order
from tests.databases import opened, sqlite_database
from tests.store.desk import import_order

MINUTE = timedelta(minutes=1)


@pytest.fixture
def engine() -> object:
    with sqlite_database() as url, opened(url) as found:
        yield found


CUSTOMER = {"name": "王小明", "phone": "+86 138-0013-8000", "email": "Wang@Example.com"}


@pytest.mark.parametrize(
    ("proof", "right"),
    [
        ("8000", True),
        ("138000", True),
        ("13800138000", True),
        ("8613800138000", True),
        ("0086 138 0013 8000", True),
        ("wang@example.com ", True),
        ("000", False),
        ("8001", False),
        ("1380", False),
        ("", False),
        ("    ", False),
        ("@", False),
        ("ang@example.com", False),
        ("王小明", False),
        ("٨٠٠٠", False),
        ("\ud800", False),
        ("%8000%", True),  # only its digits count
    ],
)
def test_the_end_of_the_phone_or_the_whole_address_proves_it(proof: str, right: bool) -> None:
    order = an_order(customer=CUSTOMER)
    assert finding.proves(order, proof) is right
    assert not finding.proves(None, proof)


@pytest.mark.parametrize("proof", ["", "0", "8000", "@", "None", "x@y"])
def test_an_order_of_which_we_know_no_phone_and_no_address_is_found_by_nothing(proof: str) -> None:
    assert not finding.proves(an_order(customer={"name": "王小明"}), proof)


def test_whoever_receives_the_parcel_can_prove_it_too() -> None:
    order = an_order(customer=CUSTOMER, ship_to={"name": "李小红", "phone": "13900139111"})
    assert finding.proves(order, "9111")
    assert finding.proves(order, "8000")


def wrong(engine: Engine, order_no: str, address: str, times: int, at: timedelta = timedelta()) -> None:
    for _ in range(times):
        with writing(engine) as session:
            finding.note_wrong(session, order_no, address, NOW + at)


def waits(engine: Engine, order_no: str, address: str, at: timedelta = timedelta()) -> int | None:
    with reading(engine) as session:
        try:
            finding.mind_limits(session, order_no, address, NOW + at)
        except TooManyTries as refused:
            return int(refused.extra["retry_after"])
    return None


def test_five_wrong_tries_for_one_number_shut_it_for_a_quarter_of_an_hour_from_everywhere(engine: Engine) -> None:
    wrong(engine, "KETTLE-1", "1.2.3.4", 4)
    assert waits(engine, "KETTLE-1", "5.6.7.8") is None
    wrong(engine, " kettle-1 ", "9.9.9.9", 1, 5 * MINUTE)
    assert waits(engine, "KETTLE-1", "5.6.7.8", 5 * MINUTE) == 10 * 60
    assert waits(engine, "KETTLE-2", "5.6.7.8", 5 * MINUTE) is None
    assert waits(engine, "KETTLE-1", "5.6.7.8", 15 * MINUTE) is None


def test_twenty_in_a_day_shut_a_number_until_the_first_of_them_is_a_day_old(engine: Engine) -> None:
    for hour in range(5):
        wrong(engine, "KETTLE-1", f"1.1.1.{hour}", 4, hour * 60 * MINUTE)
    assert waits(engine, "KETTLE-1", "5.6.7.8", 10 * 60 * MINUTE) == 14 * 3600


def test_twenty_wrong_tries_from_one_address_shut_it_for_every_number(engine: Engine) -> None:
    for number in range(20):
        wrong(engine, f"GUESS-{number}", "1.2.3.4", 1)
    assert waits(engine, "KETTLE-1", "1.2.3.4") == 10 * 60
    assert waits(engine, "KETTLE-1", "5.6.7.8") is None


def test_what_was_typed_is_not_kept_in_the_clear(engine: Engine) -> None:
    wrong(engine, "KETTLE-1", "1.2.3.4", 1)
    with reading(engine) as session:
        rows = str(session.connection().exec_driver_sql("select * from find_tries").fetchall())
    assert "KETTLE" not in rows
    assert "1.2.3.4" not in rows


@pytest.mark.parametrize(("took", "left"), [(0.0, 0.5), (0.2, 0.3), (0.5, 0.0), (9.0, 0.0)])
def test_a_wrong_pair_is_answered_after_the_same_time_however_soon_it_was_known(took: float, left: float) -> None:
    assert finding.left_of_floor(100.0, lambda: 100.0 + took) == pytest.approx(left)


def test_a_browser_keeps_a_secret_of_which_the_database_has_a_hash(engine: Engine) -> None:
    order_no = import_order(engine).order_no
    with writing(engine) as session:
        secret = visits.begin(session, order_no, {"kind": "quality_fault"}, NOW)
    with reading(engine) as session:
        found = visits.of(session, secret)
        assert found is not None
        assert (found.order_no, found.draft) == (order_no, {"kind": "quality_fault"})
        assert visits.of(session, found.id) is None
        assert visits.of(session, "\ud800") is None


def test_limits_and_wrong_pairs_are_of_our_family() -> None:
    assert issubclass(finding.Unmatched, AftercareError)
    assert (finding.Unmatched.status, TooManyTries.status) == (404, 429)
