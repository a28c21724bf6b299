"""What must not stop a case: malformed messages, storms, small histories, a database that is away, dead workers."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from api.restore import start_open_cases
from models.commands import parse_command
from models.decide import decide
from models.effects import CaseInput, CommitInput
from models.lifecycle import Role
from store import cases, personal
from store.engine import reading, writing
from tests.roads import CONFIRMED
from tests.world import ACTORS, World, a_world
from workflows.starting import start_case

AGENT = {"id": "li", "role": "agent"}
NOTE = {"action": "note", "actor": AGENT, "data": {"note": "still there"}}


async def still_answers(shop: World, case_no: str) -> None:
    answer = await shop.act(case_no, "note", note="still there")
    assert answer["case_no"] == case_no


MALFORMED: dict[str, Any] = {
    "nothing": None,
    "a word": "refund it",
    "a list": [1, 2, 3],
    "a number": 3.14,
    "an empty object": {},
    "an unknown action": {"action": "explode", "actor": AGENT},
    "an unknown role": {"action": "note", "actor": {"id": "x", "role": "boss"}},
    "data that is a list": {"action": "note", "actor": AGENT, "data": [1]},
    "data that is wrong": {"action": "note", "actor": AGENT, "data": {"note": 7}},
    "a control character": {"action": "note", "actor": AGENT, "data": {"note": "a\x00b"}},
    "a broken surrogate": {"action": "note", "actor": AGENT, "data": {"note": "\ud800"}},
    "an action that is an object": {"action": {"deep": {}}, "actor": AGENT},
    "a deep nest": {"action": "note", "actor": AGENT, "data": {"note": [[[[[[[[[[]]]]]]]]]]}},
    "pots from outside": {"action": "note", "actor": AGENT, "data": {"note": "x"}, "order_pots": {"units": "all"}},
}


@pytest.mark.parametrize("what", MALFORMED, ids=lambda what: what.replace(" ", "-"))
async def test_a_malformed_update_is_refused_and_a_malformed_signal_is_kept_as_refused(shop: World, what: str) -> None:
    case_no = await shop.opened()
    handle, envelope = shop.handle(case_no), MALFORMED[what]
    if what != "a broken surrogate":  # it cannot be sent at all
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update("command", envelope)
        assert isinstance(refused.value.cause, ApplicationError)
        await handle.signal("command", envelope)
        await still_answers(shop, case_no)
        assert shop.actions(case_no).count("refused") == 1
    await still_answers(shop, case_no)


async def test_messages_of_other_names_and_other_counts_of_arguments_stop_nothing(shop: World) -> None:
    case_no = await shop.opened()
    handle = shop.handle(case_no)
    await handle.signal("refund_everything", {"now": True})
    await handle.signal("command")
    await handle.signal("command", args=[NOTE, NOTE, NOTE])
    for args in ([], [NOTE, NOTE]):
        with pytest.raises(WorkflowUpdateFailedError):
            await handle.execute_update("command", args=args)
    with pytest.raises(WorkflowUpdateFailedError):
        await handle.execute_update("explode", NOTE)
    undecodable = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=b"{not json"))
    await handle.signal("command", undecodable)
    await still_answers(shop, case_no)


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ENVELOPES = st.fixed_dictionaries(
    {}, optional={"action": st.sampled_from(["note", "choose_remedy", "book_in", "close", "correct"]) | JSON,
                  "actor": st.just(AGENT) | JSON, "data": JSON, "command_id": JSON},
)  # fmt: skip


async def test_random_signals_never_stop_a_case(shop: World) -> None:
    case_no = await shop.opened()
    sent: list[Any] = []

    @settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(JSON | ENVELOPES)
    def collect(envelope: Any) -> None:
        sent.append(envelope)

    collect()
    for envelope in sent:
        await shop.handle(case_no).signal("command", envelope)
    await still_answers(shop, case_no) if not shop.stored(case_no).is_final else None
    assert len(sent) >= 60


async def test_a_command_id_that_comes_twice_has_one_effect(shop: World) -> None:
    case_no = await shop.opened()
    first = await shop.act(case_no, "note", note="once", command_id="n-1")
    again = await shop.act(case_no, "note", note="once", command_id="n-1")
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert shop.actions(case_no).count("note") == 1


async def test_a_database_that_is_away_for_a_while_loses_nothing_and_leaves_no_heap_of_events(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with a_world(skipping.client, tmp_path, skipping) as (shop, _):
        case_no = await shop.opened()
        lock = sqlite3.connect(tmp_path / "aftercare.db", isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        asking = asyncio.create_task(shop.handle(case_no).execute_update("command", NOTE))
        # The quick try is given up after its five seconds; then the patient one is under way.
        while (await shop.handle(case_no).describe()).raw_description.pending_activities == []:
            await asyncio.sleep(0.2)
        lock.execute("ROLLBACK")
        lock.close()
        assert (await asyncio.wait_for(asking, 60))["case_no"] == case_no
        assert shop.actions(case_no) == ["opened", "note"]
        assert (await shop.handle(case_no).describe()).history_length < 40


async def test_a_case_goes_on_with_another_worker_that_remembers_nothing(
    skipping: WorkflowEnvironment, tmp_path: Path
) -> None:
    """No worker keeps anything: the cache is off, every task replays the whole history."""
    async with a_world(skipping.client, tmp_path, skipping, max_cached_workflows=0) as (shop, _):
        case_no = await shop.opened()
        case = await shop.drive(case_no, *CONFIRMED, ("choose_remedy", "agent", {"remedy": "refund"}))
        assert case["state"] == "refunding"
        assert [e.seq for e in shop.timeline(case_no)] == list(range(1, len(shop.timeline(case_no)) + 1))


async def test_a_deadline_that_passed_while_nothing_ran_fires_at_once_and_is_noted_as_late(shop: World) -> None:
    """A case that is gone from Temporal goes on from the state in SQL (`db restore`), and T10: noticed late."""
    case_no = await shop.opened("change_of_mind")
    await shop.act(case_no, "authorise_return")
    due = shop.stored(case_no).due_at
    await shop.handle(case_no).terminate("the server was lost")
    await shop.pass_time(days=9)
    assert await start_open_cases(shop.client, shop.engine) == 1
    await shop.ended(case_no)
    breached = next(e for e in shop.timeline(case_no) if e.action == "breached")
    assert (breached.data["noticed_late"], breached.data["due_at"]) == (True, due.isoformat() if due else None)
    assert shop.stored(case_no).state == "closed"


async def test_a_command_to_a_case_that_does_not_run_starts_it_again(shop: World) -> None:
    case_no = await shop.opened()
    await shop.handle(case_no).terminate("the server was lost")
    assert (await shop.act(case_no, "take"))["owner"] == "li"
    assert shop.actions(case_no) == ["opened", "take"]


def write_behind_its_back(shop: World, case_no: str, action: str, command_id: str, **data: Any) -> None:
    """A worker that died between its commit and its history: SQL has the decision, the workflow has not."""
    case = shop.stored(case_no)
    envelope = {"action": action, "actor": AGENT, "command_id": command_id, "data": data}
    decision = decide(case, parse_command(envelope), shop.now)
    drain = CommitInput(case=decision.case, base=case.version, effects=decision.effects, at=shop.now)
    with writing(shop.engine) as session:
        cases.write_commit(session, drain, shop.playbooks.calendars)


async def test_a_database_that_refuses_at_once_leaves_no_heap_of_events_either(shop: World) -> None:
    case_no = await shop.opened()
    with shop.engine.begin() as connection:
        connection.execute(text("ALTER TABLE cases RENAME TO cases_away"))
    asking = asyncio.create_task(shop.handle(case_no).execute_update("command", NOTE))
    while (await shop.handle(case_no).describe()).raw_description.pending_activities == []:
        await asyncio.sleep(0.2)
    with shop.engine.begin() as connection:
        connection.execute(text("ALTER TABLE cases_away RENAME TO cases"))
    assert (await asyncio.wait_for(asking, 90))["case_no"] == case_no
    assert shop.actions(case_no) == ["opened", "note"]
    assert (await shop.handle(case_no).describe()).history_length < 40


async def test_a_case_reads_on_from_what_a_dead_worker_had_written(shop: World) -> None:
    """Nothing of it is lost, nothing is done twice, and whoever repeats the lost command is told so."""
    case_no = await shop.opened()
    write_behind_its_back(shop, case_no, "take", "lost-1")
    noted = await shop.act(case_no, "note", note="The next day.")
    assert noted["owner"] == "li"
    assert shop.actions(case_no) == ["opened", "take", "note"]
    assert (await shop.act(case_no, "take", command_id="lost-1"))["repeated"] is True
    assert (await shop.handle(case_no).query("snapshot"))["owner"] == "li"


async def test_messages_that_do_not_know_of_a_lost_decision_are_decided_again_on_top_of_it(shop: World) -> None:
    case_no = await shop.opened()
    write_behind_its_back(shop, case_no, "reject", "lost-2", reason="not ours")
    handle = shop.handle(case_no)
    await handle.signal("command", {**NOTE, "command_id": "lost-2"})  # the lost one comes again: no second effect
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update("command", NOTE)
    assert refused.value.cause is not None
    assert "rejected" in str(refused.value.cause)
    assert (await shop.ended(case_no))["state"] == "rejected"
    assert shop.actions(case_no)[:2] == ["opened", "reject"]


async def test_the_input_of_a_case_survives_its_own_json(shop: World) -> None:
    case = shop.stored(await shop.opened())
    handed_over = CaseInput(case=case, recent=shop.timeline(case.case_no))
    assert CaseInput.model_validate_json(handed_over.model_dump_json()) == handed_over


# ── decisions that only SQL knows of, and what they brought with them ──

TWO_PAYMENTS = [
    {"payment_no": "P1", "method": "alipay", "amount": 34260},
    {"payment_no": "P2", "method": "balance", "amount": 500},  # the newest, which gives back first (F17)
]
KEPT = {"remedy": "keep_it", "amount": "5.00"}


async def two_cases_of_one_order(shop: World) -> tuple[str, str]:
    order_no = await shop.sold(payments=TWO_PAYMENTS)
    kettle = await shop.opened("wrong_item", order_no, lines=[{"line_no": 1, "quantity": 1}])
    return kettle, await shop.opened("wrong_item", order_no, lines=[{"line_no": 2, "quantity": 1}])


async def test_money_refused_while_a_worker_died_leaves_no_payout_that_nobody_can_pay_C2(shop: World) -> None:
    first, second = await two_cases_of_one_order(shop)
    await shop.act(first, "choose_remedy", **KEPT)
    write_behind_its_back(shop, second, "choose_remedy", "lost-3", **KEPT)
    assert shop.stored(second).open_payouts == ()
    await shop.act(second, "note", note="And now?")
    case = await shop.desk.case(second)
    assert (case["state"], case["payouts"], case["money"]["refund"]["amount"]) == ("requested", [], "0.00")
    assert shop.actions(second) == ["opened", "choose_remedy", "money_refused", "note"]
    told = [entry.as_document() for entry in shop.timeline(second)]
    assert await shop.handle(second).query("timeline") == told


async def test_a_case_split_off_while_a_worker_died_is_started(shop: World) -> None:
    case_no = await shop.opened(lines=[{"line_no": 1, "quantity": 2}])
    write_behind_its_back(shop, case_no, "split", "lost-4", lines=[{"line_no": 1, "quantity": 1}])
    await shop.act(case_no, "note", note="And now?")
    (child,) = shop.stored(case_no).links
    while (await shop.handle(case_no).describe()).raw_description.pending_activities:
        await asyncio.sleep(0.05)
    assert (await shop.handle(child).query("snapshot"))["state"] == "requested"
    assert shop.actions(case_no) == ["opened", "split", "split_off", "note"]


async def test_long_words_do_not_keep_a_case_from_its_next_run(shop: World) -> None:
    """What a run remembers of the timeline travels to the next one, where Temporal lets nothing above 2 MB pass."""
    case_no = await shop.opened()
    for _ in range(100):
        await shop.act(case_no, "message", text="水" * 5000)
    told = await shop.handle(case_no).query("timeline")
    assert told[-1]["seq"] == 101
    assert len(json.dumps(told, ensure_ascii=False).encode()) < 210_000


async def test_what_is_personal_is_kept_although_the_first_answer_was_lost(shop: World) -> None:
    case_no = await shop.opened()
    write_behind_its_back(shop, case_no, "update_contact", "lost-5", phone="•••••••8000")
    again = await shop.act(case_no, "update_contact", phone="13911118000", command_id="lost-5")
    assert again["repeated"] is True
    with reading(shop.engine) as session:
        assert cases.contact(session, case_no) == {"phone": "13911118000"}
        assert list(personal.of_case(session, case_no).values()) == [{"phone": "13911118000"}]


async def test_a_run_started_from_an_old_state_does_not_stand_in_the_way_of_reopening(shop: World) -> None:
    """Restoring reads a case, somebody closes it, and only then is it started."""
    case_no = await shop.opened()
    before = shop.stored(case_no)
    await shop.act(case_no, "reject", reason="not ours")
    await shop.ended(case_no)
    await start_case(shop.client, CaseInput(case=before))
    assert (await shop.act(case_no, "reopen", reason="it was ours"))["state"] == "requested"
    assert shop.actions(case_no) == ["opened", "reject", "reopen"]


async def test_a_payout_that_two_people_report_as_paid_at_once_is_answered_to_both(shop: World) -> None:
    case_no = await shop.opened("wrong_item")
    (payout,) = (await shop.act(case_no, "choose_remedy", **KEPT))["payouts"]
    finance = ACTORS[Role.FINANCE]
    told = await asyncio.gather(*(shop.desk.payout_paid(payout["id"], "ALI-1", finance) for _ in range(3)))
    assert {row["state"] for row in told} == {"done"}
    assert shop.actions(case_no).count("record_refund") == 1
