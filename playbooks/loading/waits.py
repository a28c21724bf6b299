"""Rules for everything that waits: clocks of states, clocks beside them, reminders, escalation, dispatch."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from models.lifecycle import FINAL, OPEN, WAITS_FOR, Action, State
from models.playbook import ClockRule, Playbook, SideClock
from models.procedure.playbook_parts import Level
from playbooks.loading.lengths import Finding, Path, nearest
from playbooks.loading.rules import Around, Rule, reading

#: Whom an alarm can name (T3, T8).
TARGETS = ("owner", "on_duty", "supervisor", "manager", "director", "department_head", "finance", "warehouse")

_FIRST_ANSWER = "first_answer"
#: The shipped chain's hours. A shop with calendars of its own may have none; people are then called in the team's.
_HOURS_FOR_CALLS = "escalation_cn"
_ACTIONS, _STATES = tuple(action.value for action in Action), tuple(state.value for state in State)
_BEGINS, _MEETS = ("opened", *_ACTIONS, *_STATES), ("told", *_ACTIONS, *_STATES)
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)

#: What the end of a wait can do depends on who is awaited; every other outcome is possible everywhere.
_OUTCOMES: dict[str, Callable[[State], bool]] = {
    "decline": lambda state: state in (State.OFFERED, State.QUOTED),
    "search": lambda state: WAITS_FOR[state] == "courier",
    "try_again": lambda state: state is State.RESOLVED,
}


@reading("clocks")
def _clocks(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for state, rule in playbook.procedure.clocks.items():
        path: Path = ("clocks", state.value)
        yield from _reminder(path, rule)
        yield from _zones(path, rule, around)
        if rule.clock == _FIRST_ANSWER:
            yield (*path, "clock"), f"{_FIRST_ANSWER} is the name of a clock of its own; choose another name"
        if state not in OPEN:
            yield path, "a case that is over waits for nobody; take this clock out"
        elif (can := _OUTCOMES.get(rule.outcome)) and not can(state):
            yield (*path, "outcome"), f"{rule.outcome} is not possible in {state}; write escalate or close"


def _zones(path: Path, rule: ClockRule, around: Around) -> Iterator[Finding]:
    for zone in rule.by_zone:
        if zone not in around.zones:
            yield (*path, "by_zone", zone), f"freight.yaml has no zone {zone}; {nearest(zone, around.zones)}"


@reading("first_answer")
def _first_answer(playbook: Playbook, around: Around) -> Iterator[Finding]:
    rule = playbook.procedure.first_answer
    if rule is None:
        return
    yield from _reminder((_FIRST_ANSWER,), rule)
    if rule.clock != _FIRST_ANSWER:
        yield (_FIRST_ANSWER, "clock"), f"must be {_FIRST_ANSWER}; write that"
    if rule.outcome != "escalate":
        yield (_FIRST_ANSWER, "outcome"), "an answer that is late can only escalate; write escalate"
    if rule.by_zone:
        yield (_FIRST_ANSWER, "by_zone"), "an answer takes as long to every zone; take this out"


def _reminder(path: Path, rule: ClockRule | SideClock) -> Iterator[Finding]:
    if rule.remind is not None and rule.remind >= rule.target:
        yield (*path, "remind"), "the reminder would come before the wait begins; make it shorter than target"


# ── clocks beside those of the states ─────────────────────────────────────────────────────────────


@reading("side_clocks")
def _side_clocks(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for name, rule in playbook.procedure.side_clocks.items():
        path: Path = ("side_clocks", name)
        yield from _reminder(path, rule)
        yield from _unknown((*path, "starts_on"), rule.starts_on, _BEGINS)
        yield from _unknown((*path, "met_by"), rule.met_by, _MEETS)
        yield from _unknown((*path, "tells"), rule.tells, TARGETS)
        yield from _beginning(path, rule)


def _beginning(path: Path, rule: SideClock) -> Iterator[Finding]:
    if not rule.starts_on and not rule.during:
        yield path, "nothing starts it; write starts_on: [opened], an action or a state, or during: a state"
    if not rule.met_by and not rule.during:
        yield path, "nothing meets it and nothing ends it; write met_by: [told], an action or a state, or during"
    if rule.again and not rule.during:
        yield (*path, "again"), "it would begin anew for ever; write in which states, like during: [repairing]"
    if rule.findings and "report_finding" not in rule.starts_on:
        yield (*path, "findings"), "only a finding has one; write starts_on: [report_finding], or take this out"
    for state in FINAL.intersection(rule.during):
        yield (*path, "during"), f"a case that is {state} waits for nobody; take {state} out"


def _unknown(path: Path, words: Iterable[str], known: tuple[str, ...]) -> Iterator[Finding]:
    for place, word in enumerate(words):
        if word not in known:
            yield (*path, place), f"{word[:60]!r} is not known here; {_near(word, known)}"


def _near(word: str, known: tuple[str, ...]) -> str:
    """The nearest word, else the first of many: a list of 90 actions and states would help nobody."""
    said = nearest(word[:60], known)
    if said.startswith("did you mean") or len(known) < 20:
        return said
    return f"write {known[0]}, an action or a state, as `aftercare lifecycle` lists them"


@reading("clocks", "first_answer", "side_clocks")
def _one_name_each(playbook: Playbook, around: Around) -> Iterator[Finding]:
    procedure = playbook.procedure
    taken = {rule.clock for rule in procedure.clocks.values()} | {_FIRST_ANSWER}
    for name in procedure.side_clocks:
        if name in taken:
            yield ("side_clocks", name), f"a clock of the states is called {name} already; choose another name"


# ── escalation and dispatch ───────────────────────────────────────────────────────────────────────


@reading("escalation")
def _escalation(playbook: Playbook, around: Around) -> Iterator[Finding]:
    chain = playbook.procedure.escalation
    at: Path = ("escalation",) if chain.plain else ("escalation", "levels")
    for number, (before, after) in enumerate(pairwise(chain.levels), start=1):
        if after.percent is not None and before.percent is not None and after.percent <= before.percent:
            yield (*at, number, "percent"), f"must be above the {before.percent} of the level before it"
        if after.level <= before.level:
            yield (*at, number, "level"), f"must be above the level {before.level} before it"
    for number, level in enumerate(chain.levels):
        yield from _level((*at, number), level)
    for name, calendar in (("calendar", chain.calendar), ("team", chain.team)):
        if calendar not in around.calendars and calendar != _HOURS_FOR_CALLS:
            told = f"there is no calendar {calendar[:60]}; {nearest(calendar[:60], around.calendars)}"
            yield ("escalation", name), told


def _level(path: Path, level: Level) -> Iterator[Finding]:
    if (level.percent is None) == (level.wait is None):
        yield (*path, "percent"), "write either percent, of a clock's target, or wait, after the level before it"
    elif level.level == 0 and level.percent is None:
        yield (*path, "wait"), "a warning comes before the end; write percent"
    for place, target in enumerate(level.targets):
        if target not in TARGETS:
            yield (*path, "targets", place), f"{target} is nobody; {nearest(target, TARGETS)}"


@reading("dispatch")
def _dispatch(playbook: Playbook, around: Around) -> Iterator[Finding]:
    rule = playbook.dispatch
    if rule is None:
        return
    if rule.calendar not in around.calendars:
        told = f"there is no calendar {rule.calendar[:60]}; {nearest(rule.calendar[:60], around.calendars)}"
        yield ("dispatch", "calendar"), told
    for place, time in enumerate(rule.cutoffs):
        if not _TIME_OF_DAY.fullmatch(time):
            yield ("dispatch", "cutoffs", place), f'{time[:60]!r} is no time of day; write it like "15:00"'
    for place, (before, after) in enumerate(pairwise(rule.cutoffs), start=1):
        if after <= before:
            yield ("dispatch", "cutoffs", place), f"must be later than the {before[:60]} before it (L11)"


RULES: tuple[Rule, ...] = (_clocks, _first_answer, _side_clocks, _one_name_each, _escalation, _dispatch)
