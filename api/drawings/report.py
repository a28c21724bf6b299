"""A report as a drawing: for each section bars, and the table with its numbers beside them; light and dark (T13)."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final, Literal

Language = Literal["zh", "en"]
Shown = Mapping[str, Any]

_LABEL, _BAR, _COLUMN, _ROW, _EDGE = 250, 180, 88, 22, 24
#: More rows of a section are told by their number only.
_MOST_ROWS: Final = 15
_WIDE: Final = {"zh": 13.0, "en": 6.6}
_REST: Final = {"zh": "另有 {} 行，见表格。", "en": "and {} more rows, in the table of the report."}
_NONE: Final = {"zh": "无", "en": "none"}


def svg(made: Shown, language: Language = "en") -> str:
    """The whole report on one page, in Chinese or English."""
    parts, top, width = [], 96.0 if made["note"] else 76.0, 560.0
    for part in made["sections"]:
        drawn, height = _section(part, language, top)
        parts.append(drawn)
        top, width = top + height, max(width, _width(part))
    title = f"{made['report']} · {made['period']} · {made['timezone']}"
    note = f'<text class="soft" x="{_EDGE}" y="66">{escape(made["note"][language])}</text>' if made["note"] else ""
    head = f'<text class="title" x="{_EDGE}" y="40">{escape(title)}</text>{note}'
    size = f'width="{width:.0f}" height="{top:.0f}" viewBox="0 0 {width:.0f} {top:.0f}"'
    page = f'<rect class="page" width="{width:.0f}" height="{top:.0f}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"><title>{escape(title)}</title>' + "\n".join(
        (_STYLE, page, head, *parts, "</svg>")
    )


def _width(part: Shown) -> float:
    return 2 * _EDGE + _LABEL + _BAR + 16 + _COLUMN * len(part["numbers"])


def _section(part: Shown, language: Language, top: float) -> tuple[str, float]:
    """One section below `top`, and how high it is."""
    heads = [_wrapped(number["title"][language], language) for number in part["numbers"]]
    deep = max((len(lines) for lines in heads), default=1)
    base = top + 20 + 14 * deep
    rows = part["rows"][:_MOST_ROWS]
    drawn = [f'<text class="name" x="{_EDGE}" y="{base:.0f}">{escape(part["title"][language])}</text>']
    drawn += _heads(heads, base)
    drawn.append(
        f'<line class="rule" x1="{_EDGE}" x2="{_width(part) - _EDGE:.0f}" y1="{base + 7:.0f}" y2="{base + 7:.0f}"/>'
    )
    longest = max((_size(_first(part, one)) for one in rows), default=0.0)
    for place, one in enumerate(rows, 1):
        drawn.append(_row(part, one, longest, base + 4 + place * _ROW, language))
    end, left = base + 4 + len(rows) * _ROW, len(part["rows"]) - len(rows)
    for told in _told(part, rows, left, language):
        end += _ROW
        drawn.append(f'<text class="soft" x="{_EDGE}" y="{end:.0f}">{escape(told)}</text>')
    return "\n".join(drawn), end - top + 22


def _told(part: Shown, rows: Sequence[Shown], left: int, language: Language) -> Iterator[str]:
    """What stands below the rows: that there are none, how many more, the rule that decided, the summary."""
    if not rows:
        yield _NONE[language]
    if left:
        yield _REST[language].format(left)
    if "rule" in part:
        yield part["rule"][language]


def _heads(heads: Sequence[Sequence[str]], base: float) -> Iterator[str]:
    for place, lines in enumerate(heads):
        for up, line in enumerate(reversed(lines)):
            yield f'<text class="soft end" x="{_right(place):.0f}" y="{base - 14 * up:.0f}">{escape(line)}</text>'


def _row(part: Shown, one: Shown, longest: float, y: float, language: Language) -> str:
    label = " · ".join("–" if value is None else str(value) for value in one["of"].values()) or part["title"][language]
    size = _size(_first(part, one))
    long = _BAR * size / longest if longest else 0
    drawn = [f'<text class="text" x="{_EDGE}" y="{y:.0f}">{escape(_cut(label))}</text>']
    drawn.append(f'<rect class="bar" x="{_EDGE + _LABEL}" y="{y - 11:.0f}" width="{long:.1f}" height="13" rx="2"/>')
    for place, number in enumerate(part["numbers"]):
        told = _said(one["values"][number["name"]], number["unit"])
        drawn.append(f'<text class="text end" x="{_right(place):.0f}" y="{y:.0f}">{escape(told)}</text>')
    return "".join(drawn)


def _right(place: int) -> float:
    return _EDGE + _LABEL + _BAR + 16 + _COLUMN * (place + 1) - 8


def _first(part: Shown, one: Shown) -> Any:
    """The number that the bars show: the first of the section."""
    return one["values"][part["numbers"][0]["name"]]


def _size(value: Any) -> float:
    amount = value["amount"] if isinstance(value, Mapping) else value
    return max(0.0, float(amount or 0))


def _said(value: Any, unit: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return str(value["amount"])
    if unit == "seconds":
        return f"{value // 3600} h {value % 3600 // 60:02d}"
    return f"{value} %" if unit == "percent" else str(value)


def _cut(label: str) -> str:
    """A label that is as wide as its column; Chinese letters count for two."""
    width, kept = 0, ""
    for letter in label:
        width += 2 if ord(letter) > 0x2E7F else 1
        if width > 36:
            return f"{kept}…"
        kept += letter
    return kept


def _wrapped(title: str, language: Language) -> list[str]:
    """A heading in lines as wide as its column."""
    fits, lines = int((_COLUMN - 8) / _WIDE[language]), [""]
    for word in title.split(" ") if language == "en" else title:
        joined = f"{lines[-1]} {word}".strip() if language == "en" else lines[-1] + word
        if len(joined) <= fits or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


_STYLE: Final = """<style>
text { font-family: ui-sans-serif, -apple-system, "Segoe UI", "Noto Sans CJK SC", "PingFang SC", Arial, sans-serif }
.page { fill: #fdfdfb } .title { font-size: 20px; font-weight: 700; fill: #20242a }
.name { font-size: 15px; font-weight: 700; fill: #20242a } .text { font-size: 12.5px; fill: #20242a }
.soft { font-size: 11.5px; fill: #5c6470 } .end { text-anchor: end } .bar { fill: #4a78b5 }
.rule { stroke: #c9ced6; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  .page { fill: #15181d } .title, .name, .text { fill: #eef1f5 } .soft { fill: #a4adba } .bar { fill: #8db5ea }
  .rule { stroke: #3a414b }
}
</style>"""
