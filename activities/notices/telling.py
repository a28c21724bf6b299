"""What comes of a payment provider's word: it is asked what is true, and the case hears that.

A call is a reason to ask and no more. Refunds under way are asked about by their case, under the key that they were
sent with; what contradicts the books is asked about here first. Every step may be done again: a case takes a command
once, by its id, so that the same call, an older one, or one that a dying worker read twice changes nothing.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, runtime_checkable

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from activities.asking import Asking, Request
from activities.carriers.carrier import Unreadable
from activities.gateways.gateway import Gateway, NoAnswer, Received
from activities.notices.notice import Notifier
from activities.opening import Asked, NotOpened, Opener, nobody
from activities.payments import order_for
from models.accounting.notices import DisputeNotice, Notice, PaymentNotice, RefundNotice, case_named
from models.accounting.payments import Answer
from models.case import Case
from models.lifecycle import FINAL, State
from models.money import to_text
from store import cases, lists, orders
from store.accounting import order_payments, payouts
from store.accounting.payouts import PayoutRow
from store.engine import reading, writing
from store.outside import hooks
from store.outside.hooks import Hook
from store.people.letters import notice as notify

T = TypeVar("T")

#: Calls looked at in one go.
BATCH = 20
#: When a provider that does not answer is asked again, longer and longer, and how long the longest is.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)


#: What a dispute is when no case of the order is there: kind and subcategory.
DISPUTES_ARE = ("complaint", "authority")


@runtime_checkable
class KnowsDisputes(Protocol):
    """Whoever can be asked about a dispute."""

    async def disputed(self, reference: str) -> DisputeNotice | None: ...


@runtime_checkable
class Remembers(Protocol):
    """Whoever can be asked about a payment."""

    async def received(self, reference: str) -> Received | None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: what cases are asked for, in words, and whether somebody has to look at it."""

    words: str
    requests: tuple[Request, ...] = ()
    look: str | None = None  # what finance is told, in Chinese


class Telling:
    """Looks at the calls of payment providers, one after the other, and tells cases."""

    def __init__(
        self,
        engine: Engine,
        asking: Asking,
        notifiers: Mapping[str, Notifier],
        gateways: Mapping[str, Gateway],
        clock: Callable[[], datetime],
        opener: Opener = nobody,
    ) -> None:
        self._engine, self._asking, self._clock, self._open = engine, asking, clock, opener
        self._notifiers, self._gateways = notifiers, gateways

    async def round(self) -> int:
        """Look at the calls whose turn it is; answers how many. Raises RPCError when Temporal is away."""
        if not self._notifiers:
            return 0
        now = self._clock()
        batch = await self._read(lambda session: hooks.unread_of(session, tuple(self._notifiers), now, BATCH))
        for hook in batch:
            await self._look_at(hook)
        return len(batch)

    async def _look_at(self, hook: Hook) -> None:
        try:
            outcome = await self._came_of(hook)
        except Unreadable as why:
            words = str(why)
            await self._write(lambda session: hooks.unreadable(session, hook, words))
        except NoAnswer as away:
            wait: timedelta = min(FIRST_WAIT * (1 << min(hook.tries, 10)), LONGEST_WAIT)
            told = f"{hook.source} does not answer ({away}): it is asked again."
            await self._write(lambda session: hooks.later(session, hook, told, self._clock() + wait))
        else:
            await self._asking.ask(outcome.requests)
            await self._write(lambda session: self._done(session, hook, outcome))

    def _done(self, session: Session, hook: Hook, outcome: Outcome) -> None:
        if outcome.look is None:
            hooks.done(session, hook, len(outcome.requests), outcome.words)
            return
        hooks.refused(session, hook, outcome.words)
        words = {"en": outcome.words, "zh": outcome.look}
        notify(session, f"payment-call:{hook.id}", "finance", words, self._clock())

    async def _came_of(self, hook: Hook) -> Outcome:
        told: Notice | None = self._notifiers[hook.source].read(hook.body)
        if isinstance(told, RefundNotice):
            return await self._refund(hook, told)
        if isinstance(told, PaymentNotice):
            return await self._payment(hook, told)
        if isinstance(told, DisputeNotice):
            return await self._dispute(hook, told)
        return Outcome("It tells of nothing that is followed here.")

    # ── refunds ─────────────────────────────────────────────────────────────

    async def _refund(self, hook: Hook, told: RefundNotice) -> Outcome:
        row = await self._read(lambda session: self._named(session, hook.source, told.key))
        if row is None:
            return Outcome(f"No payout of ours has the key {told.key[:80]}.")
        if row.gateway == hook.source and row.state in ("sent", "unknown"):
            asked = _request(hook, row.case_no, "ask_payout", {"payout_id": row.id})
            return Outcome(f"{row.case_no}: it asks what became of payout {row.id}.", (asked,))
        if row.gateway != hook.source and row.state != "failed":
            return Outcome(f"{row.case_no}: payout {row.id} is '{row.state}', and not with {hook.source}.")
        if {"done": "refused", "failed": "paid"}.get(row.state) == told.said:
            return await self._contradicts(hook, row, told)
        return self._known(hook, row, told)

    def _named(self, session: Session, source: str, key: str) -> PayoutRow | None:
        """The payout that travels under this key."""
        case_no = case_named(key)
        found = payouts.of_case(session, case_no) if case_no else ()
        travels_as = self._notifiers[source].travels_as
        return next((row for row in found if travels_as(row.id) == key), None)

    def _known(self, hook: Hook, row: PayoutRow, told: RefundNotice) -> Outcome:
        words = f"{row.case_no}: payout {row.id} is known to be '{row.state}'."
        note = (_request(hook, row.case_no, "note", {"note": told.words}),) if told.words else ()
        return Outcome(words, note)

    async def _contradicts(self, hook: Hook, row: PayoutRow, told: RefundNotice) -> Outcome:
        """It says otherwise than our books: the provider is asked before anything is believed."""
        answer = await self._asked(hook.source, row)
        if answer.state in ("unknown", "processing") and not answer.never_arrived:
            raise NoAnswer(answer.code or answer.state)
        if row.state == "done" and answer.state == "refused" and not answer.never_arrived:
            note = answer.words.en if answer.words else "The provider has returned it."
            back = {"payout_id": row.id, "code": answer.failure or "refused", "note": note}
            words = f"{row.case_no}: payout {row.id} came back ({answer.failure})."
            return Outcome(words, (_request(hook, row.case_no, "bounce_refund", back, opens=True),))
        if row.state == "failed" and answer.state == "done":
            paid = {"payout_id": row.id, "reference": answer.reference}
            words = f"{row.case_no}: payout {row.id} was paid after all."
            return Outcome(words, (_request(hook, row.case_no, "record_refund", paid),))
        words = f"{row.case_no}: the call says '{told.said}' of payout {row.id}, {hook.source} itself '{answer.state}'."
        return Outcome(words)

    async def _asked(self, source: str, row: PayoutRow) -> Answer:
        gateway = self._gateways.get(source)
        if gateway is None:
            raise NoAnswer("it is not configured in the worker")
        order = await self._read(lambda session: orders.load(session, row.order_no) if row.order_no else None)
        return await gateway.ask(order_for(row, order))

    # ── payments ────────────────────────────────────────────────────────────

    async def _payment(self, hook: Hook, told: PaymentNotice) -> Outcome:
        """A payment that names a case: for what the customer owes in it (F12, F24, G5, G6)."""
        case_no = case_named(*told.names)
        case = await self._read(lambda session: cases.load(session, case_no)) if case_no else None
        if case is None:
            return Outcome(f"Payment {told.reference} names no case of ours.")
        gateway = self._gateways.get(hook.source)
        if not isinstance(gateway, Remembers):
            raise NoAnswer("it is not configured in the worker")
        took = await gateway.received(told.reference)
        if took is None:
            words = f"{case.case_no}: {hook.source} has no payment {told.reference}."
            return Outcome(words, look=f"{case.case_no}:{hook.source} 查不到付款 {told.reference}。")
        return _recorded(hook, case, told.reference, took)

    # ── disputes ────────────────────────────────────────────────────────────

    async def _dispute(self, hook: Hook, told: DisputeNotice) -> Outcome:
        """As the provider has it now, so that calls out of their order say the same (T21)."""
        gateway = self._gateways.get(hook.source)
        if not isinstance(gateway, KnowsDisputes):
            raise NoAnswer("it is not configured in the worker")
        now = await gateway.disputed(told.reference)
        if now is None:
            return Outcome(f"{hook.source} has no dispute {told.reference}.")
        order_no = await self._read(lambda session: order_payments.order_of(session, now.payments))
        if order_no is None:
            return _of_no_order(hook, now)
        try:
            case_no = await self._read(lambda session: _concerned(session, order_no)) or await self._opened(
                order_no, now
            )
        except NotOpened as why:
            return _to_be_opened(order_no, now, str(why))
        known = await self._read(lambda session: cases.load(session, case_no))
        requests = tuple(_steps(hook, case_no, known, now))
        return Outcome(f"{case_no}: dispute {now.reference} is {now.said}.", requests)

    async def _opened(self, order_no: str, now: DisputeNotice) -> str:
        """A dispute is a way in of its own (section 13): of an order without a case it opens one."""
        return await self._open(
            Asked(
                key=f"dispute {now.reference}",
                kind=DISPUTES_ARE[0],
                subcategory=DISPUTES_ARE[1],
                order_no=order_no,
                description=f"Dispute {now.reference}: {now.reason or '?'}",
                channel="bank",
            )
        )

    async def _read(self, what: Callable[[Session], T]) -> T:
        def read() -> T:
            with reading(self._engine) as session:
                return what(session)

        return await asyncio.to_thread(read)

    async def _write(self, what: Callable[[Session], None]) -> None:
        def write() -> None:
            with writing(self._engine) as session:
                what(session)

        await asyncio.to_thread(write)


def _concerned(session: Session, order_no: str) -> str | None:
    """The case of an order that a dispute is about: the newest that is open, else the newest."""
    known = lists.of_order(session, order_no)
    return max(known, key=lambda one: (State(one.state) not in FINAL, one.case_no)).case_no if known else None


def _to_be_opened(order_no: str, now: DisputeNotice, why: str) -> Outcome:
    return Outcome(
        f"Dispute {now.reference} is about order {order_no}, which has no case. {why} Open one, and record it there.",
        look=f"拒付 {now.reference} 涉及订单 {order_no},该订单没有售后单,请建立售后单并登记拒付。",
    )


def _of_no_order(hook: Hook, now: DisputeNotice) -> Outcome:
    sum_ = f"{to_text(now.amount, now.currency)} {now.currency}"
    named = ", ".join(now.payments)
    return Outcome(
        f"Dispute {now.reference} of {sum_} is about a payment of no order here ({named}).",
        look=f"拒付 {now.reference}({sum_})对应的付款({named})不属于任何订单,请人工核对。",
    )


def _steps(hook: Hook, case_no: str, known: Case | None, now: DisputeNotice) -> Iterator[Request]:
    """What the case has not heard yet: that it was opened, and how it stands."""
    here = next((one for one in known.disputes if one.reference == now.reference), None) if known else None
    if here is None or (here.inquiry and not now.inquiry):
        data = {
            "reference": now.reference,
            "result": "opened",
            "amount": to_text(now.amount, now.currency),
            "inquiry": now.inquiry,
            **({"reason": now.reason} if now.reason else {}),
            **({"respond_by": now.respond_by.isoformat()} if now.respond_by else {}),
        }
        kind = "inquiry" if now.inquiry else "dispute"
        yield Request(case_no, "record_dispute", f"{kind} {now.reference} opened", data, opens=True)
    state = "opened" if here is None else "lost" if here.state == "accepted" else here.state
    if now.said not in (state, "opened"):
        data = {"reference": now.reference, "result": now.said}
        command_id = f"dispute {now.reference} {now.said} {hook.id} {hook.tries}"
        yield Request(case_no, "record_dispute", command_id, data, opens=True)


def _recorded(hook: Hook, case: Case, reference: str, took: Received) -> Outcome:
    """What the provider took is recorded where the case waits for it; else finance hears of it."""
    sum_ = f"{to_text(took.amount, took.currency)} {took.currency}"
    same = took.currency == case.currency
    waits = case.state is State.AWAITING_PAYMENT
    if same and (waits or took.amount <= case.money.owed_to_us):
        data = {"amount": to_text(took.amount, took.currency), "reference": reference}
        beside = {} if waits else {"for": "receivable"}
        request = _request(hook, case.case_no, "record_payment", {**data, **beside})
        return Outcome(f"{case.case_no}: {sum_} came in.", (request,))
    why = "the case has another currency" if not same else "the case does not wait for it"
    return Outcome(
        f"{case.case_no}: {sum_} came in ({reference}), and {why}: record it by hand, or give it back.",
        look=f"{case.case_no}:收到 {sum_}({reference}),售后单并未等待这笔款,请人工登记或退回。",
    )


def _request(hook: Hook, case_no: str, action: str, data: Mapping[str, str | None], opens: bool = False) -> Request:
    """Once for a call; a call that people have read again asks again."""
    command_id = f"{hook.source} {hook.sender_id} {hook.tries}"
    return Request(case_no, action, command_id, dict(data), opens=opens)
