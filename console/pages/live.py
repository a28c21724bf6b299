"""The stream of a page: which cases were written. What it shows of them the page asks for with its own rights."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from api.oversight.changes import BREATH_SECONDS, HERE, Change
from console import navigation, people
from console.visit import Here, Visit

router = APIRouter()
#: Said while nothing happens. It is an event and no comment, as scripts hear no comments: a silent line is a dead one.
BREATH: Final = "event: breath\ndata: .\n\n"
#: So often it is asked whether whoever listens is still signed in.
ASKED_EVERY = 60.0
CASE_NO: Final = re.compile(r"[A-Z0-9-]{1,40}")


@router.get("/rail", name="rail")
async def rail(here: Here, at: str = "") -> Response:
    """The rail of somebody who is at a page, with how much waits now."""
    menu = navigation.menu(here, at)
    return here.page("parts/_rail.html", menu=menu, chapters=navigation.chapters(here, menu))


@router.get("/live", name="live")
async def live(here: Here, since: int | None = None, at: str = "") -> Response:
    """Changes after a number, as server-sent events; `Last-Event-ID` goes before the number in the address.

    Whoever follows from the page of a case says so with `at`, and the others at it are told that he is there.
    """
    told = here.request.headers.get("last-event-id", "")
    start = int(told) if told.isdecimal() and len(told) < 18 else since
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    events = _present(here, start, at) if CASE_NO.fullmatch(at) else _events(here, start)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _present(here: Visit, since: int | None, case_no: str) -> AsyncIterator[str]:
    """The same, while whoever listens counts as being at a case."""
    try:
        with here.house.presence.at(case_no, here.me.id):
            here.house.changes.tell_here(case_no)
            async with aclosing(_events(here, since, case_no)) as events:
                async for event in events:
                    yield event
    finally:
        here.house.changes.tell_here(case_no)


@router.get("/cases/{case_no}/others", name="case_others")
async def case_others(here: Here, case_no: str) -> Response:
    """Who else is at a case. Raises NotFound for one that is not there."""
    await here.desk.case_number(case_no)
    return here.page("cases/_others.html", case_no=case_no, **await others_of(here, case_no))


@router.post("/cases/{case_no}/writing", name="case_writing")
async def case_writing(here: Here, case_no: str) -> Response:
    """Whoever is at a case has begun to write; the others are told."""
    if here.house.presence.writes(case_no, here.me.id):
        here.house.changes.tell_here(case_no)
    return Response(status_code=204)


async def others_of(here: Visit, case_no: str) -> dict[str, Any]:
    """Who else is at a case, by name."""
    found = here.house.presence.others(case_no, here.me.id)
    names = await people.names(here) if found else {}
    return {"others": [(names.get(one.person, one.person), one.writes) for one in found]}


async def _events(here: Visit, since: int | None, at: str = "") -> AsyncGenerator[str]:
    loop = asyncio.get_running_loop()
    asked = said = loop.time()
    yield ": here\n\n"
    async with aclosing(here.house.changes.follow(since)) as following:
        async for change in following:
            now = loop.time()
            if now - asked > ASKED_EVERY:
                asked = now
                if await asyncio.to_thread(here.house.door.who, here.secret, here.house.desk.clock()) is None:
                    return
            event = _event(change, at)
            if event or now - said >= BREATH_SECONDS:
                said = now
                yield event or BREATH


def _event(change: Change | None, at: str) -> str:
    """What a page is told of a change; nothing for who is at another case than the one it shows."""
    if change is None:
        return BREATH
    if change.number == HERE:
        return f"event: others\ndata: {at}\n\n" if change.case_no == at else ""
    if change.number == 0:
        return "event: anew\ndata: all\n\n"
    return f"id: {change.number}\nevent: changed\ndata: {change.case_no}\n\n"
