"""Who may ask for it: every rule by itself, and all of them together with their reasons."""

from datetime import date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.goods.warranty import months_later
from models.orders import Order
from models.playbook import Eligibility, KeepIt
from models.procedure import eligibility
from models.procedure.eligibility import RULES, Asked, Earlier, Eligible, Rule, judge, received_at
from tests.builders import an_order

SHANGHAI, NEW_YORK, UTC = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York"), ZoneInfo("UTC")


def on(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """An instant as the clock on the shop's wall shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


#: Received on Sunday 1 March 2026, an hour before noon.
RECEIVED = on("2026-03-01 11:00")


def kettles(*, delivered: datetime | None = RECEIVED, shipments: tuple[Any, ...] = (), **line: Any) -> Order:
    """Two kettles; the keywords describe the line."""
    bought = {"line_no": 1, "sku": "KETTLE-17", "name": "电热水壶", "unit_price": 12900, "quantity": 2, **line}
    shipped = on("2026-02-26 09:00")
    return an_order(lines=[bought], delivered_at=delivered, shipped_at=shipped, shipments=shipments)


def asked(rules: dict[str, Any] | None = None, order: Order | None = None, **over: Any) -> Asked:
    """One kettle is asked about on Tuesday 3 March at noon."""
    given_: dict[str, Any] = {
        "rules": Eligibility.model_validate(rules or {}),
        "order": order or kettles(),
        "lines": {1: 1},
        "at": on("2026-03-03 12:00"),
        "zone": SHANGHAI,
        **over,
    }
    return Asked(**given_)


def told(rule: Rule, ask: Asked) -> list[tuple[str, str]]:
    """What one rule answers, and its words."""
    return [(reason.answer, reason.en) for reason in rule(ask)]


def answers(rule: Rule, ask: Asked) -> list[str]:
    return [reason.answer for reason in rule(ask)]


# ── days since delivery (section 13: the day after receipt is day 1) ──


@pytest.mark.parametrize(
    ("received", "now", "zone", "day", "answer"),
    [
        ("2026-03-01 11:00", "2026-03-01 23:59", SHANGHAI, 0, "yes"),  # the day of receipt itself
        ("2026-03-01 11:00", "2026-03-02 00:00", SHANGHAI, 1, "yes"),
        ("2026-03-01 00:00:00", "2026-03-08 23:59:59", SHANGHAI, 7, "yes"),  # almost eight times 24 hours, and day 7
        ("2026-03-01 23:59:59", "2026-03-08 23:59:59", SHANGHAI, 7, "yes"),
        ("2026-03-01 23:59:59", "2026-03-09 00:00:00", SHANGHAI, 8, "no"),  # seven times 24 hours and a second, day 8
        ("2026-03-01 00:00:00", "2026-03-09 00:00:00", SHANGHAI, 8, "no"),
        ("2026-03-01 11:00", "2026-03-08 23:59:59", NEW_YORK, 7, "yes"),  # over the spring change: 23 hours on the 8th
        ("2026-03-01 23:30", "2026-03-09 00:00", NEW_YORK, 8, "no"),
        ("2026-10-25 12:00", "2026-11-01 23:59:59", NEW_YORK, 7, "yes"),  # over the autumn change: 25 hours on the 1st
        ("2024-02-23 12:00", "2024-03-01 12:00", SHANGHAI, 7, "yes"),  # 24–29 February and 1 March
        ("2026-02-22 12:00", "2026-03-01 12:00", SHANGHAI, 7, "yes"),  # 23–28 February and 1 March
        ("2025-12-28 12:00", "2026-01-05 00:00", SHANGHAI, 8, "no"),  # over the end of the year
    ],
)
def test_day_seven_is_in_time_and_day_eight_is_not(
    received: str, now: str, zone: ZoneInfo, day: int, answer: str
) -> None:
    order = kettles(delivered=on(received, zone))
    ask = asked({"days_since_delivery": 7}, order, at=on(now, zone), zone=zone)
    assert told(eligibility.within_days, ask) == [(answer, f"day {day} after delivery, of 7")]


@pytest.mark.parametrize(
    ("zone", "day", "answer"),
    [
        (SHANGHAI, 8, "no"),  # 1 March 00:30 → 9 March 00:30
        (UTC, 8, "no"),  # 28 February 16:30 → 8 March 16:30
        (NEW_YORK, 8, "no"),
        (ZoneInfo("Pacific/Kiritimati"), 8, "no"),
    ],
)
def test_the_same_instants_eight_days_apart_are_eight_days_everywhere(zone: ZoneInfo, day: int, answer: str) -> None:
    order = kettles(delivered=on("2026-03-01 00:30"))
    ask = asked({"days_since_delivery": 7}, order, at=on("2026-03-09 00:30"), zone=zone)
    assert told(eligibility.within_days, ask) == [(answer, f"day {day} after delivery, of 7")]


@pytest.mark.parametrize(
    ("zone", "answer"),
    [
        (SHANGHAI, "no"),  # received on 1 March 23:30, asked on 9 March 00:30: day 8
        (UTC, "yes"),  # received on 1 March 15:30, asked on 8 March 16:30: day 7
        (NEW_YORK, "yes"),  # received on 1 March 10:30, asked on 8 March 12:30: day 7
    ],
)
def test_the_shops_own_midnight_decides(zone: ZoneInfo, answer: str) -> None:
    order = kettles(delivered=on("2026-03-01 23:30"))
    ask = asked({"days_since_delivery": 7}, order, at=on("2026-03-09 00:30"), zone=zone)
    assert answers(eligibility.within_days, ask) == [answer]


def test_the_days_count_from_delivery_never_from_the_order() -> None:
    order = kettles(delivered=on("2026-03-01 11:00")).model_copy(update={"placed_at": on("2025-11-11 00:00")})
    assert answers(eligibility.within_days, asked({"days_since_delivery": 7}, order)) == ["yes"]


def test_without_a_date_of_delivery_a_human_finds_out() -> None:
    ask = asked({"days_since_delivery": 7}, kettles(delivered=None))
    assert told(eligibility.within_days, ask) == [("human", "nobody told us when it was delivered: find out")]


def test_without_a_limit_nobody_counts() -> None:
    assert told(eligibility.within_days, asked(order=kettles(delivered=None))) == []


# ── parcels that came on different days ──


def in_parcels(*parcels: tuple[dict[int, int], datetime | None]) -> Order:
    """A kettle and four cups in these parcels; a parcel without lines holds whatever the order has."""
    shipments = [
        {
            "shipment_no": f"S{i}",
            "shipped_at": on("2026-02-26 09:00"),
            "delivered_at": at,
            "lines": [{"line_no": no, "quantity": quantity} for no, quantity in lines.items()],
        }
        for i, (lines, at) in enumerate(parcels, start=1)
    ]
    lines = [
        {"line_no": 1, "sku": "KETTLE-17", "unit_price": 12900, "quantity": 1},
        {"line_no": 2, "sku": "CUP-04", "unit_price": 1990, "quantity": 4},
    ]
    return an_order(lines=lines, delivered_at=None, shipments=shipments)


FIRST, THIRD = on("2026-03-01 11:00"), on("2026-03-03 15:00")


@pytest.mark.parametrize(
    ("parcels", "kettle", "cups"),
    [
        ([({1: 1}, FIRST), ({2: 4}, THIRD)], FIRST, THIRD),  # each line has its own day
        ([({1: 1, 2: 2}, FIRST), ({2: 2}, THIRD)], FIRST, THIRD),  # the last parcel of a line counts
        ([({2: 2}, THIRD), ({1: 1, 2: 2}, FIRST)], FIRST, THIRD),  # whatever its number
        ([({1: 1, 2: 2}, FIRST), ({2: 2}, None)], FIRST, None),  # two cups are still on their way
        ([({}, FIRST)], FIRST, FIRST),  # a parcel without lines holds it all
        ([({1: 1}, None), ({2: 4}, None)], None, None),
    ],
)
def test_the_last_parcel_of_a_line_counts(parcels: Any, kettle: datetime | None, cups: datetime | None) -> None:
    order = in_parcels(*parcels)
    assert (received_at(order, 1), received_at(order, 2)) == (kettle, cups)


def test_each_line_is_judged_by_its_own_parcel() -> None:
    order = in_parcels(({1: 1}, FIRST), ({2: 4}, THIRD))
    ask = asked({"days_since_delivery": 7}, order, lines={1: 1, 2: 4}, at=on("2026-03-09 10:00"))
    assert [(r.line_no, r.answer) for r in eligibility.within_days(ask)] == [(1, "no"), (2, "yes")]  # days 8 and 6
    assert judge(ask).answer == "no"


def test_only_the_lines_that_are_asked_about_are_judged() -> None:
    order = in_parcels(({1: 1}, FIRST), ({2: 4}, THIRD))
    ask = asked({"days_since_delivery": 7}, order, lines={2: 1}, at=on("2026-03-09 10:00"))
    assert judge(ask).answer == "yes"


# ── excluded classes, final sale, quantity, once per line, keep-its ──


@pytest.mark.parametrize(
    ("category", "rules", "answer"),
    [
        ("custom_made", {"excluded_categories": ["custom_made", "perishable"]}, ["no"]),
        ("custom_made", {"excluded_categories": ["custom_made"], "exclusion_needs_consent": True}, ["human"]),
        ("kettle", {"excluded_categories": ["custom_made"]}, []),
        (None, {"excluded_categories": ["custom_made"], "exclusion_needs_consent": True}, []),
        ("custom_made", {}, []),
    ],
)
def test_excluded_classes_and_the_consent_that_the_law_wants(
    category: str | None, rules: dict[str, Any], answer: list[str]
) -> None:
    assert answers(eligibility.not_excluded, asked(rules, kettles(category=category))) == answer


@pytest.mark.parametrize(
    ("sold_as_final", "allowed", "answer"), [(True, False, ["no"]), (True, True, []), (False, False, [])]
)
def test_final_sale(sold_as_final: bool, allowed: bool, answer: list[str]) -> None:
    ask = asked({"final_sale": allowed}, kettles(final_sale=sold_as_final))
    assert answers(eligibility.not_final_sale, ask) == answer


@pytest.mark.parametrize(("wanted", "answer"), [(1, "yes"), (2, "yes"), (3, "no")])
def test_not_more_units_than_were_bought(wanted: int, answer: str) -> None:
    ask = asked(lines={1: wanted})
    assert told(eligibility.no_more_than_bought, ask) == [(answer, f"{wanted} of the 2 that were bought")]


@pytest.mark.parametrize(
    ("once", "before", "answer"),
    [
        (True, {1: ("AC-26-000007", "AC-26-000009")}, [("no", "there was case AC-26-000007 about it already")]),
        (True, {2: ("AC-26-000007",)}, []),  # about another line
        (True, {1: ()}, []),
        (False, {1: ("AC-26-000007",)}, []),
    ],
)
def test_once_per_line(once: bool, before: dict[int, tuple[str, ...]], answer: list[tuple[str, str]]) -> None:
    ask = asked({"once_per_line": once}, earlier=Earlier(cases_of_line=before))
    assert told(eligibility.once_per_line, ask) == answer


@pytest.mark.parametrize(
    ("had", "allowed", "answer"), [(0, 2, []), (2, 2, []), (3, 2, ["human"]), (1, 0, ["human"]), (0, 0, [])]
)
def test_a_third_keep_it_in_ninety_days_is_a_managers_K6(had: int, allowed: int, answer: list[str]) -> None:
    ask = asked(earlier=Earlier(keep_its=had), keep_it=KeepIt(earlier=allowed, earlier_days=90))
    assert answers(eligibility.few_keep_its, ask) == answer
    assert all(f"{had} keep-it refunds in 90 days" in reason.en for reason in eligibility.few_keep_its(ask))


# ── warranty ──


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-31", 1, "2026-02-28"),  # February has no 31st
        ("2024-01-31", 1, "2024-02-29"),  # a leap year
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-03-31", 1, "2026-04-30"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-03-01", 12, "2027-03-01"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2026-11-30", 1, "2026-12-30"),
        ("2026-03-15", 0, "2026-03-15"),
    ],
)
def test_so_many_months_later(day: str, months: int, later: str) -> None:
    assert months_later(date.fromisoformat(day), months) == date.fromisoformat(later)


@given(day=st.dates(date(2000, 1, 1), date(2090, 12, 31)), months=st.integers(0, 600))
def test_a_month_later_lies_in_that_month_and_never_after_its_day(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)
    assert months_later(day, months + 1) > later


TWELVE = {"warranty": {"months": 12}}


@pytest.mark.parametrize(
    ("rules", "category", "repaired", "now", "answer", "says"),
    [
        (TWELVE, None, 0, "2027-03-01 23:59", "yes", "under warranty until 2027-03-01"),  # its last day
        (TWELVE, None, 0, "2027-03-02 00:00", "human", "the warranty ended on 2027-03-01"),
        (TWELVE, None, 10 * 86400, "2027-03-11 12:00", "yes", "until 2027-03-11"),  # ten days in repair are added
        (TWELVE, None, 10 * 86400, "2027-03-12 00:00", "human", "ended on 2027-03-11"),
        (TWELVE, None, 1, "2027-03-02 12:00", "yes", "until 2027-03-02"),  # a day begun counts for the customer
        (TWELVE, None, 86400, "2027-03-03 00:00", "human", "ended on 2027-03-02"),
        ({"warranty": {"months": 12, "by_category": {"heater": 36}}}, "heater", 0, "2029-03-01 12:00", "yes", "2029"),
        ({"warranty": {"months": 12, "by_category": {"heater": 36}}}, "cup", 0, "2029-03-01 12:00", "human", "2027"),
        ({"warranty": {"months": 0}}, None, 0, "2026-03-02 12:00", "human", "ended on 2026-03-01"),
    ],
)
def test_warranty_from_the_day_of_receipt_and_longer_by_time_in_repair(
    rules: dict[str, Any], category: str | None, repaired: int, now: str, answer: str, says: str
) -> None:
    ask = asked(rules, kettles(category=category), at=on(now), earlier=Earlier(repair_seconds=repaired))
    [(got, words)] = told(eligibility.under_warranty, ask)
    assert got == answer
    assert says in words


def test_a_warranty_that_began_on_the_31st_ends_with_the_shorter_month() -> None:
    order = kettles(delivered=on("2026-08-31 10:00"))
    for now, answer in (("2027-02-28 23:59", "yes"), ("2027-03-01 00:00", "human")):
        assert answers(eligibility.under_warranty, asked({"warranty": {"months": 6}}, order, at=on(now))) == [answer]


@pytest.mark.parametrize(
    ("wanted", "known", "named", "answer", "says"),
    [
        (True, ("SN-1", "SN-2"), ("SN-2",), "yes", "under warranty"),
        (True, ("SN-1", "SN-2"), ("SN-9",), "human", "serial number SN-9 is not of this order"),
        (True, ("SN-1", "SN-2"), ("SN-1", "SN-9"), "human", "SN-9"),
        (True, ("SN-1", "SN-2"), (), "human", "compare the serial number"),
        (False, ("SN-1", "SN-2"), (), "yes", "under warranty"),
        (False, ("SN-1",), ("SN-9",), "human", "SN-9"),  # named all the same, and wrong
        (True, (), ("SN-9",), "yes", "under warranty"),  # the shop knows none, so the date of purchase decides
        (True, (), (), "yes", "under warranty"),
    ],
)
def test_warranty_by_serial_number(
    wanted: bool, known: tuple[str, ...], named: tuple[str, ...], answer: str, says: str
) -> None:
    rules = {"warranty": {"months": 12, "serial": wanted}}
    [(got, words)] = told(eligibility.under_warranty, asked(rules, kettles(serials=known), serials={1: named}))
    assert got == answer
    assert says in words


def test_out_of_warranty_and_not_known_are_told_apart_F10() -> None:
    """The case of the first is quoted; that of the second is looked at."""
    over = judge(asked(TWELVE, at=on("2027-03-02 00:00")))
    unknown = judge(asked(TWELVE, kettles(delivered=None)))
    assert [r.rule for r in over.against] == [eligibility.WARRANTY_OVER]
    assert [r.rule for r in unknown.against] == ["warranty"]
    assert (over.answer, unknown.answer) == ("human", "human")


# ── before delivery ──


@pytest.mark.parametrize(
    ("only_before", "delivered", "answer"), [(True, RECEIVED, ["no"]), (True, None, []), (False, RECEIVED, [])]
)
def test_what_was_delivered_is_a_return(only_before: bool, delivered: datetime | None, answer: list[str]) -> None:
    ask = asked({"before_dispatch": only_before}, kettles(delivered=delivered))
    assert answers(eligibility.not_delivered_yet, ask) == answer


def test_a_line_that_is_still_on_its_way_is_not_shut_out_by_one_that_came() -> None:
    order = in_parcels(({1: 1}, FIRST), ({2: 4}, None))
    rules = {"before_dispatch": True}
    assert answers(eligibility.not_delivered_yet, asked(rules, order, lines={1: 1})) == ["no"]
    assert answers(eligibility.not_delivered_yet, asked(rules, order, lines={2: 1})) == []


@pytest.mark.parametrize(
    ("now", "answer"),
    [("2026-03-03 11:59:59", ["human"]), ("2026-03-03 12:00:00", ["human"]), ("2026-03-03 12:00:01", [])],
)
def test_before_its_cutoff_an_order_is_not_late_L11(now: str, answer: list[str]) -> None:
    ask = asked(at=on(now), leaves_by=on("2026-03-03 12:00"))
    assert answers(eligibility.ought_to_have_left, ask) == answer
    assert all("2026-03-03 12:00" in reason.en for reason in eligibility.ought_to_have_left(ask))


def test_an_order_without_a_cutoff_is_not_asked_L11() -> None:
    assert answers(eligibility.ought_to_have_left, asked(leaves_by=None)) == []


# ── all together ──

#: One situation per answer that a rule can give, each brought about by its own part of the question.
NO: dict[str, Any] = {"rules": {"final_sale": False}, "line": {"final_sale": True}}
HUMAN: dict[str, Any] = {"earlier": Earlier(keep_its=9)}
YES: dict[str, Any] = {"rules": {"days_since_delivery": 7}}


@pytest.mark.parametrize(("no", "human", "yes"), list(product((True, False), repeat=3)))
def test_no_comes_before_human_and_human_before_yes_and_all_reasons_are_kept(no: bool, human: bool, yes: bool) -> None:
    rules = {**(NO["rules"] if no else {}), **(YES["rules"] if yes else {})}
    ask = asked(rules, kettles(**(NO["line"] if no else {})), **(HUMAN if human else {}))
    found = judge(ask)
    assert found.answer == ("no" if no else "human" if human else "yes")
    by_answer = {a: [r.rule for r in found.reasons if r.answer == a] for a in ("no", "human", "yes")}
    assert by_answer == {
        "no": ["final_sale"] if no else [],
        "human": ["keep_its"] if human else [],
        "yes": ["days_since_delivery", "quantity"] if yes else ["quantity"],
    }


def test_every_reason_is_told_in_both_languages() -> None:
    rules = {
        "days_since_delivery": 7,
        "excluded_categories": ["custom_made"],
        "exclusion_needs_consent": True,
        "final_sale": False,
        "before_dispatch": True,
        "once_per_line": True,
        "warranty": {"months": 12, "serial": True},
    }
    found = judge(
        asked(
            rules,
            kettles(category="custom_made", final_sale=True, serials=("SN-1",)),
            lines={1: 3},
            serials={1: ("SN-9",)},
            at=on("2026-04-01 12:00"),
            earlier=Earlier(keep_its=3, cases_of_line={1: ("AC-26-000007",)}),
            leaves_by=on("2026-04-02 12:00"),
        )
    )
    assert found.answer == "no"
    assert len(found.against) == len(RULES), "each rule speaks against it once"
    assert all(reason.zh and reason.en and reason.zh != reason.en for reason in found.reasons)
    assert Eligible.model_validate_json(found.model_dump_json()) == found


def test_a_case_without_an_order_has_nothing_to_count() -> None:
    rules = {"days_since_delivery": 7, "once_per_line": True, "warranty": {"months": 12}, "before_dispatch": True}
    bare = Asked(rules=Eligibility.model_validate(rules), order=None, at=on("2026-03-03 12:00"), zone=SHANGHAI)
    assert judge(bare) == Eligible(answer="yes")
