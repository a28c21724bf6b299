"""Opening a case: the order by what the customer can say, the rules before it is saved, and no case twice."""

from collections.abc import Callable

import httpx
import pytest

from tests.api.client import Api
from tests.console.browser import Browser, words

Browse = Callable[..., Browser]


async def opened(li: Browser, order_no: str, **more: str) -> httpx.Response:
    """The form as an agent fills it in."""
    fields = {"order_no": order_no, "line": "1", "quantity.1": "1", "description": "壶底漏水", "channel": "phone"}
    return await li.submit("/cases/new", **{**fields, "kind": "quality_fault", "do": "open", **more})


async def test_an_order_is_found_by_number_phone_and_name(api: Api, browse: Browse):
    li, order = browse("agent"), await api.sold(customer={"id": "c-7", "name": "欧阳晓月", "phone": "13912345678"})
    for said in ("13912345678", "139 1234 5678", "欧阳晓月"):
        assert order["order_no"] in words(await li.get("/cases/new", params={"q": said})), said
    assert "What it is about" in words(await li.get("/cases/new", params={"q": order["order_no"]}))
    nothing = words(await li.get("/cases/new", params={"q": "no such order"}))
    assert "No order of this number" in nothing


async def test_a_case_is_opened_once_however_often_the_form_is_sent(api: Api, browse: Browse):
    li, order_no = browse("agent"), (await api.sold())["order_no"]
    first = await opened(li, order_no, command_id="once")
    second = await opened(li, order_no, command_id="once")
    assert first.status_code == 303, words(first)
    assert first.headers["location"] == second.headers["location"]
    assert "壶底漏水" in words(await li.get(first.headers["location"]))


async def test_the_rules_are_told_before_it_is_saved(api: Api, browse: Browse):
    li, order_no = browse("agent"), (await api.sold())["order_no"]
    answer = await opened(li, order_no, do="check")
    assert answer.status_code == 200
    assert "under warranty until" in words(answer)
    assert "eligible" in words(answer)
    assert (await api.get(f"/orders/{order_no}")).json()["cases"] == []


async def test_the_kind_is_proposed_by_the_customers_words(api: Api, browse: Browse):
    li, order_no = browse("agent"), (await api.sold())["order_no"]
    answer = await opened(li, order_no, kind="", description="杯子到了就是碎的，盒子也压扁了")
    assert answer.status_code == 422
    assert '<option value="damaged_in_transit" selected>' in answer.text
    assert "杯子到了就是碎的" in answer.text
    mute = await opened(li, order_no, kind="", description="")
    assert mute.status_code == 422
    assert "the words say too little" in words(mute)


async def test_units_in_an_open_case_point_to_it(api: Api, browse: Browse):
    li, order_no = browse("agent"), (await api.sold())["order_no"]
    first = await opened(li, order_no, command_id="a", **{"quantity.1": "2"})
    case_no = first.headers["location"].rpartition("/")[2]
    assert case_no in words(await li.get("/cases/new", params={"order_no": order_no}))
    again = await opened(li, order_no, command_id="b")
    assert again.status_code == 409
    assert f"/cases/{case_no}/do/add_issue" in again.text
    assert "壶底漏水" in again.text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"line": ""}, "needs 'lines'"), ({"quantity.1": "many"}, "valid integer"), ({"kind": "no_such"}, "no_such")],
)
async def test_what_is_wrong_is_told_and_what_was_typed_is_kept(
    api: Api, browse: Browse, wrong: dict[str, str], told: str
):
    answer = await opened(browse("agent"), (await api.sold())["order_no"], **wrong)
    assert answer.status_code in (404, 422)
    assert told in words(answer)
    assert "壶底漏水" in answer.text


async def test_a_complaint_needs_no_order(browse: Browse):
    li = browse("agent")
    assert "In the customer's words" in words(await li.get("/cases/new?without=true"))
    fields = {"description": "客服态度差", "kind": "complaint", "channel": "phone", "do": "open", "command_id": "c"}
    answer = await li.submit("/cases/new", **fields, **{"contact.name": "王小明"})
    assert answer.status_code == 303, words(answer)
