"""Loading the playbooks of a folder: read, laid over the defaults, checked, and given a version.

A playbook is laid out in three layers, each field by field over the one before: `defaults.yaml`, the playbook named by
`like` (if any), and the file itself. A problem found in the result is reported where its value was written.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from models.business_time import Calendar
from models.errors import CalendarInvalid, Invalid, MoneyRefused, PlaybookInvalid
from models.freight import FreightRates
from models.playbook import ALL_HOURS, DECIDING, Playbook, Procedure, from_flat
from playbooks.checks import findings
from playbooks.lengths import Finding, changes_in, nearest, resolved
from playbooks.reading import Node, Problem, laid_over, read_yaml

__all__ = ["SHIPPED", "Playbooks", "Problem", "check_folder", "load_playbooks"]

#: The folder of the playbooks that come with the program.
SHIPPED = Path(__file__).resolve().parent
DEFAULTS, FREIGHT, CALENDARS = "defaults.yaml", "freight.yaml", "calendars"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_FIELDS = DECIDING | (frozenset(Playbook.model_fields) - {"procedure"}) | {"like"}
#: What belongs to one kind only and cannot be shared by all.
_NOT_SHARED = frozenset({"kind", "version", "names", "like"})


@dataclass(frozen=True, slots=True)
class Playbooks:
    """The playbooks, calendars and freight rates in force."""

    kinds: Mapping[str, Playbook]
    calendars: Mapping[str, Calendar]
    freight: FreightRates

    def get(self, kind: str) -> Playbook:
        """The playbook of a kind; an unknown one is refused with the known kinds."""
        found = self.kinds.get(kind)
        if found is None:
            told = f"There is no kind of case {kind[:60]!a}; {nearest(kind[:60], self.kinds)}."
            raise Invalid(told, errors=[{"field": "kind", "message": told}])
        return found


def load_playbooks(folder: Path, calendars: Mapping[str, Calendar] | None = None) -> Playbooks:
    """All playbooks of a folder. Raises `PlaybookInvalid`, whose `errors` name every problem of every file.

    Given calendars are used instead of the folder's. What the folder does not hold of calendars, defaults and
    freight rates is taken from the shipped ones.
    """
    loader = _Loader(Path(folder), calendars)
    loaded = loader.load()
    problems = loader.sorted_problems()
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PlaybookInvalid(f"{problems[0]}{more}", errors=[problem._asdict() for problem in problems])
    return loaded


def check_folder(folder: Path) -> list[Problem]:
    """Everything that is wrong in a folder of playbooks, by file and line; empty when it can be used."""
    loader = _Loader(Path(folder), None)
    loader.load()
    return loader.sorted_problems()


@dataclass(slots=True)
class _Loader:
    """One look through a folder. Goes on after a problem, so that all of them are named at once."""

    folder: Path
    given: Mapping[str, Calendar] | None
    problems: set[Problem] = field(default_factory=set)
    nodes: dict[Path, Node | None] = field(default_factory=dict)

    def load(self) -> Playbooks:
        calendars = self.calendars()
        defaults = self.defaults()
        kinds = {path.stem: self.playbook(path, defaults, calendars) for path in self.files()}
        good = {kind: playbook for kind, playbook in kinds.items() if playbook}
        return Playbooks(MappingProxyType(good), MappingProxyType(calendars), self.freight())

    def sorted_problems(self) -> list[Problem]:
        return sorted(self.problems)

    # ── files ──

    def files(self) -> list[Path]:
        """The playbooks of the folder; what looks like one and would be passed over is named."""
        for path in sorted(self.folder.glob("*.yml")):
            self.complain(path, "ends in .yml and is not read; rename it to .yaml")
        found = [path for path in sorted(self.folder.glob("*.yaml")) if path.name not in (DEFAULTS, FREIGHT)]
        found = [path for path in found if not path.name.startswith(".")]
        if not found:
            self.complain(self.folder, "holds no playbook; put at least one <kind>.yaml there, or name another folder")
        return found

    def complain(self, path: Path, message: str, where: str = "") -> None:
        self.problems.add(Problem(self.shown(path), 1, where, message))

    def shown(self, path: Path) -> str:
        """A file's name in messages: within the folder if it is there, with its whole path if not."""
        inside = path != self.folder and path.is_relative_to(self.folder)
        return path.relative_to(self.folder).as_posix() if inside else str(path)

    def read(self, path: Path) -> Node | None:
        if path not in self.nodes:
            self.nodes[path], problems = read_yaml(path, self.shown(path))
            self.problems.update(problems)
        return self.nodes[path]

    def own_or_shipped(self, name: str) -> Path:
        own = self.folder / name
        return own if own.exists() else SHIPPED / name

    # ── what all kinds share ──

    def defaults(self) -> Node | None:
        node = self.read(self.own_or_shipped(DEFAULTS))
        if node is None:
            return None
        self.known_fields(node, _FIELDS - _NOT_SHARED, "no field that all kinds can share")
        return node

    def freight(self) -> FreightRates:
        node = self.read(self.own_or_shipped(FREIGHT))
        if node is None:
            return FreightRates()
        try:
            return FreightRates.read(node.plain())
        except MoneyRefused as refused:
            found = re.fullmatch(r"freight rates, ([\w.-]+?): (.+)", refused.detail, re.DOTALL)
            where, message = found.groups() if found else ("rates", refused.detail)
            at = node.at(where.split("."))
            self.problems.add(Problem(at.file, at.line, where, message))
            return FreightRates()

    def calendars(self) -> dict[str, Calendar]:
        always = {ALL_HOURS: Calendar.always()}
        if self.given is not None:
            return {**self.given, **always}
        paths = sorted(self.own_or_shipped(CALENDARS).glob("*.yaml"))
        return {**{path.stem: self.calendar(path) for path in paths}, **always}

    def calendar(self, path: Path) -> Calendar:
        """The calendar; one that is wrong counts as always open, so that the clocks on it are not reported too."""
        if path.stem == ALL_HOURS:
            self.complain(path, f"{ALL_HOURS} is the calendar that never closes; give this one another name")
        node, problems = read_yaml(path, self.shown(path), repeats=True)
        if node is None or problems:
            self.problems.update(problems)
            return Calendar.always()
        try:
            return Calendar.model_validate(node.plain())
        except CalendarInvalid as invalid:
            self.problems.update(_calendar_problem(node, complaint) for complaint in invalid.extra["errors"])
            return Calendar.always()

    # ── one kind ──

    def playbook(self, path: Path, defaults: Node | None, calendars: Mapping[str, Calendar]) -> Playbook | None:
        layers = self.layers(path, ())
        if not _NAME.fullmatch(path.stem):
            self.complain(path, "a kind is named in small letters, digits and _, like wrong_item; rename the file")
        if layers is None or defaults is None:
            return None
        for layer in layers:
            self.known_fields(layer, _FIELDS, "no field of a playbook")
        merged = reduce(laid_over, [defaults, *layers])
        self.kind_is(path, layers[-1])
        document, unread = _document(merged), list[Finding]()
        unread += resolved(document, calendars)
        playbook, wrong = _validated(document, path.stem)
        self.found(merged, [*unread, *wrong, *(findings(playbook) if playbook else ())])
        return _versioned(playbook) if playbook and not unread else None

    def layers(self, path: Path, above: tuple[Path, ...]) -> list[Node] | None:
        """The file and what it is `like`, lowest first; None if any of them cannot be read."""
        node = self.read(path)
        if node is None or not isinstance(node.value, dict):
            return None
        like = node.value.get("like")
        if like is None:
            return [node]
        base = self.like(path, like, (*above, path))
        below = self.layers(base, (*above, path)) if base else None
        return [*below, node] if below else None

    def like(self, path: Path, like: Node, above: tuple[Path, ...]) -> Path | None:
        """The file that `like` names: in the same folder, else a shipped one; of its own name always the shipped."""
        name = like.value if isinstance(like.value, str) and _NAME.fullmatch(like.value) else ""
        places = [path.parent / f"{name}.yaml", SHIPPED / f"{name}.yaml"]
        found = next((place for place in places if place not in above and place.is_file()), None)
        if found is None or found.name in (DEFAULTS, FREIGHT):
            known = {other.stem for place in (path.parent, SHIPPED) for other in place.glob("*.yaml")}
            others = nearest(str(like.value), known - {"defaults", "freight", path.stem})
            message = f"there is no other playbook {str(like.value)[:60]!a} to be like; {others}"
            self.problems.add(Problem(like.file, like.line, "like", message))
            return None
        return found

    def kind_is(self, path: Path, own: Node) -> None:
        kind = own.value.get("kind") if isinstance(own.value, dict) else None
        if kind is None:
            self.complain(path, f"is missing; write kind: {path.stem}", "kind")
        elif kind.value != path.stem:
            message = f"must be the file's name; write kind: {path.stem} or rename the file to {kind.value}.yaml"
            self.problems.add(Problem(kind.file, kind.line, "kind", message))

    def known_fields(self, node: Node, known: Iterable[str], what: str) -> None:
        for name, value in node.value.items() if isinstance(node.value, dict) else ():
            if name not in known:
                self.problems.add(Problem(value.file, value.line, name, f"is {what}; {nearest(name, known)}"))

    def found(self, merged: Node, found: Iterable[Finding]) -> None:
        for path, message in found:
            at = merged.at(path)
            self.problems.add(Problem(at.file, at.line, ".".join(str(part) for part in path), message))


def _calendar_problem(node: Node, complaint: str) -> Problem:
    where, _, message = complaint.partition(": ")
    at = node.at(where.split("."))
    if message.startswith("Extra inputs"):
        message = f"is no field of a calendar; {nearest(where, Calendar.model_fields)}"
    return Problem(at.file, at.line, where, message)


# ── from fields to a playbook ─────────────────────────────────────────────────────────────────────


def _document(merged: Node) -> dict[str, Any]:
    """The known fields, with what whole numbers stand for: an amount or a version may be written without quotes."""
    document = {name: value for name, value in merged.plain().items() if name in _FIELDS and name != "like"}
    if isinstance(document.get("version"), int):
        document["version"] = str(document["version"])
    for layer in (document, *(changes for _, changes in changes_in(document))):
        limits = layer.get("refund_limits")
        for amounts in limits.values() if isinstance(limits, dict) else ():
            for currency, amount in amounts.items() if isinstance(amounts, dict) else ():
                amounts[currency] = str(amount) if type(amount) is int else amount
    return document


def _validated(document: dict[str, Any], kind: str) -> tuple[Playbook | None, list[Finding]]:
    """The playbook, or what its form lacks. A file is flat; the fields that decide go into the procedure."""
    try:
        return from_flat({**document, "kind": kind}), []
    except ValidationError as error:
        return None, [_finding(dict(item)) for item in error.errors(include_url=False)]


def _versioned(playbook: Playbook) -> Playbook:
    """The version as written, and a hash of what the playbook says: any change gives a new version (T10)."""
    said = playbook.model_dump(mode="json", exclude={"version": True, "procedure": {"version"}})
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    version = f"{playbook.version}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    procedure = playbook.procedure.model_copy(update={"version": version})
    return playbook.model_copy(update={"version": version, "procedure": procedure})


def _finding(item: dict[str, Any]) -> Finding:
    path = tuple(part for part in item["loc"] if part != "[key]")
    if path[0] == "procedure":
        path = path[1:] or ("clocks",)
    say = _SENTENCES.get(item["type"])
    return path, say(item, path) if say else f"{item['msg'].removeprefix('Value error, ')}; correct it"


def _unknown(item: dict[str, Any], path: tuple[str | int, ...]) -> str:
    part = _part_of(str(path[0]))
    known = part.model_fields if part else ()
    return f"is no field of {path[0]}; {nearest(str(path[-1]), known)}"


def _part_of(name: str) -> type[BaseModel] | None:
    model = Procedure if name in DECIDING else Playbook
    return _model_in(model.model_fields[name].annotation)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The one model that an annotation speaks of, however deep in tuples, dicts and options."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)


def _no_choice(item: dict[str, Any], path: tuple[str | int, ...]) -> str:
    known = re.findall(r"'([^']*)'", item["ctx"]["expected"])
    return f"{str(item['input'])[:60]!a} is not known here; {nearest(str(item['input'])[:60], known)}"


def _fixed(sentence: str) -> "Callable[[dict[str, Any], tuple[str | int, ...]], str]":
    return lambda item, path: sentence.format(**item.get("ctx", {}))


_LIST, _BELOW = _fixed("write a list, like [one, two]"), _fixed("write its fields below it, indented")
_NUMBER, _TEXT = _fixed("write a whole number"), _fixed("write text; put quotes around what looks like a number")
_SENTENCES: dict[str, Callable[[dict[str, Any], tuple[str | int, ...]], str]] = {
    "missing": _fixed("is missing; add it"),
    "extra_forbidden": _unknown,
    "enum": _no_choice,
    "literal_error": _no_choice,
    "bool_parsing": _fixed("write true or false"),
    "bool_type": _fixed("write true or false"),
    "int_parsing": _NUMBER,
    "int_type": _NUMBER,
    "string_type": _TEXT,
    "string_too_short": _fixed("is empty; write something"),
    "string_too_long": _fixed("is too long; write at most {max_length} characters"),
    "greater_than_equal": _fixed("must be at least {ge}"),
    "less_than_equal": _fixed("must be at most {le}"),
    "too_short": _fixed("needs at least {min_length}; add one"),
    "tuple_type": _LIST,
    "dict_type": _BELOW,
    "model_type": _BELOW,
}
