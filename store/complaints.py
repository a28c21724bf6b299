"""A database's complaint without the row it is about: logs and histories are no place for names and telephones."""

import re
from typing import Final

#: The class of SQLSTATE of values that the database cannot take.
_DATA_EXCEPTION: Final = "22"
_QUOTED: Final = re.compile(r'".*"', re.DOTALL)


def bared(original: BaseException) -> str:
    """Take out of an error what stands in the row; answers what is left of its words.

    PostgreSQL quotes the whole row in its second line (`DETAIL`), and a value that it cannot read in its first.
    """
    first = str(original).split("\n", 1)[0]
    sqlstate: str = getattr(original, "sqlstate", None) or ""
    bare = _QUOTED.sub('"…"', first) if sqlstate.startswith(_DATA_EXCEPTION) else first
    original.args = (bare, *original.args[1:])
    return bare
