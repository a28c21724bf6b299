"""Which rebases were confirmed: by whom, why, and what was shown. How far each is, its workflow knows."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import rebases
from models.time.rebase import RebaseInput
from models.value import Value
from store.documents import put_new

#: More than these nobody looks back at.
LATEST = 30


class Begun(Value):
    """A rebase that somebody confirmed."""

    id: str
    started_at: datetime
    scope: dict[str, Any]
    by: str
    reason: str
    shown: str
    total: int


def put(session: Session, asked: RebaseInput) -> None:
    """Keep that it was begun; a repeat changes nothing."""
    begun = Begun(
        id=asked.rebase_id,
        started_at=asked.started_at,
        scope=asked.scope.model_dump(mode="json"),
        by=asked.by,
        reason=asked.reason,
        shown=asked.shown,
        total=asked.progress.total,
    )
    put_new(session, rebases, [begun.model_dump()])


def latest(session: Session) -> tuple[Begun, ...]:
    """The last ones, the newest first."""
    found = select(rebases).order_by(rebases.c.started_at.desc(), rebases.c.id).limit(LATEST)
    return tuple(Begun.model_validate(dict(row)) for row in session.execute(found).mappings())
