"""What a playbook must be beyond its form: numbers that agree with each other, names that exist, scripts that work.

Every check yields where it found something and a sentence on how to mend it; none stops at the first.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import pairwise
from string import Formatter
from typing import Any

from models.business_time import Calendar
from models.errors import MoneyRefused, NoOpeningFound
from models.lifecycle import OPEN, WAITS_FOR, State
from models.money import to_minor
from models.playbook import ALL_HOURS, ClockRule, Playbook

Path = tuple[str | int, ...]
Finding = tuple[Path, str]

#: Whom a level of the escalation chain can name (T8).
TARGETS = ("owner", "on_duty", "supervisor", "manager", "director")
#: What a script can speak of; the desk fills them in.
VARIABLES = (
    "customer",
    "agent",
    "case_no",
    "order_no",
    "product",
    "amount",
    "due",
    "return_address",
    "carrier",
    "waybill",
)

_LENGTH = re.compile(r"([0-9]{1,9}) ?(s|m|h|d|wd)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FIRST_ANSWER = "first_answer"


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` where something is near, else the known names."""
    known = sorted(known)
    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


# ── lengths of time: `1wd` becomes seconds of the rule's own calendar ─────────────────────────────


def resolved(document: dict[str, Any], calendars: Mapping[str, Calendar]) -> Iterator[Finding]:
    """Put seconds for every length of time in the document's clocks; yields those that cannot be read."""
    for path, rule in _rules(document):
        yield from _resolved_rule(path, rule, calendars)


def _rules(document: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    clocks = document.get("clocks")
    if isinstance(clocks, dict):
        yield from ((("clocks", state), rule) for state, rule in clocks.items() if isinstance(rule, dict))
    if isinstance(document.get(_FIRST_ANSWER), dict):
        yield (_FIRST_ANSWER,), document[_FIRST_ANSWER]


def _resolved_rule(path: Path, rule: dict[str, Any], calendars: Mapping[str, Calendar]) -> Iterator[Finding]:
    name = rule.get("calendar", ALL_HOURS)
    if isinstance(name, str) and name not in calendars:
        yield (*path, "calendar"), f"there is no calendar {name}; {nearest(name, calendars)}"
    for field in ("target", "remind"):
        if isinstance(rule.get(field), str):
            seconds, complaint = _seconds(rule[field], calendars.get(str(name)))
            rule[field] = seconds
            if complaint:
                yield (*path, field), complaint


def _seconds(text: str, calendar: Calendar | None) -> tuple[int, str | None]:
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        return 1, f"{text!r} is no length of time; write a number with s, m, h, d or wd, like 15m, 48h, 7d or 1wd"
    number, unit = int(found[1]), found[2]
    if unit != "wd":
        return number * _SECONDS[unit], None
    try:
        return number * (calendar.working_day_seconds if calendar else 1), None
    except NoOpeningFound:
        return 1, f"{text!r} means working days, and its calendar has none; give the calendar hours"


# ── checks of a playbook whose form is right ──────────────────────────────────────────────────────


def findings(playbook: Playbook) -> Iterator[Finding]:
    """Everything in the playbook that contradicts itself or names what does not exist."""
    for check in _CHECKS:
        yield from check(playbook)


def _clocks(playbook: Playbook) -> Iterator[Finding]:
    for state, rule in playbook.procedure.clocks.items():
        path: Path = ("clocks", state.value)
        yield from _reminder(path, rule)
        if rule.clock == _FIRST_ANSWER:
            yield (*path, "clock"), f"{_FIRST_ANSWER} is the name of a clock of its own; choose another name"
        if state not in OPEN:
            yield path, "a case that is over waits for nobody; take this clock out"
        elif (can := _OUTCOMES.get(rule.outcome)) and not can(state):
            yield (*path, "outcome"), f"{rule.outcome} is not possible in {state}; write escalate or close"


#: What the end of a wait can do depends on who is awaited; every other outcome is possible everywhere.
_OUTCOMES: dict[str, Callable[[State], bool]] = {
    "decline": lambda state: state in (State.OFFERED, State.QUOTED),
    "search": lambda state: WAITS_FOR[state] == "courier",
    "try_again": lambda state: state is State.RESOLVED,
}


def _first_answer(playbook: Playbook) -> Iterator[Finding]:
    rule = playbook.procedure.first_answer
    if rule is None:
        return
    yield from _reminder((_FIRST_ANSWER,), rule)
    if rule.clock != _FIRST_ANSWER:
        yield (_FIRST_ANSWER, "clock"), f"must be {_FIRST_ANSWER}; write that"
    if rule.outcome != "escalate":
        yield (_FIRST_ANSWER, "outcome"), "an answer that is late can only escalate; write escalate"


def _reminder(path: Path, rule: ClockRule) -> Iterator[Finding]:
    if rule.remind is not None and rule.remind >= rule.target:
        yield (*path, "remind"), "the reminder would come before the wait begins; make it shorter than target"


def _escalation(playbook: Playbook) -> Iterator[Finding]:
    chain = playbook.procedure.escalation
    for number, (before, after) in enumerate(pairwise(chain), start=1):
        if after.percent <= before.percent:
            yield ("escalation", number, "percent"), f"must be above the {before.percent} of the level before it"
        if after.level <= before.level:
            yield ("escalation", number, "level"), f"must be above the level {before.level} before it"
    for number, level in enumerate(chain):
        for place, target in enumerate(level.targets):
            if target not in TARGETS:
                yield ("escalation", number, "targets", place), f"{target} is nobody; {nearest(target, TARGETS)}"


def _limits(playbook: Playbook) -> Iterator[Finding]:
    below: dict[str, tuple[int, str]] = {}  # per currency: the highest limit of the roles below, and whose it is
    limits = playbook.procedure.refund_limits
    for role in ("agent", "supervisor", "manager", "director"):
        for currency, text in limits.get(role, {}).items():
            path = ("refund_limits", role, currency)
            try:
                amount = to_minor(text, currency)
            except MoneyRefused as refused:
                yield path, refused.detail
                continue
            least, whose = below.get(currency, (0, "nobody"))
            if amount < 0:
                yield path, "is less than nothing; write 0 for nothing at all"
            elif amount < least:
                yield path, f"is less than the {whose} may; raise it to at least that"
            below[currency] = max((amount, role), below.get(currency, (0, role)))


def _keep_it(playbook: Playbook) -> Iterator[Finding]:
    offer = playbook.procedure.keep_it
    if offer.agent_percent < offer.start_percent:
        yield ("keep_it", "agent_percent"), f"must be at least start_percent, {offer.start_percent} (K2)"
    if offer.manager_percent < offer.agent_percent:
        yield ("keep_it", "manager_percent"), f"must be at least agent_percent, {offer.agent_percent} (K2)"


def _named_once(playbook: Playbook) -> Iterator[Finding]:
    for field, names in (
        ("remedies", playbook.procedure.remedies),
        ("evidence", [evidence.key for evidence in playbook.evidence]),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                yield (field,), f"{name} is listed {times} times; keep it once"


def _scripts(playbook: Playbook) -> Iterator[Finding]:
    states = [state.value for state in State]
    for state, texts in playbook.scripts.items():
        if state not in states:
            yield ("scripts", state), f"there is no state {state}; {nearest(state, states)}"
        for language in ("zh", "en"):
            text = texts.get(language, "")
            if not text.strip():
                yield ("scripts", state), f"has no text in {language}; customers are answered in both languages"
            yield from ((("scripts", state, language), complaint) for complaint in _miswritten(text))


def _miswritten(text: str) -> Iterator[str]:
    names = _variables(text)
    if names is None:
        yield "has a brace too many or too few; variables are written {customer}"
    for name in sorted((names or set()) - set(VARIABLES)):
        yield f"there is no variable {{{name}}}; {nearest(name, VARIABLES)}"


def _variables(text: str) -> set[str] | None:
    """The variables of a script; None where its braces do not match. A format or attribute is no known name."""
    try:
        parts = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError:
        return None
    return {f"{name}{'!' + change if change else ''}{':' + form if form else ''}" for _, name, form, change in parts}


_CHECKS = (_clocks, _first_answer, _escalation, _limits, _keep_it, _named_once, _scripts)
