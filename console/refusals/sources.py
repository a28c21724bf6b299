"""The sentences with which things are refused, read from the code that raises them, as words for the catalogues.

Whoever refuses writes one English sentence with its values in place. Here the same sentence is found with a name in
each place, `%(line_no)s`, so that it can be translated, and be known again when it comes. What a sentence takes from
names of its function, or from functions beside it, is followed as far as it is text.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from pydantic_core._pydantic_core import list_all_errors

from console.refusals.telling import PLACE
from models.errors import AftercareError

HOUSE: Final = Path(__file__).parents[2]
#: Where those who are told on pages refuse; what only the command line meets is left out, and what playbooks' editors
#: meet is among `mistakes`.
ROOMS: Final = ("models", "api", "store", "files", "workflows")
LEFT_OUT: Final = frozenset(
    {
        *("models/business_time.py", "models/people/shifts.py", "models/people/identity.py", "models/playbook.py"),
        *("models/goods/couriers.py", "models/procedure/steps.py", "models/oversight/callbacks.py"),
        *("store/maintenance.py", "api/connection.py", "workflows/schedules.py", "models/tables/columns.py"),
    }
)
#: More ways to put one sentence together than anybody writes.
MOST_WAYS: Final = 16
#: What pydantic says of a field, by its own names.
FIELD_FAULTS: Final = frozenset(
    {
        *("missing", "extra_forbidden", "none_required", "enum", "literal_error"),
        *("string_type", "string_too_short", "string_too_long", "string_pattern_mismatch"),
        *("int_type", "int_parsing", "int_from_float", "float_type", "float_parsing", "bool_type", "bool_parsing"),
        *("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"),
        *("list_type", "tuple_type", "set_type", "dict_type", "model_type", "too_short", "too_long"),
        *("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"),
        *("date_type", "date_parsing", "date_from_datetime_parsing", "time_type", "time_parsing"),
    }
)
Piece = str | ast.expr
Way = tuple[Piece, ...]


@cache
def sentences() -> Mapping[str, str]:
    """Every sentence with its places → the file that says it first."""
    found: dict[str, str] = {}
    for file in _files():
        name = file.relative_to(HOUSE).as_posix()
        for way in Module(tree_of(file)).ways():
            words = placed(way)
            if _says_something(words):
                found.setdefault(words, name)
    for title in kinds().values():
        found.setdefault(title, "models/errors.py")
    for fault in list_all_errors():
        if fault["type"] in FIELD_FAULTS:
            found.setdefault(_of_pydantic(fault["message_template_python"]), "pydantic")
    return found


def _files() -> Iterator[Path]:
    for room in ROOMS:
        for file in sorted((HOUSE / room).rglob("*.py")):
            inside = file.relative_to(HOUSE)
            if inside.as_posix() not in LEFT_OUT and "migrations" not in inside.parts:
                yield file


@cache
def kinds() -> Mapping[str, str]:
    """The errors of our family, wherever they are written: name → title."""
    written = [one for file in _files() for one in ast.walk(tree_of(file)) if isinstance(one, ast.ClassDef)]
    found = {AftercareError.__name__: (AftercareError.__doc__ or "").strip()}
    count = 0
    while count != len(found):
        count = len(found)
        for one in written:
            if any(named(base) in found for base in one.bases):
                found[one.name] = (ast.get_docstring(one) or one.name).splitlines()[0]
    return found


@cache
def tree_of(file: Path) -> ast.Module:
    """The code of a file, read once."""
    return ast.parse(file.read_text(encoding="utf-8"))


def _of_pydantic(template: str) -> str:
    return template.replace("{", "%(").replace("}", ")s")


def _says_something(words: str) -> bool:
    return sum(c.isalpha() for c in PLACE.sub("", words)) > 3


# ── one module ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Module:
    """The code of one file, as far as it refuses, or says what it has found."""

    tree: ast.Module
    #: What of a function is a sentence; otherwise what it refuses with.
    messages: Callable[[ast.AST], Iterator[ast.expr]] = field(default=lambda function: messages_of(function))
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = field(init=False)
    constants: dict[str, list[ast.expr]] = field(init=False)

    def __post_init__(self) -> None:
        every = [one for one in ast.walk(self.tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        self.functions = {one.name: one for one in every}
        self.constants = _assigned(self.tree.body)

    def ways(self) -> Iterator[Way]:
        """Each way in which a sentence of this file can be put together, and each text that is put into one."""
        handed_in: set[tuple[str, int]] = set()
        asked: set[str] = set()
        for function in self.functions.values():
            known = {**self.constants, **_assigned(function.body)}
            parameters = [one.arg for one in (*function.args.args, *function.args.kwonlyargs)]
            for message in self.messages(function):
                for way in ways_of(message, known):
                    yield way
                    for piece in way:
                        if isinstance(piece, ast.Name) and piece.id in parameters:
                            handed_in.add((function.name, parameters.index(piece.id)))
                        if isinstance(piece, ast.Call) and isinstance(piece.func, ast.Name):
                            asked.add(piece.func.id)
        yield from self._handed_in(handed_in)
        yield from self._answered(asked)

    def _handed_in(self, wanted: set[tuple[str, int]]) -> Iterator[Way]:
        """What callers hand to a function that refuses with it."""
        for function in self.functions.values():
            known = {**self.constants, **_assigned(function.body)}
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                    for at, given in enumerate(call.args):
                        if (call.func.id, at) in wanted:
                            yield from ways_of(given, known)

    def _answered(self, names: set[str]) -> Iterator[Way]:
        """What functions answer that a sentence asks for its parts."""
        for name in sorted(names & self.functions.keys()):
            function = self.functions[name]
            known = {**self.constants, **_assigned(function.body)}
            for one in ast.walk(function):
                if isinstance(one, ast.Return) and one.value is not None:
                    yield from ways_of(one.value, known)


def _assigned(body: Sequence[ast.stmt]) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for one in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(one, ast.Assign):
            for target in one.targets:
                for name, value in _pairs(target, one.value):
                    found.setdefault(name, []).append(value)
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.value is not None:
            found.setdefault(one.target.id, []).append(one.value)
    return found


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, part in zip(target.elts, value.elts, strict=True):
            yield from _pairs(one, part)


def messages_of(function: ast.AST) -> Iterator[ast.expr]:
    """What a function refuses with: the words of errors of our family, and of the values that pydantic checks."""
    names = kinds()
    for call in ast.walk(function):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        called = named(call.func)
        if called in names or called == "ValueError":
            yield call.args[-1] if _is_a_word(call.args[0]) else call.args[0]
        elif called == "of" and isinstance(call.func, ast.Attribute) and named(call.func.value) in names:
            yield call.args[1]
        elif called == "append" and isinstance(call.func, ast.Attribute) and named(call.func.value) == "reasons":
            yield call.args[0]


def _is_a_word(given: ast.expr) -> bool:
    """Whether an argument is a code and no sentence: some errors name their reason first."""
    return isinstance(given, ast.Constant) and isinstance(given.value, str) and " " not in given.value


def ways_of(words: ast.expr, known: Mapping[str, list[ast.expr]], depth: int = 0) -> list[Way]:
    """The ways in which a text can come about, each as its pieces of text and the expressions between them."""
    if isinstance(words, ast.Constant):
        return [(str(words.value),)] if isinstance(words.value, str) else [(words,)]
    if isinstance(words, ast.JoinedStr):
        return _joined([_ways_of_piece(piece, known, depth) for piece in words.values])
    if isinstance(words, ast.IfExp):
        return [*ways_of(words.body, known, depth), *ways_of(words.orelse, known, depth)]
    if isinstance(words, ast.BinOp) and isinstance(words.op, ast.Add):
        return _joined([ways_of(words.left, known, depth), ways_of(words.right, known, depth)])
    if isinstance(words, ast.Name) and depth < 4:
        others = {name: values for name, values in known.items() if name != words.id}
        found = [way for value in known.get(words.id, ()) for way in ways_of(value, others, depth + 1)]
        if found and all(any(isinstance(piece, str) for piece in way) for way in found):
            return found[:MOST_WAYS]
    return [(words,)]


def _ways_of_piece(piece: ast.expr, known: Mapping[str, list[ast.expr]], depth: int) -> list[Way]:
    if not isinstance(piece, ast.FormattedValue):
        return ways_of(piece, known, depth)
    plain = piece.conversion == -1 and piece.format_spec is None
    return ways_of(piece.value, known, depth + 1) if plain else [(piece.value,)]


def _joined(parts: Sequence[list[Way]]) -> list[Way]:
    found: list[Way] = [()]
    for options in parts:
        found = [(*way, *option) for way in found for option in options][:MOST_WAYS]
    return found


# ── places ────────────────────────────────────────────────────────────────────────────────────────


def placed(way: Way) -> str:
    """A sentence with a name in each place; two places of one name get numbers."""
    words, used = "", list[str]()
    for piece in way:
        if isinstance(piece, str):
            words += piece
            continue
        name = named(piece).strip("_").casefold() or "value"
        used.append(name)
        number = used.count(name)
        words += f"%({name}{number if number > 1 else ''})s"
    return words


def named(piece: ast.AST) -> str:
    """What an expression is about, by its last name."""
    if isinstance(piece, ast.Name):
        return piece.id
    if isinstance(piece, ast.Attribute):
        return piece.attr
    if isinstance(piece, ast.Subscript | ast.Starred | ast.FormattedValue):
        return named(piece.value)
    if isinstance(piece, ast.Call):
        inside = piece.args[0] if piece.args else piece.func
        return named(inside) or named(piece.func)
    if isinstance(piece, ast.BinOp):
        return named(piece.left) or named(piece.right)
    if isinstance(piece, ast.GeneratorExp | ast.ListComp):
        return named(piece.elt)
    if isinstance(piece, ast.BoolOp):
        return named(piece.values[0])
    return named(piece.body) if isinstance(piece, ast.IfExp) else ""
