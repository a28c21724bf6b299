"""What comes of word from outside: a loop of the worker that reads calls as they were kept and tells cases (L16, G14).

Each round has two steps, and each can die anywhere. To read is one transaction: what a call says, where its parcels
stand by it, and that it was read. To tell is a Signal under an id made of the waybill and its standing, so that telling
again does nothing; a parcel counts as told only afterwards. Calls of payment providers go a way of their own, because
the provider is asked before anybody is told (`activities/notices/telling.py`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from temporalio.client import Client

from activities.asking import Asking, Request
from activities.carriers.carrier import Carrier, Unreadable
from activities.gateways.gateway import Gateway
from activities.notices.notice import Notifier
from activities.notices.telling import Telling
from activities.opening import Opener, nobody
from activities.rounds import rounds
from activities.storefronts.storefront import Storefront
from activities.storefronts.taking import take
from models.case import Case
from models.goods.tracking import TrackingEvent, news, outcome_for
from store.engine import reading, writing
from store.goods import tracking
from store.goods.tracking import Untold
from store.outside import hooks
from store.outside.hooks import Hook

logger = logging.getLogger("aftercare.hooks")

#: How often it looks, and how long it rests when a part is away, in seconds.
ROUND = 0.5
REST = 5.0
#: Calls read in one transaction, and parcels told of in one go.
BATCH = 50


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Providers:
    """Payment providers: who calls us, and who is asked whether it is true."""

    notifiers: Mapping[str, Notifier] = field(default_factory=dict)
    gateways: Mapping[str, Gateway] = field(default_factory=dict)
    opener: Opener = nobody  # of cases for disputes about orders that have none


class HookReader:
    """Reads what was kept and tells cases, on one store and one Temporal."""

    def __init__(
        self,
        client: Client,
        engine: Engine,
        carriers: Mapping[str, Carrier],
        clock: Callable[[], datetime] = utc_now,
        storefronts: Mapping[str, Storefront] = MappingProxyType({}),
        providers: Providers | None = None,
    ) -> None:
        self._engine, self._carriers, self._clock = engine, carriers, clock
        self._storefronts = storefronts
        self._asking = Asking(client, engine)
        heard = providers or Providers()
        self._of_payments = tuple(heard.notifiers)
        self._payments = Telling(engine, self._asking, heard.notifiers, heard.gateways, clock, heard.opener)

    def read(self) -> int:
        """Read a batch of calls; answers how many."""
        with reading(self._engine) as session:
            if not hooks.unread(session, 1, self._of_payments):
                return 0
        with writing(self._engine) as session:
            tracking.one_reader_at_a_time(session)
            batch = hooks.unread(session, BATCH, self._of_payments)
            for hook in batch:
                self._read_one(session, hook)
        return len(batch)

    def _read_one(self, session: Session, hook: Hook) -> None:
        try:
            if hook.source in self._storefronts:
                self._take_order(session, hook)
            else:
                self._take_events(session, hook)
        except Unreadable as why:
            logger.warning("call %s of %s is not understood: %s", hook.id, hook.source, why)
            hooks.unreadable(session, hook, str(why))

    def _take_order(self, session: Session, hook: Hook) -> None:
        try:
            take(session, self._storefronts[hook.source], hook, self._clock())
        except (Unreadable, SQLAlchemyError):
            raise
        except Exception as fault:  # one order that a reader stumbles over must not hold up all others
            raise Unreadable(f"The reader failed ({type(fault).__name__}).") from None

    def _take_events(self, session: Session, hook: Hook) -> None:
        events = self._events(hook)
        believed = [event for event in events if event.believable(hook.received_at)]
        tracking.take(session, believed, hook.source, self._clock())
        ahead = len(events) - len(believed)
        words = f"{ahead} events are dated more than a day ahead and were left out." if ahead else None
        hooks.done(session, hook, len(believed), words)

    def _events(self, hook: Hook) -> tuple[TrackingEvent, ...]:
        carrier = self._carriers.get(hook.source)
        if carrier is None:
            raise Unreadable("The worker has no such source: set it up there too, and have this call read again.")
        try:
            return carrier.read(hook.body)
        except (Unreadable, SQLAlchemyError):
            raise
        except Exception as fault:  # one call that an adapter stumbles over must not hold up all others
            raise Unreadable(f"The adapter failed ({type(fault).__name__}).") from None

    async def tell(self) -> int:
        """Tell the cases of a batch of parcels; answers how many parcels. Raises RPCError when Temporal is away."""
        parcels, requests = await asyncio.to_thread(self._to_tell)
        await self._asking.ask(requests)
        if parcels:
            await asyncio.to_thread(self._told, parcels)
        return len(parcels)

    def _to_tell(self) -> tuple[tuple[Untold, ...], list[Request]]:
        with reading(self._engine) as session:
            parcels = tracking.untold(session, BATCH)
            return parcels, [request for parcel in parcels for request in _requests(session, parcel)]

    def _told(self, parcels: tuple[Untold, ...]) -> None:
        with writing(self._engine) as session:
            tracking.told(session, parcels)

    async def round(self) -> None:
        """Read and tell until nothing is left."""
        while await asyncio.to_thread(self.read) or await self.tell() or await self._payments.round():
            pass


def _requests(session: Session, parcel: Untold) -> list[Request]:
    outcome, told = parcel.standing.outcome, news(parcel.standing)
    if outcome:
        waiting = tracking.waiting_for(session, parcel.waybill)
        means = [(case, outcome_for(case, parcel.standing) or outcome) for case in waiting]
        delivered = [_request(case, parcel, "record_delivery", {"outcome": meant}) for case, meant in means]
        # A locker is no hand: the case says so beside what follows from it (L16).
        found = [_note(case, parcel, told) for case in waiting] if told else []
        return [*found, *delivered]
    if told:
        named = {case.case_no: case for case in tracking.cases_of(session, parcel.waybill)}
        waiting = tracking.waiting_for(session, parcel.waybill)
        concerned = named if parcel.standing.signed_early else {case.case_no: case for case in waiting}
        return [_note(case, parcel, told) for case in concerned.values()]
    return []


def _request(case: Case, parcel: Untold, action: str, data: dict[str, str]) -> Request:
    return Request(case.case_no, action, f"track {parcel.waybill} {parcel.standing.key}", data)


def _note(case: Case, parcel: Untold, told: str) -> Request:
    command_id = f"track note {parcel.waybill} {parcel.standing.key}"
    return Request(case.case_no, "note", command_id, {"note": f"{parcel.waybill}: {told}"})


@asynccontextmanager
async def hook_reader(
    client: Client,
    engine: Engine,
    carriers: Mapping[str, Carrier],
    storefronts: Mapping[str, Storefront],
    providers: Providers | None = None,
) -> AsyncIterator[HookReader]:
    """Read and tell in the background until the block ends; what is left then is done at the next start."""
    reader = HookReader(client, engine, carriers, storefronts=storefronts, providers=providers)
    async with rounds("word from outside", reader.round, ROUND, REST):
        yield reader
