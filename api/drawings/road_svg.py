"""The drawing of a kind's road as SVG: its places one below the other, and beside them the ways from one to another.

Every way begins at its own row, so that no words ever lie on a line. Ways onward run on the right, ways back on the
left; those to the same place share one line, in the colour of that place. What the drawing says comes from outside.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from api.drawings.lifecycle import CROSSING
from api.drawings.lifecycle_svg import STYLE, label
from api.drawings.road_words import MACHINE, RoadWords
from api.procedure.roads import By, Road, Way
from models.lifecycle import STAGE, Stage, State

__all__ = ["LETTER", "Box", "Row", "draw", "laid_out", "letters"]

WIDE, HEAD, ROW, FOOT, GAP, LANE, EDGE = 392, 26, 16, 5, 15, 11, 22
TOP = 112  # the title and what the marks mean
LETTER = 7.2  # the width of a letter in a row, where it is wide
FITS = int((WIDE - 34) / LETTER)
_ROUND = 5
#: Letters as wide as they are high, and how many usual ones stand in the place of one of them.
_HIGH = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"
_WIDE_LETTER = 1.65
_WIDE_LETTERS = re.compile(f"[{_HIGH}]")
#: What a word may be torn into: no line ends with an opening mark or begins with a closing one.
_PIECE = re.compile(f"[（“]*(?:[{_HIGH}]|[^{_HIGH}“”]+)[），。、：；”]*")


@dataclass(frozen=True, slots=True)
class Row:
    """A way as it stands in a box: its lines, and the height at which its own line begins."""

    way: Way
    lines: tuple[str, ...]
    y: int


@dataclass(frozen=True, slots=True)
class Box:
    """A place in the drawing."""

    place: str
    y: int
    height: int
    rows: tuple[Row, ...]

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def door(self) -> int:
        """The height at which ways arrive."""
        return self.y + HEAD // 2


def laid_out(road: Road, words: RoadWords = MACHINE) -> dict[str, Box]:
    """Every box by its place, from the top to the bottom."""
    boxes: dict[str, Box] = {}
    y = TOP
    for place in road.places:
        boxes[place] = _box(place, y, road.leaving(place), words)
        y = boxes[place].bottom + GAP
    return boxes


def _box(place: str, top: int, ways: Iterable[Way], words: RoadWords) -> Box:
    rows: list[Row] = []
    y = top + HEAD
    for way in ways:
        lines = tuple(_folded(words.way(way)))
        rows.append(Row(way, lines, y + 8))
        y += ROW * len(lines)
    return Box(place, top, y - top + (FOOT if rows else 0), tuple(rows))


def letters(line: str) -> float:
    """How wide a line is, in letters of the usual width."""
    wide = len(_WIDE_LETTERS.findall(line))
    return len(line) - wide + wide * _WIDE_LETTER


def _folded(line: str) -> Iterator[str]:
    """A line in as many as it needs: folded at spaces, and a word that is wider than a box wherever it may be torn."""
    told = ""
    for gap, piece in _pieces(line):
        if told and letters(f"{told}{gap}{piece}") > FITS:
            yield told
            told = piece
        else:
            told = f"{told}{gap}{piece}" if told else piece
    yield told


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """What stays whole, each with what stands before it when it does not begin a line."""
    for word in line.split(" "):
        if letters(word) <= FITS:
            yield " ", word
        else:
            torn = _PIECE.findall(word) or [word]
            yield from zip((" ", *("" for _ in torn[1:])), torn, strict=True)


# ── lines beside the boxes ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Trunk:
    """All ways to one place on one side, from the highest to the lowest point, in a lane of their own."""

    target: str
    top: int
    bottom: int
    lane: int


def _trunks(boxes: dict[str, Box], onward: bool) -> dict[str, _Trunk]:
    """The shared lines of one side: short ones next to the boxes, and none over another."""
    spans: dict[str, list[int]] = {}
    for _, row in _rows(boxes):
        if row.way.target in boxes and _is_onward(boxes, row.way) is onward:
            spans.setdefault(row.way.target, [boxes[row.way.target].door]).append(row.y)
    taken: list[list[tuple[int, int]]] = []
    found: dict[str, _Trunk] = {}
    for target, (top, bottom) in sorted(_ends(spans), key=lambda one: (one[1][1] - one[1][0], one[0])):
        lane = next((n for n, spots in enumerate(taken) if all(bottom < a or top > b for a, b in spots)), len(taken))
        taken[lane:] = taken[lane:] or [[]]
        taken[lane].append((top - 6, bottom + 6))
        found[target] = _Trunk(target, top, bottom, lane)
    return found


def _ends(spans: dict[str, list[int]]) -> Iterator[tuple[str, tuple[int, int]]]:
    yield from ((target, (min(ys), max(ys))) for target, ys in spans.items())


def _rows(boxes: dict[str, Box]) -> Iterator[tuple[Box, Row]]:
    yield from ((box, row) for box in boxes.values() for row in box.rows)


def _is_onward(boxes: dict[str, Box], way: Way) -> bool:
    return boxes[way.target].y > boxes[way.source].y


# ── the picture ───────────────────────────────────────────────────────────────────────────────────


def draw(road: Road, words: RoadWords = MACHINE) -> str:
    """The whole picture, in the words of the machine or in others."""
    boxes = laid_out(road, words)
    left, right = _trunks(boxes, onward=False), _trunks(boxes, onward=True)
    x = EDGE + LANE * (1 + max((trunk.lane for trunk in left.values()), default=-1) + 1)
    width = max(x + WIDE + LANE * (2 + max((trunk.lane for trunk in right.values()), default=-1)) + EDGE, 560)
    height = max(box.bottom for box in boxes.values()) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{escape(words.told(road), quote=True)}">',
        STYLE.replace("</style>", _MORE),
        f'<rect class="page" width="{width}" height="{height}" rx="14"/>',
        label(EDGE, 34, "title", words.title(road), "start"),
        label(EDGE, 55, "small", words.below(road), "start"),
        *_legend(words),
        *_bands(boxes, width, words),
        *_lines(boxes, left, right, x),
        *(part for box in boxes.values() for part in _drawn(box, x, words)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend(words: RoadWords) -> Iterator[str]:
    x = EDGE + 5
    for by, told in words.legend:
        yield _mark(by, x, 78)
        yield label(x + 10, 82, "small", told, "start")
        x += 30 + int(letters(told) * 6.2) + 3 * len(_WIDE_LETTERS.findall(told))


def _bands(boxes: dict[str, Box], width: int, words: RoadWords) -> Iterator[str]:
    """A stripe behind the places of each stage. Those after the crossing are remedies, whichever stage they close."""
    for stage in Stage:
        here = [box for box in boxes.values() if _stage(box.place) is stage]
        if here:
            top, bottom = here[0].y - 7, here[-1].bottom + 7
            yield f'<rect class="band b-{stage}" x="8" y="{top}" width="{width - 16}" height="{bottom - top}" rx="8"/>'
            yield _upright(stage, (top + bottom) // 2, words.stage(stage))


def _upright(stage: Stage, y: int, name: str) -> str:
    turned = f'transform="rotate(-90 19 {y})"'
    return f'<text class="side t-{stage}" x="19" y="{y}" text-anchor="middle" {turned}>{escape(name)}</text>'


def _stage(place: str) -> Stage:
    return Stage.REMEDY if place == CROSSING else STAGE[State(place)]


def _lines(boxes: dict[str, Box], left: dict[str, _Trunk], right: dict[str, _Trunk], x: int) -> Iterator[str]:
    """Every way from its row to its place, those of the kind's own on top."""
    ways = [row for _, row in _rows(boxes) if row.way.target in boxes]
    for row in sorted(ways, key=lambda row: row.way.by == "own"):
        onward = _is_onward(boxes, row.way)
        trunk = (right if onward else left)[row.way.target]
        edge, sign = (x + WIDE, 1) if onward else (x, -1)
        lane = edge + sign * (LANE * (trunk.lane + 1) + 3)
        yield _path(row, edge, lane, boxes[row.way.target].door, sign)
    yield from (_head(target, x, boxes[target].door, -1) for target in left)
    yield from (_head(target, x + WIDE, boxes[target].door, 1) for target in right)


def _path(row: Row, edge: int, lane: int, door: int, sign: int) -> str:
    down = _ROUND if door > row.y else -_ROUND
    turn = sign * _ROUND
    line = (
        f"M {edge} {row.y} H {lane - turn} Q {lane} {row.y} {lane} {row.y + down} V {door - down} "
        f"Q {lane} {door} {lane - turn} {door} H {edge + 7 * sign}"
    )
    kind = {"own": " own", "answer": " other", "clock": " other"}.get(row.way.by, "")
    return f'<path class="road{kind} r-{_stage(row.way.target)}" d="{line}"/>'


def _head(target: str, edge: int, y: int, sign: int) -> str:
    """The arrow's head at a place; it lies on the box's edge and looks into it."""
    out = edge + 8 * sign
    return f'<path class="h-{_stage(target)}" d="M {edge} {y} L {out} {y - 5} L {out} {y + 5} Z"/>'


def _drawn(box: Box, x: int, words: RoadWords) -> Iterator[str]:
    if box.place == CROSSING:
        yield f'<rect class="bar" x="{x}" y="{box.y}" width="{WIDE}" height="{box.height}" rx="7"/>'
    else:
        stage = _stage(box.place)
        yield f'<rect class="box b-{stage}" x="{x}" y="{box.y}" width="{WIDE}" height="{box.height}" rx="7"/>'
    yield label(x + 11, box.y + 18, "name", words.place(box.place), "start")
    yield label(x + WIDE - 11, box.y + 18, "small", words.waits(box.place))
    for row in box.rows:
        yield _mark(row.way.by, x + 15, row.y)
        for number, line in enumerate(row.lines):
            kind = "exit mine" if row.way.by == "own" else "exit"
            yield label(x + (26 if not number else 36), row.y + 4 + ROW * number, kind, line, "start")


def _mark(by: By, x: int, y: int) -> str:
    """What stands before a row: a full circle, a ring, a triangle, a square, or a dash."""
    if by == "own":
        return f'<circle class="head" cx="{x}" cy="{y}" r="4"/>'
    if by == "general":
        return f'<circle class="ring" cx="{x}" cy="{y}" r="3.4"/>'
    if by == "answer":
        return f'<path class="ring" d="M {x - 3} {y - 4} L {x + 4} {y} L {x - 3} {y + 4} Z"/>'
    if by == "clock":
        return f'<rect class="ring" x="{x - 3}" y="{y - 3}" width="6" height="6"/>'
    return f'<path class="ring" d="M {x - 3} {y} H {x + 4}"/>'


_MORE = """.side { font-size: 10.5px; font-weight: 700; letter-spacing: .6px }
.mine { font-weight: 700; fill: #20242a }
.ring { fill: none; stroke: #55606e; stroke-width: 1.4 }
.road { fill: none; stroke-width: 1.3 } .road.own { stroke-width: 2.6 } .road.other { stroke-dasharray: 4 3 }
.r-request { stroke: #4a78b5 } .r-goods { stroke: #b98524 } .r-diagnosis { stroke: #7a5bb0 }
.r-remedy { stroke: #3d8f62 } .r-follow_up { stroke: #2d8b96 } .r-done { stroke: #7c7c7c }
.h-request { fill: #4a78b5 } .h-goods { fill: #b98524 } .h-diagnosis { fill: #7a5bb0 }
.h-remedy { fill: #3d8f62 } .h-follow_up { fill: #2d8b96 } .h-done { fill: #7c7c7c }
@media (prefers-color-scheme: dark) {
  .mine { fill: #ffffff } .ring { stroke: #a4adba }
  .r-request { stroke: #8db5ea } .r-goods { stroke: #e2b565 } .r-diagnosis { stroke: #bda2ea }
  .r-remedy { stroke: #7fd0a3 } .r-follow_up { stroke: #78ccd6 } .r-done { stroke: #bbbbbb }
  .h-request { fill: #8db5ea } .h-goods { fill: #e2b565 } .h-diagnosis { fill: #bda2ea }
  .h-remedy { fill: #7fd0a3 } .h-follow_up { fill: #78ccd6 } .h-done { fill: #bbbbbb }
}
</style>"""
