"""What a channel is: it takes a text for an address, or says why not."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One text for one reader; `id` is the same however often it is sent, and stands in the text."""

    id: str
    holder: str
    title: str
    body: str
    urgent: bool = False


class NotTaken(Exception):
    """A channel did not take it; the words name no secret. It is tried again, then by another address."""


class Channel(Protocol):
    """Tells somebody something. It may be asked to send the same mail twice; `id` says that it is the same."""

    def send(self, url: str | None, mail: Mail) -> None:
        """Hand it over. Raises NotTaken; answers within half a minute."""
