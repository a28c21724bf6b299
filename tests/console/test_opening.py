"""Opening a case: the order by what the customer can say, the rules before it is saved, and no case twice."""

import re
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


def shown_in(page: httpx.Response) -> str:
    """What the page shows of rules and other cases, by its name."""
    found = re.search(r'name="shown" value="(\w+)"', page.text)
    assert found is not None, words(page)
    return found[1]


async def test_two_forms_made_before_either_was_sent_open_a_second_case_only_when_it_is_meant(api: Api, browse: Browse):
    """There are two kettles, so two cases are possible (C1); whoever sends the second form is shown the first case."""
    order_no = (await api.sold())["order_no"]
    first = await opened(browse("agent"), order_no, command_id="one form")
    case_no = first.headers["location"].rpartition("/")[2]
    other = browse("supervisor")
    held = await opened(other, order_no, command_id="another form")
    assert held.status_code == 409
    assert "Not saved yet" in words(held)
    assert f"/cases/{case_no}" in held.text
    assert f"/cases/{case_no}/do/add_issue" in held.text
    assert len((await api.get(f"/orders/{order_no}")).json()["cases"]) == 1
    meant = await opened(other, order_no, command_id="another form", shown=shown_in(held))
    assert meant.status_code == 303, words(meant)
    again = await opened(other, order_no, command_id="another form", shown=shown_in(held))
    assert again.headers["location"] == meant.headers["location"], "pressed twice, opened once"
    assert len((await api.get(f"/orders/{order_no}")).json()["cases"]) == 2


async def test_a_form_found_by_going_back_leads_to_the_case_that_it_has_opened(api: Api, browse: Browse):
    li, order_no = browse("agent"), (await api.sold())["order_no"]
    case_no = (await opened(li, order_no, command_id="back")).headers["location"].rpartition("/")[2]
    back = await opened(li, order_no, command_id="back", description="杯子也碎了", line="2")
    assert back.status_code == 409
    assert f"This form has opened a case already: {case_no}" in words(back)
    assert "杯子也碎了" in back.text
    assert 'name="command_id" value="back"' not in back.text, "sent once more it is another form"


async def test_what_the_rules_are_against_is_seen_before_it_is_saved(api: Api, browse: Browse):
    """Change of mind on the eighteenth day: it can be opened, by somebody who has seen that it is too late."""
    li, order_no = browse("agent"), (await api.sold())["order_no"]
    held = await opened(li, order_no, kind="change_of_mind", description="不想要了")
    assert (held.status_code, "not eligible" in words(held)) == (409, True), words(held)
    assert (await api.get(f"/orders/{order_no}")).json()["cases"] == []
    assert (await opened(li, order_no, kind="change_of_mind", shown=shown_in(held))).status_code == 303


async def test_the_form_says_what_the_rules_say_while_it_is_filled_in(api: Api, browse: Browse):
    """And the kind that it shows by the words is the one that is opened, unless another is chosen."""
    li, order_no = browse("agent"), (await api.sold())["order_no"]
    typed = {
        "order_no": order_no,
        "line": "1",
        "quantity.1": "1",
        "description": "壶底漏水，通电没反应",
        "channel": "phone",
    }
    verdict = await li.submit("/cases/new/check", **typed)
    assert "<html" not in verdict.text
    assert "What the rules say Quality fault" in words(verdict)
    by_words = re.search(r'name="kind_by_words" value="(\w+)"', verdict.text)
    assert by_words is not None
    done = await li.submit(
        "/cases/new", **typed, do="open", kind_by_words=by_words[1], shown=shown_in(verdict), command_id="f"
    )
    assert done.status_code == 303, words(done)
    case = (await api.get(done.headers["location"])).json()
    assert case["kind"] == "quality_fault"
    assert words(await li.submit("/cases/new/check", order_no=order_no, description="")) == ""


async def test_units_that_are_all_in_a_case_cannot_be_chosen_again(api: Api, browse: Browse):
    case = await api.opened(lines=[{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 1}])
    page = (await browse("agent").get("/cases/new", params={"order_no": case["order_no"]})).text
    assert re.search(r'name="line" value="1"[^>]*disabled', page)
    assert not re.search(r'name="line" value="2"[^>]*disabled', page)
    assert "3 of 4 left" in words(page)
    assert f"Units of it are in: {case['case_no']}" in words(page)


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
