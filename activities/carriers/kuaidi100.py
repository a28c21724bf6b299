"""Kuaidi100's subscription callbacks: a form with `param` (JSON) and `sign`, the MD5 of param and the agreed salt."""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import md5, sha256
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from activities.carriers.carrier import read_all
from models.errors import Forged, Malformed
from models.goods.tracking import How, TrackingEvent, What

#: Its times are China's, and say so nowhere.
CHINA = ZoneInfo("Asia/Shanghai")
#: What its codes mean, the coarse (one or two digits) and the fine; a fine one that is not listed is its coarse one.
CODES: Mapping[str, tuple[What, How | None]] = {
    "0": (What.MOVING, None),
    "1": (What.PICKED_UP, None),
    "101": (What.CREATED, None),  # ordered
    "102": (What.CREATED, None),  # waits to be picked up
    "2": (What.TROUBLE, None),
    "203": (What.TROUBLE, "coming_back"),  # refused
    "205": (What.TROUBLE, "locker"),  # nobody fetches it
    "3": (What.DELIVERED, None),
    "303": (What.DELIVERED, "somebody_else"),
    "304": (What.DELIVERED, "locker"),
    "4": (What.RETURNED, None),  # its sender has it again
    "401": (What.TROUBLE, None),  # cancelled
    "5": (What.OUT_FOR_DELIVERY, None),
    "501": (What.OUT_FOR_DELIVERY, "locker"),
    "6": (What.TROUBLE, "coming_back"),
    "7": (What.MOVING, None),  # handed to another courier
    "8": (What.MOVING, None),  # customs
    "10": (What.MOVING, None),
    "11": (What.MOVING, None),
    "12": (What.MOVING, None),
    "13": (What.TROUBLE, None),
    "14": (What.TROUBLE, "coming_back"),
}


class Kuaidi100:
    """Callbacks carry neither an id nor a time of their own: the same text is the same call."""

    name = "kuaidi100"
    answer: Mapping[str, Any] = {"result": True, "returnCode": "200", "message": "成功"}

    def __init__(self, salt: str) -> None:
        self._salt = salt

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """A hash of what was sent, where its sign fits the salt."""
        param, sign = _form(body)
        expected = md5((param + self._salt).encode(), usedforsecurity=False).hexdigest().upper()
        if not hmac.compare_digest(expected.encode(), sign.upper().encode()):
            raise Forged("The sign does not fit: the callback's salt must be the one set here.")
        return sha256(param.encode()).hexdigest()

    def read(self, body: bytes) -> tuple[TrackingEvent, ...]:
        return read_all("the callback", lambda: events_of(json.loads(_form(body)[0])["lastResult"]))


def _form(body: bytes) -> tuple[str, str]:
    try:
        fields = parse_qs(body.decode("utf-8"), strict_parsing=True, max_num_fields=20)
    except ValueError:
        raise Malformed("The callback is no form with 'param' and 'sign'.") from None
    if len(fields.get("param", [])) != 1 or len(fields.get("sign", [])) != 1:
        raise Malformed("The callback needs 'param' and 'sign', each once.")
    return fields["param"][0], fields["sign"][0]


def events_of(result: Mapping[str, Any]) -> tuple[TrackingEvent, ...]:
    """The events of a result, as callbacks and answers to a query hold it."""
    rows = list(result.get("data") or ())
    newest = max((str(row["time"]) for row in rows), default="")
    return tuple(_event(result, row, str(row["time"]) == newest) for row in rows)


def _event(result: Mapping[str, Any], row: Mapping[str, Any], is_newest: bool) -> TrackingEvent:
    # Without the paid-for codes of each row only the state of the whole is known, and that is the newest row's.
    code = str(row.get("statusCode") or (result.get("state") if is_newest else "0"))
    what, how = CODES.get(code) or CODES.get(_coarse(code), (What.MOVING, None))
    return TrackingEvent(
        waybill=str(result["nu"]),
        carrier=str(result.get("com") or ""),
        what=what,
        how=how,
        at=datetime.fromisoformat(str(row["time"])).replace(tzinfo=CHINA),
        place=str(row.get("areaName") or row.get("location") or ""),
        words=str(row.get("context") or ""),
    )


def _coarse(code: str) -> str:
    """`302` is a kind of `3`, `1002` a kind of `0` on the way (its own table counts those from 1001)."""
    if len(code) == 4:
        return "0"
    return code[:-2] if len(code) > 2 else code
