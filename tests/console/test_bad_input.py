"""What goes wrong at forms: forged fields, old forms, ended sessions, a button pressed twice. Nothing is lost."""

import html
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from temporalio.client import Client

from api.customer.links import CaseLinks
from console import access
from console.cases import forms
from console.mounting import page_routes
from models.lifecycle import Action, Role, may
from server import make_app
from settings import Settings
from store.engine import make_engine, reading
from tests.api.client import Api
from tests.console.browser import WHO, Browser, Staff, words
from tests.console.customers import Phone
from tests.console.places import looker
from tests.console.typed import ENDLESS, MARKUP, filled, safe
from tests.files import pictures
from up import Running

Browse = Callable[..., Browser]
NONSENSE = ("AC-99-999999", "'; DROP TABLE cases; --", "%00", "x" * 900, "..%2F..%2Fetc%2Fpasswd")
#: A page that is there already asks for a part of itself.
PART = {"HX-Request": "true"}


def plainly(text: str, **values: object) -> str:
    return text % values if values else text


@pytest_asyncio.fixture
async def phone(service: Running) -> AsyncIterator[Phone]:
    async with Phone(service) as found:
        yield found


# ── every field of every action ───────────────────────────────────────────────────────────────────


def _whose(action: Action) -> str | None:
    """The role of the house that may do an action, if any may."""
    return next((role for role in WHO if may(Role(role), action)), None)


@pytest.mark.slow
async def test_markup_in_every_field_of_every_action_is_text_on_the_page_of_the_case(api: Api, browse: Browse) -> None:
    people = {role: browse(role) for role in WHO}
    tokens = {role: await person.csrf() for role, person in people.items()}
    cases, done = {(await api.opened())["case_no"]}, 0
    for action in Action:
        role, case_no = _whose(action), max(cases)
        if role is None:
            continue
        fields = filled(forms.fields_of(action, forms.Known(plainly)), MARKUP)
        sent = {**fields, "csrf": tokens[role], "command_id": uuid4().hex}
        answer = await people[role].post(f"/cases/{case_no}/do/{action.value}", data=sent, headers=PART)
        safe(answer, f"{role}: {action}")
        taken = "hx-redirect" in answer.headers
        assert taken or answer.status_code in (409, 422), f"{role}: {action}: {answer.status_code}"
        if MARKUP in fields.values() and not taken:
            assert html.escape(MARKUP)[:40] in answer.text, f"{action}: what was typed is lost"
        done += taken
        if (await api.get(f"/cases/{case_no}")).json()["stage"] == "done":
            cases.add((await api.opened())["case_no"])
    assert done > 15
    for case_no in cases:
        page = await people["director"].get(f"/cases/{case_no}")
        safe(page, case_no)


@pytest.mark.parametrize("action", ["message", "note", "heard"])
async def test_words_that_are_refused_are_still_in_their_field(api: Api, browse: Browse, action: str) -> None:
    case_no = (await api.opened())["case_no"]
    for words_typed in (ENDLESS[:30], "长" * 6000):
        answer = await browse("agent").submit(f"/cases/{case_no}/{action}", words=words_typed)
        assert answer.status_code == 422
        assert words_typed[-20:] in answer.text


async def test_words_to_the_customer_stay_with_a_step_that_cannot_be_taken_now(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    li, typed = browse("agent"), {"what": "photo_fault", "say": "请拍一下壶底", "say_it": "on"}
    await api.act(case_no, "customer_message", "customer", text="我找到发票了")
    late = await li.submit(f"/cases/{case_no}/do/request_evidence", **typed, seen="1")
    assert (late.status_code, "我找到发票了" in words(late), "请拍一下壶底" in late.text) == (409, True, True)
    endless = await li.submit(f"/cases/{case_no}/do/request_evidence", what="photo_fault", say=ENDLESS, say_it="on")
    assert (endless.status_code, "the message was not sent" in words(endless)) == (422, True)
    assert "gnp.exe" in endless.text, "the step is taken, and the words wait to be sent"


async def test_words_with_a_last_step_reach_the_customer_before_the_case_is_shut(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    li, said = browse("agent"), {"say": "很抱歉，已超过保修期", "say_it": "on"}
    empty = await li.submit(f"/cases/{case_no}/do/reject", reason="", **said)
    assert (empty.status_code, "很抱歉，已超过保修期" in empty.text) == (422, True)
    assert (await li.submit(f"/cases/{case_no}/do/reject", reason="过保", **said)).status_code == 303
    entries = (await api.get(f"/cases/{case_no}/timeline")).json()["items"]
    assert [one["action"] for one in entries if one["action"] in ("message", "reject")] == ["message", "reject"]


async def test_a_field_that_is_far_too_long_is_told_so(api: Api, browse: Browse, phone: Phone) -> None:
    case_no = (await api.opened())["case_no"]
    huge = await browse("agent").submit(f"/cases/{case_no}/note", words="x" * 300_000)
    assert (huge.status_code, "far too long" in words(huge)) == (413, True)
    await phone.open("/r")
    huge = await phone.fill("/r", order_no="x" * 300_000, proof="8000")
    assert (huge.status_code, "far too long" in words(huge)) == (413, True)


async def test_what_looks_like_a_sum_is_no_sum_in_a_spreadsheet(api: Api, browse: Browse) -> None:
    order = await api.sold(customer={"id": "c-1", "name": '=HYPERLINK("http://evil.example")', "phone": "13800138000"})
    await api.opened(order_no=order["order_no"])
    file = await browse("manager").get("/cases.csv", params={"order_no": order["order_no"]})
    assert order["order_no"] in file.text
    assert not re.search(r'(^|,)"?=', file.text, re.MULTILINE)


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────


async def test_no_made_up_name_in_any_address_opens_anything(browse: Browse) -> None:
    people: dict[str, Browser] = {}
    for route in page_routes():
        if "{" not in route.path or "GET" not in (route.methods or ()):
            continue
        role = "agent" if route.name in access.OPEN else looker(route.name)
        person = people.setdefault(role, browse(role))
        for name in NONSENSE:
            address = re.sub(r"\{[^}]+\}", name, route.path)
            answer = await person.get(address)
            safe(answer, address)
            nothing = route.name == "customer_photo"  # it leads to where an order is found
            assert answer.status_code in (404, 422) or nothing, f"{address}: {answer.status_code}"


@pytest.mark.slow
async def test_a_method_that_a_page_does_not_have_is_refused_as_a_page(browse: Browse) -> None:
    chen, token = browse("manager"), {"csrf": await browse("manager").csrf()}
    for route in page_routes():
        path = re.sub(r"\{[^}]+\}", "0", route.path)
        answer = await chen.request("DELETE", path, data=token)
        assert (answer.status_code, answer.headers["content-type"]) == (405, "text/html; charset=utf-8"), path


# ── a form that came too late ─────────────────────────────────────────────────────────────────────


def hidden(page: str) -> dict[str, str]:
    """What the form of a page that waits to be sent carries."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


async def test_a_session_that_ended_in_the_middle_of_a_form_loses_nothing(
    api: Api, browse: Browse, staff: object
) -> None:
    case_no = (await api.opened())["case_no"]
    li = browse("agent")
    form = hidden((await li.get(f"/cases/{case_no}/do/ship_return")).text)
    li.cookies.clear()
    typed = {**form, "carrier": "顺丰", "waybill": f"SF-{case_no}", "freight": "12.00"}
    late = await li.post(f"/cases/{case_no}/do/ship_return", data=typed)
    assert (late.status_code, "You are signed out. Nothing you typed is lost." in words(late)) == (403, True)
    assert f"SF-{case_no}" in words(late)
    wrong = await li.post("/sign-in", data={**hidden(late.text), "name": "li", "password": "another one"})
    assert (wrong.status_code, f"SF-{case_no}" in words(wrong)) == (422, True)
    right = {**hidden(wrong.text), "name": "li", "password": staff.password}  # type: ignore[attr-defined]
    again = await li.post("/sign-in", data=right)
    assert (again.status_code, "Send it now" in words(again), "顺丰" in words(again)) == (200, True, True)
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "requested", "nothing is done before it is sent"
    address = re.search(r'action="(/cases/[^"]+)"', again.text)
    assert address
    carried = {name: value for name, value in hidden(again.text).items() if name != "onward"}
    for _ in range(2):
        assert (await li.post(address[1], data=carried)).status_code == 303
    entries = (await api.get(f"/cases/{case_no}/timeline")).json()["items"]
    assert [one["action"] for one in entries].count("ship_return") == 1


async def test_a_form_of_an_older_session_is_shown_again_and_sent_by_its_button(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    before, li = browse("agent"), browse("agent")
    form = hidden((await before.get(f"/cases/{case_no}/do/reject")).text)
    late = await li.post(f"/cases/{case_no}/do/reject", data={**form, "reason": MARKUP})
    assert (late.status_code, "older than your session" in words(late)) == (403, True)
    safe(late, "an older form")
    sent = await li.post(f"/cases/{case_no}/do/reject", data=hidden(late.text))
    assert sent.status_code == 303
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "rejected"


async def test_whoever_signs_in_again_in_another_tab_goes_on_in_this_one(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    nobody, li = browse(None), browse("agent")
    late = await nobody.post(f"/cases/{case_no}/note", data={"words": "半句话", "command_id": "once"})
    again = await li.post(f"/cases/{case_no}/note", data=hidden(late.text.partition("I am signed in again")[0]))
    assert (again.status_code, "Send it now" in words(again)) == (403, True)
    assert (await li.post(f"/cases/{case_no}/note", data=hidden(again.text))).status_code == 303
    assert (await api.get(f"/cases/{case_no}/timeline")).json()["items"][-1]["note"] == "半句话"


async def test_what_another_site_sends_is_never_kept_to_be_sent_again(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    for visitor in (browse(None), browse("agent")):
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await visitor.post(f"/cases/{case_no}/note", data={"words": "forged"}, headers=headers)
            assert (answer.status_code, "forged" in answer.text) == (403, False)
    elsewhere = {"kept": "words=forged", "kept_action": "https://evil.example/x", "name": "nobody.1", "password": "x"}
    assert "evil.example" not in (await browse(None).post("/sign-in", data=elsewhere)).text
    for number, odd in enumerate(("%00=%FF&&=", "x=1&" * 3000, "password=secret")):
        fields = {"kept": odd, "name": f"nobody.{number + 2}", "password": "x"}
        answer = await browse(None).post("/sign-in", data=fields)
        assert (answer.status_code, "secret" in answer.text) == (422, False), odd


async def test_passwords_are_never_shown_or_carried(browse: Browse) -> None:
    fields = {"old": "two kettles", "new": "and a third one", "again": "and a third one"}
    for visitor in (browse(None), browse("agent")):
        answer = await visitor.post("/account/password", data=fields)
        assert (answer.status_code, "third one" in answer.text) == (403, False)


async def test_files_that_came_too_late_are_named_as_they_cannot_be_kept(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    files = {"files": ("kettle.jpg", pictures.photo(), "image/jpeg")}
    late = await browse(None).post(f"/cases/{case_no}/files", data={"command_id": "x"}, files=files)
    assert (late.status_code, "kettle.jpg" in words(late)) == (403, True)
    assert "These files did not arrive" in words(late)
    wrong = {**hidden(late.text), "name": "nobody.9", "password": "another one"}
    assert "kettle.jpg" in words(await browse(None).post("/sign-in", data=wrong)), "it is said until he is signed in"


async def test_a_page_learns_who_is_signed_in_and_nobody_else_does(browse: Browse) -> None:
    li = browse("agent")
    answer = await li.get("/session")
    assert (answer.status_code, answer.text) == (204, "")
    assert (answer.headers["x-person"], answer.headers["x-form-token"]) == ("li", await li.csrf())
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers
    nobody = await browse(None).get("/session")
    assert (nobody.status_code, "x-person" in nobody.headers) == (204, False)


async def test_what_was_typed_is_there_when_something_fails_on_our_side(
    api: Api, service: Running, staff: Staff
) -> None:
    order_no = (await api.sold())["order_no"]
    away = await Client.connect("127.0.0.1:9", lazy=True)
    app = make_app(Settings(), away, service.engine, service.playbooks)
    through = httpx.ASGITransport(app=app)
    headers = {"Accept": "text/html", "Accept-Language": "en", "Origin": "http://shop"}
    headers["Cookie"] = f"aftercare_session={staff.secret('agent')}"
    async with httpx.AsyncClient(transport=through, base_url="http://shop", headers=headers, timeout=120) as li:
        form = hidden((await li.get("/cases/new", params={"order_no": order_no})).text)
        told = {"line": "1", "quantity.1": "1", "kind": "quality_fault", "channel": "phone", "description": MARKUP}
        typed = {**form, **told, "order_no": order_no, "do": "open"}
        refused = await li.post("/cases/new", data=typed)
        assert (refused.status_code, "Not done, or not known to be done" in words(refused)) == (500, True)
        assert "Quality fault" in words(refused), "what was chosen is told in words"
        assert MARKUP not in refused.text
        again = hidden(refused.text)
    assert {name: again[name] for name in ("command_id", "description", "do")} == {
        "command_id": form["command_id"],
        "description": MARKUP,
        "do": "open",
    }


async def test_what_was_typed_is_there_when_the_database_is_away(
    service: Running, staff: Staff, tmp_path: Path
) -> None:
    app = make_app(Settings(), service.client, make_engine(f"sqlite:///{tmp_path}/gone/a.db"), service.playbooks)
    through = httpx.ASGITransport(app=app)
    headers = {"Accept": "text/html", "Accept-Language": "en", "Origin": "http://shop"}
    headers["Cookie"] = f"aftercare_session={staff.secret('agent')}"
    async with httpx.AsyncClient(transport=through, base_url="http://shop", headers=headers) as li:
        refused = await li.post("/cases/AC-1/note", data={"words": MARKUP, "command_id": "once"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert MARKUP not in refused.text
        assert (hidden(refused.text)["words"], "Send it now" in words(refused)) == (MARKUP, True)
        stranger = await li.post(
            "/cases/AC-1/note", data={"words": "forged"}, headers={"Origin": "https://evil.example"}
        )
        assert (stranger.status_code, "forged" in stranger.text) == (503, False)


async def test_a_part_that_asks_for_itself_after_the_session_is_answered_with_words_only(browse: Browse) -> None:
    answer = await browse(None).get("/work", headers={"HX-Request": "true"})
    assert (answer.status_code, "<html" in answer.text) == (403, False)
    sent = {"words": "half a sentence"}
    kept = await browse(None).post("/cases/AC-26-000001/note", data=sent, headers={"HX-Request": "true"})
    assert (kept.status_code, "<html" in kept.text, "half a sentence" in kept.text) == (403, False, True)


# ── twice ─────────────────────────────────────────────────────────────────────────────────────────


async def test_opening_a_case_twice_by_one_form_opens_one(api: Api, browse: Browse) -> None:
    order_no = (await api.sold())["order_no"]
    li = browse("agent")
    form = hidden((await li.get("/cases/new", params={"order_no": order_no})).text)
    typed = {"line": "1", "quantity.1": "1", "kind": "quality_fault", "channel": "phone", "do": "open"}
    sent = [await li.submit("/cases/new", **typed, order_no=order_no, command_id=form["command_id"]) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [303, 303]
    assert sent[0].headers["location"] == sent[1].headers["location"]
    assert len((await api.get(f"/orders/{order_no}")).json()["cases"]) == 1


# ── customers ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_link_whose_days_are_over_opens_nothing_and_says_what_to_do(
    api: Api, phone: Phone, service: Running
) -> None:
    case_no = (await api.opened())["case_no"]
    now = datetime.now(UTC)
    links = CaseLinks(service.engine, lifetime=timedelta(days=-2))
    links.ready(now)
    with reading(service.engine) as session:
        token = links.of(session, case_no, now).token
    over = await phone.open(f"/c/{token}")
    assert (over.status_code, "This link is over" in words(over), case_no in over.text) == (410, True, False)
    pressed = await phone.post(f"/c/{token}/do/withdraw", data={"reason": "x"})
    assert pressed.status_code == 410
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "requested"


async def test_a_link_that_is_used_again_after_the_end_shows_the_end(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    form = await phone.open(link)
    case_no = re.search(r"AC-\d\d-\d{6}", form.text)
    assert case_no
    await api.act(case_no[0], "reject", reason="已过保")
    phone.page = form
    late = await phone.fill("/do/add_issue", issue="壶盖也裂了")
    assert (late.status_code, "壶盖也裂了" in words(late)) == (409, True)
    page = await phone.open(link)
    assert page.status_code == 200
    assert "Finished" in words(page)


@pytest.mark.parametrize(
    "forged",
    [
        {"line": "99"},
        {"line": MARKUP},
        {"line": "1", "quantity_1": "-1"},
        {"line": "1", "quantity_1": "999999999999"},
        {"line": "1", "quantity_1": "1.5"},
        {"line": "1", "quantity_1": "１"},
    ],
)
async def test_lines_and_quantities_that_the_order_has_not_are_not_taken(
    api: Api, phone: Phone, forged: dict[str, str]
) -> None:
    await phone.found((await api.sold())["order_no"])
    page = await phone.fill("/r/items", **forged)
    assert (page.status_code, "Choose what it is about." in words(page)) == (422, True)


async def test_nobody_sees_photos_or_answers_of_another_visit(api: Api, phone: Phone, service: Running) -> None:
    await phone.found((await api.sold())["order_no"])
    await phone.fill("/r/items", line="1")
    await phone.fill("/r/why", kind="quality_fault")
    await phone.fill("/r/which", subcategory="does_not_work")
    page = await phone.fill("/r/photos", files=[("photo", ("a.jpg", pictures.photo()))])
    src = re.search(r'src="(/r/photos/[^"]+)"', page.text)
    assert src
    async with Phone(service) as other:
        await other.found((await api.sold())["order_no"])
        assert (await other.get(src[1])).status_code == 404
        other.cookies.clear()
        assert "image" not in (await other.get(src[1])).headers["content-type"]
        for secret in ("x", "0" * 64, "%00", phone.cookies["aftercare_order"][:-1] + "~"):
            other.cookies.clear()
            other.cookies.set("aftercare_order", secret)
            assert "Order number" in words(await other.open("/r/items"))
