"""Alipay's wire format, spoken by a server of ours."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from models.money import to_minor, to_text
from tests.activities.gateways.ledger import AccountClosed, BalanceShort, Ledger, Overdrawn, Refund, Taken
from tests.activities.gateways.wire import ALIPAY_APP, PROVIDER, SHOP, STRANGER, KeyPair, Request, Response, as_json

_REFUND, _QUERY = "alipay.trade.refund", "alipay.trade.fastpay.refund.query"
_TRADE = "alipay.trade.query"


@dataclass
class AlipayDialect:
    """`/gateway.do`: everything in signed parameters; the answer is signed as it stands in the body."""

    ledger: Ledger

    def sends(self, request: Request) -> bool:
        return dict(parse_qsl(request.query)).get("method") == _REFUND

    def forget(self) -> None:
        """Alipay keeps request numbers for good."""

    def handle(self, request: Request) -> Response:
        given = dict(parse_qsl(request.query, keep_blank_values=True))
        method, wrong = given["method"], self._wrong(given)
        if wrong:
            # What is wrong with the caller is said without a signature.
            told = {"code": "40002", "msg": "Invalid Arguments", "sub_code": wrong}
            return as_json(200, {_named(method): told})
        content = json.loads(given["biz_content"])
        works: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {_REFUND: self._refund, _TRADE: self._trade}
        return _signed_by(PROVIDER, method, works.get(method, self._query)(content))

    def _trade(self, asked: dict[str, str]) -> dict[str, str]:
        payment = self.ledger.payment(asked.get("trade_no"), asked.get("out_trade_no"))
        if payment is None:
            return _refused("ACQ.TRADE_NOT_EXIST", "交易不存在")
        told = {"code": "10000", "msg": "Success", "trade_no": payment.reference, "out_trade_no": payment.payment_no}
        return told | {"trade_status": "TRADE_SUCCESS", "total_amount": to_text(payment.amount, payment.currency)}

    def _wrong(self, given: dict[str, str]) -> str | None:
        signature = given.pop("sign")
        if given["app_id"] != ALIPAY_APP:
            return "isv.invalid-app-id"
        if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", given["timestamp"]):
            return "isv.invalid-timestamp"
        text = "&".join(f"{name}={value}" for name, value in sorted(given.items()))
        return None if given["sign_type"] == "RSA2" and SHOP.verifies(text, signature) else "isv.invalid-signature"

    def _refund(self, asked: dict[str, str]) -> dict[str, str]:
        payment = self.ledger.payment(asked.get("trade_no"), asked.get("out_trade_no"))
        if payment is None:
            return _refused("ACQ.TRADE_NOT_EXIST", "交易不存在")
        key, text = asked["out_request_no"], asked["refund_amount"]
        if not re.fullmatch(r"\w{1,64}", key, re.ASCII) or not re.fullmatch(r"\d{1,9}(\.\d\d?)?", text):
            return _refused("ACQ.INVALID_PARAMETER", "参数无效")
        if asked.get("refund_currency", "CNY") != payment.currency:
            return _refused("ACQ.INVALID_PARAMETER", "币种不一致")
        amount, before = to_minor(text, payment.currency), self._under(key, payment)
        if before is not None:
            same = before.amount == amount
            return self._took(payment, "N") if same else _refused("ACQ.DISCORDANT_REPEAT_REQUEST", "请求不一致")
        return self._refunded(key, payment, amount)

    def _refunded(self, key: str, payment: Taken, amount: int) -> dict[str, str]:
        try:
            refund = self.ledger.refund(key, payment, amount)
        except Overdrawn:
            return _refused("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
        except BalanceShort:
            return _refused("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")
        except AccountClosed:
            return _refused("ACQ.BUYER_ERROR", "买家状态异常")
        return self._took(payment, "Y" if refund.status == "paid" else "N")

    def _took(self, payment: Taken, fund_change: str) -> dict[str, str]:
        return {
            "code": "10000",
            "msg": "Success",
            "trade_no": payment.reference,
            "out_trade_no": payment.payment_no,
            "fund_change": fund_change,
            "refund_fee": to_text(payment.given, payment.currency),  # of the whole payment, not of this request
        }

    def _query(self, asked: dict[str, str]) -> dict[str, str]:
        payment = self.ledger.payment(asked.get("trade_no"), asked.get("out_trade_no"))
        if payment is None:
            return _refused("ACQ.TRADE_NOT_EXIST", "交易不存在")
        refund = self._under(asked["out_request_no"], payment)
        told = {"code": "10000", "msg": "Success"}
        if refund is None or refund.status != "paid":
            return told  # nothing is said of a refund that is not there yet
        return told | {
            "trade_no": payment.reference,
            "out_request_no": refund.key,
            "refund_amount": to_text(refund.amount, payment.currency),
            "refund_status": "REFUND_SUCCESS",
        }

    def _under(self, key: str, payment: Taken) -> Refund | None:
        refund = self.ledger.under(key)
        return refund if refund is not None and refund.payment is payment else None

    def trouble(self) -> Response:
        return _signed_by(PROVIDER, _REFUND, _refused("ACQ.SYSTEM_ERROR", "系统错误"))

    def badly_signed(self, request: Request, response: Response) -> Response:
        method = dict(parse_qsl(request.query))["method"]
        return _signed_by(STRANGER, method, json.loads(response.body)[_named(method)])

    def of_another(self, request: Request) -> Response:
        method = dict(parse_qsl(request.query))["method"]
        other = self._took(Taken("T-ELSE", "P-ELSE", 100, "CNY"), "Y")
        extra = {"out_request_no": "SOMEBODY_ELSE", "refund_amount": "1.00", "refund_status": "REFUND_SUCCESS"}
        return _signed_by(PROVIDER, method, other | (extra if method == _QUERY else {}))

    def forged_refusal(self, request: Request) -> Response:
        method = dict(parse_qsl(request.query))["method"]
        return _signed_by(STRANGER, method, _refused("ACQ.TRADE_HAS_FINISHED", "交易已经完结"))


def _named(method: str) -> str:
    return method.replace(".", "_") + "_response"


def _refused(code: str, message: str) -> dict[str, str]:
    return {"code": "40004", "msg": "Business Failed", "sub_code": code, "sub_msg": message}


def _signed_by(key: KeyPair, method: str, told: Mapping[str, str]) -> Response:
    inner = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    body = f'{{"{_named(method)}":{inner},"sign":"{key.sign(inner)}"}}'
    return Response(200, body.encode(), {"Content-Type": "text/html;charset=utf-8"})
