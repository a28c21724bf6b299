"""The codes of a slip, as what is dark and what is light: the libraries encode, the slip draws."""

import segno
from barcode.codex import Code128

#: Light modules that a reader needs around a code, by the standards (ISO/IEC 18004, ISO/IEC 15417).
QUIET_AROUND_QR = 4
QUIET_BESIDE_BARS = 10


def qr(text: str) -> tuple[tuple[bool, ...], ...]:
    """A QR code by rows, true where it is dark; it can still be read with about 15 % of it lost."""
    code = segno.make(text, error="m", micro=False)
    return tuple(tuple(bool(module) for module in row) for row in code.matrix)


def bars(text: str) -> tuple[bool, ...]:
    """A Code 128 from left to right, one value a module, true where it is dark. Raises ValueError beyond ASCII."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("a bar code holds printable ASCII only")
    (modules,) = Code128(text).build()
    return tuple(module == "1" for module in modules)
