"""Alipay: `alipay.trade.refund` under our key as out_request_no, and the query for it."""

import json
from collections.abc import Mapping
from typing import Any

from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig

from activities.gateways.gateway import Meaning, PayoutOrder, done, processing, refused, unknown, wire_key
from activities.gateways.remote import Remote
from models.accounting.payments import NO_SUCH_PAYOUT, Answer
from models.errors import MoneyRefused
from models.money import exponent, to_minor

#: What out_request_no may be made of.
_ALLOWED = "A-Za-z0-9_"
#: The finest that Alipay writes amounts, whatever the currency.
_PLACES = 2

_ACCOUNT = Meaning(
    "account",
    "客户的支付宝账户异常或已注销，请让客户提供其他账户。",
    "The customer's Alipay account is closed or blocked; ask the customer for another account.",
)
_ABOVE = Meaning(
    "limit",
    "退款金额超过了这笔交易剩余的可退金额。",
    "The amount is more than what is left of the payment.",
)
_CLOSED = Meaning(
    "limit",
    "交易已完结或超过退款期限，无法原路退回，请换一种方式。",
    "The payment is too old to be given back this way; choose another.",
)
_ASK_ALIPAY = Meaning(
    "other",
    "支付宝不允许退这笔交易，请联系支付宝客服。",
    "Alipay does not let this payment be refunded; ask its support.",
)

CODES: Mapping[str, Meaning] = {
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": Meaning(
        "balance",
        "商户支付宝余额不足，请充值后重试，或换一种方式。",
        "The shop's Alipay balance does not cover it; top it up and try again, or choose another way.",
    ),
    "ACQ.BUYER_ERROR": _ACCOUNT,
    "ACQ.BUYER_NOT_EXIST": _ACCOUNT,
    "ACQ.BUYER_ENABLE_STATUS_FORBID": _ACCOUNT,
    "ACQ.CUSTOMER_VALIDATE_ERROR": _ACCOUNT,
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": _ABOVE,
    "ACQ.REASON_TRADE_REFUND_FEE_ERR": _ABOVE,
    "ACQ.REFUND_FEE_ERROR": _ABOVE,
    "ACQ.TRADE_HAS_FINISHED": _CLOSED,
    "ACQ.TRADE_HAS_CLOSE": _CLOSED,
    "ACQ.TRADE_STATUS_ERROR": _CLOSED,
    "ACQ.TRADE_NOT_ALLOW_REFUND": _ASK_ALIPAY,
    "ACQ.NOT_ALLOW_REFUND": _ASK_ALIPAY,
    "ACQ.REASON_TRADE_BEEN_FREEZEN": Meaning(
        "other",
        "这笔交易被支付宝冻结，请联系支付宝客服。",
        "Alipay has frozen the payment; ask its support.",
    ),
    "ACQ.TRADE_NOT_EXIST": Meaning(
        "not_found",
        "支付宝找不到原交易，请核对交易号。",
        "Alipay does not know the payment; check its reference.",
    ),
    "ACQ.DISCORDANT_REPEAT_REQUEST": Meaning(
        "duplicate",
        "同一退款请求号曾以其他金额提交，请人工核对。",
        "The key was used before with another amount; somebody has to look.",
    ),
    "ACQ.INVALID_PARAMETER": Meaning(
        "other",
        "支付宝认为请求内容有误，请查看其说明。",
        "Alipay takes something in the request for wrong; see its message.",
    ),
    "isv.invalid-app-id": Meaning(
        None, "支付宝不接受所配置的应用，请检查设置。", "Alipay does not accept the app id that is set."
    ),
    "isv.invalid-signature": Meaning(
        None, "支付宝验签失败，请检查所配置的密钥。", "Alipay does not accept our signature; check the key that is set."
    ),
}

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

    def _trouble(self, lost: Exception) -> str:
        if isinstance(lost, AliPayValidationError):
            return "wrong_signature"
        return _code_of(lost) if isinstance(lost, AliPayException) else super()._trouble(lost)


def _key(order: PayoutOrder) -> str:
    return wire_key(order.key, _ALLOWED)


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
