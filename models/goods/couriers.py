"""What a shop knows of couriers: how they are written, who is asked about them, and how long their parcels are usual.

A lane is a courier and a zone. Silence on it that is longer than usual is a case before the customer asks (L1, L2).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from models.commands import Word
from models.goods.tracking import Standing, What
from models.procedure.playbook_parts import Part

Hours = Annotated[int, Field(ge=1, le=24 * 90)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
DEFAULT_ZONE = "default"


class Silence(StrEnum):
    """What is not heard of a parcel; which kind of case that is, `couriers.yaml` says (L1, L2)."""

    UNSENT = "unsent"  # its label is printed, nobody said that it left, and it was never scanned
    UNSCANNED = "unscanned"  # it left, and was never scanned
    STALLED = "stalled"  # it was scanned, and no more


class Usual(Part):
    """How long is usual on a lane."""

    first: Hours = Field(description="hours from the label to the first scan (L1)")
    between: Hours = Field(description="hours from one scan to the next (L2)")


class Courier(Part):
    """One courier."""

    zh: Word = Field(description="its name in Chinese")
    en: Word = Field(description="in English")
    written: tuple[Word, ...] = Field((), max_length=20, description="how orders and cases name it besides")
    kuaidi100: Code | None = Field(None, description="its code at Kuaidi100")
    aftership: Code | None = Field(None, description="its slug at AfterShip")
    easypost: Code | None = Field(None, description="its name at EasyPost")
    usual: Mapping[str, Usual] = Field(
        default_factory=dict, description="other lengths than the shop's own, by zone of `freight.yaml` or `default`"
    )


class CourierRules(Part):
    """Couriers by a name of ours, as `couriers.yaml` gives them."""

    couriers: Mapping[Code, Courier] = Field(default_factory=dict, description="by a name of the shop's own")
    usual: Mapping[str, Usual] = Field(
        default_factory=lambda: {DEFAULT_ZONE: Usual(first=48, between=72)},
        description="how long is usual by zone of `freight.yaml`; `default` for every other",
    )
    cases: Mapping[Silence, Word] = Field(
        default_factory=dict, description="the kind of case that is proposed, by what is not heard (L1, L2)"
    )
    forget_days: int = Field(60, ge=1, le=365, description="a parcel that was sent longer ago is not looked after")

    @model_validator(mode="after")
    def _whole(self) -> "CourierRules":
        if DEFAULT_ZONE not in self.usual:
            raise ValueError("usual needs a default, for zones that are not listed")
        known: dict[str, str] = {}
        for name, courier in self.couriers.items():
            for word in {_plain(one) for one in (name, courier.zh, courier.en, *courier.written)}:
                if known.setdefault(word, name) != name:
                    raise ValueError(f"{word} is written for {known[word]} and for {name}; it can mean only one")
        return self

    def courier(self, written: str | None) -> Courier | None:
        """The courier that an order names, however it writes it."""
        if written is None:
            return None
        word = _plain(written)
        for name, courier in self.couriers.items():
            if word in map(_plain, (name, courier.zh, courier.en, *courier.written)):
                return courier
        return None

    def kind_of(self, silence: Silence) -> str | None:
        """The kind of case that a silence is; None where the shop names none."""
        return self.cases.get(silence)

    def usual_on(self, courier: Courier | None, zone: str | None) -> Usual:
        """What is usual on a lane: the courier's for the zone, its own, the shop's for the zone, the shop's."""
        here = zone or DEFAULT_ZONE
        own = courier.usual if courier else {}
        found = own.get(here) or (own.get(DEFAULT_ZONE) if here not in self.usual else None) or self.usual.get(here)
        return found or own.get(DEFAULT_ZONE) or self.usual[DEFAULT_ZONE]


def _plain(word: str) -> str:
    return "".join(word.split()).casefold()


def silent_at(usual: Usual, since: datetime, shipped: bool, here: Standing | None) -> tuple[datetime, Silence] | None:
    """When silence on a lane is longer than usual, and which silence it is then; None for a parcel that is there.

    `since` is when the label was printed, or the parcel left; `shipped`: somebody said that it left.
    """
    if here is None or here.what is What.CREATED:
        return since + timedelta(hours=usual.first), Silence.UNSCANNED if shipped else Silence.UNSENT
    if here.outcome is not None:
        return None
    return here.at + timedelta(hours=usual.between), Silence.STALLED
