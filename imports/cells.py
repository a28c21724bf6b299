"""What single cells of the ``aftercare`` format mean: whole numbers, yes and no, times, and text."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

_TIME = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[Tt ](\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)? ?([Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_WHOLE = re.compile(r"([0-9]{1,9})(?:\.0+)?")
_ROUNDED = re.compile(r"[0-9]\.[0-9]+[Ee]\+[0-9]+")
_YES_NO = dict.fromkeys(("yes", "y", "true", "1", "是"), True) | dict.fromkeys(("no", "n", "false", "0", "否"), False)

_IDENTIFIERS: Final = frozenset(
    {
        "order_no", "customer_id", "phone", "ship_phone", "sku", "payment_no",
        "payment_reference", "shipment_no", "waybill", "invoice_number",
    }
)  # fmt: skip


class CellRefused(ValueError):
    """A cell is refused; the message is the reason"""


def read_cell(column: str, text: str, zone: ZoneInfo | None) -> Any:
    """What a filled cell of the column means; amounts stay text, since only the order knows its currency."""
    read = _READ.get(column)
    if read is not None:
        return read(text)
    if column.endswith("_at"):
        return _time(text, zone)
    if column in _IDENTIFIERS and _ROUNDED.fullmatch(text):
        raise CellRefused(f"{text} was rounded by a spreadsheet; format the column as text and enter it anew")
    return text


def whole(text: str) -> int:
    """A whole number; ``2.0`` is what a spreadsheet makes of 2."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise CellRefused(f"{text[:40]!r} is not a whole number such as 2")
    return int(found[1])


def optional_whole(text: str | None) -> int | None:
    """The same, or None for an empty cell."""
    return whole(text) if text else None


def zone_named(text: str) -> ZoneInfo:
    """The time zone of that name."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise CellRefused(f"timezone: {text[:40]!r} is not known; write one such as Asia/Shanghai") from None


def _yes_no(text: str) -> bool:
    answer = _YES_NO.get(text.lower())
    if answer is None:
        raise CellRefused(f"{text[:40]!r} is neither yes nor no")
    return answer


def _serials(text: str) -> list[str]:
    return [serial.strip() for serial in text.split("|") if serial.strip()]


def _time(text: str, zone: ZoneInfo | None) -> datetime:
    found = _TIME.fullmatch(text)
    if found is None:
        raise CellRefused(
            f"{text[:40]!r} is no time; write 2026-10-05T09:30:00+08:00, or 2026-10-05 09:30 and a timezone"
        )
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        if found[7]:
            date, clock = f"{year:04d}-{month:02d}-{day:02d}", f"{hour:02d}:{minute:02d}:{second:02d}"
            return datetime.fromisoformat(f"{date}T{clock}{found[7].upper()}")
        if zone is None:
            raise CellRefused("has no offset such as +08:00; add it, or name the zone in the column timezone")
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except CellRefused:
        raise
    except ValueError:
        raise CellRefused(f"{text[:40]!r} is on no calendar; correct it") from None


_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "line_no": whole,
    "quantity": whole,
    "tax_included": _yes_no,
    "final_sale": _yes_no,
    "serials": _serials,
    "currency": str.upper,
}
