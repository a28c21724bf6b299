"""The timeline of a case as people read it: the future first, then what happened, newest first."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from console import labels
from console.cases import sentences
from console.language import N_, Tongue

FILTERS: Final = {
    "all": N_("Everything"),
    "decisions": N_("Decisions"),
    "messages": N_("Messages and notes"),
    "money": N_("Money"),
    "parcels": N_("Parcels"),
    "clocks": N_("Clocks"),
}
_MONEY: Final = frozenset(
    """record_payment notify_payment refute_payment record_refund fail_refund ask_payout bounce_refund provide_account
    confirm_account settle_deposit record_dispute give_back waive_freight waive_receivable compensate payout_sent
    payout_unknown money_refused
    open_claim settle_claim settle_invoice""".split()
)
_PARCELS: Final = frozenset(
    """ship_return book_in report_interception record_delivery ship_replacement ship_back send_to_expert report_finding
    stock_arrived report_shortage search_opened goods_unasked authorise_return place_hold lift_hold""".split()
)
_MESSAGES: Final = frozenset(
    """note message customer_message answer attach submit_evidence request_evidence promise keep_promise""".split()
)
_CLOCKS: Final = frozenset(
    """warned reminded breached escalated skipped acknowledge snooze extend rebase_calendar rebase_playbook
    remind""".split()
)
_ICONS: Final = {"money": "wallet", "parcels": "truck", "messages": "chat", "clocks": "clock", "decisions": "flag"}
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
#: What the customer reads too.
_SEEN_BY_CUSTOMER: Final = frozenset(["message", "answer", "request_evidence", "customer_message", "submit_evidence"])
#: What of an entry's data is told by its words already, or tells nobody anything.
_SAID: Final = frozenset("""text note reason uri sha256 preview_id command_id alarm procedure photos""".split())
#: What of a clock's own entries is told by their words.
_OF_CLOCKS: Final = frozenset("""clock cycle level targets due_at""".split())
#: Amounts, in the currency of the case.
_AMOUNTS: Final = frozenset("""amount parts labour freight unit_price postage counter keep cost""".split())
MOST_FACTS: Final = 6


@dataclass(frozen=True)
class Row:
    """One entry."""

    seq: int
    at: str
    who: str
    role: str
    what: str
    sort: str
    icon: str
    tone: str
    words: str
    facts: tuple[tuple[str, str], ...]
    moved_to: str
    for_customer: bool


@dataclass(frozen=True)
class About:
    """What entries leave to their case: its currency, and what its lines are called."""

    currency: str | None = None
    items: Mapping[int, str] = field(default_factory=dict)

    @staticmethod
    def of(case: Mapping[str, Any]) -> "About":
        """That of a case's document."""
        refund = case["money"]["refund"]
        items = {one["line_no"]: one["name"] or one["sku"] for one in case["lines"]}
        return About(refund["currency"] if refund else None, items)


@dataclass(frozen=True)
class Ahead:
    """Something that will happen if nothing else does."""

    at: str
    what: str
    then: str
    tone: str


def chosen(show: str) -> tuple[frozenset[str], frozenset[str]]:
    """The actions that a filter shows, or those that it leaves out."""
    by_name = {"money": _MONEY, "parcels": _PARCELS, "messages": _MESSAGES, "clocks": _CLOCKS}
    if show in by_name:
        return by_name[show], frozenset()
    return frozenset(), frozenset().union(*by_name.values()) if show == "decisions" else frozenset()


def sort_of(action: str) -> str:
    """Which filter an entry is found by."""
    for name, actions in (("money", _MONEY), ("parcels", _PARCELS), ("messages", _MESSAGES), ("clocks", _CLOCKS)):
        if action in actions:
            return name
    return "decisions"


def rows(
    entries: Iterable[Mapping[str, Any]], tongue: Tongue, names: Mapping[str, str], about: About = About()
) -> list[Row]:
    """What happened, newest first."""
    return [_row(one, tongue, names, about) for one in sorted(entries, key=lambda one: -int(one["seq"]))]


def _row(entry: Mapping[str, Any], tongue: Tongue, names: Mapping[str, str], about: About) -> Row:
    action, data = str(entry["action"]), dict(entry["data"])
    sort = sort_of(action)
    told = labels.FACTS.get(action) or labels.ACTIONS.get(action) or action.replace("_", " ")
    moved = labels.STATES.get(entry["to"] or "")
    words = entry["note"] or data.get("text") or data.get("reason") or ""
    facts = tuple(_facts(action, data, str(words), tongue, about))[:MOST_FACTS]
    by_machine = action in labels.FACTS or entry["actor"]["role"] == "system"
    return Row(
        seq=int(entry["seq"]),
        at=entry["at"],
        who=_who(entry["actor"], tongue, names),
        role=entry["actor"]["role"],
        what=tongue.say(told),
        sort=sort,
        icon="note" if action == "note" else _ICONS[sort],
        tone=_tone(action),
        words=sentences.noted(str(words), tongue) if by_machine else str(words),
        facts=facts,
        moved_to=tongue.say(moved) if moved else "",
        for_customer=action in _SEEN_BY_CUSTOMER,
    )


def _who(actor: Mapping[str, str], tongue: Tongue, names: Mapping[str, str]) -> str:
    if actor["role"] == "system":
        return tongue.say("Aftercare")
    if actor["role"] == "customer":
        return tongue.say("the customer")
    return names.get(actor["id"], actor["id"])


def _tone(action: str) -> str:
    if action in ("breached", "refused", "fail_refund", "bounce_refund", "money_refused", "reject", "deny"):
        return "bad"
    return {"note": "note", "message": "out", "answer": "out", "customer_message": "in", "warned": "warn"}.get(
        action, ""
    )


def _facts(
    action: str, data: Mapping[str, Any], words: str, tongue: Tongue, about: About = About()
) -> Iterable[tuple[str, str]]:
    for key, value in data.items():
        told_already = key in _SAID or (action == "opened" and key == "kind") or str(value) == words
        of_clock = action in labels.FACTS and (key in _OF_CLOCKS or (key, value) == ("cause", "delay"))
        if told_already or of_clock or value in (None, "", [], {}, False):
            continue
        told = _value(key, value, tongue, about)
        if told:
            yield tongue.say(labels.FIELDS[key]) if key in labels.FIELDS else key.replace("_", " "), told


def facts(action: str, data: Mapping[str, Any], tongue: Tongue) -> list[tuple[str, str]]:
    """What a command says, each with its name; the words that somebody wrote come last."""
    written = [
        (tongue.say(labels.FIELDS[key]), str(data[key])[:500]) for key in ("reason", "text", "note") if data.get(key)
    ]
    return [*_facts(action, data, "", tongue), *written]


def _value(key: str, value: Any, tongue: Tongue, about: About) -> str:
    if isinstance(value, bool):
        return tongue.say("yes")
    if isinstance(value, Mapping):
        told = {k: v for k, v in value.items() if v not in (None, "", [], {}, False)}
        return ", ".join([*_item(told, tongue, about), *(_value(k, v, tongue, about) for k, v in told.items())])[:300]
    if isinstance(value, (list, tuple)):
        return tongue.listed([_value(key, one, tongue, about) for one in value])[:300]
    text = str(value)
    if key in _AMOUNTS and about.currency and _NUMBER.fullmatch(text):
        return tongue.money({"amount": text, "currency": about.currency})
    if key in ("at", "until") and "T" in text:
        return tongue.day_and_time(text)
    if key in ("clock",) and text in labels.CLOCKS:
        return tongue.say(labels.CLOCKS[text])
    known = labels.CHOICES.get(f"{key}.{text}") or labels.CHOICES.get(text)
    return tongue.say(known) if known and key in labels.FIELDS else text[:300]


def _item(told: dict[str, Any], tongue: Tongue, about: About) -> Iterable[str]:
    """A line with its units by its name, and taken out of what is left to tell."""
    if isinstance(told.get("line_no"), int) and "quantity" in told:
        line_no, quantity = told.pop("line_no"), told.pop("quantity")
        name = about.items.get(line_no) or tongue.say("line %(line_no)s", line_no=line_no)
        yield f"{name} × {quantity}"


def ahead(case: Mapping[str, Any], tongue: Tongue) -> list[Ahead]:
    """The future: what each running clock does when nothing happens, the nearest first."""
    found = []
    for clock in case["clocks"]:
        if clock["state"] != "running" or not clock["due_at"]:
            continue
        known = clock["clock"]
        name = tongue.say(labels.CLOCKS.get(known, known))
        alarm = clock["next_alarm"]
        if alarm and alarm["at"] < clock["due_at"]:
            found.append(Ahead(alarm["at"], tongue.say("%(clock)s: reminder", clock=name), "", "warn"))
        then = tongue.say(OUTCOMES.get(clock["outcome"], OUTCOMES["escalate"]))
        found.append(Ahead(clock["due_at"], tongue.say("%(clock)s ends", clock=name), then, "bad"))
    if case.get("snoozed_until"):
        found.append(Ahead(case["snoozed_until"], tongue.say("It comes back to the list"), "", "info"))
    return sorted(found, key=lambda one: one.at)


OUTCOMES: Final = {
    "escalate": N_("told to whoever is on duty, then level by level"),
    "close": N_("it closes by itself"),
    "decline": N_("silence counts as declined"),
    "search": N_("a search for the parcel begins"),
    "try_again": N_("it counts as missed and is tried again"),
}
