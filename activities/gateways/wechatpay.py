"""WeChat Pay (APIv3): a domestic refund under our key as out_refund_no, and the query for it."""

import json
from collections.abc import Mapping
from typing import Any

from wechatpayv3 import WeChatPay, WeChatPayType

from activities.gateways.gateway import PayoutOrder, Received, done, processing, refused, unknown, wire_key
from activities.gateways.remote import Remote
from models.accounting.payments import NO_SUCH_PAYOUT, Answer
from models.accounting.refusals import WECHATPAY as CODES

#: What out_refund_no may be made of.
_ALLOWED = r"A-Za-z0-9_\-|*@"

#: Refusals that are about us or about the moment, not about the refund.
_PASSING = {"SYSTEM_ERROR", "BIZERR_NEED_RETRY", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "SIGN_ERROR", "NO_AUTH"}
_REFUSALS = (400, 403, 404)


class WechatPay(Remote):
    """Refunds through WeChat Pay: the same out_refund_no pays once, however often it is sent.

    It verifies with WeChat Pay's public key; merchants that still use its certificates change over on the merchant
    platform. The SDK verifies what went well; it believes errors as they are, so that `pay` asks after each of them.
    """

    name = "wechatpay"

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
        timeout: float,
        url: str | None = None,
        tell: str | None = None,
    ) -> None:
        """`tell` is where WeChat Pay calls when a refund has ended."""
        super().__init__(timeout)
        self._tell = tell
        self._client = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=mchid,
            private_key=private_key,
            cert_serial_no=serial_no,
            appid=appid,
            apiv3_key=apiv3_key,
            timeout=(timeout, timeout),
            public_key=public_key,
            public_key_id=public_key_id,
        )
        if url:
            self._client._core._gate_way = url  # the SDK takes no address

    def _not_payable(self, order: PayoutOrder) -> str | None:
        if order.destination is not None:
            return "destination_not_possible"
        if order.payment is None:
            return "payment_unknown"
        return "currency_not_taken" if order.currency != "CNY" or order.amount <= 0 else None

    def _send(self, order: PayoutOrder) -> Answer:
        assert order.payment is not None
        known = order.payment.reference
        status, body = self._client.refund(
            out_refund_no=_key(order),
            amount={"refund": order.amount, "total": order.payment.amount, "currency": order.currency},
            transaction_id=known,
            out_trade_no=None if known else order.payment.payment_no,
            reason=order.reason[:80],
            notify_url=self._tell,
        )
        return _told(json.loads(body), order) if status == 200 else _refusal(status, body)

    def _look(self, order: PayoutOrder) -> Answer:
        status, body = self._client.query_refund(_key(order))
        if status == 200:
            return _told(json.loads(body), order)
        told = _refusal(status, body)
        if status == 404 and told.code == "RESOURCE_NOT_EXISTS":
            return refused(NO_SUCH_PAYOUT, told.message)
        return unknown(told.code or "no_answer", told.message, CODES)

    def _received(self, reference: str) -> Received | None:
        status, body = self._client.query(transaction_id=reference)
        if status == 404:
            return None
        if status != 200:
            raise ValueError(str(json.loads(body).get("code")))
        told = json.loads(body)
        if told["transaction_id"] != reference or told["trade_state"] not in ("SUCCESS", "REFUND"):
            return None
        return Received(int(told["amount"]["total"]), str(told["amount"].get("currency") or "CNY"))

    def _trouble(self, lost: Exception) -> str:
        # The SDK raises plain exceptions; of those that reach us only this one can come after an answer was read.
        if type(lost) is Exception:
            return "wrong_signature"
        return super()._trouble(lost)


def wire_key_of(key: str) -> str:
    """A payout's key as it travels."""
    return wire_key(key, _ALLOWED)


def _key(order: PayoutOrder) -> str:
    return wire_key_of(order.key)


def _told(refund: Mapping[str, Any], order: PayoutOrder) -> Answer:
    if refund["out_refund_no"] != _key(order):
        raise ValueError("the answer is about another refund")
    if not _same_payment(refund, order):
        return unknown("other_payment", refund["refund_id"])
    if refund["amount"]["refund"] != order.amount:
        return unknown("amount_differs", str(refund["amount"]["refund"]))
    status, reference = refund["status"], refund["refund_id"]
    if status == "SUCCESS":
        return done(reference)
    return processing(reference) if status == "PROCESSING" else refused(status, reference, CODES)


def _same_payment(refund: Mapping[str, Any], order: PayoutOrder) -> bool:
    """Refund numbers are one merchant's, not one payment's: another shop of his may have used ours."""
    assert order.payment is not None
    if order.payment.reference:
        return bool(refund["transaction_id"] == order.payment.reference)
    return bool(refund["out_trade_no"] == order.payment.payment_no)


def _refusal(status: int, body: str | bytes) -> Answer:
    told = json.loads(body)
    code, message = str(told["code"]), told.get("message")
    if status not in _REFUSALS or code in _PASSING:
        return unknown(code, message, CODES)
    return refused(code, message, CODES)
