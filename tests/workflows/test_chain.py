"""The chain of T8 as the timer really runs it: duty, acknowledgement, and what happens while nobody looks (T10)."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from api.restore import start_open_cases
from models.events import Entry
from models.tables import messages
from store.engine import reading
from store.people import duty
from tests.people import a_roster, absence, wall
from tests.staffed import write_down
from tests.world import World

FOR_EVER = (wall("00:00", "2026-01-02"), wall("00:00", "2034-01-01"))


def chain_of(shop: World, case_no: str) -> list[Entry]:
    return [e for e in shop.timeline(case_no) if e.action in ("warned", "breached", "escalated", "skipped")]


def once_each(entries: list[Entry]) -> bool:
    """One fact per clock, cycle and alarm (T10)."""
    named = Counter((e.action, e.data["clock"], e.data["cycle"], e.data["alarm"]) for e in entries)
    return set(named.values()) == {1}


async def on_a_monday_at_ten(shop: World, *facts: object) -> str:
    """A case whose first clock runs until Tuesday, 10:00, in a shop with a rota."""
    write_down(shop.engine, a_roster(*facts))
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    await shop.act(case_no, "message", text="We are looking at it.")
    return case_no


async def test_a_level_with_nobody_on_duty_is_skipped_at_once_T8(shop: World) -> None:
    case_no = await on_a_monday_at_ten(shop, absence("li", *FOR_EVER), absence("wu", *FOR_EVER))
    await shop.pass_time(hours=24, minutes=30)  # Tuesday, 10:30: the night shift is asleep
    chain = chain_of(shop, case_no)
    assert [e.data["alarm"] for e in chain] == ["warning", "due", "level 1", "level 1", "level 2"]
    assert [e.action for e in chain][2:] == ["escalated", "skipped", "escalated"]
    assert chain[4].at - chain[2].at < timedelta(seconds=5), "the supervisor is told at once, not half a day later"
    assert shop.stored(case_no).escalation == 2
    await shop.pass_time(days=1)
    assert once_each(chain_of(shop, case_no))


async def test_what_is_handed_to_a_supervisor_who_is_away_goes_to_the_manager_at_once_T8(shop: World) -> None:
    case_no = await on_a_monday_at_ten(shop, absence("zhou", *FOR_EVER))
    await shop.act(case_no, "escalate", reason="He shouts.", to="supervisor")
    await shop.until_seen(case_no, "skipped")
    assert shop.stored(case_no).escalation == 2


async def test_an_acknowledged_alarm_comes_back_to_whoever_is_on_duty_by_then_T8(shop: World) -> None:
    """Acknowledged by the day shift at 14:00; four working hours later it is 18:00, and the night shift is there."""
    case_no = await on_a_monday_at_ten(shop)
    await shop.pass_time(days=1, hours=4)
    assert (await shop.act(case_no, "acknowledge"))["escalation"] == 1
    until = shop.stored(case_no).acknowledged_until
    assert until is not None
    assert until - shop.now < timedelta(hours=4, minutes=1)
    await shop.until(until + timedelta(minutes=1))
    back = chain_of(shop, case_no)[-1]
    assert (back.data["alarm"], back.data["noticed_late"]) == ("level 1 back 1", False)
    with reading(shop.engine) as session:
        found = select(messages.c.at).where(messages.c.case_no == case_no, messages.c.recipient == "on_duty")
        first, again = session.execute(found.order_by(messages.c.at)).scalars()
        heard = [duty.heard_by(session, "on_duty", None, at) for at in (first, again)]
    assert heard == [("li", "wu"), ("sun",)]
    assert once_each(chain_of(shop, case_no))


async def test_deadlines_that_passed_while_nothing_ran_are_noticed_late_and_once_T10(shop: World) -> None:
    case_no = await on_a_monday_at_ten(shop)
    due = shop.stored(case_no).due_at
    assert due is not None
    await shop.handle(case_no).terminate("the server was lost")
    await shop.pass_time(days=1, hours=1)
    for _ in range(2):
        await start_open_cases(shop.client, shop.engine)
        await shop.until_seen(case_no, "escalated")
    breached = next(e for e in chain_of(shop, case_no) if e.action == "breached")
    said = breached.data["due_at"], breached.data["noticed_late"], breached.data["cause"]
    assert said == (due.isoformat(), True, "delay")
    assert once_each(chain_of(shop, case_no))
    log = next(c for c in shop.stored(case_no).clocks if c.clock == "triage").log
    assert [(entry.what, entry.late) for entry in log][1:] == [("reached", True), ("breached", True), ("reached", True)]


async def test_a_case_closed_with_a_timer_in_flight_hears_nothing_of_it_any_more_T10(shop: World) -> None:
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    due = shop.stored(case_no).due_at
    assert due is not None
    await shop.act(case_no, "message", text="We are looking at it.")
    await shop.until(due - timedelta(seconds=1))
    await shop.act(case_no, "close", "manager", reason="Solved by phone.")
    await shop.pass_time(days=3)
    assert (await shop.ended(case_no))["state"] == "closed"
    assert [e.action for e in chain_of(shop, case_no)] == ["warned"]


async def test_two_clocks_that_end_in_one_second_are_two_facts_each_once_T10(shop: World) -> None:
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    await shop.act(case_no, "message", text="We are looking at it.")
    due = shop.stored(case_no).due_at
    assert due is not None
    await shop.act(case_no, "promise", what="I call you with the result.", at=due.isoformat())
    await shop.until(due + timedelta(minutes=1))
    chain = chain_of(shop, case_no)
    breached = sorted(e.data["clock"] for e in chain if e.action == "breached")
    assert breached == ["promise", "triage"]
    assert once_each(chain)
    assert all(not e.data["noticed_late"] for e in chain)


async def test_a_deadline_that_a_manager_moved_rings_at_its_new_time_T12(shop: World) -> None:
    await shop.until_a_quiet_monday()
    case_no = await shop.opened()
    await shop.act(case_no, "message", text="We are looking at it.")
    moved = shop.now + timedelta(days=3)
    await shop.act(case_no, "extend", "manager", until=moved.isoformat(), reason="The supplier answers on Thursday.")
    assert shop.stored(case_no).due_at == moved
    await shop.pass_time(days=3, minutes=1)
    breached = [e for e in chain_of(shop, case_no) if e.action == "breached"]
    assert [(e.data["clock"], e.data["due_at"], e.data["cause"]) for e in breached] == [
        ("triage", moved.isoformat(), "delay")
    ]
