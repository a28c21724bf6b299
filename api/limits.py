"""How much is read of a request, and how it is read: sizes, content types, JSON, and wrong tokens per address."""

import json
import math
import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable
from email.message import Message
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, NoReturn, cast

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from models.errors import AftercareError, Invalid, Malformed, TooLarge, WrongContentType

JSON_BYTES: Final = 1024 * 1024
IMPORT_BYTES: Final = 200 * 1024 * 1024
#: Deeper than any document of ours, shallow enough for everything that walks it afterwards.
DEEPEST: Final = 32
IN_MEMORY_BYTES: Final = 1024 * 1024
#: What an order file may be sent as; its content decides what it is.
FILE_TYPES: Final = frozenset(
    {
        "text/csv",
        "text/plain",
        "application/csv",
        "application/json",
        "application/x-ndjson",
        "application/octet-stream",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)


class TooManyAttempts(AftercareError):
    """Too many wrong tokens came from this address; wait"""

    code = "too-many-attempts"
    status = 429


class TooManyTries(TooManyAttempts):
    """Too many tries to find an order; wait"""

    code = "too-many-tries"


class Attempts:
    """Wrong tokens per address within the last minute."""

    MOST = 20
    WINDOW_SECONDS = 60.0
    MOST_ADDRESSES = 10_000

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raises TooManyAttempts while an address has had its share of wrong tokens."""
        recent = self._recent(address)
        if len(recent) >= self.MOST:
            wait = math.ceil(recent[0] + self.WINDOW_SECONDS - self._ticks())
            raise TooManyAttempts(f"Try again in {wait} s, with a token that is valid.", retry_after=max(1, wait))

    def failed(self, address: str) -> None:
        """Count a wrong token."""
        recent = self._recent(address)
        recent.append(self._ticks())
        self._failures[address] = recent
        self._failures.move_to_end(address)
        while len(self._failures) > self.MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def _recent(self, address: str) -> "deque[float]":
        found = self._failures.get(address, deque(maxlen=self.MOST))
        while found and found[0] <= self._ticks() - self.WINDOW_SECONDS:
            found.popleft()
        return found


# ── sizes ─────────────────────────────────────────────────────────────────────────────────────────


async def bounded(request: Request, most: int) -> AsyncGenerator[bytes]:
    """The body piece by piece. Raises TooLarge as soon as it is known to be longer, also without a length given."""
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and int(said) > most:
        raise _too_large(most)
    so_far = 0
    async for chunk in request.stream():
        so_far += len(chunk)
        if so_far > most:
            raise _too_large(most)
        yield chunk


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"At most {most // (1024 * 1024)} MB are taken here; send less at a time.")


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────────


async def read_json(request: Request) -> Any:
    """The decoded JSON of a body. Raises TooLarge, WrongContentType or Malformed."""
    body = b"".join([chunk async for chunk in bounded(request, JSON_BYTES)])
    if not body:
        raise Malformed("Send a JSON object as the body, with 'Content-Type: application/json'.")
    kind = content_type(request)
    subtype = kind.get_content_subtype()
    if kind.get_content_maintype() != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise WrongContentType("Send JSON, with 'Content-Type: application/json'.")
    return parse_json(body)


def content_type(request: Request) -> Message:
    """The content type, taken apart; a missing one reads as text/plain."""
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    return message


def parse_json(body: bytes) -> Any:
    """Strict JSON: UTF-8, finite numbers, no name twice, not endlessly deep, no half characters."""
    try:
        text = body.decode("utf-8-sig")
        parsed = json.loads(
            text, object_pairs_hook=_without_repeats, parse_constant=_no_such_number, parse_float=_finite
        )
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    except json.JSONDecodeError as broken:
        raise Malformed(f"The body is not JSON: {broken.msg} at line {broken.lineno}, column {broken.colno}.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # an integer of more digits than are ever read
        raise Malformed("A number in the body is longer than any that is handled here.") from None
    _refuse_depths(parsed)
    if "\\u" in text:
        _refuse_half_characters(parsed)
    return parsed


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"The name {twice[:50]!a} is there twice in one object, and which one counts is a guess.")
    return found


def _no_such_number(name: str) -> NoReturn:
    raise Malformed(f"{name} is no JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("A number in the body is larger than any that is handled here.")
    return number


def _refuse_depths(parsed: Any) -> None:
    level = [parsed]
    for _ in range(DEEPEST):
        level = [inner for node in level for inner in _inside(node)]
        if not level:
            return
    raise _too_deep()


def _inside(node: Any) -> list[Any]:
    found = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [inner for inner in found if isinstance(inner, dict | list)]


def _too_deep() -> Malformed:
    return Malformed(f"The body is nested deeper than {DEEPEST} levels.")


def _refuse_half_characters(parsed: Any) -> None:
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Malformed(r"The body has half a character: a \ud800…\udfff without its other half.") from None


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


class Upload:
    """A file that was sent: as the one file of a form, or as the body itself. Close it when it is read."""

    def __init__(self, file: BinaryIO, filename: str, fields: dict[str, str]) -> None:
        self.file = file
        self.filename = filename
        self.fields = fields

    def close(self) -> None:
        self.file.close()


async def read_upload(
    request: Request, filename: str | None, most: int = IMPORT_BYTES, kinds: frozenset[str] = FILE_TYPES
) -> Upload:
    """The file in a request, on disk when it is large. Raises WrongContentType, TooLarge, Malformed or Invalid."""
    kind = content_type(request).get_content_type()
    if kind == "multipart/form-data":
        return await _from_form(request, most)
    if kind not in kinds or "content-type" not in request.headers:
        known = ", ".join(sorted(kinds))
        raise WrongContentType(f"Send the file in the field 'file' of a form, or as the body, as one of {known}.")
    spool = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the Upload closes it
    try:
        async for chunk in bounded(request, most):
            spool.write(chunk)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return Upload(cast(BinaryIO, spool), filename or "orders", {})


async def _from_form(request: Request, most: int) -> Upload:
    parser = MultiPartParser(request.headers, bounded(request, most), max_files=1, max_fields=10)
    try:
        form = await parser.parse()
    except MultiPartException as broken:
        raise Malformed(f"The form cannot be read: {broken.message}") from None
    except (KeyError, ValueError, UnicodeError):
        raise Malformed("The form cannot be read: its boundary or a heading is missing or broken.") from None
    return await _the_file(form)


async def _the_file(form: FormData) -> Upload:
    sent = next((value for _, value in form.multi_items() if isinstance(value, UploadFile)), None)
    if sent is None:
        await form.close()
        told = "The form has no file: send it in the field 'file'."
        raise Invalid(told, errors=[{"field": "file", "message": told}])
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    return Upload(sent.file, sent.filename or "orders", fields)
