"""Reading YAML so that every value knows its file and line, and anything doubtful is named instead of guessed.

The parser's events are built into nodes here and not with PyYAML's constructors: those lose the line, keep the last
of two equal keys in silence, and turn `12:30` into 750 and `no` into false. Text stays text; only whole numbers,
true, false and ~ mean something else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Scalar = str | int | bool | None

#: How deep a file may nest, and how large it may be: far more than a playbook needs.
DEEPEST = 20
LARGEST_FILE = 1_000_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)
_WORDS: dict[str, bool | None] = {"~": None, "null": None, "true": True, "false": False}


class Problem(NamedTuple):
    """What is wrong, where, and how to mend it. `field` is dotted, items of a list count from 0."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.field + ': ' if self.field else ''}{self.message}"


class Node(NamedTuple):
    """A value and where it was written; the value of a field carries the line of the field's name."""

    value: "Scalar | list[Node] | dict[str, Node]"
    file: str
    line: int

    def plain(self) -> Any:
        """The value alone."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, path: Sequence[str | int]) -> "Node":
        """The node at the end of the path, or the deepest there is on the way to it."""
        node = self
        for part in path:
            below = node._below(part)
            if below is None:
                return node
            node = below
        return node

    def _below(self, part: str | int) -> "Node | None":
        found: Node | None = None
        if isinstance(self.value, dict):
            found = self.value.get(str(part))
        elif isinstance(self.value, list) and str(part).isdecimal() and int(part) < len(self.value):
            found = self.value[int(part)]
        return found


def laid_over(base: Node | None, over: Node, keeps_none: bool = False) -> Node:
    """`over` on top of `base`, field by field; a list or a value replaces, and ~ takes the field away.

    In `changes` ~ is kept: it takes away what the change is laid over later.
    """
    if not isinstance(over.value, dict):
        return over
    merged = dict(base.value) if base and isinstance(base.value, dict) else {}
    for key, node in over.value.items():
        if node.value is None and not keeps_none:
            merged.pop(key, None)
        else:
            merged[key] = laid_over(merged.get(key), node, keeps_none or key == "changes")
    return Node(merged, over.file, over.line)


def read_yaml(path: Path, file: str, repeats: bool = False) -> tuple[Node | None, list[Problem]]:
    """The file as nodes, and everything wrong with how it is written; `file` is its name in messages.

    `repeats` allows `&name` and `*name`, as calendars use them; elsewhere they are refused.
    """
    text = _text(path, file)
    if isinstance(text, Problem):
        return None, [text]
    reader = _Reader(file, repeats)
    try:
        return reader.document(yaml.parse(text, Loader=_LOADER)), reader.problems
    except yaml.YAMLError as error:
        return None, [*reader.problems, _not_yaml(error, file)]
    except _UnreadableError as error:
        return None, [*reader.problems, error.problem]


def _text(path: Path, file: str) -> str | Problem:
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        return Problem(file, 1, "", f"cannot be read ({error.strerror}); check its name and its permissions")
    if len(raw) > LARGEST_FILE:
        return Problem(file, 1, "", f"is larger than {LARGEST_FILE} bytes; split it or take out what is no playbook")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Problem(file, line, "", "is not written in UTF-8; save it again with the encoding UTF-8")


def _not_yaml(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
    hint = "look here and just above for a missing quote or colon, uneven indenting, a tab or a strange character"
    return Problem(file, mark.line + 1 if mark else 1, "", f"is no YAML ({said}); {hint}")


class _UnreadableError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(slots=True)
class _Reader:
    """Builds the nodes of one file and collects its problems on the way."""

    file: str
    repeats: bool
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    within: int = 0  # how many anchored parts we are in
    path: list[str] = field(default_factory=list)

    def document(self, events: Iterator[Any]) -> Node | None:
        """The one document of the file; None, with a problem, if there is none or its top is no mapping."""
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self.complain(event, "starts a second document (---); keep one in a file")
                    return root
                root = self.node(next(events), events)
        if root is None or root.value in (None, ""):
            self.problems = [Problem(self.file, 1, "", "is empty; write its fields as name: value")]
            return None
        if not isinstance(root.value, dict):
            self.problems.append(Problem(self.file, root.line, "", "holds no fields; write them as name: value"))
            return None
        return root

    def complain(self, event: Any, message: str) -> None:
        self.problems.append(Problem(self.file, event.start_mark.line + 1, ".".join(self.path), message))

    def node(self, event: Any, events: Iterator[Any], line: int | None = None) -> Node:
        line = line or event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            return self.repeated(event, line)
        anchor = self.marked(event)
        self.within += anchor is not None
        if isinstance(event, yaml.ScalarEvent):
            node = Node(_scalar(event), self.file, line)
        else:
            node = self.collection(event, events, line)
        if anchor is not None:
            self.within -= 1
            self.anchors[anchor] = node
        return node

    def marked(self, event: Any) -> str | None:
        """The anchor of a node; refuses tags, and anchors where they are not allowed."""
        if event.tag is not None:
            self.complain(event, f"has the tag {event.tag}; write the value without it")
        anchor: str | None = event.anchor
        if anchor is not None and not self.repeats:
            self.complain(event, f"has the anchor &{anchor}; a playbook has none, write the value out")
        return anchor

    def repeated(self, event: Any, line: int) -> Node:
        known = self.anchors.get(event.anchor)
        if not self.repeats:
            self.complain(event, f"is the alias *{event.anchor}; a playbook has none, write the value out")
        elif known is None:
            self.complain(event, f"repeats *{event.anchor}, named nowhere above; write &{event.anchor} there first")
        elif self.within:
            # Repeats of repeats are how a short file grows to gigabytes.
            self.complain(event, f"repeats *{event.anchor} inside a repeated part; write the value out")
            known = None
        return Node(known.value if known else None, self.file, line)

    def collection(self, event: Any, events: Iterator[Any], line: int) -> Node:
        if len(self.path) >= DEEPEST:
            raise _UnreadableError(Problem(self.file, line, self.path[0], f"nests deeper than {DEEPEST}; flatten it"))
        if isinstance(event, yaml.MappingStartEvent):
            return Node(self.fields(events), self.file, line)
        items: list[Node] = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            self.path.append(str(len(items)))
            items.append(self.node(item, events))
            self.path.pop()
        return Node(items, self.file, line)

    def fields(self, events: Iterator[Any]) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(name := next(events), yaml.MappingEndEvent):
            if not isinstance(name, yaml.ScalarEvent):
                message = "a field's name must be one word; mend what stands before the colon"
                raise _UnreadableError(Problem(self.file, name.start_mark.line + 1, ".".join(self.path), message))
            self.path.append(name.value)
            self.entry(name, next(events), events, found)
            self.path.pop()
        return found

    def entry(self, name: Any, value: Any, events: Iterator[Any], found: dict[str, Node]) -> None:
        self.marked(name)
        if isinstance(value, yaml.ScalarEvent) and not value.value and not value.style:
            self.complain(name, "has no value; write one, or ~ to go without")
        node = self.node(value, events, name.start_mark.line + 1)
        if name.value in found:
            self.complain(name, f"is here twice, first on line {found[name.value].line}; keep one of them")
        else:
            found[name.value] = node


def _scalar(event: Any) -> Scalar:
    text: str = event.value
    if event.style or event.tag is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _WHOLE.fullmatch(text) else text
