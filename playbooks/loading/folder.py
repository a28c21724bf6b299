"""A folder of playbooks as files: what lies in it, what is taken from the shipped one, and what all kinds share."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from models.business_time import Calendar
from models.errors import CalendarInvalid, MoneyRefused
from models.freight import FreightRates
from models.goods.couriers import DEFAULT_ZONE, CourierRules
from models.oversight.callbacks import AFTER_REMEDY, CallbackRules
from models.oversight.reports import ReportRules
from models.people.shifts import DutyPlan
from models.playbook import ALL_HOURS
from playbooks.loading.forms import findings_of
from playbooks.loading.holidays import HolidaysFrom, Overrides, Source, taken_over
from playbooks.loading.lengths import Finding, nearest
from playbooks.loading.reading import Node, Problem, read_yaml
from playbooks.loading.shop import Shop

#: The folder of the playbooks that come with the program.
SHIPPED = Path(__file__).resolve().parents[1]
DEFAULTS, FREIGHT, SHOP, CALENDARS = "defaults.yaml", "freight.yaml", "shop.yaml", "calendars"
#: Inside `calendars/`: what a country has published and the package of holidays does not know yet.
OVERRIDES = "overrides"
DUTY, CALLBACKS, REPORTS, COURIERS = "duty.yaml", "callbacks.yaml", "reports.yaml", "couriers.yaml"
_NO_KINDS = frozenset({DEFAULTS, FREIGHT, SHOP, DUTY, CALLBACKS, REPORTS, COURIERS})
_Form = TypeVar("_Form", bound=BaseModel)


@dataclass(slots=True)
class Folder:
    """The files of a folder, each read once, and every problem found in them."""

    place: Path
    problems: set[Problem] = field(default_factory=set)
    nodes: dict[Path, Node | None] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)  # of the calendars that were read, by name

    # ── files ──

    def kinds(self) -> list[Path]:
        """The playbooks of the folder; what looks like one and would be passed over is named."""
        for path in sorted(self.place.glob("*.yml")):
            self.complain(path, "ends in .yml and is not read; rename it to .yaml")
        found = [path for path in sorted(self.place.glob("*.yaml")) if is_kind(path)]
        if not found:
            self.complain(self.place, "holds no playbook; put at least one <kind>.yaml there, or name another folder")
        return found

    def known_kinds(self) -> frozenset[str]:
        """The kinds of the folder and of the shipped one, which a playbook may be like."""
        return frozenset(path.stem for place in (self.place, SHIPPED) for path in place.glob("*.yaml") if is_kind(path))

    def shown(self, path: Path) -> str:
        """A file's name in messages: within the folder if it is there, with its whole path if not."""
        inside = path != self.place and path.is_relative_to(self.place)
        return path.relative_to(self.place).as_posix() if inside else str(path)

    def read(self, path: Path) -> Node | None:
        """A file as nodes; None, and its problems, where it cannot be read."""
        if path not in self.nodes:
            self.nodes[path], problems = read_yaml(path, self.shown(path))
            self.problems.update(problems)
        return self.nodes[path]

    def own_or_shipped(self, name: str) -> Path:
        """The folder's own file of this name, else the shipped one."""
        own = self.place / name
        return own if own.exists() else SHIPPED / name

    # ── problems ──

    def complain(self, path: Path, message: str, where: str = "") -> None:
        """Keep a problem of a file as a whole."""
        self.problems.add(Problem(self.shown(path), 1, where, message))

    def found(self, node: Node, finding: Finding) -> None:
        """Keep a problem where its value was written. One word written for a list of one has no number in it."""
        path, message = finding
        at = node.at(path)
        while path and isinstance(path[-1], int) and not isinstance(node.at(path[:-1]).value, list):
            path = path[:-1]
        self.problems.add(Problem(at.file, at.line, ".".join(str(part) for part in path), message))

    # ── what all kinds share ──

    def freight(self) -> FreightRates:
        """The freight rates; none where they are wrong."""
        return self._freight(self.own_or_shipped(FREIGHT))

    def zones(self) -> frozenset[str]:
        """The zones of the folder's freight rates and of the shipped ones, which the shipped clocks speak of."""
        rates = [self.freight(), self._freight(SHIPPED / FREIGHT)]
        return frozenset(zone for one in rates for zones in one.rates.values() for zone in zones)

    def _freight(self, path: Path) -> FreightRates:
        node = self.read(path)
        if node is None:
            return FreightRates()
        try:
            return FreightRates.read(node.plain())
        except MoneyRefused as refused:
            said = re.fullmatch(r"freight rates, ([\w.-]+?): (.+)", refused.detail, re.DOTALL)
            where, message = said.groups() if said else ("rates", refused.detail)
            self.found(node, (tuple(where.split(".")), message))
            return FreightRates()

    def shop(self) -> Shop | None:
        """The shop that the scripts speak for."""
        return self._formed(self.own_or_shipped(SHOP), Shop)

    def duty(self) -> DutyPlan | None:
        """The shifts and rotas (T11)."""
        path = self.own_or_shipped(DUTY)
        plan, node = self._formed(path, DutyPlan), self.read(path)
        if plan is None or node is None:
            return None
        wrong = plan.wrong()
        for finding in wrong:
            self.found(node, finding)
        return None if wrong else plan

    def callbacks(self, calendars: Iterable[str]) -> CallbackRules | None:
        """When customers are called, and on which occasions (T5, T6)."""
        path = self.own_or_shipped(CALLBACKS)
        rules, node = self._formed(path, CallbackRules), self.read(path)
        if rules is not None and node is not None:
            for finding in _of_callbacks(rules, calendars, own=path.parent == self.place):
                self.found(node, finding)
        return rules

    def reports(self) -> ReportRules | None:
        """What reports are counted with (T13)."""
        return self._formed(self.own_or_shipped(REPORTS), ReportRules)

    def couriers(self) -> CourierRules | None:
        """Couriers, and how long is usual on their lanes (L1, L2); zones are those of `freight.yaml`."""
        path = self.own_or_shipped(COURIERS)
        rules, node = self._formed(path, CourierRules), self.read(path)
        if rules is not None and node is not None and path.parent == self.place:
            for finding in _of_couriers(rules, self.zones(), self.known_kinds()):
                self.found(node, finding)
        return rules

    def calendars(self, given: Mapping[str, Calendar] | None) -> dict[str, Calendar]:
        """The calendars by name; given ones are used instead of files."""
        always = {ALL_HOURS: Calendar.always()}
        if given is not None:
            return {**given, **always}
        own = sorted((self.place / CALENDARS).glob("*.yaml"))
        paths, overrides = own or sorted((SHIPPED / CALENDARS).glob("*.yaml")), self.overrides()
        return {**{path.stem: self._calendar(path, overrides) for path in paths}, **always}

    def overrides(self) -> dict[str, Overrides]:
        """What was published of countries beyond what the package knows, by country; the folder's own file wins."""
        places = (SHIPPED / CALENDARS / OVERRIDES, self.place / CALENDARS / OVERRIDES)
        paths = {path.stem: path for place in places for path in sorted(place.glob("*.yaml"))}
        return {name: read for name, path in paths.items() if (read := self._formed(path, Overrides)) is not None}

    def _formed(self, path: Path, form: type[_Form]) -> _Form | None:
        """A file in the form of a model; None, and its problems, where it is not of that form."""
        node = self.read(path)
        if node is None:
            return None
        try:
            return form.model_validate(node.plain())
        except ValidationError as refused:
            for finding in findings_of(refused, form):
                self.found(node, finding)
            return None

    def _calendar(self, path: Path, overrides: Mapping[str, Overrides]) -> Calendar:
        """The calendar; one that is wrong counts as always open, so that the clocks on it are not reported too."""
        if path.stem == ALL_HOURS:
            self.complain(path, f"{ALL_HOURS} is the calendar that never closes; give this one another name")
        node, problems = read_yaml(path, self.shown(path), repeats=True)
        if node is None or problems:
            self.problems.update(problems)
            return Calendar.always()
        document = node.plain()
        if "holidays_from" in document:
            document = self._with_holidays(path.stem, node, overrides)
        try:
            return Calendar.model_validate(document)
        except CalendarInvalid as invalid:
            for complaint in invalid.extra["errors"]:
                self.found(node, _of_calendar(complaint))
            return Calendar.always()

    def _with_holidays(self, name: str, node: Node, overrides: Mapping[str, Overrides]) -> dict[str, Any]:
        """A calendar's fields with the dates of the country that it names."""
        document: dict[str, Any] = node.plain()
        try:
            asked = HolidaysFrom.model_validate(document["holidays_from"])
        except ValidationError as refused:
            for where, message in findings_of(refused, HolidaysFrom):
                self.found(node, (("holidays_from", *where), message))
            return {key: value for key, value in document.items() if key != "holidays_from"}
        taken = taken_over(document, asked, overrides)
        self.sources[name] = taken.source
        return taken.document


def is_kind(path: Path) -> bool:
    """Whether a YAML file of a folder is the playbook of a kind."""
    return path.name not in _NO_KINDS and not path.name.startswith(".")


def _of_callbacks(rules: CallbackRules, calendars: Iterable[str], own: bool) -> Iterator[Finding]:
    """What is wrong between the fields; a shop with calendars of its own need not have the shipped file's."""
    keys = [occasion.key for occasion in rules.periodic]
    for number, key in enumerate(keys):
        if key in keys[:number] or key == AFTER_REMEDY:
            yield ("periodic", number, "key"), f"{key} is taken already; every occasion has a name of its own"
    if own and rules.calendar not in calendars:
        yield ("calendar",), f"there is no calendar {rules.calendar}; {nearest(rules.calendar, calendars)}"


def _of_couriers(rules: CourierRules, zones: Collection[str], kinds: Collection[str]) -> Iterator[Finding]:
    """Kinds that no case can have, and zones that no order can have; a shop that lists no zone has any."""
    for silence, kind in rules.cases.items():
        if kind not in kinds:
            yield ("cases", silence.value), f"there is no kind of case {kind}; {nearest(kind, kinds)}"
    lanes: list[tuple[tuple[str, ...], Mapping[str, object]]] = [(("usual",), rules.usual)]
    lanes += [(("couriers", name, "usual"), courier.usual) for name, courier in rules.couriers.items()]
    for where, usual in lanes:
        for zone in usual:
            if zones and zone != DEFAULT_ZONE and zone not in zones:
                yield (*where, zone), f"freight.yaml has no zone {zone}; {nearest(zone, zones)}"


def _of_calendar(complaint: str) -> Finding:
    where, _, message = complaint.partition(": ")
    if message.startswith("Extra inputs"):
        message = f"is no field of a calendar; {nearest(where, (*Calendar.model_fields, 'holidays_from'))}"
    return tuple(where.split(".")), message
