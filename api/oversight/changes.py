"""What open pages follow: one look at the database for all of them, twice a second while anybody follows."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from store.engine import reading, writing
from store.oversight import changes
from store.oversight.changes import Change as Change

log = logging.getLogger("aftercare.api")

EVERY_SECONDS: Final = 0.5
#: A page that is so far behind is loaded anew instead of being told one by one.
MOST_BEHIND: Final = 500
MOST_WAITING: Final = 1000
#: While nothing happens a line is sent so often, so that a dead connection is noticed.
BREATH_SECONDS: Final = 15.0
#: The number of what is told in this process only.
HERE: Final = -1
FORGET_EVERY: Final = timedelta(hours=1)


class Changes:
    """The tail of changes, for everybody who follows it in this process."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._clock = clock
        self._following: set[asyncio.Queue[Change | None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._last = 0
        self._forgot_at = datetime.min.replace(tzinfo=UTC)
        self._closed = False

    def latest(self) -> int:
        """The last number that there is; blocks, call it from a thread."""
        with reading(self._engine) as session:
            return changes.latest(session)

    async def follow(self, since: int | None) -> AsyncGenerator[Change | None]:
        """Changes after a number as they come; None now and then while there are none, so that the line lives.

        Number 0 in a change: too much happened meanwhile, load the page anew.
        """
        queue: asyncio.Queue[Change | None] = asyncio.Queue(MOST_WAITING)
        if self._closed:
            return
        await self._begin()
        self._following.add(queue)
        try:
            for change in await asyncio.to_thread(self._missed, since):
                yield change
            while not self._closed:
                try:
                    yield await asyncio.wait_for(queue.get(), BREATH_SECONDS)
                except TimeoutError:
                    yield None
        finally:
            self._following.discard(queue)

    def _missed(self, since: int | None) -> Sequence[Change]:
        if since is None:
            return []
        with reading(self._engine) as session:
            found = [one for one in changes.after(session, since, MOST_BEHIND + changes.BEHIND) if one.number > since]
        return [Change(0, "")] if len(found) >= MOST_BEHIND else found

    async def _begin(self) -> None:
        if self._looking is None or self._looking.done():
            self._last = await asyncio.to_thread(self._told_already)
            self._looking = asyncio.create_task(self._look())

    def _told_already(self) -> int:
        """What is there before anybody follows is on the pages already."""
        with reading(self._engine) as session:
            last = changes.latest(session)
            for one in changes.after(session, last):
                self._is_new(one)
        return last

    async def _look(self) -> None:
        """Look for changes until nobody follows."""
        while self._following or self._looking is None:
            await asyncio.sleep(EVERY_SECONDS)
            with suppress(SQLAlchemyError):  # it is away; whoever follows hears nothing until it is back
                for change in await asyncio.to_thread(self._new):
                    self._tell(change)

    def _new(self) -> list[Change]:
        with reading(self._engine) as session:
            found = [one for one in changes.after(session, self._last) if self._is_new(one)]
        self._last = max([self._last, *(one.number for one in found)])
        now = self._clock()
        if now - self._forgot_at > FORGET_EVERY:
            self._forgot_at = now
            with writing(self._engine) as session:
                changes.forget(session, now)
        return found

    def _is_new(self, change: Change) -> bool:
        """Whether it was not told yet."""
        if change.number in self._seen:
            return False
        self._seen[change.number] = None
        while len(self._seen) > changes.BEHIND * 10:
            self._seen.popitem(last=False)
        return True

    def _tell(self, change: Change) -> None:
        for queue in self._following:
            if queue.full():  # nobody reads there any more
                continue
            queue.put_nowait(change)

    def tell_here(self, case_no: str) -> None:
        """Something about a case that is nowhere written: whoever follows in this process hears it as number -1."""
        self._tell(Change(HERE, case_no))

    def close(self) -> None:
        """End everybody's following, so that the process can end."""
        self._closed = True
        for queue in self._following:
            if not queue.full():
                queue.put_nowait(None)
