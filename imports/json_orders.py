"""Order files in JSON: a list, the answer of an order API (REST or GraphQL), one order, or one order a line."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, BinaryIO, Final

from models.errors import Invalid, TooLarge

LARGEST_JSON: Final = 100 * 1024 * 1024
"""The largest JSON file that is read, in bytes; its text is held in memory, its orders one at a time."""

_LIST = re.compile(r'\s*(?:\{(?:\s*"data"\s*:\s*\{)?\s*"orders"\s*:\s*(?:\{\s*"(?:edges|nodes)"\s*:\s*)?)?\[')
_BETWEEN = re.compile(r"[\s,]*")
_WRAPPERS: Final = ("data", "node", "order")


def is_json(start: bytes) -> bool:
    """Whether a file begins as JSON of objects or a list."""
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def order_texts(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The JSON of every order with the line it begins on; ``Invalid`` names the line that is no JSON."""
    raw = stream.read(LARGEST_JSON + 1)
    if len(raw) > LARGEST_JSON:
        raise TooLarge("The file is larger than 100 MB; export fewer orders at a time and import the parts.")
    try:
        whole = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("The file is no UTF-8 text; JSON always is. Export it again.") from None
    yield from _elements(whole)


def _elements(whole: str) -> Iterator[tuple[int, str]]:
    listed = _LIST.match(whole)
    at, line, counted = (listed.end() if listed else 0), 1, 0
    while True:
        at = _end(_BETWEEN.match(whole, at), at)
        line, counted = line + whole.count("\n", counted, at), at
        if at >= len(whole):
            if listed:
                raise Invalid(f"The file ends in the middle of its list, on line {line}; export it again.")
            return
        if listed and whole[at] == "]":
            return
        end = _skip(whole, at, line)
        for text in _unwrapped(whole[at:end]):
            yield line, text
        at = end


def _end(found: "re.Match[str] | None", at: int) -> int:
    return found.end() if found else at


def _skip(whole: str, at: int, line: int) -> int:
    try:
        found, end = json.JSONDecoder().raw_decode(whole, at)
    except (json.JSONDecodeError, RecursionError, ValueError) as broken:
        where = getattr(broken, "lineno", line)
        raise Invalid(f"The file is no JSON on line {where}; export it again.") from None
    if not isinstance(found, Mapping):
        raise Invalid(f"On line {line} there is no JSON object where an order should be.")
    return end


def _unwrapped(text: str) -> Iterator[str]:
    found: Any = decode(text)
    while inside := next((found[name] for name in _WRAPPERS if isinstance(found.get(name), Mapping)), None):
        if "line_items" in found or "items" in found or "lineItems" in found:
            break
        found = inside
    orders = found.get("orders")
    if isinstance(orders, Mapping):
        orders = orders.get("nodes", orders.get("edges"))
    if isinstance(orders, list) and "id" not in found:
        for order in orders:
            if not isinstance(order, Mapping):
                raise Invalid("The list named orders holds something that is no order.")
            node = order.get("node")
            yield _encode(node if isinstance(node, Mapping) else order)
        return
    yield text if found is None else _encode(found)


def decode(text: str) -> Any:
    """JSON with its amounts exact; ``Invalid`` for what is none."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (json.JSONDecodeError, RecursionError) as broken:
        raise Invalid(f"This is no JSON: {broken}.") from None


def _no_number(name: str) -> Any:
    raise Invalid(f"The file holds {name}, which is no number.")


def _encode(found: Any) -> str:
    # A decimal comes back as text with the digits it had, which every reader takes for the same amount.
    return json.dumps(_exact(found))


def _exact(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {key: _exact(value) for key, value in found.items()}
    if isinstance(found, list):
        return [_exact(value) for value in found]
    return str(found) if isinstance(found, Decimal) else found
