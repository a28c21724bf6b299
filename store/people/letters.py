"""Addressing: what a decision wants told becomes letters to the people who hear it, each with an id that never changes.

Whoever dies in the middle leaves the messages as they were; asked again, the same people get the same letters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Row, or_, select, update
from sqlalchemy.orm import Session

from models.actions.waiting import above
from models.people.duty import Roster
from models.people.letters import ASK_AGAIN, OUTSIDE, box_of, known_as
from models.tables import cases, letters, messages
from store import documents
from store.people import mailboxes
from store.people.duty import heard_by, roster
from store.people.outbox import Letter

#: Who is told as the case's owner although somebody else may hear it.
OWNER = "owner"
CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Post:
    """One message that is to be addressed, with what its case says now."""

    key: str
    to: str
    subject: str
    at: datetime
    level: int | None = None
    channels: Sequence[str] = ()
    case_no: str | None = None
    owner: str | None = None
    critical: bool = False
    words: Mapping[str, str] | None = None


def address(session: Session, outside: Callable[[Letter], None], now: datetime, limit: int = 500) -> int:
    """Turn the oldest messages into letters; answers how many messages were looked at.

    The owner of an escalation, and who is on duty, are those of this moment (T11). What nobody on duty hears is
    asked again a minute later, so that it reaches whoever comes. What is for people outside the house is given to
    `outside`. Several workers do not wait for each other; each takes messages that no other has.
    """
    rows = session.execute(_unaddressed(now, limit)).all()
    hears = _Hears(session, now)
    keys: list[str] = []
    found: list[dict[str, Any]] = []
    for row in rows:
        if row.recipient in OUTSIDE:
            outside(Letter.model_validate(row))
            keys.append(row.key)
        elif heard := _letters(_post_of(row), hears):
            found += heard
            keys.append(row.key)
    _write(session, found)
    if keys:
        session.execute(update(messages).where(messages.c.key.in_(keys)).values(sent_at=now, ask_at=None))
    later = [row.key for row in rows if row.key not in set(keys)]
    if later:
        session.execute(update(messages).where(messages.c.key.in_(later)).values(ask_at=now + ASK_AGAIN))
    return len(rows)


class _Hears:
    """Who hears whom at one moment; in a storm the same question comes hundreds of times."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        self._known: dict[tuple[str, str | None], tuple[str, ...] | None] = {}

    def by(self, post: Post) -> tuple[str, ...] | None:
        asked = (post.to, post.owner)
        if asked not in self._known:
            self._known[asked] = heard_by(self.session, known_as(post.to), post.owner, self.now, self._roster)
        return self._known[asked]

    @cached_property
    def _roster(self) -> Roster:
        return roster(self.session, self.now, ahead=False)


def _unaddressed(now: datetime, limit: int) -> Any:
    asked = or_(messages.c.ask_at.is_(None), messages.c.ask_at <= now)
    found = (
        select(messages, cases.c.owner, cases.c.severity)
        .outerjoin(cases, cases.c.case_no == messages.c.case_no)
        .where(messages.c.sent_at.is_(None), asked, or_(messages.c.words.is_not(None), cases.c.case_no.is_not(None)))
        .order_by(messages.c.at, messages.c.key)
    )
    return found.limit(limit).with_for_update(skip_locked=True, of=messages)


def _post_of(row: Row[Any]) -> Post:
    return Post(
        key=row.key,
        to=row.recipient,
        subject=row.subject,
        at=row.at,
        level=row.level,
        channels=row.channels or (),
        case_no=row.case_no,
        owner=row.owner,
        critical=row.severity == CRITICAL,
        words=row.words,
    )


def notice(session: Session, key: str, to: str, words: Mapping[str, str], at: datetime, urgent: bool = False) -> bool:
    """Tell people something that is about no single case, such as a sweep's findings; `words` by language, zh and en.

    The same `key` is told once. Answers whether anybody of the house hears it now; ask again later where not.
    """
    post = Post(key=key, to=to, subject=words["en"], at=at, critical=urgent, words=dict(words))
    found = _letters(post, _Hears(session, at))
    _write(session, found)
    return bool(found)


def keep_for(session: Session, key: str, to: str, words: Mapping[str, str], at: datetime) -> bool:
    """The same, and where nobody of them is on duty it waits for whoever comes first, of them or of those above.

    Answers whether it is new: the same `key` is told, or kept, once.
    """
    known = select(letters.c.message_key).where(letters.c.message_key == key)
    kept = select(messages.c.key).where(messages.c.key == key)
    if session.execute(known.union_all(kept).limit(1)).first() is not None:
        return False
    if not notice(session, key, to, words, at):
        row = {"key": key, "recipient": to, "subject": words["en"], "at": at, "words": dict(words)}
        documents.put_new(session, messages, [{**row, "ask_at": at + ASK_AGAIN}])
    return True


def _letters(post: Post, hears: _Hears) -> list[dict[str, Any]]:
    """The letters of one message; none where nobody is there to write to."""
    heard = hears.by(post)
    if heard == () and post.words:
        heard = _above(post, hears)
    if heard == ():
        return []
    holders = tuple(dict.fromkeys(heard or (_alone(post),)))
    return [_row(post, holder, alone=len(holders) == 1, now=hears.now) for holder in holders]


def _above(post: Post, hears: _Hears) -> tuple[str, ...]:
    """Who on duty stands above those whom a message about no single case is for."""
    to: str | None = known_as(post.to)
    while to and (to := above(to)):
        if heard := hears.by(replace(post, to=to)):
            return heard
    return ()


def _write(session: Session, found: Sequence[dict[str, Any]]) -> None:
    """Write letters together: in a storm there are hundreds at once."""
    if not found:
        return
    mailboxes.opened(session, [row["holder"] for row in found])
    documents.put_new(session, letters, found)
    # One who is the owner again gets the letter that was passed on from him.
    passed = letters.c.id.in_([row["id"] for row in found]) & (letters.c.state == "passed_on")
    back = set(session.execute(select(letters.c.id).where(passed)).scalars())
    for row in found:
        if row["id"] in back:
            again = {"state": "waiting", "unread": 1, "owner": row["owner"]}
            session.execute(update(letters).where(letters.c.id == row["id"]).values(**again))


def _alone(post: Post) -> str:
    """Who hears it in a shop without a staff list: the owner by name, else the box of the role."""
    return post.owner if post.to == OWNER and post.owner else box_of(post.to)


def _row(post: Post, holder: str, alone: bool, now: datetime) -> dict[str, Any]:
    # Somebody who stands in for the owner has the case as his own meanwhile.
    own = holder in (post.owner, post.to) or (post.to == OWNER and alone)
    return {
        "id": f"{post.key}>{holder}",
        "message_key": post.key,
        "holder": holder,
        "case_no": post.case_no,
        "recipient": post.to,
        "owner": post.owner,
        "subject": post.subject,
        "words": dict(post.words) if post.words else None,
        "level": post.level,
        "channels": list(post.channels) or None,
        "own": own,
        "urgent": post.critical,
        "at": post.at,
        "addressed_at": now,
        "state": "waiting",
        "unread": 1,
    }


def pass_on(session: Session, ids: Sequence[str]) -> int:
    """Letters to an owner who is not the owner any more go back to be addressed to who is (T11)."""
    if not ids:
        return 0
    here = letters.c.id.in_(ids)
    keys = session.execute(select(letters.c.message_key).where(here)).scalars().all()
    session.execute(update(letters).where(here).values(state="passed_on", unread=0))
    session.execute(update(messages).where(messages.c.key.in_(keys)).values(sent_at=None, ask_at=None))
    return len(keys)
