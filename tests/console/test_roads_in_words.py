"""The picture of a kind's road as the console draws it: in the reader's words, and all of them in their boxes."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from api.drawings.lifecycle import crossing, legs
from api.drawings.road_svg import LETTER, WIDE, draw, laid_out, letters
from api.drawings.road_words import MACHINE, RoadWords
from api.procedure.roads import Road, road
from console.language import Tongue
from console.procedure.road_words import CONDITIONS, road_words
from models.lifecycle import REMEDY_STATES, Action, State
from tests.shipped import shipped

BOOKS = shipped().kinds
NAMES = {kind: book.names.model_dump() for kind, book in BOOKS.items()}
ROADS: dict[str, Road] = {kind: road(book) for kind, book in BOOKS.items()}
KINDS = sorted(ROADS)
MACHINES = {*(state.value for state in State), *(action.value for action in Action)}


def spoken(language: str) -> RoadWords:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return road_words(Tongue(language, ZoneInfo("Asia/Shanghai"), noon), NAMES)


def told(drawn: str) -> list[str]:
    """Everything that a picture says, to eyes and to screen readers."""
    root = ElementTree.fromstring(drawn)
    found = [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]
    return [root.attrib["aria-label"], *found]


def wide(line: str, size: float) -> float:
    """A Chinese letter is as wide as it is high, any other a little more than half of that."""
    return sum(size if "\u2e80" <= one <= "\uffef" else size * 0.56 for one in line)


@pytest.mark.parametrize("kind", KINDS)
def test_a_road_on_a_chinese_page_has_no_word_of_another_language(kind: str) -> None:
    said = told(draw(ROADS[kind], spoken("zh-CN")))
    assert len(said) > 20
    assert [line for line in said if re.search("[A-Za-z]", line)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_road_on_an_english_page_has_no_name_of_the_machine(kind: str) -> None:
    said = told(draw(ROADS[kind], spoken("en")))
    names = {name for name in MACHINES if "_" in name} | {f"→ {state}" for state in State}
    assert [line for line in said if "_" in line or any(name in line for name in names)] == []
    assert [line for line in said if re.search("[\u2e80-\u9fff]", line)] == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_words_stay_in_their_boxes(kind: str, language: str) -> None:
    words, found = spoken(language), ROADS[kind]
    boxes = laid_out(found, words).values()
    rows = [row for box in boxes for row in box.rows]
    assert [line for row in rows for line in row.lines if letters(line) * LETTER > WIDE - 30] == []
    assert [row.lines for box in boxes for row in box.rows if not box.y < row.y < box.bottom] == []
    heads = [(words.place(box.place), words.waits(box.place)) for box in boxes]
    assert [head for head in heads if wide(head[0], 14) + wide(head[1], 12) > WIDE - 30] == []
    assert ["".join(row.lines).replace(" ", "") for row in rows] == [
        words.way(row.way).replace(" ", "") for row in rows
    ]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_marks_mean_stands_in_one_line_of_the_picture(kind: str, language: str) -> None:
    drawn = draw(ROADS[kind], spoken(language))
    legend = re.findall(r'<text class="small" x="(\d+)" y="82"[^>]*>([^<]+)<', drawn)
    ends = [int(x) + wide(words, 12) for x, words in legend]
    begins = [int(x) - 15 for x, _ in legend]
    assert len(legend) == 4
    assert [begin > end for begin, end in zip(begins[1:], ends, strict=False)] == [True] * 3
    assert ends[-1] < float(ElementTree.fromstring(drawn).attrib["width"])


def test_a_chinese_line_without_spaces_is_folded_anywhere_but_before_a_comma() -> None:
    sentence = "客户寄回的包裹在仓库门口被拒收，" * 6 + "（须经理查看）。"
    words = replace(spoken("zh-CN"), way=lambda _: sentence)
    lines = next(iter(laid_out(ROADS["wrong_item"], words).values())).rows[0].lines
    assert len(lines) > 2
    assert "".join(lines) == sentence
    assert [
        line for line in lines if letters(line) * LETTER > WIDE - 30 or line[0] in "，。）" or line[-1] == "（"
    ] == []


def test_every_condition_of_the_table_of_life_has_words() -> None:
    """Also those that no shipped kind has: a shop's own may. Two and the ways back are never named in a road."""
    unnamed = {guard.__name__ for _, guard in REMEDY_STATES} | {"", "not inspected yet", "official report"}
    conditions = {leg.when for leg in legs() if "came from" not in leg.when} | {when for when, _ in crossing()}
    assert len(conditions) > 30
    assert sorted(conditions - unnamed - CONDITIONS.keys()) == []


def test_without_other_words_a_road_is_drawn_in_those_of_the_machine() -> None:
    assert draw(ROADS["wrong_item"]) == draw(ROADS["wrong_item"], MACHINE)
    assert ">awaiting_return<" in draw(ROADS["wrong_item"])
