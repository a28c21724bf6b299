"""Each sender as it calls us: bodies of the documented shapes, signed as it signs. One a line of `SENDERS`."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5, sha256
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from standardwebhooks import Webhook

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four!").decode()
#: A parcel that is picked up, moves, goes out and is signed for, in the words of our vocabulary.
STORY = ("picked_up", "moving", "out_for_delivery", "delivered")
At = tuple[str, datetime]


@dataclass(frozen=True, slots=True)
class Call:
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Sender:
    """How a sender writes events of a parcel, and the sender's id of its calls where it names one."""

    write: Callable[[str, str, list[At], datetime], Call]
    #: Its word for each of ours, with what more it says.
    codes: Mapping[str, tuple[str, str | None]]
    #: Whether calls carry an id of their own; else the same text is the same call.
    names_calls: bool = True


def generic(call_id: str, waybill: str, told: list[At], now: datetime) -> Call:
    events = [{"waybill": waybill, "what": what, "at": at.isoformat(), "words": "杭州 → 上海"} for what, at in told]
    text = json.dumps({"type": "tracking", "timestamp": now.isoformat(), "data": {"events": events}})
    signature = Webhook(SECRET).sign(call_id, now, text)
    stamp = str(int(now.timestamp()))
    return Call({"webhook-id": call_id, "webhook-timestamp": stamp, "webhook-signature": signature}, text.encode())


def kuaidi100(call_id: str, waybill: str, told: list[At], now: datetime) -> Call:
    rows = [
        {
            "time": at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S"),
            "context": "【杭州市】快件已到达",
            "areaName": "浙江,杭州市",
            "statusCode": code,
        }
        for code, at in reversed(told)
    ]
    result = {"message": "ok", "state": told[-1][0], "status": "200", "com": "shunfeng", "nu": waybill, "data": rows}
    param = json.dumps({"status": "polling", "message": "", "lastResult": result}, ensure_ascii=False)
    sign = md5((param + SECRET).encode()).hexdigest().upper()
    return Call({}, urlencode({"sign": sign, "param": param}).encode())


def aftership(call_id: str, waybill: str, told: list[At], now: datetime) -> Call:
    points = [
        {
            "slug": "sf-express",
            "checkpoint_time": at.astimezone(UTC).isoformat(),
            "tag": code.partition("_")[0],
            "subtag": code if "_" in code else f"{code}_001",
            "message": "Arrived at facility",
            "city": "Hangzhou",
            "state": "Zhejiang",
        }
        for code, at in told
    ]
    tracking = {"id": "t1", "tracking_number": waybill, "slug": "sf-express", "checkpoints": points}
    call = {"ts": int(now.timestamp()), "event": "tracking_update", "event_id": call_id, "msg": tracking}
    body = json.dumps(call).encode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, sha256).digest()).decode()
    return Call({"aftership-hmac-sha256": signature}, body)


def easypost(call_id: str, waybill: str, told: list[At], now: datetime) -> Call:
    where = {"object": "TrackingLocation", "city": "HOUSTON", "state": "TX", "country": None, "zip": "77063"}
    details = [
        {
            "object": "TrackingDetail",
            "message": "Arrived",
            "status": code,
            "datetime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tracking_location": where,
        }
        for code, at in told
    ]
    tracker = {"id": "trk_1", "object": "Tracker", "tracking_code": waybill, "carrier": "UPS"}
    made = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"id": call_id, "object": "Event", "description": "tracker.updated", "created_at": made}
    body = json.dumps({**event, "result": {**tracker, "tracking_details": details}}).encode()
    signature = hmac.new(SECRET.encode(), body, sha256).hexdigest()
    return Call({"x-hmac-signature": f"hmac-sha256-hex={signature}"}, body)


OURS = {what: (what, None) for what in (*STORY, "created", "trouble", "returned", "lost")}

SENDERS: Mapping[str, Sender] = {
    "courier": Sender(generic, {code: (what, None) for what, (code, _) in OURS.items()}),
    "kuaidi100": Sender(
        kuaidi100,
        {
            "101": ("created", None),
            "1": ("picked_up", None),
            "103": ("picked_up", None),
            "0": ("moving", None),
            "1002": ("moving", None),
            "2": ("trouble", None),
            "14": ("trouble", "coming_back"),
            "6": ("trouble", "coming_back"),
            "5": ("out_for_delivery", None),
            "501": ("out_for_delivery", "locker"),
            "301": ("delivered", None),
            "303": ("delivered", "somebody_else"),
            "304": ("delivered", "locker"),
            "4": ("returned", None),
        },
        names_calls=False,
    ),
    "aftership": Sender(
        aftership,
        {
            "InfoReceived": ("created", None),
            "InTransit_002": ("picked_up", None),
            "InTransit": ("moving", None),
            "AttemptFail": ("trouble", None),
            "Exception_010": ("trouble", "coming_back"),
            "OutForDelivery": ("out_for_delivery", None),
            "AvailableForPickup": ("out_for_delivery", "locker"),
            "Delivered": ("delivered", None),
            "Exception_011": ("returned", None),
            "Exception_013": ("lost", None),
        },
    ),
    "easypost": Sender(
        easypost,
        {
            "pre_transit": ("created", None),
            "in_transit": ("moving", None),
            "out_for_delivery": ("out_for_delivery", None),
            "available_for_pickup": ("out_for_delivery", "locker"),
            "return_to_sender": ("trouble", "coming_back"),
            "failure": ("trouble", None),
            "delivered": ("delivered", None),
        },
    ),
}


class Secrets:
    """The settings of somebody who has set up every sender."""

    def __init__(self, secret: Any) -> None:
        self.courier_secret = self.kuaidi100_salt = secret
        self.aftership_webhook_secret = self.easypost_webhook_secret = secret
