"""What becomes of a file: known by its content, cleaned, and never trusted by its name."""

from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from files.intake import taken
from files.kinds import MB, MOST
from files.pictures import LONGEST, SMALL
from models.errors import FileRefused, TooLarge
from tests.files import pictures


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (pictures.photo("JPEG"), "image/jpeg"),
        (pictures.photo("PNG"), "image/png"),
        (pictures.photo("WEBP"), "image/webp"),
        (pictures.heic(), "image/jpeg"),
        (pictures.PDF, "application/pdf"),
        (pictures.MP4, "video/mp4"),
    ],
)
def test_a_file_is_known_by_its_content(content: bytes, kind: str) -> None:
    made = taken(content)
    assert made.media_type == kind
    assert made.id == sha256(made.content).hexdigest()
    assert made.source == sha256(content).hexdigest()


def test_a_photo_forgets_who_took_it_where_and_with_what() -> None:
    sent = pictures.from_a_telephone()
    assert b"Wang Xiaoming" in sent
    made = taken(sent)
    for kept in (made.content, made.small or b""):
        assert dict(Image.open(BytesIO(kept)).getexif()) == {}
        assert b"Wang Xiaoming" not in kept
        assert b"at home" not in kept


@pytest.mark.parametrize(("orientation", "size"), [(1, (64, 48)), (6, (48, 64)), (3, (64, 48)), (8, (48, 64))])
def test_a_photo_stands_upright_however_the_telephone_was_held(orientation: int, size: tuple[int, int]) -> None:
    made = taken(pictures.from_a_telephone(orientation))
    assert (made.width, made.height) == size
    red, _, blue = Image.open(BytesIO(made.content)).convert("RGB").getpixel((8, 8))  # type: ignore[misc]
    assert (red > blue) == (orientation in (1, 6))


def test_what_is_larger_than_anybody_needs_is_made_smaller_and_has_a_small_sibling() -> None:
    made = taken(pictures.photo(size=(6000, 3000)))
    assert (made.width, made.height) == (LONGEST, LONGEST // 2)
    assert Image.open(BytesIO(made.small or b"")).size == (SMALL, SMALL // 2)


def test_a_see_through_picture_stays_so_and_is_white_in_lists() -> None:
    out = BytesIO()
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(out, "PNG")
    made = taken(out.getvalue())
    assert Image.open(BytesIO(made.content)).mode == "RGBA"
    assert Image.open(BytesIO(made.small or b"")).convert("RGB").getpixel((9, 9)) == (255, 255, 255)


def test_an_image_bomb_is_refused_before_it_is_unpacked() -> None:
    assert len(pictures.bomb()) < 10_000
    with pytest.raises(FileRefused, match="60000 × 60000 pixels"):
        taken(pictures.bomb())


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"MZ" + bytes(100),
        b"PK\x03\x04" + bytes(100),
        b"just words",
        b"\xff\xd8\xff",
        pictures.photo()[:200],
        pictures.photo("PNG")[:60],
        b"",
    ],
)
def test_what_is_no_photo_paper_or_film_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused):
        taken(content)


def test_each_family_has_its_most() -> None:
    with pytest.raises(TooLarge, match="25 MB"):
        taken(pictures.PDF + bytes(MOST["document"]))
    assert taken(pictures.MP4 + bytes(30 * MB)).media_type == "video/mp4"


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 700), bit=st.integers(0, 7))
def test_a_damaged_photo_is_taken_or_refused_and_never_an_error(at: int, bit: int) -> None:
    content = bytearray(pictures.from_a_telephone())
    content[at % len(content)] ^= 1 << bit
    try:
        made = taken(bytes(content))
    except (FileRefused, TooLarge):
        return
    assert made.content
