"""The reference of errors knows every error there is, and no other."""

import re
from pathlib import Path

import api.problems  # noqa: F401 - its errors belong to the family
from models.errors import AftercareError

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (\d{3}) \| (.+?) \| .+ \|$", re.MULTILINE)


def _family(kind: type[AftercareError]) -> list[type[AftercareError]]:
    return [member for child in kind.__subclasses__() for member in (child, *_family(child))]


def test_every_error_has_its_row() -> None:
    # A kind without a code of its own leaves as the kind it is one of.
    ours = [kind for kind in _family(AftercareError) if "code" in vars(kind)]
    there = {(kind.code, str(kind.status), (kind.__doc__ or "").splitlines()[0]) for kind in ours}
    written = set(ROW.findall(PAGE.read_text()))
    assert written == there
