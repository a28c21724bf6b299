"""The lookout: a loop of the worker that looks after parcels on their way, so that nobody has to wait for a customer's
"where is it" (L1, L2).

A parcel that somebody named is told to whoever can be asked about its courier, who calls us from then on. When nothing
was heard for longer than is usual on its lane, it is asked about first; only when that brings no news is it silent, and
the team is told, once for each silence: in the cases that wait for it, or as a proposal to open one.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio.client import Client

from activities.asking import Asking, Request
from activities.rounds import rounds
from activities.trackers.tracker import NotAllowed, NotTold, Parcel, Tracker, UnknownParcel
from models.goods.couriers import Courier, CourierRules, Silence, silent_at
from models.goods.tracking import Standing, TrackingEvent
from store.engine import reading, writing
from store.goods import tracking, watch
from store.goods.watch import Watched
from store.people.letters import notice

logger = logging.getLogger("aftercare.lookout")

#: How often it looks, and how long it rests when a part is away, in seconds.
ROUND = 2.0
REST = 10.0
#: Parcels taken at once, and looked at side by side: whoever is asked counts calls by the second.
BATCH = 20
AT_ONCE = 4
#: A silent parcel is asked about again so often; one that nobody answers about sooner, with longer and longer waits.
AGAIN = timedelta(days=1)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(hours=6)
#: A parcel of which nothing was ever heard, and that should have been so long ago, left before anybody was listening.
LONG_BEFORE = timedelta(days=7)
#: After so many questions without an answer a parcel counts as silent all the same.
ENOUGH = 4


def utc_now() -> datetime:
    return datetime.now(UTC)


class Lookout:
    """Looks after parcels, on one store and one Temporal."""

    def __init__(
        self,
        client: Client,
        engine: Engine,
        trackers: Mapping[str, Tracker],
        rules: Callable[[], CourierRules],
        clock: Callable[[], datetime] = utc_now,
        hears: bool = True,
    ) -> None:
        self._engine, self._trackers, self._rules, self._clock = engine, trackers, rules, clock
        self._hears = hears
        self._asking = Asking(client, engine)

    async def round(self) -> int:
        """Look at every parcel whose time has come; answers how many. Raises RPCError when Temporal is away."""
        looked_at = 0
        while batch := await asyncio.to_thread(self._due):
            gate = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._look_at(parcel, gate) for parcel in batch))
            looked_at += len(batch)
        return looked_at

    def _due(self) -> tuple[Watched, ...]:
        with reading(self._engine) as session:
            if not watch.any_due(session, self._clock()):
                return ()
        with writing(self._engine) as session:
            return watch.due(session, self._clock(), BATCH)

    async def _look_at(self, parcel: Watched, gate: asyncio.Semaphore) -> None:
        async with gate:
            requests, told = await asyncio.to_thread(self._looked_at, parcel)
        if requests:
            await self._asking.ask(requests)
        if told:  # only now: a worker that dies in between tells again, under the same ids
            await asyncio.to_thread(self._keep, parcel, told_of=told)

    def _looked_at(self, parcel: Watched) -> tuple[list[Request], str | None]:
        """What cases are to be told, and the silence that it is about."""
        rules, now = self._rules(), self._clock()
        courier = rules.courier(parcel.carrier)
        with reading(self._engine) as session:
            here = tracking.standing(session, parcel.waybill)
        due = silent_at(rules.usual_on(courier, parcel.zone), parcel.since, parcel.shipped, here)
        if due is None or now - parcel.since > timedelta(days=rules.forget_days):
            self._keep(parcel, over=True, silence=None, silent_since=None)
            return [], None
        tracker, code = self._tracker_of(courier)
        if here is None and parcel.registered_with is None and now - due[0] >= LONG_BEFORE:
            self._keep(parcel, over=True)  # of an import of old orders; who would be told of it costs money
            return [], None
        if here is None and tracker is None and not self._hears:  # nobody could tell, so silence says nothing
            self._keep(parcel, next_at=now + AGAIN)
            return [], None
        if now < due[0]:
            self._registered(parcel, tracker, code, due[0], now)
            return [], None
        asked = self._asked(parcel, tracker, code, now)
        return self._silent(parcel, rules, due, now) if asked else ([], None)

    def _tracker_of(self, courier: Courier | None) -> tuple[Tracker | None, str]:
        """Who is asked about a courier: the first that has a code of it, else the first there is."""
        for name, tracker in self._trackers.items():
            code = getattr(courier, name, None) if courier else None
            if code:
                return tracker, str(code)
        return next(iter(self._trackers.values()), None) if courier is None else None, ""

    # ── telling and asking ──────────────────────────────────────────────────

    def _registered(self, parcel: Watched, tracker: Tracker | None, code: str, due: datetime, now: datetime) -> None:
        """Have it told of, once; the parcel is looked at again when it could be silent."""
        if tracker is None or parcel.registered_with == tracker.name:
            self._keep(parcel, next_at=due)
            return
        try:
            tracker.register(_parcel(parcel, code))
        except (NotTold, NotAllowed) as trouble:
            wait = _wait(trouble, parcel.tries + 1)
            self._keep(parcel, next_at=min(due, now + wait), tries=parcel.tries + 1, words=str(trouble))
            logger.warning("%s could not be told of a parcel: %s", tracker.name, trouble)
        except UnknownParcel as unknown:  # asking to be called about it again would be no use
            self._keep(parcel, next_at=due, registered_with=tracker.name, tries=0, words=str(unknown))
        else:
            self._keep(parcel, next_at=due, registered_with=tracker.name, tries=0, words=None)

    def _asked(self, parcel: Watched, tracker: Tracker | None, code: str, now: datetime) -> bool:
        """Whether it is silent as far as anybody can be asked: what is news now is taken, and looked at anew."""
        if tracker is None:
            return True
        try:
            events = tracker.ask(_parcel(parcel, code))
        except UnknownParcel as unknown:
            self._keep(parcel, asked_at=now, tries=0, words=str(unknown))
            return True
        except (NotTold, NotAllowed) as trouble:
            tries = parcel.tries + 1
            self._keep(parcel, next_at=now + _wait(trouble, tries), tries=tries, words=str(trouble))
            logger.warning("%s could not be asked about a parcel: %s", tracker.name, trouble)
            return tries >= ENOUGH
        return not self._taken(parcel, tracker.name, events, now)

    def _taken(self, parcel: Watched, source: str, events: tuple[TrackingEvent, ...], now: datetime) -> bool:
        """Keep what was answered; whether it was news, after which the parcel is looked at anew."""
        told = [event for event in events if event.waybill == parcel.waybill and event.believable(now)]
        with writing(self._engine) as session:
            tracking.one_reader_at_a_time(session)
            before = tracking.standing(session, parcel.waybill)
            watch.keep(session, parcel.waybill, asked_at=now, tries=0, words=None)
            tracking.take(session, told, source, now)
            return _differs(before, tracking.standing(session, parcel.waybill))

    # ── silence ─────────────────────────────────────────────────────────────

    def _silent(
        self, parcel: Watched, rules: CourierRules, due: tuple[datetime, Silence], now: datetime
    ) -> tuple[list[Request], str | None]:
        """Nothing is heard for too long: keep it, and tell the team once for each silence."""
        since, silence = due
        kind = rules.kind_of(silence)
        told = f"{kind or silence} {since:%Y%m%d%H%M}"
        words = _words(parcel, rules.courier(parcel.carrier), silence, kind)
        with writing(self._engine) as session:
            watch.keep(session, parcel.waybill, silent_since=since, silence=kind or silence.value, next_at=now + AGAIN)
            if parcel.told_of == told:
                return [], None
            return _tell(session, parcel, words, told, now), told

    def _keep(self, parcel: Watched, **changed: Any) -> None:
        with writing(self._engine) as session:
            watch.keep(session, parcel.waybill, **changed)


def _tell(session: Session, parcel: Watched, words: dict[str, str], told: str, now: datetime) -> list[Request]:
    """To the cases that are about it; else whoever is on duty hears that one should be opened."""
    cases = {case.case_no: case for case in tracking.cases_of(session, parcel.waybill)}
    cases |= {case.case_no: case for case in tracking.waiting_for(session, parcel.waybill)}
    if cases:
        data = {"note": words["note"]}
        return [Request(number, "note", f"silent {parcel.waybill} {told}", data) for number in cases]
    if parcel.order_no is not None:
        notice(session, f"silent:{parcel.waybill}:{told}", "agent", words, now)
    return []


def _words(parcel: Watched, courier: Courier | None, silence: Silence, kind: str | None) -> dict[str, str]:
    en, zh = _WORDS[silence]
    of_kind, as_kind = (f"of kind {kind} ", f" {kind} ") if kind else ("", "")
    names = (courier.en, courier.zh) if courier else (parcel.carrier or "?",) * 2
    named = f"Order {parcel.order_no}, parcel {parcel.waybill} ({names[0]})"
    return {
        "note": f"{parcel.waybill}: {en}, for longer than is usual on its lane: ask the courier (L2).",
        "en": f"{named}: {en}. Open a case {of_kind}before the customer asks (L2).",
        "zh": f"订单 {parcel.order_no},包裹 {parcel.waybill}({names[1]}):{zh}。请在客户询问前建立{as_kind}售后单。",
    }


_WORDS: Mapping[Silence, tuple[str, str]] = {
    Silence.UNSENT: ("its label is printed and it was never scanned", "已打单,未见揽收"),
    Silence.UNSCANNED: ("it left and was never scanned", "已发出,没有任何扫描记录"),
    Silence.STALLED: ("nothing is heard of it since its last scan", "物流停滞,长时间没有更新"),
}


def _parcel(parcel: Watched, code: str) -> Parcel:
    return Parcel(parcel.waybill, code, parcel.phone_tail or "")


def _differs(before: Standing | None, after: Standing | None) -> bool:
    return (before and before.key) != (after and after.key)


def _wait(trouble: Exception, tries: int) -> timedelta:
    asked = getattr(trouble, "retry_after", None) or timedelta(0)
    doubled: timedelta = FIRST_WAIT * (1 << min(tries - 1, 6))
    return max(asked, min(doubled, LONGEST_WAIT))


@asynccontextmanager
async def lookout(
    client: Client, engine: Engine, trackers: Mapping[str, Tracker], rules: Callable[[], CourierRules], hears: bool
) -> AsyncIterator[Lookout]:
    """Look after parcels in the background until the block ends; `hears`: whether any courier calls us."""
    here = Lookout(client, engine, trackers, rules, hears=hears)
    async with rounds("the lookout for parcels", here.round, ROUND, REST):
        yield here
