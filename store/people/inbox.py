"""What somebody was told, and whether they have read it: the place where nothing is lost, whatever the channels do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Row, func, select, tuple_, update
from sqlalchemy.orm import Session

from models.tables import letters, mailings
from store.cursors import decode, encode
from store.people.mailings import LOG

Outcome = Literal["waiting", "sending", "sent", "inbox_only", "failing", "not_told"]
_SORT = "inbox"
_ORDER = (letters.c.unread, letters.c.at, letters.c.id)


class InboxRow(BaseModel):
    """One letter as its reader sees it; `id` is the same however often it was told."""

    model_config = ConfigDict(frozen=True)

    id: str
    holder: str
    case_no: str | None
    subject: str
    words: dict[str, str] | None
    level: int | None
    own: bool
    urgent: bool
    at: datetime
    unread: bool
    read_at: datetime | None
    outcome: Outcome
    channel: str | None
    told_at: datetime | None
    mailing: str | None


class MailingRow(BaseModel):
    """Something that went out, or should have."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    title: str
    letters: int
    made_at: datetime
    outcome: Outcome
    channel: str | None
    address: str | None  # of a test: the one that it tries, with its secret
    attempts: int
    error: str | None
    sent_at: datetime | None


def page(
    session: Session, holders: Sequence[str], unread_only: bool = False, cursor: str | None = None, limit: int = 50
) -> tuple[tuple[InboxRow, ...], str | None]:
    """The letters of these holders, unread ones first, the newest first."""
    gone = (mailings.c.sent_at, mailings.c.given_up_at, mailings.c.channel, mailings.c.error)
    joined = letters.outerjoin(mailings, mailings.c.id == letters.c.mailing)
    found = select(letters, *gone).select_from(joined).where(_of(holders))
    if unread_only:
        found = found.where(letters.c.unread == 1)
    if cursor is not None:
        found = found.where(tuple_(*_ORDER) < decode(cursor, _SORT, _ORDER))
    rows = session.execute(found.order_by(*(column.desc() for column in _ORDER)).limit(limit + 1)).all()
    shown = tuple(_shown(row) for row in rows[:limit])
    if len(rows) <= limit:
        return shown, None
    last = rows[limit - 1]
    return shown, encode(_SORT, [last.unread, last.at, last.id])


def _of(holders: Sequence[str]) -> ColumnElement[bool]:
    # What was passed on to another owner is his.
    return letters.c.holder.in_(holders) & (letters.c.state != "passed_on")


def _shown(row: Row[Any]) -> InboxRow:
    plain = {name: getattr(row, name) for name in ("id", "holder", "case_no", "subject", "words", "level", "own")}
    return InboxRow(
        **plain,
        urgent=row.urgent,
        at=row.at,
        unread=bool(row.unread),
        read_at=row.read_at,
        outcome=outcome_of(row) if row.mailing else "waiting",
        channel=row.channel if row.sent_at else None,
        told_at=row.sent_at,
        mailing=row.mailing,
    )


def outcome_of(row: Row[Any]) -> Outcome:
    """How it went with a mailing."""
    if row.sent_at is not None:
        return "inbox_only" if row.channel == LOG else "sent"
    if row.given_up_at is not None:
        return "not_told"
    return "failing" if row.error else "sending"


def unread(session: Session, holders: Sequence[str]) -> int:
    """How many letters of these holders nobody has read."""
    found = select(func.count()).where(_of(holders), letters.c.unread == 1)
    return session.execute(found).scalar_one()


def mark_read(session: Session, holders: Sequence[str], ids: Sequence[str] | None, by: str, now: datetime) -> int:
    """Mark letters as read, all of them where no ids are given; answers how many were not before.

    Only letters of these holders, and only what was there at `now`: nobody has read what comes meanwhile.
    """
    chosen = [_of(holders), letters.c.unread == 1, letters.c.addressed_at <= now]
    if ids is not None:
        chosen.append(letters.c.id.in_(ids))
    read = update(letters).where(*chosen).values(unread=0, read_at=now, read_by=by).returning(letters.c.id)
    return len(session.execute(read).all())


def latest(session: Session, holder: str, limit: int = 10) -> tuple[MailingRow, ...]:
    """What went out to a holder lately, the newest first."""
    found = select(mailings).where(mailings.c.holder == holder)
    rows = session.execute(found.order_by(mailings.c.made_at.desc(), mailings.c.id).limit(limit))
    return tuple(
        MailingRow(
            id=row.id,
            kind=row.kind,
            title=row.title,
            letters=row.letters,
            made_at=row.made_at,
            outcome=outcome_of(row),
            channel=row.channel,
            address=row.address,
            attempts=row.attempts,
            error=row.error,
            sent_at=row.sent_at,
        )
        for row in rows
    )
