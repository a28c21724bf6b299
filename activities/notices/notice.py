"""The contract of payment providers' word: whether a call is genuine, and what it tells of.

Signatures are verified by the provider's own package. What a call says is never believed by itself: it only says what
is to be asked about (`activities/notices/telling.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from activities.carriers.carrier import Unreadable
from models.accounting.notices import Notice
from models.errors import Forged, Malformed, MoneyRefused

T = TypeVar("T")

#: Of calls that are signed anew each time they are sent.
FRESH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer that a provider takes for "received"; without it, it calls again and again."""

    status: int
    body: bytes = b""
    media_type: str | None = None


class Notifier(Protocol):
    """One payment provider that calls us."""

    @property
    def name(self) -> str:
        """Its name among the gateways too: whoever pays out is whoever is asked."""
        ...

    @property
    def answer(self) -> Mapping[str, Any]: ...

    @property
    def reply(self) -> Reply | None:
        """What it has to be answered, where our own document does not do."""
        ...

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The provider's id of a genuine call; header names are in small letters. Raises Forged, or Malformed."""
        ...

    def read(self, body: bytes) -> Notice | None:
        """What a genuine call says; None for what is about nothing that we follow. Raises Unreadable."""
        ...

    def travels_as(self, key: str) -> str:
        """A payout's key as this provider gets and tells it."""
        ...


def mind_age(signed_at: datetime, now: datetime, oldest: timedelta = FRESH) -> None:
    """Raises Forged for a call that was signed long ago, or in time to come."""
    if not -FRESH <= now - signed_at <= oldest:
        raise Forged("The call was signed too long ago, or our clock is wrong: they may differ by five minutes.")


def reading(what: str, read: Callable[[], T]) -> T:
    """What `read` makes of a call; whatever is wrong with what was sent is Unreadable."""
    try:
        return read()
    except (
        MoneyRefused,
        Malformed,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        RecursionError,
    ) as wrong:
        raise Unreadable(f"{what} is not what it is documented to be ({type(wrong).__name__}).") from None
