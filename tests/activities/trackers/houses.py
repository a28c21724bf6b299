"""Those who are asked about parcels, each as it speaks, on loopback: they check keys and signatures, and can fail.

`told` is what was registered; `parcels` what they know, as (our word, instant) of each parcel.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from activities.trackers.aftership import AfterShip
from activities.trackers.easypost import EasyPost
from activities.trackers.kuaidi100 import Kuaidi100
from activities.trackers.tracker import Tracker

CHINA = ZoneInfo("Asia/Shanghai")
KEY, CUSTOMER, SALT = "key-of-the-shop", "CUSTOMER7", "salt-of-the-shop"
CALLBACK = "https://desk.example.com/api/v1/hooks/kuaidi100"
Mood = Literal["well", "busy", "broken", "silent", "garbage", "hangs_up"]
Answer = tuple[int, Any]


@dataclass
class House:
    """One of them, with what it knows and how it is."""

    mood: Mood = "well"
    key: str = KEY
    parcels: dict[str, list[tuple[str, datetime]]] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


def kuaidi100(house: House, call: Call) -> Answer:
    form = call.form
    param = json.loads(form["param"])
    if call.path == "/poll":
        if param["key"] != house.key:
            return 200, {"result": False, "returnCode": "601", "message": "KEY已过期"}
        known = any(one["waybill"] == param["number"] for one in house.told)
        more = param["parameters"]
        house.told.append({"waybill": param["number"], "code": param["company"], "salt": more["salt"], "more": more})
        code, said = ("501", "重复订阅") if known else ("200", "提交成功")
        return 200, {"result": not known, "returnCode": code, "message": said}
    assert call.path == "/poll/query.do"
    signed = md5((form["param"] + house.key + CUSTOMER).encode()).hexdigest().upper()
    if form["customer"] != CUSTOMER or form["sign"] != signed:
        return 200, {"result": False, "returnCode": "503", "message": "验证签名失败"}
    house.asked.append({"waybill": param["num"], "code": param["com"]})
    events = house.parcels.get(param["num"])
    if events is None:
        return 200, {"result": False, "returnCode": "500", "message": "查询无结果，请隔段时间再查"}
    codes = {"picked_up": "103", "moving": "1002", "delivered": "301"}
    rows = [
        {"time": f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}", "context": "到达", "statusCode": codes[what]}
        for what, at in reversed(events)
    ]
    named = {"nu": param["num"], "com": param["com"], "state": codes[events[-1][0]]}
    return 200, {"message": "ok", "status": "200", **named, "data": rows}


def aftership(house: House, call: Call) -> Answer:
    if call.headers.get("as-api-key") != house.key:
        return 401, {"meta": {"code": 401, "type": "Unauthorized", "message": "Invalid API key."}, "data": {}}
    if call.method == "POST":
        wanted = json.loads(call.body)
        number = wanted["tracking_number"]
        if any(one["waybill"] == number for one in house.told):
            return 400, {
                "meta": {"code": 4003, "type": "BadRequest", "message": "It exists already."},
                "data": {},
            }
        house.told.append({"waybill": number, "code": wanted.get("slug", "")})
        return 201, {"meta": {"code": 201}, "data": {"id": "t1", "tracking_number": number}}
    number = call.query["tracking_numbers"]
    house.asked.append({"waybill": number, "code": call.query.get("slug", "")})
    events = house.parcels.get(number)
    tags = {"picked_up": ("InTransit", "InTransit_002"), "moving": ("InTransit", "InTransit_003"),
            "delivered": ("Delivered", "Delivered_001")}  # fmt: skip
    points = [
        {"checkpoint_time": at.astimezone(UTC).isoformat(), "tag": tags[w][0], "subtag": tags[w][1], "message": "到达"}
        for w, at in events or ()
    ]
    found = [] if events is None else [{"id": "t1", "tracking_number": number, "slug": "sf", "checkpoints": points}]
    return 200, {"meta": {"code": 200}, "data": {"pagination": {"total": len(found)}, "trackings": found}}


def easypost(house: House, call: Call) -> Answer:
    if call.headers.get("authorization") != f"Bearer {house.key}":
        return 401, {"error": {"code": "APIKEY.INACTIVE", "message": "This api key is no longer active."}}
    wanted = json.loads(call.body)
    wanted = wanted.get("tracker", wanted)
    number = wanted["tracking_code"]
    if number.startswith("NOBODY"):
        return 422, {"error": {"code": "TRACKER.CREATE.ERROR", "message": "No such number.", "errors": []}}
    house.told.append({"waybill": number, "code": wanted.get("carrier", "")})
    house.asked.append(house.told[-1])
    words = {"picked_up": "in_transit", "moving": "in_transit", "delivered": "delivered"}
    details = [
        {"object": "TrackingDetail", "message": "Arrived", "status": words[w], "datetime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        for w, at in house.parcels.get(number, ())
    ]
    return 201, {"id": "trk_1", "object": "Tracker", "tracking_code": number, "carrier": "UPS",
                 "tracking_details": details}  # fmt: skip


SPEAKS: Mapping[str, Callable[[House, Call], Answer]] = {
    "kuaidi100": kuaidi100,
    "aftership": aftership,
    "easypost": easypost,
}


def made(name: str, url: str, key: str = KEY, timeout: float = 5.0) -> Tracker:
    """The adapter of one of them, toward an address."""
    if name == "kuaidi100":
        return Kuaidi100(key, CUSTOMER, timeout, CALLBACK, SALT, url)
    return AfterShip(key, timeout, url) if name == "aftership" else EasyPost(key, timeout, f"{url}/v2")


@contextmanager
def house(name: str) -> Iterator[tuple[House, str]]:
    """One of them until the block ends, and its address."""
    here = House()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _web(here, SPEAKS[name]))
    running = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    running.start()
    try:
        yield here, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        here.gate.set()
        server.shutdown()
        server.server_close()
        running.join()


def _web(here: House, speak: Callable[[House, Call], Answer]) -> type[BaseHTTPRequestHandler]:
    class Web(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._speak("GET")

        def do_POST(self) -> None:
            self._speak("POST")

        def _speak(self, method: str) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            headers = {key.lower(): value for key, value in self.headers.items()}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if here.mood == "hangs_up":
                self.close_connection = True
                self.connection.close()
                return
            if here.mood == "silent":
                here.gate.wait(20)
            self._answer(*self._by_mood(speak, Call(method, parts.path, query, headers, body)))

        def _by_mood(self, speak: Callable[[House, Call], Answer], call: Call) -> Answer:
            if here.mood == "busy":
                meta = {"code": 429, "type": "TooManyRequests", "message": "slow down"}
                return 429, {"meta": meta, "error": {"code": "RATE_LIMITED", "message": "slow down"}}
            if here.mood == "broken":
                meta = {"code": 500, "type": "InternalError", "message": "sorry"}
                return 500, {"meta": meta, "error": {"code": "INTERNAL", "message": "sorry"}}
            return (200, ["?"]) if here.mood == "garbage" else speak(here, call)

        def _answer(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def finish(self) -> None:
            with suppress(OSError, ValueError):  # whoever asked did not wait
                super().finish()

    return Web
