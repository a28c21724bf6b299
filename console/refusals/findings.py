"""What audits of the books and the sweeps write down, read from their code as words for the catalogues."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from console.refusals.mistakes import texts_of
from console.refusals.sources import HOUSE, Module, named, placed, tree_of
from console.refusals.telling import PLACE
from models.people.digest import notice

#: Whose findings are sentences: books that do not agree.
AUDITS: Final = ("models/accounting/audit.py", "store/accounting/audit.py")
#: Whose runs leave a line.
RUNS: Final = ("activities/sweeps.py", "activities/reconciling.py", "activities/door.py")
#: What the reconciliation says of a payout, and the month's summary of its letter.
UNEVEN: Final = "store/accounting/reconciling.py"


@cache
def sentences() -> Mapping[str, str]:
    """Every sentence with its places → the file that says it first."""
    found: dict[str, str] = {}
    for name in AUDITS:
        for way in Module(tree_of(HOUSE / name), _details).ways():
            if any(c.isalpha() for c in PLACE.sub("", placed(way))):
                found.setdefault(placed(way), name)
    for name in RUNS:
        for function in filter(_leaves_a_line, ast.walk(tree_of(HOUSE / name))):
            for words in texts_of(function):
                found.setdefault(words, name)
    for words in texts_of(tree_of(HOUSE / UNEVEN)):
        found.setdefault(words, UNEVEN)
    month = notice("month", month="%(month)s", opened="%(opened)s", ended="%(ended)s")["en"]
    found.setdefault(month, "models/people/digest.py")
    return found


def _details(function: ast.AST) -> Iterator[ast.expr]:
    """What a function of an audit has found, in words."""
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and named(call.func) == "_found":
            yield call.args[2]
        elif isinstance(call, ast.Call) and named(call.func) == "Finding":
            yield from (one.value for one in call.keywords if one.arg == "detail")


def _leaves_a_line(node: ast.AST) -> bool:
    """Whether a function of a sweep tallies words."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    tallies = (one for one in ast.walk(node) if isinstance(one, ast.Call) and named(one.func) == "Tally")
    return any(given.arg == "words" for one in tallies for given in one.keywords)
