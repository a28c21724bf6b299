"""The road of a kind of case, drawn: `aftercare playbook draw`, `GET /playbooks/{kind}?format=…`, docs/roads/."""

from collections.abc import Callable, Iterator

from api.drawings.lifecycle import COLOURS, CROSSING, STAGE_NAMES
from api.drawings.road_svg import draw
from api.drawings.road_words import waits
from api.procedure.roads import By, Road
from models.lifecycle import STAGE, Stage, State

__all__ = ["DRAWINGS", "mermaid", "svg", "text"]

# ── text ──────────────────────────────────────────────────────────────────────────────────────────

_MARKS: dict[By, str] = {"own": "*", "general": "·", "answer": "<", "clock": "!", "crossing": "?"}


def text(found: Road) -> str:
    """The road in plain words, for a terminal: a paragraph per place."""
    lines = [f"{found.kind} · {found.zh} · {found.en}"]
    lines += ["* the kind's own step · a general step < whoever is awaited ! the clock ? before a remedy", ""]
    for place in found.places:
        lines.append(_place_line(place))
        lines += [f"    {_MARKS[way.by]} {way.line}" for way in found.leaving(place)]
    return "\n".join(lines) + "\n"


def _place_line(place: str) -> str:
    if place == CROSSING:
        return "  the remedy: the first that holds"
    return f"  {place}, {waits(place)}"


# ── mermaid ───────────────────────────────────────────────────────────────────────────────────────

_ARROW: dict[By, str] = {"own": "==>", "general": "-->", "answer": "-.->", "clock": "-.->", "crossing": "-->"}


def mermaid(found: Road) -> str:
    """The road as a mermaid flowchart: thick lines are the kind's own steps, dotted ones what others answer."""
    return "\n".join(_mermaid_lines(found)) + "\n"


def _mermaid_lines(found: Road) -> Iterator[str]:
    yield "flowchart TD"
    yield f"    %% {found.kind}: {found.en}"
    for place in found.places:
        yield f"    {place}{{the remedy}}" if place == CROSSING else f"    {place}({place})"
    for way in found.ways:
        if way.target in found.places:
            words = f"{way.words} ({way.when})" if way.when else way.words
            yield f'    {way.source} {_ARROW[way.by]}|"{words}"| {way.target}'
    for stage in Stage:
        here = [place for place in found.places if place != CROSSING and STAGE[State(place)] is stage]
        if here:
            yield f"    %% {STAGE_NAMES[stage]}"
            yield f"    classDef {stage} {COLOURS[stage]}"
            yield f"    class {','.join(here)} {stage}"


# ── svg ───────────────────────────────────────────────────────────────────────────────────────────


def svg(found: Road) -> str:
    """The road as a picture, with the machine's names."""
    return draw(found)


DRAWINGS: dict[str, Callable[[Road], str]] = {"text": text, "mermaid": mermaid, "svg": svg}
