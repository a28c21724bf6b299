"""The wire formats of three providers, spoken by a server of ours: what they check, and how they answer and sign."""

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from models.money import exponent, to_minor, to_text
from tests.activities.gateways.ledger import AccountClosed, BalanceShort, Ledger, Overdrawn, Refund, Taken


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class KeyPair:
    """An RSA key, as both sides need it."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, text: str) -> str:
        return base64.b64encode(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()

    def verifies(self, text: str, signature: str) -> bool:
        try:
            self._key.public_key().verify(
                base64.b64decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def private_pem(self) -> str:
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def public_pem(self) -> str:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


SHOP, PROVIDER, STRANGER = KeyPair(), KeyPair(), KeyPair()


class Dialect(Protocol):
    """One provider's way of speaking. `handle` does the work and answers as the provider would."""

    ledger: Ledger

    def handle(self, request: Request) -> Response: ...
    def sends(self, request: Request) -> bool: ...
    def trouble(self) -> Response: ...
    def badly_signed(self, request: Request, response: Response) -> Response: ...
    def of_another(self, request: Request) -> Response: ...
    def forged_refusal(self, request: Request) -> Response: ...
    def forget(self) -> None: ...


def _another(ledger: Ledger) -> Refund:
    """Somebody else's refund, of which an answer tells by mistake."""
    return Refund("R999999", "SOMEBODY_ELSE", Taken("T-ELSE", "P-ELSE", 10**6, "CNY"), 1, "paid")


# ── Stripe ────────────────────────────────────────────────────────────────────────────────────────

STRIPE_KEY = "sk_test_kettle_4eC39HqLyjWDarjtT1zdp7dc"
#: Stripe's units of an amount where they are not those of ISO 4217: multiplied, divided.
_STRIPE_UNITS = {"ISK": (100, 1), "UGX": (100, 1), "MGA": (1, 100)}


@dataclass
class StripeDialect:
    """`/v1/refunds`: a bearer key, form bodies, and idempotency keys that keep the first answer for a day."""

    ledger: Ledger
    kept: dict[str, tuple[bytes, Response]] = field(default_factory=dict)
    payouts: dict[str, str] = field(default_factory=dict)  # refund's id → metadata[payout]

    def sends(self, request: Request) -> bool:
        return request.method == "POST"

    def forget(self) -> None:
        self.kept.clear()

    def handle(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {STRIPE_KEY}":
            return _stripe_error(401, "invalid_request_error", "Invalid API Key provided")
        if request.path != "/v1/refunds":
            return _stripe_error(404, "invalid_request_error", "Unrecognized request URL")
        return self._create(request) if self.sends(request) else self._list(request)

    def _create(self, request: Request) -> Response:
        key = request.headers["idempotency-key"]
        if key in self.kept:
            body, answer = self.kept[key]
            if body != request.body:
                return _stripe_error(400, "idempotency_error", "Keys can only be used with the same parameters")
            return replace(answer, headers={**answer.headers, "Idempotent-Replayed": "true"})
        answer = self._created(dict(parse_qsl(request.body.decode())))
        self.kept[key] = (request.body, answer)
        return answer

    def _created(self, form: dict[str, str]) -> Response:
        payment = self.ledger.payment(form.get("payment_intent") or form.get("charge"))
        if payment is None:
            return _stripe_error(404, "invalid_request_error", "No such payment_intent", code="resource_missing")
        amount = _from_stripe(int(form["amount"]), payment.currency)
        if amount is None:
            return _stripe_error(400, "invalid_request_error", "Invalid amount", param="amount")
        try:
            refund = self.ledger.refund(form["metadata[payout]"], payment, amount)
        except Overdrawn:
            message = "Refund amount is greater than unrefunded amount on charge"
            return _stripe_error(400, "invalid_request_error", message, param="amount")
        except BalanceShort:
            return _stripe_error(400, "invalid_request_error", "Insufficient funds", code="balance_insufficient")
        except AccountClosed:
            refund = self.ledger.failed(form["metadata[payout]"], payment, amount)
        return _json(200, self._shown(refund))

    def _list(self, request: Request) -> Response:
        asked = dict(parse_qsl(request.query))
        payment = self.ledger.payment(asked.get("payment_intent") or asked.get("charge"))
        if payment is None:
            return _stripe_error(404, "invalid_request_error", "No such payment_intent", code="resource_missing")
        found = [self._shown(refund) for refund in reversed(self.ledger.refunds) if refund.payment is payment]
        after = (
            [refund["id"] for refund in found].index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        )
        page = found[after : after + 2]  # small pages, so that paging is tried
        more = len(found) > after + 2
        return _json(200, {"object": "list", "url": "/v1/refunds", "has_more": more, "data": page})

    def _shown(self, refund: Refund) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": f"re_{refund.id}",
            "object": "refund",
            "amount": _to_stripe(refund.amount, refund.payment.currency),
            "currency": refund.payment.currency.lower(),
            "payment_intent": refund.payment.reference,
            "metadata": {"payout": refund.key},
            "status": {"paid": "succeeded", "pending": "pending", "failed": "failed"}[refund.status],
        }
        return shown | ({"failure_reason": "expired_or_canceled_card"} if refund.status == "failed" else {})

    def trouble(self) -> Response:
        return _stripe_error(500, "api_error", "Something went wrong on our end")

    def badly_signed(self, request: Request, response: Response) -> Response:
        raise AssertionError("Stripe signs no answers: TLS says whose they are")

    def of_another(self, request: Request) -> Response:
        return _json(200, self._shown(_another(self.ledger)))

    def forged_refusal(self, request: Request) -> Response:
        return _stripe_error(400, "invalid_request_error", "Already refunded", code="charge_already_refunded")


def _from_stripe(amount: int, currency: str) -> int | None:
    times, over = _STRIPE_UNITS.get(currency, (1, 1))
    if exponent(currency) == 3 and amount % 10:
        return None  # Stripe takes thousandths only in tens
    return amount * over // times


def _to_stripe(amount: int, currency: str) -> int:
    times, over = _STRIPE_UNITS.get(currency, (1, 1))
    return amount * times // over


def _stripe_error(status: int, kind: str, message: str, **more: str) -> Response:
    return _json(status, {"error": {"type": kind, "message": message, **more}})


def _json(status: int, content: object) -> Response:
    return Response(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


# ── Alipay ────────────────────────────────────────────────────────────────────────────────────────

ALIPAY_APP = "2021000000000001"
_REFUND, _QUERY = "alipay.trade.refund", "alipay.trade.fastpay.refund.query"


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
            return _json(200, {_named(method): told})
        content = json.loads(given["biz_content"])
        work: Callable[[dict[str, str]], dict[str, str]] = self._refund if method == _REFUND else self._query
        return _signed_by(PROVIDER, method, work(content))

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


# ── WeChat Pay ────────────────────────────────────────────────────────────────────────────────────

MCHID, SERIAL, PUBLIC_KEY_ID = "1900000109", "444F4864EA9B34415A", "PUB_KEY_ID_0119000001092026"
APIV3_KEY = "kettles-of-hangzhou-32-bytes-key"
_REFUNDS = "/v3/refund/domestic/refunds"
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
        refund = self.ledger.under(request.path.removeprefix(_REFUNDS + "/"))
        return _signed(_json(200, _shown(refund)) if refund else _problem(404, "RESOURCE_NOT_EXISTS", "退款单不存在"))

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
            return _json(200, _shown(before)) if same else _problem(400, "INVALID_REQUEST", "退款金额与之前请求不一致")
        if amount["total"] != payment.amount:
            return _problem(400, "INVALID_REQUEST", "订单金额与之前请求不一致")
        return self._refunded(key, payment, amount["refund"])

    def _refunded(self, key: str, payment: Taken, amount: int) -> Response:
        try:
            return _json(200, _shown(self.ledger.refund(key, payment, amount)))
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
        return _signed(_json(200, _shown(replace(own or _another(self.ledger), key="SOMEBODY_ELSE"))))

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
    return _json(status, {"code": code, "message": message})


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
