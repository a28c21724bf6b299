"""What a case costs in Temporal, road by road, on the real server: events in its history, and billable actions."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from api.history import case_cost
from tests.roads import ROADS
from tests.world import World

BUDGET: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parents[1] / "budget.toml").read_text())


@pytest.mark.parametrize("road", ROADS)
async def test_a_road_driven_at_once_stays_within_its_budget(shop: World, road: str) -> None:
    case_no = await shop.opened(ROADS[road].kind)
    await shop.travel(ROADS[road], case_no)
    await shop.ended(case_no)
    cost = await case_cost(shop.client, case_no)
    spent = {"events": cost.events, "actions": cost.actions}
    assert spent["events"] <= BUDGET[road]["events"], cost.by_type
    assert spent["actions"] <= BUDGET[road]["actions"], cost.by_type


def test_the_refund_is_within_what_was_promised() -> None:
    """At most 60 events and 24 actions, driven at once."""
    assert BUDGET["refund"]["events"] <= 60
    assert BUDGET["refund"]["actions"] <= 24
