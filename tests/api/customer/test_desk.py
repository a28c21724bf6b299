"""What customers have done for them, on a real store with a real Temporal: from the order's number to an open case."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.customer.desk import CustomerDesk
from api.customer.finding import Unmatched
from api.desk import Desk
from api.limits import TooManyTries
from models.errors import Invalid, NotFound
from models.goods.tracking import TrackingEvent, What
from models.lifecycle import Action
from store.customers.visits import Visit
from store.goods import tracking
from tests.api.client import Api, days_ago
from tests.files import pictures
from tests.shipped import shipped
from up import Running


def three_days_later() -> datetime:
    """An instant at which an order of `Api.sold`, which came 18 days ago, was delivered three days before."""
    return datetime.fromisoformat(f"{days_ago(15)}T11:00:00+08:00").astimezone(UTC)


class Shop:
    """Customers of the running service, with the time and the waiting in the test's hands."""

    def __init__(self, service: Running) -> None:
        self.now = three_days_later()
        self.waited: list[float] = []
        self.desk = Desk(service.client, service.engine, shipped(), clock=lambda: self.now)
        self.customers = CustomerDesk(self.desk, ticks=lambda: 0.0, wait=self.wait)

    async def wait(self, seconds: float) -> None:
        self.waited.append(seconds)

    async def visit(self, order_no: str, address: str = "10.0.0.1") -> Visit:
        secret = await self.customers.find(order_no, "8000", address)
        found = await self.customers.visit(secret)
        assert found is not None
        return found

    async def asked(self, order_no: str, **over: Any) -> Visit:
        """A visit with all answers."""
        answers = {
            "lines": {"1": 1},
            "kind": "quality_fault",
            "subcategory": "does_not_work",
            "wanted": "refund",
            **over,
        }
        return await self.customers.keep(await self.visit(order_no), description="按了没反应", **answers)


@pytest.fixture
def shop(service: Running) -> Shop:
    return Shop(service)


async def refusal(shop: Shop, order_no: str, proof: str, address: str) -> tuple[str, str, int, float]:
    """All that somebody learns of a wrong pair."""
    with pytest.raises(Unmatched) as refused:
        await shop.customers.find(order_no, proof, address)
    return type(refused.value).__name__, refused.value.detail, refused.value.status, shop.waited.pop()


async def test_a_wrong_pair_learns_nothing_whether_there_is_such_an_order_or_not(api: Api, shop: Shop) -> None:
    order_no = (await api.sold())["order_no"]
    there = await refusal(shop, order_no, "1234", "10.1.0.1")
    nowhere = await refusal(shop, "NO-SUCH-ORDER", "1234", "10.1.0.2")
    assert there == nowhere
    assert there[3] == 0.5


async def test_guessing_is_slow_for_real_and_for_invented_numbers_alike(api: Api, shop: Shop) -> None:
    real = (await api.sold())["order_no"]
    learned = []
    for order_no in (real, f"INVENTED-{real}"):
        for guess in range(5):
            await refusal(shop, order_no, f"000{guess}", f"10.2.{guess}.1")
        with pytest.raises(TooManyTries) as refused:
            await shop.customers.find(order_no, "8000", "10.2.9.9")
        learned.append((refused.value.detail, refused.value.extra))
    assert learned[0] == learned[1]
    shop.now += timedelta(minutes=15)
    assert (await shop.visit(real)).order_no == real


async def test_guesses_at_one_moment_are_counted_before_any_of_them_is_looked_at(api: Api, shop: Shop) -> None:
    order_no = (await api.sold())["order_no"]
    guesses = (shop.customers.find(order_no, f"{guess:04}", "10.3.0.1") for guess in range(30))
    told = await asyncio.gather(*guesses, return_exceptions=True)
    assert [type(one) for one in told].count(Unmatched) == 5
    assert [type(one) for one in told].count(TooManyTries) == 25


async def test_a_right_try_counts_for_nothing(api: Api, shop: Shop) -> None:
    order_no = (await api.sold())["order_no"]
    for _ in range(7):
        assert (await shop.visit(order_no, "10.3.0.2")).order_no == order_no


async def test_a_request_is_sent_once_however_often_and_its_photos_go_with_it(api: Api, shop: Shop) -> None:
    order_no = (await api.sold())["order_no"]
    visit = await shop.asked(order_no)
    for content in (pictures.photo(), pictures.heic(), pictures.photo()):
        visit = await shop.customers.add_photo(visit, io.BytesIO(content), "kettle.jpg")
    assert len(visit.draft["photos"]) == 2
    first = await shop.customers.send(visit)
    assert await shop.customers.send(visit) == first  # the same page sent again
    again = await shop.visit(order_no)
    assert await shop.customers.send(again) == first  # and another browser, after the back button
    shown = await shop.customers.case(first)
    assert (shown["description"], shown["wanted"], shown["turn"], len(shown["files"])) == (
        "按了没反应",
        "refund",
        "us",
        2,
    )
    assert [case["case_no"] for case in await shop.customers.cases(again)] == [first]


async def test_what_was_answered_is_found_again_by_the_same_proof_for_a_day(api: Api, shop: Shop) -> None:
    order_no = (await api.sold())["order_no"]
    visit = await shop.asked(order_no)
    secret = await shop.customers.find(order_no, "8000", "10.0.0.1")
    shop.now += timedelta(hours=2)
    assert await shop.customers.visit(secret) is None
    assert (await shop.visit(order_no)).draft == visit.draft
    shop.now += timedelta(hours=25)
    assert (await shop.visit(order_no)).draft == {}


async def test_units_in_an_open_case_are_shown_with_it_and_not_offered_again(api: Api, shop: Shop) -> None:
    order_no = (await api.sold())["order_no"]
    case_no = await shop.customers.send(await shop.asked(order_no, lines={"1": 2}))
    visit = await shop.customers.begin_again(await shop.visit(order_no))
    assert [(line["line_no"], line["free"], line["cases"]) for line in await shop.customers.items(visit)] == [
        (1, 0, [case_no]),
        (2, 4, []),
    ]


async def test_what_can_be_asked_for_says_what_it_comes_to(api: Api, shop: Shop) -> None:
    """Two kettles at 129.00 and cups; postage 10.00 was paid, and a faulty kettle goes back in full (F3)."""
    order_no = (await api.sold())["order_no"]
    visit = await shop.asked(order_no, subcategory="surface_flaw")
    wishes = {wish.remedy: wish for wish in await shop.customers.wishes(visit)}
    assert list(wishes) == ["keep_it", "exchange", "refund", "repair"]
    assert wishes["refund"].amount == {"amount": "129.00", "currency": "CNY"}
    assert wishes["exchange"].amount is None


POST_FREE = {
    "postage": "0.00",
    "payments": [{"payment_no": "P1", "method": "alipay", "reference": "A-1", "amount": "328.00"}],
}
#: Who pays the way back and the way to him, what he owes before (10.00 in this zone), what he gets back at most (3 ×).
FREIGHT = [
    ("F1", "quality_fault", POST_FREE, "refund", ("ours", None, None, "30.00")),
    ("F2", "quality_fault", POST_FREE, "exchange", ("ours", "ours", None, "30.00")),
    ("F3", "quality_fault", {}, "refund", ("ours", None, None, "30.00")),
    ("F4", "quality_fault", {}, "exchange", ("ours", "ours", None, "30.00")),
    ("F5", "change_of_mind", POST_FREE, "refund", ("yours", None, None, None)),
    ("F6", "change_of_mind", POST_FREE, "exchange", ("yours", "ours", None, None)),
    ("F7", "change_of_mind", {}, "refund", ("yours", None, None, None)),
    ("F8", "change_of_mind", {}, "exchange", ("yours", "yours", "10.00", None)),
    ("F9", "quality_fault", {}, "repair", ("ours", "ours", None, "30.00")),
    ("F10", "warranty_repair", {}, "repair", ("yours", "quoted", None, None)),
]


@pytest.mark.parametrize(("rule", "kind", "over", "remedy", "told"), FREIGHT)
async def test_a_wish_says_who_pays_which_way_by_the_table(
    api: Api, shop: Shop, rule: str, kind: str, over: dict[str, Any], remedy: str, told: tuple[str | None, ...]
) -> None:
    order_no = (await api.sold(**over))["order_no"]
    if rule == "F10":
        shop.now += timedelta(days=800)  # the warranty is over, whatever he thinks of it
    visit = await shop.asked(order_no, kind=kind, subcategory=None)
    (wish,) = [wish for wish in await shop.customers.wishes(visit) if wish.remedy == remedy]
    assert wish.freight is not None
    sums = (wish.owes and wish.owes["amount"], wish.freight.up_to and wish.freight.up_to["amount"])
    assert (wish.freight.back, wish.freight.out, *sums) == told, rule


async def test_lines_say_what_they_cost_and_until_when_a_change_of_mind_is_in_time(api: Api, shop: Shop) -> None:
    visit = await shop.visit((await api.sold())["order_no"])
    kettle, cup = await shop.customers.items(visit)
    assert (kettle["cost"]["amount"], cup["cost"]["amount"]) == ("258.00", "70.00")
    (until,) = kettle["until"]
    assert (until["day"], until["over"]) == (days_ago(18 - 7), False)
    shop.now += timedelta(days=5)
    visit = await shop.visit(visit.order_no)
    assert (await shop.customers.items(visit))[0]["until"][0]["over"] is True


async def test_the_order_shows_its_parcels_with_what_was_heard_of_them_last(api: Api, shop: Shop) -> None:
    sent = {"shipment_no": "S1", "carrier": "SF", "shipped_at": f"{days_ago(19)}T10:00:00+08:00", "lines": []}
    order = await api.sold(shipped_at=None, delivered_at=None, shipments=[])
    waybill = f"SF-{order['order_no']}"
    lines = [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 4}]
    parcels = [{**sent, "waybill": waybill, "lines": lines}]
    await api.put(f"/orders/{order['order_no']}", json={**order, "shipments": parcels})
    visit = await shop.visit(order["order_no"])
    (parcel,) = await shop.customers.parcels(visit)
    assert (parcel["waybill"], parcel["told"]["en"]) == (waybill, "It was sent")
    event = TrackingEvent(waybill=waybill, what=What.OUT_FOR_DELIVERY, at=shop.now, place="杭州")
    await shop.desk.write(lambda session: tracking.take(session, [event], "courier", shop.now))
    (parcel,) = await shop.customers.parcels(visit)
    assert (parcel["told"]["zh"], parcel["place"]) == ("正在派送", "杭州")


async def test_of_goods_that_have_not_left_it_is_said_that_they_are_sent_and_what_we_need_to_know(
    api: Api, shop: Shop
) -> None:
    label = {"shipment_no": "S1", "carrier": "SF", "label_printed_at": f"{days_ago(16)}T10:00:00+08:00"}
    lines = [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 4}]
    order = await api.sold(shipped_at=None, delivered_at=None, shipments=[{**label, "lines": lines}])
    visit = await shop.asked(order["order_no"], kind="address_change", subcategory=None)
    (send,) = [wish for wish in await shop.customers.wishes(visit) if wish.remedy == "reship"]
    assert send.name["en"] == "Send it"
    book = await shop.customers.book(visit)
    assert book is not None
    assert any("新地址" in question["zh"] for question in book.questions)
    lost = await shop.asked((await api.sold())["order_no"], kind="signed_not_received", subcategory=None)
    (again,) = [wish for wish in await shop.customers.wishes(lost) if wish.remedy == "reship"]
    assert again.name["en"] == "Send it again"


async def test_the_rules_say_beforehand_why_not(api: Api, shop: Shop) -> None:
    order_no = (await api.sold())["order_no"]
    shop.now += timedelta(days=20)
    checked = await shop.customers.checked(await shop.asked(order_no, kind="change_of_mind", subcategory=None))
    assert checked["answer"] == "no"
    assert any("23" in reason["zh"] for reason in checked["reasons"] if reason["answer"] == "no")


async def test_customers_are_offered_only_what_fits_and_what_is_meant_for_them(api: Api, shop: Shop) -> None:
    visit = await shop.visit((await api.sold())["order_no"])
    kinds = {reason["kind"] for reason in await shop.customers.reasons(visit)}
    assert {"quality_fault", "change_of_mind", "complaint"} <= kinds
    assert not kinds & {"out_of_stock", "remittance", "review_followup", "cancel_before_shipment"}
    forged = await shop.customers.keep(visit, kind="review_followup")
    assert await shop.customers.book(forged) is None


async def test_missing_answers_are_named_and_nothing_is_opened(api: Api, shop: Shop) -> None:
    visit = await shop.customers.keep(await shop.visit((await api.sold())["order_no"]), lines={"1": 1})
    with pytest.raises(Invalid) as refused:
        await shop.customers.send(visit)
    assert [error["field"] for error in refused.value.extra["errors"]] == ["kind", "wanted"]
    assert await shop.customers.cases(visit) == []


async def test_nobody_reaches_the_cases_or_photos_of_another_order(api: Api, shop: Shop) -> None:
    mine, hers = (await api.sold())["order_no"], (await api.sold())["order_no"]
    her_case = await shop.customers.send(await shop.asked(hers))
    her_photo = await shop.customers.add_photo(await shop.visit(hers), io.BytesIO(pictures.photo()), None)
    visit = await shop.visit(mine)
    for number in (her_case, "AC-99-999999"):
        with pytest.raises(NotFound, match="no such request"):
            await shop.customers.mind_case(visit, number)
    with pytest.raises(NotFound):
        await shop.customers.photo(visit, her_photo.draft["photos"][0]["id"])


async def test_a_command_sent_twice_has_one_effect(api: Api, shop: Shop) -> None:
    case_no = await shop.customers.send(await shop.asked((await api.sold())["order_no"]))
    for _ in range(2):
        shown = await shop.customers.act(case_no, Action.CUSTOMER_MESSAGE, {"text": "在吗"}, "form-1")
    assert [entry["text"] for entry in shown["timeline"]].count("在吗") == 1
