"""A playbook: the procedure for one kind of case, as data (handbook section 10).

`Playbook` is one file of `playbooks/`, checked. `for_case` lays over it what its subcategory and the order's country
and channel change. Its `procedure` is the part that decides; it is copied into a case when the case is opened and
travels with it, so that changing a file never changes an open case.
"""

from collections.abc import Mapping
from functools import lru_cache, reduce
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from models.accounting.claim_terms import Against, ClaimTerms
from models.commands import Amount, Cause, Check, Finding, Hold, Party, Remedy, Word
from models.freight import RATE_FACTOR
from models.lifecycle import OPEN, State
from models.procedure.playbook_parts import (
    ALL_HOURS,
    AdvanceExchange,
    Chain,
    ClockRule,
    Dispatch,
    Duration,
    Eligibility,
    Escalation,
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
from models.procedure.steps import Step

__all__ = [
    "ALL_HOURS",
    "Chain",
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

    kind: Word = Field(description="the kind of case")
    version: Word = Field(description="the version")
    subcategory: Word | None = Field(None, description="the case's subcategory")
    variants: tuple[Word, ...] = Field((), description="the variants in force for the case (section 13)")
    goods_come_back: bool = Field(description="the goods are sent back to us before the remedy")
    asks_fault: bool = Field(description="a fault has to be confirmed; without, goods only have to pass inspection")
    party_liable: Party = Field(description="who is liable until inspection finds otherwise (F19)")
    remedies: tuple[Remedy, ...] = Field(min_length=1, description="what can be done, in the order it is proposed")
    checks: tuple[Check, ...] = Field((), description="who is asked, in this order, until it is found (section 7)")
    findings: dict[Finding, FindingRule] = Field(
        default_factory=dict, description="by finding: what it makes true of the parcel (L1–L6, L16)"
    )
    claims: dict[Against, ClaimTerms] = Field(
        default_factory=dict, description="by whom something is asked back of: its deadlines and its evidence (L5, G10)"
    )
    recoveries: dict[Cause, Against] = Field(
        default_factory=dict,
        description="by the cause that was confirmed: of whom the cost of the remedy is asked back by itself (G10)",
    )
    clocks: dict[State, ClockRule] = Field(description="by state: how long the case may wait in it (T2)")
    first_answer: ClockRule | None = Field(None, description="the clock until our first answer (T2)")
    side_clocks: dict[Word, SideClock] = Field(
        default_factory=dict, description="by name: clocks beside those of the states (T2, T3, T14, T21, G14)"
    )
    escalation: Escalation = Field(description="who is told when a clock runs late (T8)")
    refund_limits: dict[LimitedRole, dict[str, str]] = Field(
        description="by role and currency: how much each may refund alone; a missing currency means: ask a manager"
    )
    compensation_limits: dict[LimitedRole, dict[str, str]] = Field(
        default_factory=dict,
        description="by role and currency: how much compensation each may give alone in a case, besides refund and "
        "freight; a missing currency means: ask a manager (F26)",
    )
    override_role: LimitedRole = Field(
        "supervisor", description="the lowest role that may let a case pass that is not eligible"
    )
    keep_it: KeepIt = Field(KeepIt(), description="what an offer to keep the goods may come to (K2, K3, K6)")
    not_worth_return: dict[str, Amount] = Field(
        default_factory=dict, description="by currency: goods worth less than this are not sent back (section 12)"
    )
    refund_postage: Literal["rule", "always", "never"] = Field(
        "rule", description="whether first postage goes back: by the rule, always, or never (F14)"
    )
    promotion: Literal["keep", "claw_back"] = Field(
        "keep", description="what a return that breaks a promotion's threshold does to its discount (F21)"
    )
    return_freight_factor: Annotated[int, Field(ge=1, le=100)] = Field(
        RATE_FACTOR, description="advanced freight is paid back up to so many times the zone's normal rate (F11)"
    )
    reduction_percent_limit: Annotated[int, Field(ge=0, le=100)] = Field(
        20, description="a refund reduced by more percent than this needs a manager (F16)"
    )
    customer_pays_both_ways: bool = Field(False, description="in F5 and F6 the customer pays both ways (F22)")
    advance_exchange: AdvanceExchange | None = Field(
        None,
        description="an exchange may leave before the old goods are back, against a deposit (G5)",
    )
    hold: Hold | None = Field(
        None, description="put on an order that has not left when the case is opened, lifted when it ends (L14)"
    )
    collects: bool = Field(False, description="money announced when the case was opened is waited for (L12)")
    calls: Annotated[int, Field(ge=1, le=20)] | None = Field(
        None, description="so many calls at most before the cause is known (T17)"
    )
    visit_levels: tuple[Word, ...] = Field(
        ("outlet",), description="who comes next when a visit has not mended it, in this order (T19)"
    )
    callback_tries: Annotated[int, Field(ge=1, le=20)] = Field(
        3, description="callbacks until a customer counts as unreachable (T5)"
    )
    acknowledge_timeout: Duration = Field(4 * 3600, description="an acknowledged escalation is quiet so long (T8)")
    reopen_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        30, description="how many days after its end a case can be opened again"
    )
    law: Law = Field(Law(), description="what the law gives the customer, usually in a variant (section 13)")

    @model_validator(mode="after")
    def every_open_state_has_a_clock(self) -> Self:
        missing = [state.value for state in OPEN if state not in self.clocks]
        if missing:
            raise ValueError(f"no clock for {', '.join(missing)}: every open state needs one (T12 no_timer)")
        return self

    def quiet_seconds(self, level: int) -> int:
        """How long the chain is quiet after somebody acknowledged it at a level (T8)."""
        own = next((rung.acknowledge for rung in self.escalation.levels if rung.level == level), None)
        return own or self.escalation.acknowledge or self.acknowledge_timeout

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

    key: Word = Field(description="its name in data; cases carry it, so it is not renamed")
    typical_words: tuple[Word, ...] = Field((), description="how customers say it, in both languages")
    changes: dict[str, Any] = Field(
        default_factory=dict, description="any fields of the file, laid over it for these cases"
    )


class Where(Part):
    """Countries (`CN`) and channels for which a variant holds; left out = all of them."""

    countries: Words = Field((), description="two letters each, such as `CN`: where the order goes")
    channels: Words = Field((), description="where it was bought, as the orders name it")

    def holds(self, country: str | None, channel: str | None) -> bool:
        """Whether an order to this country by this channel is meant."""
        return (not self.countries or country in self.countries) and (not self.channels or channel in self.channels)


class Variant(Part):
    """What a country's law or a platform's rules change (section 13)."""

    when: Where = Field(Where(), description="for which orders it holds; left out = for all")
    changes: dict[str, Any] = Field(default_factory=dict, description="any fields of the file, laid over it")


class Playbook(Part):
    """One kind of case: names, words, evidence, eligibility, steps, scripts, and the procedure that decides."""

    kind: Word = Field(description="the file's name without `.yaml`")
    version: Word = Field(description="your own mark; a short code of what the file says is added to it (T10)")
    names: Names = Field(description="the name of the kind")
    asked_as: Names | None = Field(
        None, description="how the customer's page asks for it; without it customers are not offered this kind"
    )
    typical_words: tuple[Word, ...] = Field((), description="how customers say it, in both languages")
    subcategories: tuple[Subcategory, ...] = Field((), description="finer sorts, each with a procedure of its own")
    variants: dict[Word, Variant] = Field(
        default_factory=dict, description="by name: what a country's law or a platform changes (section 13)"
    )
    evidence: tuple[Evidence, ...] = Field((), description="what the customer is asked for")
    questions: tuple[Question, ...] = Field((), description="what to ask next while the case is talked about")
    eligibility: Eligibility = Field(Eligibility(), description="who may ask for this, and until when")
    dispatch: Dispatch | None = Field(
        None, description="when paid orders leave, so that none counts as late early (L11)"
    )
    needs_order: bool = Field(True, description="a case has an order and lines; `false`: it can be opened without")
    steps: tuple[Step, ...] = Field((), description="what to do in which situation; the first that holds is next")
    first_steps: tuple[Step, ...] = Field((), description="the steps ahead of the kind's own; in `defaults.yaml`")
    general_steps: tuple[Step, ...] = Field((), description="the steps that follow the kind's own; in `defaults.yaml`")
    scripts: dict[str, dict[Literal["zh", "en"], str]] = Field(
        default_factory=dict, description="what to say, by state or by the name that a step uses, in both languages"
    )
    procedure: Procedure

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """The steps in the order in which they are read: the first that holds is the next one."""
        return (*self.first_steps, *self.steps, *self.general_steps)

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
