"""Store credit: the balance register (R2) as a gateway."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from activities.gateways.gateway import PayoutOrder, done, refused, unknown
from models.accounting.payments import NO_SUCH_PAYOUT, Answer


@dataclass(frozen=True, slots=True)
class Credit:
    """Who is credited with what, and why (R2). `key` makes it one entry however often it is written."""

    key: str
    customer: str
    amount: int
    currency: str
    reason: str
    order_no: str


@dataclass(frozen=True, slots=True)
class Credited:
    """An entry of the balance register."""

    reference: str
    amount: int
    currency: str


class Balances(Protocol):
    """The balance register, as this gateway needs it; both are called in a thread, and may raise."""

    def credit(self, credit: Credit) -> Credited:
        """Write the entry, or answer the one that is under its key already, whatever that says."""

    def credited(self, key: str) -> Credited | None:
        """The entry under a key."""


class StoreCredit:
    """Credits the customer. It is our own book: what it answers is final at once."""

    name = "store_credit"

    def __init__(self, balances: Balances) -> None:
        self._balances = balances

    async def pay(self, order: PayoutOrder) -> Answer:
        """Credit the order's customer, once."""
        if order.customer is None:
            return refused("customer_unknown")
        credit = Credit(
            key=order.key,
            customer=order.customer,
            amount=order.amount,
            currency=order.currency,
            reason=order.reason,
            order_no=order.order_no,
        )
        try:
            return _told(await asyncio.to_thread(self._balances.credit, credit), order)
        except Exception as away:
            return unknown("no_answer", type(away).__name__)

    async def ask(self, order: PayoutOrder) -> Answer:
        """The entry under the order's key."""
        try:
            return _told(await asyncio.to_thread(self._balances.credited, order.key), order)
        except Exception as away:
            return unknown("no_answer", type(away).__name__)


def _told(credited: Credited | None, order: PayoutOrder) -> Answer:
    if credited is None:
        return refused(NO_SUCH_PAYOUT)
    if (credited.amount, credited.currency) != (order.amount, order.currency):
        return unknown("amount_differs", f"{credited.reference}: {credited.amount} {credited.currency}")
    return done(credited.reference)
