"""Steps of the sweeps about boxes that came in: cases that were not told of theirs, and the shelf's deadlines (G2)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio import activity

from activities.asking import Asking, Request
from models.events import SYSTEM
from models.lifecycle import Role
from models.oversight.sweeps import StepInput, StepResult, Tally
from models.people.digest import listed, notice
from playbooks.loading.in_force import InForce
from store import cases
from store.engine import reading, writing
from store.goods import parcels
from store.goods.parcels import Parcel
from store.goods.telling import told_of
from store.oversight import sweeps

#: A scan that is under way is left to itself for so long.
UNDER_WAY = timedelta(minutes=2)
#: So many boxes are named in a letter.
NAMED = 20


class Door:
    """What the sweeps do about boxes, on one store and one Temporal."""

    def __init__(self, engine: Engine, asking: Asking, playbooks: InForce, page: int) -> None:
        self._engine, self._asking, self._playbooks, self._page = engine, asking, playbooks, page

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.untold_boxes, self.shelf_deadlines]

    @activity.defn(name="untold_boxes")
    async def untold_boxes(self, page: StepInput) -> StepResult:
        """A scan that died between the box and its case is finished: the case is told under the box's id (G1)."""
        late, requests = await asyncio.to_thread(self._untold, page.now)
        did = await self._asking.ask(request for _, request in requests)
        await asyncio.to_thread(self._told, [(parcel, request.case_no) for parcel, request in requests])
        over = late - len(requests)
        words = (f"{over} boxes are of cases that are over: scan them again",) if over else ()
        return StepResult(tally=Tally(found=late, did=did, words=words, details={"untold_boxes": late}))

    def _untold(self, now: datetime) -> tuple[int, list[tuple[Parcel, Request]]]:
        """How many are late, and what to ask of the cases among them that are open."""
        found, late = [], 0
        with reading(self._engine) as session:
            for parcel in parcels.untold(session, now - UNDER_WAY, self._page):
                for case_no in parcel.untold:
                    late += 1
                    case = cases.load(session, case_no)
                    if case is not None and not case.is_final:
                        told = told_of(parcel, case, SYSTEM)
                        request = Request(case_no, told.action.value, str(told.command_id), told.data)
                        found.append((parcel, request))
        return late, found

    def _told(self, pairs: Sequence[tuple[Parcel, str]]) -> None:
        with writing(self._engine) as session:
            for parcel, case_no in pairs:
                parcels.told(session, parcel.id, case_no)

    @activity.defn(name="shelf_deadlines")
    async def shelf_deadlines(self, page: StepInput) -> StepResult:
        """G2: the warehouse hears when a box's time on the shelf ends soon, it and the managers when it is over."""
        return await asyncio.to_thread(self._shelf, page.now)

    def _shelf(self, now: datetime) -> StepResult:
        days = self._playbooks.current().shop.goods_in.remind_days
        with writing(self._engine) as session:
            due = parcels.due(session, now + timedelta(days=days), None, 10 * self._page)
            over = [box for box in due if box.due_at is not None and box.due_at <= now]
            soon = [box for box in due if box not in over]
            did = self._tell(session, "shelf_soon", soon, (Role.WAREHOUSE,), now)
            did += self._tell(session, "shelf_over", over, (Role.WAREHOUSE, Role.MANAGER), now)
        details = {"shelf_soon": len(soon), "shelf_over": len(over)}
        return StepResult(tally=Tally(found=len(over), did=did, details=details))

    def _tell(self, session: Session, what: str, boxes: Sequence[Parcel], to: tuple[Role, ...], now: datetime) -> int:
        """One letter for each role; the same boxes are told of again in another week."""
        if not boxes:
            return 0
        named = tuple(f"{box.code or '?'} ({box.id})" for box in boxes)
        words = notice(what, count=len(boxes), boxes=listed(named, NAMED))
        same = sha256(" ".join(sorted(box.id for box in boxes)).encode()).hexdigest()[:12]
        week = f"{now.isocalendar().year}-{now.isocalendar().week}"
        return sum(sweeps.tell(session, f"{what}:{week}:{same}:{role}", role.value, words, now) for role in to)
