"""What a playbook must be beyond its form: numbers that agree, names that exist, scripts that work and keep manners.

Every rule yields where it found something and a sentence on how to mend it; none stops at the first.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from string import Formatter
from typing import get_args

from models.errors import MoneyRefused
from models.money import to_minor
from models.playbook import LimitedRole, Playbook
from playbooks.loading import roads, waits
from playbooks.loading.lengths import Finding, Path, nearest
from playbooks.loading.manners import unmannerly
from playbooks.loading.rules import Around, Rule, reading

#: What a script can speak of; the desk fills them in.
VARIABLES = (
    "customer",
    "agent",
    "case_no",
    "order_no",
    "product",
    "amount",
    "due",
    "return_address",
    "carrier",
    "waybill",
    "refund",
    "owes",
    "deposit",
    "offer",
    "finding_date",
    "leaves_by",
    "shop",
    "phone",
    "platform",
    "link",
)

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_LANGUAGES = ("zh", "en")


# ── money ─────────────────────────────────────────────────────────────────────────────────────────


@reading("refund_limits")
def _limits(playbook: Playbook, around: Around) -> Iterator[Finding]:
    yield from _by_role("refund_limits", playbook.procedure.refund_limits)


@reading("compensation_limits")
def _compensation_limits(playbook: Playbook, around: Around) -> Iterator[Finding]:
    yield from _by_role("compensation_limits", playbook.procedure.compensation_limits)


def _by_role(field: str, limits: Mapping[LimitedRole, Mapping[str, str]]) -> Iterator[Finding]:
    below: dict[str, tuple[int, str]] = {}  # per currency: the highest limit of the roles below, and whose it is
    for role in get_args(LimitedRole):
        for currency, text in limits.get(role, {}).items():
            path = (field, role, currency)
            try:
                amount = to_minor(text, currency)
            except MoneyRefused as refused:
                yield path, refused.detail
                continue
            least, whose = below.get(currency, (0, "nobody"))
            if amount < 0:
                yield path, "is less than nothing; write 0 for nothing at all"
            elif amount < least:
                yield path, f"is less than the {whose} may; raise it to at least that"
            below[currency] = max((amount, role), below.get(currency, (0, role)))


@reading("not_worth_return")
def _not_worth_return(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for currency, text in playbook.procedure.not_worth_return.items():
        try:
            to_minor(text, currency)
        except MoneyRefused as refused:
            yield ("not_worth_return", currency), refused.detail


@reading("keep_it")
def _keep_it(playbook: Playbook, around: Around) -> Iterator[Finding]:
    offer = playbook.procedure.keep_it
    if offer.agent_percent < offer.start_percent:
        yield ("keep_it", "agent_percent"), f"must be at least start_percent, {offer.start_percent} (K2)"
    if offer.manager_percent < offer.agent_percent:
        yield ("keep_it", "manager_percent"), f"must be at least agent_percent, {offer.agent_percent} (K2)"


@reading("first_steps", "steps", "general_steps", "advance_exchange")
def _in_advance(playbook: Playbook, around: Around) -> Iterator[Finding]:
    """G5: only an exchange leaves in advance, and only where the playbook says against which deposit."""
    for field in ("first_steps", "steps", "general_steps"):
        for place, step in enumerate(getattr(playbook, field)):
            options = [step.data, *step.data.get("options", ())]
            asked = [one for one in options if isinstance(one, dict) and one.get("in_advance")]
            if asked and playbook.procedure.advance_exchange is None:
                yield (field, place, "with"), "exchanges in advance; add advance_exchange with its deposit (G5)"
            elif any("exchange" not in (one.get("type"), one.get("remedy")) for one in asked):
                yield (field, place, "with"), "only an exchange can leave in advance; take in_advance off the rest (G5)"


# ── names ─────────────────────────────────────────────────────────────────────────────────────────


@reading("remedies", "evidence", "checks", "visit_levels")
def _named_once(playbook: Playbook, around: Around) -> Iterator[Finding]:
    procedure = playbook.procedure
    for field, names in (
        ("remedies", procedure.remedies),
        ("checks", procedure.checks),
        ("visit_levels", procedure.visit_levels),
        ("evidence", [evidence.key for evidence in playbook.evidence]),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                yield (field,), f"{name} is listed {times} times; keep it once"


@reading("subcategories")
def _subcategories(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for field in ("key", *_LANGUAGES):
        first: dict[str, int] = {}
        for place, sub in enumerate(playbook.subcategories):
            name = str(getattr(sub, field)).strip().casefold()
            if name in first:
                told = f"is the same as that of subcategory {first[name]}; give each its own"
                yield ("subcategories", place, field), told
            first.setdefault(name, place)


@reading("variants")
def _variants(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for name, variant in playbook.variants.items():
        for place, country in enumerate(variant.when.countries):
            if not _COUNTRY.fullmatch(country):
                path: Path = ("variants", name, "when", "countries", place)
                yield path, f"{country[:60]!r} is no country; write the two letters of ISO 3166, like CN"


@reading("law", "remedies")
def _law(playbook: Playbook, around: Around) -> Iterator[Finding]:
    """The ladder climbs down day by day, and everything that the law gives can really be done (section 13)."""
    procedure, before = playbook.procedure, 0
    for place, step in enumerate(procedure.law.ladder):
        path: Path = ("law", "ladder", place)
        if step.until_day is None:
            if place + 1 < len(procedure.law.ladder):
                yield path, "holds for all the days that follow, so the steps below it never come; write until_day"
        elif step.until_day <= before:
            yield (*path, "until_day"), f"must be later than day {before} of the step before it"
        before = max(before, step.until_day or 0)
        for number, remedy in enumerate(step.choices):
            if remedy not in procedure.remedies:
                told = f"the law gives {remedy}, and remedies has none; add it there, or take it out here"
                yield (*path, "choices", number), told


# ── scripts ───────────────────────────────────────────────────────────────────────────────────────


@reading("scripts", "first_steps", "steps", "general_steps")
def _scripts_of_steps(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for field in ("first_steps", "steps", "general_steps"):
        for place, step in enumerate(getattr(playbook, field)):
            if step.script and step.script not in playbook.scripts:
                told = f"there is no script {step.script[:60]}; {nearest(step.script[:60], playbook.scripts)}"
                yield (field, place, "script"), told


@reading("scripts")
def _texts(playbook: Playbook, around: Around) -> Iterator[Finding]:
    for name, texts in playbook.scripts.items():
        for language in _LANGUAGES:
            text = texts.get(language, "")  # type: ignore[call-overload]
            if not text.strip():
                yield ("scripts", name), f"has no text in {language}; customers are answered in both languages"
            yield from ((("scripts", name, language), told) for told in _miswritten(text))
            yield from ((("scripts", name, language), told) for told in unmannerly(text))


@lru_cache(maxsize=20_000)
def _miswritten(text: str) -> tuple[str, ...]:
    names = _variables(text)
    if names is None:
        return ("has a brace too many or too few; variables are written {customer}",)
    wrong = sorted(names - set(VARIABLES))
    return tuple(f"there is no variable {{{name[:60]}}}; {nearest(name[:60], VARIABLES)}" for name in wrong)


def _variables(text: str) -> set[str] | None:
    """The variables of a script; None where its braces do not match. A format or attribute is no known name."""
    try:
        parts = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError:
        return None
    return {f"{name}{'!' + change if change else ''}{':' + form if form else ''}" for _, name, form, change in parts}


RULES: tuple[Rule, ...] = (
    *waits.RULES,
    _limits,
    _not_worth_return,
    _keep_it,
    _in_advance,
    _named_once,
    _subcategories,
    _variants,
    _law,
    _scripts_of_steps,
    _texts,
    *roads.RULES,
)
