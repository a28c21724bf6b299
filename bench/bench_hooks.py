"""How long a sender waits for the answer to a call from outside, over HTTP. Target: 50 ms at p95.

    python bench/bench_hooks.py [--calls 1000] [--side-by-side 1] [--kept 100000]

`aftercare up` on SQLite in a process of its own, its worker reading meanwhile; before, so many calls are kept already.
Each call is signed, tells of a parcel of its own, and is new. `worker_ms` is how long after the last answer all were
read, `cpu_ms` what the service itself worked for a call, reading included; `load` says how busy others kept the
machine.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import psutil
from sqlalchemy import Engine, insert
from standardwebhooks import Webhook

from models.tables import hooks_in
from store.engine import make_engine, reading, writing
from store.outside import hooks
from tests.api.client import COURIER
from tests.live.test_kill import Shop

TARGET_MS = 50
BATCH = 5000


def kept(engine: Engine, count: int) -> None:
    """Calls of the last weeks, read long ago."""
    now = datetime.now(UTC)
    for first in range(0, count, BATCH):
        rows = [
            {
                "id": uuid4().hex,
                "source": "courier",
                "sender_id": f"old-{number}",
                "headers": {},
                "body": b"{}",
                "received_at": now - timedelta(seconds=number),
                "state": "done",
            }
            for number in range(first, min(first + BATCH, count))
        ]
        with writing(engine) as session:
            session.execute(insert(hooks_in), rows)


async def one(http: httpx.AsyncClient, number: int) -> float:
    now = datetime.now(UTC)
    event = {"waybill": f"SF{number:08d}", "what": "moving", "at": now.isoformat(), "words": "已到达杭州转运中心"}
    body = json.dumps({"data": {"events": [event]}}).encode()
    call_id = f"bench-{number}"
    headers = {
        "webhook-id": call_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(COURIER).sign(call_id, now, body.decode()),
    }
    began = time.perf_counter()
    answer = await http.post("/api/v1/hooks/courier", content=body, headers=headers)
    took = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    return took * 1000


async def measured(url: str, calls: int, side_by_side: int) -> dict[str, Any]:
    numbers = iter(range(calls))
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:

        async def sends() -> list[float]:
            return [await one(http, number) for number in numbers]

        began = time.perf_counter()
        took = [ms for part in await asyncio.gather(*(sends() for _ in range(side_by_side))) for ms in part]
        whole = time.perf_counter() - began
    return {
        "calls": calls,
        "per_second": round(calls / whole),
        "median_ms": round(median(took), 1),
        "p95_ms": round(quantiles(took, n=20)[-1], 1),
        "worst_ms": round(max(took), 1),
        "load": round(os.getloadavg()[0], 1),
    }


def cpu(shop: Shop) -> float:
    """Seconds that the service has worked, API and worker together."""
    used = psutil.Process(shop.up.pid).cpu_times()
    return float(used.user + used.system)


def read_by_worker(engine: Engine) -> int:
    """Milliseconds until everything is read."""
    began = time.perf_counter()
    while _unread(engine):
        time.sleep(0.02)
    return round((time.perf_counter() - began) * 1000)


def _unread(engine: Engine) -> bool:
    with reading(engine) as session:
        return bool(hooks.unread(session, 1))


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--calls", type=int, default=1000)
    words.add_argument("--side-by-side", type=int, default=1)
    words.add_argument("--kept", type=int, default=100_000)
    asked = words.parse_args()
    os.environ["AFTERCARE_COURIER_SECRET"] = COURIER
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        engine = make_engine(f"sqlite:///{folder}/aftercare.db")
        try:
            kept(engine, asked.kept)
            before = cpu(shop)
            found = asyncio.run(measured(shop.told["url"], asked.calls, asked.side_by_side))
            found["worker_ms"] = read_by_worker(engine)
            found["cpu_ms"] = round((cpu(shop) - before) * 1000 / asked.calls, 1)
        finally:
            engine.dispose()
            shop.leave()
    sys.stdout.write(json.dumps({"kept": asked.kept, "side_by_side": asked.side_by_side, **found}) + "\n")
    return 0 if found["p95_ms"] <= TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
