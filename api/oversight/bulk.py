"""The use cases about many cases at once: begun, looked at, stopped (T12)."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy.orm import Session
from temporalio.service import RPCError, RPCStatusCode

from api.database import OnDatabase
from api.desk import Desk
from api.documents.bulk import BulkAsk
from models.commands import Actor
from models.errors import Forbidden, Invalid, NotFound, Unavailable
from models.lifecycle import may
from models.money import comparable_of
from models.oversight.bulk import ACTIONS, MOST, BulkInput, bulk_workflow_id, check
from store.oversight import bulks, stuck
from store.oversight.bulks import Bulk, Wanted
from workflows.starting import start_bulk

T = TypeVar("T")


def narrowed(
    now: datetime,
    reason: tuple[str, ...] = (),
    at_stake: str | None = None,
    older_than_days: int | None = None,
    **more: Any,
) -> stuck.Narrowed:
    """A filter of the stuck list, as it is asked for over HTTP. Sums are compared in main units."""
    return stuck.Narrowed(
        only=reason,
        at_stake=None if at_stake is None else comparable_of(at_stake),
        opened_before=None if older_than_days is None else now - timedelta(days=older_than_days),
        **more,
    )


class Bulks(OnDatabase):
    """Bulk actions, on a desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.engine)
        self.desk = desk

    async def start(self, ask: BulkAsk, actor: Actor, key: str | None = None) -> dict[str, Any]:
        """Freeze the list, write it, and start the workflow.

        Raises Forbidden for a role that may not do this to any case, DataRefused for data that every case would refuse.
        """
        if not may(actor.role, ACTIONS[ask.action]):
            raise Forbidden(f"'{actor.role}' may not '{ask.action}', in no case.")
        check(ask.action, ask.data, ask.reason, actor)
        asked = sha256(ask.model_dump_json().encode()).hexdigest()
        bulk = await self._write(lambda session: self._begun(session, ask, actor, key, asked))
        if bulk.ended_at is None:
            await self._started(bulk)
        return document(bulk)

    def _begun(self, session: Session, ask: BulkAsk, actor: Actor, key: str | None, asked: str) -> Bulk:
        known = bulks.earlier(session, key, asked)
        if known is not None:
            return known
        now = self.desk.clock()
        return bulks.create(
            session,
            Wanted(
                id=f"B-{uuid4().hex[:12]}",
                action=ask.action,
                data=ask.data,
                reason=ask.reason,
                filter=ask.filter.model_dump(mode="json", exclude_none=True) if ask.filter else None,
                actor=actor,
                case_nos=self._frozen(session, ask, now),
                now=now,
                idempotency_key=key,
                request_hash=asked,
            ),
        )

    def _frozen(self, session: Session, ask: BulkAsk, now: datetime) -> tuple[str, ...]:
        """The numbers that were named, each once, or those that the filter finds now. Raises Invalid for too many."""
        if ask.case_nos is not None:
            return tuple(dict.fromkeys(ask.case_nos))
        wanted = narrowed(now, **dict(ask.filter or ()))
        found = stuck.wanted_nos(session, now, wanted, MOST)
        if len(found) > MOST:
            raise Invalid(f"The filter finds more than {MOST} cases: narrow it.")
        return tuple(found)

    async def _started(self, bulk: Bulk) -> None:
        """Start the workflow of a bulk. One that cannot be started is taken back, so that a repeat begins anew.

        Where only the answer of the start was lost, and cases have answered meanwhile, it goes on and is shown.
        """
        try:
            await start_bulk(self.desk.client, BulkInput(bulk_id=bulk.id, total=bulk.total))
        except RPCError:
            if await self._write(lambda session: bulks.remove(session, bulk.id)):
                raise Unavailable("Temporal is away for the moment: nothing was begun; repeat the call.") from None

    async def listed(self, cursor: str | None, limit: int) -> dict[str, Any]:
        """A page of bulks, the newest first."""
        page, following = await self._read(lambda session: bulks.listed(session, cursor, limit))
        return {"items": [document(bulk) for bulk in page], "next_cursor": following}

    async def shown(self, bulk_id: str, states: tuple[str, ...], cursor: str | None, limit: int) -> dict[str, Any]:
        """A bulk with a page of its cases."""

        def read(session: Session) -> dict[str, Any]:
            bulk = _known(session, bulk_id)
            page, following = bulks.items(session, bulk_id, states, cursor, limit)
            items = [item.model_dump(mode="json") for item in page]
            return {**document(bulk), "items": items, "next_cursor": following}

        return await self._read(read)

    async def stop(self, bulk_id: str, by: str) -> dict[str, Any]:
        """Ask nobody else. What runs stops at its next case; what does not run is over at once."""

        def write(session: Session) -> Bulk:
            bulks.stop(session, bulk_id, by)
            return _known(session, bulk_id)

        bulk = await self._write(write)
        if bulk.ended_at is None and not await self._told(bulk_id):
            now = self.desk.clock()
            await self._write(lambda session: bulks.ended(session, bulk_id, True, now))
        return document(await self._read(lambda session: _known(session, bulk_id)))

    async def _told(self, bulk_id: str) -> bool:
        """Tell the workflow, which would see it by itself at its next batch; whether there is one that runs."""
        try:
            await self.desk.client.get_workflow_handle(bulk_workflow_id(bulk_id)).signal("stop")
        except RPCError as refused:
            return refused.status is not RPCStatusCode.NOT_FOUND
        return True


def _known(session: Session, bulk_id: str) -> Bulk:
    bulk = bulks.get(session, bulk_id)
    if bulk is None:
        raise NotFound(f"There is no bulk action '{bulk_id}': check the id.")
    return bulk


def document(bulk: Bulk) -> dict[str, Any]:
    """A bulk as the API shows it."""
    return bulk.model_dump(mode="json")
