"""A playbook: the procedure for one kind of case, as data (handbook section 10).

`Playbook` is one file of `playbooks/`, checked. Its `procedure` is the part that decides; it is copied into a case
when the case is opened and travels with it, so that changing a file never changes an open case.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from models.commands import Party, Remedy, Word
from models.lifecycle import OPEN, State

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


Duration = Annotated[int, BeforeValidator(seconds), Field(ge=1, le=10 * 365 * 86400)]


class Part(BaseModel):
    """A part of a playbook; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockRule(Part):
    """How long a wait may last, on which calendar, and what its end does."""

    clock: Word
    target: Duration
    calendar: Word = ALL_HOURS
    outcome: Outcome = "escalate"
    remind: Duration | None = None  # so long before the end the awaited side is reminded


class Level(Part):
    """One level of the escalation chain (T8): reached at `percent` of a clock's target."""

    percent: Annotated[int, Field(ge=1, le=1000)]
    level: Annotated[int, Field(ge=0, le=9)]  # 0 = a warning
    targets: tuple[Word, ...] = Field(min_length=1)


class KeepIt(Part):
    """K2, K3, K6: what a keep-it offer may come to, in percent of the round trip's freight."""

    start_percent: Annotated[int, Field(ge=0, le=100)] = 30
    agent_percent: Annotated[int, Field(ge=0, le=100)] = 50
    manager_percent: Annotated[int, Field(ge=0, le=100)] = 100
    rounds: Annotated[int, Field(ge=1, le=20)] = 3
    exact: bool = False  # overpaid postage, promised discounts: exact amounts without K2's limit


class Procedure(Part):
    """What decides: read by `decide()`, carried by the case."""

    kind: Word
    version: Word
    goods_come_back: bool
    asks_fault: bool
    party_liable: Party  # assumed until inspection finds otherwise
    remedies: tuple[Remedy, ...] = Field(min_length=1)  # in the order proposed
    clocks: dict[State, ClockRule]
    first_answer: ClockRule | None = None
    escalation: tuple[Level, ...] = Field(min_length=1)
    refund_limits: dict[LimitedRole, dict[str, str]]  # per role and currency; a missing currency means: ask a manager
    keep_it: KeepIt = KeepIt()
    return_freight_factor: Annotated[int, Field(ge=1, le=100)] = 3  # F11
    reduction_percent_limit: Annotated[int, Field(ge=0, le=100)] = 20  # F16
    customer_pays_both_ways: bool = False  # F22
    callback_tries: Annotated[int, Field(ge=1, le=20)] = 3  # T5: the first and two more
    acknowledge_timeout: Duration = 4 * 3600  # T8
    reopen_days: Annotated[int, Field(ge=0, le=3650)] = 30

    @model_validator(mode="after")
    def every_open_state_has_a_clock(self) -> Self:
        missing = [state.value for state in OPEN if state not in self.clocks]
        if missing:
            raise ValueError(f"no clock for {', '.join(missing)}: every open state needs one (T12 no_timer)")
        return self


class Names(Part):
    """A name in both languages."""

    zh: Word
    en: Word


class Evidence(Part):
    """Something to be asked of the customer."""

    key: Word
    zh: Word
    en: Word


class Eligibility(Part):
    """Who may ask for this, and until when (days after delivery)."""

    days_since_delivery: Annotated[int, Field(ge=0, le=36500)] | None = None
    excluded_categories: tuple[Word, ...] = ()
    final_sale: bool = True  # whether goods on final sale may be part of it
    before_delivery: bool = False  # kinds that live before delivery count ordered, not delivered units (F18)


class Playbook(Part):
    """One kind of case: names, words, evidence, eligibility, scripts, and the procedure that decides."""

    kind: Word
    version: Word
    names: Names
    typical_words: tuple[Word, ...] = ()
    subcategories: tuple[Names, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    eligibility: Eligibility = Eligibility()
    needs_order: bool = True  # whether a case can be opened without an order and lines
    scripts: dict[str, dict[Literal["zh", "en"], str]] = Field(default_factory=dict)
    procedure: Procedure

    def as_document(self) -> dict[str, Any]:
        """What `GET /playbooks/{kind}` answers."""
        return self.model_dump(mode="json")
