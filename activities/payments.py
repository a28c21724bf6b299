"""Sending money and asking what became of it, as activities of a case."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import Engine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.gateways import chosen, serves
from activities.gateways.gateway import Destination, Gateway, GivenBack, PayoutOrder, refused, unknown
from activities.gateways.register import Queued, told
from activities.gateways.store_credit import Credit, Credited
from models.accounting.payments import ASK_PAYOUT, ORIGINAL, PAY_OUT, Answer, PayoutInput, PayoutResult
from models.case import Case, Payout
from models.effects import Routed
from models.orders import Order
from store import orders
from store.accounting import credit, payouts
from store.accounting.payouts import PayoutRow
from store.engine import reading, writing

#: Somebody who pays says so this often, in seconds, so that his death is noticed long before a payment may take.
HEARTBEAT = 3.0


class Payments:
    """Pays a payout out of its row, through the gateway that fits, under its id as the key. Safe to run again.

    Only a payout that is approved, and was never tried, is sent without asking. In any other state the gateway is
    asked, and the payout is sent only when it never arrived there. What comes of it is answered and not written: the
    case decides on it. So that nobody cancels a payout that is being sent, the case commits `sent` or waits for the
    answer before it takes another command about its money.
    """

    def __init__(self, engine: Engine, gateways: Mapping[str, Gateway]) -> None:
        self._engine = engine
        self._gateways = gateways

    @property
    def gateways(self) -> Mapping[str, Gateway]:
        """Who can be sent payouts, and asked, by name."""
        return self._gateways

    @property
    def providers(self) -> bool:
        """Whether anything but finance's queue is configured."""
        return self._gateways.keys() != {"register"}

    def route(self, case: Case) -> tuple[Routed, ...]:
        """The approved payouts of a case that a provider carries out; finance's queue has the others already.

        One to another account than was paid from waits until a second pair of eyes has seen it (R1).
        """
        waiting = [p for p in case.payouts if p.state == "approved" and p.gateway is None and not p.unconfirmed]
        found = [(p.key, self._load(p.key)) for p in waiting if self._may_serve(case, p)]
        ways = {key: chosen(loaded[1], self._gateways).name for key, loaded in found if loaded is not None}
        return tuple(Routed(payout_id=key, gateway=name) for key, name in ways.items() if name != "register")

    def _may_serve(self, case: Case, payout: Payout) -> bool:
        """Whether any gateway could be the one, by what the case knows: most payouts are finance's, and looking up
        each of them would cost every commit a query."""
        methods = {pot.payment_no: pot.method for pot in case.order.pots.payments} if case.order else {}
        account = (payout.account or ORIGINAL).partition(" ")[0]
        named = methods.get(payout.payment_no or "") if account == ORIGINAL else account
        return named is not None and serves(named, self._gateways)

    @activity.defn(name=PAY_OUT)
    async def pay_out(self, input: PayoutInput) -> PayoutResult:
        """Have the payout paid. Raises `PayoutNotFound` when there is none; a lost answer is `unknown`, no error."""
        async with _beating():
            return await self._carry_out(input, _pay)

    @activity.defn(name=ASK_PAYOUT)
    async def ask(self, input: PayoutInput) -> PayoutResult:
        """What became of the payout; nothing is sent."""
        return await self._carry_out(input, _ask)

    async def _carry_out(self, input: PayoutInput, step: "Step") -> PayoutResult:
        found = await asyncio.to_thread(self._load, input.payout_id)
        if found is None:
            detail = f"There is no payout '{input.payout_id}'."
            raise ApplicationError(detail, type="PayoutNotFound", non_retryable=True)
        row, order = found
        # A payout stays with the gateway it was given to, also when the settings would choose another one now.
        name = input.gateway or chosen(order, self._gateways).name
        sent, answer = await self._answer(name, row, order, step)
        return PayoutResult(payout_id=row.id, gateway=name, sent=sent, answer=answer)

    async def _answer(self, name: str, row: PayoutRow, order: PayoutOrder, step: "Step") -> tuple[bool, Answer]:
        settled = _settled(row)
        if settled is not None:
            return False, settled
        gateway = self._gateways.get(name)
        return (False, unknown("not_configured", name)) if gateway is None else await step(gateway, row, order)

    def _load(self, payout_id: str) -> tuple[PayoutRow, PayoutOrder] | None:
        with reading(self._engine) as session:
            row = payouts.get(session, payout_id)
            if row is None:
                return None
            order = orders.load(session, row.order_no) if row.order_no else None
        return row, order_for(row, order)


@asynccontextmanager
async def _beating() -> AsyncIterator[None]:
    """Tell Temporal until the end of the block that this worker lives."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(HEARTBEAT)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()


Step = Callable[[Gateway, PayoutRow, PayoutOrder], Awaitable[tuple[bool, Answer]]]


async def _pay(gateway: Gateway, row: PayoutRow, order: PayoutOrder) -> tuple[bool, Answer]:
    if row.state != "approved" or activity.info().attempt > 1:
        asked = await gateway.ask(order)
        if not asked.never_arrived:
            return False, asked
    return True, await gateway.pay(order)


async def _ask(gateway: Gateway, row: PayoutRow, order: PayoutOrder) -> tuple[bool, Answer]:
    return False, await gateway.ask(order)


def finances_queue(engine: Engine, payout_id: str) -> Queued | None:
    """The entry of finance's queue under a payout's id, for the gateway `register`."""
    with reading(engine) as session:
        row = payouts.get(session, payout_id)
    return Queued(row.state, row.reference, row.failure) if row else None


class BalanceBook:
    """The balance register in SQL, as the gateway `store_credit` needs it (R2)."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def credit(self, asked: Credit) -> Credited:
        """Write the entry, or answer the one that is under its key already, whatever that says."""
        wanted = credit.Wanted(
            key=asked.key,
            customer_id=asked.customer,
            currency=asked.currency,
            what="credited",
            amount=asked.amount,
            why=asked.reason,
            order_no=asked.order_no or None,
            case_no=asked.reason.rpartition(" ")[2] or None,
        )
        with writing(self._engine) as session:
            return _credited(credit.write(session, wanted, self._clock()))

    def credited(self, key: str) -> Credited | None:
        """The entry under a key."""
        with reading(self._engine) as session:
            found = credit.entry(session, key)
        return _credited(found) if found else None


def _credited(entry: credit.Entry) -> Credited:
    return Credited(f"balance {entry.currency} {entry.number}", entry.amount, entry.currency)


def order_for(row: PayoutRow, order: Order | None) -> PayoutOrder:
    """What a gateway is told of a payout. Nothing in it is personal but the id that the shop gave its customer."""
    return PayoutOrder(
        key=row.id,
        amount=row.amount,
        currency=row.currency or "",
        order_no=row.order_no or "",
        reason=f"{row.purpose} {row.case_no}",
        payment=_payment(row, order),
        destination=_destination(row),
        customer=order.customer.id if order else None,
    )


def _payment(row: PayoutRow, order: Order | None) -> GivenBack | None:
    """The payment that gives back (F17); freight and goodwill give none back."""
    paid = (payment for payment in (order.payments if order else ()) if payment.payment_no == row.payment_no)
    payment = next(paid, None)
    if payment is None:
        return None
    return GivenBack(payment.payment_no, payment.method, payment.amount, payment.reference)


def _destination(row: PayoutRow) -> Destination | None:
    """The account that the customer named (R1), as its kind and what may be seen of its number."""
    kind, _, account = (row.account or ORIGINAL).partition(" ")
    return None if kind == ORIGINAL else Destination(kind, account)


def _settled(row: PayoutRow) -> Answer | None:
    """What the row knows already, so that nobody has to be asked and nothing may be sent."""
    if row.state == "planned":
        return refused("not_approved")
    answer = told(Queued(row.state, row.reference, row.failure))
    return answer if answer.known else None
