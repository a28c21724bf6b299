"""What the registers' rows are made of, and the columns that each has, also while it is empty."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sum:
    """Minor units of a currency."""

    amount: int
    currency: str | None


@dataclass(frozen=True, slots=True)
class Personal:
    """A name, a phone number, an account: masked wherever nobody has to see it."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a register: those of a state, after so many, and at most so many."""

    after: int = 0
    most: int = 50
    state: str | None = None


_REFUNDS: Final = (
    *("id", "case_no", "order_no", "customer_id", "state", "purpose", "reason", "amount", "currency"),
    *("payment_no", "account_kind", "account", "real_name", "asked_by", "granted_as", "named_by", "acknowledged_by"),
    *("paid_by", "reference", "failure", "created_at", "changed_at", "paid_at"),
)
_PARCELS: Final = (
    *("id", "code", "waybill", "box", "of", "grams", "product", "note", "phone_tail", "state", "at", "by", "sender"),
    *("cases", "photos", "invoice_enclosed", "due_at", "ended_at", "ended_by", "ended_role", "reason"),
    *("sent_carrier", "sent_waybill"),
)
_UNEVEN: Final = ("case_no", "order_no", "state", "since", "amount", "currency")

#: The columns of each register as a spreadsheet has them; `currency` follows the first sum.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "silent_parcels": (
        *("waybill", "carrier", "zone", "order_no", "case_no", "silence", "silent_since", "words", "customer_id"),
    ),
    "refunds": _REFUNDS,
    "parcels": _PARCELS,
    "unmatched_parcels": _PARCELS,
    "refunded_not_returned": _UNEVEN,
    "returned_not_refunded": _UNEVEN,
    "balances": (
        *("customer_id", "customer", "number", "what", "credited", "currency", "taken", "remains", "why"),
        *("order_no", "case_no", "by", "at"),
    ),
    "remittances": ("case_no", "order_no", "state", "announced", "currency", "owed", "received", "payer"),
    "receivables": (
        *("case_no", "order_no", "owed", "currency", "netted", "repaid", "charged_back", "recovered", "waived"),
    ),
    "overpayments": ("case_no", "order_no", "state", "overpaid", "currency", "given_back"),
    "loaners": (
        *("serial", "sku", "case_no", "order_no", "customer", "out", "lent_by", "lent_at", "until", "returned_by"),
        *("returned_at", "went_to", "lost", "reason"),
    ),
    "repairs": (
        *("case_no", "repair", "order_no", "goods", "workshop", "state", "diagnosis", "parts", "parts_cost"),
        *("currency", "labour", "asked_at", "promised_at", "begun_at", "ended_at", "report"),
    ),
    "claims": (
        *("case_no", "claim", "order_no", "against", "name", "state", "awaits", "due_at", "claimed", "currency"),
        *("accepted", "paid", "missing", "reference", "opened_at", "filed_at", "reason"),
    ),
    "invoices": (
        *("case_no", "order_no", "kind", "remedy", "state", "due", "came_back", "settled_at", "settled_by", "reason"),
    ),
    "warranties": (
        *("card_no", "case_no", "order_no", "sku", "name", "serials", "starts_on", "months", "until", "in_warranty"),
        *("failed_repairs", "days_in_repair"),
    ),
    "stock": (
        *("sku", "name", "counted", "on_hand", "sellable", "reserved", "quarantine", "refurbish", "scrap"),
        *("supplier", "transit", "lent", "awaited"),
    ),
    "customers": ("customer_id", "name", "phone", "orders", "cases", "last_order_at"),
}
