"""What is read as a table, what is refused as a whole, and what is refused row by row."""

import csv
import io
import zipfile
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports import reading, workbook
from imports.reading import RawRow, open_table
from models.errors import AftercareError, Invalid, TooLarge
from tests.imports import files

HEADER = "order_no,name,note"


def rows_of(stream: BinaryIO, filename: str = "orders.csv") -> list[RawRow]:
    with open_table(stream, filename) as table:
        return list(table.rows)


def cells_of(stream: BinaryIO) -> list[list[str]]:
    return [list(row.cells) for row in rows_of(stream)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_reads_chinese_names_in_every_encoding_a_shop_sends(encoding: str) -> None:
    names = "王小明 欧阳娜娜 上官婉儿 电热水壶 陶瓷杯"
    with open_table(files.text(HEADER, f"1,{names},好", encoding=encoding), "orders.csv") as table:
        assert table.header == ("order_no", "name", "note")
        assert [list(row.cells) for row in table.rows] == [["1", names, "好"]]


def test_reads_emoji_in_gb18030() -> None:
    stream = files.text(HEADER, "1,小鹿买了两个电热水壶🦌,", encoding="gb18030")
    assert cells_of(stream) == [["1", "小鹿买了两个电热水壶🦌", ""]]


def test_does_not_take_western_text_for_chinese() -> None:
    stream = files.text(HEADER, "1,Jörg Müller und Söhne,Küchengerät", encoding="latin-1")
    with pytest.raises(Invalid, match="neither UTF-8 nor GBK"):
        rows_of(stream)


def test_refuses_only_the_row_that_holds_broken_bytes() -> None:
    good = "\n".join(f"{n},王小明买了电热水壶,好" for n in range(9)).encode()
    stream = io.BytesIO(HEADER.encode() + b"\n" + good + b"\n9,\xe7\x8e,x\n10,ok,ok\n")
    problems = {row.line: row.problem for row in rows_of(stream) if row.problem}
    assert list(problems) == [11]
    assert "name: holds bytes that are no text" in str(problems[11])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_finds_the_separator(separator: str) -> None:
    lines = (separator.join(("order_no", "name", "note")), separator.join(("1", "a b", "c")))
    assert cells_of(files.text(*lines)) == [["1", "a b", "c"]]


def test_obeys_a_spreadsheets_separator_line() -> None:
    assert cells_of(files.text("sep=;", "order_no;name", "1;a,b")) == [["1", "a,b"]]


def test_counts_lines_as_an_editor_shows_them() -> None:
    stream = files.text("", HEADER, '1,"two', 'lines",a', "", "2,b,c", ",,", "3,d,e")
    assert [(row.line, row.cells[0]) for row in rows_of(stream)] == [(3, "1"), (6, "2"), (8, "3")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_reads_every_kind_of_line_ending(ending: str) -> None:
    stream = io.BytesIO(ending.join((HEADER, "1,a,b", "2,c,d")).encode())
    assert [(row.line, list(row.cells)) for row in rows_of(stream)] == [(2, ["1", "a", "b"]), (3, ["2", "c", "d"])]


ROW_PROBLEMS = [
    ("1,a\x00b,c", "name: holds the control character U+0000"),
    ("1,a,b,c,d", "has 5 cells under 3 column names"),
    ('1,"a"b,c', "quotation marks do not pair up"),
    ("1," + "x" * 140_000 + ",c", "over 131,072 characters"),
    ("1," + "x" * 1_200_000 + ",c", "over 1,000,000 characters"),
    ("1" + "," * 1_000_000, "over 1,000,000 characters"),
    ("1" + ",x" * 5_000, "has 5001 cells"),
]


@pytest.mark.parametrize(("row", "reason"), ROW_PROBLEMS, ids=[reason for _, reason in ROW_PROBLEMS])
def test_names_a_row_that_cannot_be_read_and_goes_on(row: str, reason: str) -> None:
    first, broken, last = rows_of(files.text(HEADER, "0,a,b", row, "2,a,b"))
    assert first.problem is None
    assert (broken.line, reason in str(broken.problem)) == (3, True)
    assert (last.line, list(last.cells), last.problem) == (4, ["2", "a", "b"], None)


def test_an_open_quotation_mark_does_not_swallow_the_file() -> None:
    rows = rows_of(files.text(HEADER, '1,"open,b', *(f"{n},a,b" for n in range(2, 60_000))))
    assert "is a quotation mark left open?" in str(rows[0].problem)
    assert rows[1].problem == "went with line 2, where a quotation mark is left open; mend that one"
    assert [row.line for row in rows] == list(range(2, 60_001))
    assert {row.cells[0] for row in rows} == {str(n) for n in range(1, 60_000)}
    assert sum(1 for row in rows if row.problem) < 30_000
    assert rows[-1].problem is None


def test_an_open_quotation_mark_at_the_end_is_named() -> None:
    row, swallowed = rows_of(files.text(HEADER, '1,"open,b', "2,a,b"))
    assert "never closed" in str(row.problem)
    assert (swallowed.line, swallowed.cells[0]) == (3, "2")


def test_a_cell_that_runs_on_and_on_is_no_address() -> None:
    rows = rows_of(files.text(HEADER, '1,"open,b', *(f"{n},a,b" for n in range(2, 40)), '40,",b'))
    assert "one cell runs on to line 41" in str(rows[0].problem)
    assert [row.cells[0] for row in rows] == [str(n) for n in range(1, 41)]


WHOLE_FILES: list[tuple[bytes, str, type[AftercareError], str]] = [
    (b"", "orders.csv", Invalid, "is empty"),
    (b"\n\n \n", "orders.csv", Invalid, "is empty"),
    (b"order_no,name\n", "orders.csv", Invalid, "no rows below"),
    (b"order_no,name\n\n,,\n", "orders.csv", Invalid, "no rows below"),
    (b"a," * 1_000_000, "orders.csv", Invalid, "column names is over"),
    (b"a," * 600 + b"b\n1\n", "orders.csv", Invalid, "more than 500 columns"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "orders.xls", Invalid, "save it as .xlsx"),
    (b"a,b\n1,2\n", "orders.xlsx", Invalid, "is no workbook"),
    (b"%PDF-1.7 ...", "orders.csv", Invalid, "neither CSV nor XLSX"),
    (b"PK\x03\x04 broken", "orders.xlsx", Invalid, "broken or protected"),
    (b"\xff\xfea\x00\x00\xd8", "orders.csv", Invalid, "broken UTF-16"),
    (b'"a\n', "orders.csv", Invalid, "cannot be read as CSV"),
]


@pytest.mark.parametrize(("content", "name", "error", "says"), WHOLE_FILES, ids=[each[3] for each in WHOLE_FILES])
def test_refuses_what_is_no_table(content: bytes, name: str, error: type[AftercareError], says: str) -> None:
    with pytest.raises(error, match=says):
        rows_of(io.BytesIO(content), name)


def test_refuses_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_FILE", 10)
    with pytest.raises(TooLarge, match="split it"):
        rows_of(files.text(HEADER, "1,a,b"))
    with pytest.raises(TooLarge, match="split it"):
        rows_of(Unseekable(files.text(HEADER, "1,a,b")))


def test_refuses_a_file_of_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    with pytest.raises(TooLarge, match="split it"):
        rows_of(files.text(HEADER, "1,a,b", "2,a,b", "3,a,b"))


def test_reads_a_stream_that_cannot_go_back() -> None:
    assert cells_of(Unseekable(files.text(HEADER, "1,a,b"))) == [["1", "a", "b"]]


def test_leaves_the_stream_open_for_its_owner() -> None:
    stream = files.text(HEADER, "1,a,b")
    rows_of(stream)
    assert not stream.closed


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20), min_size=3, max_size=3),
        min_size=1,
        max_size=10,
    )
)
def test_what_was_written_is_read_back(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["order_no", "name", "note"], *rows])
    filled = [row for row in rows if any(map(str.strip, row))]
    if filled:
        assert cells_of(io.BytesIO(file.getvalue().encode())) == filled


# ── workbooks ─────────────────────────────────────────────────────────────────────────────────────


def test_reads_a_workbook_like_the_csv_it_came_from() -> None:
    import datetime as dt

    stream = files.workbook(
        [
            ["order_no", "quantity", "price", "at", "final", "name"],
            ["A-1", 12, 2.55, dt.datetime(2026, 10, 5, 9, 30), True, " 王小明 "],
            [],
            [536365, 12923.0, 0.1 + 0.2, dt.date(2026, 10, 5), False, None],
        ]
    )
    assert [(row.line, list(row.cells)[:6]) for row in rows_of(stream, "orders.xlsx")] == [
        (2, ["A-1", "12", "2.55", "2026-10-05 09:30:00", "true", " 王小明 "]),
        (4, ["536365", "12923", "0.3", "2026-10-05 00:00:00", "false", ""]),
    ]


def test_a_waybill_that_a_spreadsheet_shortened_is_named() -> None:
    (row,) = rows_of(files.workbook([["waybill"], [123456789012345678]]), "orders.xlsx")
    assert "shortened to 15 digits" in str(row.problem)


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "LARGEST_SHEET", 1_000_000)
    bomb = files.archive({"xl/worksheets/sheet1.xml": b" " * 2_000_000})
    with pytest.raises(TooLarge, match="unpacks to more"):
        rows_of(bomb, "orders.xlsx")
    monkeypatch.setattr(workbook, "LARGEST_PART", 1_000)
    with pytest.raises(TooLarge, match="sharedStrings"):
        rows_of(files.archive({"xl/sharedStrings.xml": b" " * 2_000}), "orders.xlsx")


def a_sheet(content: bytes) -> BinaryIO:
    """A workbook whose first sheet was written by somebody unkind."""
    kind = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    with zipfile.ZipFile(files.workbook([["x"]])) as good:
        parts = {name: good.read(name) for name in good.namelist()}
    return files.archive(parts | {"xl/worksheets/sheet1.xml": kind + content + b"</sheetData></worksheet>"})


HEADING = b'<row r="1"><c r="A1" t="inlineStr"><is><t>order_no</t></is></c></row>'
UNKIND = [
    ("a cell without end", HEADING + b"<row><c><v>" + b"9" * 3_000_000 + b"</v></c></row>"),
    ("tags without end", HEADING + b"<x/>" * 300_000),
    ("a row far away", HEADING + b'<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>'),
]


@pytest.mark.parametrize(("_what", "content"), UNKIND, ids=[what for what, _ in UNKIND])
def test_a_sheet_that_never_ends_is_refused(_what: str, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_TAGS", 200_000)
    monkeypatch.setattr(workbook, "MOST_LINES", 10_000)
    with pytest.raises(TooLarge, match="save"):
        rows_of(a_sheet(content), "orders.xlsx")


def test_a_cell_beyond_the_column_names_of_a_workbook_is_named() -> None:
    (row,) = rows_of(files.workbook([[], ["order_no", "name", "", ""], ["1", "a", "b"]]), "orders.xlsx")
    assert (row.line, row.problem is not None and "3 cells under 2 column names" in row.problem) == (3, True)


BAD_WORKBOOKS: list[dict[str, bytes]] = [
    {"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'},
    {"xl/workbook.xml": b"<!-- " + b" " * 100_000 + b" --><x/>"},
    {"xl/workbook.xml": b"not xml"},
    {"readme.txt": b"some other archive"},
]


@pytest.mark.parametrize("parts", BAD_WORKBOOKS, ids=["entity bomb", "hidden prologue", "no xml", "other archive"])
def test_a_workbook_that_is_none_is_refused(parts: dict[str, bytes]) -> None:
    with pytest.raises(Invalid, match="broken or protected"):
        rows_of(files.archive(parts), "orders.xlsx")


class Unseekable(io.BytesIO):
    """What a pipe gives."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream.read())

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation
