"""Which encoding a text file is in: UTF-8 with or without mark, UTF-16 with mark, or GBK and its heir GB18030."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from models.errors import Invalid

_CHUNK = 1 << 20
_BROKEN = re.compile("[\ud800-\udfff]")
_FOREIGN = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")


def detect(stream: BinaryIO) -> str:
    """The codec of a whole file, which is read once; refuses with ``Invalid`` what is none of those above.

    A UTF-8 file with a few broken bytes is still UTF-8: its rows that hold them can then be refused one by one.
    """
    stream.seek(0)
    start = stream.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _utf16(stream)
    good, broken = _survey(stream, "utf-8")
    if broken * 20 <= good:
        return "utf-8-sig"
    if _is_chinese(stream):
        return "gb18030"
    raise Invalid('The file is neither UTF-8 nor GBK text; save it as "CSV UTF-8" and import it again.')


def _utf16(stream: BinaryIO) -> str:
    try:
        for _ in _texts(stream, "utf-16", "strict"):
            pass
    except UnicodeDecodeError:
        raise Invalid('The file is broken UTF-16 text; save it as "CSV UTF-8" and import it again.') from None
    return "utf-16"


def _survey(stream: BinaryIO, codec: str) -> tuple[int, int]:
    """How many characters beyond ASCII the codec finds, and how many bytes it cannot read."""
    good = broken = 0
    for text in _texts(stream, codec, "surrogateescape"):
        if not text.isascii():
            good += len(_FOREIGN.findall(text))
            broken += len(_BROKEN.findall(text))
    return good, broken


def _is_chinese(stream: BinaryIO) -> bool:
    # Accented Western text often happens to be valid GBK, but then it comes out as characters nobody uses:
    # nearly everything that people write in Chinese lies in the old GB 2312 part.
    good, broken = _survey(stream, "gb18030")
    common = 0
    for text in _texts(stream, "gb18030", "ignore"):
        plain = text.encode("gb2312", "ignore").decode("gb2312")
        common += 0 if plain.isascii() else len(_FOREIGN.findall(plain))
    return common >= 4 * (good - common + broken)


def _texts(stream: BinaryIO, codec: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)(errors)
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
