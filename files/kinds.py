"""What a file is, by its content: the name and the type that came with it may say anything."""

from typing import Final, Literal

import puremagic

from models.errors import FileRefused, TooLarge

MB: Final = 1024 * 1024
Family = Literal["picture", "document", "film"]

#: What is taken, and how it is named when it is fetched again; where content fits two kinds, the first of these.
EXTENSIONS: Final[dict[str, str]] = {
    "image/heif": "heic",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "video/quicktime": "mov",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
#: The most bytes of each family.
MOST: Final[dict[Family, int]] = {"picture": 25 * MB, "document": 25 * MB, "film": 100 * MB}
LARGEST: Final = max(MOST.values())


def media_type(content: bytes) -> str:
    """The media type by content. Raises FileRefused for what is not kept, TooLarge beyond its family's limit."""
    found = {match.mime_type for match in _matches(content)}
    known = next((kind for kind in EXTENSIONS if kind in found), None)
    if known is None:
        raise FileRefused("Only photos (JPEG, PNG, WebP, HEIC), PDF and films (MP4, MOV, WebM) are kept: send one.")
    most = MOST[family(known)]
    if len(content) > most:
        raise TooLarge(f"A {family(known)} may have {most // MB} MB at most; send a smaller one.")
    return known


def _matches(content: bytes) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return puremagic.magic_string(content)
    except (puremagic.PureError, ValueError):  # nothing in it is known, or there is nothing in it
        return []


def family(kind: str) -> Family:
    """Picture, document or film."""
    if kind.startswith("image/"):
        return "picture"
    return "film" if kind.startswith("video/") else "document"
