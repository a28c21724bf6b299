"""A house for every gateway: what the contract suite needs to try it – the other side, orders, and its books."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any, Protocol, TypeVar

from pydantic import SecretStr

from activities.gateways import GATEWAYS, Room
from activities.gateways.gateway import Gateway, GivenBack, PayoutOrder
from activities.gateways.register import Queued
from activities.gateways.store_credit import Credit, Credited
from models.accounting.payments import Answer
from settings import Settings
from tests.activities.gateways.alipay_wire import AlipayDialect
from tests.activities.gateways.ledger import Decision, Ledger, Taken
from tests.activities.gateways.provider import QUICK, Fault, Provider, serving
from tests.activities.gateways.stripe_wire import StripeDialect
from tests.activities.gateways.wechatpay_wire import WechatPayDialect
from tests.activities.gateways.wire import (
    ALIPAY_APP,
    APIV3_KEY,
    MCHID,
    PROVIDER,
    PUBLIC_KEY_ID,
    SERIAL,
    SHOP,
    STRIPE_KEY,
    Dialect,
)

T = TypeVar("T")

_numbers = count(1)
#: Of a provider on this machine; long enough for a machine that is busy with other tests.
PATIENCE = 10.0


class House(Protocol):
    """A gateway and all that is behind it."""

    gateway: Gateway

    def order(self, amount: int = 12_900, currency: str = "CNY", paid: int | None = None) -> PayoutOrder: ...
    def tell(self, send: Fault = Fault.NONE, ask: Fault = Fault.NONE) -> None: ...
    def decide(self, decision: Decision) -> None: ...
    def settle(self, well: bool = True) -> None: ...
    def land(self) -> None: ...
    def forget(self) -> None: ...
    def paid(self, order: PayoutOrder) -> list[int]: ...
    def sent(self) -> int: ...


def an_order(amount: int, currency: str, paid: int | None = None, method: str = "alipay") -> PayoutOrder:
    number = next(_numbers)
    payment = GivenBack(f"P-{number}", method, paid or amount * 3, f"pi_T{number:010}")
    return PayoutOrder(
        key=f"AC-26-{number:06}:refund:1",
        amount=amount,
        currency=currency,
        order_no=f"KETTLE-{number}",
        reason=f"refund AC-26-{number:06}",
        payment=payment,
        customer="c-88",
    )


# ── providers behind HTTP ─────────────────────────────────────────────────────────────────────────


class ProviderHouse:
    """An adapter and the contract server that speaks its provider's language."""

    def __init__(self, name: str, provider: Provider, settings: Mapping[str, Any]) -> None:
        self.provider = provider
        self.ledger = provider.dialect.ledger
        self.settings = settings
        self.name = name
        self.gateway = self.with_patience(PATIENCE)

    def with_patience(self, seconds: float) -> Gateway:
        """Another adapter to the same provider, which waits so long for an answer."""
        made = GATEWAYS[self.name].make(Room(Settings(**self.settings, payout_timeout=seconds), lambda key: None))
        assert made is not None
        return made

    def order(self, amount: int = 12_900, currency: str = "CNY", paid: int | None = None) -> PayoutOrder:
        order = an_order(amount, currency, paid, self.name)
        assert order.payment is not None
        payment = order.payment
        self.ledger.took(Taken(str(payment.reference), payment.payment_no, payment.amount, currency))
        return order

    def tell(self, send: Fault = Fault.NONE, ask: Fault = Fault.NONE) -> None:
        self.provider.tell(send, ask)

    def decide(self, decision: Decision) -> None:
        self.ledger.decision = decision

    def settle(self, well: bool = True) -> None:
        self.ledger.settle(well)

    def land(self) -> None:
        self.provider.land()

    def forget(self) -> None:
        """A day passes: idempotency keys are forgotten, and nothing stays on the road for so long."""
        self.provider.late.clear()
        self.provider.dialect.forget()

    def paid(self, order: PayoutOrder) -> list[int]:
        assert order.payment is not None
        return [refund.amount for refund in self.ledger.paid if refund.payment.reference == order.payment.reference]

    def sent(self) -> int:
        return sum(kind == "send" for kind, _ in self.provider.log)


@contextmanager
def _house(name: str, speak: Callable[[Ledger], Dialect], settings: Mapping[str, Any]) -> Iterator[House]:
    with serving(speak(Ledger())) as provider:
        yield ProviderHouse(name, provider, {**settings, f"{name}_url": f"{provider.url}{_PATHS.get(name, '')}"})


_PATHS = {"alipay": "/gateway.do"}


def stripe_house() -> AbstractContextManager[House]:
    return _house("stripe", StripeDialect, {"stripe_key": SecretStr(STRIPE_KEY)})


def alipay_house() -> AbstractContextManager[House]:
    settings = {
        "alipay_app_id": ALIPAY_APP,
        "alipay_private_key": SecretStr(SHOP.private_pem),
        "alipay_public_key": PROVIDER.public_pem,
    }
    return _house("alipay", AlipayDialect, settings)


def wechatpay_house() -> AbstractContextManager[House]:
    settings = {
        "wechatpay_mchid": MCHID,
        "wechatpay_appid": "wx8888888888888888",
        "wechatpay_serial_no": SERIAL,
        "wechatpay_private_key": SecretStr(SHOP.private_pem),
        "wechatpay_apiv3_key": SecretStr(APIV3_KEY),
        "wechatpay_public_key": PROVIDER.public_pem,
        "wechatpay_public_key_id": PUBLIC_KEY_ID,
    }
    return _house("wechatpay", WechatPayDialect, settings)


# ── our own books ─────────────────────────────────────────────────────────────────────────────────


class Away(Exception):
    """The database is away."""


class OwnHouse:
    """What the two gateways without a network share: a book that can be away before and after it is written."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._late: list[Callable[[], object]] = []
        self._sent = 0
        self._paid: dict[str, list[int]] = {}

    def tell(self, send: Fault = Fault.NONE, ask: Fault = Fault.NONE) -> None:
        self._faults = {"send": send, "ask": ask}

    def land(self) -> None:
        late, self._late = self._late[::-1], []
        for work in late:
            work()

    def forget(self) -> None:
        """Our own books forget nothing."""

    def paid(self, order: PayoutOrder) -> list[int]:
        return self._paid.get(order.key, [])

    def sent(self) -> int:
        return self._sent

    def _through(self, kind: str, work: Callable[[], T]) -> T:
        self._sent += kind == "send"
        fault = self._faults.pop(kind, Fault.NONE)
        if fault is Fault.LATE:
            self._late.append(work)
        if fault in (Fault.LATE, Fault.LOST_BEFORE):
            raise Away
        answer = work()
        if fault is Fault.LOST_AFTER:
            raise Away
        return work() if fault is Fault.TWICE else answer


class RegisterHouse(OwnHouse):
    """Finance's queue, and the clerk who works it off once a `settle`."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: dict[str, Queued] = {}
        self.orders: dict[str, PayoutOrder] = {}
        self.decision = Decision.PAY
        made = GATEWAYS["register"].make(Room(Settings(), self._look))
        assert made is not None
        self.gateway = made

    def tell(self, send: Fault = Fault.NONE, ask: Fault = Fault.NONE) -> None:
        """Both only look into the queue: nothing is ever sent."""
        super().tell(ask=ask if send is Fault.NONE else send)

    def _look(self, key: str) -> Queued | None:
        return self._through("ask", lambda: self.queue.get(key))

    def order(self, amount: int = 12_900, currency: str = "CNY", paid: int | None = None) -> PayoutOrder:
        order = an_order(amount, currency, paid)
        self.orders[order.key] = order
        self.queue[order.key] = Queued("approved")  # written by the commit that approved it
        return order

    def decide(self, decision: Decision) -> None:
        self.decision = decision

    def settle(self, well: bool = True) -> None:
        failures = {Decision.ACCOUNT_CLOSED: "account_closed", Decision.BALANCE_SHORT: "balance_short"}
        failure = failures.get(self.decision) or (None if well else "account_closed")
        self.decision = Decision.PAY
        for key, queued in self.queue.items():
            if queued.state == "approved" and failure:
                self.queue[key] = Queued("failed", failure=failure)
            elif queued.state == "approved":
                self._paid.setdefault(key, []).append(self.orders[key].amount)
                self.queue[key] = Queued("done", f"BANK-{key}")


class StoreCreditHouse(OwnHouse):
    """The balance register, in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.book: dict[str, Credited] = {}
        made = GATEWAYS["store_credit"].make(Room(Settings(), lambda key: None, self))
        assert made is not None
        self.gateway = made

    def credit(self, credit: Credit) -> Credited:
        return self._through("send", lambda: self._written(credit))

    def _written(self, credit: Credit) -> Credited:
        if credit.key not in self.book:
            self.book[credit.key] = Credited(f"BAL-{len(self.book) + 1}", credit.amount, credit.currency)
            self._paid.setdefault(credit.key, []).append(credit.amount)
        return self.book[credit.key]

    def credited(self, key: str) -> Credited | None:
        return self._through("ask", lambda: self.book.get(key))

    def order(self, amount: int = 12_900, currency: str = "CNY", paid: int | None = None) -> PayoutOrder:
        return an_order(amount, currency, paid)

    def decide(self, decision: Decision) -> None:
        assert decision is Decision.PAY

    def settle(self, well: bool = True) -> None:
        """A balance is credited at once."""


@contextmanager
def _own(house: Callable[[], House]) -> Iterator[House]:
    yield house()


Houses = Callable[[str], House]

HOUSES: Mapping[str, Callable[[], AbstractContextManager[House]]] = {
    "register": lambda: _own(RegisterHouse),
    "store_credit": lambda: _own(StoreCreditHouse),
    "stripe": stripe_house,
    "alipay": alipay_house,
    "wechatpay": wechatpay_house,
}

_OWN_FAULTS = (Fault.NONE, Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.LATE, Fault.TWICE)

#: What can go wrong with the requests of each. Stripe signs no answers, and our own books are near.
FAULTS: Mapping[str, tuple[Fault, ...]] = {
    "register": (Fault.NONE, Fault.LOST_BEFORE),
    "store_credit": _OWN_FAULTS,
    "stripe": tuple(fault for fault in QUICK if fault is not Fault.BAD_SIGNATURE),
    "alipay": QUICK,
    "wechatpay": QUICK,
}

#: What the other side can decide. A credit in our own book is never refused.
DECISIONS: Mapping[str, tuple[Decision, ...]] = {
    "register": tuple(Decision),
    "store_credit": (Decision.PAY,),
    "stripe": tuple(Decision),
    "alipay": tuple(Decision),
    "wechatpay": tuple(Decision),
}


async def known(house: House, order: PayoutOrder) -> Answer:
    """What a careful caller does until it knows: ask, and send again only what never arrived."""
    for _ in range(10):
        answer = await house.gateway.ask(order)
        if answer.never_arrived:
            answer = await house.gateway.pay(order)
        if answer.known:
            return answer
        house.settle()
    raise AssertionError(f"not known after ten rounds: {answer}")
