"""What a payment provider of these tests keeps: payments it took, refunds it was asked for, and what it paid.

It is neutral: the three dialects in `wire.py` speak for it. Amounts are in minor units by ISO 4217.
"""

from dataclasses import dataclass, field
from enum import Enum
from threading import RLock
from typing import Any


class Decision(Enum):
    """What the provider makes of the next new refund."""

    PAY = "pays it at once"
    PROCESS = "takes it and works on it"
    ACCOUNT_CLOSED = "the customer's account is closed"
    BALANCE_SHORT = "the shop's balance does not cover it"


class Overdrawn(Exception):
    """More than is left of the payment."""


class BalanceShort(Exception):
    """The shop has not the money with the provider."""


class AccountClosed(Exception):
    """The customer's account takes nothing."""


@dataclass
class Taken:
    """A payment; `given` is what of it is refunded or about to be."""

    reference: str
    payment_no: str
    amount: int
    currency: str
    given: int = 0


@dataclass
class Refund:
    id: str
    key: str  # as it came over the wire
    payment: Taken
    amount: int
    status: str  # paid, pending or failed


@dataclass
class Ledger:
    """One provider's books. Whoever speaks for it holds `lock` while it decides."""

    lock: RLock = field(default_factory=RLock)
    payments: list[Taken] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    paid: list[Refund] = field(default_factory=list)
    decision: Decision = Decision.PAY
    disputes: dict[str, Any] = field(default_factory=dict)  # as Stripe shows them, by their ids

    def took(self, payment: Taken) -> None:
        self.payments.append(payment)

    def payment(self, reference: str | None = None, payment_no: str | None = None) -> Taken | None:
        if reference is not None:
            return next((payment for payment in self.payments if payment.reference == reference), None)
        return next((payment for payment in self.payments if payment.payment_no == payment_no), None)

    def refund(self, key: str, payment: Taken, amount: int) -> Refund:
        """A new refund, as decided. What was decided counts once; after it the provider pays again."""
        decision, self.decision = self.decision, Decision.PAY
        if payment.given + amount > payment.amount:
            raise Overdrawn
        if decision is Decision.BALANCE_SHORT:
            raise BalanceShort
        if decision is Decision.ACCOUNT_CLOSED:
            raise AccountClosed
        status = "pending" if decision is Decision.PROCESS else "paid"
        return self._booked(Refund(f"R{len(self.refunds) + 1:06}", key, payment, amount, status))

    def failed(self, key: str, payment: Taken, amount: int) -> Refund:
        """A refund that the customer's bank sent back; it takes nothing of the payment."""
        refund = Refund(f"R{len(self.refunds) + 1:06}", key, payment, amount, "failed")
        self.refunds.append(refund)
        return refund

    def _booked(self, refund: Refund) -> Refund:
        refund.payment.given += refund.amount
        self.refunds.append(refund)
        if refund.status == "paid":
            self.paid.append(refund)
        return refund

    def bounce(self) -> None:
        """What was paid comes back: the customer's bank returned it."""
        with self.lock:
            for refund in self.paid:
                refund.status = "failed"
                refund.payment.given -= refund.amount
            self.paid.clear()

    def settle(self, well: bool = True) -> None:
        """What was being worked on is paid, or comes back."""
        with self.lock:
            for refund in self.refunds:
                if refund.status == "pending" and well:
                    refund.status = "paid"
                    self.paid.append(refund)
                elif refund.status == "pending":
                    refund.status = "failed"
                    refund.payment.given -= refund.amount

    def under(self, key: str) -> Refund | None:
        """The refund under a key; of several the newest."""
        return next((refund for refund in reversed(self.refunds) if refund.key == key), None)
