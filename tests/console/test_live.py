"""Live pages: what is written anywhere reaches whoever follows, once, and also what happened while nobody listened."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from api.oversight import changes as hub
from api.oversight.changes import Changes
from store.engine import reading, writing
from store.oversight import changes
from store.oversight.changes import Change
from tests.api.client import Api
from tests.console.browser import Browser
from tests.databases import opened, sqlite_database
from up import Running

Browse = Callable[..., Browser]
MONDAY = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


async def first(following: Changes, since: int | None, how_many: int = 1) -> list[Change]:
    """The first changes that a follower hears."""
    found: list[Change] = []
    async with asyncio.timeout(20), aclosing(following.follow(since)) as heard:
        async for change in heard:
            if change is not None:
                found.append(change)
            if len(found) == how_many:
                break
    return found


async def test_a_change_reaches_everybody_who_follows():
    with sqlite_database() as url, opened(url) as engine:
        tail = Changes(engine)
        heard = [asyncio.create_task(first(tail, None, 2)) for _ in range(3)]
        await asyncio.sleep(0)
        while len(tail._following) < 3:
            await asyncio.sleep(0.01)
        for case_no in ("AC-1", "AC-2"):
            with writing(engine) as session:
                changes.note(session, case_no, MONDAY)
        for told in await asyncio.gather(*heard):
            assert [one.case_no for one in told] == ["AC-1", "AC-2"]


async def test_what_happened_while_nobody_listened_is_told_after_its_number():
    with sqlite_database() as url, opened(url) as engine:
        with writing(engine) as session:
            for number in range(5):
                changes.note(session, f"AC-{number}", MONDAY)
        tail = Changes(engine)
        assert [one.case_no for one in await first(tail, 3, 2)] == ["AC-3", "AC-4"]
        assert tail.latest() == 5


async def test_whoever_was_away_for_too_long_is_told_to_load_anew():
    with sqlite_database() as url, opened(url) as engine:
        with writing(engine) as session:
            for _ in range(hub.MOST_BEHIND + 1):
                changes.note(session, "AC-1", MONDAY)
        assert await first(Changes(engine), 0) == [Change(0, "")]


def test_the_tail_is_cut_after_a_day_and_numbers_go_on():
    with sqlite_database() as url, opened(url) as engine:
        with writing(engine) as session:
            changes.note(session, "AC-1", MONDAY)
            changes.forget(session, MONDAY + changes.KEPT + timedelta(seconds=1))
            changes.note(session, "AC-2", MONDAY)
        with reading(engine) as session:
            assert changes.after(session, 0) == [Change(2, "AC-2")]


async def test_the_end_of_the_process_ends_every_stream():
    with sqlite_database() as url, opened(url) as engine:
        tail = Changes(engine)
        task = asyncio.create_task(first(tail, None))
        while not tail._following:
            await asyncio.sleep(0.01)
        tail.close()
        assert await asyncio.wait_for(task, 5) == []


async def test_a_stream_tells_which_case_was_written(api: Api, browse: Browse, service: Running):
    li, case_no = browse("agent"), (await api.opened())["case_no"]
    since = Changes(service.engine).latest()
    await api.act(case_no, "note", note="seen?")
    heard = ""
    async with asyncio.timeout(20), li.stream("GET", f"/live?since={since}") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for text in stream.aiter_text():
            heard += text
            if case_no in heard:
                break
    assert f"event: changed\ndata: {case_no}" in heard
    assert "id: " in heard
    assert (await browse(None).get("/live")).status_code == 303
