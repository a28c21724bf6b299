"""The drawings are the table: nothing of it is missing in them, and they show nothing that is not in it."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from api.drawings import lifecycle as drawing
from api.drawings import lifecycle_svg as picture
from api.drawings.lifecycle import BACK, CROSSING, mermaid, svg, text
from models.lifecycle import ARROWS, GATES, REMEDY_STATES, Action, State

DOCS = Path(__file__).parents[2] / "docs"
MOVING = [(arrow, source) for arrow in ARROWS if arrow.target is not None for source in arrow.sources]
FORKS = [state for state, _ in (*GATES, *REMEDY_STATES)]
EDGE = re.compile(r"^    (\w+) --> (\w+) : (.+)$", re.MULTILINE)


def edges() -> list[tuple[str, str, list[str]]]:
    """Source, target and actions of every arrow of the mermaid drawing that leaves a state."""
    found = EDGE.findall(mermaid())
    return [(a, b, re.findall(r"(\w+)(?: \([^)]*\))?(?:, |$)", words)) for a, b, words in found if a != CROSSING]


EDGES = edges()


@pytest.mark.parametrize(("file", "draw"), [("lifecycle.svg", svg), ("lifecycle.mmd", mermaid)])
def test_the_drawing_in_the_docs_is_the_table(file, draw):
    told = f"docs/{file} is not the table any more: aftercare lifecycle --format {file[-3:]} > docs/{file}"
    assert (DOCS / file).read_text(encoding="utf-8") == draw(), told


@pytest.mark.parametrize("action", dict.fromkeys(arrow.action for arrow, _ in MOVING))
def test_every_way_of_the_table_is_drawn_or_told(action):
    told = [note for note in drawing.notes() if note.startswith(f"{action} ")]
    for arrow, source in (each for each in MOVING if each[0].action is action):
        drawn = {b for a, b, actions in EDGES if a == source and action in actions}
        goes_back = f"note right of {source}\n        {action}: {BACK}" in mermaid()
        noted = any(str(arrow.target) in note for note in told)
        assert source is arrow.target or {arrow.target, CROSSING} & drawn or goes_back or noted, (source, arrow.target)


def test_nothing_is_drawn_that_the_table_does_not_have():
    for source, target, actions in EDGES:
        ends = FORKS if target == CROSSING else [State(target)]
        for action in actions:
            rows = [a for a in ARROWS if a.action is Action(action) and source in a.sources and a.target in ends]
            assert rows, (source, action, target)


def test_the_crossing_asks_for_the_gates_in_their_order_and_then_for_the_remedy():
    assert [state for _, state in drawing.crossing()] == FORKS


def test_the_terminal_shows_every_state_and_every_action_that_moves_a_case():
    shown = text()
    assert all(f"  {state}, waits for" in shown for state in State)
    assert all(re.search(rf"\b{arrow.action}\b", shown) for arrow, _ in MOVING)


def test_every_way_is_a_line_of_the_picture_or_words_in_its_box():
    lines = {(way.source, way.action, way.target) for way in picture.LINES}
    for leg in drawing.legs():
        words = " ".join(picture.exits(leg.source, 200))
        crosses = leg.target == CROSSING and leg.action is Action.CHOOSE_REMEDY
        assert crosses or (leg.source, leg.action, leg.target) in lines or leg.action in words


def test_every_line_of_the_picture_is_in_the_table():
    drawn = {(leg.source, leg.action, leg.target) for leg in drawing.legs()}
    assert {(way.source, way.action, way.target) for way in picture.LINES} <= drawn


def test_the_picture_has_one_box_for_every_state_and_none_lies_on_another():
    boxes = list(picture.PLACES.values())
    assert {box.state for box in boxes} == set(State)
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a.right <= b.x or b.right <= a.x or a.bottom <= b.y or b.bottom <= a.y, (a.state, b.state)


def test_the_words_of_a_box_fit_into_it():
    for box in picture.PLACES.values():
        for line in picture.exits(box.state, box.width):
            assert len(line) * picture.LETTER < box.width, line


def test_the_picture_is_well_formed_and_needs_nothing_from_outside():
    root = ElementTree.fromstring(svg())
    width = float(root.attrib["width"])
    assert all(0 <= float(node.attrib["x"]) <= width for node in root.iter() if "x" in node.attrib)
    assert "http" not in svg().replace("http://www.w3.org/2000/svg", "")
