"""The contract of those who are asked about parcels: told of a parcel once, so that they call us, and asked when it is
silent. What they answer is in the vocabulary of couriers' calls, read by the same readers.

Calls block, with a time-out. Nothing but the errors here leaves an adapter; none of them holds a key or an address.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from activities.carriers.carrier import Unreadable
from models.goods.tracking import TrackingEvent

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What somebody has to know to look a parcel up; `code` is his own name of its courier, empty where we have none.

    `phone_tail`: the last four digits of a telephone on the label, which some couriers ask for.
    """

    waybill: str
    code: str = ""
    phone_tail: str = ""


class NotTold(Exception):
    """No answer that can be used, for now: away, too busy, broken. Try again, not before `retry_after`."""

    def __init__(self, words: str, retry_after: timedelta | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class UnknownParcel(Exception):
    """It answers, and knows no such parcel, or nothing of it yet."""


class NotAllowed(Exception):
    """It does not take our key, or our account may not do this: somebody has to look at the settings."""


class Tracker(Protocol):
    """Somebody who can be asked about parcels of many couriers."""

    @property
    def name(self) -> str: ...

    def register(self, parcel: Parcel) -> None:
        """Have it call us about the parcel; a parcel that it has already is no error. Raises the errors above."""
        ...

    def ask(self, parcel: Parcel) -> tuple[TrackingEvent, ...]:
        """All that it knows of the parcel. Raises the errors above."""
        ...


def understood(read: Callable[[], T]) -> T:
    """What `read` makes of an answer. Raises NotTold for one that is not what it is documented to be."""
    try:
        return read()
    except (Unreadable, KeyError, TypeError, ValueError, AttributeError, IndexError) as wrong:
        raise NotTold(f"Its answer is not what it is documented to be ({type(wrong).__name__}).") from None
