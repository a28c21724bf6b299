"""From bytes to rows: CSV with commas, semicolons or tabs, or an XLSX workbook; the file is never held in memory.

Lines are counted as an editor shows them, so a row whose quoted cell holds a line break does not shift the rest.
A row that cannot be read is handed on with its problem; only a file that is no table at all is refused as a whole.
"""

import csv
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

from imports.encoding import detect
from imports.workbook import workbook_rows
from models.errors import Invalid, TooLarge

LARGEST_FILE: Final = 200 * 1024 * 1024
"""The largest file that is read, in bytes."""

MOST_ROWS: Final = 2_000_000
"""The most rows that are read from one file."""

MOST_COLUMNS: Final = 500
"""The most columns a table may have."""

LONGEST_LINE: Final = 1_000_000
"""The longest line that is read, in characters; a longer one is skipped and named."""

_BEGINNING = 200
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# A line break inside an address is common; many of them are a stray quotation mark that ate rows.
_MOST_BREAKS = 20
_SEPARATOR_HINT = re.compile(r"sep=([,;\t])\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file, and what is wrong with it, if anything."""

    line: int
    cells: Sequence[str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file's headings and, one at a time, the rows below them."""

    header: tuple[str, ...]
    rows: Iterator[RawRow]


@contextmanager
def open_table(stream: BinaryIO, filename: str) -> Iterator[Table]:
    """Read a file as a table while the block lasts; ``Invalid`` says what to do about a file that is none."""
    with seekable(stream) as file:
        start = file.read(8)
        file.seek(0)
        _check_kind(start, filename)
        if start.startswith(b"PK\x03\x04"):
            yield _workbook_table(file)
        else:
            text = io.TextIOWrapper(file, detect(file), "surrogateescape", newline="")
            try:
                file.seek(0)
                yield _csv_table(_Lines(text))
            finally:
                text.detach()


@contextmanager
def seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The file as one that can be read twice, while the block lasts; ``TooLarge`` when it is too large."""
    if stream.seekable():
        _check_size(stream.seek(0, os.SEEK_END))
        stream.seek(0)
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(_Limited(stream), copy)
        copy.seek(0)
        yield copy


class _Limited:
    """A stream that refuses to give more than the largest file."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._given = 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._given += len(chunk)
        _check_size(self._given)
        return chunk


def _check_size(size: int) -> None:
    if size > LARGEST_FILE:
        raise TooLarge("The file is larger than 200 MB; split it and import the parts one after the other.")


def _check_kind(start: bytes, filename: str) -> None:
    if not start:
        raise Invalid("The file is empty; it needs a line of column names and a row for every order line.")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid("This is an old Excel file (.xls); save it as .xlsx or as CSV UTF-8 and import that.")
    if filename.lower().endswith(".xlsx") and not start.startswith(b"PK"):
        raise Invalid("The file is called .xlsx and is no workbook; export it again, as .xlsx or as CSV UTF-8.")
    if start.startswith((b"%PDF", b"\x1f\x8b", b"PK\x05\x06", b"\x89PNG")):
        raise Invalid("This is neither CSV nor XLSX; export the orders as one of these and import that.")


# ── CSV ───────────────────────────────────────────────────────────────────────────────────────────


class _Lines:
    """The lines of a text one at a time; a line too long for any row comes out empty and is remembered.

    ``begins`` holds the beginnings of the lines since it was last cleared, for naming what could not be read.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.number = 0
        self.too_long = 0
        self.begins: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        self.begins.append(line[:_BEGINNING])
        if len(line) < LONGEST_LINE or line.endswith(("\n", "\r")):
            return line
        while (rest := self._text.readline(LONGEST_LINE)) and not rest.endswith(("\n", "\r")):
            pass
        self.too_long = self.number
        return "\n"


def _csv_table(lines: _Lines) -> Table:
    heading, separator = _heading(lines)
    header = _named(_split(heading, separator))
    if not header:
        raise Invalid("The line of column names cannot be read as CSV; is this a table of orders?")
    return Table(header, _limited(_checked(_csv_rows(lines, separator), header)))


def _heading(lines: _Lines) -> tuple[str, str]:
    """The line of column names and what separates them; a spreadsheet's own ``sep=;`` line above is obeyed."""
    separator = None
    for line in lines:
        hint = _SEPARATOR_HINT.fullmatch(line)
        if hint:
            separator = hint[1]
        elif line.strip(" \t\r\n,;"):
            return line, separator or max(",;\t", key=lambda each: len(_split(line, each)))
        elif lines.too_long:
            raise Invalid("The line of column names is over 1,000,000 characters long; this is no table of orders.")
    raise Invalid("The file is empty; it needs a line of column names and a row for every order line.")


def _split(line: str, separator: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, strict=True))]
    except csv.Error:
        return []


def _csv_rows(lines: _Lines, separator: str) -> Iterator[RawRow]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        first = lines.number + 1
        lines.begins.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield from _skipped(first, lines.begins, separator, _unreadable(str(error)))
            continue
        if lines.too_long >= first:
            reason = "the line is over 1,000,000 characters long; mend or remove it"
            yield from _skipped(first, lines.begins, separator, reason)
        elif lines.number - first > _MOST_BREAKS:
            reason = f"one cell runs on to line {lines.number}; is a quotation mark left open?"
            yield from _skipped(first, lines.begins, separator, reason)
        else:
            yield RawRow(first, cells)


def _unreadable(error: str) -> str:
    if "field limit" in error:
        return "a cell is over 131,072 characters long; is a quotation mark left open?"
    if "unexpected end" in error:
        return "a quotation mark is opened and never closed; close it or remove it"
    return 'the quotation marks do not pair up; write a quotation mark inside a cell twice, as ""'


def _skipped(first: int, begins: Sequence[str], separator: str, reason: str) -> Iterator[RawRow]:
    """Every line that went with an unreadable row, so that the order of each of them is known to be incomplete."""
    for line, begin in enumerate(begins, first):
        # What stands before the first quotation mark is sound; most often the order number is among it.
        cells = begin.partition('"')[0].split(separator)[:-1]
        if line == first:
            yield RawRow(line, cells, reason)
        elif begin.strip():
            yield RawRow(line, cells, f"went with line {first}, where a quotation mark is left open; mend that one")


# ── workbooks ─────────────────────────────────────────────────────────────────────────────────────


def _workbook_table(file: BinaryIO) -> Table:
    rows = (RawRow(line, cells, problem) for line, cells, problem in workbook_rows(file, MOST_COLUMNS + 1))
    for row in rows:
        header = _named(row.cells)
        if header:
            return Table(header, _limited(_checked(rows, header)))
    raise Invalid("The first sheet is empty; it needs a row of column names and a row for every order line.")


# ── both ──────────────────────────────────────────────────────────────────────────────────────────


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    """The column names up to the last one that is there."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise Invalid(f"The table has more than {MOST_COLUMNS} columns; this is no table of orders.")
    return tuple(names)


def _checked(rows: Iterator[RawRow], header: Sequence[str]) -> Iterator[RawRow]:
    for row in rows:
        if row.problem:
            yield row
        elif any(map(str.strip, row.cells)):
            yield RawRow(row.line, row.cells, _problem(row.cells, header))


def _problem(cells: Sequence[str], header: Sequence[str]) -> str | None:
    if len(cells) > len(header) and any(map(str.strip, cells[len(header) :])):
        return (
            f"has {len(cells)} cells under {len(header)} column names; "
            "put a cell that holds the separator in quotation marks"
        )
    if len(cells) < len(header) and any("\n" in cell for cell in cells):
        return "ends too early after a line break in a cell; is a quotation mark left open?"
    if _UNPRINTABLE.search("".join(cells)):
        return _unprintable(cells, header)
    return None


def _unprintable(cells: Sequence[str], header: Sequence[str]) -> str | None:
    for cell, name in zip(cells, header, strict=False):
        found = _UNPRINTABLE.search(cell.strip())
        if found and found.group() >= "\ud800":
            return f"{name}: holds bytes that are no text in the encoding of the file; type the cell anew"
        if found:
            return f"{name}: holds the control character U+{ord(found.group()):04X}; remove it"
    return None


def _limited(rows: Iterator[RawRow]) -> Iterator[RawRow]:
    count = 0
    for count, row in enumerate(rows, 1):
        if count > MOST_ROWS:
            raise TooLarge("The file has more than 2,000,000 rows; split it and import the parts one by one.")
        yield row
    if not count:
        raise Invalid("The file has column names and no rows below them; there is nothing to import.")
