"""Trials of changed playbooks: how far each is, and the cases on which it would have decided otherwise."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.tables import trial_items, trials
from models.value import Value
from store.documents import add
from store.procedure.past import Behind

_here, _item = trials.c, trial_items.c
#: A process that has not said for so long that it goes on is taken to be dead.
SILENT = timedelta(seconds=20)
#: Trials of a kind that are kept; they say nothing any more once their playbook is in force or forgotten.
KEPT = 10


class TrialRun(Value):
    """A trial as it stands. `after_at` and `after_no` name the last case that was tried."""

    id: str
    kind: str
    version: str
    text: str
    by: str
    since: datetime
    started_at: datetime
    state: Literal["running", "stopped", "done", "failed"]
    total: int
    done: int
    after_at: datetime | None = None
    after_no: str | None = None
    tally: dict[str, Any]
    told: str | None = None
    runner: str | None = None
    touched_at: datetime

    @property
    def behind(self) -> Behind | None:
        """Where it goes on."""
        return Behind(self.after_at, self.after_no) if self.after_at and self.after_no else None


def begin(session: Session, run: TrialRun) -> None:
    """A new trial; the oldest of its kind are forgotten."""
    old = select(_here.id).where(_here.kind == run.kind, _here.state != "running").order_by(_here.started_at.desc())
    gone = list(session.execute(old.offset(KEPT - 1)).scalars())
    session.execute(delete(trial_items).where(_item.trial_id.in_(gone)))
    session.execute(delete(trials).where(_here.id.in_(gone)))
    session.execute(insert(trials).values(**run.model_dump()))


def new_id() -> str:
    """The number of a trial."""
    return f"T-{uuid4().hex[:12]}"


def get(session: Session, trial_id: str) -> TrialRun:
    """Raises NotFound where there is none, or no more."""
    row = session.execute(select(trials).where(_here.id == trial_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no trial '{trial_id[:60]}' any more: try the playbook again.")
    return TrialRun.model_validate(dict(row))


def of_kind(session: Session, kind: str) -> tuple[TrialRun, ...]:
    """Those of a kind, the newest first."""
    found = select(trials).where(_here.kind == kind).order_by(_here.started_at.desc(), _here.id).limit(KEPT)
    return tuple(TrialRun.model_validate(dict(row)) for row in session.execute(found).mappings())


def taken_over(session: Session, trial_id: str, runner: str, now: datetime) -> bool:
    """Whether a trial whose process is silent is this one's from now on; of several that ask one gets it."""
    silent = (_here.id == trial_id) & (_here.state == "running") & (_here.touched_at < now - SILENT)
    got = update(trials).where(silent).values(runner=runner, touched_at=now).returning(_here.id)
    return session.execute(got).first() is not None


def advanced(session: Session, run: TrialRun, found: Iterable[Mapping[str, Any]], **changes: Any) -> bool:
    """Write how far it is with the cases that differ; False when it was stopped or is another process's by now."""
    mine = (_here.id == run.id) & (_here.state == "running") & (_here.runner == run.runner)
    if session.execute(update(trials).where(mine).values(**changes).returning(_here.id)).first() is None:
        return False
    first = int(session.execute(select(func.count()).where(_item.trial_id == run.id)).scalar_one())
    rows = [
        {"trial_id": run.id, "number": first + n, "case_no": one["case_no"], "document": dict(one)}
        for n, one in enumerate(found)
    ]
    if rows:
        add(session, trial_items, rows)
    return True


def stop(session: Session, trial_id: str, now: datetime) -> None:
    """Try no further case; what was found stays."""
    running = (_here.id == trial_id) & (_here.state == "running")
    session.execute(update(trials).where(running).values(state="stopped", touched_at=now))


def items(session: Session, trial_id: str, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """The cases that differ, and the number behind which the next page begins."""
    found = select(_item.number, _item.document).where(_item.trial_id == trial_id, _item.number > after)
    rows = session.execute(found.order_by(_item.number).limit(limit + 1)).all()
    page = [dict(row.document) for row in rows[:limit]]
    return page, rows[limit - 1].number if len(rows) > limit else None
