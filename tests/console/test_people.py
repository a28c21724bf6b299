"""Duty, the staff list and who signs in: the week, absences, swaps of two, handovers, and passwords shown once."""

import html
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest_asyncio

from tests.api.client import Api
from tests.console.browser import Browser, words

Browse = Callable[..., Browser]
SHOP = ZoneInfo("Asia/Shanghai")


def ahead(days: int) -> date:
    """A day of the shop's calendar to come."""
    return datetime.now(UTC).astimezone(SHOP).date() + timedelta(days=days)


async def listed(chen: Browser, id: str, name: str, role: str = "agent") -> httpx.Response:
    """Put somebody on the staff list, if he is not there yet."""
    return await chen.submit("/staff", id=id, name=name, roles=[role])


def said(page: httpx.Response) -> str:
    """What a page says, with what stands in its fields."""
    return words(page) + " " + " ".join(html.unescape(one) for one in re.findall(r' value="([^"]*)"', page.text))


def form_of(page: httpx.Response, ending: str) -> str:
    """The address of the form that ends so."""
    found = re.findall(rf'action="([^"]+{ending})"', page.text)
    assert found, ending
    return str(found[-1])


@pytest_asyncio.fixture
async def chen(browse: Browse) -> Browser:
    """Chen manages; Li of the desk and Sun, who leads, are on the list."""
    chen = browse("manager")
    await listed(chen, "li", "李娜")
    await listed(chen, "sun", "孙博", "supervisor")
    return chen


# ── staff ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_manager_keeps_the_staff_list_and_a_mistake_keeps_what_was_typed(chen: Browser, browse: Browse) -> None:
    wrong = await chen.submit("/staff", id="w u", name="吴迪 <b>")
    assert (wrong.status_code, "Choose at least one role." in words(wrong)) == (422, True)
    assert "吴迪 <b>" in said(wrong)
    assert "<b>" not in wrong.text
    added = await chen.submit("/staff", id="Wu", name="吴迪", roles=["agent", "warehouse"])
    assert added.headers["location"] == "/staff/wu"
    twice = await chen.submit("/staff", id="wu", name="吴迪", roles=["agent"])
    assert (twice.status_code, "on the list already" in words(twice)) == (422, True)
    kept = {"name": "吴迪", "roles": ["agent"], "language": "en", "phone": "13900139000"}
    half = await chen.submit("/staff/wu", **kept, quiet_from="22:00")
    assert (half.status_code, "Say both when the quiet hours begin" in words(half)) == (422, True)
    zone = await chen.submit("/staff/wu", **kept, timezone="Mars/Base")
    assert (zone.status_code, "Mars/Base" in said(zone)) == (422, True)
    secret = "dingtalk://0123456789abcdef@secret"
    saved = await chen.submit("/staff/wu", **kept, quiet_from="22:00", quiet_until="08:00", channels=secret)
    assert saved.status_code == 303
    shown = await chen.get("/staff/wu")
    assert "13900139000" in said(shown)
    assert "dingtalk" in words(shown)
    assert "0123456789abcdef" not in shown.text, "addresses hold secrets"
    assert (await browse("agent").get("/staff/wu")).status_code == 403
    assert (await chen.get("/staff/nobody.here")).status_code == 404


async def test_the_list_is_no_way_round_who_may_sign_in(chen: Browser, browse: Browse) -> None:
    await listed(chen, "du", "杜明", "director")
    await listed(chen, "chen", "陈静", "manager")
    soon = f"{ahead(1)}T09:00"
    for person, fields, told in (
        ("du", {"until": soon}, "Only a director"),
        ("du", {"email": "chen@evil.example"}, "Only a director"),
        ("du", {"roles": ["agent"]}, "Only a director"),
        ("chen", {"until": soon}, "ask another manager"),
    ):
        ask = {"name": "谁", "roles": ["director"] if person == "du" else ["manager"], **fields}
        refused = await chen.submit(f"/staff/{person}", **ask)
        assert (refused.status_code, told in words(refused), "谁" in said(refused)) == (422, True, True), fields
    assert (await chen.submit("/staff/du", name="杜明", roles=["director"], phone="13900139000")).status_code == 303
    du = browse("director")
    assert (await du.submit("/staff/du", name="杜明", roles=["director"], email="du@shop.example")).status_code == 303
    assert (await du.get("/account")).status_code == 200


async def test_the_list_counts_open_cases_and_leads_to_them(api: Api, chen: Browser) -> None:
    await listed(chen, "gao", "高山")
    case = (await api.opened())["case_no"]
    await api.act(case, "assign", "manager", to="gao")
    page = await chen.get("/staff")
    link = re.search(r'href="(/cases\?owner=gao)">1</a>', page.text)
    assert link
    answer = await chen.get(link[1])
    assert case in answer.text


async def test_a_rota_is_given_once_however_often_the_form_is_sent_and_the_week_shows_it(
    chen: Browser, browse: Browse
) -> None:
    await listed(chen, "he", "何洁")
    ask = {"rota": "", "pattern": "day night off", "first_day": ahead(7).isoformat(), "begin_at": "1", "after": "0"}
    for _ in range(2):
        assert (await chen.submit("/staff/he/rota", **ask)).status_code == 303
    assert (await chen.get("/staff/he")).text.count("Day shift · Night shift · off") == 1
    week = words(await browse("agent").get("/duty", params={"week": ahead(7).isoformat()}))
    assert "Day shift 09:00–12:00 12:30–16:30" in week
    wrong = await chen.submit("/staff/he/rota", rota="", pattern="dawn", first_day=ahead(9).isoformat(), after="1")
    assert (wrong.status_code, "A rota is 1 to" in words(wrong), "dawn" in said(wrong)) == (422, True, True)
    past = await chen.submit("/staff/he/rota", rota="ten_days", first_day="2026-01-05", after="1")
    assert (past.status_code, "begins today or later" in words(past)) == (422, True)
    for odd in ("yesterday", "0001-01-01", "9999-12-31"):
        assert (await browse("agent").get("/duty", params={"week": odd})).status_code == 200


# ── absences and swaps ────────────────────────────────────────────────────────────────────────────


async def test_one_is_away_with_a_stand_in_and_only_managers_read_why(chen: Browser, browse: Browse) -> None:
    li, zhao = browse("agent"), browse("warehouse")
    begins, until = f"{ahead(40)}T09:00", f"{ahead(42)}T18:00"
    ask = {"from": begins, "until": until, "stand_in": "sun", "reason": "牙医"}
    wrong = await li.submit("/duty/absences", **{**ask, "until": begins})
    assert (wrong.status_code, "An absence ends after it begins" in words(wrong), "牙医" in said(wrong)) == (
        422,
        True,
        True,
    )
    for _ in range(2):
        assert (await li.submit("/duty/absences", **ask)).status_code == 303
    page = await li.get("/duty")
    assert len(re.findall("牙医", page.text)) == 1, "one form is one absence, however often it is sent"
    assert "牙医" in (await chen.get("/duty")).text
    assert "牙医" not in (await zhao.get("/duty")).text
    theirs = await zhao.submit("/duty/absences", **{**ask, "person": "li"})
    assert theirs.status_code == 403
    assert (await li.submit(form_of(page, "/end"))).status_code == 303
    assert "牙医" not in (await li.get("/duty")).text


async def test_two_swap_a_shift_and_the_week_shows_it_once_the_other_agrees(chen: Browser, browse: Browse) -> None:
    li, sun = browse("agent"), browse("supervisor")
    first = ahead(10)
    for person, pattern in (("li", "day off"), ("sun", "off day")):
        await chen.submit(f"/staff/{person}/rota", rota="", pattern=pattern, first_day=first.isoformat(), after="99")
    ask = {"partner": "sun", "day": first.isoformat(), "note": "孩子生日"}
    unnamed = await li.submit("/duty/swaps", day=ask["day"], note="孩子生日")
    assert (unnamed.status_code, "Say with whom." in words(unnamed), "孩子生日" in said(unnamed)) == (422, True, True)
    free = await li.submit("/duty/swaps", **{**ask, "day": ahead(11).isoformat()})
    assert (free.status_code, "there is nothing to swap" in words(free)) == (422, True)
    for _ in range(2):
        assert (await li.submit("/duty/swaps", **ask)).status_code == 303
    page = await sun.get("/duty")
    assert "李娜 proposes a swap" in words(page)
    answer = form_of(page, "/answer")
    assert (await li.submit(answer, agree="yes")).status_code == 409, "one's own proposal is the other's to answer"
    assert (await sun.submit(answer, agree="yes")).status_code == 303
    week = await chen.get("/duty", params={"week": first.isoformat()})
    assert words(week).count("Day shift 09:00–12:00 12:30–16:30 swapped") == 1
    assert "agreed" in words(await li.get("/duty"))


# ── handovers ─────────────────────────────────────────────────────────────────────────────────────


async def test_cases_are_handed_over_and_move_when_the_other_accepts_them(
    api: Api, chen: Browser, browse: Browse
) -> None:
    li, sun = browse("agent"), browse("supervisor")
    moved, stays = (await api.opened())["case_no"], (await api.opened())["case_no"]
    for case in (moved, stays):
        await api.act(case, "assign", "manager", to="li")
    nobody = await li.submit("/duty/handovers", note="王女士会再打来")
    assert (nobody.status_code, "Say to whom." in words(nobody), "王女士会再打来" in nobody.text) == (422, True, True)
    begun = await li.submit("/duty/handovers", to="sun", note="王女士会再打来")
    again = await li.submit("/duty/handovers", to="sun", note="王女士会再打来")
    here = begun.headers["location"]
    assert again.headers["location"] == here, "a handover that waits is gone on with"
    assert "李娜 hands cases over to you." in words(await sun.get("/duty"))
    page = await sun.get(here)
    assert moved in page.text
    assert stays in page.text
    assert "王女士会再打来" in page.text
    none = await sun.submit(f"{here}/accept", scope="chosen")
    assert (none.status_code, "Tick the cases that you take" in words(none)) == (422, True)
    assert (await li.submit(f"{here}/accept", scope="all")).status_code == 403
    assert (await sun.submit(f"{here}/accept", scope="chosen", case=moved, note="另一单明天")).status_code == 303
    told = words(await sun.get(here))
    assert "accepted in part" in told
    assert "stays where it is" in told
    assert "另一单明天" in told
    assert [(await api.get(f"/cases/{one}")).json()["owner"] for one in (moved, stays)] == ["sun", "li"]
    assert "accepted in part" in words(await li.get("/duty/handovers"))


async def test_a_handover_is_refused_or_called_off(chen: Browser, browse: Browse) -> None:
    li, sun = browse("agent"), browse("supervisor")
    here = (await li.submit("/duty/handovers", to="sun")).headers["location"]
    assert (await sun.submit(f"{here}/call-off")).status_code == 403
    assert (await sun.submit(f"{here}/refuse", note="我也不在")).status_code == 303
    assert "我也不在" in words(await li.get(here))
    other = (await li.submit("/duty/handovers", to="sun")).headers["location"]
    assert other != here
    assert (await li.submit(f"{other}/call-off")).status_code == 303
    assert "called off" in words(await li.get(other))
    assert (await sun.submit(f"{other}/accept", scope="all")).status_code == 409
    assert (await li.get("/duty/handovers/ho_nothing")).status_code == 404


# ── who signs in ──────────────────────────────────────────────────────────────────────────────────


async def test_the_password_of_a_new_user_is_shown_once_and_lets_him_in(chen: Browser, browse: Browse) -> None:
    wrong = await chen.submit("/users", id="n a", name="新来的", roles=["agent"])
    assert (wrong.status_code, "without spaces" in words(wrong), "新来的" in said(wrong)) == (422, True, True)
    page = await chen.submit("/users", id="xin", name="新来的", roles=["agent"])
    password = re.search(r"<code>([a-z0-9-]{19})</code>", page.text)
    assert password
    assert page.headers["cache-control"] == "no-store"
    again = await chen.submit("/users", id="xin", name="新来的", roles=["agent"])
    assert (again.status_code, password[1] in again.text) == (422, False)
    assert password[1] not in (await chen.get("/users/xin")).text
    xin = browse(None)
    entered = await xin.post("/sign-in", data={"name": "xin", "password": password[1]})
    assert entered.status_code == 303
    assert (await xin.get("/work")).headers["location"] == "/account", "a given password is changed first"


async def test_whoever_is_let_in_no_more_is_out_at_once_and_can_be_let_in_again(chen: Browser, browse: Browse) -> None:
    page = await chen.submit("/users", id="lao", roles=["agent"])
    password = re.search(r"<code>([a-z0-9-]{19})</code>", page.text)
    assert password
    lao = browse(None)
    await lao.post("/sign-in", data={"name": "lao", "password": password[1]})
    assert (await lao.get("/account")).status_code == 200
    assert (await chen.submit("/users/lao/disable")).status_code == 303
    assert (await lao.get("/account")).status_code == 303
    assert "not let in" in words(await chen.get("/users/lao"))
    await chen.submit("/users/lao/enable")
    mark = re.search(r'name="instead_of" value="([0-9a-f]+)"', (await chen.get("/users/lao")).text)
    assert mark
    fresh = await chen.submit("/users/lao/password", instead_of=mark[1])
    assert password[1] not in fresh.text
    assert "<code>" in fresh.text
    again = await chen.submit("/users/lao/password", instead_of=mark[1])
    assert again.status_code == 409
    assert "made already and shown once" in words(again), "a page that is loaded again makes no other"
    shown = re.search(r"<code>([a-z0-9-]{19})</code>", fresh.text)
    assert shown
    assert (await lao.post("/sign-in", data={"name": "lao", "password": shown[1]})).status_code == 303
    await chen.submit("/users/lao/roles", roles=["finance", "warehouse"])
    assert "finance, warehouse" in words(await chen.get("/users"))
    assert (await chen.submit("/users/lao/roles")).status_code == 422
    assert (await chen.submit("/users/lao/sign-out")).status_code == 303


async def test_nobody_raises_himself_and_only_a_director_makes_directors(chen: Browser, browse: Browse) -> None:
    for path, fields in (("/users/chen/roles", {"roles": "finance"}), ("/users/chen/disable", {})):
        refused = await chen.submit(path, **fields)
        assert (refused.status_code, "ask another manager" in words(refused)) == (403, True)
    made = await chen.submit("/users", id="friend", roles=["director"])
    assert (made.status_code, "Only a director gives" in words(made)) == (422, True)
    assert (await chen.submit("/users/du/password")).status_code == 403
    assert (await chen.submit("/users/li/roles", roles=["agent", "director"])).status_code == 422
    du = browse("director")
    assert "<code>" in (await du.submit("/users", id="second", roles=["director"])).text
    assert (await browse("supervisor").get("/users")).status_code == 403
