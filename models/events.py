"""What can have happened to a case: one entry of its timeline, in the past tense (C3, C4).

An entry of a command carries the command's action. The other entries are facts of their own, named here.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from models.commands import Actor
from models.lifecycle import Role


class Fact(StrEnum):
    """What happens to a case without anybody commanding it."""

    OPENED = "opened"
    REFUSED = "refused"  # a Signal that could not be carried out
    WARNED = "warned"  # a clock came near its end (T8)
    REMINDED = "reminded"  # the awaited side was reminded
    BREACHED = "breached"  # a clock ran out
    ESCALATED = "escalated"  # a level of the chain was reached
    SKIPPED = "skipped"  # a level of the chain had nobody on duty; the next one was told at once (T8)
    SEARCH_OPENED = "search_opened"  # a parcel did not come in time (G14)
    MONEY_REFUSED = "money_refused"  # the order has no such money left; the remedy was taken back
    LOANER_ELSEWHERE = "loaner_elsewhere"  # lent in another case in the same moment; it did not leave in this one
    STOCK_SHORT = "stock_short"  # what the remedy needs is not on the shelf; it waits for it further on
    SPLIT_OFF = "split_off"  # lines went to a linked case
    PAYOUT_SENT = "payout_sent"  # given to a payment provider
    PAYOUT_UNKNOWN = "payout_unknown"  # its answer was lost; it is asked for again, never sent again blindly
    LEGAL_CHOICE = "legal_choice_passed_over"  # another remedy than the one the customer has a right to (section 13)
    CUSTOMER_NOT_ASKED = "customer_not_asked"  # found more the customer's doing, settled without asking him (F19)
    GOODS_DIFFER = "goods_differ"  # from what was declared; the agent looks at it (G3)
    REFUTED_UNSHOWN = "refuted_unshown"  # a fault that was not found, and no photo to explain it with (G4)
    LEFT_UNCHECKED = "left_unchecked"  # the replacement of a faulty item, without its extra check (G16)
    GOODS_UNASKED = "goods_unasked"  # goods came, or were sent, before they were asked for (G12)


class Entry(BaseModel):
    """One line of the timeline: who did what, when, from where to where, and why."""

    model_config = ConfigDict(frozen=True)

    seq: int
    at: datetime
    actor: Actor
    action: str
    source: str | None = None
    target: str | None = None
    note: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)

    def as_document(self) -> dict[str, Any]:
        """The entry with the contract's names."""
        document = self.model_dump(mode="json", exclude={"source", "target"})
        return {**document, "from": self.source, "to": self.target}


def latest(entries: Sequence[Entry], most: int, size: int) -> tuple[Entry, ...]:
    """The newest entries, at most so many, that fit into so many bytes of JSON together."""
    kept: list[Entry] = []
    for entry in reversed(entries[-most:]):
        size -= len(entry.model_dump_json().encode())
        if size < 0:
            break
        kept.append(entry)
    return tuple(reversed(kept))


SYSTEM = Actor(id="aftercare", role=Role.SYSTEM)
