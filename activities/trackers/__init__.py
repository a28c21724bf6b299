"""Who is asked about parcels: one file each, and this map, which is the only list of them.

Somebody without a key in the settings is not there, and nothing is asked of him.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from pydantic import SecretStr

from activities.trackers.tracker import Tracker
from models.errors import Invalid


class Keys(Protocol):
    """The settings that trackers need; `settings.Settings` has them."""

    @property
    def hooks_url(self) -> str | None: ...
    @property
    def courier_timeout(self) -> float: ...
    @property
    def kuaidi100_key(self) -> SecretStr | None: ...
    @property
    def kuaidi100_customer(self) -> str | None: ...
    @property
    def kuaidi100_salt(self) -> SecretStr | None: ...
    @property
    def kuaidi100_url(self) -> str | None: ...
    @property
    def aftership_key(self) -> SecretStr | None: ...
    @property
    def aftership_url(self) -> str | None: ...
    @property
    def easypost_key(self) -> SecretStr | None: ...
    @property
    def easypost_url(self) -> str | None: ...


# Packages are loaded when they are needed: each takes a fifth of a second, and few shops have all of them.


def _kuaidi100(keys: Keys) -> Tracker | None:
    key = _text(keys.kuaidi100_key)
    if not key:
        return None
    if not keys.kuaidi100_customer:
        raise Invalid("AFTERCARE_KUAIDI100_KEY needs AFTERCARE_KUAIDI100_CUSTOMER beside it.")
    from activities.trackers.kuaidi100 import Kuaidi100

    salt = _text(keys.kuaidi100_salt)
    here = f"{keys.hooks_url.rstrip('/')}/api/v1/hooks/kuaidi100" if keys.hooks_url and salt else None
    return Kuaidi100(key, keys.kuaidi100_customer, keys.courier_timeout, here, salt, keys.kuaidi100_url)


def _aftership(keys: Keys) -> Tracker | None:
    key = _text(keys.aftership_key)
    if not key:
        return None
    from activities.trackers.aftership import AfterShip

    return AfterShip(key, keys.courier_timeout, keys.aftership_url)


def _easypost(keys: Keys) -> Tracker | None:
    key = _text(keys.easypost_key)
    if not key:
        return None
    from activities.trackers.easypost import EasyPost

    return EasyPost(key, keys.courier_timeout, keys.easypost_url)


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


#: By name, in the order in which they are asked where several know a courier.
TRACKERS: Mapping[str, Callable[[Keys], Tracker | None]] = {
    "kuaidi100": _kuaidi100,
    "aftership": _aftership,
    "easypost": _easypost,
}


def configured(keys: Keys) -> dict[str, Tracker]:
    """Those whose key is set. Raises Invalid naming what is missing beside it."""
    made = ((name, make(keys)) for name, make in TRACKERS.items())
    return {name: tracker for name, tracker in made if tracker is not None}
