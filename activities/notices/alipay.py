"""Alipay's notifications: signed forms, of trades that were paid or refunded, and of refunds to bank cards."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from alipay import AliPay
from alipay.exceptions import AliPayException

from activities.gateways.alipay import wire_key_of
from activities.notices.notice import Reply, mind_age, reading
from models.accounting.notices import Notice, PaymentNotice, RefundNotice
from models.errors import Forged, Malformed
from models.money import to_minor

#: Its times are China's, and say so nowhere.
_CHINA = ZoneInfo("Asia/Shanghai")
#: Calls that were not answered "success" come again for 25 hours, as they were.
_OLDEST = timedelta(days=2)
_TO_A_CARD: Final = "alipay.trade.refund.depositback.completed"
_PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")


class AlipayNotices:
    """A call has an id, and comes again until it is answered `success`, with its first time: two days are not old."""

    name = "alipay"
    answer: Mapping[str, Any] = {}
    reply: Reply | None = Reply(200, b"success", "text/plain; charset=utf-8")

    def __init__(self, app_id: str, private_key: str, public_key: str) -> None:
        self._app_id = app_id
        self._client = AliPay(
            app_id, app_private_key_string=private_key, alipay_public_key_string=public_key, sign_type="RSA2"
        )

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The notification's id, of a call that Alipay has signed for our application."""
        form = _form(body)
        if not self._is_signed(dict(form)):
            raise Forged("The signature does not fit: Alipay's public key must be the one set here.")
        if form.get("app_id", self._app_id) != self._app_id:
            raise Forged("The call is for another application than the one set here.")
        mind_age(_sent_at(form), now, _OLDEST)
        named = form.get("notify_id", "")
        if not 1 <= len(named) <= 200:
            raise Malformed("The call is signed, and has no notify_id.")
        return named

    def _is_signed(self, form: dict[str, str]) -> bool:
        signature = form.pop("sign", "")
        try:
            return bool(self._client.verify(form, signature))
        except (AliPayException, ValueError, TypeError):
            return False

    def read(self, body: bytes) -> Notice | None:
        return reading("The notification", lambda: _notice(_form(body)))

    def travels_as(self, key: str) -> str:
        return wire_key_of(key)


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200))
    except ValueError:
        raise Malformed("The call is no form.") from None


def _sent_at(form: Mapping[str, str]) -> datetime:
    try:
        if "utc_timestamp" in form:  # messages of the application's gateway
            return datetime.fromtimestamp(int(form["utc_timestamp"]) / 1000, UTC)
        return datetime.strptime(form["notify_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA)
    except (KeyError, ValueError, OverflowError, OSError):
        raise Malformed("The call is signed, and says no time.") from None


def _notice(form: Mapping[str, str]) -> Notice | None:
    if form.get("msg_method") == _TO_A_CARD:
        return _to_a_card(json.loads(form["biz_content"]))
    if form.get("notify_type") != "trade_status_sync":
        return None
    if "gmt_refund" in form or "refund_fee" in form:
        key = form.get("out_biz_no")
        return RefundNotice(key=key, said="paid") if key else None
    return _payment(form) if form.get("trade_status") in _PAID else None


def _to_a_card(told: Mapping[str, Any]) -> RefundNotice:
    """A card that does not take it back is no refusal: the money is in the customer's Alipay balance then."""
    took = str(told["dback_status"]).upper() == "S"
    words = None if took else "The bank card did not take it; Alipay put it into the customer's balance: tell him."
    return RefundNotice(key=str(told["out_request_no"]), said="paid", words=words)


def _payment(form: Mapping[str, str]) -> PaymentNotice:
    return PaymentNotice(
        reference=form["trade_no"],
        payment_no=form["out_trade_no"],
        amount=to_minor(form["total_amount"], "CNY"),
        currency="CNY",
        names=tuple(form[name][:300] for name in ("out_trade_no", "passback_params", "subject") if form.get(name)),
    )
