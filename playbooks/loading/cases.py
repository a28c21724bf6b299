"""What a playbook comes to for every sort of case: each subcategory, or none, with the variants that hold together.

Each of these is put together and judged when a file is loaded, so that `Playbook.for_case` cannot fail later. Few
fields differ from one sort to the next, and many are the same in several kinds: every value is judged once, and every
rule is asked once about the same values.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from typing import Any, NamedTuple

from pydantic import ValidationError

from models.playbook import DECIDING, Playbook, Procedure, Variant, from_flat, overlaid
from playbooks.loading.forms import FIELDS, REQUIRED, findings_of, judged
from playbooks.loading.lengths import Finding, Path, changes_in, nearest
from playbooks.loading.rules import Around, Rule

#: What a subcategory or a variant cannot change: it belongs to the file as a whole.
NOT_CHANGED = frozenset({"kind", "version", "like", "subcategories", "variants"})

_NOTHING: Any = object()


class Layer(NamedTuple):
    """What a subcategory or a variant changes, and where that is written."""

    prefix: Path
    name: str
    fields: Mapping[str, Any]


@dataclass(slots=True)
class Memory:
    """What was judged already in this look through a folder. Values are kept, so that their ids stay theirs."""

    values: dict[tuple[str, object], tuple[Any, tuple[Finding, ...]]] = field(default_factory=dict)
    looks: dict[tuple[int, tuple[int, ...]], tuple[Finding, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class File:
    """The fields of a file with its defaults, and its layers of changes. `origins` names values that files share."""

    document: dict[str, Any]
    around: Around
    rules: tuple[Rule, ...]
    memory: Memory
    origins: Mapping[str, object]
    layers: list[Layer] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    found: dict[Finding, list[frozenset[int]]] = field(default_factory=dict)

    def judged(self) -> tuple[Playbook | None, list[Finding]]:
        """The playbook as all cases share it, and everything that is wrong with it or with any sort of case."""
        self.layers = [_layer(path, changes, self.document) for path, changes in changes_in(self.document)]
        told = list(self._wrong_changes())
        playbook = None
        for sort in self._sorts():
            whole = self._judge(sort)
            playbook = whole if not sort else playbook
        told += [self._placed(finding, layers) for finding, sorts in self.found.items() for layers in sorts]
        return playbook, told

    # ── which sorts of case there are ──

    def _sorts(self) -> list[tuple[int, ...]]:
        """The layers of every sort of case, each as their numbers in order; the fewest first."""
        subs = [(), *((n,) for n, layer in enumerate(self.layers) if layer.prefix[0] == "subcategories")]
        numbers = {str(layer.prefix[1]): n for n, layer in enumerate(self.layers) if layer.prefix[0] == "variants"}
        sets = {tuple(numbers[name] for name in names if name in numbers) for names in self._together()}
        return sorted({(*sub, *variants) for sub, variants in product(subs, sets)}, key=lambda sort: (len(sort), sort))

    def _together(self) -> set[tuple[str, ...]]:
        """The variants that hold together for some country and channel, as the file orders them."""
        variants = self._value("variants", ())[0]
        return {(), *_held_together({} if variants is _NOTHING else variants)}

    # ── one sort of case ──

    def _judge(self, sort: tuple[int, ...]) -> Playbook | None:
        """The playbook of a sort of case: what its layers touch is judged, everything else is as in the file."""
        touched = {name for n in sort for name in self.layers[n].fields if name in FIELDS} if sort else FIELDS.keys()
        values, wrong = dict(self.values), set(self.wrong)
        for name in touched - {"kind"}:
            value, found = self._value(name, tuple(n for n in sort if name in self.layers[n].fields))
            self._tell(found, sort)
            (wrong.add if found else wrong.discard)(name)
            values[name] = value
        if not sort:
            self.values, self.wrong = values, wrong
        written = {name: value for name, value in values.items() if value is not _NOTHING}
        whole = None if wrong else self._whole(written, sort)
        self._ask(whole or _in_parts(written, self.document["kind"]), values, touched, wrong, sort)
        return whole

    def _value(self, name: str, touching: tuple[int, ...]) -> tuple[Any, tuple[Finding, ...]]:
        """The value of a field under these layers, and what is wrong with it; `_NOTHING` where there is none."""
        shared = self.origins.get(name) if not touching else None
        key = (name, (self.document["kind"], touching) if shared is None else shared)
        if key not in self.memory.values:
            self.memory.values[key] = self._judged_value(name, touching)
        return self.memory.values[key]

    def _judged_value(self, name: str, touching: tuple[int, ...]) -> tuple[Any, tuple[Finding, ...]]:
        base = {name: self.document[name]} if name in self.document else {}
        over = ({name: self.layers[n].fields[name]} for n in touching)
        flat: dict[str, Any] = reduce(overlaid, over, base)
        if name not in flat:
            return _NOTHING, (((name,), "is missing; add it"),) if name in REQUIRED else ()
        value, found = judged(name, flat[name])
        return (_NOTHING if found else value), found

    def _whole(self, values: dict[str, Any], sort: tuple[int, ...]) -> Playbook | None:
        """The playbook of a sort of case, judged as a whole by its own models."""
        try:
            return from_flat({**values, "kind": self.document["kind"]})
        except ValidationError as refused:
            self._tell(((_flat(path), told) for path, told in findings_of(refused, Playbook)), sort)
            return None

    def _ask(
        self, playbook: Playbook, values: dict[str, Any], touched: Set[str], wrong: set[str], sort: tuple[int, ...]
    ) -> None:
        """Ask every rule that reads what the sort touches and nothing that is wrong."""
        for number, rule in enumerate(self.rules):
            if rule.reads.isdisjoint(touched) or not rule.reads.isdisjoint(wrong):
                continue
            key = (number, tuple(id(values[name]) for name in rule.reads))
            if key not in self.memory.looks:
                self.memory.looks[key] = tuple(rule.look(playbook, self.around))
            self._tell(self.memory.looks[key], sort)

    # ── what is told, and where it was written ──

    def _tell(self, found: Iterable[Finding], sort: tuple[int, ...]) -> None:
        """Keep what was found, unless it is told of a sort of case with fewer layers already."""
        for finding in found:
            told, layers = self.found.setdefault(finding, []), frozenset(sort)
            if not any(less <= layers for less in told):
                told.append(layers)

    def _placed(self, finding: Finding, sort: frozenset[int]) -> Finding:
        path, told = finding
        owner = self._owner(path, sorted(sort))
        if owner is not None:
            path = (*self.layers[owner].prefix, *path)
        others = ", ".join(self.layers[n].name for n in sorted(sort) if n != owner)
        return path, f"{told} (in cases of {others})" if others else told

    def _owner(self, path: Path, sort: list[int]) -> int | None:
        """The topmost layer that wrote what is at the path; None is the file itself."""
        best, depth = None, _depth(self.document, path)[0]
        for number in reversed(sort):
            reached, replaces = _depth(self.layers[number].fields, path)
            if replaces:
                return number
            if reached > depth:
                best, depth = number, reached
        return best

    def _wrong_changes(self) -> Iterator[Finding]:
        known = FIELDS.keys() - NOT_CHANGED
        for layer in self.layers:
            for name in layer.fields:
                if name not in known:
                    yield (*layer.prefix, name), f"is nothing that can be changed here; {nearest(name[:60], known)}"


def _layer(prefix: Path, changes: Mapping[str, Any], document: Mapping[str, Any]) -> Layer:
    if prefix[0] == "variants":
        return Layer(prefix, f"the variant {prefix[1]}", changes)
    key = document["subcategories"][prefix[1]].get("key")
    return Layer(prefix, f"the subcategory {str(key)[:60]}", changes)


def _held_together(variants: Mapping[str, Variant]) -> Iterator[tuple[str, ...]]:
    """Every set of variants that some country and channel bring about; None stands for all that are not named."""
    countries = {country for variant in variants.values() for country in variant.when.countries} | {None}
    channels = {channel for variant in variants.values() for channel in variant.when.channels} | {None}
    for country, channel in product(countries, channels):
        yield tuple(name for name, variant in variants.items() if variant.when.holds(country, channel))


def _depth(fields: Any, path: Path) -> tuple[int, bool]:
    """How much of a path is written here, and whether that stands for the whole path: lists and values replace."""
    replaces = False
    for deep, part in enumerate(path):
        if isinstance(fields, Mapping):
            if part not in fields:
                return deep, replaces
            fields = fields[part]
        elif isinstance(fields, list) and isinstance(part, int) and part < len(fields):
            fields, replaces = fields[part], True
        else:
            return deep, True
    return len(path), True


def _flat(path: Path) -> Path:
    """A place in a playbook as the file has it: the procedure's fields stand beside the others."""
    return (path[1:] or ("clocks",)) if path and path[0] == "procedure" else path


def _in_parts(values: Mapping[str, Any], kind: str) -> Playbook:
    """A playbook of those fields that are right, for the rules that read no others."""
    deciding = {name: value for name, value in values.items() if name in DECIDING}
    others = {name: value for name, value in values.items() if name not in DECIDING}
    return Playbook.model_construct(kind=kind, procedure=Procedure.model_construct(**deciding), **others)
