"""The return slip: what the customer puts into the parcel, so that goods-in knows it at a glance (section 1, G1).

A6 is a label; A4 is the same with room for more goods. Both carry the code as QR and as Code 128, so that any scanner
reads it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from printing.words import Language

Paper = Literal["a6", "a4"]
PAPERS: tuple[Paper, ...] = ("a6", "a4")


@dataclass(frozen=True, slots=True)
class Goods:
    """What should be in the parcel."""

    name: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Slip:
    """Everything that a slip says; `code` is what scanners read."""

    code: str
    case_no: str
    order_no: str | None
    name: str | None
    phone: str | None
    goods: tuple[Goods, ...]
    shop: str
    address: str
    instructions: tuple[str, ...]
    language: Language = "zh"
    until: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """All that is written on it and comes from somebody."""
        named = (text for one in self.goods for text in (one.name, one.sku))
        given = (self.order_no, self.name, self.phone, self.until)
        return (*(text for text in given if text), *named, self.shop, self.address, *self.instructions)


@dataclass(frozen=True, slots=True)
class Printed:
    """A slip as a PDF, and the characters that its font could not show."""

    pdf: bytes
    missing: tuple[str, ...]


def printed(slip: Slip, paper: Paper = "a6", font: Path | None = None) -> Printed:
    """The slip on one page. Characters that the font has not got are marked 〓 and named in the answer.

    Raises Invalid for a font file that is none.
    """
    from printing.sheet import drawn  # what draws takes a third of a second to load, and most processes draw nothing

    return drawn(slip, paper, font)
