"""What waits for an approval, as whoever decides it has to see it: what was asked for, and its sum with its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from console.cases import amounts, timeline
from console.listing import amount_of
from console.visit import Visit
from models.errors import AftercareError

#: What of a command is money, written as plain amounts.
SUMS: Final = ("amount", "freight", "parts", "labour", "keep")


@dataclass(frozen=True)
class Asked:
    """The sum of a request, and its source: a rule with the sentences that make it up, or whoever asked."""

    amount: Mapping[str, str]
    rule: str = ""
    sources: tuple[str, ...] = ()
    by_hand: bool = False


def asked(here: Visit, case: Mapping[str, Any], but: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """What was asked for, in words, without what is said already; sums in the currency of the case."""
    data = {name: value for name, value in case["pending"]["data"].items() if name not in but}
    currency = _currency(case)
    told = {
        name: here.tongue.money({"amount": str(data[name]), "currency": currency})
        for name in SUMS
        if name in data and currency and amount_of(str(data[name])) is not None
    }
    return list(timeline.facts("approve", {**data, **told}, here.tongue))


def more_of(here: Visit, case: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the first line of a request, with its remedy and its sum, does not say; nothing where nothing waits."""
    if not case["pending"]:
        return []
    return asked(here, case, ("remedy", "amount", "keep") if case["pending"]["amount"] else ("remedy",))


def _currency(case: Mapping[str, Any]) -> str | None:
    known = case["pending"]["amount"] or case.get("at_stake") or (case.get("money") or {}).get("refund") or {}
    return known.get("currency")


async def asked_of(here: Visit, case: Mapping[str, Any]) -> Asked | None:
    """The sum that a request is about; None where it moves no money, or nothing waits.

    The rule and its sentences are told as long as they still give the numbers that were asked for (F20).
    """
    pending = case["pending"]
    if not pending or not pending["amount"]:
        return None
    if not pending["preview_id"]:
        return Asked(pending["amount"], by_hand=True)
    try:
        now = await amounts.amounts_of(here, case, pending["data"])
    except AftercareError:
        now = None  # it would be refused by now: the approval says why
    if now is None or now.preview_id != pending["preview_id"]:
        return Asked(pending["amount"])
    return Asked(pending["amount"], now.rule, now.sources)
