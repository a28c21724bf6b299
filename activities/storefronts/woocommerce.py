"""WooCommerce's webhooks of orders: `order.created`, `order.updated`, signed over the body."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activities.storefronts.storefront import Told, check_hmac, read_order, signed_text

#: What it sends, unsigned, when a webhook is saved; it takes the webhook for broken when that is refused.
_GREETING = re.compile(rb"webhook_id=\d{1,20}")


class WooCommerce:
    """Its id of a delivery is the same for all that a webhook sends within a second, so it is no id of a call."""

    name = "woocommerce"
    answer: Mapping[str, Any] = {}

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
        """A hash of a call whose signature holds; None for its greeting."""
        if _GREETING.fullmatch(body):
            return None
        check_hmac(self._secret, headers.get("x-wc-webhook-signature", ""), body)
        return signed_text(body)

    def read(self, body: bytes) -> Told | None:
        return read_order(self.name, body, ("line_items",), ("date_modified_gmt",))
