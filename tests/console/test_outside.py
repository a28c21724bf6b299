"""Other programs: their tokens, what they are told, what they told us."""

import asyncio
import re
from collections.abc import Callable

import httpx
import pytest

from api.people.tokens import may_give
from models.lifecycle import Role
from tests.api.client import Api
from tests.console.browser import Browser, words
from up import Running

Browse = Callable[..., Browser]


@pytest.fixture
def chen(browse: Browse) -> Browser:
    return browse("manager")


def hidden(page: httpx.Response, name: str) -> str:
    """What a form carries unseen."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    assert found, name
    return found[1]


def secret_on(page: httpx.Response) -> str:
    """The secret that a page shows once."""
    found = re.search(r'class="secret"><code>([^<]+)</code>', page.text)
    assert found, words(page)
    return found[1]


# ── tokens ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_token_is_shown_once_calls_and_is_withdrawn(chen: Browser, service: Running):
    asked = hidden(await chen.get("/tokens"), "asked")
    made = await chen.submit("/tokens", name="bookkeeping-1", roles=["agent"], asked=asked)
    text = secret_on(made)
    again = await chen.submit("/tokens", name="bookkeeping-1", roles=["agent"], asked=asked)
    assert again.status_code == 409, "a page that is loaded again makes no other"
    assert "made already and shown once" in words(again)
    async with httpx.AsyncClient(base_url=service.url, headers={"Authorization": f"Bearer {text}"}) as program:
        assert (await program.get("/api/v1/cases")).status_code == 200
        listed = await chen.get("/tokens")
        assert text not in listed.text
        assert "bookkeeping-1" in words(listed)
        token_id = text.split("_")[1]
        assert (await chen.submit(f"/tokens/{token_id}/withdraw")).status_code == 303
        over = await chen.get("/tokens", params={"state": "withdrawn"})
        assert "bookkeeping-1" in words(over)
        async with asyncio.timeout(30):
            while (await program.get("/api/v1/cases")).status_code != 401:
                await asyncio.sleep(0.1)


async def test_a_token_from_outside_the_house_is_tied_to_one_thing(chen: Browser, api: Api):
    case = (await api.opened())["case_no"]
    for fields in ({}, {"case_no": case, "carrier": "sf"}):
        asked = hidden(await chen.get("/tokens"), "asked")
        refused = await chen.submit("/tokens", name="parcel-app", roles=["courier"], asked=asked, **fields)
        assert refused.status_code == 422
        assert "tied to one thing" in words(refused)
        assert 'value="parcel-app"' in refused.text, "what was typed stays"
    made = await chen.submit("/tokens", name="parcel-app", roles=["courier"], asked=asked, carrier="sf")
    assert "parcels of this carrier: sf" in words(made)
    wrong = await chen.submit("/tokens", name="erp", roles=["agent"], carrier="sf", asked="x")
    assert "leave these fields empty" in words(wrong)


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"name": "", "roles": ["agent"]}, 422, "Give it a name"),
        ({"name": "erp"}, 422, "Choose at least one role"),
        ({"name": "li", "roles": ["agent"]}, 422, "programs have names of their own"),
        ({"name": "erp", "roles": ["finance"]}, 403, "ask a director"),
        ({"name": "erp", "roles": ["agent"], "for_others": "on"}, 403, "ask a director"),
    ],
)
async def test_a_token_may_not_do_more_than_whoever_makes_it(
    chen: Browser, fields: dict[str, object], status: int, told: str
):
    refused = await chen.submit("/tokens", asked=f"once {fields}", **fields)
    assert (refused.status_code, told in words(refused)) == (status, True)


@pytest.mark.parametrize(
    ("by", "role", "may"),
    [
        (Role.MANAGER, Role.AGENT, True),
        (Role.MANAGER, Role.SUPERVISOR, True),
        (Role.MANAGER, Role.CUSTOMER, True),
        (Role.MANAGER, Role.FINANCE, False),
        (Role.MANAGER, Role.DIRECTOR, False),
        (Role.MANAGER, Role.SYSTEM, False),
        (Role.DIRECTOR, Role.SYSTEM, True),
        (Role.DIRECTOR, Role.FINANCE, True),
    ],
)
def test_what_somebody_may_give(by: Role, role: Role, may: bool):
    assert may_give((by,), role) is may


# ── word to others ────────────────────────────────────────────────────────────────────────────────


async def added(chen: Browser, url: str, **fields: object) -> str:
    """A new address; answers its page."""
    made = await chen.submit("/webhooks", url=url, note="erp", **fields)
    assert secret_on(made).startswith("whsec_")
    found = re.search(r'href="(/webhooks/ep_[0-9a-f]+)"', made.text)
    assert found
    return found[1]


async def test_an_address_is_added_changed_given_a_new_secret_once_and_removed(chen: Browser):
    where = await added(chen, "https://erp.example.com/one", events=["case.closed", "payout.paid"])
    assert "2 events" in words(await chen.get("/webhooks"))
    same = await chen.submit("/webhooks", url="https://erp.example.com/one")
    assert same.status_code == 409
    assert "told already" in words(same)
    changed = await chen.submit(where, url="https://erp.example.com/two", events=["case.closed"], note="books")
    assert changed.status_code == 303
    page = await chen.get(where)
    assert "https://erp.example.com/two" in page.text
    mark = hidden(page, "mark")
    fresh = await chen.submit(f"{where}/rotate", mark=mark, hours="24")
    assert "signs besides for 24 hours" in words(fresh)
    again = await chen.submit(f"{where}/rotate", mark=mark, hours="24")
    assert again.status_code == 409
    assert "made already and shown once" in words(again)
    assert secret_on(fresh) not in (await chen.get(where)).text
    assert (await chen.submit(f"{where}/remove")).status_code == 303
    assert (await chen.get(where)).status_code == 404


@pytest.mark.parametrize(
    ("url", "told"),
    [("http://erp.example.com/", "https"), ("https://127.0.0.1/", "not public"), ("", "at least 1 character")],
)
async def test_an_address_that_may_not_be_asked_is_refused_in_place(chen: Browser, url: str, told: str):
    refused = await chen.submit("/webhooks", url=url, note="kept <b>note</b>")
    assert refused.status_code == 422
    assert told in words(refused)
    assert "kept &lt;b&gt;note&lt;/b&gt;" in refused.text


async def test_a_test_is_listed_with_what_became_of_it_and_told_again(chen: Browser):
    where = await added(chen, "https://no-such-host.invalid/hook")
    sent = await chen.submit(f"{where}/ping")
    assert sent.status_code == 303
    delivery = sent.headers["location"]
    page = await chen.get(delivery)
    assert "webhook.ping" in page.text
    async with asyncio.timeout(60):
        while "Not tried yet." in words(page):
            await asyncio.sleep(0.1)
            page = await chen.get(delivery)
    assert "a test" in words(await chen.get(where, params={"state": "waiting"}))
    assert (await chen.submit(f"{delivery}/again")).headers["location"] == delivery
    nothing = await chen.submit(f"{where}/again")
    assert nothing.status_code == 303
    assert "There is nothing to tell again." in words(await chen.get(where))
    await chen.submit(f"{where}/remove")


# ── word from outside ─────────────────────────────────────────────────────────────────────────────


async def test_calls_from_outside_are_listed_and_read_again(chen: Browser, api: Api):
    event = {"what": "delivered", "at": "2026-03-02T10:00:00+08:00", "words": "<script>x</script>"}
    taken = await api.post("/waybills/SF-OUTSIDE-1/events", json={"events": [event]})
    assert taken.status_code == 200
    where = f"/calls-in/{taken.json()['id']}"
    page = await chen.get(where)
    assert "SF-OUTSIDE-1" in words(page)
    assert "<script>x" not in page.text
    async with asyncio.timeout(60):
        while "not read yet" in words(page):
            await asyncio.sleep(0.1)
            page = await chen.get(where)
    assert (await chen.submit(f"{where}/again")).headers["location"] == where
    listed = await chen.page_with(where, "/calls-in", source="manual")
    assert "manual" in words(listed)
    assert "Nothing here." in words(await chen.get("/calls-in", params={"source": "nobody"}))
