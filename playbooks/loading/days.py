"""Changing single days in the text of a calendar's file; everything else in it stays as somebody wrote it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Literal

import yaml

from models.errors import Invalid

#: What a day can become: free, with hours of its own, interrupted, or again what its weekday and country say.
DayBecomes = Literal["holiday", "hours", "break", "ordinary"]
Pair = tuple[str, str]
#: More days at once than this are a mistake.
MOST_DAYS: Final = 366
_PARTS: Final = ("holidays", "special_hours", "breaks")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_REMARK = re.compile(r"\s#\s?(.*)$")
_ONE_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Days:
    """What a file itself says about single days, and the remark behind each."""

    free: set[date] = field(default_factory=set)
    hours: dict[date, list[list[str]]] = field(default_factory=dict)
    breaks: dict[date, list[list[str]]] = field(default_factory=dict)
    remarks: dict[date, str] = field(default_factory=dict)


def with_days(text: str, first: date, last: date, becomes: DayBecomes, hours: Iterable[Pair], remark: str = "") -> str:
    """The file with other words about the days from first to last. Raises Invalid where it cannot be done for sure."""
    days = [first + n * _ONE_DAY for n in range((last - first).days + 1)]
    if not days or len(days) > MOST_DAYS:
        raise Invalid(f"From the first to the last are 1 to {MOST_DAYS} days.")
    found = _read(text)
    for day in days:
        _set(found, day, becomes, [list(pair) for pair in hours], " ".join(remark.split()))
    return _written(text, found)


def _set(found: _Days, day: date, becomes: DayBecomes, hours: list[list[str]], remark: str) -> None:
    if becomes == "break":
        found.breaks[day] = hours
    else:
        found.free.discard(day)
        found.breaks.pop(day, None)
        found.hours.pop(day, None)
    if becomes == "holiday":
        found.free.add(day)
    elif becomes == "hours":
        found.hours[day] = hours
    found.remarks.pop(day, None)
    if remark and becomes != "ordinary":
        found.remarks[day] = remark


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def _read(text: str) -> _Days:
    try:
        document = yaml.load(text, Loader=yaml.BaseLoader)
        if not isinstance(document, dict):
            raise TypeError
        blocks = "\n".join(line for part in _PARTS for line in _block(text.splitlines(), part)[2])
        if any("&" in _REMARK.sub("", line) for line in blocks.splitlines()):
            raise TypeError  # hours that are repeated elsewhere by a name
        return _Days(
            free=set(_free(document.get("holidays") or [])),
            hours=_by_date(document.get("special_hours")),
            breaks=_by_date(document.get("breaks")),
            remarks=dict(_remarks(blocks)),
        )
    except (yaml.YAMLError, TypeError, ValueError, AttributeError):
        raise Invalid("The file's days cannot be read for sure: change them in the text below.") from None


def _free(holidays: Iterable[Any]) -> Iterator[date]:
    for one in holidays:
        ends = (one["from"], one["to"]) if isinstance(one, dict) else (one, one)
        first, last = (date.fromisoformat(end) for end in ends)
        if (last - first).days > 10 * MOST_DAYS:
            raise ValueError(one)
        yield from (first + n * _ONE_DAY for n in range((last - first).days + 1))


def _by_date(found: Any) -> dict[date, list[list[str]]]:
    return {date.fromisoformat(day): [list(map(str, pair)) for pair in pairs] for day, pairs in (found or {}).items()}


def _remarks(blocks: str) -> Iterator[tuple[date, str]]:
    """The remark at the end of a line belongs to the first day that the line names."""
    for line in blocks.splitlines():
        day, remark = _DATE.search(line), _REMARK.search(line)
        if day and remark and day.start() < remark.start():
            yield date.fromisoformat(day[0]), remark[1].strip()


def _block(lines: list[str], part: str) -> tuple[int, int, list[str]]:
    """Where a field of the file begins and ends, without the remarks that belong to the next; and its lines."""
    start = next((n for n, line in enumerate(lines) if re.match(rf"{part}\s*:", line)), None)
    if start is None:
        return len(lines), len(lines), []
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end][0] in " \t#-"):
        end += 1
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return start, end, lines[start:end]


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def _written(text: str, found: _Days) -> str:
    lines = text.splitlines()
    told: Mapping[str, list[str]] = {
        "holidays": list(_free_lines(found)),
        "special_hours": list(_hours_lines(found.hours, found.remarks)),
        "breaks": list(_hours_lines(found.breaks, found.remarks)),
    }
    for part, new in told.items():
        start, end, old = _block(lines, part)
        kept = [line for line in old[1:] if line.lstrip().startswith("#")]
        lines[start:end] = [f"{part}:", *kept, *new] if new else kept
    return "\n".join(lines).rstrip("\n") + "\n"


def _free_lines(found: _Days) -> Iterator[str]:
    """A line for each row of days with the same remark."""
    left = sorted(found.free)
    while left:
        first, count = left[0], 1
        while count < len(left) and left[count] == first + count * _ONE_DAY and not _parts(found, first, left[count]):
            count += 1
        last, left = left[count - 1], left[count:]
        told = first.isoformat() if first == last else f"{{from: {first.isoformat()}, to: {last.isoformat()}}}"
        yield f"  - {told}{_behind(found.remarks, first)}"


def _parts(found: _Days, first: date, day: date) -> bool:
    """Whether a day begins a row of its own: it has another remark than the row that it would go on."""
    return day in found.remarks and found.remarks[day] != found.remarks.get(first)


def _hours_lines(hours: Mapping[date, list[list[str]]], remarks: Mapping[date, str]) -> Iterator[str]:
    for day, pairs in sorted(hours.items()):
        told = ", ".join(f'["{opens}", "{closes}"]' for opens, closes in pairs)
        yield f"  {day.isoformat()}: [{told}]{_behind(remarks, day)}"


def _behind(remarks: Mapping[date, str], day: date) -> str:
    return f"  # {remarks[day]}" if day in remarks else ""
