"""WeChat Pay's notifications (APIv3): signed in headers, and with what they are about encrypted."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import aes_decrypt

from activities.gateways.wechatpay import wire_key_of
from activities.notices.notice import Reply, mind_age, reading
from models.accounting.notices import Notice, PaymentNotice, RefundNotice, RefundSaid
from models.errors import Forged, Malformed

_REFUND: Mapping[str, RefundSaid] = {"SUCCESS": "paid", "ABNORMAL": "refused", "CLOSED": "refused"}


class WechatPayNotices:
    """A call that failed is sent again for a day, under its id, and signed anew each time."""

    name = "wechatpay"
    answer: Mapping[str, Any] = {}
    reply: Reply | None = Reply(204)

    def __init__(
        self,
        *,
        mchid: str,
        appid: str,
        serial_no: str,
        private_key: str,
        apiv3_key: str,
        public_key: str,
        public_key_id: str,
    ) -> None:
        self._key_id, self._apiv3_key, self._mchid = public_key_id, apiv3_key, mchid
        self._client = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=mchid,
            private_key=private_key,
            cert_serial_no=serial_no,
            appid=appid,
            apiv3_key=apiv3_key,
            public_key=public_key,
            public_key_id=public_key_id,
        )

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The notification's id, of a call that WeChat Pay has signed and that our key opens."""
        if headers.get("wechatpay-serial") != self._key_id:
            # The package would ask WeChat Pay for its certificates, for everybody who calls.
            raise Forged("The call is signed by another key than WeChat Pay's public key that is set here.")
        told = self._opened(headers, body)
        mind_age(_signed_at(headers), now)
        named = told.get("id")
        if not isinstance(named, str) or not 1 <= len(named) <= 200:
            raise Malformed("The call is signed, and has no id.")
        return named

    def _opened(self, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        try:
            told = self._client.callback(dict(headers), body)
        except (ValueError, KeyError, AttributeError, RecursionError):
            raise Malformed("The call is no notification of WeChat Pay's.") from None
        except Exception as wrong:  # the package raises plain exceptions, also of what decrypts
            raise Forged(f"The call cannot be verified or opened ({type(wrong).__name__}): check the keys.") from None
        if not isinstance(told, dict):
            raise Forged("The signature does not fit, or the APIv3 key does not open it: check the keys.")
        return told

    def read(self, body: bytes) -> Notice | None:
        return reading("The notification", lambda: self._notice(json.loads(body)))

    def _notice(self, told: Mapping[str, Any]) -> Notice | None:
        about = json.loads(_text(told["resource"], self._apiv3_key))
        if about.get("mchid", self._mchid) != self._mchid:
            return None
        kind = str(told["event_type"])
        if kind.startswith("REFUND."):
            said = _REFUND.get(str(about["refund_status"]), "working")
            return RefundNotice(key=str(about["out_refund_no"]), said=said)
        return _payment(about) if kind == "TRANSACTION.SUCCESS" else None

    def travels_as(self, key: str) -> str:
        return wire_key_of(key)


def _text(resource: Mapping[str, Any], key: str) -> str:
    opened = aes_decrypt(
        nonce=resource["nonce"],
        ciphertext=resource["ciphertext"],
        associated_data=resource.get("associated_data") or "",
        apiv3_key=key,
    )
    if not opened:
        raise ValueError("the key does not open it")
    return str(opened)


def _signed_at(headers: Mapping[str, str]) -> datetime:
    try:
        return datetime.fromtimestamp(int(headers.get("wechatpay-timestamp", "")), UTC)
    except (ValueError, OverflowError, OSError):
        raise Forged("The call was signed at no time that there is.") from None


def _payment(about: Mapping[str, Any]) -> PaymentNotice:
    return PaymentNotice(
        reference=str(about["transaction_id"]),
        payment_no=str(about["out_trade_no"]),
        amount=int(about["amount"]["total"]),
        currency=str(about["amount"].get("currency") or "CNY"),
        names=tuple(str(about[name])[:300] for name in ("out_trade_no", "attach") if about.get(name)),
    )
