"""Boxes that came in, and whose a box without a known code may be: each proposal with its reasons, best first (G2).

What speaks for a case is read off the box: its waybill, a name, the end of a telephone number, a product, a note. How
much each counts is a number in `WEIGHT`, so that the order of two proposals can be explained.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

from models.lifecycle import State
from models.value import Value

ParcelState = Literal["on_shelf", "booked", "matched", "disposed", "sent_back"]
STATES: Final = ("on_shelf", "booked", "matched", "disposed", "sent_back")
#: States of a case in which a box is expected.
EXPECTING: Final = (State.AWAITING_RETURN, State.RETURN_IN_TRANSIT, State.RECALLING)
#: A box may come so long before or after the day on which it was expected.
WINDOW: Final = timedelta(days=10)
#: More proposals than a person compares.
MOST: Final = 5

Why = Literal["same_waybill", "named", "near_waybill", "phone", "name", "product", "expected"]
#: What each reason counts. One that is certain outweighs all that are likely; what is expected never stands alone for
#: a case of which anything else speaks against it.
WEIGHT: Final[dict[Why, int]] = {
    "same_waybill": 200,
    "named": 180,  # its case, order or waybill number is written in the note
    "near_waybill": 90,
    "phone": 50,
    "name": 40,
    "product": 20,
    "expected": 10,
}


class Clues(Value):
    """What is known of a box."""

    code: str = ""
    waybill: str | None = None
    sender_name: str | None = None
    phone_tail: str | None = None
    product: str | None = None
    note: str | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """What may be the number of a waybill, on the box."""
        return tuple(dict.fromkeys(one for one in (self.waybill, self.code) if one))

    @property
    def words(self) -> tuple[str, ...]:
        """What may be a number of ours or a product's, in what somebody wrote."""
        found = _WORD.findall(" ".join(one for one in (self.product, self.note) if one))
        return tuple(dict.fromkeys(word.strip("-./") for word in found))[:30]

    @property
    def names(self) -> tuple[str, ...]:
        """What may be the name of a person."""
        written = (part for run in _CHINESE.findall(self.note or "") for part in _parts(run))
        return tuple(dict.fromkeys(one for one in (self.sender_name, *written) if one))[:300]

    @property
    def tails(self) -> tuple[str, ...]:
        """What may be the end of a telephone number."""
        written = (digits[-4:] for digits in _DIGITS.findall(self.note or "") if len(digits) in (4, 11))
        return tuple(dict.fromkeys(one for one in (self.phone_tail, *written) if one))[:10]


_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-_./]{2,60}")
_CHINESE = re.compile(r"[\u4e00-\u9fff·]{2,60}")
_DIGITS = re.compile(r"(?<!\d)\d+(?!\d)")


def _parts(run: str) -> Iterator[str]:
    """Every part of a run of Chinese that is as long as a name: nothing tells where a name begins in it."""
    for size in (3, 2, 4):
        for i in range(len(run) - size + 1):
            yield run[i : i + size]


class Candidate(Value):
    """A case that something speaks for."""

    case_no: str
    state: str
    is_open: bool
    order_no: str | None = None
    waybills: tuple[str, ...] = ()
    name: str | None = None
    phone_tail: str | None = None
    products: tuple[tuple[str, str], ...] = ()  # SKU and name
    due_at: datetime | None = None


class Reason(Value):
    """Why a case is proposed: what speaks for it, and what was compared."""

    why: Why
    what: str


class Proposal(Value):
    """A case that a box may belong to."""

    case_no: str
    order_no: str | None
    state: str
    score: int
    reasons: tuple[Reason, ...]


def ranked(clues: Clues, candidates: Iterable[Candidate], now: datetime) -> tuple[Proposal, ...]:
    """The likeliest cases, best first; of equal ones an open case, and then the newest."""
    found = []
    for one in candidates:
        reasons = tuple(_reasons(clues, one, now))
        if reasons:
            score = sum(WEIGHT[reason.why] for reason in reasons)
            row = Proposal(case_no=one.case_no, order_no=one.order_no, state=one.state, score=score, reasons=reasons)
            found.append((score, one.is_open, one.case_no, row))
    return tuple(row for *_, row in sorted(found, key=lambda each: each[:3], reverse=True))[:MOST]


def _reasons(clues: Clues, one: Candidate, now: datetime) -> Iterator[Reason]:
    yield from _by_number(clues, one)
    if one.phone_tail and one.phone_tail in clues.tails:
        yield Reason(why="phone", what=one.phone_tail)
    if one.name and one.name in clues.names:
        yield Reason(why="name", what=one.name)
    told = f"{clues.product or ''} {clues.note or ''}".casefold()
    for sku, name in one.products:
        if sku.casefold() in told or (name and name.casefold() in told):
            yield Reason(why="product", what=name or sku)
            break
    if one.state in EXPECTING and (one.due_at is None or abs(one.due_at - now) <= WINDOW):
        yield Reason(why="expected", what=one.state)


def _by_number(clues: Clues, one: Candidate) -> Iterator[Reason]:
    """By the strongest number alone: that of a waybill is also near itself."""
    written = {word.upper() for word in clues.words}
    named = [number for number in (one.case_no, one.order_no, *one.waybills) if number and number.upper() in written]
    for waybill in one.waybills:
        if waybill in clues.numbers:
            yield Reason(why="same_waybill", what=waybill)
            return
    if named:
        yield Reason(why="named", what=named[0])
        return
    for waybill in one.waybills:
        if any(waybill in nearly(number) for number in clues.numbers):
            yield Reason(why="near_waybill", what=waybill)
            return


# ── numbers that are nearly the same ──────────────────────────────────────────────────────────────

_DIGIT = "0123456789"
#: What is taken for another when it is typed from a wet label.
_ALIKE = {"0": "OQD", "1": "IL", "2": "Z", "5": "S", "6": "G", "8": "B"}
_ALIKE |= {letter: digit for digit, letters in _ALIKE.items() for letter in letters}
#: Shorter ones have too many neighbours, longer ones are no waybills.
SHORTEST, LONGEST = 6, 30


def nearly(number: str) -> frozenset[str]:
    """The numbers of which this one may be a misreading: one character wrong, missing or too many, or two swapped.

    So many can be looked up in an index at once; to compare with every waybill there is would take seconds.
    """
    if not SHORTEST <= len(number) <= LONGEST or not number.isascii():
        return frozenset()
    number = number.upper()
    found = set(_misread(number))
    found.discard(number)
    return frozenset(found)


def _misread(number: str) -> Iterator[str]:
    for i, here in enumerate(number):
        before, after = number[:i], number[i + 1 :]
        for other in (_DIGIT if here.isdigit() else "") + _ALIKE.get(here, ""):
            yield before + other + after
        yield before + after
        if after:
            yield before + after[0] + here + after[1:]
    for i in range(len(number) + 1):
        for missing in _DIGIT:
            yield number[:i] + missing + number[i:]
