"""API, worker and Temporal killed in the middle of 500 calls from outside: nothing is lost, nothing moves twice."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock

import httpx
import pytest
from standardwebhooks import Webhook

from tests.api.client import COURIER
from tests.live.test_kill import Shop, opened

CASES, CALLS, SIDE_BY_SIDE = 10, 500, 8
#: It is killed when so many calls have been answered.
KILLED_AT = (150, 320)
PATIENCE = 120  # seconds; the machine may be busy with other tests


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("AFTERCARE_COURIER_SECRET", COURIER)
    running = Shop(tmp_path)
    yield running
    running.leave()


class Courier:
    """Sends every call until it is answered, as couriers do; the same call keeps its id."""

    def __init__(self, shop: Shop, bodies: dict[str, bytes]) -> None:
        self.shop, self.left = shop, dict(bodies)
        self.answered: set[str] = set()
        self._lock, self.enough = Lock(), Event()
        self._goal = 0

    def send(self, goal: int) -> None:
        """Send until so many were answered; those under way then meet whatever happens."""
        self._goal = goal
        self.enough.clear()
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            for call_id in list(self.left):
                threads.submit(self._one, call_id)
            assert self.enough.wait(PATIENCE)
            if goal < CALLS:
                self.shop.kill()

    def _one(self, call_id: str) -> None:
        body, now = self.left[call_id], datetime.now(UTC)
        signature = Webhook(COURIER).sign(call_id, now, body.decode())
        headers = {
            "webhook-id": call_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        try:
            answer = httpx.post(f"{self.shop.told['url']}/api/v1/hooks/courier", content=body, headers=headers)
        except httpx.TransportError:
            return  # it was killed
        if answer.status_code == 200:
            with self._lock:
                self.answered.add(call_id)
                del self.left[call_id]
                if len(self.answered) >= self._goal:
                    self.enough.set()


def story(waybill: str, number: int, last: bool) -> bytes:
    at = datetime.now(UTC) - timedelta(hours=5) + timedelta(minutes=number)
    event = {"waybill": waybill, "what": "delivered" if last else "moving", "at": at.isoformat()}
    return json.dumps({"data": {"events": [event]}}).encode()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whatever_is_killed_every_call_that_was_answered_counts_and_counts_once(shop: Shop) -> None:
    case_nos = [opened(shop, f"KETTLE-{number}") for number in range(CASES)]
    for number, case_no in enumerate(case_nos):
        shop.act(case_no, "authorise_return", "agent", {"label": "L1"})
        shop.act(case_no, "ship_return", "customer", {"carrier": "SF", "waybill": f"SF-{number}"})
    each = CALLS // CASES
    bodies = {
        f"call-{n}-{number}": story(f"SF-{n}", number, number == each - 1)
        for number in range(each)
        for n in range(CASES)
    }
    courier = Courier(shop, bodies)
    for goal in KILLED_AT:
        courier.send(goal)
        shop.start()
    courier.send(CALLS)
    kept = everything_read(shop)
    assert sorted(kept) == sorted(bodies)  # each of them, and each once
    for case_no in case_nos:
        until_seen(shop, case_no, "record_delivery")
    assert [shop.timeline(case_no).count("record_delivery") for case_no in case_nos] == [1] * CASES


def everything_read(shop: Shop) -> list[str]:
    """The senders' ids of all calls, once the worker has read them."""
    deadline = time.monotonic() + PATIENCE
    while shop.http.get("/api/v1/hooks", params={"state": "received"}).json()["items"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = shop.http.get("/api/v1/hooks", params={"limit": 200, **({"cursor": cursor} if cursor else {})}).json()
        assert {row["state"] for row in page["items"]} == {"done"}
        found += [row["sender_id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def until_seen(shop: Shop, case_no: str, action: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while action not in shop.timeline(case_no):
        assert time.monotonic() < deadline, shop.timeline(case_no)
        time.sleep(0.2)
