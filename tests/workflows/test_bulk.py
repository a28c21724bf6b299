"""One action on many cases: every case answers by its own rules, once, whatever happens in between (T12)."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities import bulk as activities
from api.documents.bulk import BulkAsk
from api.oversight.bulk import Bulks
from models import tables
from models.errors import Conflict, DataRefused, Forbidden, NotFound
from models.lifecycle import Role
from models.oversight import bulk as bulk_models
from models.oversight.bulk import BatchDone, BulkBatch, BulkInput, bulk_workflow_id
from store.engine import writing
from store.oversight import bulks
from tests.world import ACTORS, World


async def begun(shop: World, action: str, role: str = "manager", key: str | None = None, **ask: Any) -> dict[str, Any]:
    """A bulk as it was begun, in nobody's way: `reason` says why."""
    wanted = BulkAsk.model_validate({"action": action, "reason": "the courier's strike", **ask})
    await shop.look_at_the_clock()
    return await Bulks(shop.desk).start(wanted, ACTORS[Role(role)], key)


async def finished(shop: World, bulk_id: str) -> dict[str, Any]:
    """The bulk at its end, with all of its cases."""
    await shop.client.get_workflow_handle(bulk_workflow_id(bulk_id)).result()
    return await Bulks(shop.desk).shown(bulk_id, (), None, 200)


async def carried_out(shop: World, action: str, *case_nos: str, **ask: Any) -> dict[str, Any]:
    bulk = await begun(shop, action, case_nos=list(case_nos), **ask)
    return await finished(shop, bulk["id"])


def answers(bulk: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(item["state"], item["code"]) for item in bulk["items"]]


async def complaints(shop: World, how_many: int) -> list[str]:
    return [await shop.opened(kind="complaint", about_an_order=False) for _ in range(how_many)]


async def test_every_case_answers_for_itself(shop: World) -> None:
    """One is handed over, one is over already, one is about the new owner, one does not exist."""
    fine, closed = await complaints(shop, 2)
    against = await shop.opened(kind="complaint", about_an_order=False, about={"person": "wang.fang"})
    await shop.act(closed, "close", "manager", reason="solved on the phone")
    bulk = await carried_out(shop, "reassign", fine, closed, against, "AC-26-999999", data={"to": "wang.fang"})
    assert (bulk["state"], bulk["total"]) == ("done", 4)
    assert bulk["counts"] == {"waiting": 0, "done": 1, "refused": 3, "failed": 0}
    assert answers(bulk) == [
        ("done", None),
        ("refused", "state-refused"),
        ("refused", "rule-refused"),
        ("refused", "not-found"),
    ]
    assert "cannot own it" in bulk["items"][2]["detail"]
    assert shop.stored(fine).owner == "wang.fang"
    assert shop.stored(closed).owner != "wang.fang"


DOES: list[tuple[str, dict[str, Any], str]] = [
    ("remind", {}, "remind"),
    ("reassign", {"to": "wang.fang"}, "assign"),
    ("escalate", {}, "escalate"),
    ("extend", {"by_seconds": 3600}, "extend"),
    ("retry", {}, "retry"),
    ("close", {}, "close"),
]


@pytest.mark.parametrize(("word", "data", "action"), DOES)
async def test_what_can_be_done_to_many_is_an_action_of_each(
    shop: World, word: str, data: dict[str, Any], action: str
) -> None:
    (case_no,) = await complaints(shop, 1)
    bulk = await carried_out(shop, word, case_no, data=data)
    assert answers(bulk) == [("done", None)]
    (entry,) = [entry for entry in shop.timeline(case_no) if entry.action == action]
    assert (entry.actor.id, entry.actor.role) == ("chen", Role.MANAGER)


async def test_closing_obeys_the_rules_of_each_case(shop: World) -> None:
    """G8: a loaner is still out."""
    free, lent = await shop.opened(), await shop.opened()
    await shop.act(lent, "lend_loaner", serial="L-77")
    bulk = await carried_out(shop, "close", free, lent)
    assert answers(bulk) == [("done", None), ("refused", "rule-refused")]
    assert "L-77" in bulk["items"][1]["detail"]
    assert (shop.stored(free).state, shop.stored(lent).state) == ("closed", "requested")


async def test_a_filter_is_frozen_to_a_list_when_the_bulk_begins(shop: World) -> None:
    mine, others = await complaints(shop, 2)
    await shop.act(mine, "take")
    bulk = await begun(shop, "escalate", filter={"reason": ["no_owner"]})
    (late,) = await complaints(shop, 1)
    done = await finished(shop, bulk["id"])
    assert [item["case_no"] for item in done["items"]] == [others]
    assert done["filter"] == {"reason": ["no_owner"]}
    assert shop.stored(late).escalation == shop.stored(mine).escalation == 0


async def test_a_filter_that_finds_nothing_is_done_at_once(shop: World) -> None:
    bulk = await begun(shop, "remind", filter={"kind": "complaint", "at_stake": "99999.00"})
    assert (bulk["total"], (await finished(shop, bulk["id"]))["state"]) == (0, "done")


async def test_what_no_case_would_do_is_not_begun(shop: World) -> None:
    (case_no,) = await complaints(shop, 1)
    with pytest.raises(Forbidden, match="'supervisor' may not 'extend'"):
        await begun(shop, "extend", "supervisor", case_nos=[case_no], data={"by_seconds": 60})
    with pytest.raises(DataRefused, match="to"):
        await begun(shop, "reassign", case_nos=[case_no])
    assert (await Bulks(shop.desk).listed(None, 10))["items"] == []
    with pytest.raises(NotFound):
        await Bulks(shop.desk).shown("B-none", (), None, 10)


async def test_the_same_key_begins_one_bulk(shop: World) -> None:
    (case_no,) = await complaints(shop, 1)
    first = await begun(shop, "escalate", key="board-1", case_nos=[case_no])
    await finished(shop, first["id"])
    again = await begun(shop, "escalate", key="board-1", case_nos=[case_no])
    assert (again["id"], again["state"]) == (first["id"], "done")
    assert shop.stored(case_no).escalation == 1
    with pytest.raises(Conflict):
        await begun(shop, "retry", key="board-1", case_nos=[case_no])


async def written(shop: World, bulk_id: str, case_nos: list[str]) -> None:
    """A bulk in SQL that nobody has started yet."""
    row = {"id": bulk_id, "action": "escalate", "data": {}, "reason": "all", "actor": ACTORS[Role.MANAGER]}
    wanted = bulks.Wanted(**row, case_nos=tuple(case_nos), now=shop.now)
    with writing(shop.engine) as session:
        bulks.create(session, wanted)


async def test_a_long_list_goes_on_in_new_runs_and_asks_each_case_once(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of two, and a new run after every few events."""
    monkeypatch.setattr(bulk_models, "BATCH", 2)
    numbers = await complaints(shop, 7)
    await written(shop, "B-long", numbers)
    asked = BulkInput(bulk_id="B-long", total=7, history_limit=8)
    handle = await shop.client.start_workflow("BulkAction", asked, id="bulk/B-long", task_queue="aftercare")
    ended = await finished(shop, "B-long")
    last = await shop.client.get_workflow_handle("bulk/B-long").describe()
    assert last.run_id != handle.first_execution_run_id
    assert ended["counts"] == {"waiting": 0, "done": 7, "refused": 0, "failed": 0}
    assert [shop.stored(number).escalation for number in numbers] == [1] * 7


async def test_a_bulk_that_is_stopped_asks_nobody_else(shop: World) -> None:
    numbers = await complaints(shop, 3)
    await written(shop, "B-stop", numbers)
    stopped = await Bulks(shop.desk).stop("B-stop", "chen")  # nothing runs: it is over at once
    assert (stopped["state"], stopped["stopped_by"], stopped["counts"]["waiting"]) == ("stopped", "chen", 3)
    again = await Bulks(shop.desk).stop("B-stop", "li")
    assert again["stopped_by"] == "chen"
    asked = BulkInput(bulk_id="B-stop", total=3)
    await shop.client.start_workflow("BulkAction", asked, id="bulk/B-stop", task_queue="aftercare")
    ended = await finished(shop, "B-stop")
    assert answers(ended) == [("waiting", None)] * 3
    assert [shop.stored(number).escalation for number in numbers] == [0, 0, 0]


async def test_a_case_that_answered_before_the_answer_was_lost_does_nothing_twice(shop: World) -> None:
    """As after a worker that died between a case's answer and its row."""
    (case_no,) = await complaints(shop, 1)
    bulk = await carried_out(shop, "reassign", case_no, data={"to": "wang.fang"})
    with writing(shop.engine) as session:
        session.execute(update(tables.bulk_items).values(state="waiting", at=None))
        session.execute(update(tables.bulks).values(state="running", ended_at=None))
    handle = await shop.client.start_workflow(
        "BulkAction", BulkInput(bulk_id=bulk["id"], total=1), id="bulk/again", task_queue="aftercare"
    )
    await handle.result()
    assert answers(await Bulks(shop.desk).shown(bulk["id"], (), None, 10)) == [("done", None)]
    assert shop.actions(case_no).count("assign") == 1


async def test_a_case_that_never_answers_holds_up_no_other_and_counts_as_failed(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine, mute = await complaints(shop, 2)
    await written(shop, "B-mute", [fine, mute])
    asks = activities.Bulks._update

    async def silent(self: Any, case: Any, envelope: Any, update_id: str) -> None:
        if case.case_no == mute:
            raise RPCError("nothing came back", RPCStatusCode.DEADLINE_EXCEEDED, b"")
        await asks(self, case, envelope, update_id)

    monkeypatch.setattr(activities.Bulks, "_update", silent)
    batch = BulkBatch(bulk_id="B-mute", first=0, until=2)
    asking, once = activities.Bulks(shop.client, shop.engine), ActivityEnvironment()
    once.info = replace(
        once.info, attempt=activities.TRIES + 3
    )  # workers that died in it before are no tries of a case
    for _ in range(activities.TRIES - 1):
        with pytest.raises(ApplicationError, match="1 cases did not answer"):
            await once.run(asking.bulk_batch, batch)
        assert shop.stored(fine).escalation == 1
    assert await once.run(asking.bulk_batch, batch) == BatchDone(done=1, failed=1)
    shown = await Bulks(shop.desk).shown("B-mute", ("failed",), None, 10)
    assert [(item["case_no"], item["code"]) for item in shown["items"]] == [(mute, "unanswered")]


async def test_a_fault_of_our_own_about_a_case_that_is_over_ends_its_batch_all_the_same(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (closed,) = await complaints(shop, 1)
    await shop.act(closed, "close", "manager", reason="solved on the phone")
    await written(shop, "B-fault", [closed])

    def broken(*_: Any) -> None:
        raise KeyError("a rule that does not exist")

    monkeypatch.setattr(activities, "decide", broken)
    asking = activities.Bulks(shop.client, shop.engine)
    done = await ActivityEnvironment().run(asking.bulk_batch, BulkBatch(bulk_id="B-fault", first=0, until=1))
    assert done == BatchDone(refused=1)


async def test_lists_of_bulks_and_of_answers_are_read_in_pages(shop: World) -> None:
    numbers = await complaints(shop, 3)
    first = await carried_out(shop, "remind", *numbers, "AC-26-999999")
    await shop.pass_time(minutes=1)
    second = await carried_out(shop, "escalate", numbers[0])
    desk = Bulks(shop.desk)
    page = await desk.listed(None, 1)
    assert [row["id"] for row in page["items"]] == [second["id"]]
    rest = await desk.listed(page["next_cursor"], 1)
    assert [(row["id"], row["counts"]["refused"]) for row in rest["items"]] == [(first["id"], 1)]
    assert rest["next_cursor"] is None
    refused = await desk.shown(first["id"], ("refused",), None, 10)
    assert [item["case_no"] for item in refused["items"]] == ["AC-26-999999"]
    one = await desk.shown(first["id"], (), None, 3)
    two = await desk.shown(first["id"], (), one["next_cursor"], 3)
    assert [item["number"] for item in (*one["items"], *two["items"])] == [0, 1, 2, 3]
