"""XLSX workbooks as rows of text, read one at a time and only as far as is safe.

A workbook is a zip of XML files, and a few kilobytes of it can unpack to gigabytes. Its sizes are therefore checked
before anything is unpacked (the zip reader never gives more than the size it declares), and XML with a document type
of its own, the carrier of entity bombs, is refused.
"""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from models.errors import Invalid, TooLarge

LARGEST_SHEET: Final = 400 * 1024 * 1024
"""The most a workbook may unpack to, in bytes."""

LARGEST_PART: Final = 64 * 1024 * 1024
"""The most any part but a sheet may unpack to: these are read whole."""

MOST_TAGS: Final = 12_000_000
"""The most XML tags in one part: the reader keeps something of each in memory. A filled cell has four."""

MOST_LINES: Final = 1_048_576
"""The most rows a sheet can have, empty ones among them."""

_MOST_PARTS = 2_000
_MOST_EMPTY = 1_000
_LONGEST_TOKEN = 1 << 20
_CHUNK = 1 << 16
_BROKEN = "The workbook is broken or protected; open it, save it as .xlsx or as CSV UTF-8, and import that."


def workbook_rows(file: BinaryIO, most_columns: int) -> Iterator[tuple[int, list[str], str | None]]:
    """The first sheet's rows from the first that is filled: row number, cells as text, and what is wrong with it.

    That row names the columns. One cell beyond them is read of every further row, to notice rows that are too long.
    """
    _check_archive(file)
    with _complaints():
        sheet = _first_sheet(file)
    top = width = 0
    for top, values in _values(sheet, 1, most_columns):
        cells = [_text(value) for value in values]
        width = max((column for column, cell in enumerate(cells, 1) if cell.strip()), default=0)
        if width:
            yield top, cells, None
            break
        if top >= _MOST_EMPTY:
            return
    # Asked for all columns that there could be, the library would fill every row up to them.
    for line, values in _values(sheet, top + 1, width + 1) if width else ():
        yield line, [_text(value) for value in values], _shortened(values)


def _values(sheet: Any, first: int, most_columns: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    with _complaints():
        rows = sheet.iter_rows(min_row=first, max_col=most_columns, values_only=True)
    line = first - 1
    while True:
        with _complaints():
            values = next(rows, None)
        if values is None:
            return
        line += 1
        if line > MOST_LINES:
            raise TooLarge("The sheet claims more rows than a spreadsheet can have; save it as CSV UTF-8.")
        yield line, values


@contextmanager
def _complaints() -> Iterator[None]:
    # The library reads what strangers made and fails in many ways; all of them mean the same to the caller.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (Invalid, TooLarge):
        raise
    except Exception:
        raise Invalid(_BROKEN) from None


def _first_sheet(file: BinaryIO) -> Any:
    # Imported here because it takes a quarter of a second, which a CSV file need not wait for.
    from openpyxl import load_workbook

    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    if not book.worksheets:
        raise Invalid("The workbook has no sheet of cells; put the orders on its first sheet.")
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # what a file says of its own size is often wrong
    return sheet


def _text(value: object) -> str:
    """A cell as it would stand in a CSV file; numbers as a spreadsheet shows them, never as a float's digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _shortened(values: Sequence[object]) -> str | None:
    for value in values:
        if isinstance(value, int | float) and abs(value) >= 10**15:
            return f"the number {value} was shortened to 15 digits by the spreadsheet; format its column as text"
    return None


# ── before anything is unpacked ───────────────────────────────────────────────────────────────────


def _check_archive(file: BinaryIO) -> None:
    with _complaints(), zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_SHEET:
            raise TooLarge("The workbook unpacks to more than 400 MB; save its first sheet as CSV UTF-8.")
        for part in parts:
            _check_part(archive, part)
    file.seek(0)


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if "worksheets/" not in part.filename and part.file_size > LARGEST_PART:
        raise TooLarge(f"{part.filename[:80]} in the workbook is too large; save the sheet as CSV UTF-8.")
    if part.filename.endswith((".xml", ".rels")):
        with archive.open(part) as xml:
            _refuse_document_type(xml.read(_CHUNK))
        with archive.open(part) as xml:
            _refuse_endless_content(xml)


class _RootReached(Exception):
    """The first element has begun, and no document type can follow"""


def _refuse_document_type(beginning: bytes) -> None:
    def refuse(*_: object) -> None:
        raise Invalid(_BROKEN)

    def stop(*_: object) -> None:
        raise _RootReached

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        parser.Parse(beginning, True)
    except _RootReached:
        return
    refuse()


def _refuse_endless_content(xml: Any) -> None:
    tags = run = 0
    while chunk := xml.read(_CHUNK):
        found = chunk.count(b"<")
        tags += found
        run = 0 if found else run + len(chunk)
        if tags > MOST_TAGS or run > _LONGEST_TOKEN:
            raise TooLarge("The workbook holds more than can be read safely; save its first sheet as CSV UTF-8.")
