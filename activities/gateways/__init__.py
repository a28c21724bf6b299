"""How money leaves: one file per gateway, and this map, which is the only list of them.

A gateway that is not configured is not there; what it would have paid goes to finance's queue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from activities.gateways.gateway import Gateway, PayoutOrder
from activities.gateways.register import Queue, Register
from activities.gateways.store_credit import Balances, StoreCredit
from models.accounting.payments import STORE_CREDIT
from models.errors import Invalid


class Keys(Protocol):
    """The settings that gateways need; `settings.Settings` has them. PEM keys may be given as a file's path."""

    @property
    def payout_timeout(self) -> float: ...
    @property
    def hooks_url(self) -> str | None: ...
    @property
    def stripe_key(self) -> SecretStr | None: ...
    @property
    def stripe_url(self) -> str | None: ...
    @property
    def alipay_app_id(self) -> str | None: ...
    @property
    def alipay_private_key(self) -> SecretStr | None: ...
    @property
    def alipay_public_key(self) -> str | None: ...
    @property
    def alipay_url(self) -> str | None: ...
    @property
    def wechatpay_mchid(self) -> str | None: ...
    @property
    def wechatpay_appid(self) -> str | None: ...
    @property
    def wechatpay_serial_no(self) -> str | None: ...
    @property
    def wechatpay_private_key(self) -> SecretStr | None: ...
    @property
    def wechatpay_apiv3_key(self) -> SecretStr | None: ...
    @property
    def wechatpay_public_key(self) -> str | None: ...
    @property
    def wechatpay_public_key_id(self) -> str | None: ...
    @property
    def wechatpay_url(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Room:
    """What gateways are made of: the settings, finance's queue, and the balance register where there is one."""

    keys: Keys
    queue: Queue
    balances: Balances | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """How a gateway is made (None: it is not configured), and the methods of payment that it gives back."""

    make: Callable[[Room], Gateway | None]
    methods: tuple[str, ...] = ()


# Providers' SDKs are loaded when they are needed: each takes a fifth of a second, and few shops have all of them.


def _stripe(room: Room) -> Gateway | None:
    keys = room.keys
    if keys.stripe_key is None:
        return None
    from activities.gateways.stripe import Stripe

    return Stripe(keys.stripe_key.get_secret_value(), keys.payout_timeout, keys.stripe_url)


def alipay_keys(keys: Keys) -> tuple[str, ...] | None:
    """Application, the shop's key and Alipay's; None where none is set. Raises Invalid where some are missing."""
    return _all_or_none(
        ALIPAY_APP_ID=keys.alipay_app_id,
        ALIPAY_PRIVATE_KEY=_pem(keys.alipay_private_key),
        ALIPAY_PUBLIC_KEY=_pem(keys.alipay_public_key),
    )


def _alipay(room: Room) -> Gateway | None:
    keys = room.keys
    given = alipay_keys(keys)
    if given is None:
        return None
    from activities.gateways.alipay import Alipay

    app_id, private_key, public_key = given
    return Alipay(app_id, private_key, public_key, keys.payout_timeout, keys.alipay_url)


def wechatpay_keys(keys: Keys) -> dict[str, str] | None:
    """What WeChat Pay's package is made with, by name; None where none is set. Raises Invalid where some miss."""
    given = _all_or_none(
        WECHATPAY_MCHID=keys.wechatpay_mchid,
        WECHATPAY_APPID=keys.wechatpay_appid,
        WECHATPAY_SERIAL_NO=keys.wechatpay_serial_no,
        WECHATPAY_PRIVATE_KEY=_pem(keys.wechatpay_private_key),
        WECHATPAY_APIV3_KEY=_text(keys.wechatpay_apiv3_key),
        WECHATPAY_PUBLIC_KEY=_pem(keys.wechatpay_public_key),
        WECHATPAY_PUBLIC_KEY_ID=keys.wechatpay_public_key_id,
    )
    names = ("mchid", "appid", "serial_no", "private_key", "apiv3_key", "public_key", "public_key_id")
    return dict(zip(names, given, strict=True)) if given else None


def _wechatpay(room: Room) -> Gateway | None:
    keys = room.keys
    named = wechatpay_keys(keys)
    if named is None:
        return None
    from activities.gateways.wechatpay import WechatPay

    tell = f"{keys.hooks_url.rstrip('/')}/api/v1/hooks/wechatpay" if keys.hooks_url else None
    return WechatPay(**named, timeout=keys.payout_timeout, url=keys.wechatpay_url, tell=tell)


def _store_credit(room: Room) -> Gateway | None:
    return StoreCredit(room.balances) if room.balances else None


GATEWAYS: Mapping[str, Kind] = {
    "register": Kind(lambda room: Register(room.queue)),
    STORE_CREDIT: Kind(_store_credit, (STORE_CREDIT,)),
    "stripe": Kind(_stripe, ("stripe", "card", "credit_card")),
    "alipay": Kind(_alipay, ("alipay", "zhifubao", "支付宝")),
    "wechatpay": Kind(_wechatpay, ("wechatpay", "wechat", "wechat_pay", "weixin", "微信", "微信支付")),
}

_BY_METHOD = {method: name for name, kind in GATEWAYS.items() for method in kind.methods}


def configured(room: Room) -> dict[str, Gateway]:
    """The gateways that the settings allow; `register` is always one. Raises Invalid for settings half given."""
    made = {name: _made(name, kind, room) for name, kind in GATEWAYS.items()}
    return {name: gateway for name, gateway in made.items() if gateway is not None}


def _made(name: str, kind: Kind, room: Room) -> Gateway | None:
    try:
        return kind.make(room)
    except Invalid:
        raise
    except Exception as refused:
        # The SDK's own words may quote the key.
        why = f"The settings of {name} cannot be used ({type(refused).__name__})"
        raise Invalid(f"{why}: check that its keys are whole PEM texts, or files that the worker can read.") from None


def serves(named: str, gateways: Mapping[str, Gateway]) -> bool:
    """Whether any gateway but finance's queue takes a method of payment or a kind of account."""
    name = _BY_METHOD.get(named.strip().lower())
    return name is not None and name in gateways


def chosen(order: PayoutOrder, gateways: Mapping[str, Gateway]) -> Gateway:
    """Who pays an order: the original payment's provider first (R1), or the book of the account that was named.

    Finance's queue takes what nobody else does: other accounts, payments by methods without a gateway, and money that
    gives no payment back, such as freight and goodwill.
    """
    if order.destination is not None:
        wanted = STORE_CREDIT if order.destination.kind == STORE_CREDIT else "register"
    elif order.payment is not None:
        wanted = _BY_METHOD.get(order.payment.method.strip().lower(), "register")
    else:
        wanted = "register"
    return gateways.get(wanted, gateways["register"])


def _text(secret: SecretStr | str | None) -> str | None:
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret


def _pem(given: SecretStr | str | None) -> str | None:
    """A key, or what is in the file that was named instead."""
    text = _text(given)
    if text is None or "\n" in text or len(text) > 300:
        return text
    try:
        return Path(text).read_text(encoding="ascii") if Path(text).is_file() else text
    except (OSError, ValueError):
        raise Invalid("A key of a payment provider is in a file that cannot be read; check who may read it.") from None


def _all_or_none(**given: str | None) -> tuple[str, ...] | None:
    """The values when all are there, None when none is. Raises Invalid naming those that are missing."""
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given):
        return None
    if missing:
        raise Invalid(f"Set {' and '.join(f'AFTERCARE_{name}' for name in missing)} too, or none of that provider's.")
    return tuple(value for value in given.values() if value)
