"""The parts that a playbook's file is made of: clocks, levels, limits, evidence, eligibility, findings, law."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from models.commands import Remedy, Severity, Word
from models.lifecycle import State

_DURATION = re.compile(r"^(\d+)\s*(s|m|h|d)$")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

#: The calendar of clocks that run at all hours.
ALL_HOURS = "all_hours"

Outcome = Literal["escalate", "close", "decline", "search", "try_again"]
LimitedRole = Literal["agent", "supervisor", "manager", "director"]


def seconds(value: object) -> object:
    """Seconds from `90s`, `15m`, `8h`, `7d`; a number is seconds already. Working days (`1wd`) are resolved on load."""
    if isinstance(value, str) and (found := _DURATION.match(value.strip())):
        return int(found.group(1)) * _UNITS[found.group(2)]
    return value


def as_list(value: object) -> object:
    """One word as a list of it."""
    return (value,) if isinstance(value, str) else value


Duration = Annotated[int, BeforeValidator(seconds), Field(ge=1, le=10 * 365 * 86400)]
Words = Annotated[tuple[Word, ...], BeforeValidator(as_list)]
States = Annotated[tuple[State, ...], BeforeValidator(as_list)]
Days = Annotated[int, Field(ge=0, le=36500)]


class Part(BaseModel):
    """A part of a playbook; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Names(Part):
    """A name in both languages."""

    zh: Word
    en: Word


# ── clocks ────────────────────────────────────────────────────────────────────────────────────────


class ClockRule(Part):
    """How long a wait may last, on which calendar, and what its end does."""

    clock: Word
    target: Duration
    calendar: Word = ALL_HOURS
    outcome: Outcome = "escalate"
    remind: Duration | None = None  # so long before the end the awaited side is reminded
    by_zone: dict[Word, Duration] = Field(default_factory=dict)  # T4: other lengths, by the zone of the order

    def in_zone(self, zone: str | None) -> "ClockRule":
        """The rule with the length that it has in a zone."""
        target = self.by_zone.get(zone or "", self.target)
        return self.model_copy(update={"target": target, "by_zone": {}})


class SideClock(Part):
    """A clock that runs beside that of the state, and that no change of state pauses (T2, T3, T14, T20, T21).

    It begins with one of `starts_on`: `opened`, an action, or a state that is entered; without any it runs `during`
    states. It is met by one of `met_by`: an action, a state, or `told`, which is anything of ours that reaches the
    customer. With `again` it then begins anew, as long as the case is in one of `during`.
    """

    target: Duration
    calendar: Word = ALL_HOURS
    by_severity: dict[Severity, Duration] = Field(default_factory=dict)  # T3; other severities go without
    starts_on: Words = ()
    findings: Words = ()  # with report_finding: only these
    during: States = ()
    met_by: Words = ()
    again: bool = False
    to_closing: bool = False  # until the end of the working day in which it begins ("the same day")
    remind: Duration | None = None
    tells: Words = ()  # whom it tells when it begins
    silence: Names | None = None  # what a platform knows silence to mean (T21)


class Level(Part):
    """One level of the escalation chain (T8): reached at `percent` of a clock's target."""

    percent: Annotated[int, Field(ge=1, le=1000)]
    level: Annotated[int, Field(ge=0, le=9)]  # 0 = a warning
    targets: tuple[Word, ...] = Field(min_length=1)


# ── limits, findings, law ─────────────────────────────────────────────────────────────────────────


class KeepIt(Part):
    """K2, K3, K6: what a keep-it offer may come to, in percent of the round trip's freight."""

    start_percent: Annotated[int, Field(ge=0, le=100)] = 30
    agent_percent: Annotated[int, Field(ge=0, le=100)] = 50
    manager_percent: Annotated[int, Field(ge=0, le=100)] = 100
    rounds: Annotated[int, Field(ge=1, le=20)] = 3
    exact: bool = False  # overpaid postage, promised discounts: exact amounts without K2's limit
    earlier: Annotated[int, Field(ge=0, le=1000)] = 2  # K6: more of them need a manager
    earlier_days: Days = 90


class FindingRule(Part):
    """What a finding about a parcel makes true (L1–L6, L16): where the parcel is now, and a claim beside it."""

    parcel: Literal["printed", "gone", "delivered", "pulled", "lost"] | None = None
    claim: Literal["courier", "supplier"] | None = None


class LadderStep(Part):
    """What the customer can insist on until so many days after receipt; without `until_day`, for the rest."""

    until_day: Annotated[int, Field(ge=1, le=36500)] | None = None
    choices: tuple[Remedy, ...] = Field(min_length=1)


class Law(Part):
    """What a country's law gives the customer (section 13); a shop checks it for itself."""

    name: Word = "none"
    no_reason_days: Days | None = None  # from the day after receipt
    ladder: tuple[LadderStep, ...] = ()  # the three guarantees
    ladder_days: Days | None = None  # how long the ladder holds; time in repair is added
    failed_repairs: Annotated[int, Field(ge=1, le=20)] | None = None  # so many give a right to exchange
    repair_days: Annotated[int, Field(ge=1, le=3650)] | None = None  # so many days in repair do too
    seller_proves_months: Annotated[int, Field(ge=1, le=120)] | None = None  # durable goods: the seller's burden
    durable_categories: Words = ()
    red_letter_invoice: bool = False  # electronic invoices: red-letter and reissue instead of endorsing


# ── what is asked and checked ─────────────────────────────────────────────────────────────────────


class Evidence(Part):
    """Something to be asked of the customer; missing evidence warns and never blocks."""

    key: Word
    zh: Word
    en: Word


class Question(Part):
    """What to ask next, in both languages."""

    zh: Word
    en: Word


class Warranty(Part):
    """How long goods are under warranty, counted from delivery; a known serial number proves the purchase."""

    months: Annotated[int, Field(ge=0, le=1200)]
    by_category: dict[Word, Annotated[int, Field(ge=0, le=1200)]] = Field(default_factory=dict)
    serial: bool = False  # whether the serial number is wanted


class Eligibility(Part):
    """Who may ask for this, and until when (days after delivery, never after the order)."""

    days_since_delivery: Days | None = None
    late: Literal["no", "human"] = "no"  # what those who ask later hear: no, or a human looks at it
    excluded_categories: tuple[Word, ...] = ()
    exclusion_needs_consent: bool = False  # excluded only if the customer agreed to it when buying (section 13)
    final_sale: bool = True  # whether goods on final sale may be part of it
    before_delivery: bool = False  # kinds that live before delivery count ordered, not delivered units (F18)
    before_dispatch: bool = False  # only for what has not been delivered yet
    once_per_line: bool = False
    warranty: Warranty | None = None


class Dispatch(Part):
    """L11: when a paid order leaves: at the next of these times of a working day; what is paid later, the day after."""

    cutoffs: tuple[Word, ...] = Field(min_length=1)
    calendar: Word
