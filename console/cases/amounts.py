"""What a remedy comes to before it is chosen: every number with the rule that it follows, and nothing moved (F20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from api.documents.requests import PreviewAsk
from console.cases import sentences
from console.language import N_
from console.visit import Visit
from models.remedies.remedy import SettledRemedy

#: What `choose_remedy` and its preview call by the same name.
_SHARED: Final = ("remedy", "lines", "amount", "replacement", "reduction_percent", "net_receivable", "in_advance")
#: The numbers of a preview in the order in which they are read; those that are nothing are left out.
_NUMBERS: Final = (
    ("refund", N_("Refund")),
    ("goods", N_("of it goods")),
    ("tax", N_("of it tax")),
    ("postage", N_("of it postage")),
    ("freight_reimbursement", N_("Freight back to the customer")),
    ("freight_over_cap", N_("Freight above what is given back")),
    ("customer_owes", N_("Customer owes")),
    ("netted", N_("Taken off for what he owes")),
    ("deposit", N_("Deposit until the goods are back")),
)


@dataclass(frozen=True)
class Amounts:
    """What is shown of a preview; `preview_id` names these numbers when the remedy is chosen."""

    preview_id: str
    rule: str
    numbers: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]


async def amounts_of(here: Visit, case: Mapping[str, Any], data: Mapping[str, Any]) -> Amounts | None:
    """What a remedy would come to in a case; None where it moves no money. Raises what choosing it would be refused."""
    if case["order_no"] is None or data.get("remedy") not in get_args(SettledRemedy):
        return None
    told = {key: data[key] for key in _SHARED if key in data}
    found = await here.desk.preview(case["order_no"], PreviewAsk.model_validate({**told, "case_no": case["case_no"]}))
    return _shown(here, case, found)


def _shown(here: Visit, case: Mapping[str, Any], found: Mapping[str, Any]) -> Amounts:
    def money(amount: str) -> str:
        return here.tongue.money({"amount": amount, "currency": found["currency"]})

    names = {one["line_no"]: one["name"] or one["sku"] for one in case["lines"]}
    told = [(here.tongue.say(words), found[key]) for key, words in _NUMBERS if key in found]
    return Amounts(
        preview_id=found["preview_id"],
        rule=found["rule"],
        numbers=tuple((words, money(amount)) for words, amount in told if amount.strip("0."))
        or (_nothing(here, money),),
        lines=tuple(
            (f"{names.get(one['line_no'], one['line_no'])} × {one['quantity']}", money(one["amount"]))
            for one in found["per_line"]
        ),
        sources=tuple(sentences.sums(found["sources"], here.tongue)),
    )


def _nothing(here: Visit, money: Any) -> tuple[str, str]:
    return here.tongue.say("Refund"), money("0")
