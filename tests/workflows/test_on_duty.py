"""Work goes to whoever is on duty, from the opening of a case on (T11, T15)."""

from typing import Any

import pytest

from models.errors import Invalid
from models.lifecycle import Role
from store import outbox
from store.engine import reading
from tests.people import a_roster
from tests.staffed import write_down
from tests.world import World


def told(shop: World, case_no: str) -> list[str]:
    with reading(shop.engine) as session:
        return [letter.recipient for letter in outbox.of_case(session, case_no)]


async def test_a_shop_without_a_staff_list_assigns_nobody(shop: World) -> None:
    case_no = await shop.opened()
    assert (shop.stored(case_no).owner, told(shop, case_no)) == (None, [])
    assert shop.actions(case_no) == ["opened"]


async def test_a_case_that_nobody_was_named_for_goes_to_whoever_is_on_duty(shop: World) -> None:
    write_down(shop.engine, a_roster())
    await shop.until_a_quiet_monday()  # ten o'clock: Li and Wu are there
    numbers = [await shop.opened() for _ in range(4)]
    assert [shop.stored(case_no).owner for case_no in numbers] == ["li", "wu", "li", "wu"]
    assert told(shop, numbers[0]) == ["li"]
    given = shop.timeline(numbers[0])[1]
    assert (given.action, given.actor.role, given.data) == ("assign", Role.SYSTEM, {"to": "li"})
    assert shop.stored(numbers[0]).reassigned == 0
    assert (await shop.act(numbers[0], "take", "supervisor"))["owner"] == "supervisor"  # the workflow began with it


async def test_whoever_was_named_keeps_it(shop: World) -> None:
    write_down(shop.engine, a_roster())
    await shop.until_a_quiet_monday()
    case_no = await shop.opened(owner="sun")
    assert (shop.stored(case_no).owner, shop.actions(case_no)) == ("sun", ["opened"])


async def test_the_person_complained_about_gets_it_from_nobody_T15(shop: World) -> None:
    write_down(shop.engine, a_roster())
    await shop.until_a_quiet_monday()
    complaint: dict[str, Any] = {"about_an_order": False, "about": {"person": "Li"}, "wanted": "none"}
    case_no = await shop.opened("complaint", **complaint)
    assert shop.stored(case_no).owner == "wu"
    with pytest.raises(Invalid, match="who cannot own it"):
        await shop.opened("complaint", owner="li", **complaint)


async def test_at_night_it_waits_without_an_owner(shop: World) -> None:
    write_down(shop.engine, a_roster())
    await shop.until_a_quiet_monday()
    await shop.pass_time(hours=14)
    assert shop.stored(await shop.opened()).owner is None
