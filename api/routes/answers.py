"""How answers are written: JSON as the desk made it, registers as CSV, and what the reference says about both."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from pydantic_core import to_json
from starlette.responses import JSONResponse, Response

from api.problems import MEDIA_TYPE
from models.commands import Printable

Limit = Annotated[int, Query(ge=1, le=200, description="at most so many")]
Cursor = Annotated[
    str | None, Field(max_length=500), Printable, Query(description="`next_cursor` of the page before; goes on there")
]
Filter = Annotated[str | None, Field(max_length=200), Printable, Query()]

_TITLES = {
    400: "The request cannot be read",
    401: "A valid token is needed",
    403: "This token may not do that",
    404: "There is no such thing here",
    409: "It clashes with what is already there, or is not possible now",
    413: "The body is larger than allowed",
    415: "The body is of a kind that is not read here",
    422: "Something in the request is missing or wrong",
    429: "Too many wrong tokens came from this address",
    503: "A part of the service is away; repeat the same call",
}
_OF_EVERY_CALL = (401, 403, 422, 429, 503)
_OF_A_BODY = (400, 413, 415)


class Json(JSONResponse):
    """A document as it is: nothing is dropped, and text stays text."""

    def render(self, content: Any) -> bytes:
        return to_json(content, inf_nan_mode="null")


class Pdf(Response):
    """A page to be printed."""

    media_type = "application/pdf"


def documented(
    model: Any, *refusals: int, body: bool = False, status: int = 200, said: str = "done"
) -> dict[int | str, dict[str, Any]]:
    """The answers of a call for the reference: its document, and every problem that it can answer."""
    codes = sorted({*refusals, *_OF_EVERY_CALL, *(_OF_A_BODY if body else ())})
    return {status: {"model": model, "description": said}, **{code: refused(code) for code in codes}}


def refused(code: int) -> dict[str, Any]:
    """A problem answer for the reference."""
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": _TITLES[code], "content": {MEDIA_TYPE: problem}}


def as_csv(rows: Iterable[Mapping[str, Any]], name: str, head: Sequence[str] = ()) -> Response:
    """Rows as a CSV file that spreadsheets open rightly: marked as UTF-8, and never as formulas.

    `head` are the columns that it always has, so that a file without rows says what it would tell.
    """
    plain = [_flat(row) for row in rows]
    columns = list(dict.fromkeys((*head, *(column for row in plain for column in row))))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(plain)
    headings = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(out.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headings)


def csv_line(values: Iterable[Any]) -> str:
    """One line of a long CSV file that is written as it is read."""
    out = io.StringIO()
    csv.writer(out).writerow(_cell(value) for value in values)
    return out.getvalue()


def _flat(row: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for column, value in row.items():
        if isinstance(value, Mapping) and set(value) == {"amount", "currency"}:
            flat |= {column: str(value["amount"]), "currency": str(value["currency"])}
        else:
            flat[column] = _cell(value)
    return flat


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return _safe(value) if isinstance(value, str) else to_json(value).decode()


#: A spreadsheet takes a cell that begins like this for a formula, in Chinese and Japanese ones also in full width.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: A negative sum is no formula. Numbers of orders, payments and accounts have more digits than a spreadsheet keeps.
_NUMBER = re.compile(r"-\d{1,11}(\.\d+)?")
_DIGITS = re.compile(r"\d{12,}|0\d+|\d+[eE]\d+")


def _safe(text: str) -> str:
    """Text as a spreadsheet leaves it: no formula, as it came from outside, and no rounded number.

    The tab before long digits is the trade's own habit; whatever reads a cell of ours takes it off again.
    """
    if text.startswith(_FORMULAS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return f"\t{text}" if _DIGITS.fullmatch(text) else text
