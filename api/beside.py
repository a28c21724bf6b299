"""Work that goes on beside the requests of this process, and ends with it in good order."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Beside:
    """Holds what was started until it is over. Whoever works here looks at `closing` between two steps."""

    def __init__(self) -> None:
        self.closing = False
        self._working: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin it; nobody waits for it."""
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def close(self) -> None:
        """Ask all to end after their step, and wait until they have."""
        self.closing = True
        await asyncio.gather(*self._working, return_exceptions=True)
