"""What differs between two versions of a playbook, in words: which field, what it was, what it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from console import labels
from console.language import N_, Tongue
from models.procedure.playbook_changes import Change

#: A field of a playbook, by its name in the file.
FIELDS: Final = {
    "acknowledge": N_("how long an acknowledgement holds"),
    "acknowledge_timeout": N_("Quiet after an acknowledgement"),
    "advance_exchange": N_("Exchange in advance"),
    "again": N_("begins anew"),
    "agent_percent": N_("percent an agent may offer"),
    "all_hours": N_("at any hour"),
    "answer_within": N_("answer within"),
    "appeal_within": N_("appeal within"),
    "asked_as": N_("How customers are asked"),
    "asks_fault": N_("A fault has to be confirmed"),
    "before_delivery": N_("before delivery"),
    "before_dispatch": N_("before dispatch"),
    "by_category": N_("by category"),
    "by_name": N_("by name"),
    "by_priority": N_("by priority"),
    "by_severity": N_("by severity"),
    "by_zone": N_("by zone"),
    "calendar": N_("calendar"),
    "callback_tries": N_("Tries of a callback"),
    "calls": N_("Calls at most"),
    "changes": N_("changes"),
    "channels": N_("channels"),
    "checks": N_("Who is asked about the parcel"),
    "choices": N_("choices"),
    "claim": N_("claim"),
    "claims": N_("Claims"),
    "clock": N_("clock"),
    "clocks": N_("Clocks"),
    "collects": N_("Announced money is waited for"),
    "comes_back": N_("comes back"),
    "compensation_limits": N_("Limits of compensation"),
    "countries": N_("countries"),
    "customer_pays_both_ways": N_("The customer pays both ways"),
    "cutoffs": N_("departures"),
    "data": N_("with"),
    "days_since_delivery": N_("days since delivery"),
    "dispatch": N_("When orders leave"),
    "do": N_("action"),
    "durable_categories": N_("durable categories"),
    "during": N_("while in"),
    "earlier": N_("earlier offers"),
    "earlier_days": N_("days counted back"),
    "eligibility": N_("Who may ask"),
    "en": N_("in English"),
    "escalation": N_("Escalation"),
    "evidence": N_("Evidence"),
    "exact": N_("exact amount"),
    "excluded_categories": N_("excluded categories"),
    "exclusion_needs_consent": N_("exclusion needs consent"),
    "failed_repairs": N_("failed repairs"),
    "file_within": N_("file within"),
    "final_sale": N_("final sale"),
    "findings": N_("Findings"),
    "first_answer": N_("First answer"),
    "general_steps": N_("General steps"),
    "goods_come_back": N_("Goods come back"),
    "hold": N_("Hold on the order"),
    "in": N_("in the state"),
    "keep_it": N_("Offer to keep the goods"),
    "key": N_("name in the file"),
    "kind": N_("Kind"),
    "ladder": N_("steps of the law"),
    "ladder_days": N_("days of the law's steps"),
    "late": N_("when it is too late"),
    "law": N_("Law"),
    "level": N_("level"),
    "levels": N_("levels"),
    "manager_percent": N_("percent a manager may offer"),
    "met_by": N_("met by"),
    "months": N_("months"),
    "name": N_("name"),
    "names": N_("Name"),
    "needs_order": N_("Needs an order"),
    "no_reason_days": N_("days without a reason"),
    "not_worth_return": N_("Not worth sending back below"),
    "once_per_line": N_("once per line"),
    "outcome": N_("at its end"),
    "override_role": N_("Who lets an exception pass"),
    "parcel": N_("where the parcel is"),
    "party_liable": N_("Liable until found otherwise"),
    "pay_within": N_("pay within"),
    "percent": N_("percent"),
    "promotion": N_("Broken promotions"),
    "questions": N_("Questions"),
    "recoveries": N_("Recovered from"),
    "red_letter_invoice": N_("red-letter invoice"),
    "reduction_percent_limit": N_("Reduction without a manager, percent"),
    "refund_limits": N_("Limits of refunds"),
    "refund_postage": N_("First postage goes back"),
    "remedies": N_("Remedies"),
    "remind": N_("reminder before its end"),
    "reopen": N_("when reopened"),
    "reopen_days": N_("Days to reopen"),
    "repair_days": N_("days in repair"),
    "repeat": N_("repeats"),
    "return_freight_factor": N_("Freight paid back, times the usual rate"),
    "rounds": N_("rounds"),
    "script": N_("script"),
    "scripts": N_("Scripts"),
    "seller_proves_months": N_("months in which the seller proves"),
    "serial": N_("serial number"),
    "side_clocks": N_("Clocks beside the states"),
    "silence": N_("what silence means"),
    "start_percent": N_("percent to begin with"),
    "starts_on": N_("starts on"),
    "steps": N_("Steps"),
    "subcategories": N_("Finer sorts"),
    "target": N_("length"),
    "targets": N_("who is told"),
    "team": N_("team"),
    "tells": N_("tells"),
    "to_closing": N_("until closing time"),
    "typical_words": N_("How customers say it"),
    "until_day": N_("until day"),
    "variants": N_("Variants"),
    "visit_levels": N_("Who visits next"),
    "wait": N_("wait"),
    "warranty": N_("warranty"),
    "when": N_("when"),
    "who": N_("who"),
    "why": N_("why"),
    "zh": N_("in Chinese"),
}
#: Fields that are lengths of time in seconds, and those that hold several by name.
LENGTHS: Final = frozenset(
    {
        *("target", "remind", "acknowledge_timeout", "acknowledge", "wait"),
        *("file_within", "answer_within", "pay_within", "appeal_within", "comes_back"),
    }
)
LENGTHS_BY_NAME: Final = frozenset({"by_zone", "by_severity", "by_priority"})
#: The machine's names that stand as values in a playbook.
WORDS: Final = {
    **labels.CHOICES,
    **labels.CLOCKS,
    **labels.ACTIONS,
    **labels.WANTED,
    **labels.STATES,
    "escalate": N_("people are told"),
    "close": N_("the case closes"),
    "decline": N_("counts as declined"),
    "search": N_("the parcel is looked for"),
    "try_again": N_("tried again"),
    "all_hours": N_("every hour of every day"),
}


class Told(NamedTuple):
    """One difference in words."""

    field: str
    before: str
    after: str


def told(change: Change, tongue: Tongue) -> Told:
    """A difference as somebody reads it who never saw the file."""
    path = change.field.split(".")
    return Told(
        " › ".join(_part(path, n, tongue) for n in range(len(path))),
        _value(path, change.before, tongue),
        _value(path, change.after, tongue),
    )


def _part(path: Sequence[str], n: int, tongue: Tongue) -> str:
    name = path[n]
    if name.isdecimal():
        return tongue.say("no. %(number)s", number=int(name) + 1)
    if n and path[n - 1] in ("clocks", "scripts", "first_answer") and name in labels.STATES:
        return tongue.say(labels.STATES[name])
    if n and path[n - 1] == "side_clocks" and name in labels.CLOCKS:
        return tongue.say(labels.CLOCKS[name])
    if n and path[n - 1].endswith("_limits"):
        return tongue.say(labels.choice("role", name))
    return tongue.say(FIELDS[name]) if name in FIELDS else name


def _value(path: Sequence[str], value: Any, tongue: Tongue) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return tongue.say("yes") if value else tongue.say("no")
    if isinstance(value, int):
        return tongue.length(value) if _is_length(path) else tongue.number(value)
    if isinstance(value, Mapping):
        return _mapping(path, value, tongue)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " · ".join(_value((*path, "0"), one, tongue) for one in value) or tongue.say("none")
    return tongue.say(WORDS[value]) if value in WORDS else str(value)


def _mapping(path: Sequence[str], value: Mapping[str, Any], tongue: Tongue) -> str:
    if value.keys() == {"zh", "en"}:
        return tongue.of(value)
    inside = ((*path, name) for name in value)
    parts = (f"{_part(one, len(one) - 1, tongue)}: {_value(one, value[one[-1]], tongue)}" for one in inside)
    return "; ".join(parts)


def _is_length(path: Sequence[str]) -> bool:
    *above, name = path
    return name in LENGTHS or bool(above and above[-1] in LENGTHS_BY_NAME)
