"""The reports of T13: what they count, that every number is as long as its list, and whose month it is."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, delete, select, update

from models import tables
from models.case import About
from models.errors import Invalid, NotFound
from models.oversight.reports import Period, month_period, read_cell
from store import maintenance
from store.engine import reading, writing
from store.oversight import reports
from store.oversight.reports import Asked
from tests.builders import DAY, NOW, an_order
from tests.shipped import shipped
from tests.store.till import CALENDARS, Till

ZONE = ZoneInfo("Asia/Shanghai")
MARCH = month_period("2026-03", ZONE)
RULES = shipped().reports
MANY: dict[str, Any] = {
    "lines": [
        {"line_no": 1, "sku": "KETTLE-17", "name": "电热水壶", "unit_price": 12900, "quantity": 9},
        {"line_no": 2, "sku": "CUP-04", "name": "陶瓷杯", "unit_price": 1990, "quantity": 9},
    ],
    "payments": [{"payment_no": "P1", "method": "alipay", "amount": 135010}],
    "shipments": [{"shipment_no": "S1", "carrier": "sf", "waybill": "SF1", "lines": [{"line_no": 1, "quantity": 9}]}],
}
FAULT = {"line_no": 1, "quantity": 1, "grade": "damaged", "cause": "manufacturing", "party_liable": "seller"}


def asked(period: Period = MARCH, now: datetime = MARCH.end + DAY, **over: Any) -> Asked:
    return Asked(period, RULES, now, **over)


def made(engine: Engine, name: str, about: Asked | None = None) -> dict[str, Any]:
    with reading(engine) as session:
        return reports.made(session, name, about or asked())


def section(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in document["sections"] if one["name"] == name)


def values(document: dict[str, Any], name: str, **of: Any) -> dict[str, Any]:
    rows = section(document, name)["rows"]
    found: dict[str, Any] = next(row["values"] for row in rows if row["of"] == of)
    return found


def a_busy_month(engine: Engine) -> Till:
    """Cases of three kinds by two people: refunded, answered, called, complained of, still open."""
    till = Till(engine, an_order(**MANY))
    refunded = till.opened(owner="li")
    till.drive(
        refunded,
        ("agent", "authorise_return"),
        ("customer", "ship_return", {"carrier": "yto", "waybill": "YT1", "freight": "12.00"}),
        ("warehouse", "book_in", {"waybill": "YT1"}),
        ("warehouse", "confirm_fault", {"lines": [{**FAULT, "disposition": "scrap"}]}),
        ("manager", "choose_remedy", {"remedy": "refund"}),
    )
    till.pay_all(refunded)
    till.drive(refunded, ("agent", "complete_callback", {"satisfied": True, "scores": {"polite": 5, "solved": 4}}))
    for owner, pleased in (("li", True), ("wu", False), ("wu", True)):
        helped = till.opened("usage_help", {2: 1}, owner=owner)
        till.drive(helped, ("agent", "answer", {"text": "Press it for 3 s.", "final": True}))
        till.drive(helped, ("agent", "complete_callback", {"satisfied": pleased, "scores": {"polite": 3}}))
    till.opened("complaint", {}, about=About(person="wu"), owner="li")
    for _ in range(3):
        till.opened(owner="wu", lines={1: 1, 2: 1})
    return till


def pages(engine: Engine, cell: str, about: Asked, limit: int = 2) -> Iterator[Any]:
    cursor = None
    with reading(engine) as session:
        while True:
            page = reports.of_cell(session, read_cell(cell), about, cursor, limit)
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return


@pytest.mark.parametrize("name", reports.REPORTS)
def test_every_number_is_as_long_as_its_list(engine: Engine, name: str) -> None:
    a_busy_month(engine)
    seen = 0
    for part in made(engine, name)["sections"]:
        units = {number["name"]: number["unit"] for number in part["numbers"]}
        for row in part["rows"]:
            for number, cell in row["cells"].items():
                found = list(pages(engine, cell, asked()))
                keys = [(one.case_no, one.clock, one.cycle, one.callback_id) for page in found for one in page.items]
                assert len(keys) == len(set(keys)) == found[0].total, cell
                if units[number] in ("cases", "cycles", "callbacks"):
                    assert len(keys) == row["values"][number], (number, cell)
                    seen += 1
    assert seen > 2


def test_the_month_counts_what_was_opened_and_ended_and_by_what(engine: Engine) -> None:
    a_busy_month(engine)
    month = made(engine, "monthly")
    # 1 refunded + 3 helped + 1 complaint + 3 open; the refunded one and two of the helped ended, one came back.
    assert values(month, "totals") == {"opened": 8, "ended": 3}
    assert values(month, "by_kind", kind="usage_help") == {"opened": 3, "ended": 2, "share": 37.5}
    assert values(month, "by_cause", cause="manufacturing") == {"opened": 1, "ended": 1, "share": 12.5}
    assert values(month, "by_staff", staff="wu")["opened"] == 5
    assert values(month, "by_courier", courier="sf")["opened"] == 8
    assert values(month, "by_product", sku="KETTLE-17") == {"opened": 5}
    assert values(month, "by_product", sku="CUP-04") == {"opened": 6}
    assert values(month, "callbacks") == {"answered": 4, "unreachable": 0, "callback_rate": 100.0}
    assert values(month, "scores", person="wu")["polite"] == 3.0
    assert (month["empty"], month["note"], month["complete"]) == (False, None, True)


def test_the_cost_of_a_case_is_what_was_given_with_labour_less_what_came_back(engine: Engine) -> None:
    a_busy_month(engine)
    cost = values(made(engine, "monthly"), "cost_by_kind", kind="quality_fault", currency="CNY")
    assert (cost["ended"], cost["goods"]["amount"]) == (1, "0.00")
    assert cost["written_off"]["amount"] != "0.00", "the kettle was scrapped"
    # open 3, authorise 3, book in 6, confirm 20, choose 6, pay refund and freight 4 each, call back 8
    assert cost["labour_minutes"] == 3 + 3 + 6 + 20 + 6 + 2 * 4 + 8
    assert cost["labour"]["amount"] == "54.00", "60.00 an hour is 1.00 a minute"
    spent = sum(float(cost[name]["amount"]) for name in ("refund", "freight", "goodwill", "replacement", "labour"))
    assert float(cost["cost"]["amount"]) == pytest.approx(spent)


def test_the_shop_s_zone_decides_the_month(engine: Engine) -> None:
    till = Till(engine, an_order(**MANY))
    number = till.opened()
    last_second = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
    for at, month in ((last_second, "2026-03"), (last_second + timedelta(seconds=1), "2026-04")):
        with writing(engine) as session:
            session.execute(update(tables.case_facts).values(opened_at=at))
        for other in ("2026-03", "2026-04"):
            opened = values(made(engine, "monthly", asked(month_period(other, ZONE))), "totals")["opened"]
            assert opened == (1 if other == month else 0), (number, at, other)


def test_several_currencies_are_never_added(engine: Engine) -> None:
    for currency in ("CNY", "USD"):
        till = Till(engine, an_order(f"IN-{currency}", currency=currency))
        case_no = till.opened("usage_help")
        till.drive(case_no, ("agent", "answer", {"text": "Press it.", "final": True}))
        till.drive(case_no, ("agent", "complete_callback", {"satisfied": True}))
    rows = section(made(engine, "monthly"), "cost")["rows"]
    assert [row["of"]["currency"] for row in rows] == ["CNY", "USD"]
    # 3 minutes to open, 8 to answer, 8 to call back: 19 × 60.00 / 60, and 19 × 25.00 / 60 = 7.92
    assert [row["values"]["labour"]["amount"] for row in rows] == ["19.00", "7.92"]


def test_an_empty_month_answers_zeros_and_says_so(engine: Engine) -> None:
    for name in reports.REPORTS:
        empty = made(engine, name)
        assert empty["empty"]
        assert "No case" in empty["note"]["en"]
    month = made(engine, "monthly")
    assert values(month, "totals") == {"opened": 0, "ended": 0}
    assert values(month, "callbacks")["callback_rate"] is None


def test_clocks_say_who_was_late_why_and_how_long_it_took(engine: Engine) -> None:
    till = Till(engine, an_order(**MANY))
    for _ in range(10):
        till.opened("usage_help", {2: 1}) if _ < 9 else till.opened("usage_help")
    clocks = tables.case_clocks
    with writing(engine) as session:
        numbers = sorted(session.execute(select(tables.cases.c.case_no)).scalars())
        session.execute(delete(clocks))
        for place, number in enumerate(numbers, 1):
            session.execute(
                clocks.insert().values(
                    case_no=number,
                    clock="triage",
                    cycle=1,
                    state="met",
                    target=500,
                    calendar="shop",
                    outcome="escalate",
                    started_at=NOW,
                    ended_at=NOW + DAY,
                    breached=place > 8,
                    cause={9: "delay", 10: "change"}.get(place),
                    used_before=place * 60,
                )
            )
    found = values(made(engine, "clocks"), "clocks", clock="triage")
    # 60 … 600 s: half are within 300, nine of ten within 540.
    assert found == {
        "cycles": 10,
        "on_time": 8,
        "late_delay": 1,
        "late_change": 1,
        "on_time_share": 80.0,
        "still_late": 0,
        "median_used": 300,
        "p90_used": 540,
    }


def test_the_score_sheet_of_one_person_names_nobody_else(engine: Engine) -> None:
    a_busy_month(engine)
    sheet = section(made(engine, "staff", asked(only="wu")), "staff")["rows"]
    assert [row["of"]["staff"] for row in sheet] == ["wu"]
    assert sheet[0]["values"]["complaints"] == 1
    assert (sheet[0]["values"]["surveys"], sheet[0]["values"]["satisfied"]) == (2, 1)


def test_repeated_problems_are_told_with_their_rule(engine: Engine) -> None:
    a_busy_month(engine)
    often = section(made(engine, "causes"), "repeated")
    assert {(row["of"]["kind"], row["of"]["sku"]) for row in often["rows"]} == {
        ("quality_fault", "KETTLE-17"),
        ("quality_fault", "CUP-04"),
        ("usage_help", "CUP-04"),
    }
    assert often["rule"]["en"].startswith("3 or more")


def test_a_problem_of_the_week_is_new_if_there_was_none_before(engine: Engine) -> None:
    a_busy_month(engine)
    week = Period("2026-W10", NOW - 2 * DAY, NOW + 5 * DAY, ZONE)
    assert len(section(made(engine, "weekly", asked(week)), "new_problems")["rows"]) == 4
    after = Period("2026-W11", NOW + 5 * DAY, NOW + 12 * DAY, ZONE)
    with writing(engine) as session:
        late = select(tables.case_facts.c.case_no).order_by(tables.case_facts.c.case_no.desc()).limit(1)
        here = tables.case_facts.c.case_no.in_(late)
        session.execute(update(tables.case_facts).where(here).values(opened_at=NOW + 6 * DAY))
    following = made(engine, "weekly", asked(after))
    assert section(following, "new_problems")["rows"] == [], "it was there the week before"


def test_the_sample_of_a_month_is_the_same_whenever_it_is_asked_for(engine: Engine) -> None:
    a_busy_month(engine)
    first = section(made(engine, "sample"), "sample")["rows"]
    later = section(made(engine, "sample", asked(now=NOW + 300 * DAY)), "sample")["rows"]
    assert first == later
    assert {row["of"]["kind"]: len(row["cases"]) for row in first} == {"quality_fault": 1, "usage_help": 2}


def test_what_reports_count_is_computed_anew_from_the_documents(engine: Engine) -> None:
    a_busy_month(engine)
    both = (tables.case_facts, tables.case_products)

    def rows() -> list[Any]:
        with reading(engine) as session:
            return [session.execute(select(one).order_by(*one.primary_key.columns)).all() for one in both]

    before = rows()
    with writing(engine) as session:
        for one in both:
            session.execute(delete(one))
        maintenance.rebuild(session, CALENDARS)
    assert rows() == before


@pytest.mark.parametrize("cell", ["ended|colour=red", "nowhere", "uneven|kind=x", "", "ended|=", "opened|kind|x"])
def test_a_cell_that_there_is_not_is_refused(engine: Engine, cell: str) -> None:
    with reading(engine) as session, pytest.raises(Invalid):
        reports.of_cell(session, read_cell(cell), asked())


def test_an_unknown_report_names_those_that_are(engine: Engine) -> None:
    with pytest.raises(NotFound, match=re.escape(", ".join(reports.REPORTS))):
        made(engine, "secrets")
