"""Medusa's orders, sent by a subscriber of the shop's own: Medusa has events and no webhooks, so we say how to sign."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activities.carriers.signed import Signed
from activities.storefronts.storefront import Told, read_order


class Medusa:
    """Signed by Standard Webhooks, so this one has an age: five minutes."""

    name = "medusa"
    answer: Mapping[str, Any] = {}

    def __init__(self, secret: str) -> None:
        self._signed = Signed(secret)

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The `webhook-id` of a call whose signature holds."""
        return self._signed.check(headers, body, now)

    def read(self, body: bytes) -> Told | None:
        return read_order(self.name, body, ("items",), ("updated_at",))
