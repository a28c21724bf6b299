"""Every kind of case of section 3, and every branch of sections 7 and 8, from the request to its end."""

from datetime import timedelta
from functools import reduce
from typing import Any

import pytest

from models.lifecycle import Role
from tests.branches import ANOTHER_ORDER, Branch, Do, InHours, Move, Paid, Pass, Sees
from tests.branches.before_shipment import BEFORE_SHIPMENT
from tests.branches.goods import GOODS
from tests.branches.parcels import PARCELS
from tests.branches.service import SERVICE
from tests.world import World

BRANCHES = {**GOODS, **PARCELS, **BEFORE_SHIPMENT, **SERVICE}
#: Who follows what the desk tells them; others of the house do so where the step names what to do.
DESK, HOUSE = ("agent", "manager"), ("warehouse", "workshop")


def test_every_kind_of_the_handbook_has_a_branch_and_a_playbook(shop_kinds: frozenset[str]) -> None:
    assert {branch.kind for branch in BRANCHES.values()} == shop_kinds
    assert len(shop_kinds) == 24


@pytest.mark.parametrize("name", BRANCHES)
async def test_the_branch_ends_as_it_should(shop: World, name: str) -> None:
    branch = BRANCHES[name]
    await shop.until_a_quiet_monday()
    case_no = await opened(shop, branch)
    if branch.evidence:
        await evidence_sent(shop, case_no)
    for number, move in enumerate(branch.moves):
        await made(shop, case_no, move, f"move {number}, {move}")
    case = await shop.desk.case(case_no)
    assert case["state"] == branch.ends
    assert (await shop.ended(case_no))["state"] == branch.ends


async def opened(shop: World, branch: Branch) -> str:
    order = dict(branch.order)
    if "order_no" in order:  # a case about no order
        return await shop.opened(branch.kind, about_an_order=False, **branch.ask)
    days = order.pop("delivered_days_ago", None)
    dates = shop.delivered(days) if days else {}
    order_no = await shop.sold(branch.parcel, **{**dates, **order})
    return await shop.opened(branch.kind, order_no, **branch.ask)


async def evidence_sent(shop: World, case_no: str) -> None:
    """The customer sends all that the playbook wants to see."""
    missing = [one["key"] for one in (await shop.desk.case(case_no))["next_step"]["evidence_missing"]]
    if missing:
        await shop.act(case_no, "submit_evidence", Role.CUSTOMER, keys=missing, text="Here it is.")
        assert (await shop.desk.case(case_no))["next_step"]["evidence_missing"] == []


async def made(shop: World, case_no: str, move: Move, where: str) -> None:
    """Make one move, and look where it has led."""
    if isinstance(move, Sees):
        assert seen(await shop.desk.case(case_no), move.path) == move.value, where
    elif isinstance(move, Paid):
        await shop.paid(case_no)
        assert (await shop.desk.case(case_no))["money"]["paid"]["amount"] == move.amount, where
    elif isinstance(move, Pass):
        await passed(shop, case_no, move, where)
    else:
        await done(shop, case_no, move, where)


async def done(shop: World, case_no: str, move: Do, where: str) -> None:
    before = await shop.desk.case(case_no)
    step = before["next_step"]
    followed = move.role in DESK or (move.role in HOUSE and step["action"])
    if followed and not move.beside:
        assert step["action"] == move.action, f"{where}: the playbook proposes {step['action']}, {step['text']['en']}"
        proposed = step["data"]
        said = {key: move.data[key] for key in proposed if key in move.data and key != "options"}
        assert said == {key: proposed[key] for key in said}, f"{where}: the playbook proposes {proposed}"
    data = {name: await meant(shop, value) for name, value in move.data.items()}
    after = await shop.act(case_no, move.action, Role(move.role), **data)
    assert move.to is None or after["state"] == move.to, where


async def meant(shop: World, value: Any) -> Any:
    """`ANOTHER_ORDER` and `InHours` in a move's data stand for an order just placed and an instant to come."""
    if value == ANOTHER_ORDER:
        return await shop.sold()
    if isinstance(value, InHours):
        return (await shop.look_at_the_clock() + timedelta(hours=value.hours)).isoformat()
    return value


async def passed(shop: World, case_no: str, move: Pass, where: str) -> None:
    await shop.pass_time(hours=move.hours)
    if move.to is not None:
        assert await shop.reaches(case_no, move.to), where


def seen(document: Any, path: str) -> Any:
    """What stands in a document at `money.refund.amount`."""
    return reduce(lambda at, part: at[int(part)] if part.isdigit() else at[part], path.split("."), document)
