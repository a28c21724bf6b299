"""The steps of the night: how long states usually take, and what has been kept long enough."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio import activity

from files.intake import small_name
from files.shelf import FileShelf
from models.oversight.keeping import KINDS
from models.oversight.sweeps import StepInput, StepResult, Tally
from playbooks.loading.in_force import InForce
from store.engine import writing
from store.goods import files
from store.oversight import usual
from store.oversight.retention import expired

#: Rows of a table that one transaction deletes, and how many such transactions one page is.
BATCH, BATCHES = 500, 20
#: Files whose bytes go within one transaction: whoever keeps a file waits for its end.
FILES = 20


class Housekeeping:
    """What nobody waits for, on one store."""

    def __init__(self, engine: Engine, playbooks: InForce, page: int, files: str | None = None) -> None:
        self._engine = engine
        self._playbooks = playbooks
        self._page = page
        self._shelf = FileShelf(files) if files else None

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.usual_times, self.expired_rows]

    @activity.defn(name="usual_times")
    async def usual_times(self, page: StepInput) -> StepResult:
        """T12 `silent`: the usual time of every state by kind; where it has changed, open cases are looked at again."""
        return await asyncio.to_thread(self._usual, page)

    def _usual(self, page: StepInput) -> StepResult:
        with writing(self._engine) as session:
            if page.cursor is None:
                kinds = usual.compute(session, page.now)
                told = Tally(found=len(usual.known(session)), details={"usual_times": len(usual.known(session))})
                return StepResult(tally=told, cursor=_place("", kinds) if kinds else None)
            after, *kinds_left = page.cursor.split("|")
            calendars = self._playbooks.current().calendars
            given = (tuple(kinds_left), calendars, page.now, after, self._page)
            changed, last = usual.see_again(session, *given)
        counted = Tally(did=changed, details={"silent_changed": changed})
        return StepResult(tally=counted, cursor=None if last is None else _place(last, tuple(kinds_left)))

    @activity.defn(name="expired_rows")
    async def expired_rows(self, page: StepInput) -> StepResult:
        """Rows that the shop keeps for so many days only; never ledger, timeline or case."""
        return await asyncio.to_thread(self._expired, page)

    def _expired(self, page: StepInput) -> StepResult:
        kind = page.cursor or KINDS[0]
        before = page.now - timedelta(days=getattr(self._playbooks.current().shop.keep, kind))
        many, more = 0, True
        for _ in range(BATCHES):
            with writing(self._engine) as session:
                gone = self._let_go(session, before) if kind == "files" else expired(session, kind, before, BATCH)
            many, more = many + gone, gone > 0
            if not more:
                break
        following = dict(zip(KINDS, (*KINDS[1:], None), strict=True))[kind]
        tally = Tally(found=many, did=many, details={kind: many} if many else {})
        return StepResult(tally=tally, cursor=kind if more else following)

    def _let_go(self, session: Session, before: datetime) -> int:
        """Files that belong to nothing; a worker that was not told where they lie lets them be."""
        if self._shelf is None:
            return 0
        gone = files.let_go(session, before, FILES)
        for file_id in gone:
            self._shelf.drop(file_id)
            self._shelf.drop(small_name(file_id))
        return len(gone)


def _place(after: str, kinds: tuple[str, ...]) -> str:
    return "|".join((after, *kinds))
