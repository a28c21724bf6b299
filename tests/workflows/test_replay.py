"""Histories of real cases replay on today's code: what would wedge open cases after an upgrade fails here first.

They are replayed as the worker runs them, in the sandbox. `tests/workflows/record.py` makes them anew.
"""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.workflows.record import FOLDER, SCENARIOS
from worker import RUNNER
from workflows.case import AfterSaleCase

HISTORIES = sorted(FOLDER.glob("*/*.json"))


def replayer() -> Replayer:
    return Replayer(workflows=[AfterSaleCase], data_converter=pydantic_data_converter, workflow_runner=RUNNER)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_a_recorded_history_replays(file: Path) -> None:
    history = WorkflowHistory.from_json("case/recorded", file.read_text())
    result = await replayer().replay_workflow(history)
    assert result.replay_failure is None


def test_every_scenario_has_been_recorded() -> None:
    assert {file.stem for file in HISTORIES} == set(SCENARIOS)


async def test_a_history_that_the_code_would_not_write_is_noticed() -> None:
    """The replay can fail: a timer that the code would not start is found out."""
    document = json.loads((HISTORIES[0].parent / "refund.json").read_text())
    events = [e for e in document["events"] if e["eventType"] != "EVENT_TYPE_TIMER_STARTED"]
    history = WorkflowHistory.from_json("case/forged", json.dumps({"events": events}))
    result = await replayer().replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is not None
