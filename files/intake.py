"""A file as it comes in: known by its content, cleaned where it is a picture, named by the hash of what is kept."""

from dataclasses import dataclass
from hashlib import sha256

from files.kinds import family, media_type
from files.pictures import cleaned


@dataclass(frozen=True, slots=True)
class Taken:
    """A file ready to be kept: `id` is the SHA-256 of `content`, `source` that of what was sent."""

    id: str
    source: str
    media_type: str
    content: bytes
    small: bytes | None = None
    width: int | None = None
    height: int | None = None


def source_of(content: bytes) -> str:
    """The SHA-256 of a file as it was sent."""
    return sha256(content).hexdigest()


def taken(content: bytes) -> Taken:
    """The file as it will be kept. Raises FileRefused or TooLarge."""
    kind = media_type(content)
    if family(kind) != "picture":
        return Taken(source_of(content), source_of(content), kind, content)
    picture = cleaned(content, kind)
    name = sha256(picture.content).hexdigest()
    return Taken(
        name, source_of(content), picture.media_type, picture.content, picture.small, picture.width, picture.height
    )


def small_name(file_id: str) -> str:
    """Where the small sibling of a picture lies."""
    return f"{file_id}.small"
