"""Lengths of time as they are written, `15m`, `7d`, `1wd`, as seconds; working days are those of the clock's calendar.

A layer that changes a clock counts its working days in the calendar that it names itself, else in that of the clock
which it changes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from models.business_time import Calendar
from models.errors import NoOpeningFound

Path = tuple[str | int, ...]
Finding = tuple[Path, str]
Fields = dict[str, Any]

_LENGTH = re.compile(r"([0-9]{1,9}) ?(s|m|h|d|wd)", re.ASCII)
_LONGEST = 10 * 365 * 86_400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
#: Where a file has one clock, and where it has several by name.
_ONE, _SEVERAL = ("first_answer",), ("clocks", "side_clocks")
#: The fields of a clock that are a length of time, and those that hold several by name.
_LENGTHS, _LENGTHS_BY_NAME = ("target", "remind"), ("by_zone", "by_severity", "by_priority")


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` where something is near, else the known names."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"


def resolved(document: Fields, calendars: Mapping[str, Calendar]) -> Iterator[Finding]:
    """Put seconds for every length of time in a document and in its changes; yields what cannot be read."""
    for path, changes in changes_in(document):
        for place, rule, below in _rules(changes, document):
            yield from _resolved_rule((*path, *place), rule, below, calendars)
    for place, rule, _ in _rules(document, {}):
        yield from _resolved_rule(place, rule, {}, calendars)


def changes_in(document: Fields) -> Iterator[tuple[Path, Fields]]:
    """The `changes` of every subcategory and variant of a document, and where they stand."""
    subcategories, variants = document.get("subcategories"), document.get("variants")
    for number, sub in enumerate(subcategories if isinstance(subcategories, list) else ()):
        if isinstance(sub, dict) and isinstance(sub.get("changes"), dict):
            yield ("subcategories", number, "changes"), sub["changes"]
    for name, variant in variants.items() if isinstance(variants, dict) else ():
        if isinstance(variant, dict) and isinstance(variant.get("changes"), dict):
            yield ("variants", name, "changes"), variant["changes"]


def _rules(layer: Fields, base: Fields) -> Iterator[tuple[Path, Fields, Fields]]:
    """The clocks of a layer, each with where it stands and the clock of `base` that it is laid over."""
    for name in _ONE:
        if isinstance(layer.get(name), dict):
            yield (name,), layer[name], _fields(base.get(name))
    for group in _SEVERAL:
        below = _fields(base.get(group))
        for name, rule in _fields(layer.get(group)).items():
            if isinstance(rule, dict):
                yield (group, name), rule, _fields(below.get(name))


def _fields(value: object) -> Fields:
    return value if isinstance(value, dict) else {}


def _resolved_rule(path: Path, rule: Fields, below: Fields, calendars: Mapping[str, Calendar]) -> Iterator[Finding]:
    name = rule.get("calendar", below.get("calendar"))
    calendar = calendars.get(name) if isinstance(name, str) else None
    if name is None:
        yield (*path, "calendar"), f"is missing, and so nobody knows when it runs; {nearest('', calendars)}"
    elif calendar is None and isinstance(rule.get("calendar"), str):
        yield (*path, "calendar"), f"there is no calendar {name[:60]}; {nearest(name[:60], calendars)}"
    if name != below.get("calendar"):
        _take_over_working_days(rule, below)
    for place, holder, key in _lengths(rule):
        if isinstance(holder[key], str):
            seconds, complaint = _seconds(holder[key], calendar)
            holder[key] = seconds or (1 if key == "remind" else _LONGEST)  # so that no rule stumbles over it as well
            if complaint:
                yield (*path, *place), complaint


def _take_over_working_days(rule: Fields, below: Fields) -> None:
    """A change of the calendar alone counts the working days of the clock below in the new one."""
    for place, holder, key in _lengths(below):
        if isinstance(holder[key], str) and holder[key].endswith("wd"):
            into = rule if len(place) == 1 else rule.setdefault(str(place[0]), {})
            if isinstance(into, dict):
                into.setdefault(key, holder[key])


def _lengths(rule: Fields) -> list[tuple[Path, Fields, str]]:
    """Where a clock's lengths of time are: the place, what holds it, and under which name."""
    found: list[tuple[Path, Fields, str]] = [((name,), rule, name) for name in _LENGTHS if name in rule]
    for group in _LENGTHS_BY_NAME:
        found += [((group, key), rule[group], key) for key in _fields(rule.get(group))]
    return found


def _seconds(text: str, calendar: Calendar | None) -> tuple[int, str | None]:
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        return 0, f"{text[:60]!r} is no length of time; write a number with s, m, h, d or wd, like 15m, 48h, 7d or 1wd"
    number, unit = int(found[1]), found[2]
    if number == 0:
        return 0, f"{text!r} is no time at all; write at least 1s"
    if unit != "wd":
        return number * _SECONDS[unit], None
    try:
        return number * (calendar.working_day_seconds if calendar else 1), None
    except NoOpeningFound:
        return 0, f"{text!r} means working days, and its calendar has none; give the calendar hours"
