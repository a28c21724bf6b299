"""Storefronts that tell us of new and changed orders: one file each, and this map, which is the only list of them.

A storefront without its secret in the settings is not there, and nothing is taken from it.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from pydantic import SecretStr

from activities.carriers import made
from activities.storefronts.medusa import Medusa
from activities.storefronts.shopify import Shopify
from activities.storefronts.storefront import Storefront
from activities.storefronts.woocommerce import WooCommerce


class Secrets(Protocol):
    """The settings that storefronts need; `settings.Settings` has them."""

    @property
    def shopify_webhook_secret(self) -> SecretStr | None: ...
    @property
    def woocommerce_webhook_secret(self) -> SecretStr | None: ...
    @property
    def medusa_webhook_secret(self) -> SecretStr | None: ...


def _with(secret: SecretStr | None, make: Callable[[str], Storefront]) -> Storefront | None:
    return make(secret.get_secret_value()) if secret and secret.get_secret_value() else None


#: The name in `POST /hooks/{source}`, and how its adapter is made (None: it is not configured).
STOREFRONTS: Mapping[str, Callable[[Secrets], Storefront | None]] = {
    "shopify": lambda secrets: _with(secrets.shopify_webhook_secret, Shopify),
    "woocommerce": lambda secrets: _with(secrets.woocommerce_webhook_secret, WooCommerce),
    "medusa": lambda secrets: _with(secrets.medusa_webhook_secret, Medusa),
}


def configured(secrets: Secrets) -> dict[str, Storefront]:
    """The storefronts that the settings allow. Raises Invalid naming the one whose secret cannot be used."""
    return made(STOREFRONTS, secrets)
