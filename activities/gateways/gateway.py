"""The contract of whoever pays money out: one order under one key, sent at most once, asked about at any time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from models.accounting.payments import NO_SUCH_PAYOUT, Answer, RefusedFor, Words
from models.money import to_text


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The payment that a payout gives back: its number in the shop, and what the provider calls it."""

    payment_no: str
    method: str
    amount: int
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """An account other than the one that was paid from; `account` is masked, the number itself stays in the shop."""

    kind: str
    account: str


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """One payout to be made. `key` is its idempotency key: the same for the same payout, whatever happens."""

    key: str
    amount: int
    currency: str
    order_no: str
    reason: str
    payment: GivenBack | None = None
    destination: Destination | None = None
    customer: str | None = None

    @property
    def text(self) -> str:
        """The amount as providers write it that do not count in minor units."""
        return to_text(self.amount, self.currency)


class Gateway(Protocol):
    """Pays out, and tells what became of a payout. Neither raises: a lost or unreadable answer is `unknown`.

    `pay` may be called again with the same order and pays it once. `ask` never sends anything.
    """

    @property
    def name(self) -> str:
        """Its name in the map of gateways."""

    async def pay(self, order: PayoutOrder) -> Answer:
        """Send the order, unless it was carried out before."""

    async def ask(self, order: PayoutOrder) -> Answer:
        """What became of the order's key."""


# ── answers ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code of a provider comes to, and how to say it. `refused_for` None: nothing is known by it."""

    refused_for: RefusedFor | None
    zh: str
    en: str


#: What every gateway may answer by itself, without a word of the provider.
OWN: Mapping[str, Meaning] = {
    NO_SUCH_PAYOUT: Meaning("not_found", "服务商没有这笔退款的记录。", "The provider has no payout under this key."),
    "currency_not_taken": Meaning(
        "other",
        "这个渠道不能按这个币种或金额退款，请换一种方式。",
        "This way cannot pay that currency or amount; choose another.",
    ),
    "payment_unknown": Meaning(
        "not_found",
        "订单上没有原支付的交易号，无法原路退回，请换一种方式。",
        "The order does not say which payment to give back to; choose another way.",
    ),
    "destination_not_possible": Meaning(
        "account",
        "这个渠道只能原路退回，不能付到其他账户。",
        "This way pays back to the original payment only, not to another account.",
    ),
    "customer_unknown": Meaning(
        "account",
        "订单上没有客户，余额无处可记，请换一种方式。",
        "The order names no customer to credit; choose another way.",
    ),
    "amount_differs": Meaning(
        None,
        "服务商记录的金额与这笔退款不一致，请人工核对。",
        "The provider has another amount under this key; somebody has to look.",
    ),
    "other_payment": Meaning(
        None,
        "服务商以这个编号退过另一笔付款，请人工核对。",
        "The provider has this key for another payment; somebody has to look.",
    ),
    "no_answer": Meaning(
        None, "没有收到服务商的答复，稍后再查。", "No answer came from the provider; it will be asked again."
    ),
    "unreadable": Meaning(
        None, "服务商的答复无法识别，稍后再查。", "The provider's answer cannot be read; it will be asked again."
    ),
    "wrong_signature": Meaning(
        None,
        "服务商答复的签名不正确，不予采信，稍后再查。",
        "The answer's signature is wrong, so it is not believed; it will be asked again.",
    ),
    "not_approved": Meaning(
        "other", "这笔款项尚未批准，不能付出。", "The payout is not approved yet and cannot be sent."
    ),
    "cancelled": Meaning(
        "other", "这笔款项已撤销，无需支付。", "The payout was cancelled: nothing is to be paid for it."
    ),
    "not_configured": Meaning(
        None, "这个渠道现在没有配置，无法查询。", "This way is not configured (any more), so it cannot be asked."
    ),
}


def done(reference: str) -> Answer:
    """The money was paid, under this reference."""
    return Answer(state="done", reference=reference)


def processing(reference: str | None = None) -> Answer:
    """The order was taken, and is being worked on."""
    return Answer(state="processing", reference=reference)


def unknown(code: str, message: str | None = None, codes: Mapping[str, Meaning] = OWN) -> Answer:
    """What became of it cannot be said; whatever is known of the trouble is."""
    meaning = codes.get(code) or OWN.get(code) or _trouble(code)
    return Answer(state="unknown", code=code, message=_short(message), words=Words(zh=meaning.zh, en=meaning.en))


def refused(code: str, message: str | None = None, codes: Mapping[str, Meaning] = OWN) -> Answer:
    """It was not paid and will not be; a code that is not in the table is said as it is."""
    meaning = codes.get(code) or OWN.get(code) or _not_in_the_table(code)
    return Answer(
        state="refused",
        code=code,
        message=_short(message),
        refused_for=meaning.refused_for or "other",
        words=Words(zh=meaning.zh, en=meaning.en),
    )


def _trouble(code: str) -> Meaning:
    return Meaning(
        None,
        f"服务商暂时无法处理（代码 {code}），稍后再查。",
        f"The provider has trouble (code {code}); it will be asked again.",
    )


def _not_in_the_table(code: str) -> Meaning:
    return Meaning(
        "other",
        f"服务商拒绝了这笔退款（代码 {code}），请到服务商后台查看原因。",
        f"The provider refused it (code {code}); look up the reason in its back office.",
    )


def _short(message: str | None) -> str | None:
    return message[:300] if message else None


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────

LONGEST_KEY = 64


def wire_key(key: str, allowed: str) -> str:
    """The key as a provider takes it: `allowed` is a class of characters, and 64 are the most.

    A key that has to be changed for that gets a piece of its hash, so that two keys never become the same.
    """
    if len(key) <= LONGEST_KEY and re.fullmatch(f"[{allowed}]+", key):
        return key
    readable = re.sub(f"[^{allowed}]", "_", key)
    return f"{readable[: LONGEST_KEY - 17]}_{sha256(key.encode()).hexdigest()[:16]}"
