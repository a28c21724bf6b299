"""A worker that is away while a deadline passes: it is said once when a worker is back, whatever else came (T10)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from models.errors import AftercareError
from models.events import Entry
from models.lifecycle import State
from models.playbook import Playbook, Procedure
from tests.world import World, a_world
from worker import case_worker

#: Nothing is remembered between two tasks of a case, and one is done at a time.
FORGETFUL: dict[str, Any] = {
    "max_cached_workflows": 0,
    "max_concurrent_workflow_tasks": 1,
    "max_concurrent_workflow_task_polls": 1,
}


@asynccontextmanager
async def a_shop_whose_worker_goes(env: WorkflowEnvironment, folder: Path) -> AsyncIterator[tuple[World, str]]:
    """A case in triage until Tuesday, 10:00, and since Monday evening no worker."""
    async with a_world(env.client, folder, env, **FORGETFUL) as (shop, worker):
        await shop.until_a_quiet_monday()
        case_no = await shop.opened("wrong_item")
        await shop.act(case_no, "message", text="We are looking at it.")
        await shop.pass_time(hours=1)
        await worker.shutdown()
        yield shop, case_no


def another_worker(shop: World) -> Any:
    return case_worker(shop.client, shop.engine, shop.held, None, **FORGETFUL)


def facts(shop: World, case_no: str) -> list[tuple[str, str, bool]]:
    said = [e for e in shop.timeline(case_no) if e.action in ("warned", "breached", "escalated", "reminded")]
    return [(e.data["clock"], e.data["alarm"], e.data["noticed_late"]) for e in said]


async def spoken(shop: World, case_no: str, action: str, role: str, **data: Any) -> None:
    """A machine's signal, which nobody hears yet."""
    told = {"action": action, "actor": {"id": role, "role": role}, "data": data}
    await shop.handle(case_no).signal("command", told)


async def test_a_worker_that_was_down_over_a_deadline_says_it_once_and_late_T10(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with a_shop_whose_worker_goes(skipping, tmp_path) as (shop, case_no):
        due = shop.stored(case_no).due_at
        assert due is not None
        await shop.unattended(due + timedelta(hours=1))
        assert facts(shop, case_no) == []
        for _ in range(2):
            async with another_worker(shop):
                await shop.until_seen(case_no, "escalated")
        said = [("triage", "warning", True), ("triage", "due", True), ("triage", "level 1", True)]
        assert facts(shop, case_no) == said


async def test_a_deadline_that_passed_is_said_although_a_signal_then_ended_its_wait_T10(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    """A robot finds the parcel at noon; the triage had run out at ten, and nobody had looked."""
    async with a_shop_whose_worker_goes(skipping, tmp_path) as (shop, case_no):
        due = shop.stored(case_no).due_at
        assert due is not None
        await shop.unattended(due + timedelta(hours=1))
        await spoken(shop, case_no, "investigate", "system", check="warehouse")
        async with another_worker(shop):
            await shop.until_seen(case_no, "investigate")
            assert facts(shop, case_no) == [
                ("triage", "warning", True),
                ("triage", "due", True),
                ("triage", "level 1", True),
            ]
            log = next(clock for clock in shop.stored(case_no).clocks if clock.clock == "triage").log
            assert [entry.what for entry in log] == ["started", "reached", "breached", "reached", "met"]


async def test_an_offer_that_was_accepted_while_no_worker_ran_is_accepted_K3(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    """That nobody looked is our fault: what the customer did in the meantime counts before the end of his time."""
    async with a_shop_whose_worker_goes(skipping, tmp_path) as (shop, case_no):
        async with another_worker(shop):
            await shop.act(case_no, "make_offer", amount="3.00")
        due = shop.stored(case_no).due_at
        assert due is not None
        await shop.unattended(due - timedelta(hours=1))
        await spoken(shop, case_no, "accept_offer", "customer")
        await shop.unattended(due + timedelta(hours=1))
        async with another_worker(shop):
            await shop.until_seen(case_no, "accept_offer")
            assert shop.stored(case_no).state == State.REFUNDING
            assert "decline_offer" not in shop.actions(case_no)


# ── what else the clocks of a whole case have to bear ─────────────────────────────────────────────


def chain_of(shop: World, case_no: str) -> list[Entry]:
    return [e for e in shop.timeline(case_no) if e.action in ("warned", "breached", "escalated")]


def in_ten_hours(shop: World) -> None:
    """Put a triage of ten hours into force, of five for what is urgent."""
    kinds = shop.held.current().kinds
    terms = {"target": 36_000, "calendar": "all_hours", "by_priority": {"urgent": 18_000}}
    shop.held.change(kinds={kind: with_triage(playbook, terms) for kind, playbook in kinds.items()})


def with_triage(playbook: Playbook, terms: dict[str, Any]) -> Playbook:
    def changed(rules: Procedure) -> Procedure:
        rule = rules.clocks[State.REQUESTED].model_copy(update=terms)
        return rules.model_copy(update={"clocks": {**rules.clocks, State.REQUESTED: rule}})

    return playbook.model_copy(update={"procedure": changed(playbook.procedure)})


async def test_a_priority_raised_past_its_new_target_is_late_at_once_and_by_the_change_T10(shop: World) -> None:
    """Six of ten hours are used; of the five that an urgent case has that is more than all."""
    await shop.until_a_quiet_monday()
    in_ten_hours(shop)
    case_no = await shop.opened()
    await shop.act(case_no, "message", text="We are looking at it.")
    await shop.pass_time(hours=6)
    assert chain_of(shop, case_no) == []
    await shop.act(case_no, "set_priority", "manager", priority="urgent")
    await shop.until_seen(case_no, "escalated")
    said = [(e.data["alarm"], e.data["cause"], e.data["noticed_late"]) for e in chain_of(shop, case_no)]
    assert said == [("warning", "change", False), ("due", "change", False), ("level 1", "change", False)]
    await shop.act(case_no, "set_priority", "manager", priority="low")
    await shop.act(case_no, "set_priority", "manager", priority="urgent")
    await shop.pass_time(minutes=20)
    assert [e.data["alarm"] for e in chain_of(shop, case_no)] == ["warning", "due", "level 1"]


@pytest.mark.parametrize(("days", "opens"), [(29, True), (31, False)])
async def test_a_case_is_opened_again_inside_its_window_and_begins_a_new_cycle(
    shop: World, days: int, opens: bool
) -> None:
    """Thirty days; a run that has ended long ago begins anew, or is left alone."""
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    await shop.act(case_no, "reject", reason="Not ours.")
    await shop.ended(case_no)
    before = shop.stored(case_no).clocks
    await shop.pass_time(days=days)
    if not opens:
        with pytest.raises(AftercareError, match="30 days"):
            await shop.act(case_no, "reopen", reason="A new photo.")
        assert shop.stored(case_no).clocks == before
        return
    again = await shop.act(case_no, "reopen", reason="A new photo.")
    triage = [clock for clock in again["clocks"] if clock["clock"] == "triage"]
    assert [(clock["cycle"], clock["state"]) for clock in triage] == [(1, "met"), (2, "running")]
    assert shop.stored(case_no).clocks[: len(before)] == before, "cycles that are over never change"
    due = shop.stored(case_no).due_at
    assert due is not None
    await shop.until(due + timedelta(minutes=1))
    assert [(e.data["clock"], e.data["cycle"]) for e in chain_of(shop, case_no) if e.action == "breached"] == [
        ("triage", 2)
    ]
