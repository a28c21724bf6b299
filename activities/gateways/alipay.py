"""Alipay: `alipay.trade.refund` under our key as out_request_no, and the query for it."""

import json
from collections.abc import Mapping
from typing import Any

from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig

from activities.gateways.gateway import PayoutOrder, Received, done, processing, refused, unknown, wire_key
from activities.gateways.remote import Remote
from models.accounting.payments import NO_SUCH_PAYOUT, Answer
from models.accounting.refusals import ALIPAY as CODES
from models.errors import MoneyRefused
from models.money import exponent, to_minor

#: What out_request_no may be made of.
_ALLOWED = "A-Za-z0-9_"
#: The finest that Alipay writes amounts, whatever the currency.
_PLACES = 2

#: Refusals of Alipay's that only ask for patience.
_PASSING = {"ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR"}


class Alipay(Remote):
    """Refunds through Alipay: the same out_request_no pays once, however often it is sent."""

    name = "alipay"

    def __init__(self, app_id: str, private_key: str, public_key: str, timeout: float, url: str | None = None) -> None:
        super().__init__(timeout)
        self._client = AliPay(
            app_id,
            app_private_key_string=private_key,
            alipay_public_key_string=public_key,
            sign_type="RSA2",
            config=AliPayConfig(timeout=timeout),
        )
        if url:
            self._client._gateway = url  # the SDK takes no address; its sandbox is one

    def _not_payable(self, order: PayoutOrder) -> str | None:
        if order.destination is not None:
            return "destination_not_possible"
        if order.payment is None:
            return "payment_unknown"
        finer = exponent(order.currency) > _PLACES
        return "currency_not_taken" if finer or order.amount <= 0 else None

    def _send(self, order: PayoutOrder) -> Answer:
        currency = {} if order.currency == "CNY" else {"refund_currency": order.currency}
        told = self._client.api_alipay_trade_refund(
            order.text,
            **_payment(order),
            **currency,
            out_request_no=_key(order),
            refund_reason=order.reason[:256],
            query_options=["deposit_back_info"],  # or it never says what became of money that goes to a bank card
        )
        problem = _problem(told)
        if problem is not None:
            return problem
        _speaks_of(told, order)
        # `refund_fee` is all that was ever refunded of the payment. N: nothing moved now, it did before or will.
        if told.get("fund_change") == "Y":
            return done(_key(order))
        looked = self._look(order)
        return processing(_key(order)) if looked.never_arrived else looked

    def _look(self, order: PayoutOrder) -> Answer:
        told = self._client.api_alipay_trade_fastpay_refund_query(_key(order), **_payment(order))
        problem = _problem(told)
        if problem is not None:
            if problem.code == "ACQ.TRADE_NOT_EXIST":
                return refused(NO_SUCH_PAYOUT, problem.message)
            return unknown(str(problem.code), problem.message, CODES)
        status = told.get("refund_status")
        if not status:
            return refused(NO_SUCH_PAYOUT)
        if told["out_request_no"] != _key(order):
            raise ValueError("the answer is about another refund")
        if status != "REFUND_SUCCESS":
            return processing(_key(order))
        if not _same_amount(str(told["refund_amount"]), order):
            return unknown("amount_differs", str(told["refund_amount"]))
        return done(_key(order))

    def _received(self, reference: str) -> Received | None:
        told = self._client.api_alipay_trade_query(trade_no=reference)
        if told["code"] != "10000":
            if told.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
                return None
            raise ValueError(str(told.get("sub_code") or told["code"]))
        if told["trade_no"] != reference or told["trade_status"] not in ("TRADE_SUCCESS", "TRADE_FINISHED"):
            return None
        return Received(to_minor(str(told["total_amount"]), "CNY"), "CNY")

    def _trouble(self, lost: Exception) -> str:
        if isinstance(lost, AliPayValidationError):
            return "wrong_signature"
        return _code_of(lost) if isinstance(lost, AliPayException) else super()._trouble(lost)


def wire_key_of(key: str) -> str:
    """A payout's key as it travels."""
    return wire_key(key, _ALLOWED)


def _key(order: PayoutOrder) -> str:
    return wire_key_of(order.key)


def _payment(order: PayoutOrder) -> dict[str, str]:
    assert order.payment is not None
    if order.payment.reference:
        return {"trade_no": order.payment.reference}
    return {"out_trade_no": order.payment.payment_no}


def _speaks_of(told: Mapping[str, Any], order: PayoutOrder) -> None:
    for name, value in _payment(order).items():
        if told[name] != value:
            raise ValueError("the answer is about another payment")


def _problem(told: Mapping[str, Any]) -> Answer | None:
    """The refusal in an answer: only 40004 with a code of the business speaks about the refund itself."""
    if told["code"] == "10000":
        return None
    code, message = told.get("sub_code") or told["code"], told.get("sub_msg") or told.get("msg")
    if told["code"] != "40004" or code in _PASSING:
        return unknown(code, message, CODES)
    return refused(code, message, CODES)


def _code_of(error: AliPayException) -> str:
    """The code in an answer that carries no signature: worth showing, not worth believing."""
    try:
        told = json.loads(str(error).partition("message:")[2])
        inner = next(value for value in told.values() if isinstance(value, dict))
        return str(inner.get("sub_code") or inner["code"])
    except (ValueError, KeyError, StopIteration, AttributeError):
        return "unreadable"


def _same_amount(text: str, order: PayoutOrder) -> bool:
    try:
        return to_minor(text, order.currency) == order.amount
    except MoneyRefused:
        return False
