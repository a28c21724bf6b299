"""The database beside the event loop: whatever waits for it waits in a thread, in a session of its own."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from store.engine import reading, writing

T = TypeVar("T")


class OnDatabase:
    """Use cases over a database; each piece of work is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def _read(self, work: Callable[[Session], T]) -> T:
        def run() -> T:
            with reading(self.engine) as session:
                return work(session)

        return await asyncio.to_thread(run)

    async def _write(self, work: Callable[[Session], T]) -> T:
        def run() -> T:
            with writing(self.engine) as session:
                return work(session)

        return await asyncio.to_thread(run)
