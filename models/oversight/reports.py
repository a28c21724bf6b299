"""What reports are about (T13): a period of the shop's days, cells that name what a number counts, the shop's rules.

A cell says in one line which cases a number is about, such as `opened|kind=quality_fault`: the source that is counted,
and what it is narrowed to. A name without a value means those that have none.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Final, NamedTuple
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from models.commands import Word
from models.errors import Invalid
from models.lifecycle import Action
from models.money import to_minor
from models.procedure.playbook_parts import Part

#: Whose acts are our labour. Customers, couriers, platforms, outside experts and the program itself cost no minutes.
WORKERS: Final = (
    *("agent", "supervisor", "manager", "director"),
    *("warehouse", "workshop", "technician", "finance"),
)
#: The longest period of one report: two years and a day of grace.
MOST_DAYS: Final = 732
OTHERWISE: Final = "otherwise"
Minutes = Annotated[int, Field(ge=0, le=1440)]


# ── the shop's rules ──────────────────────────────────────────────────────────────────────────────


class Labour(Part):
    """What acts take and an hour costs: an estimate, since nobody is timed (T13)."""

    rate_per_hour: dict[str, str] = Field(description="what an hour costs, by currency, as text")
    minutes: dict[str, Minutes] = Field(description="by action; `otherwise` is every act that is not named")

    @field_validator("rate_per_hour")
    @classmethod
    def _amounts(cls, value: dict[str, str]) -> dict[str, str]:
        for currency, amount in value.items():
            to_minor(amount, currency)
        return value

    @field_validator("minutes")
    @classmethod
    def _acts(cls, value: dict[str, int]) -> dict[str, int]:
        unknown = sorted(value.keys() - {OTHERWISE, *(action.value for action in Action)})
        if unknown:
            raise ValueError(f"there is no action {unknown[0]}")
        return value

    def minutes_of(self, action: str) -> int:
        """How long one act of this kind takes."""
        return self.minutes.get(action, self.minutes.get(OTHERWISE, 0))

    def cost(self, minutes: int, currency: str | None) -> int | None:
        """Minor units for so many minutes; None where no rate is known in that currency."""
        if currency is None or currency not in self.rate_per_hour:
            return None
        whole = Decimal(to_minor(self.rate_per_hour[currency], currency)) * minutes / 60
        return int(whole.quantize(Decimal(1), ROUND_HALF_UP))


class Repeated(Part):
    """When a problem is a repeated one, and when a new one (T13)."""

    cases: Annotated[int, Field(ge=2, le=1000)] = Field(description="so many of one kind and product in the period")
    looks_back_days: Annotated[int, Field(ge=1, le=366)] = Field(description="new = none in so many days before")


class Sample(Part):
    """How many closed cases of a month are looked at again, within each kind (T13)."""

    percent: Annotated[int, Field(ge=0, le=100)] = Field(description="of the closed cases of a kind")
    at_least: Annotated[int, Field(ge=0, le=1000)] = Field(description="of a kind, where there are so many")

    def of(self, closed: int) -> int:
        """How many of so many closed cases of one kind."""
        return min(closed, max(self.at_least, -(-closed * self.percent // 100)))


class Maker(Part):
    """A supplier, and the products that come from it; `*` stands for any end of a number."""

    name: Word = Field(description="as the report names it")
    skus: tuple[Word, ...] = Field(description="product numbers, such as `KETTLE-*`")


class ReportRules(Part):
    """What reports are counted with: `reports.yaml` (T13)."""

    labour: Labour = Field(description="minutes of acts, and what an hour costs")
    repeated: Repeated = Field(description="when a problem is repeated or new")
    sample: Sample = Field(description="which closed cases are looked at again")
    suppliers: tuple[Maker, ...] = Field((), description="who made what; the first that fits counts")

    def supplier_of(self, sku: str | None) -> str | None:
        """Who made a product; None where the shop has not said."""
        fits = (maker.name for maker in self.suppliers for one in maker.skus if sku and fnmatchcase(sku, one))
        return next(fits, None)


# ── the period ────────────────────────────────────────────────────────────────────────────────────


class Period(NamedTuple):
    """Days of the shop: from the first instant of one to the first of the day after the last."""

    name: str
    begin: datetime
    end: datetime
    zone: ZoneInfo

    def before(self, days: int) -> "Period":
        """So many of the shop's days just before this one."""
        first = self.begin.astimezone(self.zone).date() - timedelta(days=days)
        return Period(f"{days} days before {self.name}", _midnight(first, self.zone), self.begin, self.zone)


def month_period(month: str, zone: ZoneInfo) -> Period:
    """A month such as `2026-10`, in the shop's zone. Raises Invalid."""
    try:
        first = date.fromisoformat(f"{month}-01")
        following = (first + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        raise _wrong("month", f"{month[:20]!a} is no month; write it like 2026-10.") from None
    return Period(month, _midnight(first, zone), _midnight(following, zone), zone)


def week_period(week: str, zone: ZoneInfo) -> Period:
    """A week such as `2026-W47`, Monday to Sunday, in the shop's zone. Raises Invalid."""
    try:
        first = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
        return Period(week, _midnight(first, zone), _midnight(first + timedelta(days=7), zone), zone)
    except (ValueError, OverflowError):
        raise _wrong("week", f"{week[:20]!a} is no week; write it like 2026-W47.") from None


def days_period(first: date, last: date, zone: ZoneInfo) -> Period:
    """From one of the shop's days to another, both with it. Raises Invalid."""
    if last < first:
        raise _wrong("to", f"{last} is before {first}; `to` is the last day of the period.")
    if (last - first).days >= MOST_DAYS or last.year >= 9999:
        raise _wrong("to", f"The period is longer than {MOST_DAYS} days; ask for a shorter one.")
    name = f"{first}..{last}"
    return Period(name, _midnight(first, zone), _midnight(last + timedelta(days=1), zone), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _wrong(field: str, told: str) -> Invalid:
    return Invalid(told, errors=[{"field": field, "message": told}])


# ── cells ─────────────────────────────────────────────────────────────────────────────────────────


class Cell(NamedTuple):
    """What a number counts: a source, and what it is narrowed to."""

    source: str
    narrowed: Mapping[str, str | None]

    def __str__(self) -> str:
        parts = (name if value is None else f"{name}={quote(value, safe='')}" for name, value in self.narrowed.items())
        return "|".join((self.source, *parts))


def read_cell(text: str) -> Cell:
    """A cell as it was written. Whether there is such a source and such a name, whoever counts it knows."""
    source, *parts = text.split("|")
    pairs = (part.partition("=") for part in parts)
    return Cell(source, {name: unquote(value) if sign else None for name, sign, value in pairs})


def no_cell(told: str) -> Invalid:
    """A cell that there is not."""
    return _wrong("cell", told)


def percent(part: int, whole: int) -> float | None:
    """A share in percent with one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None
