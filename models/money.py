"""Amounts in minor units of a currency: reading, writing and splitting them without losing a cent.

An amount is an ``int`` everywhere inside; only this file turns text into amounts and back. Floats never take part.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from models.errors import MoneyRefused

LARGEST: Final = 10**14
"""The largest amount that is read, in minor units; sums of many of them still fit a 64-bit column."""

_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_TWO_DIGITS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
    "CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
    "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW "
    "ZWG"
)
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS = "CLF UYW"

_EXPONENTS: Final[dict[str, int]] = {
    code: digits
    for digits, codes in ((0, _NO_DIGITS), (2, _TWO_DIGITS), (3, _THREE_DIGITS), (4, _FOUR_DIGITS))
    for code in codes.split()
}

#: The most digits that any currency has, and one that has them.
_FINEST, _FINEST_CURRENCY = 4, "CLF"

_AMOUNT = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,20}))?")


def exponent(currency: str) -> int:
    """How many digits the currency has after the point, by ISO 4217 (CNY 2, JPY 0, KWD 3)."""
    digits = _EXPONENTS.get(currency) if isinstance(currency, str) else None
    if digits is None:
        raise MoneyRefused(f"{_shown(currency)} is not an ISO 4217 currency code; write one such as CNY or EUR.")
    return digits


def to_minor(text: object, currency: str) -> int:
    """Read ``"112.00"`` as 11200 minor units; anything but plain decimal text of that precision is refused."""
    digits = exponent(currency)
    if not isinstance(text, str):
        raise MoneyRefused(f'An amount is written as text such as "112.00", not as a {_kind(text)}.')
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise MoneyRefused(f'{_shown(text)} is not an amount; write digits with one point, such as "112.00".')
    sign, whole, part = found[1], found[2], (found[3] or "").rstrip("0")
    if len(part) > digits:
        raise MoneyRefused(f"{_shown(text)} is finer than {currency} can be paid: {_places(digits)} at most.")
    minor = int(whole + part.ljust(digits, "0"))
    if minor > LARGEST:
        raise MoneyRefused(f"{_shown(text)} is larger than any amount handled here.")
    return -minor if sign else minor


def comparable(minor: int, currency: str | None) -> int:
    """An amount in ten-thousandths of its main unit: 129.00 CNY, 129 JPY and 129.000 KWD are the same number.

    For orders and limits of amounts in several currencies; nobody is paid by it. Without a currency it is hundredths.
    """
    return int(minor * 10 ** (_FINEST - (exponent(currency) if currency else 2)))


def comparable_as(total: int, currency: str) -> int:
    """A sum of `comparable` amounts of one currency in its minor units again; the exact inverse."""
    return int(total // 10 ** (_FINEST - exponent(currency)))


def comparable_of(text: str) -> int:
    """The same of an amount in main units that names no currency, such as "129" or "129.00"."""
    return to_minor(text, _FINEST_CURRENCY)


def to_text(minor: int, currency: str) -> str:
    """Write 11200 minor units of CNY as ``"112.00"``; the exact inverse of ``to_minor``."""
    digits = exponent(currency)
    sign = "-" if minor < 0 else ""
    if not digits:
        return f"{sign}{abs(minor)}"
    whole, part = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}"


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Share a total out by weight so that the parts sum to it exactly: largest remainder, ties to the earlier (F13).

    A negative total is the mirror of the positive one; weights that are all 0 mean equal shares.
    """
    _check_split(total, weights)
    if total < 0:
        return [-part for part in split(-total, weights)]
    whole = sum(weights)
    if not whole:
        weights, whole = [1] * len(weights), len(weights)
    parts = [total * weight // whole for weight in weights]
    missing = total - sum(parts)
    if missing:
        # sorted() is stable, so of equal remainders the earlier one comes first.
        by_remainder = sorted(range(len(parts)), key=lambda i: -(total * weights[i] % whole))
        for i in by_remainder[:missing]:
            parts[i] += 1
    return parts


def split_line(request: object) -> dict[str, Any]:
    """Answer one request of ``aftercare money split``: ``{"total", "weights"}`` → ``{"parts"}`` or ``{"error"}``."""
    if not isinstance(request, dict):
        return {"error": 'Each line is a JSON object such as {"total": 299, "weights": [4300, 1400, 2300]}.'}
    missing = [name for name in ("total", "weights") if name not in request]
    if missing:
        return {"error": f"{' and '.join(missing)} missing; needed are total and weights, in minor units."}
    try:
        return {"parts": split(request["total"], request["weights"])}
    except MoneyRefused as refused:
        return {"error": refused.detail}


def _check_split(total: object, weights: object) -> None:
    if not _whole(total):
        raise MoneyRefused(f"The total must be a whole number of minor units, not a {_kind(total)}.")
    if not isinstance(weights, list | tuple):
        raise MoneyRefused("The weights must be a list of whole numbers.")
    if total and not weights:
        raise MoneyRefused("There are no weights, so there is nothing to share the total out onto.")
    for weight in weights:
        if not _whole(weight):
            raise MoneyRefused(f"A weight must be a whole number, not a {_kind(weight)}.")
        if weight < 0:
            raise MoneyRefused(f"A weight cannot be negative, and {weight} is.")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(value: object) -> str:
    names = {bool: "true or false", float: "decimal number", int: "number", type(None): "null", str: "text"}
    return names.get(type(value), "list or object")


def _shown(value: object) -> str:
    """The refused input, short enough for one sentence and without what could break a terminal."""
    text = repr(value) if not isinstance(value, str) else ascii(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _places(digits: int) -> str:
    return {0: "no decimal places", 1: "1 decimal place"}.get(digits, f"{digits} decimal places")
