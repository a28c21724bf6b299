"""Couriers' own messages move cases (L16, G14): calls as they were kept, read by the worker, told as Signals."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from activities.asking import Asking
from activities.carriers import configured
from activities.hooks import HookReader
from activities.lookout import Lookout
from models.goods.couriers import CourierRules
from models.goods.tracking import TrackingEvent, What
from store.engine import reading, writing
from store.goods import tracking
from store.outside import hooks
from tests.activities.carriers.senders import SECRET, SENDERS, Secrets
from tests.roads import CONFIRMED, SHIPPED
from tests.world import World

CARRIERS = configured(Secrets(SecretStr(SECRET)))
EXCHANGE = (*CONFIRMED, ("choose_remedy", "agent", {"remedy": "exchange"}), SHIPPED)
#: The waybills of those roads.
BACK, OUT = "SF100200300", "SF900"


class Office:
    """A shop with its reader, and calls that come in."""

    def __init__(self, shop: World) -> None:
        self.shop, self.calls = shop, 0
        self.reader = HookReader(shop.client, shop.engine, CARRIERS, lambda: shop.now)

    def keep(self, waybill: str, told: Iterable[tuple[str, float]], now: datetime, call_id: str | None = None) -> str:
        """One call is kept: events with the hours before now at which they were."""
        self.calls += 1
        sent = call_id or f"call-{self.calls}"
        events = [(what, now - timedelta(hours=hours)) for what, hours in told]
        call = SENDERS["courier"].write(sent, waybill, events, now)
        with writing(self.shop.engine) as session:
            found, _ = hooks.receive(session, "courier", sent, {}, call.body, now)
        return found

    async def told(self, waybill: str, *told: tuple[str, float]) -> str:
        """A call comes and is read."""
        kept = self.keep(waybill, told, await self.shop.look_at_the_clock())
        await self.reader.round()
        return kept

    def left(self) -> int:
        with reading(self.shop.engine) as session:
            return len(hooks.unread(session, 100)) + len(tracking.untold(session, 100))


@pytest_asyncio.fixture
async def office(shop: World) -> Office:
    await shop.until_a_quiet_monday()
    return Office(shop)


async def on_its_way_back(shop: World, waybill: str = "YT55", **opening: Any) -> str:
    case_no = await shop.opened("quality_fault", **opening)
    sent = {"carrier": "yto", "waybill": waybill, "freight": "12.00"}
    await shop.drive(case_no, ("authorise_return", "agent"), ("ship_return", "customer", sent))
    return case_no


async def test_what_we_sent_is_delivered_and_its_case_moves_once_however_often_it_is_said(office: Office):
    case_no = await office.shop.opened()
    await office.shop.drive(case_no, *EXCHANGE)
    for _ in range(3):
        await office.told(OUT, ("moving", 5), ("delivered", 1))
    await office.shop.reaches(case_no, "resolved")
    assert office.shop.actions(case_no).count("record_delivery") == 1
    assert office.left() == 0


@pytest.mark.parametrize(("what", "state"), [("returned", "received"), ("lost", "requested")])
async def test_what_came_back_or_is_gone_takes_its_own_road(office: Office, what: str, state: str):
    case_no = await office.shop.opened()
    await office.shop.drive(case_no, *EXCHANGE)
    await office.told(OUT, (what, 1))
    await office.shop.reaches(case_no, state)


async def test_word_of_the_way_back_is_none_of_the_goods_that_leave_in_the_same_case(office: Office):
    case_no = await office.shop.opened()
    await office.shop.drive(case_no, *EXCHANGE)
    await office.told(BACK, ("delivered", 1))
    assert (await office.shop.desk.case(case_no))["state"] == "delivering"
    await office.told(OUT, ("delivered", 1))
    await office.shop.reaches(case_no, "resolved")


async def test_a_return_that_reached_our_dock_is_ours_to_find(office: Office):
    """G14."""
    case_no = await on_its_way_back(office.shop)
    await office.told("YT55", ("picked_up", 20), ("delivered", 1))
    await office.shop.until_seen(case_no, "record_delivery")
    assert office.shop.stored(case_no).at_dock_since is not None


@pytest.mark.parametrize(("what", "way"), [("lost", "lost"), ("returned", "refused")])
async def test_a_return_that_does_not_arrive_is_searched_for(office: Office, what: str, way: str):
    case_no = await on_its_way_back(office.shop)
    await office.told("YT55", (what, 1))
    await office.shop.until_seen(case_no, "record_delivery")
    assert office.shop.stored(case_no).way_back == way


async def test_a_parcel_that_is_called_back_is_known_by_its_orders_waybill_also_when_word_came_before(office: Office):
    """L7: the case never named the waybill; its order did."""
    shop = office.shop
    then = shop.now - timedelta(days=1)
    parcels = [{"shipment_no": "S1", "waybill": "ZT77", "label_printed_at": then, "shipped_at": then}]
    order_no = await shop.sold("gone", shipments=parcels)
    await office.told("ZT77", ("moving", 3), ("returned", 1))
    case_no = await shop.opened("cancel_before_shipment", order_no)
    await shop.act(case_no, "choose_remedy", remedy="refund")
    await office.reader.round()
    await shop.reaches(case_no, "received")
    assert shop.actions(case_no).count("record_delivery") == 1


async def test_word_of_a_waybill_that_nobody_knows_is_kept_and_told_when_somebody_does(office: Office):
    await office.told("YT55", ("delivered", 1))
    assert office.left() == 0
    case_no = await on_its_way_back(office.shop)
    await office.reader.round()
    await office.shop.until_seen(case_no, "record_delivery")


async def test_of_two_cases_with_one_waybill_both_that_wait_for_it_are_told(office: Office):
    first, second = await on_its_way_back(office.shop), await on_its_way_back(office.shop)
    over = await office.shop.opened()
    await office.told("YT55", ("delivered", 1))
    for case_no in (first, second):
        await office.shop.until_seen(case_no, "record_delivery")
    assert "record_delivery" not in office.shop.actions(over)


async def test_trouble_moves_nothing_and_is_read_in_the_case(office: Office):
    case_no = await on_its_way_back(office.shop)
    await office.told("YT55", ("trouble", 1))
    await office.shop.until_seen(case_no, "note")
    assert (await office.shop.desk.case(case_no))["state"] == "return_in_transit"


async def test_a_parcel_signed_for_too_early_is_said_to_the_case_that_was_told_so(office: Office):
    """L16."""
    case_no = await office.shop.opened()
    await office.shop.drive(case_no, *EXCHANGE)
    await office.told(OUT, ("delivered", 3))
    await office.shop.reaches(case_no, "resolved")
    await office.told(OUT, ("out_for_delivery", 1))
    await office.shop.until_seen(case_no, "note")
    assert "too early" in str(office.shop.timeline(case_no)[-1].note)


async def test_a_reader_that_died_after_telling_tells_again_and_moves_nothing_twice(office: Office):
    case_no = await office.shop.opened()
    await office.shop.drive(case_no, *EXCHANGE)
    office.keep(OUT, [("delivered", 1)], await office.shop.look_at_the_clock())
    office.reader.read()
    _, requests = office.reader._to_tell()
    await Asking(office.shop.client, office.shop.engine).ask(requests)  # told, and then it is gone
    await office.shop.reaches(case_no, "resolved")
    assert office.left() == 1
    await HookReader(office.shop.client, office.shop.engine, CARRIERS).round()
    assert office.left() == 0
    assert office.shop.actions(case_no).count("record_delivery") == 1


async def test_what_nobody_understands_waits_to_be_read_again_and_holds_up_nothing(office: Office):
    shop = office.shop
    with writing(shop.engine) as session:
        stranger, _ = hooks.receive(session, "taobao", "1", {}, b"?", shop.now)
        broken, _ = hooks.receive(session, "courier", "2", {}, b'{"data": 7}', shop.now)
    good = await office.told("YT55", ("moving", 1))
    with reading(shop.engine) as session:
        assert [hooks.load(session, one).state for one in (stranger, broken, good)] == [
            "unreadable",
            "unreadable",
            "done",
        ]
    with writing(shop.engine) as session:
        assert hooks.replay(session, stranger).state == "received"
    await HookReader(shop.client, shop.engine, {"taobao": CARRIERS["courier"]}).round()
    with reading(shop.engine) as session:
        assert hooks.load(session, stranger).tries == 2


async def test_ten_thousand_shuffled_and_repeated_events_leave_the_same_states_as_the_ordered_ones(office: Office):
    shop = office.shop
    story = [("created", 60.0), ("picked_up", 50.0), *(("moving", 49 - i / 2) for i in range(60)), ("trouble", 9.0)]
    ends = {"A": ("delivered", 1.0), "B": ("returned", 1.0), "C": ("lost", 1.0), "D": ("out_for_delivery", 1.0)}
    cases: dict[str, str] = {}
    for way in ("ordered", "shuffled"):
        for end in ends:
            case_no = cases[f"{end}-{way}"] = await shop.opened()
            sent = ("ship_replacement", "warehouse", {"carrier": "SF", "waybill": f"{end}-{way}"})
            await shop.drive(case_no, *EXCHANGE[:-1], sent)
    now = await shop.look_at_the_clock()
    for end, last in ends.items():
        office.keep(f"{end}-ordered", [*story, last], now)
    random.seed(6)
    each = [(end, event) for end, last in ends.items() for event in (*story, last)] * 40
    random.shuffle(each)
    assert len(each) >= 10_000
    for first in range(0, len(each), 200):
        for end in ends:
            office.keep(f"{end}-shuffled", [event for of, event in each[first : first + 200] if of == end], now)
    await office.reader.round()
    for end, state in {"A": "resolved", "B": "received", "C": "requested", "D": "delivering"}.items():
        ordered = await shop.reaches(cases[f"{end}-ordered"], state)
        shuffled = await shop.reaches(cases[f"{end}-shuffled"], state)
        assert ordered["state"] == shuffled["state"]
        with reading(shop.engine) as session:
            assert tracking.standing(session, f"{end}-ordered") == tracking.standing(session, f"{end}-shuffled")


async def test_a_parcel_left_at_a_locker_is_followed_until_its_customer_has_it(office: Office):
    """L16: a locker is no hand."""
    case_no = await office.shop.opened()
    await office.shop.drive(case_no, *EXCHANGE)
    now = await office.shop.look_at_the_clock()
    event = TrackingEvent(waybill=OUT, what=What.DELIVERED, at=now - timedelta(hours=1), how="locker")
    with writing(office.shop.engine) as session:
        tracking.take(session, [event], "courier", now)
    await office.reader.round()
    await office.shop.until_seen(case_no, "record_delivery")
    await office.shop.until_seen(case_no, "note")
    assert "locker" in str([entry.note for entry in office.shop.timeline(case_no)])
    seen = await office.shop.desk.case(case_no)
    assert (seen["state"], seen["next_step"]["script_name"]) == ("delivering", "at_locker")
    fetched = TrackingEvent(waybill=OUT, what=What.DELIVERED, at=now + timedelta(hours=3))
    with writing(office.shop.engine) as session:
        tracking.take(session, [fetched], "courier", now)
    await office.reader.round()
    await office.shop.reaches(case_no, "resolved")


async def test_a_case_whose_parcel_is_silent_says_so_once(office: Office):
    """L2: the case's own waybill, on a lane of which nothing is heard."""
    shop = office.shop
    case_no = await on_its_way_back(shop)
    here = Lookout(shop.client, shop.engine, {}, lambda: CourierRules(), lambda: shop.now)
    await here.round()
    assert "note" not in shop.actions(case_no)
    await shop.pass_time(hours=49)
    for _ in range(2):
        await here.round()
    await shop.until_seen(case_no, "note")
    await shop.pass_time(hours=25)
    await here.round()
    assert shop.actions(case_no).count("note") == 1
    assert "never scanned" in str([entry.note for entry in shop.timeline(case_no)])
