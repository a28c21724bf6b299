"""What is to be told to people, written with the decision that caused it and handed over afterwards."""

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.tables import messages


class Letter(BaseModel):
    """One message; `key` is the same however often it is handed over."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    key: str
    case_no: str | None  # none where it is about many cases
    recipient: str
    subject: str
    level: int | None = None
    at: datetime
    sent_at: datetime | None = None


def hand_over(session: Session, tell: Callable[[Letter], None], now: datetime, limit: int = 100) -> int:
    """Tell the oldest letters that were not told yet, and mark them; answers how many there were.

    They are marked in the transaction that tells them: one that dies in between tells them again, never not at all.
    Several workers do not wait for each other; each takes letters that no other has.
    """
    waiting = select(messages).where(messages.c.sent_at.is_(None)).order_by(messages.c.at, messages.c.key)
    rows = session.execute(waiting.limit(limit).with_for_update(skip_locked=True)).all()
    for row in rows:
        tell(Letter.model_validate(row))
    keys = [row.key for row in rows]
    if keys:
        session.execute(update(messages).where(messages.c.key.in_(keys)).values(sent_at=now))
    return len(keys)


def waiting(session: Session) -> bool:
    """Whether anything is still to be told."""
    found = select(messages.c.key).where(messages.c.sent_at.is_(None)).limit(1)
    return session.execute(found).first() is not None


def of_case(session: Session, case_no: str) -> tuple[Letter, ...]:
    """All letters about a case, oldest first."""
    found = select(messages).where(messages.c.case_no == case_no).order_by(messages.c.at, messages.c.key)
    return tuple(Letter.model_validate(row) for row in session.execute(found))
