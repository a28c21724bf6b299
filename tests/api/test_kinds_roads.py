"""The roads of the kinds, drawn: they show what the playbooks propose, lead to an end, and nothing lies on anything."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from api.drawings.lifecycle import BACK, CROSSING
from api.drawings.lifecycle_svg import STYLE
from api.drawings.road import DRAWINGS, mermaid, svg, text
from api.drawings.road_svg import LETTER, WIDE, Box, laid_out
from api.procedure.roads import ANSWERS, STAYS, Road, road
from models.lifecycle import FINAL, OPEN, WAITS_FOR, Action, Role, State, allowed_in, may
from tests.api.client import Api
from tests.shipped import shipped

BOOKS = shipped().kinds
ROADS: dict[str, Road] = {kind: road(book) for kind, book in BOOKS.items()}
KINDS = sorted(ROADS)
#: States in which our own desk has the word, so that the steps speak and nobody is asked for an answer.
OURS = {state for state in OPEN if WAITS_FOR[state] == "agent"} - {State.RESOLVED}


def boxes(kind: str) -> list[Box]:
    return list(laid_out(ROADS[kind]).values())


# ── what a road is ────────────────────────────────────────────────────────────────────────────────


def test_whoever_is_awaited_has_an_answer_that_the_machine_knows() -> None:
    assert {state for state in OPEN if state not in OURS} == set(ANSWERS)
    for state, actions in ANSWERS.items():
        assert [action for action in actions if not allowed_in(state, action)] == []
        assert [action for action in actions if not any(may(role, action) for role in Role)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_leads_to_a_place_of_the_road_or_stays_in_the_case(kind: str) -> None:
    ends = {*ROADS[kind].places, STAYS, BACK}
    assert [way for way in ROADS[kind].ways if way.target not in ends] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_road_begins_with_the_request_and_has_an_end(kind: str) -> None:
    places = ROADS[kind].places
    assert places[0] == State.REQUESTED
    assert FINAL & set(places)
    assert CROSSING in places


@pytest.mark.parametrize("kind", KINDS)
def test_every_place_but_the_ends_has_a_way_on(kind: str) -> None:
    found = ROADS[kind]
    stuck = [p for p in found.places if p not in FINAL and all(way.target == STAYS for way in found.leaving(p))]
    assert stuck == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_own_step_in_a_place_of_the_road_is_drawn_as_the_kinds_own(kind: str) -> None:
    own = {(way.source, way.words.split()[0]) for way in ROADS[kind].ways if way.by == "own"}
    steps = [(state, step.do) for step in BOOKS[kind].steps if step.do for state in step.states]
    assert [(state, do) for state, do in steps if state in ROADS[kind].places and (state, do) not in own] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_way_that_moves_a_case_is_in_the_table_of_arrows(kind: str) -> None:
    """The clock and the crossing speak for actions that they do not name."""
    told = [way for way in ROADS[kind].ways if way.by not in ("clock", "crossing") and way.source != CROSSING]
    assert [way for way in told if not allowed_in(State(way.source), Action(way.words.split()[0]))] == []


@pytest.mark.parametrize(
    ("kind", "place", "line", "by"),
    [
        ("not_dispatched", "requested", "investigate warehouse / department → investigating", "own"),
        ("not_dispatched", "intercepting", "report_interception (gone) → recalling", "own"),
        ("not_dispatched", "intercepting", "report_interception (pulled) → the remedy", "own"),
        ("quality_fault", "received", "confirm_fault → fault_confirmed", "own"),
        ("quality_fault", "received", "refute_fault → fault_refuted", "answer"),
        ("warranty_repair", "quoted", "accept_quote (something to pay first) → awaiting_payment", "answer"),
        ("change_of_mind", "awaiting_return", "silence → closed", "clock"),
        ("change_of_mind", CROSSING, "above the limit → awaiting_approval", "crossing"),
        ("change_of_mind", "resolved", "complete_callback (not satisfied) → requested", "general"),
    ],
)
def test_ways_that_a_manager_looks_for(kind: str, place: str, line: str, by: str) -> None:
    assert [way.by for way in ROADS[kind].leaving(place) if way.line == line] == [by]


def test_a_kind_whose_goods_were_delivered_stops_no_parcel() -> None:
    assert State.INTERCEPTING not in ROADS["change_of_mind"].places
    assert State.INTERCEPTING in ROADS["cancel_before_shipment"].places


# ── the drawings ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_no_box_lies_on_another_and_all_words_fit_into_theirs(kind: str) -> None:
    found = boxes(kind)
    assert [a.place for a, b in pairwise(found) if a.bottom >= b.y] == []
    rows = [(box, row) for box in found for row in box.rows]
    assert [row.lines for box, row in rows if not box.y < row.y < box.bottom] == []
    assert [line for _, row in rows for line in row.lines if len(line) * LETTER > WIDE - 30] == []
    heights = [row.y for box in found for row in box.rows]
    assert min((b - a for a, b in pairwise(heights)), default=99) >= 16


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_runs_over_another_but_to_the_same_place(kind: str) -> None:
    """Lanes hold upright pieces of lines; two that overlap in one lane lead to the same place on the same side."""
    shape = re.compile(r'<path class="road[^"]*" d="M \d+ (\d+) H -?\d+ Q (-?\d+) .* V (-?\d+) Q')
    pieces = [(int(lane), *sorted((int(y), int(end)))) for y, lane, end in shape.findall(svg(ROADS[kind]))]
    doors = {box.door for box in boxes(kind)}
    assert len(pieces) > 10
    for lane, top, bottom in pieces:
        for other, above, below in pieces:
            if lane == other and (top, bottom) != (above, below) and top < below and above < bottom:
                ends = {top - 5, top + 5, bottom - 5, bottom + 5} & {above - 5, above + 5, below - 5, below + 5} & doors
                assert ends, (lane, top, bottom, above, below)


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_well_formed_needs_nothing_from_outside_and_looks_like_the_other(kind: str) -> None:
    drawn = svg(ROADS[kind])
    root = ElementTree.fromstring(drawn)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    places = [(float(node.attrib["x"]), float(node.attrib["y"])) for node in root.iter() if "y" in node.attrib]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)
    assert width < 700
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    assert STYLE.removesuffix("</style>") in drawn
    assert "prefers-color-scheme: dark" in drawn


@pytest.mark.parametrize("kind", KINDS)
def test_every_form_tells_every_place(kind: str) -> None:
    names = [place for place in ROADS[kind].places if place != CROSSING]
    for told in (svg(ROADS[kind]), mermaid(ROADS[kind]), text(ROADS[kind])):
        assert [name for name in names if name not in told] == []


def test_thick_lines_of_the_flowchart_are_the_kinds_own_steps() -> None:
    drawn = mermaid(ROADS["quality_fault"])
    assert 'requested ==>|"authorise_return"| awaiting_return' in drawn
    assert 'received -.->|"refute_fault"| fault_refuted' in drawn


async def test_the_api_draws_the_playbook_in_force(api: Api) -> None:
    drawn = await api.get("/playbooks/no_scan", params={"format": "svg"})
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.text == DRAWINGS["svg"](ROADS["no_scan"])
    told = await api.get("/playbooks/no_scan", params={"format": "mermaid"})
    assert told.headers["content-type"].startswith("text/plain")
    assert told.text == DRAWINGS["mermaid"](ROADS["no_scan"])


@pytest.mark.parametrize(("kind", "format", "status"), [("haunted", "svg", 404), ("no_scan", "opera", 422)])
async def test_what_cannot_be_drawn_is_refused(api: Api, kind: str, format: str, status: int) -> None:
    assert (await api.get(f"/playbooks/{kind}", params={"format": format})).status_code == status
