"""A playbook: the procedure for one kind of case, as data (handbook section 10).

`Playbook` is one file of `playbooks/`, checked. `for_case` lays over it what its subcategory and the order's country
and channel change. Its `procedure` is the part that decides; it is copied into a case when the case is opened and
travels with it, so that changing a file never changes an open case.
"""

from collections.abc import Mapping
from functools import lru_cache, reduce
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from models.commands import Amount, Check, Finding, Hold, Party, Remedy, Word
from models.lifecycle import OPEN, State
from models.playbook_parts import (
    ALL_HOURS,
    ClockRule,
    Dispatch,
    Duration,
    Eligibility,
    Evidence,
    FindingRule,
    KeepIt,
    Law,
    Level,
    LimitedRole,
    Names,
    Outcome,
    Part,
    Question,
    SideClock,
    Words,
)
from models.steps import Step

__all__ = [
    "ALL_HOURS",
    "ClockRule",
    "Eligibility",
    "Evidence",
    "KeepIt",
    "Law",
    "Level",
    "LimitedRole",
    "Names",
    "Outcome",
    "Part",
    "Playbook",
    "Procedure",
    "SideClock",
]


class Procedure(Part):
    """What decides: read by `decide()`, carried by the case."""

    kind: Word
    version: Word
    subcategory: Word | None = None
    variants: tuple[Word, ...] = ()  # those in force for this case (section 13)
    goods_come_back: bool
    asks_fault: bool
    party_liable: Party  # assumed until inspection finds otherwise
    remedies: tuple[Remedy, ...] = Field(min_length=1)  # in the order proposed
    checks: tuple[Check, ...] = ()  # who is asked, in this order, until it is found (section 7)
    findings: dict[Finding, FindingRule] = Field(default_factory=dict)
    clocks: dict[State, ClockRule]
    first_answer: ClockRule | None = None
    side_clocks: dict[Word, SideClock] = Field(default_factory=dict)
    escalation: tuple[Level, ...] = Field(min_length=1)
    refund_limits: dict[LimitedRole, dict[str, str]]  # per role and currency; a missing currency means: ask a manager
    override_role: LimitedRole = "supervisor"  # who may let a case pass that is not eligible
    keep_it: KeepIt = KeepIt()
    not_worth_return: dict[str, Amount] = Field(default_factory=dict)  # per currency (section 12)
    refund_postage: Literal["rule", "always", "never"] = "rule"  # F14
    return_freight_factor: Annotated[int, Field(ge=1, le=100)] = 3  # F11
    reduction_percent_limit: Annotated[int, Field(ge=0, le=100)] = 20  # F16
    customer_pays_both_ways: bool = False  # F22
    hold: Hold | None = None  # L14: put on an order that has not left, as long as the case is open
    collects: bool = False  # L12: the case waits for the money that was announced when it was opened
    calls: Annotated[int, Field(ge=1, le=20)] | None = None  # T17: so many calls before the cause is known
    visit_levels: tuple[Word, ...] = ("outlet",)  # T19: who comes next when the fault is not mended
    callback_tries: Annotated[int, Field(ge=1, le=20)] = 3  # T5: the first and two more
    acknowledge_timeout: Duration = 4 * 3600  # T8
    reopen_days: Annotated[int, Field(ge=0, le=3650)] = 30
    law: Law = Law()

    @model_validator(mode="after")
    def every_open_state_has_a_clock(self) -> Self:
        missing = [state.value for state in OPEN if state not in self.clocks]
        if missing:
            raise ValueError(f"no clock for {', '.join(missing)}: every open state needs one (T12 no_timer)")
        return self

    def in_zone(self, zone: str | None) -> "Procedure":
        """The procedure with the lengths that its clocks have in a zone (T4, section 12)."""
        if not any(rule.by_zone for rule in self.clocks.values()):
            return self
        clocks = {state: rule.in_zone(zone) for state, rule in self.clocks.items()}
        return self.model_copy(update={"clocks": clocks})


#: The fields of a file that decide; the others explain.
DECIDING = frozenset(Procedure.model_fields) - {"kind", "version", "subcategory", "variants"}


class Subcategory(Names):
    """A finer sort of a kind, and what it changes of the kind's procedure: any fields of the file."""

    key: Word
    typical_words: tuple[Word, ...] = ()
    changes: dict[str, Any] = Field(default_factory=dict)


class Where(Part):
    """Countries (`CN`) and channels for which a variant holds; left out = all of them."""

    countries: Words = ()
    channels: Words = ()

    def holds(self, country: str | None, channel: str | None) -> bool:
        """Whether an order to this country by this channel is meant."""
        return (not self.countries or country in self.countries) and (not self.channels or channel in self.channels)


class Variant(Part):
    """What a country's law or a platform's rules change (section 13)."""

    when: Where = Where()
    changes: dict[str, Any] = Field(default_factory=dict)


class Playbook(Part):
    """One kind of case: names, words, evidence, eligibility, steps, scripts, and the procedure that decides."""

    kind: Word
    version: Word
    names: Names
    typical_words: tuple[Word, ...] = ()
    subcategories: tuple[Subcategory, ...] = ()
    variants: dict[Word, Variant] = Field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    questions: tuple[Question, ...] = ()
    eligibility: Eligibility = Eligibility()
    dispatch: Dispatch | None = None
    needs_order: bool = True  # whether a case can be opened without an order and lines
    steps: tuple[Step, ...] = ()
    general_steps: tuple[Step, ...] = ()
    scripts: dict[str, dict[Literal["zh", "en"], str]] = Field(default_factory=dict)
    procedure: Procedure

    def as_document(self) -> dict[str, Any]:
        """What `GET /playbooks/{kind}` answers, and what is kept of every version."""
        return self.model_dump(mode="json", by_alias=True)

    def variants_for(self, country: str | None, channel: str | None) -> tuple[str, ...]:
        """The variants that hold for an order's country and channel, in the order of the file."""
        return tuple(name for name, variant in self.variants.items() if variant.when.holds(country, channel))

    def for_case(
        self, subcategory: str | None = None, country: str | None = None, channel: str | None = None
    ) -> "Playbook":
        """The playbook as it holds for one case. Unknown subcategories change nothing: see `subcategory_of`."""
        return self.with_changes(subcategory, self.variants_for(country, channel))

    def with_changes(self, subcategory: str | None, variants: tuple[str, ...]) -> "Playbook":
        """The playbook with what a subcategory and then these variants change, each laid over the one before."""
        known = subcategory if self.subcategory_of(subcategory) else None
        return _changed(_Book(self), known, tuple(name for name in variants if name in self.variants))

    def subcategory_of(self, key: str | None) -> Subcategory | None:
        """The subcategory of this key."""
        return next((sub for sub in self.subcategories if sub.key == key), None)

    def changes_of(self, subcategory: str | None, variants: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
        """What is laid over the file, in this order."""
        sub = self.subcategory_of(subcategory)
        return (*((sub.changes,) if sub else ()), *(self.variants[name].changes for name in variants))


class _Book:
    """A playbook as a key: the same kind and version is the same book."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.name = (playbook.kind, playbook.version)

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Book) and self.name == other.name and self.playbook == other.playbook


@lru_cache(maxsize=2_000)
def _changed(book: _Book, subcategory: str | None, variants: tuple[str, ...]) -> Playbook:
    playbook = book.playbook
    flat = reduce(overlaid, playbook.changes_of(subcategory, variants), flattened(playbook))
    return from_flat(flat, subcategory, variants)


def overlaid(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, field by field; a list or a value replaces, and None takes the field away."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = overlaid(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def flattened(playbook: Playbook) -> dict[str, Any]:
    """The playbook with the fields of its procedure beside the others, as a file has them."""
    document = playbook.model_dump(mode="json", by_alias=True, exclude_none=True)
    procedure = document.pop("procedure")
    return {**{name: value for name, value in procedure.items() if name in DECIDING}, **document}


def from_flat(flat: Mapping[str, Any], subcategory: str | None = None, variants: tuple[str, ...] = ()) -> Playbook:
    """A playbook from the fields of a file. Raises pydantic's ValidationError naming what is wrong."""
    procedure: dict[str, Any] = {name: value for name, value in flat.items() if name in DECIDING}
    procedure |= {"kind": flat.get("kind"), "version": flat.get("version"), "subcategory": subcategory}
    procedure["variants"] = variants
    others = {name: value for name, value in flat.items() if name not in DECIDING}
    return Playbook.model_validate({**others, "procedure": procedure})
