"""What a changed calendar or playbook would do to the clocks that run, read from their rows alone (T10)."""

from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.tables import case_clocks
from store.engine import reading


def furthest_deadline(session: Session) -> datetime | None:
    """The latest instant at which a running clock is due; None where none runs."""
    due = case_clocks.c.due_at
    found: datetime | None = session.execute(select(func.max(due)).where(case_clocks.c.state == "running")).scalar()
    return found


def furthest_deadline_in(engine: Engine) -> datetime | None:
    """The same in a transaction of its own."""
    with reading(engine) as session:
        return furthest_deadline(session)
