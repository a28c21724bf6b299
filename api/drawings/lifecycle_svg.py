"""The drawing of a case's life as SVG, laid out by hand: where each box stands is written here, what it says comes
from the table. Ways of the main road are lines; all others are words in the box that they begin in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Literal

from api.drawings import lifecycle as drawing
from api.drawings.lifecycle import BACK, CROSSING, Leg
from models.lifecycle import STAGE, WAITS_FOR, Action, Stage, State

__all__ = ["LINES", "PLACES", "STYLE", "draw", "label"]

WIDTH = 1172
LEFT, RIGHT = 28, 1144
HEAD, ROW, FOOT = 42, 15, 8
LETTER = 6.3  # the usual width of a letter in a box
NARROW = 186

S, A = State, Action
#: Rows from top to bottom: the state, the middle of its box, and how wide the box is.
ROWS: tuple[tuple[tuple[State, int, int], ...], ...] = (
    ((S.REQUESTED, 151, 246), (S.AWAITING_EVIDENCE, 383, 194), (S.INVESTIGATING, 603, 222),
     (S.OFFERED, 836, 220), (S.AWAITING_APPROVAL, 1055, NARROW)),
    ((S.AWAITING_RETURN, 151, NARROW), (S.RETURN_IN_TRANSIT, 440, NARROW), (S.INTERCEPTING, 760, 200),
     (S.RECALLING, 1011, 262)),
    ((S.RECEIVED, 440, NARROW), (S.EXTERNAL_DIAGNOSIS, 800, 210)),
    ((S.INSPECTED, 200, 216), (S.FAULT_CONFIRMED, 560, 232), (S.FAULT_REFUTED, 930, 232)),
    ((S.AWAITING_PAYMENT, 229, 190), (S.AWAITING_STOCK, 445, 184), (S.QUOTED, 661, 190)),
    ((S.REFUNDING, 121, NARROW), (S.VISITING, 337, NARROW), (S.EXCHANGING, 553, NARROW),
     (S.REPAIRING, 769, NARROW), (S.RETURNING_GOODS, 1051, NARROW)),
    ((S.DELIVERING, 820, 230),),
    ((S.RESOLVED, 200, 200), (S.CLOSED, 560, 130), (S.REJECTED, 760, 130), (S.WITHDRAWN, 960, 130)),
)  # fmt: skip
#: The crossing is drawn as a bar between these rows, and there is room for lines above some others.
CROSSING_ABOVE = 4
ROOM_ABOVE = (34, 74, 66, 60, 34, 66, 62, 92)
BANDS = ((Stage.REQUEST, 0, 0), (Stage.GOODS, 1, 1), (Stage.DIAGNOSIS, 2, 3), (Stage.REMEDY, 4, 6))


@dataclass(frozen=True, slots=True)
class Way:
    """A way that is drawn as a line: where it leaves below and arrives above (0 = in the middle), in which lane above
    its target it crosses over, and where its words stand."""

    source: State
    action: Action
    target: State
    leave: int = 0
    arrive: int = 0
    lane: int = 34
    words: Literal["at target", "before target", "at source", "before source"] = "at target"


#: The main road. Everything else a state can do stands in its box.
LINES = (
    Way(S.REQUESTED, A.AUTHORISE_RETURN, S.AWAITING_RETURN),
    Way(S.AWAITING_RETURN, A.SHIP_RETURN, S.RETURN_IN_TRANSIT),
    Way(S.RETURN_IN_TRANSIT, A.BOOK_IN, S.RECEIVED),
    Way(S.RECEIVED, A.SEND_TO_EXPERT, S.EXTERNAL_DIAGNOSIS),
    Way(S.RECEIVED, A.PASS_INSPECTION, S.INSPECTED, words="before target"),
    Way(S.RECEIVED, A.CONFIRM_FAULT, S.FAULT_CONFIRMED),
    Way(S.RECEIVED, A.REFUTE_FAULT, S.FAULT_REFUTED),
    Way(S.QUOTED, A.ACCEPT_QUOTE, S.REPAIRING, leave=724, arrive=738, words="before target"),
    Way(S.REPAIRING, A.FINISH_REPAIR, S.RETURNING_GOODS),
    Way(S.EXCHANGING, A.SHIP_REPLACEMENT, S.DELIVERING, arrive=780, words="at source"),
    Way(S.RETURNING_GOODS, A.SHIP_BACK, S.DELIVERING, arrive=860, words="before source"),
    Way(S.REFUNDING, A.RECORD_REFUND, S.RESOLVED, arrive=121, words="at source"),
    Way(S.VISITING, A.FINISH_VISIT, S.RESOLVED, arrive=200, lane=76, words="at source"),
    Way(S.DELIVERING, A.RECORD_DELIVERY, S.RESOLVED, arrive=260, lane=50, words="before source"),
    Way(S.RESOLVED, A.COMPLETE_CALLBACK, S.CLOSED),
)
_TO_CROSSING = (S.INSPECTED, S.FAULT_CONFIRMED, S.FAULT_REFUTED)
_FROM_CROSSING = (S.REFUNDING, S.VISITING, S.EXCHANGING, S.REPAIRING, S.RETURNING_GOODS)


@dataclass(frozen=True, slots=True)
class Box:
    """A state in the picture."""

    state: State
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def right(self) -> int:
        return self.x + self.width


# ── what stands in a box ──────────────────────────────────────────────────────────────────────────


def exits(state: State, width: int) -> list[str]:
    """The lines of a box: every way out that is not drawn, actions with the same end together."""
    together: dict[tuple[str, str], list[str]] = {}
    for leg in drawing.legs():
        if leg.source is state and not _drawn(leg):
            together.setdefault((leg.target, leg.when), []).append(leg.action)
    return [line for (target, when), actions in together.items() for line in _exit(actions, target, when, width)]


def _drawn(leg: Leg) -> bool:
    at_crossing = leg.target == CROSSING and leg.action is Action.CHOOSE_REMEDY and leg.source in _TO_CROSSING
    return at_crossing or (leg.source, leg.action, leg.target) in {(w.source, w.action, w.target) for w in LINES}


def _exit(actions: list[str], target: str, when: str, width: int) -> Iterator[str]:
    words = {CROSSING: "◆ remedy", BACK: "back"}.get(target, target)
    yield from (f"{action}, or" for action in actions[:-1])
    fits = int((width - 20) / LETTER)
    parts = [actions[-1], *_pieces(f"({when})", fits - 4), f"→ {words}"] if when else [actions[-1], f"→ {words}"]
    line = parts[0]
    for part in parts[1:]:
        if len(line) + 1 + len(part) > fits:
            yield line
            line = f"   {part}"
        else:
            line = f"{line} {part}"
    yield line


def _pieces(words: str, fits: int) -> list[str]:
    return [words] if len(words) <= fits else words.split(" ")


# ── where things stand ────────────────────────────────────────────────────────────────────────────


def _laid_out() -> tuple[dict[State, Box], int, int]:
    """Every box by its state, the top of the crossing's bar, and where the boxes end."""
    boxes: dict[State, Box] = {}
    y, bar = 56, 0
    for number, row in enumerate(ROWS):
        y += ROOM_ABOVE[number]
        if number == CROSSING_ABOVE:
            bar, y = y, y + 112
        for state, middle, width in row:
            boxes[state] = Box(state, middle - width // 2, y, width, _height(exits(state, width)))
        y = max(boxes[state].bottom for state, _, _ in row)
    return boxes, bar, y


def _height(lines: list[str]) -> int:
    return HEAD + (ROW * len(lines) + FOOT if lines else 0)


PLACES, _BAR, _END = _laid_out()
_BAR_BOTTOM = _BAR + 64


def draw() -> str:
    """The whole picture."""
    height = _END + 48 + 18 * (len(_note_lines()) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        ' role="img" aria-label="The life of an after-sale case: states, actions and where they lead">',
        STYLE,
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="14"/>',
        label(LEFT, 38, "title", "The life of a case", "start"),
        label(RIGHT, 38, "small", "lines: the main road · words in a box: its other ways out · ◆ the crossing below"),
        *_bands(),
        *_beginning(),
        *(_line(way) for way in LINES),
        *_crossing(),
        *(part for box in PLACES.values() for part in _box(box)),
        *_notes(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _bands() -> Iterator[str]:
    for stage, first, last in BANDS:
        top = PLACES[ROWS[first][0][0]].y - 26
        bottom = max(PLACES[state].bottom for state, _, _ in ROWS[last]) + 12
        yield _band(stage, 12, WIDTH - 24, top, bottom)
    top = PLACES[S.RESOLVED].y - 26
    yield _band(Stage.FOLLOW_UP, 12, 400, top, _END + 12)
    yield _band(Stage.DONE, 470, WIDTH - 482, top, _END + 12)


def _band(stage: Stage, x: int, width: int, top: int, bottom: int) -> str:
    words = label(x + width - 14, top + 18, f"stage t-{stage}", drawing.STAGE_NAMES[stage])
    return f'<rect class="band b-{stage}" x="{x}" y="{top}" width="{width}" height="{bottom - top}" rx="10"/>{words}'


def _box(box: Box) -> Iterator[str]:
    stage = STAGE[box.state]
    yield f'<rect class="box b-{stage}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="7"/>'
    yield label(box.x + 11, box.y + 19, "name", box.state, "start")
    yield label(box.x + 11, box.y + 34, "small", _waits(box.state), "start")
    for i, line in enumerate(exits(box.state, box.width)):
        indent = 26 if line.startswith(" ") else 11
        yield label(box.x + indent, box.y + HEAD + 9 + ROW * i, "exit", line.strip(), "start")


def _waits(state: State) -> str:
    return "the end" if WAITS_FOR[state] == "nobody" else f"waits for {WAITS_FOR[state]}"


def label(x: int, y: int, kind: str, words: str, anchor: str = "end") -> str:
    """Words that begin, are centred or end at a point."""
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'


# ── lines ─────────────────────────────────────────────────────────────────────────────────────────


def _path(points: Iterable[tuple[int, int]], kind: str = "line", head: bool = True) -> str:
    there = [f"{x} {y}" for x, y in points]
    end = f"M {there[0]} L {' L '.join(there[1:])}"
    # The arrow's head is drawn by itself: markers do not take their line's colour everywhere.
    return f'<path class="{kind}" d="{end}"/>' + (_head(list(points)) if head else "")


def _head(points: list[tuple[int, int]]) -> str:
    (x0, y0), (x, y) = points[-2:]
    if x0 == x:
        back = 8 if y > y0 else -8
        return f'<path class="head" d="M {x} {y} L {x - 5} {y - back} L {x + 5} {y - back} Z"/>'
    back = 8 if x > x0 else -8
    return f'<path class="head" d="M {x} {y} L {x - back} {y - 5} L {x - back} {y + 5} Z"/>'


def _line(way: Way) -> str:
    a, b = PLACES[way.source], PLACES[way.target]
    if a.y == b.y:
        y = a.y + 24
        return _path([(a.right, y), (b.x, y)]) + label((a.right + b.x) // 2, y - 7, "way", way.action, "middle")
    leave, arrive = way.leave or a.middle, way.arrive or b.middle
    across = b.y - way.lane
    points = [(leave, a.bottom), (leave, across), (arrive, across), (arrive, b.y)]
    if leave == arrive:
        points, across = [points[0], points[-1]], a.bottom + 28
    return _path(points) + _words(way, leave, arrive, across, b.y)


def _words(way: Way, leave: int, arrive: int, across: int, top: int) -> str:
    x, y = (leave, across - 8) if way.words.endswith("source") else (arrive, top - 10)
    if way.words.startswith("before"):
        return label(x - 8, y, "way", way.action)
    return label(x + 8, y, "way", way.action, "start")


def _beginning() -> Iterator[str]:
    first = PLACES[S.REQUESTED]
    y = first.y - 34
    yield f'<circle class="head" cx="{first.middle}" cy="{y}" r="6"/>'
    yield _path([(first.middle, y), (first.middle, first.y)])


def _crossing() -> Iterator[str]:
    """The bar where every way to a remedy meets, and the lines into and out of it."""
    for state in _TO_CROSSING:
        box = PLACES[state]
        yield _path([(box.middle, box.bottom), (box.middle, _BAR)])
        yield label(box.middle + 8, _BAR - 10, "way", Action.CHOOSE_REMEDY, "start")
    yield f'<rect class="bar" x="{LEFT}" y="{_BAR}" width="{RIGHT - LEFT}" height="{_BAR_BOTTOM - _BAR}" rx="9"/>'
    yield label(LEFT + 14, _BAR + 25, "name", "◆ remedy: the first that holds", "start")
    yield label(LEFT + 14, _BAR + 46, "exit", _gates(), "start")
    words = {state: said for said, state in drawing.crossing()}
    for state in _FROM_CROSSING:
        box = PLACES[state]
        yield _path([(box.middle, _BAR_BOTTOM), (box.middle, box.y)])
        yield from _stacked(box.middle + 8, box.y - 10, words[state].split(" or "))
    yield label(RIGHT - 14, _BAR + 25, "exit", "none → resolved")


def _gates() -> str:
    gates = [(words, state) for words, state in drawing.crossing() if state not in (*_FROM_CROSSING, S.RESOLVED)]
    told = " · ".join(f"{i} {words} → {state}" for i, (words, state) in enumerate(gates, 1))
    return f"{told} · else ↓"


def _stacked(x: int, y: int, words: list[str]) -> Iterator[str]:
    for i, word in enumerate(reversed(words)):
        yield label(x, y - 14 * i, "way", word, "start")


# ── notes ─────────────────────────────────────────────────────────────────────────────────────────


def _note_lines() -> list[str]:
    return [line for note in drawing.notes() for line in _folded(note)]


def _folded(note: str, longest: int = 158) -> Iterator[str]:
    line = ""
    for word in note.split():
        if len(line) + len(word) > longest:
            yield line
            line = "   "
        line = f"{line} {word}" if line else word
    yield line


def _notes() -> Iterator[str]:
    y = _END + 48
    yield label(LEFT, y, "name", "Nearly everywhere", "start")
    for i, line in enumerate(_note_lines(), 1):
        yield label(LEFT + (18 if line.startswith(" ") else 0), y + 3 + 18 * i, "exit", line.strip(), "start")


STYLE = """<style>
text { font-family: ui-sans-serif, -apple-system, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif }
.page { fill: #fdfdfb }
.title { font-size: 22px; font-weight: 700; fill: #20242a }
.stage { font-size: 14px; font-weight: 700; letter-spacing: .6px }
.name { font-size: 14px; font-weight: 700; fill: #20242a }
.small { font-size: 12px; fill: #5c6470 }
.exit { font-size: 11.5px; fill: #3a414b }
.way { font-size: 12px; font-weight: 600; fill: #2f3a4a }
.line { fill: none; stroke: #55606e; stroke-width: 1.6; stroke-linejoin: round }
.head { fill: #55606e }
.box { fill: #ffffff; stroke-width: 1.4 }
.band { stroke-width: 0; fill-opacity: .55 }
.bar { fill: #fff8d9; stroke: #b79a2b; stroke-width: 1.4 }
.box.b-request { stroke: #4a78b5 } .band.b-request { fill: #dfeafa } .t-request { fill: #33619c }
.box.b-goods { stroke: #b98524 } .band.b-goods { fill: #fbeacb } .t-goods { fill: #8d6212 }
.box.b-diagnosis { stroke: #7a5bb0 } .band.b-diagnosis { fill: #e9e0f8 } .t-diagnosis { fill: #634399 }
.box.b-remedy { stroke: #3d8f62 } .band.b-remedy { fill: #d8f0e2 } .t-remedy { fill: #26734a }
.box.b-follow_up { stroke: #2d8b96 } .band.b-follow_up { fill: #d3eff2 } .t-follow_up { fill: #1c6f79 }
.box.b-done { stroke: #7c7c7c } .band.b-done { fill: #e6e6e6 } .t-done { fill: #555555 }
@media (prefers-color-scheme: dark) {
  .page { fill: #15181d } .title, .name { fill: #eef1f5 } .small { fill: #a4adba } .exit { fill: #ccd3dd }
  .way { fill: #dbe3ee } .line { stroke: #94a0b0 } .head { fill: #94a0b0 } .box { fill: #1d2128 }
  .band { fill-opacity: .16 } .bar { fill: #332d14 }
  .t-request { fill: #8db5ea } .t-goods { fill: #e2b565 } .t-diagnosis { fill: #bda2ea } .t-remedy { fill: #7fd0a3 }
  .t-follow_up { fill: #78ccd6 } .t-done { fill: #bbbbbb }
}
</style>"""
