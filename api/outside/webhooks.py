"""Word to other programs: who is told, how it went, and telling again. The worker does the telling."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.database import OnDatabase
from api.documents.webhooks import EndpointAsk, ReplayAsk
from models.errors import Conflict
from models.outside.targets import Allowed, read_target
from models.outside.webhooks import Event, EventType
from store.outside.webhooks import deliveries, endpoints, news
from store.outside.webhooks.deliveries import State
from store.outside.webhooks.endpoints import Endpoint

T = TypeVar("T")


class Webhooks(OnDatabase):
    """The use cases of word to others, on one store."""

    def __init__(self, engine: Engine, allowed: Allowed, clock: Callable[[], datetime]) -> None:
        super().__init__(engine)
        self._allowed, self._clock = allowed, clock

    async def add(self, ask: EndpointAsk, by: str) -> dict[str, Any]:
        """A new endpoint with its secret, shown this once. Raises Invalid for an address that may not be asked."""
        read_target(ask.url, self._allowed)
        now = self._clock()
        endpoint, secret = await self._write(
            lambda session: endpoints.add(session, ask.url, ask.events, ask.note, by, now)
        )
        return {**self._shown(endpoint, 0), "secret": secret}

    async def every(self) -> dict[str, Any]:
        """All endpoints."""
        found, waiting = await self._read(lambda session: (endpoints.every(session), endpoints.waiting(session)))
        return {"items": [self._shown(one, waiting.get(one.id, 0)) for one in found], "next_cursor": None}

    async def show(self, endpoint_id: str) -> dict[str, Any]:
        """One of them. Raises NotFound."""
        return await self._read(lambda session: self._whole(session, endpoint_id))

    async def change(self, endpoint_id: str, ask: EndpointAsk) -> dict[str, Any]:
        """Another address, other events, another note. Raises NotFound, Conflict or Invalid."""
        read_target(ask.url, self._allowed)

        def change(session: Session) -> dict[str, Any]:
            endpoints.change(session, endpoint_id, ask.url, ask.events, ask.note)
            return self._whole(session, endpoint_id)

        return await self._write(change)

    async def enable(self, endpoint_id: str) -> dict[str, Any]:
        """Switch it on again. Raises NotFound."""

        def enable(session: Session) -> dict[str, Any]:
            endpoints.enable(session, endpoint_id, self._clock())
            return self._whole(session, endpoint_id)

        return await self._write(enable)

    async def mark(self, endpoint_id: str) -> str:
        """What tells the endpoint's secret of now from any other. Raises NotFound."""
        return await self._read(lambda session: endpoints.load(session, endpoint_id).mark)

    async def rotate(self, endpoint_id: str, both_for: timedelta) -> dict[str, Any]:
        """A new secret, shown this once; the old one signs besides for a while. Raises NotFound."""

        def rotate(session: Session) -> dict[str, Any]:
            _, secret = endpoints.rotate(session, endpoint_id, self._clock(), both_for)
            return {**self._whole(session, endpoint_id), "secret": secret}

        return await self._write(rotate)

    async def remove(self, endpoint_id: str) -> dict[str, Any]:
        """It is gone with its deliveries. Raises NotFound."""
        await self._write(lambda session: endpoints.remove(session, endpoint_id))
        return {"id": endpoint_id, "removed": True}

    async def ping(self, endpoint_id: str) -> dict[str, Any]:
        """A test for one endpoint; answers its delivery. Raises NotFound, or Conflict when it is switched off."""

        def ping(session: Session) -> dict[str, Any]:
            endpoint, now = endpoints.load(session, endpoint_id), self._clock()
            if endpoint.state == "off":
                raise Conflict(f"It is switched off: {endpoint.why}. Switch it on first.")
            event = Event(key=f"ping:{uuid4().hex}", type=EventType.PING, at=now, data={"endpoint_id": endpoint_id})
            return deliveries.load(session, news.test(session, event, endpoint_id)).model_dump(mode="json")

        return await self._write(ping)

    async def deliveries(self, endpoint_id: str, state: State | None, cursor: str | None, limit: int) -> dict[str, Any]:
        """Deliveries of an endpoint, the newest first. Raises NotFound."""
        rows, following = await self._read(lambda session: deliveries.page(session, endpoint_id, state, cursor, limit))
        return {"items": [row.model_dump(mode="json") for row in rows], "next_cursor": following}

    async def delivery(self, delivery_id: str) -> dict[str, Any]:
        """One delivery with its body. Raises NotFound."""
        found = await self._read(lambda session: deliveries.load(session, delivery_id))
        return found.model_dump(mode="json")

    async def replay(self, delivery_id: str) -> dict[str, Any]:
        """Deliver it again, under the same `webhook-id`. Raises NotFound."""
        now = self._clock()
        found = await self._write(lambda session: deliveries.replay(session, delivery_id, now))
        return found.model_dump(mode="json")

    async def replay_many(self, endpoint_id: str, ask: ReplayAsk) -> dict[str, Any]:
        """Deliver again what was given up, or everything, since an instant. Raises NotFound."""
        now = self._clock()
        count = await self._write(lambda session: deliveries.replay_many(session, endpoint_id, ask.since, ask.all, now))
        return {"replayed": count}

    def _whole(self, session: Session, endpoint_id: str) -> dict[str, Any]:
        waiting = endpoints.waiting(session)
        return self._shown(endpoints.load(session, endpoint_id), waiting.get(endpoint_id, 0))

    def _shown(self, endpoint: Endpoint, waiting: int) -> dict[str, Any]:
        old = endpoint.old_until(self._clock())
        more = {"waiting": waiting, "old_secret_until": old.isoformat() if old else None}
        return {**endpoint.model_dump(mode="json"), **more}
