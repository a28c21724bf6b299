"""The contract of whoever pays money out: one order under one key, sent at most once, asked about at any time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from models.accounting.payments import Answer, Words
from models.accounting.refusals import OWN, Meaning
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


@dataclass(frozen=True, slots=True)
class Received:
    """A payment that a provider has taken for the shop."""

    amount: int
    currency: str


class NoAnswer(Exception):
    """A provider that was asked did not say anything that can be used; its message says what kind of trouble it is."""


# ── answers ───────────────────────────────────────────────────────────────────────────────────────


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
