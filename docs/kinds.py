"""What `docs/kinds.md` says of each kind, read from the playbooks that are shipped, and its road as a picture."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from api.drawings.road import svg
from api.procedure.roads import road
from docs.cells import names, table
from models.playbook import Eligibility, Playbook
from playbooks.loading.load import SHIPPED, Playbooks, load_playbooks

#: The kinds as the handbook groups them; new ones come at the end by themselves.
GROUPS: dict[str, tuple[str, ...]] = {
    "About the goods": (
        *("quality_fault", "damaged_in_transit", "wrong_item", "missing_item", "not_as_described", "change_of_mind"),
        *("warranty_repair", "field_service", "usage_help"),
    ),
    "Before the parcel leaves": (
        *("cancel_before_shipment", "swap_before_shipment", "out_of_stock", "address_change", "not_dispatched"),
    ),
    "Where is my parcel": (
        *("no_scan", "tracking_stalled", "signed_not_received", "no_coverage", "misdelivered", "lost_in_transit"),
    ),
    "Money, service, reviews": ("price_adjustment", "remittance", "complaint", "review_followup"),
}


@cache
def shipped() -> Playbooks:
    """The shipped playbooks, read once."""
    return load_playbooks(SHIPPED)


def drawings() -> dict[str, str]:
    """The picture of every kind's road, by its file in docs/."""
    return {f"roads/{kind}.svg": svg(road(book)) for kind, book in sorted(shipped().kinds.items())}


def list_of_kinds() -> str:
    """The kinds, grouped, each with its name and what it leads to."""
    return "\n".join(f"**{group}**\n\n{_group(kinds)}" for group, kinds in _groups())


def _groups() -> Iterator[tuple[str, tuple[str, ...]]]:
    known = shipped().kinds
    yield from ((group, tuple(kind for kind in kinds if kind in known)) for group, kinds in GROUPS.items())
    grouped = {kind for kinds in GROUPS.values() for kind in kinds}
    if others := tuple(sorted(known.keys() - grouped)):
        yield "Others", others


def _group(kinds: Iterable[str]) -> str:
    books = [shipped().kinds[kind] for kind in kinds]
    rows = (
        (f"[`{book.kind}`](#{book.kind})", book.names.zh, book.names.en, names(book.procedure.remedies))
        for book in books
    )
    return table(("kind", "中文", "English", "remedies, in the order proposed"), rows)


def pages() -> str:
    """Every kind: what it is called, what it asks for, who is liable, how long it may take, and its road."""
    return "\n".join("\n".join(_kind(shipped().kinds[kind])) for _, kinds in _groups() for kind in kinds)


def _kind(book: Playbook) -> Iterator[str]:
    yield f"## {book.kind}\n"
    yield f"**{book.names.zh} · {book.names.en}** ([file](../playbooks/{book.kind}.yaml))\n"
    yield from (f"- {line}" for line in _facts(book))
    yield f"\n{_subcategories(book)}"
    yield f"![The road of {book.kind}](roads/{book.kind}.svg)\n"


def _facts(book: Playbook) -> Iterator[str]:
    procedure, written = book.procedure, _written(book.kind)
    if like := written.get("like"):
        yield f"Starts from [`{like}`](#{like}); the file says what is different"
    yield f"Customers say: {', '.join(_some(book.typical_words))} …"
    yield f"Remedies, in this order: {names(procedure.remedies)}"
    back = "come back" if procedure.goods_come_back else "stay where they are"
    fault = "a fault has to be confirmed" if procedure.asks_fault else "no fault is asked for"
    yield f"Liable until found otherwise: `{procedure.party_liable}`. The goods {back}; {fault}"
    if book.evidence:
        yield f"Evidence: {'; '.join(evidence.en for evidence in book.evidence)}"
    yield f"Who may ask: {'; '.join(_eligibility(book)) or 'everybody, at any time'}"
    if procedure.checks:
        yield f"Who is asked, in this order, until something is found: {', '.join(procedure.checks)}"
    if told := _clocks(_differing(written.get("clocks"))):
        yield f"Clocks that differ from [the defaults](../playbooks/defaults.yaml): {told}"
    if told := _clocks(written.get("side_clocks")):
        yield f"Clocks beside the states, besides those of all kinds: {told}"
    if told := ", ".join(f"`{name}`" for name in written.get("variants") or {}):
        yield f"Variants with changes of its own: {told}"


def _some(words: tuple[str, ...]) -> Iterator[str]:
    """A few words in each language."""
    english = [word for word in words if word.isascii()]
    yield from (word for word in [word for word in words if not word.isascii()][:3])
    yield from english[:3]


def _eligibility(book: Playbook) -> Iterator[str]:
    rules: Eligibility = book.eligibility
    if not book.needs_order:
        yield "a case can be opened without an order"
    if rules.days_since_delivery is not None:
        yield f"within {rules.days_since_delivery} days of delivery"
    if rules.warranty is not None:
        yield f"under warranty, {rules.warranty.months} months unless the class of goods has another length"
    if rules.excluded_categories:
        yield f"not for {', '.join(rules.excluded_categories)}"
    if not rules.final_sale:
        yield "not for goods sold as final"
    if rules.before_delivery:
        yield "also before delivery"
    if rules.before_dispatch:
        yield "not any more once it was delivered"
    if rules.once_per_line:
        yield "once for each line of an order"


@cache
def _written(kind: str) -> dict[str, Any]:
    """The file as it is written: lengths of time are told in its own words."""
    found: dict[str, Any] = yaml.safe_load((SHIPPED / f"{kind}.yaml").read_text(encoding="utf-8"))
    return found


def _differing(written: Mapping[str, Any] | None) -> dict[str, Any]:
    """The clocks of a file that say anything else than the defaults."""
    usual = _written("defaults")["clocks"]
    return {state: rule for state, rule in (written or {}).items() if _says_else(rule, usual[state])}


def _says_else(rule: Mapping[str, Any] | None, usual: Mapping[str, Any]) -> bool:
    return rule is None or any(usual.get(name) != value for name, value in rule.items())


def _clocks(written: Mapping[str, Any] | None) -> str:
    return ", ".join(f"`{name}` {_clock(rule)}" for name, rule in (written or {}).items())


def _clock(rule: Mapping[str, Any] | None) -> str:
    if rule is None:
        return "does not run"
    plain = "target" in rule and not rule.get("by_severity") and not rule.get("to_closing")
    parts = [str(rule["target"])] if plain else []
    parts += [f"{by} {length}" for name in ("by_severity", "by_zone") for by, length in (rule.get(name) or {}).items()]
    if rule.get("to_closing"):
        parts.append("by closing time")
    if "outcome" in rule:
        parts.append(f"then {rule['outcome']}")
    others = ", ".join(name for name in rule if name not in ("target", "by_severity", "by_zone", "outcome"))
    return " ".join(parts) or f"changed ({others})"


def _subcategories(book: Playbook) -> str:
    rows = (
        (f"`{sub.key}`", sub.zh, sub.en, names(sub.changes) or names(_steps_of(book, sub.key)) or "–")
        for sub in book.subcategories
    )
    return table(("subcategory", "中文", "English", "differs in"), rows)


def _steps_of(book: Playbook, key: str) -> list[str]:
    """`steps`, where a step asks for the subcategory."""
    asked = any(key in step.when.get("subcategory", ()) for step in book.steps)
    return ["steps"] if asked else []


def left_over() -> list[str]:
    """Files of docs/roads/ that no kind has any more."""
    known = drawings()
    folder = Path(__file__).parent / "roads"
    return sorted(path.name for path in folder.glob("*") if f"roads/{path.name}" not in known)
