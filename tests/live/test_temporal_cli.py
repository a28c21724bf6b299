"""A case driven with Temporal's own command line, as the contract says: update, signal, query."""

import asyncio
import json
from typing import Any

from embedded import TemporalServer, temporal_binary
from models.effects import workflow_id
from tests.world import World

AGENT = {"id": "li", "role": "agent"}


async def temporal(server: TemporalServer, *arguments: str) -> tuple[int, str]:
    """Run Temporal's command line against the server; its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        temporal_binary(),
        "workflow",
        *arguments,
        *("--address", server.address),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def update(server: TemporalServer, case_no: str, command: dict[str, Any]) -> tuple[int, str]:
    named = ("--workflow-id", workflow_id(case_no), "--name", "command", "--input", json.dumps(command))
    return await temporal(server, "update", "execute", *named, "--output", "json")


async def test_an_update_answers_the_case_as_it_is_written(server: TemporalServer, shop: World) -> None:
    case_no = await shop.opened()
    code, said = await update(server, case_no, {"action": "authorise_return", "actor": AGENT, "command_id": "t-1"})
    assert code == 0, said
    assert json.loads(said)["result"]["state"] == "awaiting_return"
    assert shop.stored(case_no).state == "awaiting_return"
    _, again = await update(server, case_no, {"action": "authorise_return", "actor": AGENT, "command_id": "t-1"})
    assert json.loads(again)["result"]["repeated"] is True


async def test_a_refused_update_says_why_and_changes_nothing(server: TemporalServer, shop: World) -> None:
    case_no = await shop.opened()
    code, said = await update(server, case_no, {"action": "ship_replacement", "actor": AGENT})
    assert code != 0
    assert "'agent' may not 'ship_replacement'" in said
    assert shop.actions(case_no) == ["opened"]


async def test_a_signal_moves_the_case_and_a_refused_one_is_kept(server: TemporalServer, shop: World) -> None:
    case_no = await shop.opened()
    for command in ({"action": "authorise_return", "actor": AGENT}, {"action": "ship_back", "actor": AGENT}):
        named = ("--workflow-id", workflow_id(case_no), "--name", "command", "--input", json.dumps(command))
        code, said = await temporal(server, "signal", *named)
        assert code == 0, said
    await shop.act(case_no, "note", note="after the signals")
    assert shop.actions(case_no) == ["opened", "authorise_return", "refused", "note"]


async def test_queries_answer_the_case_its_timeline_and_its_actions(server: TemporalServer, shop: World) -> None:
    case_no = await shop.opened()
    await shop.act(case_no, "take")
    answers = {}
    for query in ("snapshot", "timeline", "actions"):
        named = ("--workflow-id", workflow_id(case_no), "--name", query, "--output", "json")
        code, said = await temporal(server, "query", *named)
        assert code == 0, said
        answers[query] = json.loads(said)["queryResult"][0]
    assert answers["snapshot"]["state"] == "requested"
    assert [entry["action"] for entry in answers["timeline"]] == ["opened", "take"]
    allowed = {row["action"] for row in answers["actions"] if row["allowed"]}
    assert {"authorise_return", "make_offer", "reject"} <= allowed


async def test_temporal_s_own_lists_find_cases_by_stage(server: TemporalServer, shop: World) -> None:
    case_no = await shop.opened()
    await shop.act(case_no, "authorise_return")
    found = f"WorkflowId = '{workflow_id(case_no)}' AND CaseStage = 'goods' AND CaseKind = 'quality_fault'"
    for _ in range(100):
        if [run async for run in shop.client.list_workflows(found)]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("Temporal's list does not show the case by its stage")
