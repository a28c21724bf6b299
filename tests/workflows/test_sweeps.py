"""Sweeps on the time-skipping server: what they find, ask for and leave behind, whatever happens in between."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

import activities.sweeps
from models import tables
from models.commands import Actor
from models.effects import TASK_QUEUE
from models.lifecycle import Role
from models.oversight.sweeps import SWEEPS, SweepInput
from models.people.letter_words import news_of
from playbooks.loading.in_force import Fixed
from store.engine import reading, writing
from store.goods import parcels
from store.goods.parcels import NewParcel
from store.oversight import callbacks, sweeps
from store.oversight.sweeps import Run
from store.people import staff
from tests.builders import DAY
from tests.world import World, a_world
from worker import case_worker

_RUNS = count(1)
STUCK = "aftercare-stuck-sweep"


async def started(shop: World, name: str) -> "WorkflowHandle[Any, Any]":
    """A run as its schedule would start it."""
    run = f"{name}-{id(shop)}-{next(_RUNS)}"
    return await shop.client.start_workflow(SWEEPS[name].workflow, SweepInput(), id=run, task_queue=TASK_QUEUE)


async def swept(shop: World, name: str = STUCK) -> Run:
    """Run a sweep to its end; answers its row."""
    assert shop.env is not None
    handle = await started(shop, name)
    with shop.env.auto_time_skipping_disabled():  # or the cases' own deadlines would pass meanwhile
        await handle.result()
    await shop.look_at_the_clock()
    return row_of(shop, name, handle)


def row_of(shop: World, name: str, handle: "WorkflowHandle[Any, Any]") -> Run:
    with reading(shop.engine) as session:
        return next(run for run in sweeps.runs(session, name) if run.run_id == handle.first_execution_run_id)


def messages(shop: World, like: str) -> list[tuple[str, str]]:
    """Whom was told what, by the beginning of the message's key."""
    m = tables.messages.c
    with reading(shop.engine) as session:
        rows = session.execute(select(m.recipient, m.subject).where(m.key.like(f"{like}%")).order_by(m.key))
        return [(row.recipient, row.subject) for row in rows]


def letters(shop: World, like: str) -> list[tuple[str, dict[str, str]]]:
    """Who got which letter about no single case, by the beginning of its key."""
    c = tables.letters.c
    with reading(shop.engine) as session:
        rows = session.execute(select(c.holder, c.words).where(c.message_key.like(f"{like}%")).order_by(c.id))
        return [(row.holder, row.words) for row in rows]


def employ(shop: World, *people: str, role: Role = Role.AGENT) -> None:
    """People who have no rota and so are always there."""
    with writing(shop.engine) as session:
        for person in people:
            staff.write(session, staff.StaffRow(id=person, name=person), shop.now)
            staff.stand(session, person, (role,), shop.now - 400 * DAY, "chen", shop.now)


# ── every 15 minutes ──────────────────────────────────────────────────────────────────────────────


async def test_where_nothing_is_stuck_the_run_says_so_and_does_nothing(shop: World) -> None:
    run = await swept(shop)
    assert (run.found, run.did, run.failed, run.words) == (0, 0, 0, "nothing is stuck")
    assert run.ended_at is not None


async def test_work_without_an_owner_is_shared_out_among_those_on_duty_T11(shop: World) -> None:
    order_no = await shop.sold(lines=[{"line_no": 1, "sku": "CUP", "unit_price": 1990, "quantity": 9}])
    numbers = [await shop.opened(order_no=order_no) for _ in range(4)]
    employ(shop, "li", "wu")
    run = await swept(shop)
    assert run.details["assigned"] == 4
    for case_no in numbers:
        await shop.until_seen(case_no, "assign")
    assert sorted(str(shop.stored(case_no).owner) for case_no in numbers) == ["li", "li", "wu", "wu"]
    again = await swept(shop)
    assert again.details["no_owner"] == 0
    assert [shop.actions(case_no).count("assign") for case_no in numbers] == [1, 1, 1, 1]


async def test_in_a_shop_without_a_staff_list_nobody_is_given_anything(shop: World) -> None:
    case_no = await shop.opened()
    run = await swept(shop)
    assert (run.details["no_owner"], run.details["nobody_free"], run.did) == (1, 1, 0)
    assert shop.stored(case_no).owner is None
    assert "no_owner 1" in str(run.words)


async def test_a_step_that_keeps_failing_is_tried_again_and_done_when_it_can_be(shop: World) -> None:
    """The invoice is still open (G9), so that the case cannot close by itself; then it is settled."""
    invoice = {"number": "F-1", "kind": "electronic"}
    case_no = await shop.opened(order_no=await shop.sold(invoice=invoice))
    await shop.drive(
        case_no, ("authorise_return", "agent"), ("ship_return", "customer", SHIPPED), ("book_in", "warehouse")
    )
    await shop.act(case_no, "confirm_fault", "warehouse", **BROKEN)
    await shop.act(case_no, "choose_remedy", remedy="refund")
    await shop.paid(case_no)
    await shop.pass_time(days=7)
    assert shop.stored(case_no).failing_step == "miss_callback"
    first = await swept(shop)
    assert (first.details["step_failing"], first.details["retried"]) == (1, 1)
    await shop.until_seen(case_no, "retry")
    assert (await swept(shop)).details["retried"] == 0, "not again within half an hour"
    await shop.act(case_no, "settle_invoice", "finance", result="credited")
    await shop.pass_time(minutes=31)
    assert (await swept(shop)).details["retried"] == 1
    await shop.reaches(case_no, "closed")


SHIPPED = {"carrier": "SF", "waybill": "SF1"}
LOOKED_AT = {"line_no": 1, "quantity": 1, "grade": "damaged", "cause": "manufacturing", "party_liable": "seller"}
BROKEN = {"lines": [{**LOOKED_AT, "disposition": "scrap"}]}


async def test_whoever_keeps_us_waiting_is_reminded_once_for_each_wait_T12(shop: World) -> None:
    case_no = await shop.opened()
    await shop.drive(case_no, ("authorise_return", "agent"), ("ship_return", "customer", SHIPPED))
    await shop.pass_time(days=6)
    first = await swept(shop)
    assert first.details["over_waiting"] == 1
    await shop.until_seen(case_no, "remind")
    await shop.pass_time(hours=1)
    await swept(shop)
    await shop.act(case_no, "note", note="the next command comes after the signal")
    assert shop.actions(case_no).count("remind") == 1


async def test_an_open_case_that_does_not_run_is_started_again_T12(shop: World) -> None:
    lost = await shop.opened()
    await shop.handle(lost).terminate("somebody did")
    await shop.pass_time(minutes=2)  # a case that was written a moment ago may not have been started yet
    run = await swept(shop)
    assert (run.details["orphans"], run.details["restarted"]) == (1, 1)
    assert f"{lost}: did not run" in str(run.words)
    assert (await shop.act(lost, "note", note="it runs"))["state"] == "requested"


# ── whatever happens in between ───────────────────────────────────────────────────────────────────


@pytest.mark.slow
async def test_a_sweep_whose_worker_dies_in_the_middle_goes_on_and_does_nothing_twice(
    skipping: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities.sweeps, "PAGE", 1)
    async with a_world(skipping.client, tmp_path, skipping, max_cached_workflows=0) as (shop, first):
        order_no = await shop.sold(lines=[{"line_no": 1, "sku": "CUP", "unit_price": 1990, "quantity": 9}])
        numbers = [await shop.opened(order_no=order_no) for _ in range(5)]
        employ(shop, "li", "wu")
        handle = await started(shop, STUCK)
        await shop.until_seen(numbers[1], "assign")
        await first.shutdown()
        async with case_worker(skipping.client, shop.engine, Fixed(shop.playbooks), max_cached_workflows=0):
            with skipping.auto_time_skipping_disabled():
                await handle.result()
            for case_no in numbers:
                await shop.until_seen(case_no, "assign")
            run = row_of(shop, STUCK, handle)
            assert (run.details["no_owner"], run.failed) == (5, 0)
            assert [shop.actions(case_no).count("assign") for case_no in numbers] == [1] * 5


async def test_a_step_that_cannot_be_carried_out_does_not_hide_the_others(shop: World) -> None:
    await shop.opened()
    with shop.engine.begin() as connection:
        connection.execute(text("ALTER TABLE money_moves RENAME TO money_moves_elsewhere"))
    handle = await started(shop, "aftercare-reconcile")
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    run = row_of(shop, "aftercare-reconcile", handle)
    assert run.failed == 1
    assert str(run.words).startswith("touched_orders:")
    assert {"cases", "payouts", "unsent"} <= set(run.details)
    with reading(shop.engine) as session:
        (health,) = (one for one in sweeps.health(session, run.started_at) if one.name == "aftercare-reconcile")
    assert health.health == "failing"


async def test_a_long_list_is_read_in_pages(
    skipping: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities.sweeps, "PAGE", 2)
    async with a_world(skipping.client, tmp_path, skipping) as (shop, _):
        order_no = await shop.sold(lines=[{"line_no": 1, "sku": "CUP", "unit_price": 1990, "quantity": 9}])
        for _ in range(5):
            await shop.opened(order_no=order_no)
        employ(shop, "li")
        run = await swept(shop)
    assert (run.details["no_owner"], run.details["assigned"]) == (5, 5)


# ── in the morning ────────────────────────────────────────────────────────────────────────────────


async def test_every_manager_gets_one_letter_a_day_in_both_languages(shop: World) -> None:
    await shop.opened()
    employ(shop, "chen", "zhao", role=Role.MANAGER)
    first = await swept(shop, "aftercare-manager-digest")
    assert (first.found, first.did) == (2, 2)
    (to_chen, to_zhao) = letters(shop, "digest:")
    assert (to_chen[0], to_zhao[0]) == ("chen", "zhao")
    assert "1 cases stuck" in to_chen[1]["en"]
    assert "no_owner 1, worst: AC-" in to_chen[1]["en"]
    assert "卡住 1 单" in to_zhao[1]["zh"]
    assert (await swept(shop, "aftercare-manager-digest")).did == 0
    assert len(letters(shop, "digest:")) == 2


async def test_a_sweep_that_did_not_run_is_in_the_letter(shop: World) -> None:
    row = {"run_id": "r1", "sweep": "aftercare-reconcile", "started_at": shop.now - 3 * DAY, "details": {}}
    with writing(shop.engine) as session:
        session.execute(insert(tables.sweep_runs).values(**row))
    await swept(shop, "aftercare-manager-digest")
    ((to, letter),) = letters(shop, "digest:")
    assert to == "role:manager"
    assert "aftercare-reconcile" in letter["en"]
    assert "aftercare-stuck-sweep" in letter["zh"], "it never ran, and others did"


async def test_a_noted_payment_that_is_not_found_is_asked_about_by_who_took_the_notice_L12(shop: World) -> None:
    told = {"amount": "100.00", "currency": "CNY", "payer": "王小明"}
    case_no = await shop.opened("remittance", about_an_order=False, wanted="reship", announced=told)
    await shop.act(case_no, "choose_remedy", remedy="reship", replacement=KETTLE)
    await shop.act(case_no, "notify_payment", method="bank", amount="100.00")
    assert (await swept(shop, "aftercare-unmatched-remittances")).details == {
        "unpaid": 0,
        "not_found": 0,
        "new": 1,
        "claims": 0,
        "shelf_soon": 0,
        "shelf_over": 0,
    }
    await shop.pass_time(days=3, minutes=5)
    await swept(shop, "aftercare-unmatched-remittances")
    await swept(shop, "aftercare-unmatched-remittances")
    ((to, asked),) = messages(shop, f"{case_no}:remittance:")
    assert to == "li"
    assert "was not found" in asked
    await shop.pass_time(days=3)
    await swept(shop, "aftercare-unmatched-remittances")
    assert len(messages(shop, f"{case_no}:remittance:")) == 2


async def test_a_claim_past_its_deadline_is_told_once_a_week_to_whoever_has_the_next_move_L5(shop: World) -> None:
    case_no = await shop.opened("quality_fault")
    await shop.act(case_no, "open_claim", against="courier", amount="60.00")
    await swept(shop, "aftercare-unmatched-remittances")
    assert messages(shop, f"{case_no}:claim:") == []
    await shop.pass_time(days=31)
    for _ in range(2):
        await swept(shop, "aftercare-unmatched-remittances")
    ((to, told),) = messages(shop, f"{case_no}:claim:")
    assert (to, "not filed" in told) == ("owner", True)
    await shop.pass_time(days=7)
    await swept(shop, "aftercare-unmatched-remittances")
    assert len(messages(shop, f"{case_no}:claim:")) == 2


async def test_the_shelf_is_told_of_before_its_deadline_and_when_it_is_over_G2(shop: World) -> None:
    with writing(shop.engine) as session:
        parcels.put(session, NewParcel(code="YT-7"), shop.now, "zhao", shop.now + 10 * DAY)
    await swept(shop, "aftercare-unmatched-remittances")
    assert letters(shop, "shelf_") == []
    await shop.pass_time(days=4)
    for _ in range(2):
        await swept(shop, "aftercare-unmatched-remittances")
    ((to, soon),) = letters(shop, "shelf_soon:")
    assert (to, "YT-7" in soon["zh"]) == ("role:warehouse", True)
    await shop.pass_time(days=7)
    await swept(shop, "aftercare-unmatched-remittances")
    assert {to for to, _ in letters(shop, "shelf_over:")} == {"role:warehouse", "role:manager"}


async def test_a_scan_that_died_half_way_is_finished_G1(shop: World) -> None:
    case_no = await shop.opened("quality_fault")
    await shop.act(case_no, "authorise_return")
    with writing(shop.engine) as session:
        box = parcels.put(session, NewParcel(code=case_no), shop.now, "zhao", shop.now + 90 * DAY)
        parcels.give(session, box, [case_no], "booked", shop.now, Actor(id="zhao", role=Role.WAREHOUSE))
    await swept(shop)
    assert shop.stored(case_no).state == "awaiting_return", "the scan may still be under way"
    await shop.pass_time(minutes=3)
    assert (await swept(shop)).details["untold_boxes"] == 1
    await shop.reaches(case_no, "received")
    assert (await swept(shop)).details["untold_boxes"] == 0
    assert shop.actions(case_no).count("book_in") == 1


@pytest.mark.parametrize("told", activities.sweeps.LATE_CLAIM.values())
def test_what_is_told_of_a_late_claim_is_said_in_both_languages(told: str) -> None:
    assert news_of(told, None).known


KETTLE = {"sku": "KETTLE-17", "name": "kettle", "quantity": 1, "unit_price": "100.00"}


async def test_new_transfers_are_looked_at_by_the_supervisor_every_day_L12(shop: World) -> None:
    told = {"amount": "100.00", "currency": "CNY", "payer": "王小明"}
    case_no = await shop.opened("remittance", about_an_order=False, wanted="reship", announced=told)
    await swept(shop, "aftercare-unmatched-remittances")
    ((to, letter),) = letters(shop, "remittances:")
    assert to == "role:supervisor"
    assert case_no in letter["zh"]


# ── at night ──────────────────────────────────────────────────────────────────────────────────────


async def test_at_night_what_was_kept_long_enough_goes_and_what_is_usual_is_known_T12(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty clocks of a kind that were met in half an hour; sixty-five old entries of talks, ten at a time."""
    monkeypatch.setattr("activities.housekeeping.BATCH", 5)
    monkeypatch.setattr("activities.housekeeping.BATCHES", 2)
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    old, before = shop.now - 61 * DAY, shop.stored(case_no)
    talk = {"case_no": case_no, "person": "li", "at": old}
    met = {"case_no": case_no, "clock": "triage", "state": "met", "target": 60, "calendar": "shop_cn", "log": []}
    met |= {"outcome": "escalate", "started_at": old, "ended_at": old, "breached": False, "used_before": 1800}
    with writing(shop.engine) as session:
        session.execute(insert(tables.talks), [{**talk, "seq": 100 + n} for n in range(65)])
        session.execute(insert(tables.case_clocks), [{**met, "cycle": 100 + n} for n in range(20)])
    run = await swept(shop, "aftercare-housekeeping")
    assert run.details == {"usual_times": 1, "silent_changed": 1, "talks": 65}
    with reading(shop.engine) as session:
        case = session.execute(select(tables.cases.c.usual_time, tables.cases.c.version)).one()
    assert tuple(case) == (1800, before.version), "its workflow need not hear of it"
    again = await swept(shop, "aftercare-housekeeping")
    assert (again.did, again.details) == (0, {"usual_times": 1})


# ── callbacks, months ─────────────────────────────────────────────────────────────────────────────


async def test_a_customer_is_called_two_months_after_the_purchase_and_once_T6(shop: World) -> None:
    await shop.until_a_quiet_monday()
    await shop.sold("delivered", **shop.delivered(61))
    first = await swept(shop, "aftercare-periodic-callbacks")
    assert first.did >= 1
    with reading(shop.engine) as session:
        planned = callbacks.due(session, shop.now).items
    assert {one.customer for one in planned} == {"c-88"}
    assert "two_months" in {one.occasion for one in planned}
    assert (await swept(shop, "aftercare-periodic-callbacks")).did == 0


async def test_two_runs_at_the_same_time_plan_and_tell_everything_once(shop: World) -> None:
    """Schedules never overlap; a run by hand beside one could."""
    assert shop.env is not None
    await shop.until_a_quiet_monday()
    await shop.sold("delivered", **shop.delivered(61))
    names = ("aftercare-periodic-callbacks", "aftercare-manager-digest")
    handles = [(name, await started(shop, name)) for name in names for _ in range(2)]
    with shop.env.auto_time_skipping_disabled():
        for _, handle in handles:
            await handle.result()
    rows = [row_of(shop, name, handle) for name, handle in handles]
    assert [sum(row.did for row in rows if row.sweep == name) for name in names] == [1, 1]
    assert len(letters(shop, "digest:")) == 1


async def test_a_month_is_kept_as_it_was(shop: World) -> None:
    await shop.until_a_quiet_monday()
    await shop.opened("usage_help")
    await shop.pass_time(days=31)
    first = await swept(shop, "aftercare-monthly-summary")
    assert str(first.details["month"]).endswith("-03")
    assert "1 cases opened" in str(first.words)
    assert (await swept(shop, "aftercare-monthly-summary")).did == 0


# ── books ─────────────────────────────────────────────────────────────────────────────────────────


async def test_books_that_agree_leave_nothing_to_tell(shop: World) -> None:
    case_no = await shop.opened("usage_help")
    await shop.act(case_no, "note", note="he calls at four")
    run = await swept(shop, "aftercare-reconcile")
    assert (run.found, run.words) == (0, None)
    assert (run.details["cases"], run.details["behind"], run.details["silent"]) == (1, 0, 0)


async def test_a_payout_that_its_case_does_not_know_and_a_case_that_does_not_run_are_told(shop: World) -> None:
    lost = await shop.opened()
    await shop.handle(lost).terminate("somebody did")
    now = await shop.look_at_the_clock()
    payout = {"id": "X-1", "case_no": lost, "purpose": "refund", "amount": 100, "state": "sent"}
    with writing(shop.engine) as session:
        session.execute(insert(tables.payouts).values(**payout, created_at=now, changed_at=now))
    run = await swept(shop, "aftercare-reconcile")
    assert run.found >= 2
    assert "X-1: sent in finance's queue, unknown in its case" in str(run.words)
    assert f"{lost}: does not answer" in str(run.words)
    ((to, letter),) = letters(shop, "reconcile:")
    assert to == "role:manager"
    assert "X-1" in letter["en"]


async def test_all_books_are_looked_through_also_those_that_nobody_touched(shop: World) -> None:
    await shop.opened()
    right = await swept(shop, "aftercare-audit")
    assert (right.found, right.details["orders"], right.details["amiss"]) == (0, 1, [])
    with writing(shop.engine) as session:  # as no commit of ours writes it
        session.execute(update(tables.payment_pots).values(in_flight=100))
    wrong = await swept(shop, "aftercare-audit")
    assert wrong.found
    amiss: Any = wrong.details["amiss"]
    assert {one["sort"] for one in amiss} <= {"pot", "move"}
    assert all(one["order_no"] and one["detail"] for one in amiss)
    assert [to for to, _ in letters(shop, "reconcile:")] == ["role:manager"]
