"""Files as telephones, scanners and mischief-makers send them, made here byte by byte."""

import struct
import zlib
from io import BytesIO

import pillow_heif
from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
MP4 = struct.pack(">I", 24) + b"ftypmp42" + bytes(4) + b"isommp42" + b"film of a kettle that leaks"


def photo(kind: str = "JPEG", size: tuple[int, int] = (64, 48), **how: object) -> bytes:
    """A picture: red on the left, blue on the right, so that turning it shows."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    out = BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def from_a_telephone(orientation: int = 6) -> bytes:
    """A JPEG that knows where and with what it was taken, and that lies on its side."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Telephone", "13 Pro of Wang Xiaoming", orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 27.0), 3: "E", 4: (116.0, 23.0, 17.0)})
    return photo(exif=exif, comment=b"at home")


def heic() -> bytes:
    out = BytesIO()
    pillow_heif.from_pillow(Image.open(BytesIO(photo(size=(640, 480))))).save(out)
    return out.getvalue()


def bomb(side: int = 60_000) -> bytes:
    """A PNG of a few kilobytes that claims 3,600 million pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    heading = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(2_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", heading) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
