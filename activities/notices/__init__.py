"""Payment providers that tell us by themselves: one file each, and this map, which is the only list of them.

A provider without what is needed to verify its calls is not there, and nothing is read from it.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from pydantic import SecretStr

from activities.carriers import made
from activities.gateways import Keys, alipay_keys, wechatpay_keys
from activities.notices.notice import Notifier


class Secrets(Keys, Protocol):
    """The settings that they need: those of the gateways, and what only calls are signed with."""

    @property
    def stripe_webhook_secret(self) -> SecretStr | None: ...


# As for the gateways, a provider's package is loaded when it is needed.


def _stripe(secrets: Secrets) -> Notifier | None:
    secret = secrets.stripe_webhook_secret
    if secret is None or not secret.get_secret_value():
        return None
    from activities.notices.stripe import StripeNotices

    return StripeNotices(secret.get_secret_value())


def _alipay(secrets: Secrets) -> Notifier | None:
    given = alipay_keys(secrets)
    if given is None:
        return None
    from activities.notices.alipay import AlipayNotices

    return AlipayNotices(*given)


def _wechatpay(secrets: Secrets) -> Notifier | None:
    given = wechatpay_keys(secrets)
    if given is None:
        return None
    from activities.notices.wechatpay import WechatPayNotices

    return WechatPayNotices(**given)


#: The name in `POST /hooks/{source}`, and how its adapter is made (None: it is not configured).
NOTIFIERS: Mapping[str, Callable[[Secrets], Notifier | None]] = {
    "stripe": _stripe,
    "alipay": _alipay,
    "wechatpay": _wechatpay,
}


def configured(secrets: Secrets) -> dict[str, Notifier]:
    """The providers whose calls can be verified. Raises Invalid naming the one whose keys cannot be used."""
    return made(NOTIFIERS, secrets)
