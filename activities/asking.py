"""Asking cases for something, as the program itself: a Signal under an id, so that a repeat does nothing."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from models.effects import workflow_id
from models.events import SYSTEM
from store import cases
from store.engine import reading
from workflows.starting import start_case

#: Signals under way at once; more only queue up in the server.
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Request:
    """What a case is asked for. `command_id` makes a second asking harmless."""

    case_no: str
    action: str
    command_id: str
    data: dict[str, Any] = field(default_factory=dict)
    opens: bool = False  # also a case that is over: it opens it again

    @property
    def envelope(self) -> dict[str, Any]:
        """The command as it travels."""
        actor = SYSTEM.model_dump(mode="json")
        return {"action": self.action, "actor": actor, "command_id": self.command_id, "data": self.data}


class Asking:
    """Sends commands to cases and waits for none of them: what a case refuses is kept in its own timeline."""

    def __init__(self, client: Client, engine: Engine) -> None:
        self._client = client
        self._engine = engine

    async def ask(self, requests: Iterable[Request]) -> int:
        """Ask every case; answers how many were asked. One that is over by now is left alone.

        Raises RPCError when Temporal is away: whoever asked tries the same again.
        """
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(request: Request) -> bool:
            async with gate:
                return await self._sent(request)

        return sum(await asyncio.gather(*(one(request) for request in requests)))

    async def _sent(self, request: Request) -> bool:
        try:
            await self._signal(request)
        except RPCError as refused:
            if refused.status is not RPCStatusCode.NOT_FOUND:
                raise
            return await self._started(request)
        return True

    async def _signal(self, request: Request) -> None:
        await self._client.get_workflow_handle(workflow_id(request.case_no)).signal("command", request.envelope)

    async def _started(self, request: Request) -> bool:
        """A case that SQL knows as open and that does not run is started again, and then asked."""
        opening = await asyncio.to_thread(self._to_start, request)
        if opening is None:
            return False
        # In one step: a case that is over would end again before a signal of its own could reach it.
        await start_case(self._client, opening, request.envelope)
        return True

    def _to_start(self, request: Request) -> Any:
        with reading(self._engine) as session:
            case = cases.load(session, request.case_no)
            gone = case is None or (case.is_final and not request.opens)
            return None if case is None or gone else cases.to_start(session, case)
