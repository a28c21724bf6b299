"""The sentences in which mistakes in playbooks and calendars are told, and why other programs could not be, as words.

A loader does not raise what it finds but collects it, so here every text of its code that reads like a sentence is
taken, with a name in each place. What playbooks' models refuse by themselves is found as refusals are.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from console.refusals.sources import HOUSE, Module, placed, tree_of, ways_of
from console.refusals.telling import PLACE

#: The code that reads playbooks, and the models that say themselves what is wrong with a value.
LOADING: Final = "playbooks/loading"
MODELS: Final = (
    *("models/business_time.py", "models/playbook.py", "models/procedure/steps.py", "models/people/shifts.py"),
    *("models/goods/couriers.py", "models/oversight/callbacks.py", "models/oversight/reports.py"),
)
#: The code that says why another program could not be told.
DELIVERING: Final = ("activities/webhooks/guard.py", "activities/webhooks/sending.py")
#: Calls whose texts are for others: editors of the reference, patterns, words that are only looked for.
_FOR_OTHERS: Final = frozenset(
    {
        *("Field", "compile", "fullmatch", "startswith", "removeprefix", "_any"),
        *("warning", "rounds", "ReadTimeout", "ConnectError"),
    }
)
_SENTENCE = re.compile(r"[a-z]+ [a-z]+")
#: What pydantic fills into a text of ours.
_FILLED = re.compile(r"\{(max_length|min_length|ge|le)\}")
#: A sentence that is put together of what a script says and why that is not said.
MANNERS: Final = "“%(found)s” %(why)s"
#: What the parser of YAML says of a file that is none.
NO_YAML: Final = (
    "block sequence entries are not allowed in this context",
    "could not find expected ':'",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
    "did not find expected '-' indicator",
    "did not find expected <document start>",
    "did not find expected alphabetic or numeric character",
    "did not find expected comment or line break",
    "did not find expected key",
    "did not find expected node content",
    "did not find expected whitespace or line break",
    "found a tab character that violates indentation",
    "found character that cannot start any token",
    "found unexpected document indicator",
    "found unexpected end of stream",
    "found unknown escape character",
    "mapping keys are not allowed in this context",
    "mapping values are not allowed in this context",
    "control characters are not allowed",
)


@cache
def sentences() -> Mapping[str, str]:
    """Every sentence with its places → the file that says it first."""
    found: dict[str, str] = {}
    for file in sorted((HOUSE / LOADING).glob("*.py")):
        for words in texts_of(tree_of(file)):
            found.setdefault(words, f"{LOADING}/{file.name}")
    for name in DELIVERING:
        for words in texts_of(tree_of(HOUSE / name)):
            found.setdefault(words, name)
    for name in MODELS:
        for words in _of_models(HOUSE / name):
            found.setdefault(words, name)
    found[MANNERS] = f"{LOADING}/manners.py"
    for said in NO_YAML:
        found.setdefault(said, "yaml")
    return found


def _of_models(file: Path) -> Iterator[str]:
    yield from (words for way in Module(tree_of(file)).ways() if _is_a_sentence(words := placed(way)))
    if file.name == "shifts.py":  # it finds by itself what is wrong between its fields
        yield from texts_of(tree_of(file))


def texts_of(tree: ast.AST) -> Iterator[str]:
    """Every text of a file that is a sentence, and for whoever uses the desk."""
    left_out = _not_told(tree)
    for node in ast.walk(tree):
        if id(node) in left_out or not isinstance(node, ast.JoinedStr | ast.Constant):
            continue
        left_out |= {id(inner) for inner in ast.walk(node) if inner is not node}
        for way in ways_of(node, {}):
            words = _FILLED.sub(r"%(\1)s", placed(way))
            if _is_a_sentence(words) and not set(words) & {"\n", "\\"}:
                yield words


def _not_told(tree: ast.AST) -> set[int]:
    """What is documentation, or for somebody else than whoever wrote a file."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
        called = node.func if isinstance(node, ast.Call) else None
        name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        if name in _FOR_OTHERS:
            found |= {id(inner) for inner in ast.walk(node)}
    return found


def _is_a_sentence(words: str) -> bool:
    return _SENTENCE.search(PLACE.sub("", words)) is not None
