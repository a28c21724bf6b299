"""Warranty cards: issued once, asked by the rules, and longer by every repair (F10, section 13)."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from models.errors import Conflict
from models.goods.warranty import Card
from store import maintenance
from store.engine import reading, writing
from store.goods import warranties
from store.procedure.earlier import earlier
from tests.builders import DAY, NOW
from tests.models.story import found
from tests.store.till import CALENDARS, Till


def a_card(serial: str = "SN-1", **over: object) -> Card:
    base = {"card_no": f"W-{serial}", "serial": serial, "sku": "KETTLE-17", "order_no": "KETTLE-1", "line_no": 1}
    return Card.model_validate({**base, "starts_on": date(2026, 3, 2), "months": 12, **over})


def issued(engine: Engine, *cards: Card) -> None:
    with writing(engine) as session:
        warranties.issue(session, cards, "aftercare", NOW)


def card(engine: Engine, serial: str) -> Card:
    with reading(engine) as session:
        return warranties.find(session, serial=serial)[0]


@pytest.mark.parametrize(
    ("starts_on", "months", "seconds", "until"),
    [
        (date(2026, 3, 2), 12, 0, date(2027, 3, 2)),
        (date(2026, 1, 31), 1, 0, date(2026, 2, 28)),  # the last day of a shorter month
        (date(2026, 3, 2), 12, 86_400, date(2027, 3, 3)),
        (date(2026, 3, 2), 12, 86_401, date(2027, 3, 4)),  # a day begun counts
    ],
)
def test_the_last_day_of_a_card(starts_on: date, months: int, seconds: int, until: date) -> None:
    assert a_card(starts_on=starts_on, months=months, repair_seconds=seconds).until == until


def test_a_card_is_found_by_serial_number_card_and_order_and_issued_once(engine: Engine) -> None:
    Till(engine)
    issued(engine, a_card("SN-1"), a_card("SN-2"))
    issued(engine, a_card("SN-1", months=99))
    with reading(engine) as session:
        assert [one.serial for one in warranties.find(session, order_no="KETTLE-1")] == ["SN-1", "SN-2"]
        assert warranties.find(session, serial="SN-1", order_no="ELSEWHERE") == ()
        assert warranties.find(session, card_no="W-SN-1")[0].months == 12
    with writing(engine) as session:
        assert warranties.issue_one(session, a_card("SN-1"), "li", NOW) == a_card("SN-1")
    with pytest.raises(Conflict, match="W-SN-1 was issued"), writing(engine) as session:
        warranties.issue_one(session, a_card("SN-1", months=24), "li", NOW)


def repaired(engine: Engine, days: int, serials: tuple[str, ...] = ()) -> Till:
    """A kettle that was so many days in the workshop, and is on its way back."""
    till = Till(engine)
    issued(engine, a_card("SN-1"), a_card("SN-2"))
    case_no = till.opened()
    if serials:
        till.name_serials(case_no, serials)
    till.drive(
        case_no,
        ("agent", "authorise_return"),
        ("customer", "ship_return", {"carrier": "sf", "waybill": "SF1"}),
        ("warehouse", "book_in"),
        ("warehouse", "confirm_fault", {"lines": [found(disposition="customer")]}),
        ("agent", "choose_remedy", {"remedy": "repair", "customer_agrees": True}),
    )
    till.now += days * DAY - timedelta(minutes=3)
    till.drive(
        case_no,
        ("workshop", "finish_repair", {"report": "tight"}),
        ("warehouse", "ship_back", {"carrier": "sf", "waybill": "SF9"}),
    )
    return till


def test_time_in_repair_is_added_to_the_card_of_the_device_that_was_repaired(engine: Engine) -> None:
    till = repaired(engine, 5, ("SN-2",))
    assert (card(engine, "SN-1").repaired_days, card(engine, "SN-2").repaired_days) == (0, 5)
    till.drive("AC-26-000001", ("courier", "record_delivery", {"outcome": "delivered"}))
    assert card(engine, "SN-2").repaired_days == 5  # said again it adds nothing
    with writing(engine) as session:
        maintenance.rebuild(session, CALENDARS)
    assert card(engine, "SN-2").until == date(2027, 3, 7)


def test_where_it_cannot_be_told_which_of_two_it_was_nothing_is_added(engine: Engine) -> None:
    repaired(engine, 5)
    assert (card(engine, "SN-1").repaired_days, card(engine, "SN-2").repaired_days) == (0, 0)


def test_the_rules_know_the_cards_of_the_lines_that_are_asked_about(engine: Engine) -> None:
    till = Till(engine)
    issued(engine, a_card("SN-1"))
    with reading(engine) as session:
        known = earlier(session, till.order, [1, 2], NOW)
    assert known.cards == {1: (a_card("SN-1"),)}
