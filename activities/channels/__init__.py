"""How people are told: one file per channel, and this map, which is the only list of them."""

from collections.abc import Mapping
from typing import Protocol

from activities.channels import log
from store.outbox import Letter


class Channel(Protocol):
    """Tells somebody something. It may be asked to tell the same letter twice; `key` says that it is the same."""

    def tell(self, letter: Letter) -> None:
        """Hand the letter over. Raises when it could not be handed over; it is then tried again later."""


CHANNELS: Mapping[str, Channel] = {"log": log.LogChannel()}
