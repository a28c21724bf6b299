"""Pictures made anew: upright, without what the camera wrote into them, and never larger than anybody needs."""

import struct
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import ExifTags, Image, UnidentifiedImageError
from pillow_heif import register_heif_opener

from models.errors import FileRefused

register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # our own limit decides, and says so in its own words

#: A picture that claims more pixels than any telephone takes is a bomb: it is refused by its heading, before decoding.
MOST_PIXELS: Final = 120_000_000
#: The longer side of what is kept, and of the small one for lists.
LONGEST, SMALL = 4096, 320
_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heif": "HEIF"}


_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept, its small sibling (JPEG), and its size in pixels."""

    content: bytes
    small: bytes
    media_type: str
    width: int
    height: int


def cleaned(content: bytes, media_type: str) -> Picture:
    """The picture upright, without EXIF and other notes; HEIC becomes JPEG, which every browser shows.

    Raises FileRefused for one that is broken, of another format than it says, or a bomb.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about notes that are thrown away anyhow
            upright = _read(content, _FORMATS[media_type])
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise FileRefused("The picture cannot be read: it is broken or cut off. Take or save it anew.") from None
    return _kept(upright, media_type)


def _read(content: bytes, form: str) -> Image.Image:
    with Image.open(BytesIO(content), formats=[form]) as opened:
        _not_a_bomb(opened)
        opened.load()
        return _upright(opened)


def _not_a_bomb(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MOST_PIXELS:
        most = MOST_PIXELS // 1_000_000
        raise FileRefused(f"The picture claims {width} × {height} pixels; at most {most} million are taken.")


def _upright(picture: Image.Image) -> Image.Image:
    """The picture turned as its telephone was held; notes that cannot be read turn nothing."""
    try:
        held = picture.getexif().get(ExifTags.Base.Orientation)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
        held = None
    turn = _TURNS.get(held) if isinstance(held, int) else None
    return picture if turn is None else picture.transpose(turn)


def _kept(picture: Image.Image, media_type: str) -> Picture:
    bare = _bare(picture, media_type)
    bare.thumbnail((LONGEST, LONGEST))
    kind = "image/jpeg" if media_type == "image/heif" else media_type
    small = _opaque(bare)
    small.thumbnail((SMALL, SMALL))
    return Picture(_saved(bare, kind), _saved(small, "image/jpeg"), kind, *bare.size)


def _bare(picture: Image.Image, media_type: str) -> Image.Image:
    """The pixels alone: notes, places, thumbnails and further frames stay behind."""
    see_through = media_type in ("image/png", "image/webp") and ("A" in picture.mode or "transparency" in picture.info)
    plain = picture.convert("RGBA" if see_through else "RGB")
    plain.info = {}
    return plain


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        return picture.copy()
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _saved(picture: Image.Image, kind: str) -> bytes:
    out = BytesIO()
    how: dict[str, int] = {} if kind == "image/png" else {"quality": 88}
    picture.save(out, _FORMATS[kind], **how)
    return out.getvalue()
