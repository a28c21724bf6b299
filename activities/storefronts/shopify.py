"""Shopify's webhooks of orders: `orders/create`, `orders/updated` and the like, signed over the body."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activities.storefronts.storefront import Told, check_hmac, read_order, signed_text


class Shopify:
    """Signed with the app's client secret, or with the one that the admin shows for webhooks made there."""

    name = "shopify"
    answer: Mapping[str, Any] = {}

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """A hash of a call whose signature holds."""
        check_hmac(self._secret, headers.get("x-shopify-hmac-sha256", ""), body)
        return signed_text(body)

    def read(self, body: bytes) -> Told | None:
        return read_order(self.name, body, ("line_items", "lineItems"), ("updated_at", "updatedAt"))
