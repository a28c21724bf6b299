"""What sweeps look for, on both databases: work without anybody, waits, transfers, books (L12, T11, T12)."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert

from models import tables
from models.case import About
from models.lifecycle import Role, State
from models.oversight.callbacks import QUESTIONS
from store.accounting import reconciling, remittances
from store.accounting.audit import audit_orders
from store.engine import reading, writing
from store.oversight import digests, months, unattended
from store.people import staff
from tests.builders import DAY, HOUR, NOW, an_order
from tests.store.desk import import_order, open_case
from tests.store.till import Till

CUPS: dict[str, Any] = {"lines": [{"line_no": 1, "sku": "CUP-04", "unit_price": 1990, "quantity": 9}]}


def employ(engine: Engine, *people: str, role: Role = Role.AGENT) -> None:
    with writing(engine) as session:
        for person in people:
            staff.write(session, staff.StaffRow(id=person, name=person), NOW - DAY)
            staff.stand(session, person, (role,), NOW - DAY, "chen", NOW - DAY)


def asked(engine: Engine, look: Any, *more: Any, limit: int = 100) -> Any:
    with reading(engine) as session:
        return look(session, NOW, *more, "", limit)


def test_work_without_an_owner_is_read_in_pages_and_shared_in_turns(engine: Engine) -> None:
    order = import_order(engine, an_order(**CUPS))
    numbers = [open_case(engine, order).case_no for _ in range(3)]
    employ(engine, "li", "wu")
    with reading(engine) as session:
        page, cursor = unattended.unowned(session, NOW, "", 2)
        rest, end = unattended.unowned(session, NOW, str(cursor), 2)
    assert [row.case_no for row in (*page, *rest)] == numbers
    assert (sorted(str(row.to) for row in page), end) == (["li", "wu"], None)


def test_the_person_complained_about_never_gets_the_case_T15(engine: Engine) -> None:
    order = import_order(engine, an_order(**CUPS))
    for _ in range(2):
        open_case(engine, order, over={"about": About(person="Li")})
    employ(engine, "li", "wu")
    page, _ = asked(engine, unattended.unowned)
    assert [row.to for row in page] == ["wu", "wu"]


def test_what_somebody_left_who_is_away_for_days_goes_to_another(
    engine: Engine,
) -> None:
    order = import_order(engine, an_order(**CUPS))
    ours = open_case(engine, order, over={"owner": "li"})
    open_case(engine, order, over={"owner": "li", "state": State.AWAITING_RETURN})
    open_case(engine, order, over={"owner": "wu"})
    employ(engine, "li", "wu")
    absence = {"id": "a1", "person": "li", "from_at": NOW - HOUR, "until_at": NOW + 20 * DAY, "recorded_at": NOW - HOUR}
    with writing(engine) as session:
        session.execute(insert(tables.absences).values(**absence, by="chen"))
    page, _ = asked(engine, unattended.left_behind)
    assert [(row.case_no, row.to) for row in page] == [(ours.case_no, "wu")]


def test_a_failing_step_is_tried_after_a_while_and_less_often_each_time(engine: Engine) -> None:
    case = open_case(engine, import_order(engine), over={"failing_step": "close", "last_moved_at": NOW - HOUR / 5})
    page, _ = asked(engine, unattended.failing)
    assert [(row.case_no, row.step, row.again) for row in page] == [(case.case_no, "close", False)]
    entry = {"case_no": case.case_no, "actor_id": "aftercare", "actor_role": "system", "action": "retry", "data": {}}
    with writing(engine) as session:
        for seq, minutes in ((7, 50), (8, 31)):
            row = {**entry, "seq": seq, "at": NOW - timedelta(minutes=minutes)}
            session.execute(insert(tables.timeline).values(**row))
    page, _ = asked(engine, unattended.failing)
    assert not page[0].again, "two tries: an hour after the last"
    with reading(engine) as session:
        later, _ = unattended.failing(session, NOW + HOUR / 2, "", 10)
    assert later[0].again


def test_whoever_keeps_us_waiting_is_found_and_a_snoozed_case_sleeps_on(engine: Engine) -> None:
    order = import_order(engine, an_order(**CUPS))
    waits = open_case(engine, order, over={"state": State.AWAITING_RETURN})
    open_case(engine, order, over={"state": State.AWAITING_RETURN, "snoozed_until": NOW + 99 * DAY})
    open_case(engine, order)
    with reading(engine) as session:
        page, _ = unattended.overdue_others(session, NOW + 30 * DAY, "", 10)
    assert [(row.case_no, row.waiting_for) for row in page] == [(waits.case_no, "customer")]


def test_whoever_was_reminded_since_the_deadline_is_not_asked_about_every_quarter_of_an_hour(engine: Engine) -> None:
    case = open_case(engine, import_order(engine), over={"state": State.AWAITING_RETURN})
    assert case.due_at is not None
    entry = {"case_no": case.case_no, "actor_id": "aftercare", "actor_role": "system", "action": "remind", "data": {}}

    def overdue() -> list[str]:
        with reading(engine) as session:
            return [row.case_no for row in unattended.overdue_others(session, NOW + 30 * DAY, "", 10)[0]]

    for seq, since, found in ((7, -HOUR, [case.case_no]), (8, HOUR, [])):
        with writing(engine) as session:
            session.execute(insert(tables.timeline).values(**entry, seq=seq, at=case.due_at + since))
        assert overdue() == found, "a reminder of an earlier wait counts for nothing"


@pytest.mark.parametrize(
    ("days", "notified", "found"),
    [
        (2, False, []),
        (4, False, [("unpaid", "li", 1)]),
        (7, False, [("unpaid", "li", 2)]),
        (4, True, [("not_found", "zhou", 1)]),
        (8, True, [("not_found", "zhou", 2)]),
        (2, True, []),
    ],
)
def test_a_transfer_that_did_not_come_is_asked_about_by_who_took_it_down_L12(
    engine: Engine, days: int, notified: bool, found: list[tuple[str, str, int]]
) -> None:
    till = Till(engine)
    case_no = _awaited(till)
    if notified:
        assert till.act(case_no, "agent", "notify_payment", by="zhou", method="bank", amount="10.00")
    with reading(engine) as session:
        rows, _ = remittances.missing(session, till.now + days * DAY, "", 10)
        new = remittances.new(session, NOW - DAY)
    assert [(row.what, row.ask, row.time) for row in rows] == found
    assert new == (case_no,)


def _awaited(till: Till) -> str:
    """A case that waits for the transfer that pays for what is sent."""
    case_no = till.opened("remittance", owner="li")
    dearer = {"sku": "K2", "name": "kettle", "quantity": 1, "unit_price": "500.00"}
    till.drive(case_no, ("agent", "choose_remedy", {"remedy": "substitute", "replacement": dearer}))
    assert till.case(case_no).state == "awaiting_payment"
    return case_no


def test_books_and_cases_that_agree_are_passed_over_and_a_payout_nobody_knows_is_named(engine: Engine) -> None:
    till = Till(engine)
    case_no = till.opened("usage_help")
    payout = {"id": "X-1", "case_no": case_no, "purpose": "refund", "amount": 100, "state": "sent"}
    with writing(engine) as session:
        session.execute(insert(tables.payouts).values(**payout, order_no="KETTLE-1", created_at=NOW, changed_at=NOW))
    with reading(engine) as session:
        looked, uneven, _ = reconciling.uneven_payouts(session, NOW - DAY, "", 10)
        touched, _ = reconciling.touched_cases(session, NOW - DAY, "", 10)
        orders, _ = reconciling.touched_orders(session, NOW - DAY, "", 10)
        assert reconciling.unsent(session, NOW + DAY) >= 0
    assert (looked, [key for key, _ in uneven]) == (1, ["X-1"])
    assert touched == ((case_no, till.case(case_no).version),)
    assert orders == ("KETTLE-1",)
    assert {one.case_no for one in audit_orders(engine, orders).findings} == {case_no}
    assert audit_orders(engine, ()).findings == ()


def test_the_morning_is_counted_at_one_moment(engine: Engine) -> None:
    till = Till(engine)
    case_no = till.opened("usage_help")
    with reading(engine) as session:
        found = digests.digest(session, NOW + HOUR, NOW - HOUR, "2026-03-04")
        assert digests.managers(session, NOW) == ("manager",)
    assert (found.opened, found.closed, found.approvals) == (1, 0, 0)
    assert ("no_owner", (case_no,)) in [(one.reason, one.cases) for one in found.reasons]
    employ(engine, "chen", "zhao", role=Role.MANAGER)
    with reading(engine) as session:
        assert digests.managers(session, NOW) == ("chen", "zhao")


def test_a_month_is_kept_once_and_as_it_was(engine: Engine) -> None:
    till = Till(engine)
    case_no = till.opened("usage_help", owner="li")
    told = {"satisfied": True, "scores": {"polite": 5}}
    till.drive(case_no, ("agent", "answer", {"text": "So.", "final": True}), ("agent", "complete_callback", told))
    begin, end = months.bounds("2026-03", ZoneInfo("Asia/Shanghai"))
    with writing(engine) as session:
        document = months.summary(session, begin, end)
        assert months.keep(session, "2026-03", document, NOW)
        assert not months.keep(session, "2026-03", {"opened": {}}, NOW)
        assert months.kept(session, "2026-03") == document
        assert months.kept(session, "2026-02") is None
    assert (document["opened"], document["ended"]) == ({"usage_help": 1}, {"closed": 1})
    assert document["callbacks"] == {"answered": 1}
    (score,) = document["scores"]
    assert score == {"person": "li", "surveys": 1, "satisfied": 1, **dict.fromkeys(QUESTIONS), "polite": 5.0}


@pytest.mark.parametrize(("month", "hours"), [("2026-12", 31 * 24), ("2026-02", 28 * 24)])
def test_a_month_has_all_its_days(month: str, hours: int) -> None:
    begin, end = months.bounds(month, ZoneInfo("Asia/Shanghai"))
    assert end - begin == hours * HOUR
