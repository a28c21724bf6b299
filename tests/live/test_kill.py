"""`aftercare up` killed in the middle: nothing is lost, nothing is done twice, and the next start is not blocked."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from models.orders import order_to_document
from tests.builders import an_order
from tests.roads import found

STARTS_WITHIN = 60  # seconds; the machine may be busy with other tests


class Shop:
    """A shop as its owner runs it: one process, one folder, started again after every end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = (folder / "up.log").open("ab")
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", "import cli; cli.main()", "up"]
        settings = {"AFTERCARE_DATA": str(self.folder), "AFTERCARE_HTTP_PORT": "0", "AFTERCARE_TEMPORAL_PORT": "0"}
        root = Path(__file__).parents[2]
        environment = {**os.environ, **settings, "PYTHONPATH": str(root)}
        self.up = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log, cwd=self.folder)
        self.wait_until_it_says_where_it_is()
        token = (self.folder / "token").read_text().strip()
        self.http = httpx.Client(base_url=self.told["url"], headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def wait_until_it_says_where_it_is(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            assert self.up.poll() is None, (self.folder / "up.log").read_text()
            if (self.folder / "up.json").exists():
                self.told = json.loads((self.folder / "up.json").read_text())
                if self.told["pid"] == self.up.pid:
                    return
            time.sleep(0.1)
        raise AssertionError("it did not start: " + (self.folder / "up.log").read_text())

    def leave(self) -> None:
        """End what still runs, and let go of everything."""
        if self.up.poll() is None:
            self.stop()
        self.http.close()
        self.log.close()

    def kill(self, with_temporal: bool = True) -> None:
        """`kill -9`, of the process and of the server that it started."""
        children = psutil.Process(self.up.pid).children(recursive=True) if with_temporal else []
        self.up.kill()
        for child in children:
            child.kill()
        self.up.wait()
        self.http.close()

    def stop(self) -> int:
        self.up.send_signal(signal.SIGINT)
        return self.up.wait(timeout=30)

    def act(
        self, case_no: str, action: str, role: str, data: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        envelope = {"action": action, "actor": {"id": role, "role": role}, "data": data or {}, **more}
        answer = self.http.post(f"/api/v1/cases/{case_no}/commands", json=envelope)
        assert answer.status_code == 200, answer.text
        case: dict[str, Any] = answer.json()
        return case

    def timeline(self, case_no: str) -> list[str]:
        return [entry["action"] for entry in self.http.get(f"/api/v1/cases/{case_no}/timeline").json()["items"]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    running = Shop(tmp_path)
    yield running
    running.leave()


def opened(shop: Shop, order_no: str = "KETTLE-1") -> str:
    order = order_to_document(an_order(order_no))
    assert shop.http.put(f"/api/v1/orders/{order_no}", json=order).status_code in (200, 201)
    ask = {"order_no": order_no, "kind": "quality_fault", "lines": [{"line_no": 1, "quantity": 1}], "wanted": "refund"}
    answer = shop.http.post("/api/v1/cases", json=ask)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["case_no"])


STEPS: tuple[tuple[Any, ...], ...] = (
    ("authorise_return", "agent", {"label": "L1"}),
    ("ship_return", "customer", {"carrier": "SF", "waybill": "SF1"}),
    ("book_in", "warehouse"),
    ("confirm_fault", "warehouse", found("manufacturing", "seller")),
    ("choose_remedy", "agent", {"remedy": "refund"}),
)


def test_a_case_goes_on_although_everything_was_killed_in_the_middle_of_it(shop: Shop) -> None:
    case_no = opened(shop)
    for number, step in enumerate(STEPS):
        shop.act(case_no, *step, command_id=f"step-{number}")
        if number in (0, 2):
            shop.kill()
            shop.start()
            again = shop.act(case_no, *step, command_id=f"step-{number}")
            assert again["repeated"] is True  # whoever repeats what was answered just before is told so
    (payout,) = shop.http.get("/api/v1/payouts", params={"case_no": case_no}).json()["items"]
    paid = shop.http.post(f"/api/v1/payouts/{payout['id']}/paid", json={"reference": "ALI-1"})
    assert paid.status_code == 200, paid.text
    closed = shop.act(case_no, "complete_callback", "agent", {"satisfied": True})
    assert (closed["state"], closed["money"]["paid"]["amount"]) == ("closed", "129.00")
    steps = [step[0] for step in STEPS]
    asked_back = "open_claim"  # of the supplier, by itself (G10)
    assert shop.timeline(case_no) == ["opened", *steps, asked_back, "record_refund", "complete_callback"]
    assert shop.stop() == 0


def test_a_server_that_outlived_its_shop_does_not_block_the_next_start(shop: Shop) -> None:
    case_no = opened(shop)
    orphan = psutil.Process(shop.up.pid).children(recursive=True)
    shop.kill(with_temporal=False)
    assert any(process.is_running() for process in orphan)
    shop.start()
    assert shop.act(case_no, "take", "agent")["owner"] is not None
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in orphan)


def test_a_server_that_dies_alone_is_started_again_and_the_command_repeated(shop: Shop) -> None:
    case_no = opened(shop)
    (server,) = psutil.Process(shop.up.pid).children()
    server.kill()
    envelope = {"action": "take", "actor": {"id": "chen", "role": "agent"}, "command_id": "take-1"}
    deadline = time.monotonic() + STARTS_WITHIN
    while (answer := shop.http.post(f"/api/v1/cases/{case_no}/commands", json=envelope)).status_code == 503:
        assert answer.headers["Retry-After"]
        assert time.monotonic() < deadline
    assert (answer.status_code, answer.json()["owner"]) == (200, "chen")
    assert shop.timeline(case_no) == ["opened", "take"]
    assert shop.stop() == 0


def test_a_lost_temporal_database_costs_no_open_case(shop: Shop) -> None:
    """SQL holds every case's full state: open cases go on, on an empty server."""
    case_no = opened(shop)
    shop.act(case_no, "authorise_return", "agent")
    shop.kill()
    for file in shop.folder.glob("temporal.db*"):
        file.unlink()
    shop.start()
    assert (
        shop.act(case_no, "ship_return", "customer", {"carrier": "SF", "waybill": "SF1"})["state"]
        == "return_in_transit"
    )
