"""The contract of storefronts' word: whether a call is genuine, and which order it tells of.

Storefronts send the whole order each time, as their API shows it; it is read by the reader that reads their files.
None of them signs a time, and all send a call that failed again as it was; what keeps an old one from undoing a newer
one is the order's own time of change.
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from activities.carriers.carrier import Unreadable
from imports.formats import order_of
from imports.json_orders import decode
from models.errors import Forged, Invalid, OrderInvalid
from models.orders import Order


@dataclass(frozen=True, slots=True)
class Told:
    """An order as a storefront has it, and when it last changed there."""

    order: Order
    changed_at: datetime | None = None


class Storefront(Protocol):
    """One sender of orders."""

    @property
    def name(self) -> str: ...

    @property
    def answer(self) -> Mapping[str, Any]:
        """What the sender wants to read in our answer besides."""
        ...

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
        """What is the same for the same call; None for a greeting, which is only answered. Raises Forged, Malformed."""
        ...

    def read(self, body: bytes) -> Told | None:
        """The order that a genuine call tells of, or None when it is about something else. Raises Unreadable."""
        ...


def signed_text(body: bytes) -> str:
    """The same for the same call: a hash of what was signed. An id in a header is not signed, and proves nothing."""
    return sha256(body).hexdigest()


def check_hmac(secret: bytes, given: str, body: bytes) -> None:
    """The signature that Shopify and WooCommerce share: base64 of HMAC-SHA256 over the body. Raises Forged."""
    expected = base64.b64encode(hmac.new(secret, body, sha256).digest())
    if not hmac.compare_digest(expected, given.strip().encode(errors="replace")):
        raise Forged("The signature does not fit: the webhook's secret must be the one set here.")


def read_order(source: str, body: bytes, lines: tuple[str, ...], changed: tuple[str, ...]) -> Told | None:
    """The order in a body, by its storefront's reader; `lines` and `changed` are its names for these.

    None for a body without lines: a refund, a deleted order, another topic that the account has switched on.
    """
    try:
        told = decode(body.decode("utf-8"))
    except (Invalid, UnicodeDecodeError, RecursionError):
        raise Unreadable("The call is no JSON.") from None
    if not isinstance(told, Mapping):
        raise Unreadable("The call is no JSON object.")
    inside = next((told[name] for name in ("order", "data") if isinstance(told.get(name), Mapping)), told)
    order = inside if "id" not in told else told
    if not any(isinstance(order.get(name), list) for name in lines):
        return None
    try:
        return Told(order_of(source, told), _instant(order, changed))
    except (OrderInvalid, Invalid) as refused:
        raise Unreadable(refused.detail) from None


def _instant(order: Mapping[str, Any], names: tuple[str, ...]) -> datetime | None:
    for name in names:
        if isinstance(order.get(name), str):
            try:
                at = datetime.fromisoformat(order[name])
            except ValueError:
                continue
            return at if at.tzinfo else at.replace(tzinfo=UTC)  # those without an offset are named for GMT
    return None
