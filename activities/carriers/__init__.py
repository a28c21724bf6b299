"""Who tells us of parcels: one file per sender, and this map, which is the only list of them.

A sender without its secret in the settings is not there, and nothing is read from it.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from pydantic import SecretStr
from standardwebhooks.webhooks import EmptyWebhookSecretError

from activities.carriers.aftership import AfterShip
from activities.carriers.carrier import Carrier
from activities.carriers.kuaidi100 import Kuaidi100
from activities.carriers.manual import Manual
from activities.carriers.signed import Signed
from models.errors import Invalid

S = TypeVar("S")
T = TypeVar("T")


class Secrets(Protocol):
    """The settings that senders need; `settings.Settings` has them."""

    @property
    def courier_secret(self) -> SecretStr | None: ...
    @property
    def kuaidi100_salt(self) -> SecretStr | None: ...
    @property
    def aftership_webhook_secret(self) -> SecretStr | None: ...
    @property
    def easypost_webhook_secret(self) -> SecretStr | None: ...


def _easypost(secret: str) -> Carrier:
    from activities.carriers.easypost import EasyPost  # its package is slow to load, and few shops have it

    return EasyPost(secret)


def _with(secret: SecretStr | None, make: Callable[[str], Carrier]) -> Carrier | None:
    return make(secret.get_secret_value()) if secret and secret.get_secret_value() else None


#: The name in `POST /hooks/{source}`, and how its adapter is made (None: it is not configured).
CARRIERS: Mapping[str, Callable[[Secrets], Carrier | None]] = {
    "courier": lambda secrets: _with(secrets.courier_secret, Signed),
    "kuaidi100": lambda secrets: _with(secrets.kuaidi100_salt, Kuaidi100),
    "aftership": lambda secrets: _with(secrets.aftership_webhook_secret, AfterShip),
    "easypost": lambda secrets: _with(secrets.easypost_webhook_secret, _easypost),
    "manual": lambda secrets: Manual(),
}


def configured(secrets: Secrets) -> dict[str, Carrier]:
    """The senders that the settings allow. Raises Invalid naming the one whose secret cannot be used."""
    return made(CARRIERS, secrets)


def made(makers: Mapping[str, Callable[[S], T | None]], secrets: S) -> dict[str, T]:
    """Those of a map of adapters that have their secret. Raises Invalid naming the one whose secret cannot be used."""
    found: dict[str, T] = {}
    for name, make in makers.items():
        try:
            adapter = make(secrets)
        except (ValueError, RuntimeError, EmptyWebhookSecretError) as refused:  # the reason may quote the secret
            raise Invalid(f"The secret of {name} cannot be used ({type(refused).__name__}): enter it anew.") from None
        if adapter is not None:
            found[name] = adapter
    return found
