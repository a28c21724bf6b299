"""Long work that says how far it is: one line of JSON for each step, and the answer in the last one."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from api.problems import translated

NDJSON = "application/x-ndjson"
Told = Callable[[int, int | None], None]


async def with_progress(work: Callable[[Told], Awaitable[Any]], put_away: Callable[[], None]) -> AsyncIterator[str]:
    """Lines `{"done": …, "total": …}` while the work goes on, then `{"report": …}` or `{"problem": …}`.

    The work may tell from another thread. What comes after the first line cannot change the status of the answer
    any more, so a refusal is the last line.
    """
    lines: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def told(done: int, total: int | None) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, {"done": done, "total": total})

    working = asyncio.ensure_future(work(told))
    working.add_done_callback(lambda _: loop.call_soon(lines.put_nowait, None))
    try:
        while (line := await lines.get()) is not None:
            yield json.dumps(line) + "\n"
        yield json.dumps(_outcome(working), ensure_ascii=False) + "\n"
    finally:
        await asyncio.wait([working])
        put_away()


def _outcome(working: "asyncio.Future[Any]") -> dict[str, Any]:
    error = working.exception()
    if error is None:
        return {"report": working.result()}
    if not isinstance(error, Exception):
        raise error
    return {"problem": translated(error).as_problem()}
