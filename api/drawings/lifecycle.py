"""The life of a case as a drawing, read from the one table: `aftercare lifecycle`, `GET /lifecycle?format=…`, the docs.

Some rows of the table would cover every box with arrows. They are brought together: every way to a remedy meets in one
crossing, ways back are words at the state they begin in, and what is possible nearly everywhere is a note.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from models.lifecycle import (
    ARROWS,
    FINAL,
    GATES,
    OPEN,
    REMEDY_STATES,
    STAGE,
    WAITS_FOR,
    Action,
    Arrow,
    Stage,
    State,
)

__all__ = [
    "BACK",
    "COLOURS",
    "CROSSING",
    "STAGE_NAMES",
    "Leg",
    "crossing",
    "legs",
    "mermaid",
    "notes",
    "said",
    "staying",
    "svg",
    "text",
]

#: Where every way to a remedy meets: the gates are asked there in their order.
CROSSING = "the_remedy"
#: Instead of a state: the state that the case came from.
BACK = "back where it came from"
#: An action that leads on from so many states is told in a note instead of being drawn from each of them,
_NEARLY_EVERYWHERE = 9
#: but for the one that the main road takes.
_DRAWN_ALL_THE_SAME = ((State.RETURN_IN_TRANSIT, Action.BOOK_IN),)

STAGE_NAMES = {
    Stage.REQUEST: "Request",
    Stage.GOODS: "Goods",
    Stage.DIAGNOSIS: "Diagnosis",
    Stage.REMEDY: "Remedy",
    Stage.FOLLOW_UP: "Follow-up",
    Stage.DONE: "Done",
}
_FORKS = (*GATES, *REMEDY_STATES)
_GUARDS_OF_FORKS = frozenset(guard for _, guard in _FORKS)
_WORDS = {
    "above_limit": "above the limit",
    "offer_above_limit": "above the limit",
    "approved_offer": "an offer",
    "must_intercept": "label printed",
    "must_recall": "parcel on its way",
    "owes": "something to pay first",
    "out_of_stock": "no stock",
    "goods_must_come": "goods must come",
    "goods_here": "goods are here",
    "not_inspected": "not inspected yet",
    "official_report": "official report",
    "final_answer": "final",
    "tries_left": "tries left",
    "goods_elsewhere": "goods not here",
    "paid_and_goods_owed": "paid, goods to go back",
}


@dataclass(frozen=True, slots=True)
class Leg:
    """One way from a state: by `action` to a state, to the CROSSING or BACK, `when` its guard holds."""

    source: State
    action: Action
    target: str
    when: str = ""


def legs() -> tuple[Leg, ...]:
    """Every way that moves a case, in the order of the table; those told in notes are left out."""
    found = [
        Leg(source, arrow.action, _target(arrow), _when(arrow))
        for arrow in ARROWS
        if arrow.target is not None
        for source in arrow.sources
        if source is not arrow.target and (arrow.action not in _WIDE or (source, arrow.action) in _DRAWN_ALL_THE_SAME)
    ]
    return tuple(dict.fromkeys(found))


def crossing() -> tuple[tuple[str, State], ...]:
    """What the crossing asks, in this order, and where each leads: gates first, then the remedy's own state."""
    return tuple((said(guard.__name__), state) for state, guard in _FORKS)


def staying(state: State) -> tuple[Action, ...]:
    """The actions that are recorded in this state and leave the case there; those possible nearly everywhere apart."""
    narrow = {a.action for a in ARROWS if a.target is None and len(a.sources) < _NEARLY_EVERYWHERE}
    here = (arrow.action for arrow in ARROWS if arrow.target is None and state in arrow.sources)
    return tuple(action for action in dict.fromkeys(here) if action in narrow)


def notes() -> tuple[str, ...]:
    """What is possible nearly everywhere, one sentence per action."""
    return tuple(_note(action) for action in Action if action in _WIDE)


# ── reading the table ─────────────────────────────────────────────────────────────────────────────


def _moving(action: Action) -> list[Arrow]:
    return [arrow for arrow in ARROWS if arrow.action is action and arrow.target is not None]


def _is_wide(action: Action) -> bool:
    return any(len(arrow.sources) >= _NEARLY_EVERYWHERE for arrow in _moving(action))


_WIDE = frozenset(action for action in Action if _is_wide(action))


def _target(arrow: Arrow) -> str:
    if arrow.guard in _GUARDS_OF_FORKS and _leads_to_every_remedy(arrow.action):
        return CROSSING
    if arrow.guard is not None and arrow.guard.__name__.startswith("came from"):
        return BACK
    assert arrow.target is not None
    return arrow.target.value


def _leads_to_every_remedy(action: Action) -> bool:
    return {state for state, _ in REMEDY_STATES} <= {arrow.target for arrow in _moving(action)}


def _when(arrow: Arrow) -> str:
    if arrow.guard is None or _target(arrow) in (CROSSING, BACK):
        return ""
    return arrow.label or said(arrow.guard.__name__)


def said(guard: str) -> str:
    """What a guard asks, in words."""
    return _WORDS.get(guard, guard)


def _note(action: Action) -> str:
    arrows = _moving(action)
    where = sorted({_where(arrow) for arrow in arrows if len(arrow.sources) >= _NEARLY_EVERYWHERE})
    ends = dict.fromkeys(_end(arrow) for arrow in arrows)
    return f"{action} {' and '.join(where)}: {', '.join(ends)}"


def _where(arrow: Arrow) -> str:
    missing = [state for state in OPEN if state not in arrow.sources]
    if not missing:
        return "from every open state"
    if len(missing) < len(arrow.sources):
        return f"from every open state but {', '.join(missing)}"
    return f"from {', '.join(arrow.sources)}"


def _end(arrow: Arrow) -> str:
    when = _when(arrow)
    if not when or when == f"to {arrow.target}":
        return f"{arrow.target}"
    return f"{arrow.target} ({when})"


def _by_way(found: Iterable[Leg]) -> Iterator[tuple[State, str, str]]:
    """Legs between the same two places as one: source, target, all their actions."""
    together: dict[tuple[State, str], list[str]] = {}
    for leg in found:
        words = f"{leg.action} ({leg.when})" if leg.when else leg.action.value
        together.setdefault((leg.source, leg.target), []).append(words)
    for (source, target), said in together.items():
        yield source, target, ", ".join(dict.fromkeys(said))


# ── mermaid ───────────────────────────────────────────────────────────────────────────────────────


COLOURS = {
    Stage.REQUEST: "fill:#e8f0fb,stroke:#4a78b5,color:#16263b",
    Stage.GOODS: "fill:#fdf1dc,stroke:#b98524,color:#3a2a0a",
    Stage.DIAGNOSIS: "fill:#efe8fa,stroke:#7a5bb0,color:#271a3d",
    Stage.REMEDY: "fill:#e3f4ea,stroke:#3d8f62,color:#0f2c1d",
    Stage.FOLLOW_UP: "fill:#e0f3f5,stroke:#2d8b96,color:#0b2b2f",
    Stage.DONE: "fill:#ececec,stroke:#777777,color:#222222",
}


def mermaid() -> str:
    """The machine as a mermaid state diagram, coloured by stage; every arrow carries its actions."""
    return "\n".join(_mermaid_lines()) + "\n"


def _mermaid_lines() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield "    [*] --> requested"
    yield f"    state {CROSSING} <<choice>>"
    found = legs()
    for stage in Stage:
        yield f"    %% {STAGE_NAMES[stage]}"
        for source, target, words in _by_way(leg for leg in found if STAGE[leg.source] is stage):
            if target != BACK:
                yield f"    {source} --> {target} : {words}"
    yield "    %% The crossing: the first that holds"
    yield from (f"    {CROSSING} --> {state} : {words}" for words, state in crossing())
    yield from (f"    {state} --> [*]" for state in State if state in FINAL)
    yield from _mermaid_notes(found)
    yield from _mermaid_colours()


def _mermaid_notes(found: Iterable[Leg]) -> Iterator[str]:
    for source, target, words in _by_way(found):
        if target == BACK:
            yield f"    note right of {source}\n        {words}: {BACK}\n    end note"
    lines = "\n".join(f"        {note}" for note in notes())
    yield f"    note left of requested\n{lines}\n    end note"


def _mermaid_colours() -> Iterator[str]:
    for stage in Stage:
        states = ",".join(state for state in State if STAGE[state] is stage)
        yield f"    classDef {stage} {COLOURS[stage]}"
        yield f"    class {states} {stage}"


# ── text ──────────────────────────────────────────────────────────────────────────────────────────


def text() -> str:
    """The machine in plain words, for a terminal: a paragraph per state."""
    found = legs()
    lines = [line for stage in Stage for line in _stage_lines(stage, found)]
    lines += ["THE REMEDY: the first that holds", *(f"    {words} → {state}" for words, state in crossing())]
    lines += ["", "NEARLY EVERYWHERE", *(f"    {note}" for note in notes())]
    return "\n".join(lines) + "\n"


def _stage_lines(stage: Stage, found: Iterable[Leg]) -> Iterator[str]:
    yield STAGE_NAMES[stage].upper()
    for state in (state for state in State if STAGE[state] is stage):
        yield f"  {state}, waits for {WAITS_FOR[state]}"
        for leg in (leg for leg in found if leg.source is state):
            when = f" ({leg.when})" if leg.when else ""
            yield f"    {leg.action}{when} → {'the remedy' if leg.target == CROSSING else leg.target}"
        stays = staying(state)
        if stays:
            yield f"    stays: {', '.join(stays)}"
    yield ""


# ── svg ───────────────────────────────────────────────────────────────────────────────────────────


def svg() -> str:
    """The machine as a picture, drawn by our own hand: no program and no font from outside is needed."""
    from api.drawings.lifecycle_svg import draw  # it reads this file's words, and nobody else needs it

    return draw()


DRAWINGS: dict[str, Callable[[], str]] = {"text": text, "mermaid": mermaid, "svg": svg}
