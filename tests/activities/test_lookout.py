"""Parcels on their way: told to whoever can be asked, asked about when silent, and missed only then (L1, L2)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, select
from temporalio.client import Client

from activities.lookout import Lookout
from models.goods.couriers import CourierRules
from models.goods.tracking import TrackingEvent, What
from models.tables import letters
from playbooks.loading.load import check_folder
from store import orders
from store.accounting.register_columns import COLUMNS
from store.accounting.registers import REGISTERS
from store.engine import reading, writing
from store.goods import tracking, watch
from tests.activities.trackers.houses import House, house, made
from tests.builders import NOW, an_order
from tests.databases import emptied, opened, sqlite_database
from tests.shipped import shipped

HOUR = timedelta(hours=1)
RULES = CourierRules.model_validate(
    {
        "usual": {"default": {"first": 24, "between": 48}, "remote": {"first": 36, "between": 96}},
        "cases": {"unsent": "not_dispatched", "unscanned": "no_scan", "stalled": "tracking_stalled"},
        "couriers": {"sf": {"zh": "顺丰", "en": "SF Express", "written": ["SF"], "kuaidi100": "shunfeng",
                            "usual": {"default": {"first": 12, "between": 36}}}},
    }
)  # fmt: skip


class Shop:
    """A shop whose parcels are looked after, one who can be asked, and the time in the test's hands."""

    def __init__(self, engine: Engine, there: House, url: str) -> None:
        self.engine, self.there, self.now = engine, there, NOW
        trackers = {"kuaidi100": made("kuaidi100", url, timeout=1)}
        self.lookout = Lookout(cast(Client, None), engine, trackers, lambda: RULES, lambda: self.now)

    def sent(self, waybill: str = "SF55", **over: object) -> None:
        """An order left an hour ago; its label was printed before."""
        parcel = {"shipment_no": "S1", "carrier": "SF", "waybill": waybill, "shipped_at": NOW - HOUR, **over}
        dates = {"shipped_at": None, "delivered_at": None}
        with writing(self.engine) as session:
            orders.put(session, an_order(f"O-{waybill}", shipments=[parcel], **dates), NOW)

    def heard(self, what: str, hours_ago: float, waybill: str = "SF55") -> None:
        event = TrackingEvent(waybill=waybill, what=What(what), at=self.now - hours_ago * HOUR)
        with writing(self.engine) as session:
            tracking.take(session, [event], "courier", self.now)

    async def passes(self, hours: float) -> None:
        self.now += hours * HOUR
        await self.lookout.round()

    def missed(self) -> list[tuple[str, str]]:
        with reading(self.engine) as session:
            return [(row["waybill"], row["silence"]) for row in watch.silent(session)]

    def letters(self) -> list[str]:
        with reading(self.engine) as session:
            return list(session.execute(select(letters.c.subject).order_by(letters.c.id)).scalars())

    def row(self, waybill: str = "SF55") -> watch.Watched:
        with reading(self.engine) as session:
            found = watch.load(session, waybill)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def kept_engine() -> Iterator[Engine]:
    with sqlite_database() as url, opened(url) as engine:
        yield engine


@pytest.fixture
def shop(kept_engine: Engine) -> Iterator[Shop]:
    with house("kuaidi100") as (there, url):
        yield Shop(emptied(kept_engine), there, url)


async def test_a_parcel_is_told_of_once_with_its_couriers_code_and_left_alone_until_it_could_be_silent(shop: Shop):
    shop.sent()
    await shop.passes(0)
    await shop.passes(5)
    assert [(one["waybill"], one["code"], one["more"]["phone"]) for one in shop.there.told] == [
        ("SF55", "shunfeng", "8000")
    ]
    assert shop.there.asked == []
    assert shop.row().registered_with == "kuaidi100"


async def test_one_that_was_never_scanned_is_asked_about_and_then_proposed_as_a_case_once(shop: Shop):
    shop.sent()
    await shop.passes(10)
    assert (shop.missed(), shop.there.asked) == ([], [])
    await shop.passes(1)  # twelve hours after it left
    assert shop.missed() == [("SF55", "no_scan")]
    assert len(shop.there.asked) == 1
    for _ in range(3):
        await shop.passes(24)
    [letter] = shop.letters()
    assert "O-SF55" in letter
    assert "no_scan" in letter
    assert len(shop.there.asked) == 4  # once a day


async def test_what_the_courier_knows_when_it_is_asked_is_news_and_no_silence(shop: Shop):
    shop.sent()
    shop.there.parcels["SF55"] = [("picked_up", shop.now + 2 * HOUR), ("moving", shop.now + 9 * HOUR)]
    await shop.passes(11)
    assert (shop.missed(), shop.letters()) == ([], [])
    with reading(shop.engine) as session:
        standing = tracking.standing(session, "SF55")
    assert standing is not None
    assert standing.what is What.MOVING
    await shop.passes(35)  # 36 hours after its last scan are up an hour before
    assert shop.missed() == [("SF55", "tracking_stalled")]


async def test_a_label_without_a_parcel_was_not_dispatched(shop: Shop):
    shop.sent(shipped_at=None, label_printed_at=NOW - HOUR)
    await shop.passes(11)
    assert shop.missed() == [("SF55", "not_dispatched")]


async def test_on_a_lane_that_takes_longer_silence_begins_later(shop: Shop):
    with writing(shop.engine) as session:
        parcel = {"shipment_no": "S1", "carrier": "ZTO", "waybill": "ZT1", "shipped_at": NOW}
        far = an_order("FAR", shipments=[parcel], shipped_at=None, delivered_at=None, ship_to={"zone": "remote"})
        orders.put(session, far, NOW)
    await shop.passes(30)
    assert shop.missed() == []
    await shop.passes(6)
    assert shop.missed() == [("ZT1", "no_scan")]


async def test_one_that_speaks_again_is_no_longer_missed_and_its_next_silence_is_another(shop: Shop):
    shop.sent()
    await shop.passes(11)
    shop.heard("moving", 0)
    await shop.passes(0)
    assert shop.missed() == []
    await shop.passes(36)
    assert shop.missed() == [("SF55", "tracking_stalled")]
    assert len(shop.letters()) == 2


@pytest.mark.parametrize("end", ["delivered", "returned", "lost"])
async def test_one_that_has_arrived_is_looked_after_no_more(shop: Shop, end: str):
    shop.sent()
    shop.heard(end, 0)
    await shop.passes(1000)
    assert (shop.missed(), shop.there.asked) == ([], [])


async def test_an_order_that_says_delivered_ends_it_and_what_is_delivered_is_never_looked_after(shop: Shop):
    shop.sent()
    shop.sent(delivered_at=NOW)
    shop.sent("SF56", delivered_at=NOW)
    await shop.passes(100)
    assert shop.missed() == []
    with reading(shop.engine) as session:
        assert watch.load(session, "SF56") is None


async def test_one_who_cannot_be_asked_does_not_make_a_parcel_silent_at_once_and_does_not_hide_it_for_ever(shop: Shop):
    shop.sent()
    await shop.passes(0)
    shop.there.mood = "broken"
    await shop.passes(11)
    assert shop.missed() == []
    for _ in range(3):
        await shop.passes(2)
    assert shop.missed() == [("SF55", "no_scan")]
    assert "500" in str(shop.row().words)


async def test_what_could_not_be_told_is_told_again_later(shop: Shop):
    shop.there.mood = "busy"
    shop.sent()
    await shop.passes(0)
    assert (shop.row().registered_with, shop.row().tries) == (None, 1)
    shop.there.mood = "well"
    await shop.passes(0.3)
    assert shop.row().registered_with == "kuaidi100"


async def test_a_parcel_of_long_ago_is_forgotten(shop: Shop):
    shop.sent(shipped_at=NOW - timedelta(days=61))
    await shop.passes(0)
    assert (shop.missed(), shop.there.told) == ([], [])


async def test_two_workers_do_not_look_at_the_same_parcel(shop: Shop):
    shop.sent()
    with writing(shop.engine) as session:
        first, second = watch.due(session, shop.now, 10), watch.due(session, shop.now, 10)
        later = watch.due(session, shop.now + watch.LEASE, 10)
    assert [len(one) for one in (first, second, later)] == [1, 0, 1]


def test_the_shipped_couriers_are_known_however_they_are_written():
    rules = shipped().couriers
    for written, code in {"SF": "shunfeng", "顺丰": "shunfeng", " yto ": "yuantong", "EMS": "ems"}.items():
        courier = rules.courier(written)
        assert courier is not None
        assert courier.kuaidi100 == code
    assert rules.courier("nobody") is None
    assert rules.usual_on(rules.courier("SF"), "province").first == 12
    assert rules.usual_on(rules.courier("SF"), "overseas").between == 240
    assert rules.usual_on(None, "remote").between == 96


def _wrong(**over: object) -> str:
    with pytest.raises(ValidationError) as refused:
        CourierRules.model_validate({"usual": {"default": {"first": 1, "between": 1}}, **over})
    return str(refused.value)


def test_rules_that_cannot_hold_are_refused():
    assert "needs a default" in _wrong(usual={"remote": {"first": 1, "between": 1}})
    assert "only one" in _wrong(
        couriers={"a": {"zh": "一", "en": "A", "written": ["X"]}, "b": {"zh": "二", "en": "B", "written": ["x"]}}
    )
    assert "first" in _wrong(usual={"default": {"first": 0, "between": 1}})


async def test_the_list_of_silent_parcels_has_the_columns_that_its_spreadsheet_promises(shop: Shop):
    shop.sent()
    await shop.passes(11)
    with reading(shop.engine) as session:
        [row] = REGISTERS["silent_parcels"](session)
    assert tuple(row) == COLUMNS["silent_parcels"]
    assert (row["order_no"], row["customer_id"]) == ("O-SF55", "c-88")


async def test_where_no_kind_is_named_the_parcel_is_missed_all_the_same_and_none_is_proposed(shop: Shop):
    nameless = RULES.model_copy(update={"cases": {}})
    shop.sent()
    shop.now += 12 * HOUR
    await Lookout(cast(Client, None), shop.engine, {}, lambda: nameless, lambda: shop.now).round()
    assert shop.missed() == [("SF55", "unscanned")]
    [letter] = shop.letters()
    assert "Open a case before" in letter


def test_a_kind_of_silence_that_is_none_is_named_with_its_line(tmp_path: Path):
    (tmp_path / "no_scan.yaml").write_text("kind: no_scan\nlike: no_scan\n", "utf-8")
    (tmp_path / "couriers.yaml").write_text("cases:\n  unscanned: no_scan\n  stalled: tracking_stolen\n", "utf-8")
    [problem] = check_folder(tmp_path)
    assert (problem.file, problem.line, problem.field) == ("couriers.yaml", 3, "cases.stalled")
    assert "there is no kind of case tracking_stolen" in problem.message


def without_trackers(shop: Shop, hears: bool) -> Lookout:
    return Lookout(cast(Client, None), shop.engine, {}, lambda: RULES, lambda: shop.now, hears)


@pytest.mark.parametrize(("hears", "missed"), [(True, [("SF55", "no_scan")]), (False, [])])
async def test_where_nobody_can_be_heard_silence_says_nothing(shop: Shop, hears: bool, missed: list[tuple[str, str]]):
    shop.sent()
    shop.now += 12 * HOUR
    await without_trackers(shop, hears).round()
    assert shop.missed() == missed


async def test_of_one_that_was_heard_of_before_silence_says_something_wherever(shop: Shop):
    shop.sent()
    shop.heard("moving", 0)
    shop.now += 36 * HOUR
    await without_trackers(shop, hears=False).round()
    assert shop.missed() == [("SF55", "tracking_stalled")]


async def test_parcels_of_an_old_import_are_neither_missed_nor_paid_for(shop: Shop):
    shop.sent(shipped_at=NOW - timedelta(days=20))
    await shop.lookout.round()
    await without_trackers(shop, hears=True).round()
    assert (shop.missed(), shop.letters(), shop.there.told, shop.there.asked) == ([], [], [], [])
