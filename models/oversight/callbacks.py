"""Callbacks: after a remedy, and at intervals after a purchase; what their survey asks; when customers are called.

A case says what became of its callback as notes, which its commit writes beside it (T5, T7). The rules of a shop, hours
and occasions, come from `callbacks.yaml` of its playbooks (T5, T6, T17).
"""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from models.business_time import Calendar, roll_forward
from models.commands import Channel, Word
from models.procedure.playbook_parts import Names, Part
from models.value import Value

#: What a survey asks, each from 1 to 5 (T7).
QUESTIONS = ("polite", "promise_kept", "competent", "solved")
#: What becomes of a callback. `dropped`: the case went on before anybody called.
STATES = ("due", "answered", "unreachable", "dropped")
#: The occasion of the callback of a case (T5); the others are the shop's (T6).
AFTER_REMEDY = "after_remedy"


class CallbackNote(Value):
    """What became of the callback of a case: due, tried in vain, answered, given up, or needed no more."""

    key: str
    what: Literal["due", "tried", "answered", "unreachable", "dropped"]
    at: datetime
    by: str
    person: str | None = None  # who handled the case: its owner when it was resolved
    number: int = 0  # of a try
    channel: Channel | None = None
    satisfied: bool | None = None
    scores: dict[str, int] = Field(default_factory=dict)
    words: str | None = None


def callback_key(case_no: str, number: int) -> str:
    """The id of a case's callback; a case that is resolved again has another one."""
    return f"{case_no}:callback:{number}"


# ── when customers are called ─────────────────────────────────────────────────────────────────────


class Hours(NamedTuple):
    """From when to when of a day, in the shop's own time."""

    opens: time
    closes: time


def _hours(value: object) -> object:
    """`["20:00", "21:00"]`. Raises ValueError for what is no pair of times in their order."""
    if isinstance(value, Hours):
        return value
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(isinstance(part, str) for part in value):
        raise ValueError('is a pair of times in quotes, such as ["20:00", "21:00"]')
    try:
        pair = Hours(*(time.fromisoformat(str(part)) for part in value))
    except ValueError:
        raise ValueError(f"{value!r} are no times of a day; write them like 20:00") from None
    if pair.closes <= pair.opens:
        raise ValueError(f"{value[0]} to {value[1]} ends before it begins")
    return pair


def _in_order(value: object) -> object:
    return sorted(value, key=str) if isinstance(value, (list, tuple)) else value


OneHours = Annotated[Hours, BeforeValidator(_hours)]
ManyHours = Annotated[tuple[OneHours, ...], Field(min_length=1, max_length=12), BeforeValidator(_in_order)]


class Occasion(Names):
    """A periodic callback (T6)."""

    key: Word = Field(description="its name in data; it is not renamed")
    months: Annotated[int, Field(ge=0, le=120)] = Field(
        description="so many months after the purchase; 0 = once the month of the purchase is over"
    )


class CallbackRules(Part):
    """When customers are called, and which periodic callbacks there are (T5, T6)."""

    calendar: Word = Field(description="a file in `calendars/`: customers are called on its working days")
    hours: ManyHours = Field(description="when people are best reached, in the shop's time (T5)")
    hours_by_kind: dict[Word, ManyHours] = Field(default_factory=dict, description="other hours, by kind of case")
    periodic: tuple[Occasion, ...] = Field((), description="callbacks at intervals after the last purchase (T6)")
    tries: Annotated[int, Field(ge=1, le=20)] = Field(
        3, description="tries of a periodic callback, each on another day, until it is given up (T5)"
    )
    most_per_day: Annotated[int, Field(ge=1, le=100_000)] = Field(
        40, description="so many periodic callbacks a day; more go to the next working days"
    )
    late_days: Annotated[int, Field(ge=1, le=366)] = Field(
        14, description="an occasion that could not be taken so long is let go"
    )

    def hours_for(self, kind: str | None) -> tuple[Hours, ...]:
        """The good hours for a callback of a case of this kind."""
        return self.hours_by_kind.get(kind or "", self.hours)


def as_document(hours: tuple[Hours, ...]) -> list[list[str]]:
    """Hours as documents have them."""
    return [[f"{one.opens:%H:%M}", f"{one.closes:%H:%M}"] for one in hours]


def working_days(calendar: Calendar, first: date, most: int) -> list[date]:
    """The next days on which a calendar is open at all, from `first` on."""
    zone, found, day = ZoneInfo(calendar.timezone), [], first
    for _ in range(most):
        day = roll_forward(calendar, datetime.combine(day, time(), zone)).astimezone(zone).date()
        found.append(day)
        day += timedelta(days=1)
    return found


def at_the_end_of(hours: tuple[Hours, ...], day: date, zone: ZoneInfo) -> datetime:
    """When the last of a day's good hours is over: until then a callback of that day is to be made."""
    return datetime.combine(day, max(one.closes for one in hours), zone)


# ── occasions (T6) ────────────────────────────────────────────────────────────────────────────────


def due_on(occasion: Occasion, bought: date) -> date:
    """The day from which a customer who bought on that day can be called on this occasion."""
    return _months_after(bought.replace(day=1), 1) if occasion.months == 0 else _months_after(bought, occasion.months)


def bought_between(occasion: Occasion, today: date, late_days: int) -> tuple[date, date]:
    """The first and last day of purchase for which an occasion is due now and not let go yet."""
    earliest = today - timedelta(days=late_days)
    if occasion.months == 0:
        return _months_after(earliest.replace(day=1), -1), today.replace(day=1) - timedelta(days=1)
    near = timedelta(days=3)  # months differ in length; whoever asks looks at each purchase by itself
    return _months_after(earliest, -occasion.months) - near, _months_after(today, -occasion.months) + near


def _months_after(day: date, months: int) -> date:
    """The same day of another month, or its last one where it has none such."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def month_before(today: date) -> str:
    """The month before a day's, as `2026-10`."""
    return f"{_months_after(today.replace(day=1), -1):%Y-%m}"
