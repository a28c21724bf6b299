"""What couriers say of a parcel, in one vocabulary, and what all of it together means for a case (L16, G14).

Word of a courier comes late, twice, out of order and against earlier word. So nothing follows from a single event:
all events of a waybill are folded, by their own time, into where the parcel stands; a case is told when that changes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from models.case import Case
from models.lifecycle import State


class What(StrEnum):
    """What can have happened to a parcel. The order breaks a tie between events of one instant."""

    CREATED = "created"
    PICKED_UP = "picked_up"
    MOVING = "moving"
    TROUBLE = "trouble"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    RETURNED = "returned"
    LOST = "lost"


#: What more is known: delivered to a locker or pick-up point, signed for by somebody else, refused and on its way back.
How = Literal["locker", "somebody_else", "coming_back"]
Outcome = Literal["delivered", "at_locker", "refused", "lost", "signed_by_other"]
_RANK = {what: rank for rank, what in enumerate(What)}
#: An event further ahead of its arrival than this has a wrong clock, and would outrank everything that is true.
AHEAD = timedelta(days=1)


def _cut(most: int) -> AfterValidator:
    def cut(text: str) -> str:
        whole = text.encode("utf-8", "replace").decode().replace("\0", " ")
        return " ".join(whole.split())[:most]

    return AfterValidator(cut)


def _with_offset(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time needs its offset")
    if not 2000 <= at.year <= 2200:
        raise ValueError("a time of a year that no parcel was sent in")
    return at


class TrackingEvent(BaseModel):
    """One event of one parcel, whoever told it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    waybill: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[!-~]([ -~]{0,98}[!-~])?$")]
    what: What
    at: Annotated[datetime, AfterValidator(_with_offset)]
    place: Annotated[str, _cut(200)] = ""
    words: Annotated[str, _cut(500)] = ""
    how: How | None = None
    carrier: Annotated[str, _cut(100)] = ""

    @property
    def key(self) -> str:
        """The same for the same event, however often and by whomever it is told."""
        told = "\n".join(
            (self.waybill, self.what, str(int(self.at.timestamp())), self.how or "", self.place, self.words)
        )
        return sha256(told.encode()).hexdigest()[:32]

    @property
    def order(self) -> tuple[int, int, str]:
        """Its place among the events of its waybill: by its own time, then by rank."""
        return int(self.at.timestamp()), _RANK[self.what], self.key

    def believable(self, received: datetime) -> bool:
        """Whether its time can be true of something that was told then."""
        return self.at <= received + AHEAD


class Standing(BaseModel):
    """Where a parcel stands by all that was said of it."""

    model_config = ConfigDict(frozen=True)

    what: What
    at: datetime
    how: How | None = None
    back: bool = False  # it was refused, or turned round: whoever gets it now is its sender
    signed_early: bool = False  # it moved on after the courier had it signed for (L16)
    words: str = ""
    place: str = ""

    @property
    def key(self) -> str:
        """What a case is told under: the same standing, told twice, is one effect."""
        early = " early" if self.signed_early else ""
        return f"{self.what}{early} {int(self.at.timestamp())} {self.how or ''}".strip()

    @property
    def outcome(self) -> Outcome | None:
        """What it means for whoever waits for the parcel, or None while it is on its way."""
        if self.what is What.DELIVERED:
            return _SIGNED.get(self.how, "delivered")
        return {What.RETURNED: "refused", What.LOST: "lost"}.get(self.what)  # type: ignore[return-value]


#: Who signed for it, where it was not whom it was for (L16).
_SIGNED: Mapping[How | None, Outcome] = {"somebody_else": "signed_by_other", "locker": "at_locker"}


def outcome_for(case: Case, standing: Standing) -> Outcome | None:
    """What a parcel's standing means for a case that waits for it.

    A locker is no hand: what we sent is followed until its customer really has it. What comes to us, to an expert or
    is called back is asked for where it lies, as a parcel that was delivered (G14).
    """
    told = standing.outcome
    return "delivered" if told == "at_locker" and case.state is not State.DELIVERING else told


def fold(events: Iterable[TrackingEvent]) -> Standing | None:
    """Where a parcel stands. Neither the order in which events came nor how often each was told makes a difference."""
    ordered = sorted({event.key: event for event in events}.values(), key=lambda event: event.order)
    found: Standing | None = None
    for event in ordered:
        found = _after(found, event)
    return found


def _after(before: Standing | None, event: TrackingEvent) -> Standing:
    told = {"at": event.at, "how": event.how, "words": event.words, "place": event.place}
    if before is None:
        return Standing(what=event.what, back=_turned(event), **told)
    if before.what is What.RETURNED or (event.what is What.CREATED and before.what is not What.CREATED):
        return before  # it is back where it came from; and a label is no news of a parcel that moves
    back = before.back or _turned(event)
    if event.what is What.DELIVERED and back:
        return Standing(what=What.RETURNED, back=True, **told)
    was_signed = before.what is What.DELIVERED or before.signed_early
    early = was_signed and not back and _RANK[event.what] < _RANK[What.DELIVERED]
    return Standing(what=event.what, back=back, signed_early=early, **told)


def _turned(event: TrackingEvent) -> bool:
    return event.what is What.RETURNED or event.how == "coming_back"


# ── what it means for cases ───────────────────────────────────────────────────────────────────────


def awaited(case: Case, waybill: str) -> bool:
    """Whether a case waits for this parcel: the customer's on its way to us, ours on its way to him, one called back.

    A waybill that is not the case's own is one of its order's; only a parcel that is called back is meant by it.
    """
    if case.state is State.RETURN_IN_TRANSIT:
        return waybill == (case.return_waybill or _last(case))
    if case.state is State.DELIVERING:
        return waybill == (case.sent_waybill or _last(case))
    if case.state is State.EXTERNAL_DIAGNOSIS:
        return waybill == case.expert_waybill and case.at_expert_since is None
    return case.state is State.RECALLING and waybill not in case.waybills


def _last(case: Case) -> str | None:
    return case.waybills[-1] if case.waybills else None  # of cases from before both were told apart


def news(standing: Standing) -> str | None:
    """What people should read in the case although nothing moves, or None."""
    where = f" ({standing.place})" if standing.place else ""
    said = f': "{standing.words}"' if standing.words else "."
    if standing.what is What.DELIVERED and standing.how == "locker":
        return f"Signed for at a locker or pick-up point, not by a person: ask whether it was fetched{where}{said}"
    if standing.signed_early:
        return f"The courier had it signed for too early; the parcel is still on its way{where}{said}"
    if standing.what is What.TROUBLE and standing.back:
        return f"The parcel was turned round and is on its way back to its sender{where}{said}"
    return f"The courier reports trouble with the parcel{where}{said}" if standing.what is What.TROUBLE else None
