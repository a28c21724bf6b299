"""What is to be told to people, written with the decision that caused it; `letters` addresses it afterwards."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.tables import messages


class Letter(BaseModel):
    """One message; `key` is the same however often it is handed over. `sent_at`: when it was addressed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    key: str
    case_no: str | None  # none where it is about many cases
    recipient: str
    subject: str
    level: int | None = None
    at: datetime
    sent_at: datetime | None = None


def waiting(session: Session, now: datetime) -> bool:
    """Whether anything is to be addressed now; what nobody on duty hears is asked again later."""
    asked = or_(messages.c.ask_at.is_(None), messages.c.ask_at <= now)
    found = select(messages.c.key).where(messages.c.sent_at.is_(None), asked).limit(1)
    return session.execute(found).first() is not None


def of_case(session: Session, case_no: str) -> tuple[Letter, ...]:
    """All letters about a case, oldest first."""
    found = select(messages).where(messages.c.case_no == case_no).order_by(messages.c.at, messages.c.key)
    return tuple(Letter.model_validate(row) for row in session.execute(found))
