"""What payment providers say by themselves: of refunds, payments and disputes, in one vocabulary.

It is a reason to look, and no proof: what a case is told is what the provider answers when it is asked.
"""

import re
from datetime import datetime
from typing import Literal

from models.value import Value

RefundSaid = Literal["paid", "working", "refused"]
DisputeSaid = Literal["opened", "answered", "won", "lost"]

#: A case's number, as it stands or as providers let it travel that take no hyphens.
_CASE_NO = re.compile(r"(?<![A-Za-z0-9])AC[-_](\d\d)[-_](\d{6,9})(?!\d)")


class RefundNotice(Value):
    """Something happened to a refund; `key` is ours, as it travelled."""

    what: Literal["refund"] = "refund"
    key: str
    said: RefundSaid
    words: str | None = None  # beside that, for people


class PaymentNotice(Value):
    """A customer paid. `names` is what his payment says for itself: where the shop put the number of a case."""

    what: Literal["payment"] = "payment"
    reference: str
    payment_no: str | None = None
    amount: int
    currency: str
    names: tuple[str, ...] = ()


class DisputeNotice(Value):
    """A customer's bank takes a payment back, or asks about it (`inquiry`: no money was taken yet) (T21)."""

    what: Literal["dispute"] = "dispute"
    reference: str
    payments: tuple[str, ...]  # what the provider calls the payment: its charge, its intent
    amount: int
    currency: str
    said: DisputeSaid
    inquiry: bool = False
    reason: str | None = None
    respond_by: datetime | None = None


Notice = RefundNotice | PaymentNotice | DisputeNotice


def case_named(*texts: str | None) -> str | None:
    """The first number of a case in these texts."""
    found = (_CASE_NO.search(text) for text in texts if text)
    return next((f"AC-{match[1]}-{match[2]}" for match in found if match), None)
