"""What the adapters of payment providers share: blocking calls with a time-out, and when an answer is believed."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from activities.gateways.gateway import NoAnswer, PayoutOrder, Received, refused, unknown
from models.accounting.payments import NO_SUCH_PAYOUT, Answer

logger = logging.getLogger("aftercare.payouts")
T = TypeVar("T")

#: Calls under way at once. Their own threads: one that hangs must not take the threads of the database.
_THREADS = ThreadPoolExecutor(max_workers=16, thread_name_prefix="gateway")
#: The SDKs' own time-outs count to the connection and from byte to byte; the whole answer has this many of them.
_WHOLE = 2


class Remote(ABC):
    """A provider behind a blocking SDK, which signs what it sends and verifies what it gets.

    An adapter says how it sends and how it looks; both may raise, and answer `refused` only where the provider
    speaks about this very payout. Trouble with keys, quotas or the network says nothing about it and is `unknown`.
    """

    name: str

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout

    async def pay(self, order: PayoutOrder) -> Answer:
        """Send the order. A refusal is believed only when asking does not tell otherwise.

        The request before this one may have paid although its answer was lost; the provider then refuses this one
        because nothing is left, and whoever believed it would pay a second time by another way.
        """
        wrong = self._not_payable(order)
        if wrong is not None:
            return refused(wrong)
        answer = await self._call(self._send, order)
        if answer.state != "refused":
            return answer
        looked = await self.ask(order)
        return answer if looked.state == "refused" else looked

    async def ask(self, order: PayoutOrder) -> Answer:
        """What the provider knows of the order's key; what cannot be paid was never sent."""
        if self._not_payable(order) is not None:
            return refused(NO_SUCH_PAYOUT)
        return await self._call(self._look, order)

    async def received(self, reference: str) -> Received | None:
        """What the provider took under its own reference; None when it has taken nothing. Raises NoAnswer."""
        return await self._looked_up(lambda: self._received(reference), reference)

    async def _looked_up(self, step: Callable[[], T], about: str) -> T:
        running = asyncio.get_running_loop().run_in_executor(_THREADS, step)
        try:
            return await asyncio.wait_for(running, self.timeout * _WHOLE)
        except Exception as lost:
            logger.warning("%s: %s answered nothing that can be used (%s)", about, self.name, type(lost).__name__)
            raise NoAnswer(type(lost).__name__) from None

    async def _call(self, step: Callable[[PayoutOrder], Answer], order: PayoutOrder) -> Answer:
        running = asyncio.get_running_loop().run_in_executor(_THREADS, step, order)
        try:
            return await asyncio.wait_for(running, self.timeout * _WHOLE)
        except Exception as lost:
            # Texts of such errors carry addresses with everything that was signed; their kind says enough.
            code = self._trouble(lost)
            logger.warning("%s: %s answered nothing that can be used (%s)", order.key, self.name, type(lost).__name__)
            return unknown(code, type(lost).__name__)

    def _trouble(self, lost: Exception) -> str:
        """The code for what kept the answer from us."""
        unreadable = isinstance(lost, ValueError | KeyError | TypeError | AttributeError)
        return "unreadable" if unreadable else "no_answer"

    @abstractmethod
    def _not_payable(self, order: PayoutOrder) -> str | None:
        """The code for why this way cannot pay the order at all, or None."""

    @abstractmethod
    def _send(self, order: PayoutOrder) -> Answer:
        """Have the provider pay."""

    @abstractmethod
    def _received(self, reference: str) -> Received | None:
        """Look up a payment; whatever is raised is no answer."""

    @abstractmethod
    def _look(self, order: PayoutOrder) -> Answer:
        """Look up the order's key."""
