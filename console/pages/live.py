"""The stream of a page: which cases were written. What it shows of them the page asks for with its own rights."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from console import navigation
from console.visit import Here, Visit

router = APIRouter()
#: So often it is asked whether whoever listens is still signed in.
ASKED_EVERY = 60.0


@router.get("/rail", name="rail")
async def rail(here: Here, at: str = "") -> Response:
    """The rail of somebody who is at a page, with how much waits now."""
    menu = navigation.menu(here, at)
    return here.page("parts/_rail.html", menu=menu, chapters=navigation.chapters(here, menu))


@router.get("/live", name="live")
async def live(here: Here, since: int | None = None) -> Response:
    """Changes after a number, as server-sent events; `Last-Event-ID` goes before the number in the address."""
    told = here.request.headers.get("last-event-id", "")
    start = int(told) if told.isdecimal() and len(told) < 18 else since
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(here, start), media_type="text/event-stream", headers=headers)


async def _events(here: Visit, since: int | None) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    asked = loop.time()
    yield ": here\n\n"
    async with aclosing(here.house.changes.follow(since)) as following:
        async for change in following:
            if loop.time() - asked > ASKED_EVERY:
                asked = loop.time()
                if await asyncio.to_thread(here.house.door.who, here.secret, here.house.desk.clock()) is None:
                    return
            if change is None:
                yield ": still here\n\n"
            elif change.number == 0:
                yield "event: anew\ndata: all\n\n"
            else:
                yield f"id: {change.number}\nevent: changed\ndata: {change.case_no}\n\n"
