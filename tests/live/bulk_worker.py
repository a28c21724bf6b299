"""A worker that dies at one chosen transaction of a bulk action; a process of its own.

`python -m tests.live.bulk_worker ADDRESS DATABASE POINT`: at the commit of this number, and at none for 0.
"""

import asyncio
import os
import sys
from itertools import count
from typing import Any

from sqlalchemy import event
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from playbooks.loading.in_force import Fixed
from store.engine import make_engine
from tests.shipped import shipped
from worker import case_worker

DIED = 9


async def main(address: str, database: str, point: str) -> None:
    """Work until the point has come, or for good."""
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    engine = make_engine(database)
    passed = count(1)

    def die_there(_: Any) -> None:
        if next(passed) == int(point):
            os._exit(DIED)

    event.listen(engine, "commit", die_there)
    async with case_worker(client, engine, Fixed(shipped())):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
