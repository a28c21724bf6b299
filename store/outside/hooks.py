"""Calls from outside as they came: kept before they are answered, read afterwards, read again when asked."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import uuid4

from pydantic import BaseModel, ConfigDict
from sqlalchemy import or_, select, tuple_, update
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.tables import hooks_in
from store import cursors
from store.documents import insert

_LISTED = [column for column in hooks_in.c if column.name != "body"]


class HookRow(BaseModel):
    """A call without its body; `state` is received (not read yet), done, or refused or unreadable (`words` say why)."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    source: str
    sender_id: str
    headers: dict[str, str]
    received_at: datetime
    state: str
    tries: int
    words: str | None = None
    events: int | None = None
    again_at: datetime | None = None


class Hook(HookRow):
    """A call with its body."""

    body: bytes


def receive(
    session: Session, source: str, sender_id: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> tuple[str, bool]:
    """Keep a genuine call; answers its id, and whether the sender had sent it before."""
    row = {
        "id": uuid4().hex,
        "source": source,
        "sender_id": sender_id,
        "headers": dict(headers),
        "body": body,
        "received_at": now,
        "state": "received",
    }
    kept = insert(session, hooks_in).values(**row).on_conflict_do_nothing().returning(hooks_in.c.id)
    new = session.execute(kept).scalar()
    if new is not None:
        return str(new), False
    same = (hooks_in.c.source == source) & (hooks_in.c.sender_id == sender_id)
    return str(session.execute(select(hooks_in.c.id).where(same)).scalar_one()), True


def unread(session: Session, most: int, but: Collection[str] = ()) -> tuple[Hook, ...]:
    """Calls that nobody has read yet, the oldest first; `but` are sources that somebody else reads."""
    waiting = select(hooks_in).where(hooks_in.c.state == "received")
    if but:
        waiting = waiting.where(hooks_in.c.source.not_in(list(but)))
    rows = session.execute(waiting.order_by(hooks_in.c.received_at, hooks_in.c.id).limit(most))
    return tuple(Hook.model_validate(row) for row in rows)


def unread_of(session: Session, sources: Collection[str], now: datetime, most: int) -> tuple[Hook, ...]:
    """Calls of these sources whose turn it is, the oldest first."""
    due = or_(hooks_in.c.again_at.is_(None), hooks_in.c.again_at <= now)
    waiting = select(hooks_in).where(hooks_in.c.state == "received", hooks_in.c.source.in_(list(sources)), due)
    rows = session.execute(waiting.order_by(hooks_in.c.received_at, hooks_in.c.id).limit(most))
    return tuple(Hook.model_validate(row) for row in rows)


def later(session: Session, hook: HookRow, words: str, at: datetime) -> None:
    """It was read, and whoever has to be asked about it does not answer: again then."""
    changed = {"words": words, "again_at": at, "tries": hooks_in.c.tries + 1}
    session.execute(update(hooks_in).where(hooks_in.c.id == hook.id).values(changed))


def done(session: Session, hook: HookRow, events: int, words: str | None = None) -> None:
    """It was read, and what it says is kept."""
    _mark(session, hook.id, "done", words, events)


def unreadable(session: Session, hook: HookRow, words: str) -> None:
    """It was read and not understood; it stays as it is until somebody has it read again."""
    _mark(session, hook.id, "unreadable", words, None)


def refused(session: Session, hook: HookRow, words: str) -> None:
    """It was understood and contradicts what is here; somebody has to look, and it may be read again."""
    _mark(session, hook.id, "refused", words, None)


def _mark(session: Session, hook_id: str, state: str, words: str | None, events: int | None) -> None:
    changed = {"state": state, "words": words, "events": events, "tries": hooks_in.c.tries + 1}
    session.execute(update(hooks_in).where(hooks_in.c.id == hook_id).values(changed))


def load(session: Session, hook_id: str) -> Hook:
    """Raises NotFound."""
    row = session.execute(select(hooks_in).where(hooks_in.c.id == hook_id)).first()
    if row is None:
        raise NotFound(f"No call {hook_id[:50]} from outside is kept here.")
    return Hook.model_validate(row)


def replay(session: Session, hook_id: str) -> Hook:
    """Have a call read again, whatever became of it; what is known already changes nothing. Raises NotFound."""
    load(session, hook_id)
    session.execute(
        update(hooks_in).where(hooks_in.c.id == hook_id).values(state="received", words=None, again_at=None)
    )
    return load(session, hook_id)


def page(
    session: Session, source: str | None, state: str | None, cursor: str | None, limit: int
) -> tuple[tuple[HookRow, ...], str | None]:
    """Calls from outside, the newest first, and where the list goes on. Raises Invalid for a foreign cursor."""
    order = [hooks_in.c.received_at, hooks_in.c.id]
    found = select(*_LISTED).order_by(*(column.desc() for column in order)).limit(limit + 1)
    if source:
        found = found.where(hooks_in.c.source == source)
    if state:
        found = found.where(hooks_in.c.state == state)
    if cursor:
        found = found.where(tuple_(*order) < cursors.decode(cursor, "hooks", order))
    rows = tuple(HookRow.model_validate(row) for row in session.execute(found))
    shown = rows[:limit]
    more = len(rows) > limit
    return shown, cursors.encode("hooks", (shown[-1].received_at, shown[-1].id)) if more else None
