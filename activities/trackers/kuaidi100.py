"""Kuaidi100 asked: the query (signed by MD5 of param, key and customer) and the subscription to its callbacks."""

import json
from collections.abc import Mapping
from hashlib import md5
from typing import Any

import httpx

from activities.carriers.carrier import read_all
from activities.carriers.kuaidi100 import events_of
from activities.trackers.tracker import NotAllowed, NotTold, Parcel, UnknownParcel, understood
from models.goods.tracking import TrackingEvent

URL = "https://poll.kuaidi100.com"
#: What its codes say: nothing of this parcel, or nothing of any because of our account. All others may pass.
_UNKNOWN = {"400", "408", "500"}
_ACCOUNT = {"503", "600", "601"}
#: Answers to a subscription that say that it stands.
_STANDS = {"200", "501"}


class Kuaidi100:
    """With `callback`, the address of `POST /hooks/kuaidi100`, parcels are subscribed; without it only asked about."""

    name = "kuaidi100"

    def __init__(
        self, key: str, customer: str, timeout: float, callback: str | None, salt: str, url: str | None = None
    ) -> None:
        self._key, self._customer, self._callback, self._salt = key, customer, callback, salt
        self._http = httpx.Client(base_url=url or URL, timeout=timeout, trust_env=False)

    def register(self, parcel: Parcel) -> None:
        """Subscribe; the courier is recognised by the number where we have no code of it."""
        if self._callback is None:
            return
        more = {"callbackurl": self._callback, "salt": self._salt, "resultv2": "4", "phone": parcel.phone_tail}
        asked = {"company": parcel.code, "number": parcel.waybill, "key": self._key}
        param = {**asked, "parameters": {**more, "autoCom": "0" if parcel.code else "1"}}
        told = self._post("/poll", {"schema": "json", "param": _text(param)})
        code = str(told.get("returnCode"))
        if code not in _STANDS:
            raise _trouble(code, registering=True)

    def ask(self, parcel: Parcel) -> tuple[TrackingEvent, ...]:
        if not parcel.code:
            raise UnknownParcel("Kuaidi100 is asked by the courier's code, and couriers.yaml has none.")
        param = _text({"com": parcel.code, "num": parcel.waybill, "phone": parcel.phone_tail, "resultv2": "4"})
        sign = md5((param + self._key + self._customer).encode(), usedforsecurity=False).hexdigest().upper()
        told = self._post("/poll/query.do", {"customer": self._customer, "sign": sign, "param": param})
        if "data" not in told:
            raise _trouble(str(told.get("returnCode")), registering=False)
        return understood(lambda: read_all("the answer", lambda: events_of(told)))

    def _post(self, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        try:
            answer = self._http.post(path, data=dict(form))
        except httpx.HTTPError as away:
            raise NotTold(f"Kuaidi100 does not answer ({type(away).__name__}).") from None
        if answer.status_code != 200:
            raise NotTold(f"Kuaidi100 answered {answer.status_code}.")
        told = understood(answer.json)
        if not isinstance(told, dict):
            raise NotTold("Its answer is no JSON object.")
        return told


def _text(param: Mapping[str, Any]) -> str:
    return json.dumps(param, ensure_ascii=False, separators=(",", ":"))


def _trouble(code: str, registering: bool) -> Exception:
    if code in _ACCOUNT:
        return NotAllowed(f"Kuaidi100 does not take the key or the account (its code {code}).")
    if code in ({"700", "701", "702"} if registering else _UNKNOWN):
        return UnknownParcel(f"Kuaidi100 knows nothing of it (its code {code}).")
    return NotTold(f"Kuaidi100 answered with its code {code[:20]}.")
