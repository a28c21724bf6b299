"""Cases that nobody asked for: opened by what a provider or the silence of a parcel says (L2, section 13).

How a case is opened is the desk's business, so the worker's process hands over who does it; a worker without one leaves
it to people.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """A case to be opened, once for its `key`."""

    key: str
    kind: str
    order_no: str
    description: str
    channel: str
    subcategory: str | None = None
    lines: tuple[tuple[int, int], ...] = ()  # line and units


#: Opens the case, or finds the one under the same key; answers its number.
#: Raises NotOpened where it cannot be, and is not to be tried again.
Opener = Callable[[Asked], Awaitable[str]]


class NotOpened(Exception):
    """A case cannot be opened as it was asked for; its message says why."""


async def nobody(asked: Asked) -> str:
    """Opens nothing: people are told instead."""
    raise NotOpened("This worker opens no cases by itself.")
