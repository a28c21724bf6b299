"""Loading the playbooks of a folder: read, laid over the defaults, checked, and given a version.

A playbook is laid out in three layers, each field by field over the one before: `defaults.yaml`, the playbook named by
`like` (if any), and the file itself. A problem found in the result is reported where its value was written.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.business_time import Calendar
from models.errors import Invalid, PlaybookInvalid
from models.freight import FreightRates
from models.goods.couriers import CourierRules
from models.lifecycle import State
from models.oversight.callbacks import CallbackRules
from models.oversight.reports import ReportRules
from models.people.shifts import DutyPlan
from models.playbook import Playbook
from playbooks.loading.cases import File, Memory
from playbooks.loading.checks import RULES
from playbooks.loading.folder import DEFAULTS, SHIPPED, Folder, is_kind
from playbooks.loading.forms import FIELDS
from playbooks.loading.holidays import Source
from playbooks.loading.inherited import asked_in_vain, scripts_used, unused_scripts
from playbooks.loading.lengths import Finding, changes_in, nearest, resolved
from playbooks.loading.reading import Node, Problem, laid_over
from playbooks.loading.rules import Around
from playbooks.loading.shop import Shop

__all__ = ["SHIPPED", "Playbooks", "Problem", "Shop", "check_folder", "load_playbooks"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_WRITTEN = FIELDS.keys() | {"like"}
#: What belongs to one kind only and cannot be shared by all.
_ONE_KIND = frozenset({"kind", "version", "names", "like"})
#: What is read with an eye on other fields of the same file, so that two files never share it.
_OF_THE_FILE = frozenset({"kind", "version", "subcategories", "variants"})
#: What comes from the file in text, and is in seconds or an amount afterwards.
_WRITTEN_INTO = frozenset(
    {"clocks", "first_answer", "side_clocks", "refund_limits", "compensation_limits", "not_worth_return"}
)


@dataclass(frozen=True, slots=True)
class Playbooks:
    """The playbooks, calendars, freight rates, shifts and the shop in force; `loaded` is a hash of all they say."""

    kinds: Mapping[str, Playbook]
    calendars: Mapping[str, Calendar]
    freight: FreightRates
    shop: Shop
    duty: DutyPlan
    loaded: str
    callbacks: CallbackRules
    reports: ReportRules
    sources: Mapping[str, Source] = field(default_factory=dict)  # of calendars that take over a country's holidays
    couriers: CourierRules = field(default_factory=CourierRules)

    def get(self, kind: str) -> Playbook:
        """The playbook of a kind; an unknown one is refused with the known kinds."""
        found = self.kinds.get(kind)
        if found is None:
            told = f"There is no kind of case {kind[:60]!r}; {nearest(kind[:60], self.kinds)}."
            raise Invalid(told, errors=[{"field": "kind", "message": told}])
        return found


def load_playbooks(folder: Path, calendars: Mapping[str, Calendar] | None = None) -> Playbooks:
    """All playbooks of a folder. Raises `PlaybookInvalid`, whose `errors` name every problem of every file.

    Given calendars are used instead of the folder's. What the folder does not hold of calendars, defaults, freight
    rates and shop is taken from the shipped ones.
    """
    loader = _Loader(Folder(Path(folder)), calendars)
    loaded = loader.load()
    if loaded is None:
        raise invalid(loader.problems())
    return loaded


def invalid(problems: Sequence[Problem]) -> PlaybookInvalid:
    """The refusal that names these problems."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return PlaybookInvalid(f"{problems[0]}{more}", errors=[problem._asdict() for problem in problems])


def check_folder(folder: Path) -> list[Problem]:
    """Everything that is wrong in a folder of playbooks, by file and line; empty when it can be used."""
    loader = _Loader(Folder(Path(folder)), None)
    loader.load()
    return loader.problems()


@dataclass(slots=True)
class _Loader:
    """One look through a folder. Goes on after a problem, so that all of them are named at once."""

    folder: Folder
    given: Mapping[str, Calendar] | None
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    around: Around = field(default_factory=Around)
    memory: Memory = field(default_factory=Memory)
    plain: dict[int, Any] = field(default_factory=dict)
    laid_out: dict[Path, Node] = field(default_factory=dict)  # kept, so that the ids of its nodes stay theirs

    def load(self) -> Playbooks | None:
        """The playbooks; None if there is any problem."""
        self.calendars = self.folder.calendars(self.given)
        freight, shop, defaults = self.folder.freight(), self.folder.shop(), self.defaults()
        duty, callbacks = self.folder.duty(), self.folder.callbacks(self.calendars)
        reports, couriers = self.folder.reports(), self.folder.couriers()
        paths = self.folder.kinds()
        self.around = _around(self.calendars, self.folder.zones(), paths)
        kinds = {path.stem: self.playbook(path, defaults) for path in paths}
        self.own_words()
        good = {kind: playbook for kind, playbook in kinds.items() if playbook}
        if (
            self.folder.problems
            or shop is None
            or duty is None
            or callbacks is None
            or reports is None
            or couriers is None
        ):
            return None
        loaded = _hash_of_all(good, self.calendars, freight, shop, duty, callbacks, reports, couriers)
        calendars, sources = MappingProxyType(dict(self.calendars)), MappingProxyType(dict(self.folder.sources))
        kinds_read = MappingProxyType(good)
        return Playbooks(kinds_read, calendars, freight, shop, duty, loaded, callbacks, reports, sources, couriers)

    def problems(self) -> list[Problem]:
        return sorted(self.folder.problems)

    def defaults(self) -> Node | None:
        """What all kinds share."""
        node = self.folder.read(self.folder.own_or_shipped(DEFAULTS))
        if node is not None:
            self.known_fields(node, _WRITTEN - _ONE_KIND, shared=True)
        return node

    # ── one kind ──

    def playbook(self, path: Path, defaults: Node | None) -> Playbook | None:
        """The playbook of a file; None where it is wrong, which says so in the folder's problems."""
        if not _NAME.fullmatch(path.stem):
            self.folder.complain(
                path, "a kind is named in small letters, digits and _, like wrong_item; rename the file"
            )
        layers = self.layers(path, ())
        if layers is None or defaults is None:
            return None
        for layer in layers:
            self.known_fields(layer, _WRITTEN)
        self.kind_is(path, layers[-1])
        merged = self.laid_out[path] = reduce(laid_over, [defaults, *layers])
        return self.judged(merged, path.stem)

    def judged(self, merged: Node, kind: str) -> Playbook | None:
        document, origins = self.document(merged, kind)
        found: list[Finding] = list(resolved(document, self.calendars))
        playbook, wrong = File(document, self.around, RULES, self.memory, origins).judged()
        for finding in (*found, *wrong):
            self.folder.found(merged, finding)
        return _versioned(playbook) if playbook and not found and not wrong else None

    def document(self, merged: Node, kind: str) -> tuple[dict[str, Any], dict[str, int]]:
        """The known fields as plain values, and for those that files share which node they come from."""
        assert isinstance(merged.value, dict)
        nodes = {name: node for name, node in merged.value.items() if name in FIELDS}
        origins = {name: id(node) for name, node in nodes.items() if name not in _OF_THE_FILE}
        document = {name: self.plain_value(name, node) for name, node in nodes.items()}
        return _with_text_for_numbers({**document, "kind": kind}), origins

    def plain_value(self, name: str, node: Node) -> Any:
        """The value of a field; what files share is taken apart once, unless lengths and amounts are put into it."""
        if name in _OF_THE_FILE or name in _WRITTEN_INTO:
            return node.plain()
        if id(node) not in self.plain:
            self.plain[id(node)] = node.plain()
        return self.plain[id(node)]

    def layers(self, path: Path, above: tuple[Path, ...]) -> list[Node] | None:
        """The file and what it is `like`, lowest first; None if any of them cannot be read."""
        node = self.folder.read(path)
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
        if found is None or not is_kind(found):
            known = {other.stem for place in (path.parent, SHIPPED) for other in place.glob("*.yaml") if is_kind(other)}
            others = nearest(str(like.value)[:60], known - {path.stem})
            message = f"there is no other playbook {str(like.value)[:60]!r} to be like; {others}"
            self.folder.problems.add(Problem(like.file, like.line, "like", message))
            return None
        return found

    def kind_is(self, path: Path, own: Node) -> None:
        """Complain unless the file holds the kind that it is named after."""
        kind = own.value.get("kind") if isinstance(own.value, dict) else None
        if kind is None:
            self.folder.complain(path, f"is missing; write kind: {path.stem}", "kind")
        elif kind.value != path.stem:
            said = str(kind.value)[:60] if isinstance(kind.value, str) else "its kind"
            message = f"must be the file's name; write kind: {path.stem} or rename the file to {said}.yaml"
            self.folder.problems.add(Problem(kind.file, kind.line, "kind", message))

    def known_fields(self, node: Node, known: Iterable[str], shared: bool = False) -> None:
        """Complain of every field of a file that is not among the known ones."""
        for name, value in node.value.items() if isinstance(node.value, dict) else ():
            if name not in known:
                near = nearest(name, known)
                told = (
                    f"is no field that all kinds can share; {near}" if shared else f"is no field of a playbook; {near}"
                )
                self.folder.problems.add(Problem(value.file, value.line, name, told))

    # ── all kinds together ──

    def own_words(self) -> None:
        """Complain of what a kind's own file says for nothing; what it takes over may be meant for others."""
        used = scripts_used(self.laid_out.values()) | {state.value for state in State}
        for path, merged in self.laid_out.items():
            for place, node, told in (*unused_scripts(merged, used), *asked_in_vain(merged)):
                if node.file == self.folder.shown(path):
                    self.folder.found(merged, (place, told))


def _around(calendars: Iterable[str], zones: frozenset[str], paths: Iterable[Path]) -> Around:
    kinds = {path.stem for path in (*paths, *SHIPPED.glob("*.yaml")) if is_kind(path)}
    return Around(frozenset(calendars), zones, frozenset(kinds))


# ── from fields to a playbook ─────────────────────────────────────────────────────────────────────


def _with_text_for_numbers(document: dict[str, Any]) -> dict[str, Any]:
    """Text where a whole number may be written without quotes: in versions and amounts."""
    if type(document.get("version")) is int:
        document["version"] = str(document["version"])
    for layer in (document, *(changes for _, changes in changes_in(document))):
        worth = layer.get("not_worth_return")
        limits = [by for name in ("refund_limits", "compensation_limits") if isinstance(by := layer.get(name), dict)]
        for amounts in (worth, *(amounts for by in limits for amounts in by.values())):
            for currency, amount in amounts.items() if isinstance(amounts, dict) else ():
                amounts[currency] = str(amount) if type(amount) is int else amount
    return document


def _versioned(playbook: Playbook) -> Playbook:
    """The version as written, and a hash of what the playbook says: any change gives a new version (T10)."""
    said = playbook.model_dump(mode="json", exclude={"version": True, "procedure": {"version"}})
    version = f"{playbook.version}-{_hash(said)[:10]}"
    procedure = playbook.procedure.model_copy(update={"version": version})
    return playbook.model_copy(update={"version": version, "procedure": procedure})


def _hash_of_all(
    kinds: Mapping[str, Playbook],
    calendars: Mapping[str, Calendar],
    freight: FreightRates,
    shop: Shop,
    duty: DutyPlan,
    callbacks: CallbackRules,
    reports: ReportRules,
    couriers: CourierRules,
) -> str:
    said = {
        "kinds": {kind: playbook.version for kind, playbook in kinds.items()},
        "calendars": {name: calendar.model_dump(mode="json") for name, calendar in calendars.items()},
        "freight": freight.model_dump(mode="json"),
        "shop": shop.model_dump(mode="json"),
        "duty": duty.model_dump(mode="json"),
        "couriers": couriers.model_dump(mode="json"),
        "callbacks": callbacks.model_dump(mode="json"),
        "reports": reports.model_dump(mode="json"),
    }
    return _hash(said)[:16]


def _hash(said: object) -> str:
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
