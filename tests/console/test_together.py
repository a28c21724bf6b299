"""Two people at one case: who else is there, who writes, what somebody did meanwhile; and a long timeline."""

import asyncio
import re
from collections.abc import Callable
from contextlib import aclosing

import pytest

from api.oversight.changes import HERE, Changes
from console.pages import cases
from console.presence import WRITING_SECONDS, Presence, Viewer
from store.oversight.changes import Change
from tests.api.client import Api
from tests.console.browser import Browser, words
from tests.databases import opened, sqlite_database

Browse = Callable[..., Browser]


def test_somebody_is_there_while_one_of_his_pages_is_open() -> None:
    here = Presence()
    with here.at("AC-1", "li"), here.at("AC-1", "sun"):
        with here.at("AC-1", "li"):
            assert here.others("AC-1", "sun") == [Viewer("li", writes=False)]
        assert here.others("AC-1", "sun") == [Viewer("li", writes=False)], "his other page is open still"
        assert here.others("AC-2", "sun") == []
    assert here.others("AC-1", "sun") == []


def test_who_writes_counts_as_writing_for_half_a_minute_and_is_news_once() -> None:
    now = [100.0]
    here = Presence(lambda: now[0])
    assert here.writes("AC-1", "li") is False, "who has no page open writes nothing"
    with here.at("AC-1", "li"):
        assert (here.writes("AC-1", "li"), here.writes("AC-1", "li")) == (True, False)
        assert here.others("AC-1", "sun") == [Viewer("li", writes=True)]
        now[0] += WRITING_SECONDS
        assert here.others("AC-1", "sun") == [Viewer("li", writes=False)]


async def test_the_page_of_a_case_says_who_else_has_it_open_and_writes(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    li, sun = browse("agent"), browse("supervisor")
    async with asyncio.timeout(20), li.stream("GET", f"/live?at={case_no}") as mine:
        heard = mine.aiter_text()  # kept: a stream that nobody reads is closed
        assert ": here" in await anext(heard)
        assert "has this open too" in words(await sun.get(f"/cases/{case_no}"))
        assert "has this open too" not in words(await li.get(f"/cases/{case_no}")), "oneself is nobody else"
        assert (await li.submit(f"/cases/{case_no}/writing")).status_code == 204
        assert "is writing here" in words(await sun.get(f"/cases/{case_no}/others"))


async def test_who_is_at_a_case_hears_of_others_who_come_without_anything_being_written() -> None:
    with sqlite_database() as url, opened(url) as engine:
        tail, heard = Changes(engine), asyncio.Event()

        async def listen() -> None:
            async with aclosing(tail.follow(None)) as following:
                async for change in following:
                    if change == Change(HERE, "AC-1"):
                        heard.set()
                        return

        task = asyncio.create_task(listen())
        while not tail._following:
            await asyncio.sleep(0.01)
        tail.tell_here("AC-1")
        await asyncio.wait_for(heard.wait(), 10)
        await task
        assert tail.latest() == 0, "nothing was written"


async def test_a_message_that_crosses_another_one_is_kept_and_shows_it(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    li, sun = browse("agent"), browse("supervisor")
    seen = re.search(r'name="seen" value="(\d+)"', (await li.get(f"/cases/{case_no}")).text)
    assert seen
    await sun.submit(f"/cases/{case_no}/message", words="We send a new one today.")
    crossed = await li.submit(f"/cases/{case_no}/message", words="Please wait for us.", seen=seen[1])
    assert crossed.status_code == 409
    assert "We send a new one today." in words(crossed)
    assert "Please wait for us." in crossed.text
    again = re.search(r'name="seen" value="(\d+)"', crossed.text)
    assert again
    sent = await li.submit(f"/cases/{case_no}/message", words="Please wait for us.", seen=again[1])
    assert sent.status_code == 303, "whoever has seen it sends it all the same"


async def test_a_note_crosses_nothing(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    await api.act(case_no, "note", note="another one")
    assert (await browse("agent").submit(f"/cases/{case_no}/note", words="mine", seen="1")).status_code == 303


async def test_a_long_timeline_is_read_back_to_its_beginning_without_a_gap(
    api: Api, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = (await api.opened())["case_no"]
    for number in range(12):
        await api.act(case_no, "note", note=f"note {number}.")
    monkeypatch.setattr(cases, "MOST_ENTRIES", 5)
    li, told, address, pages = browse("agent"), "", f"/cases/{case_no}?show=messages", 0
    while address:
        page = (await li.get(address)).text
        told, pages = told + page, pages + 1
        older = re.search(r'href="([^"]*before=[^"]*)" rel="next"', page)
        address = older[1].replace("&amp;", "&").partition("#")[0] if older else ""
    assert pages == 3
    assert [told.count(f">note {number}.<") for number in range(12)] == [1] * 12
    assert "What will happen" not in words((await li.get(f"/cases/{case_no}?before=3")).text)
    assert "What will happen" in words((await li.get(f"/cases/{case_no}")).text)
