"""What the picture of a road says: the machine's own names, unless whoever asks for it brings other words."""

from collections.abc import Callable
from dataclasses import dataclass

from api.drawings.lifecycle import CROSSING, STAGE_NAMES
from api.procedure.roads import By, Road, Way
from models.lifecycle import WAITS_FOR, Stage, State

__all__ = ["MACHINE", "RoadWords", "waits"]


@dataclass(frozen=True, slots=True)
class RoadWords:
    """The words of a road's picture: `told` to whoever cannot see it, `below` its title, `way` for one row."""

    told: Callable[[Road], str]
    title: Callable[[Road], str]
    below: Callable[[Road], str]
    legend: tuple[tuple[By, str], ...]
    stage: Callable[[Stage], str]
    place: Callable[[str], str]
    waits: Callable[[str], str]
    way: Callable[[Way], str]


def waits(place: str) -> str:
    """Whom a state waits for, as the drawings say it; in an investigation that is whom the check names."""
    if place == State.INVESTIGATING:
        return "waits for who is asked"
    awaited = WAITS_FOR[State(place)]
    return "the end" if awaited == "nobody" else f"waits for {awaited}"


#: As the command line, the API and `docs/roads` say it.
MACHINE = RoadWords(
    told=lambda road: f"The road of {road.kind}: {road.en}",
    title=lambda road: road.kind,
    below=lambda road: f"{road.zh} · {road.en}",
    legend=(
        ("own", "a step of this kind"),
        ("general", "a general step"),
        ("answer", "who is awaited"),
        ("clock", "the clock"),
    ),
    stage=lambda stage: STAGE_NAMES[stage],
    place=lambda place: "the remedy" if place == CROSSING else place,
    waits=lambda place: "the first that holds" if place == CROSSING else waits(place),
    way=lambda way: way.line,
)
