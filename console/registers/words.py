"""How registers, their columns and what stands in a cell are said. English stands here, the rest in `locales/`."""

from collections.abc import Mapping
from typing import Any, Final

from console import labels
from console.language import N_, Tongue
from console.refusals.roles import ROLE_WORDS

#: Register → how it is called, and what stands in it; those of money first.
REGISTERS: Final[Mapping[str, tuple[str, str]]] = {
    "refunds": (N_("Refunds"), N_("every payout: why, how much, to which account, who asked, who paid, when")),
    "balances": (N_("Store credit"), N_("who was credited and why, which order used it, what remains")),
    "remittances": (N_("Transfers in"), N_("money that was announced or noted, and what of it came in")),
    "receivables": (N_("Owed to us"), N_("what customers owe, and what was netted, paid or waived")),
    "overpayments": (N_("Overpayments"), N_("what customers paid too much, until it is given back")),
    "claims": (N_("Claims"), N_("what couriers and suppliers were asked for, and what became of it")),
    "invoices": (N_("Invoices"), N_("invoices to be credited, amended, endorsed or sent back")),
    "refunded_not_returned": (N_("Refunded, not returned"), N_("the customer has both the money and the goods")),
    "returned_not_refunded": (N_("Returned, not refunded"), N_("we have the goods, and the customer got nothing yet")),
    "parcels": (N_("Parcels"), N_("every box that came in, and whose it was")),
    "unmatched_parcels": (N_("Unmatched parcels"), N_("boxes on the shelf, and until when they wait there")),
    "silent_parcels": (N_("Silent parcels"), N_("parcels of which nothing was heard for too long")),
    "loaners": (N_("Loaners"), N_("devices that were lent, to whom, and when they came back")),
    "repairs": (N_("Repairs"), N_("the workshop's orders: parts, labour, dates, and how they ended")),
    "warranties": (N_("Warranty cards"), N_("what is under warranty until when, with the time in repair added")),
    "stock": (N_("Stock ledger"), N_("how many of each article are where, and how many cases wait for")),
    "customers": (N_("Customers"), N_("who bought how often, and with how many cases")),
}
#: Register → the states that it can be narrowed to.
STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "refunds": tuple(labels.PAYOUTS),
    "remittances": ("announced", "notified", "matched"),
    "claims": ("claimed", "accepted", "refused", "paid", "written_off"),
    "invoices": ("open", "credited", "amended", "endorsed", "reissued", "returned", "not_needed"),
    "parcels": ("on_shelf", "booked", "matched", "disposed", "sent_back"),
}
#: Column → its heading.
HEADS: Final[Mapping[str, str]] = {
    "id": N_("Number"),
    "case_no": N_("Case"),
    "order_no": N_("Order"),
    "customer_id": N_("Customer number"),
    "customer": N_("Customer"),
    "name": N_("Name"),
    "phone": N_("Phone"),
    "payer": N_("Who paid"),
    "sender": N_("Sender"),
    "real_name": N_("Real name"),
    "state": N_("State"),
    "purpose": N_("For"),
    "reason": N_("Reason"),
    "why": N_("Why"),
    "what": N_("What"),
    "amount": N_("Amount"),
    "payment_no": N_("Payment"),
    "account_kind": N_("Kind of account"),
    "account": N_("Account"),
    "asked_by": N_("Asked for by"),
    "granted_as": N_("Granted as"),
    "named_by": N_("Account named by"),
    "acknowledged_by": N_("Acknowledged by"),
    "paid_by": N_("Paid by"),
    "reference": N_("Reference"),
    "failure": N_("Refused with"),
    "created_at": N_("Since"),
    "changed_at": N_("Changed"),
    "paid_at": N_("Paid on"),
    "since": N_("Since"),
    "number": N_("No."),
    "credited": N_("Credited"),
    "taken": N_("Taken"),
    "remains": N_("Remains"),
    "by": N_("By"),
    "at": N_("When"),
    "announced": N_("Announced"),
    "owed": N_("Owed"),
    "received": N_("Received"),
    "netted": N_("Taken off a refund"),
    "repaid": N_("Paid to us"),
    "charged_back": N_("Charged back"),
    "recovered": N_("Recovered"),
    "waived": N_("Waived"),
    "overpaid": N_("Paid too much"),
    "given_back": N_("Given back"),
    "claim": N_("Claim"),
    "against": N_("Against"),
    "awaits": N_("Waits for"),
    "due_at": N_("Until"),
    "claimed": N_("Claimed"),
    "accepted": N_("Accepted"),
    "paid": N_("Paid"),
    "missing": N_("Missing"),
    "opened_at": N_("Opened"),
    "filed_at": N_("Sent"),
    "kind": N_("Kind"),
    "remedy": N_("Remedy"),
    "due": N_("To be done"),
    "came_back": N_("Came with the goods"),
    "settled_at": N_("Settled"),
    "settled_by": N_("Settled by"),
    "serial": N_("Serial number"),
    "serials": N_("Serial numbers"),
    "sku": N_("Article"),
    "out": N_("Lent now"),
    "lent_by": N_("Lent by"),
    "lent_at": N_("Lent"),
    "until": N_("Until"),
    "returned_by": N_("Taken back by"),
    "returned_at": N_("Taken back"),
    "went_to": N_("Went to"),
    "lost": N_("Lost"),
    "repair": N_("Repair"),
    "goods": N_("Goods"),
    "workshop": N_("Workshop"),
    "diagnosis": N_("Diagnosis"),
    "parts": N_("Parts"),
    "parts_cost": N_("Cost of parts"),
    "labour": N_("Labour"),
    "asked_at": N_("Asked for"),
    "promised_at": N_("Promised for"),
    "begun_at": N_("Begun"),
    "ended_at": N_("Ended"),
    "ended_by": N_("Ended by"),
    "ended_role": N_("Ended as"),
    "report": N_("Report"),
    "card_no": N_("Card"),
    "starts_on": N_("Starts on"),
    "months": N_("Months"),
    "in_warranty": N_("In warranty"),
    "failed_repairs": N_("Repairs that failed"),
    "days_in_repair": N_("Days in repair"),
    "code": N_("Code"),
    "waybill": N_("Waybill"),
    "carrier": N_("Courier"),
    "zone": N_("Zone"),
    "silence": N_("Silence"),
    "silent_since": N_("Silent since"),
    "words": N_("Last words"),
    "box": N_("Box"),
    "of": N_("Of"),
    "grams": N_("Grams"),
    "product": N_("Product"),
    "note": N_("Note"),
    "phone_tail": N_("End of the phone"),
    "cases": N_("Cases"),
    "photos": N_("Photos"),
    "invoice_enclosed": N_("Invoice enclosed"),
    "sent_carrier": N_("Sent with"),
    "sent_waybill": N_("Sent as"),
    "orders": N_("Orders"),
    "last_order_at": N_("Last order"),
    "counted": N_("Counted"),
    "on_hand": N_("On hand"),
    "sellable": N_("Sellable"),
    "reserved": N_("Set aside"),
    "quarantine": N_("To be looked at"),
    "refurbish": N_("To be refurbished"),
    "scrap": N_("Scrap"),
    "supplier": N_("At the supplier's"),
    "transit": N_("On its way"),
    "lent": N_("Lent out"),
    "awaited": N_("Waited for"),
}
#: States that only registers have.
_STATES: Final = {
    "matched": N_("matched"),
    "notified": N_("said to be paid"),
    "announced": N_("announced"),
    "open": N_("open"),
    "planned": N_("planned"),
    "begun": N_("begun"),
    "finished": N_("done"),
    "on_shelf": N_("on the shelf"),
    "booked": N_("booked in"),
    "disposed": N_("disposed of"),
    "sent_back": N_("sent back"),
    "claimed": N_("claimed"),
}
_WHAT: Final = {
    "credited": N_("credited"),
    "used": N_("used by an order"),
    "put_back": N_("put back"),
    "cleared": N_("cleared"),
}
_AWAITS: Final = {
    "filing": N_("to be sent"),
    "answer": N_("their answer"),
    "payment": N_("their money"),
    "decision": N_("our decision"),
}
_INVOICES: Final = {"paper": N_("on paper"), "electronic": N_("electronic")}
#: Column → the words of its values; what is none of them is shown as it is.
_SAID: Final[Mapping[str, Mapping[str, str]]] = {
    "state": {**labels.CHOICES, **labels.STATES, **labels.PAYOUTS, **_STATES},
    "purpose": labels.PURPOSES,
    "remedy": labels.WANTED,
    "against": labels.CHOICES,
    "account_kind": labels.CHOICES,
    "went_to": labels.CHOICES,
    "awaits": _AWAITS,
    "what": _WHAT,
    "granted_as": ROLE_WORDS,
    "ended_role": ROLE_WORDS,
    "kind": _INVOICES,
}
#: Columns of several words of the program → what stands between them.
_SEVERAL: Final = {"reason": " / ", "due": ", ", "silence": " / ", "missing": ", "}
_PEOPLE: Final = frozenset({"by", "asked_by", "named_by", "acknowledged_by", "paid_by", "settled_by", "lent_by"}) | {
    "returned_by",
    "ended_by",
}
_DAYS: Final = frozenset({"starts_on"})


def sort_of(column: str, value: Any) -> str:
    """How a cell is shown: nothing money moment day case person said several number yes or text."""
    if value in (None, "", []):
        return "nothing"
    if isinstance(value, Mapping) and "amount" in value:
        return "money"
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, int):
        return "number"
    named = {"case_no": "case", **dict.fromkeys(_PEOPLE, "person"), **dict.fromkeys(_SAID, "said")}
    named |= dict.fromkeys(_SEVERAL, "several")
    if column in named:
        return named[column]
    if column in _DAYS or (column == "until" and len(str(value)) == len("2026-11-02")):
        return "day"
    return "moment" if _is_moment(column, str(value)) else "text"


def _is_moment(column: str, value: str) -> bool:
    timely = column.endswith("_at") or column in ("at", "since", "until", "silent_since")
    return timely and len(value) > len("2026-11-02T") and value[4:5] == "-" and "T" in value


def said(column: str, value: str) -> str:
    """The words of a value, before they are translated."""
    return _SAID.get(column, {}).get(value) or value.replace("_", " ")


def several(column: str, value: str, kinds: Mapping[str, str], tongue: Tongue) -> str:
    """What a cell of several words says; `kinds` are the kinds of case as they are called. Free text stays as it is."""
    between = _SEVERAL[column]
    return between.join(kinds.get(one) or _one_of_several(one, tongue) for one in value.split(between))


def _one_of_several(value: str, tongue: Tongue) -> str:
    known = labels.CHOICES.get(f"cause.{value}") or labels.CHOICES.get(value)
    return tongue.say(known) if known else value
