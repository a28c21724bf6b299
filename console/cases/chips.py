"""Three questions, three answers: what was decided, where the goods are, where the money is. Never one status."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from console.labels import GOODS
from console.language import N_


class Chip(NamedTuple):
    """Words, a tone and an icon."""

    words: str
    tone: str
    icon: str


_OPEN: Final = Chip(N_("open"), "plain", "hand")
_DECISIONS: Final = {
    "offered": Chip(N_("offered"), "info", "hand"),
    "quoted": Chip(N_("quoted"), "info", "hand"),
    "awaiting_approval": Chip(N_("to be approved"), "warn", "hand"),
    "rejected": Chip(N_("rejected"), "bad", "cross"),
    "withdrawn": Chip(N_("withdrawn"), "plain", "cross"),
    "fault_refuted": Chip(N_("no fault found"), "warn", "search"),
    "fault_confirmed": Chip(N_("fault confirmed"), "info", "check"),
}
_DECIDED: Final = {
    "refund": N_("refund"),
    "exchange": N_("exchange"),
    "repair": N_("repair"),
    "keep_it": N_("keeps it, money back in part"),
    "goods_back": N_("goods back to the customer"),
    "reship": N_("send again"),
    "substitute": N_("another product"),
    "visit": N_("visit"),
    "adjust_price": N_("price adjusted"),
    "none": N_("nothing more"),
}
_GOODS_TONES: Final = {
    "customer": "plain",
    "in_transit": "info",
    "here": "good",
    "returned": "plain",
    "nowhere": "plain",
}


def decision(case: Mapping[str, Any]) -> Chip:
    """What was decided: from a row of a list as well as from a case."""
    special = _DECISIONS.get(case["state"])
    if special:
        return special
    if case.get("remedy"):
        return Chip(_DECIDED.get(case["remedy"], case["remedy"]), "good", "check")
    if case["state"] in ("awaiting_return", "return_in_transit", "received"):
        return Chip(N_("return approved"), "info", "check")
    return Chip(N_("closed"), "plain", "check") if case["state"] == "closed" else _OPEN


def goods(case: Mapping[str, Any]) -> Chip:
    """Where the goods are."""
    state, where = case["state"], case.get("goods") or _goods_of(case["state"])
    if state == "delivering":
        return Chip(N_("on their way to the customer"), "info", "truck")
    return Chip(GOODS.get(where, where), _GOODS_TONES.get(where, "plain"), "truck" if where == "in_transit" else "box")


def _goods_of(state: str) -> str:
    """Where they are as far as a row of a list says."""
    here = ("received", "inspected", "external_diagnosis", "repairing", "fault_confirmed", "fault_refuted")
    return {"return_in_transit": "in_transit"}.get(state, "here" if state in here else "customer")


def money(case: Mapping[str, Any]) -> Chip:
    """Where the money is."""
    payouts = [one["state"] for one in case.get("payouts", ())]
    for state, words, tone in (
        ("failed", N_("refund failed"), "bad"),
        ("unknown", N_("answer lost, being asked for"), "warn"),
        ("sent", N_("sent"), "info"),
        ("approved", N_("to be paid"), "warn"),
        ("planned", N_("planned"), "info"),
    ):
        if state in payouts:
            return Chip(words, tone, "wallet")
    if "done" in payouts:
        return Chip(N_("paid"), "good", "wallet")
    if case["state"] == "awaiting_payment":
        return Chip(N_("customer has to pay"), "warn", "wallet")
    return (
        Chip(N_("to be paid"), "warn", "wallet")
        if case["state"] == "refunding"
        else Chip(N_("none moved"), "plain", "wallet")
    )


def all_three(case: Mapping[str, Any]) -> tuple[tuple[str, Chip], ...]:
    """The three, each with its name."""
    return ((N_("Decision"), decision(case)), (N_("Goods"), goods(case)), (N_("Money"), money(case)))
