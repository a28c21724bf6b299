"""The contract of couriers' word: who may speak for them, and what they say in our vocabulary.

An adapter is asked twice. While the sender waits, `check` says whether the call is genuine and what the sender calls
it. Later, when the worker gets to it, `read` says what it means.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from models.errors import Malformed
from models.goods.tracking import TrackingEvent

#: More events in one call than any parcel has.
MOST_EVENTS = 2000


class Unreadable(Exception):
    """A genuine call says nothing that is understood; its message says why, in words without the sender's data."""


class Carrier(Protocol):
    """One sender of tracking events."""

    @property
    def name(self) -> str: ...

    @property
    def answer(self) -> Mapping[str, Any]:
        """What the sender wants to read in our answer besides."""
        ...

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The sender's id of a genuine call; header names are in small letters. Raises Forged, or Malformed."""
        ...

    def read(self, body: bytes) -> tuple[TrackingEvent, ...]:
        """What a genuine call says. Raises Unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """One event in a sender's own words, before it is one of ours."""

    code: str
    at: Any
    place: str = ""
    words: str = ""


def read_all(what: str, make: Callable[[], tuple[TrackingEvent, ...]]) -> tuple[TrackingEvent, ...]:
    """The events that `make` reads; whatever is wrong with what was sent is Unreadable."""
    try:
        events = make()
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"In {what} {field} cannot be read: {first['msg']}.") from None
    except (Malformed, KeyError, TypeError, ValueError, AttributeError, IndexError) as wrong:
        raise Unreadable(f"{what} is not what it is documented to be ({type(wrong).__name__}).") from None
    if len(events) > MOST_EVENTS:
        raise Unreadable(f"{what} tells of more than {MOST_EVENTS} events.")
    return events
