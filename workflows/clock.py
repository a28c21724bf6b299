"""One durable timer for all the deadlines of a case, re-armed only when a deadline gets earlier.

A deadline that moves later, or pauses, leaves the timer alone: it rings early once, the case looks, and arms it for
what is left. That is cheaper in events and actions than a new timer for every change.
"""

import asyncio
from datetime import datetime

from temporalio import workflow


class DurableTimer:
    """Rings at the instant it is armed for, in workflow time."""

    def __init__(self) -> None:
        self.armed_for: datetime | None = None
        self.rang = False
        self._sleep: asyncio.Task[None] | None = None

    def arm(self, at: datetime | None) -> None:
        """Make sure that it rings at `at` or earlier; None = nothing is left to time."""
        if at is None:
            self.cancel()
        elif self.armed_for is None or at < self.armed_for:
            self.cancel()
            self.armed_for = at
            self._sleep = asyncio.create_task(self._sleep_until(at))

    def cancel(self) -> None:
        """Stop timing."""
        if self._sleep is not None:
            self._sleep.cancel()
        self._sleep = self.armed_for = None

    def heard(self) -> None:
        """The ringing was answered."""
        self.rang = False

    async def _sleep_until(self, at: datetime) -> None:
        left = (at - workflow.now()).total_seconds()
        await workflow.sleep(max(0.0, left), summary="next deadline")
        self._sleep = self.armed_for = None
        self.rang = True
