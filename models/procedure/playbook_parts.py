"""The parts that a playbook's file is made of: clocks, levels, limits, evidence, eligibility, findings, law."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from models.commands import Priority, Remedy, Severity, Word
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

    zh: Word = Field(description="in Chinese")
    en: Word = Field(description="in English")


# ── clocks ────────────────────────────────────────────────────────────────────────────────────────


class ClockRule(Part):
    """How long a wait may last, on which calendar, and what its end does (T1, T2)."""

    clock: Word = Field(description="its name on screen; states with the same name share one clock that runs on")
    target: Duration = Field(description="how long the wait may last")
    calendar: Word = Field(ALL_HOURS, description="a file in `calendars/`, or `all_hours` for every hour of every day")
    outcome: Outcome = Field(
        "escalate",
        description="what its end does: tells people up the chain, closes the case, counts an offer or quote as "
        "declined, looks for the parcel, or plans the next callback",
    )
    remind: Duration | None = Field(None, description="so long before the end the awaited side is reminded")
    by_zone: dict[Word, Duration] = Field(
        default_factory=dict, description="other lengths, by the zone of the order in `freight.yaml` (T4, section 12)"
    )
    by_priority: dict[Priority, Duration] = Field(
        default_factory=dict, description="other lengths by priority; a change carries the time used over (T10)"
    )
    by_severity: dict[Severity, Duration] = Field(
        default_factory=dict, description="other lengths by severity; of several that hold the shortest counts (T10)"
    )
    reopen: Literal["new", "resume"] = Field(
        "new", description="in a case that is opened again: a `new` cycle, or one that begins with the time used (T10)"
    )

    def for_case(self, priority: str, severity: str | None) -> "ClockRule":
        """The rule with the length that it has for a case of this priority and severity."""
        if not self.by_priority and not self.by_severity:
            return self
        named = [s for p, s in self.by_priority.items() if p == priority]
        named += [s for grade, s in self.by_severity.items() if grade == severity]
        return self.model_copy(update={"target": min(named, default=self.target)})

    def in_zone(self, zone: str | None) -> "ClockRule":
        """The rule with the length that it has in a zone."""
        target = self.by_zone.get(zone or "", self.target)
        return self.model_copy(update={"target": target, "by_zone": {}})


class SideClock(Part):
    """A clock that runs beside that of the state, and that no change of state pauses (T2, T3, T14, T20, T21).

    It begins with one of `starts_on`; without any it runs `during` states. It is met by one of `met_by`. With `again`
    it then begins anew, as long as the case is in one of `during`.
    """

    target: Duration = Field(description="how long it runs")
    calendar: Word = Field(ALL_HOURS, description="a file in `calendars/`, or `all_hours`")
    by_severity: dict[Severity, Duration] = Field(
        default_factory=dict, description="other lengths by severity; with any, other severities go without it (T3)"
    )
    starts_on: Words = Field((), description="what begins it: `opened`, an action, or a state that is entered")
    findings: Words = Field((), description="with `report_finding` in `starts_on`: only these findings begin it (L6)")
    during: States = Field((), description="it runs in these states only; left out = in all")
    met_by: Words = Field((), description="what meets it: `told`, an action, or a state")
    again: bool = Field(False, description="once it is met it begins anew, in the states of `during` (L2)")
    to_closing: bool = Field(False, description="it ends with the working day in which it begins: the same day (T3)")
    remind: Duration | None = Field(None, description="so long before the end it reminds")
    tells: Words = Field((), description="whom it tells when it begins (T3)")
    silence: Names | None = Field(None, description="what a platform knows silence to mean, shown beside it (T21)")


class Level(Part):
    """One level of the escalation chain (T8)."""

    level: Annotated[int, Field(ge=0, le=9)] = Field(description="its number; 0 is a warning")
    percent: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="it is reached at so many percent of a clock's target"
    )
    wait: Duration | None = Field(
        None, description="instead of `percent`: so long after the level before it, in the chain's own hours"
    )
    targets: tuple[Word, ...] = Field(min_length=1, description="who is told")
    channels: Words = Field((), description="how they are told; left out = as each person wants to be")
    acknowledge: Duration | None = Field(None, description="another quiet time where somebody has it at this level")


class Chain(Part):
    """Who is told when a clock runs late, in which order, and when it comes back (T8).

    A list of levels alone is a chain without hours of its own that runs once, and then daily.
    """

    levels: tuple[Level, ...] = Field(min_length=1, description="from the warning up")
    calendar: Word = Field(ALL_HOURS, description="when people may be called; a file in `calendars/`, or `all_hours`")
    all_hours: tuple[Severity, ...] = Field((), description="severities that may call at any hour")
    acknowledge: Duration | None = Field(
        None, description="once somebody has it the chain is quiet for so long; left out: `acknowledge_timeout`"
    )
    team: Word = Field(ALL_HOURS, description="the team's calendar, on which that quiet time is counted")
    repeat: Annotated[int, Field(ge=0, le=20)] = Field(
        3, description="so many more times the chain runs; after that it comes back daily"
    )
    comes_back: bool = Field(
        True, description="when the quiet time is over the same level comes back first, to those on duty by then"
    )

    @property
    def rungs(self) -> tuple[Level, ...]:
        """The levels above the warning."""
        return tuple(level for level in self.levels if level.level)

    @property
    def plain(self) -> bool:
        """Whether it is no more than a list of levels."""
        return self.calendar == ALL_HOURS and not self.repeat and not self.comes_back

    def calendar_for(self, severity: str | None) -> str:
        """The hours in which a case of this severity may call people."""
        return ALL_HOURS if severity in self.all_hours else self.calendar


def as_chain(value: object) -> object:
    """A list of levels as a chain that runs once, at all hours, and then daily."""
    if isinstance(value, list | tuple):
        return {"levels": value, "calendar": ALL_HOURS, "repeat": 0, "comes_back": False}
    return value


Escalation = Annotated[Chain, BeforeValidator(as_chain)]


# ── limits, findings, law ─────────────────────────────────────────────────────────────────────────


class KeepIt(Part):
    """What a keep-it offer may come to, in percent of the freight of return and replacement (K2, K3, K6)."""

    start_percent: Annotated[int, Field(ge=0, le=100)] = Field(30, description="what the proposal starts at (K2)")
    agent_percent: Annotated[int, Field(ge=0, le=100)] = Field(50, description="how far an agent may go (K2)")
    manager_percent: Annotated[int, Field(ge=0, le=100)] = Field(100, description="how far a manager may go (K2)")
    rounds: Annotated[int, Field(ge=1, le=20)] = Field(3, description="offers until no more are made (K3)")
    exact: bool = Field(False, description="the amount is exact, without K2's limit: overpaid postage, a promise")
    earlier: Annotated[int, Field(ge=0, le=1000)] = Field(
        2, description="a customer with more earlier ones than this needs a manager for another (K6)"
    )
    earlier_days: Days = Field(90, description="how many days back earlier ones count (K6)")


class AdvanceExchange(Part):
    """An exchange whose new goods leave before the old ones are back, against a deposit (G5)."""

    deposit_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        100, description="the deposit, in percent of what the old goods cost"
    )
    return_days: Annotated[int, Field(ge=1, le=365)] = Field(
        7, description="so many days the old goods may take to be sent, counted from the delivery of the new ones"
    )
    remind_days: Annotated[int, Field(ge=0, le=365)] = Field(
        2, description="so many days before the end the customer is reminded"
    )


class FindingRule(Part):
    """What a finding about a parcel makes true (L1–L6, L16)."""

    parcel: Literal["printed", "gone", "delivered", "pulled", "lost"] | None = Field(
        None, description="where the parcel is now"
    )
    claim: Literal["courier", "supplier"] | None = Field(None, description="a claim that is opened by itself (L5)")


class LadderStep(Part):
    """What the customer can insist on until a day after receipt."""

    until_day: Annotated[int, Field(ge=1, le=36500)] | None = Field(
        None, description="the last day on which it holds; left out = for the rest"
    )
    choices: tuple[Remedy, ...] = Field(min_length=1, description="what the customer can choose, most first")


class Law(Part):
    """What a country's law gives the customer (section 13); a shop checks it for itself."""

    name: Word = Field("none", description="its name")
    no_reason_days: Days | None = Field(None, description="days without reason; the day after receipt is the first")
    ladder: tuple[LadderStep, ...] = Field((), description="the three guarantees, in their order")
    ladder_days: Days | None = Field(None, description="how long the ladder holds; time in repair is added")
    failed_repairs: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None, description="so many failed repairs give a right to exchange"
    )
    repair_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        None, description="more days in repair than this give a right to exchange"
    )
    seller_proves_months: Annotated[int, Field(ge=1, le=120)] | None = Field(
        None, description="so many months the seller has to show that durable goods had no defect"
    )
    durable_categories: Words = Field((), description="the classes of durable goods")
    red_letter_invoice: bool = Field(
        False, description="electronic invoices are red-lettered and issued anew, never endorsed (G9)"
    )


# ── what is asked and checked ─────────────────────────────────────────────────────────────────────


class Evidence(Part):
    """Something to be asked of the customer; missing evidence warns and never blocks."""

    key: Word = Field(description="its name within the playbook; `photo…` and `video…` are what a picture can show")
    zh: Word = Field(description="in Chinese")
    en: Word = Field(description="in English")


class Question(Part):
    """What to ask next, in both languages."""

    zh: Word = Field(description="in Chinese")
    en: Word = Field(description="in English")


class Warranty(Part):
    """How long goods are under warranty, counted from delivery; time in repair is added."""

    months: Annotated[int, Field(ge=0, le=1200)] = Field(description="how many months")
    by_category: dict[Word, Annotated[int, Field(ge=0, le=1200)]] = Field(
        default_factory=dict, description="other lengths, by class of goods"
    )
    serial: bool = Field(False, description="the serial number is wanted; a known one proves the purchase")


class Eligibility(Part):
    """Who may ask for this, and until when (days after delivery, never after the order)."""

    days_since_delivery: Days | None = Field(None, description="so many days since delivery; left out = without end")
    late: Literal["no", "human"] = Field("no", description="what those who ask later hear: no, or a human looks at it")
    excluded_categories: tuple[Word, ...] = Field((), description="classes of goods that are shut out")
    exclusion_needs_consent: bool = Field(
        False, description="shut out only if the customer agreed to it when buying, so a human looks (section 13)"
    )
    final_sale: bool = Field(True, description="goods sold as final may be part of it")
    before_delivery: bool = Field(False, description="ordered units count, not delivered ones (F18)")
    before_dispatch: bool = Field(False, description="only for what was not delivered yet; afterwards it is a return")
    once_per_line: bool = Field(False, description="only one such case for a line of an order")
    warranty: Warranty | None = Field(None, description="goods have to be under warranty; later a human looks (F10)")


class Dispatch(Part):
    """L11: when a paid order leaves: at the next of these times of a working day; what is paid later, the day after."""

    cutoffs: tuple[Word, ...] = Field(min_length=1, description='the times of a day, ascending, such as `"15:00"`')
    calendar: Word = Field(description="whose working days they are")
