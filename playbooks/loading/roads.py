"""Rules for the steps: they can be taken, each of them can come, and every road of a playbook has an end."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from models.commands import DATA
from models.lifecycle import FINAL, OPEN, Action, State, actions_in, allowed_in
from models.playbook import Playbook
from models.procedure.steps import Step
from playbooks.loading.forms import place_of, sentence
from playbooks.loading.graph import legal_of, live_steps, ordinary, reached, remedies_of, roads, trapped, unreachable
from playbooks.loading.lengths import Finding, Path, nearest
from playbooks.loading.rules import Around, Rule, reading

_OWN, _GENERAL, _FIRST = "steps", "general_steps", "first_steps"


def _all_steps(playbook: Playbook) -> Iterator[tuple[Path, Step]]:
    yield from (((_FIRST, place), step) for place, step in enumerate(playbook.first_steps))
    yield from (((_OWN, place), step) for place, step in enumerate(playbook.steps))
    yield from (((_GENERAL, place), step) for place, step in enumerate(playbook.general_steps))


# ── one step ──────────────────────────────────────────────────────────────────────────────────────


@reading(_OWN)
def _own_can_be_done(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for place, step in enumerate(playbook.steps):
        yield from _can_be_done((_OWN, place), step, around)


@reading(_GENERAL)
def _general_can_be_done(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for place, step in enumerate(playbook.general_steps):
        yield from _can_be_done((_GENERAL, place), step, around)


@reading(_FIRST)
def _first_can_be_done(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for place, step in enumerate(playbook.first_steps):
        yield from _can_be_done((_FIRST, place), step, around)


def _can_be_done(path: Path, step: Step, around: Around) -> Iterator[Finding]:
    for state in step.states:
        if state in FINAL:
            yield (*path, "in"), f"a case that is {state} has no next step; take {state} out"
        elif step.do and not allowed_in(state, step.do):
            can = [action.value for action in actions_in(state)]
            yield (*path, "do"), f"{step.do} leads nowhere from {state}; {_near(step.do, can)}"
    if step.do:
        yield from (((*path, "with", *place), told) for place, told in _data(step.do, step.data, around))
    elif step.data:
        yield (*path, "with"), "is the data of an action, and there is none; write do, or take this out"


def _near(action: Action, can: list[str]) -> str:
    said = nearest(action.value, can)
    return said if said.startswith("did you mean") else f"from there lead {', '.join(can[:12])} and more"


def _data(action: Action, data: dict[str, Any], around: Around) -> Iterator[Finding]:
    if data:
        yield from _wrong_data(action, json.dumps(data, sort_keys=True, default=str))
    kind = data.get("kind")
    if action is Action.CHANGE_KIND and isinstance(kind, str) and kind not in around.kinds:
        yield ("kind",), f"there is no kind of case {kind[:60]!r}; {nearest(kind[:60], around.kinds)}"


@lru_cache(maxsize=5_000)
def _wrong_data(action: Action, data: str) -> tuple[Finding, ...]:
    """What is wrong with the data that a step knows already; what it does not know is filled in by whoever acts."""
    form = DATA[action]
    try:
        form.model_validate(json.loads(data))
    except ValidationError as refused:
        errors = [dict(item) for item in refused.errors(include_url=False) if item["type"] != "missing"]
        return tuple((place_of(item), sentence(item, form)) for item in errors)
    return ()


@reading(_OWN)
def _own_steps_come(playbook: Playbook, around: Around) -> Iterator[Finding]:
    yield from _that_never_come(_OWN, playbook.steps)


@reading(_GENERAL)
def _general_steps_come(playbook: Playbook, around: Around) -> Iterator[Finding]:
    yield from _that_never_come(_GENERAL, playbook.general_steps)


@reading(_FIRST)
def _first_steps_come(playbook: Playbook, around: Around) -> Iterator[Finding]:
    yield from _that_never_come(_FIRST, playbook.first_steps)
    for place, step in enumerate(playbook.first_steps):
        if not step.when:
            yield (_FIRST, place), "holds always and would hide every kind's own steps; say when it comes first"


def _that_never_come(field: str, steps: tuple[Step, ...]) -> Iterator[Finding]:
    for place, hidden_by in unreachable(steps):
        yield (field, place), f"never comes, because step {hidden_by} always holds before it; move it up or say when"


# ── the whole procedure ───────────────────────────────────────────────────────────────────────────


@reading(_FIRST, _OWN, _GENERAL)
def _always_a_step(playbook: Playbook, around: Around) -> Iterator[Finding]:
    always = {state for _, step in _all_steps(playbook) if not step.when for state in step.states}
    missing = [state.value for state in OPEN if state not in always]
    if missing:
        told = f"every state needs a last step without when, and there is none for {', '.join(missing)}; add it"
        yield (_GENERAL,), told


@reading(_FIRST, _OWN, _GENERAL, "checks")
def _checks_are_asked(playbook: Playbook, around: Around) -> Iterator[Finding]:
    asked = {step.data.get("check") for _, step in _all_steps(playbook) if step.do is Action.INVESTIGATE}
    for place, check in enumerate(playbook.procedure.checks):
        if check not in asked:
            told = f"no step asks the {check}; add one with do: investigate and with: {{check: {check}}}"
            yield ("checks", place), told


@reading(_FIRST, _OWN, _GENERAL, "remedies", "clocks", "law")
def _roads_lead_on(playbook: Playbook, around: Around) -> Iterator[Finding]:
    """Every remedy can be come to, and every state that can be come to has an end before it."""
    steps = tuple(step for _, step in _all_steps(playbook))
    live = around.once(("live", legal_of(playbook)), steps, lambda: live_steps(playbook))
    ends = tuple((state, rule.outcome) for state, rule in playbook.procedure.clocks.items())
    ways = around.once(("ways", ends, playbook.procedure.remedies), (live,), lambda: roads(playbook, live))
    proposed = {remedy for state in reached(ways) & live.keys() for step in live[state] for remedy in remedies_of(step)}
    for place, remedy in enumerate(playbook.procedure.remedies):
        if remedy not in proposed:
            told = f"no road leads to {remedy}; add a step with do: choose_remedy and with: {{remedy: {remedy}}}"
            yield ("remedies", place), f"{told}, or take it out"
    first = playbook.first_steps
    out = around.once(
        ("out", ends, playbook.procedure.remedies, len(first)),
        (live,),
        lambda: roads(playbook, ordinary(playbook, live)),
    )
    if stuck := trapped(out) or trapped(ways, out):
        names = ", ".join(state.value for state in State if state in stuck)
        told = f"no end can be reached from {names}: the steps go round in a circle; add one that leads out"
        yield _first_in(playbook, stuck), f"{told}, like choose_remedy, reject or answer with final: true"


def _first_in(playbook: Playbook, stuck: frozenset[State]) -> Path:
    """Where the trap is written: the first step that comes in it, else the clock of one of its states."""
    steps = [
        (path, step) for path, step in _all_steps(playbook) if path[0] != _FIRST and not stuck.isdisjoint(step.states)
    ]
    if steps:
        return steps[0][0]
    state = next(state for state in State if state in stuck)
    return ("clocks", state.value) if state in playbook.procedure.clocks else ("clocks",)


RULES: tuple[Rule, ...] = (
    _own_can_be_done,
    _general_can_be_done,
    _first_can_be_done,
    _own_steps_come,
    _general_steps_come,
    _first_steps_come,
    _always_a_step,
    _checks_are_asked,
    _roads_lead_on,
)
