"""Each payment provider as it calls us: bodies of the documented shapes, really signed. One a line of `CALLERS`."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr
from stripe import WebhookSignature

from activities.gateways.gateway import wire_key
from models.money import to_text
from settings import Settings
from tests.activities.gateways.wire import (
    ALIPAY_APP,
    APIV3_KEY,
    MCHID,
    PROVIDER,
    PUBLIC_KEY_ID,
    SERIAL,
    SHOP,
    STRANGER,
    KeyPair,
)

STRIPE_SECRET = "whsec_kettles_of_hangzhou"
SETTINGS = Settings(
    stripe_webhook_secret=SecretStr(STRIPE_SECRET),
    alipay_app_id=ALIPAY_APP,
    alipay_private_key=SecretStr(SHOP.private_pem),
    alipay_public_key=PROVIDER.public_pem,
    wechatpay_mchid=MCHID,
    wechatpay_appid="wx8888888888888888",
    wechatpay_serial_no=SERIAL,
    wechatpay_private_key=SecretStr(SHOP.private_pem),
    wechatpay_apiv3_key=SecretStr(APIV3_KEY),
    wechatpay_public_key=PROVIDER.public_pem,
    wechatpay_public_key_id=PUBLIC_KEY_ID,
)


@dataclass(frozen=True, slots=True)
class Call:
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Caller:
    """How a provider tells of a refund (paid, working, refused) and of a payment.

    `refund(call id, our key, what it says, signed at, forged)`, `payment(call id, reference, number, minor units, at)`.
    """

    refund: Callable[[str, str, str, datetime, bool], Call]
    payment: Callable[[str, str, str, int, datetime], Call]
    #: The words of the answer that it takes for "received"; None: any 2xx.
    wants: tuple[int, bytes] | None
    #: What it can say of a refund by itself.
    says: tuple[str, ...]
    #: Whether it signs a call anew each time that it sends it.
    signs_anew: bool = True


# ── Stripe ────────────────────────────────────────────────────────────────────────────────────────


def stripe_event(call_id: str, kind: str, about: Mapping[str, Any], at: datetime, forged: bool = False) -> Call:
    event = {"id": call_id, "object": "event", "type": kind, "created": int(at.timestamp()), "data": {"object": about}}
    text = json.dumps(event)
    secret = "whsec_of_a_stranger" if forged else STRIPE_SECRET
    signature = WebhookSignature.generate_signature_header(text, secret, int(at.timestamp()))
    return Call({"stripe-signature": signature}, text.encode())


def _stripe_refund(call_id: str, key: str, said: str, at: datetime, forged: bool = False) -> Call:
    status = {"paid": "succeeded", "working": "pending", "refused": "failed"}[said]
    about = {"id": "re_1", "object": "refund", "status": status, "metadata": {"payout": key}}
    return stripe_event(call_id, "refund.failed" if said == "refused" else "refund.updated", about, at, forged)


def _stripe_payment(call_id: str, reference: str, number: str, amount: int, at: datetime) -> Call:
    about = {"id": reference, "object": "payment_intent", "status": "succeeded", "amount_received": amount}
    return stripe_event(
        call_id, "payment_intent.succeeded", {**about, "currency": "cny", "metadata": {"case_no": number}}, at
    )


# ── Alipay ────────────────────────────────────────────────────────────────────────────────────────


def alipay_form(form: Mapping[str, str], key: KeyPair = PROVIDER) -> Call:
    text = "&".join(f"{name}={value}" for name, value in sorted(form.items()))
    signed = {**form, "sign": key.sign(text), "sign_type": "RSA2"}
    return Call({"content-type": "application/x-www-form-urlencoded"}, urlencode(signed).encode())


def _alipay_trade(call_id: str, at: datetime, forged: bool = False, **more: str) -> Call:
    local = at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
    form = {"notify_id": call_id, "notify_time": local, "notify_type": "trade_status_sync", "app_id": ALIPAY_APP}
    form |= {"charset": "utf-8", "version": "1.0", "trade_no": "2026092222001", "trade_status": "TRADE_SUCCESS"}
    return alipay_form({**form, "subject": "电热水壶", **more}, STRANGER if forged else PROVIDER)


def _alipay_refund(call_id: str, key: str, said: str, at: datetime, forged: bool = False) -> Call:
    if said == "refused":
        return alipay_to_a_card(call_id, key, "F", at)
    refunded = {"gmt_refund": "2026-09-22 10:00:00.123", "refund_fee": "129.00", "total_amount": "347.60"}
    return _alipay_trade(call_id, at, forged, out_biz_no=wire_key(key, "A-Za-z0-9_"), out_trade_no="P-1", **refunded)


def alipay_to_a_card(call_id: str, key: str, status: str, at: datetime) -> Call:
    content = {"trade_no": "T1", "out_request_no": wire_key(key, "A-Za-z0-9_"), "dback_status": status}
    form = {"notify_id": call_id, "utc_timestamp": str(int(at.timestamp() * 1000)), "app_id": ALIPAY_APP}
    form |= {"msg_method": "alipay.trade.refund.depositback.completed", "version": "1.1", "charset": "utf-8"}
    return alipay_form({**form, "biz_content": json.dumps(content)})


def _alipay_payment(call_id: str, reference: str, number: str, amount: int, at: datetime) -> Call:
    return _alipay_trade(call_id, at, trade_no=reference, out_trade_no=number, total_amount=to_text(amount, "CNY"))


# ── WeChat Pay ────────────────────────────────────────────────────────────────────────────────────


def wechat_call(call_id: str, kind: str, about: Mapping[str, Any], at: datetime, key: KeyPair = PROVIDER) -> Call:
    nonce, beside = "fdasflkja484", "refund"
    sealed = AESGCM(APIV3_KEY.encode()).encrypt(nonce.encode(), json.dumps(about).encode(), beside.encode())
    resource = {"algorithm": "AEAD_AES_256_GCM", "ciphertext": b64encode(sealed).decode(), "nonce": nonce}
    told = {"id": call_id, "create_time": at.isoformat(), "resource_type": "encrypt-resource", "event_type": kind}
    text = json.dumps({**told, "resource": {**resource, "associated_data": beside, "original_type": beside}})
    stamp = str(int(at.timestamp()))
    headers = {
        "wechatpay-signature": key.sign(f"{stamp}\n{nonce}\n{text}\n"),
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
        "wechatpay-timestamp": stamp,
        "wechatpay-nonce": nonce,
        "wechatpay-serial": PUBLIC_KEY_ID,
    }
    return Call(headers, text.encode())


def _wechat_refund(call_id: str, key: str, said: str, at: datetime, forged: bool = False) -> Call:
    status = {"paid": "SUCCESS", "working": "PROCESSING", "refused": "ABNORMAL"}[said]
    about = {"mchid": MCHID, "transaction_id": "T1", "refund_status": status, "out_trade_no": "P-1"}
    about |= {"out_refund_no": wire_key(key, r"A-Za-z0-9_\-|*@"), "refund_id": "50R1"}
    return wechat_call(call_id, f"REFUND.{status}", about, at, STRANGER if forged else PROVIDER)


def _wechat_payment(call_id: str, reference: str, number: str, amount: int, at: datetime) -> Call:
    about = {"mchid": MCHID, "transaction_id": reference, "out_trade_no": "SHOP-7", "attach": number}
    about |= {"trade_state": "SUCCESS", "amount": {"total": amount, "currency": "CNY"}}  # type: ignore[dict-item]
    return wechat_call(call_id, "TRANSACTION.SUCCESS", about, at)


CALLERS: Mapping[str, Caller] = {
    "stripe": Caller(_stripe_refund, _stripe_payment, None, ("paid", "working", "refused")),
    "alipay": Caller(_alipay_refund, _alipay_payment, (200, b"success"), ("paid",), signs_anew=False),
    "wechatpay": Caller(_wechat_refund, _wechat_payment, (204, b""), ("paid", "refused")),
}
