"""WeChat Pay's wire format (APIv3), spoken by a server of ours."""

import json
import re
import time
from dataclasses import dataclass, replace
from typing import Any

from tests.activities.gateways.ledger import AccountClosed, BalanceShort, Ledger, Overdrawn, Refund, Taken
from tests.activities.gateways.wire import (
    MCHID,
    PROVIDER,
    PUBLIC_KEY_ID,
    SERIAL,
    SHOP,
    STRANGER,
    KeyPair,
    Request,
    Response,
    another,
    as_json,
)

_REFUNDS = "/v3/refund/domestic/refunds"
_TRADES = "/v3/pay/transactions/id/"
_AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class WechatPayDialect:
    """`/v3/refund/domestic/refunds`: requests signed in a header, answers too – what went well at least."""

    ledger: Ledger

    def sends(self, request: Request) -> bool:
        return request.method == "POST"

    def forget(self) -> None:
        """WeChat Pay keeps refund numbers for good."""

    def handle(self, request: Request) -> Response:
        if not self._is_signed(request):
            return _signed(_problem(401, "SIGN_ERROR", "签名错误"))
        if self.sends(request):
            return _signed(self._refund(json.loads(request.body)))
        if request.path.startswith(_TRADES):
            return _signed(self._trade(request.path.removeprefix(_TRADES)))
        refund = self.ledger.under(request.path.removeprefix(_REFUNDS + "/"))
        return _signed(as_json(200, _shown(refund)) if refund else _problem(404, "RESOURCE_NOT_EXISTS", "退款单不存在"))

    def _trade(self, reference: str) -> Response:
        payment = self.ledger.payment(reference)
        if payment is None:
            return _problem(404, "ORDER_NOT_EXIST", "订单不存在")
        told = {"transaction_id": payment.reference, "out_trade_no": payment.payment_no, "trade_state": "SUCCESS"}
        return as_json(200, {**told, "amount": {"total": payment.amount, "currency": payment.currency}})

    def _is_signed(self, request: Request) -> bool:
        kind, _, rest = request.headers.get("authorization", "").partition(" ")
        said = dict(_AUTHORIZATION.findall(rest))
        fresh = abs(time.time() - int(said["timestamp"])) < 300
        address = request.path + (f"?{request.query}" if request.query else "")
        text = f"{request.method}\n{address}\n{said['timestamp']}\n{said['nonce_str']}\n{request.body.decode()}\n"
        ours = (said["mchid"], said["serial_no"]) == (MCHID, SERIAL)
        return kind == "WECHATPAY2-SHA256-RSA2048" and ours and fresh and SHOP.verifies(text, said["signature"])

    def _refund(self, asked: dict[str, Any]) -> Response:
        key, amount = asked["out_refund_no"], asked["amount"]
        payment = self.ledger.payment(asked.get("transaction_id"), asked.get("out_trade_no"))
        if payment is None:
            return _problem(404, "RESOURCE_NOT_EXISTS", "订单不存在")
        if not re.fullmatch(r"[0-9A-Za-z_\-|*@]{1,64}", key) or amount["currency"] != "CNY":
            return _problem(400, "PARAM_ERROR", "参数错误")
        before = self.ledger.under(key)
        if before is not None:
            same = before.payment is payment and before.amount == amount["refund"]
            return (
                as_json(200, _shown(before)) if same else _problem(400, "INVALID_REQUEST", "退款金额与之前请求不一致")
            )
        if amount["total"] != payment.amount:
            return _problem(400, "INVALID_REQUEST", "订单金额与之前请求不一致")
        return self._refunded(key, payment, amount["refund"])

    def _refunded(self, key: str, payment: Taken, amount: int) -> Response:
        try:
            return as_json(200, _shown(self.ledger.refund(key, payment, amount)))
        except Overdrawn:
            return _problem(400, "INVALID_REQUEST", "申请退款金额大于可退金额")
        except BalanceShort:
            return _problem(403, "NOT_ENOUGH", "余额不足")
        except AccountClosed:
            return _problem(403, "USER_ACCOUNT_ABNORMAL", "用户账户异常")

    def trouble(self) -> Response:
        return _signed(_problem(500, "SYSTEM_ERROR", "系统错误"))

    def badly_signed(self, request: Request, response: Response) -> Response:
        return _signed(response, STRANGER)

    def of_another(self, request: Request) -> Response:
        """Of the same payment even: another of its refunds."""
        asked = request.path.removeprefix(_REFUNDS + "/")
        own = self.ledger.under(json.loads(request.body)["out_refund_no"] if self.sends(request) else asked)
        return _signed(as_json(200, _shown(replace(own or another(), key="SOMEBODY_ELSE"))))

    def forged_refusal(self, request: Request) -> Response:
        return _signed(_problem(403, "REQUEST_BLOCKED", "请求受阻"), STRANGER)


def _shown(refund: Refund) -> dict[str, Any]:
    return {
        "refund_id": f"50{refund.id}",
        "out_refund_no": refund.key,
        "transaction_id": refund.payment.reference,
        "out_trade_no": refund.payment.payment_no,
        "status": {"paid": "SUCCESS", "pending": "PROCESSING", "failed": "ABNORMAL"}[refund.status],
        "amount": {"refund": refund.amount, "total": refund.payment.amount, "currency": refund.payment.currency},
    }


def _problem(status: int, code: str, message: str) -> Response:
    return as_json(status, {"code": code, "message": message})


def _signed(response: Response, key: KeyPair = PROVIDER) -> Response:
    now, nonce = str(int(time.time())), "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
    headers = {
        "Wechatpay-Signature": key.sign(f"{now}\n{nonce}\n{response.body.decode()}\n"),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Timestamp": now,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": PUBLIC_KEY_ID,
    }
    return replace(response, headers={**response.headers, **headers})
