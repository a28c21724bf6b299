"""The gateway that is always there: finance's queue. People pay, and record the reference they paid under."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from activities.gateways.gateway import PayoutOrder, done, processing, refused, unknown
from models.accounting.payments import NO_SUCH_PAYOUT, Answer
from models.accounting.refusals import Meaning


@dataclass(frozen=True, slots=True)
class Queued:
    """How far finance is with a payout."""

    state: str
    reference: str | None = None
    failure: str | None = None


#: The entry of finance's queue under a key, or None.
Queue = Callable[[str], Queued | None]


class Register:
    """Sends nothing: the commit that approved a payout has written it into the queue, and there it waits for finance.

    `POST /payouts/{id}/paid` and `…/failed` say what came of it.
    """

    name = "register"

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    async def pay(self, order: PayoutOrder) -> Answer:
        """It waits for finance, unless finance is done with it."""
        return await self._look(order.key)

    async def ask(self, order: PayoutOrder) -> Answer:
        """How far finance is."""
        return await self._look(order.key)

    async def _look(self, key: str) -> Answer:
        try:
            queued = await asyncio.to_thread(self._queue, key)
        except Exception as away:
            return unknown("no_answer", type(away).__name__)
        return refused(NO_SUCH_PAYOUT) if queued is None else told(queued)


def told(queued: Queued) -> Answer:
    """What a payout's row says of it: paid, refused, or still to be paid."""
    if queued.state == "done":
        return done(queued.reference or "paid")
    if queued.state == "cancelled":
        return refused("cancelled")
    if queued.state == "failed":
        code = queued.failure or "failed"
        return refused(code, codes={code: _meaning(code)})
    return processing()


def _meaning(code: str) -> Meaning:
    """Codes that begin with `account` ask the customer for another account, whoever gave them."""
    if code.startswith("account"):
        return Meaning(
            "account",
            f"款项未能付出：收款账户有问题（{code}），请让客户提供其他账户。",
            f"It could not be paid: something is wrong with the account ({code}); ask the customer for another.",
        )
    return Meaning("other", f"款项未能付出（{code}）。", f"It could not be paid ({code}).")
