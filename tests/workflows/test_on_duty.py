"""Work goes to whoever is on duty, from the opening of a case on (T11, T15)."""

from typing import Any

import pytest

from api.documents.duty import HandoverAsk, StaffAsk
from api.people.duty import Duty
from models.commands import Actor
from models.errors import Invalid
from models.lifecycle import Role
from store.engine import reading
from store.people import duty, outbox
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


# ── handovers ─────────────────────────────────────────────────────────────────────────────────────

LI, WU, CHEN = Actor(id="li", role=Role.AGENT), Actor(id="wu", role=Role.AGENT), Actor(id="chen", role=Role.MANAGER)


async def begun(shop: World) -> dict[str, Any]:
    await shop.look_at_the_clock()
    return await Duty(shop.desk).hand_over(HandoverAsk(to="wu", note="the first one is in a hurry"), LI)


async def test_cases_are_handed_over_with_their_next_steps_and_accepted_in_part_T11(shop: World) -> None:
    write_down(shop.engine, a_roster())
    await shop.until_a_quiet_monday()
    first, second, closed = [await shop.opened(owner="li") for _ in range(3)]
    handover = await begun(shop)
    shown = handover["items"][0]["shown"]
    assert (shown["state"], shown["clocks"][0]["clock"]) == ("requested", "triage")
    assert set(shown["next_step"]) == {"zh", "en"}
    arose = await shop.opened(owner="li")
    await shop.act(closed, "reject", reason="not ours")
    accepted = await Duty(shop.desk).accept(handover["id"], [first, closed], "the second tomorrow", WU)
    items = {item["case_no"]: (item["accepted"], item["outcome"]) for item in accepted["items"]}
    assert items == {first: (True, "moved"), second: (False, None), closed: (True, "closed meanwhile")}
    assert accepted["state"] == "partly"
    owners = {case_no: shop.stored(case_no).owner for case_no in (first, second, arose)}
    assert owners == {first: "wu", second: "li", arose: "li"}
    moved = shop.timeline(first)[-1]
    assert (moved.actor, moved.data) == (WU, {"to": "wu", "handover": handover["id"]})
    assert shop.stored(first).reassigned == 0  # a change of shift is no bouncing (T12)
    assert await Duty(shop.desk).accept(handover["id"], None, None, WU) == accepted  # said twice


async def test_a_case_that_somebody_took_meanwhile_is_left_alone(shop: World) -> None:
    write_down(shop.engine, a_roster())
    await shop.until_a_quiet_monday()
    case_no = await shop.opened(owner="li")
    handover = await begun(shop)
    await shop.act(case_no, "assign", "manager", to="chen")
    accepted = await Duty(shop.desk).accept(handover["id"], None, None, WU)
    assert [item["outcome"] for item in accepted["items"]] == ["with chen meanwhile"]
    assert shop.stored(case_no).owner == "chen"


async def test_an_acceptance_that_broke_off_is_finished_by_repeating_it(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_down(shop.engine, a_roster())
    await shop.until_a_quiet_monday()
    numbers = [await shop.opened(owner="li") for _ in range(2)]
    handover = await begun(shop)
    carry_out = shop.desk.carry_out
    carried: list[str] = []

    async def once(case_no: str, command: Any) -> Any:
        if carried:
            raise ConnectionError("the process died here")
        carried.append(case_no)
        return await carry_out(case_no, command)

    with monkeypatch.context() as dying:
        dying.setattr(shop.desk, "carry_out", once)
        with pytest.raises(ConnectionError):
            await Duty(shop.desk).accept(handover["id"], None, None, WU)
    assert [shop.stored(case_no).owner for case_no in numbers] == ["wu", "li"]
    accepted = await Duty(shop.desk).accept(handover["id"], None, None, WU)
    assert [item["outcome"] for item in accepted["items"]] == ["moved", "moved"]
    assert [shop.actions(case_no).count("assign") for case_no in numbers] == [1, 1]


async def test_who_leaves_with_open_cases_leaves_them_to_be_given_on(shop: World) -> None:
    write_down(shop.engine, a_roster())
    await shop.until_a_quiet_monday()
    case_no = await shop.opened(owner="li")
    left = await Duty(shop.desk).put_person("li", StaffAsk(until=shop.now), CHEN)
    assert (left["with_us"], left["open_cases"]) == (False, 1)
    with reading(shop.engine) as session:
        assert [one.case_no for one in duty.left_behind(session, shop.now)] == [case_no]
        assert duty.heard_by(session, "owner", "li", shop.now) == ("wu",)
    assert shop.stored(case_no).owner == "li"  # until a sweep or a manager gives it on
    assert shop.stored(await shop.opened()).owner == "wu"
