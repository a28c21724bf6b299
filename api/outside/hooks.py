"""Word from outside: taken in, looked at, read again; and what couriers say of a waybill (L16, G14).

A call is kept as it came before it is answered, and read by the worker afterwards. What it says is never decided here.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol, TypeVar, runtime_checkable

from sqlalchemy import Engine

from api.database import OnDatabase
from api.documents.hooks import EventsAsk
from models.errors import NotFound
from store.goods import tracking
from store.outside import hooks
from store.outside.hooks import Hook, HookRow

T = TypeVar("T")
#: Headers that help to understand a call later. Signatures are none of them.
KEPT_HEADERS = (
    *("content-type", "user-agent", "webhook-id", "webhook-timestamp"),
    *("x-shopify-topic", "x-shopify-webhook-id", "x-shopify-triggered-at", "x-shopify-shop-domain"),
    *("x-wc-webhook-topic", "x-wc-webhook-delivery-id", "x-wc-webhook-source"),
)
#: Who typed it in, not who sent it.
MANUAL = "manual"


class Source(Protocol):
    """Whoever may call, as far as taking a call in needs it."""

    @property
    def answer(self) -> Mapping[str, Any]:
        """What the sender wants to read in our answer besides."""
        ...

    def check(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
        """The sender's id of a genuine call; None for a greeting, which is only answered. Raises Forged, Malformed."""
        ...


class Reply(Protocol):
    """An answer in a sender's own manner."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def media_type(self) -> str | None: ...


@runtime_checkable
class Particular(Protocol):
    """A source that takes one answer only for "received"; None where ours does."""

    @property
    def reply(self) -> Reply | None: ...


class Hooks(OnDatabase):
    """The use cases of word from outside, on one store."""

    def __init__(self, engine: Engine, sources: Mapping[str, Source], clock: Callable[[], datetime]) -> None:
        super().__init__(engine)
        self._sources, self._clock = sources, clock

    def known(self, source: str) -> Source:
        """Raises NotFound for a source that is not set up."""
        found = None if source == MANUAL else self._sources.get(source)
        if found is None:
            raise NotFound("No such source is set up here, so nothing was read. The other calls take the same news.")
        return found

    def reply_of(self, source: str) -> Reply | None:
        """What the source has to be answered instead of our own document."""
        sender = self.known(source)
        return sender.reply if isinstance(sender, Particular) else None

    async def receive(self, source: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Keep a genuine call, once. Raises NotFound, Forged or Malformed."""
        sender, now = self.known(source), self._clock()
        sender_id = sender.check(headers, body, now)
        if sender_id is None:
            return {"id": None, "repeated": False, **sender.answer}
        kept = {name: headers[name][:500] for name in KEPT_HEADERS if name in headers}
        hook_id, repeated = await self._write(
            lambda session: hooks.receive(session, source, sender_id, kept, body, now)
        )
        return {"id": hook_id, "repeated": repeated, **sender.answer}

    async def type_in(self, waybill: str, ask: EventsAsk, by: str) -> dict[str, Any]:
        """What somebody read on a courier's page; the same again is the same."""
        events = [{"waybill": waybill, **event.model_dump(mode="json", exclude_none=True)} for event in ask.events]
        body = json.dumps({"type": "tracking", "by": by, "data": {"events": events}}, ensure_ascii=False).encode()
        sender_id, now = sha256(body).hexdigest(), self._clock()
        hook_id, repeated = await self._write(lambda session: hooks.receive(session, MANUAL, sender_id, {}, body, now))
        return {"id": hook_id, "repeated": repeated}

    async def page(self, source: str | None, state: str | None, cursor: str | None, limit: int) -> dict[str, Any]:
        """Calls from outside, the newest first."""
        rows, following = await self._read(lambda session: hooks.page(session, source, state, cursor, limit))
        return {"items": [_listed(row) for row in rows], "next_cursor": following}

    async def show(self, hook_id: str) -> dict[str, Any]:
        """One call with its body. Raises NotFound."""
        return _whole(await self._read(lambda session: hooks.load(session, hook_id)))

    async def replay(self, hook_id: str) -> dict[str, Any]:
        """Have one read again. Raises NotFound."""
        return _whole(await self._write(lambda session: hooks.replay(session, hook_id)))

    async def waybill(self, waybill: str) -> dict[str, Any]:
        """Where a parcel stands, by all that was said. Raises NotFound."""
        found = await self._read(lambda session: tracking.document_of(session, waybill))
        if found is None:
            raise NotFound(f"Nobody has said anything of the waybill {waybill}.")
        return found


def _listed(row: HookRow) -> dict[str, Any]:
    return row.model_dump(mode="json", exclude={"body"})


def _whole(hook: Hook) -> dict[str, Any]:
    return {**_listed(hook), "body": hook.body.decode("utf-8", "replace")}
