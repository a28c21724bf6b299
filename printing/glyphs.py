"""Whether a font can show a text: a name with an empty box in it is nobody's name."""

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError

from models.errors import Invalid

#: The font that is part of the product: GBK and the letters of other languages (fonts/README.md).
SHIPPED = Path(__file__).parent / "fonts" / "aftercare-cjk.ttf"
#: The printers' own mark for a character that they have not got.
MISSING = "〓"


@lru_cache(maxsize=4)
def characters(font: Path) -> frozenset[int]:
    """The characters that a font file has. Raises Invalid for a file that is no font."""
    try:
        with TTFont(BytesIO(font.read_bytes()), lazy=True) as read:
            return frozenset(read.getBestCmap() or ())
    except (OSError, TTLibError) as wrong:
        told = f"{font} cannot be used as a font ({wrong}): name a TrueType file, or leave AFTERCARE_FONT out."
        raise Invalid(told) from None


def missing(texts: Iterable[str], font: Path = SHIPPED) -> tuple[str, ...]:
    """The characters of these texts that the font cannot show, each once, in the order in which they come."""
    known = characters(font)
    return tuple(dict.fromkeys(c for text in texts for c in text if ord(c) not in known and not c.isspace()))


def shown(text: str, font: Path = SHIPPED) -> str:
    """The text as the font can show it: in one line, with a mark for every character that is missing."""
    known = characters(font)
    line = " ".join(text.split())
    return "".join(c if ord(c) in known else MISSING for c in line if c.isprintable())
