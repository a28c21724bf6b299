"""Those who sign in: users, their sessions, and the tries that failed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pydantic import Field
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from models import tables
from models.errors import Conflict, NotFound
from models.lifecycle import Role
from models.value import Value

#: A session that nobody used for so long is over, and every session is over after so long.
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
#: How long failed tries count, and how long they are kept.
TRIES_COUNT = timedelta(minutes=15)
TRIES_KEPT = timedelta(days=1)
#: How long a sign-in may be away at an identity provider.
TRIP = timedelta(minutes=15)
_SEEN_AGAIN_AFTER = timedelta(minutes=5)


class User(Value):
    """One who signs in. `id` is what he acts under, the same as on the staff list if he is on it."""

    id: str
    name: str
    roles: tuple[Role, ...]
    must_change: bool = False
    preferences: dict[str, Any] = Field(default_factory=dict)
    subject: str | None = None
    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None


class Sitting(Value):
    """One browser that somebody is signed in with."""

    id: str
    user_id: str
    began_at: datetime
    seen_at: datetime
    address: str | None = None
    browser: str | None = None


class Trip(Value):
    """A sign-in that is away at the identity provider."""

    nonce: str
    verifier: str
    bound_to: str
    onward: str


class Tries(Value):
    """Failed tries of late: of this name from this address, of this name, from this address; the first of them."""

    both: int
    name: int
    address: int
    first: datetime | None


def hashed(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


# ── users ─────────────────────────────────────────────────────────────────────────────────────────


def count(session: Session) -> int:
    """How many users there are, also those who may not sign in."""
    return session.execute(select(func.count()).select_from(tables.users)).scalar_one()


def all(session: Session) -> tuple[User, ...]:
    """Everybody, by id."""
    return tuple(_user(row) for row in session.execute(select(tables.users).order_by(tables.users.c.id)).mappings())


def held(session: Session) -> tuple[User, ...]:
    """Everybody, and nobody else changes them before this transaction ends."""
    found = select(tables.users).order_by(tables.users.c.id).with_for_update()
    return tuple(_user(row) for row in session.execute(found).mappings())


def get(session: Session, id: str) -> User | None:
    """One user; None when there is none of that id."""
    return _one(session, tables.users.c.id == id)


def known(session: Session, id: str) -> User:
    """One user. Raises NotFound."""
    found = get(session, id)
    if found is None:
        raise NotFound(f"There is no user '{id}': 'aftercare user list' shows who there is.")
    return found


def of_subject(session: Session, subject: str) -> User | None:
    """Who an identity provider means."""
    return _one(session, tables.users.c.subject == subject)


def add(session: Session, user: User, password_hash: str | None) -> None:
    """Add somebody. Raises Conflict when the id is taken."""
    if get(session, user.id) is not None:
        raise Conflict(f"There is a user '{user.id}' already.")
    session.execute(insert(tables.users).values(**user.model_dump(mode="python"), password_hash=password_hash))


def remove(session: Session, id: str) -> None:
    """Take out somebody who never did anything: whoever acted stays, so that his name keeps its meaning."""
    end_all(session, id)
    session.execute(delete(tables.users).where(tables.users.c.id == id))


def password_hash(session: Session, id: str) -> str | None:
    """What his password is checked against; None for who has none."""
    return session.execute(select(tables.users.c.password_hash).where(tables.users.c.id == id)).scalar()


def change(session: Session, id: str, **fields: Any) -> User:
    """Change some fields of a user. Raises NotFound."""
    known(session, id)
    session.execute(update(tables.users).where(tables.users.c.id == id).values(**fields))
    return known(session, id)


def prefer(session: Session, id: str, wishes: Mapping[str, Any]) -> User:
    """Keep what somebody likes better: language, keys."""
    return change(session, id, preferences={**known(session, id).preferences, **wishes})


def _one(session: Session, condition: Any) -> User | None:
    row = session.execute(select(tables.users).where(condition)).mappings().first()
    return None if row is None else _user(row)


def _user(row: Mapping[Any, Any]) -> User:
    return User.model_validate({name: row[name] for name in User.model_fields})


# ── sessions ──────────────────────────────────────────────────────────────────────────────────────


def begin(session: Session, secret: str, user_id: str, address: str, browser: str, now: datetime) -> None:
    """Somebody signed in; what is long over is taken away by the way."""
    held = tables.user_sessions
    session.execute(delete(held).where((held.c.seen_at < now - IDLE) | (held.c.began_at < now - LONGEST)))
    row = {"user_id": user_id, "began_at": now, "seen_at": now, "address": address, "browser": browser[:200]}
    session.execute(insert(held).values(id=hashed(secret), **row))


def signed_in(session: Session, secret: str, now: datetime) -> tuple[User, Sitting] | None:
    """Who a browser's secret stands for, while he may sign in and his session lasts."""
    held = tables.user_sessions
    row = session.execute(select(held).where(held.c.id == hashed(secret))).mappings().first()
    sitting = None if row is None else Sitting.model_validate(dict(row))
    if sitting is None or sitting.seen_at < now - IDLE or sitting.began_at < now - LONGEST:
        return None
    user = get(session, sitting.user_id)
    return None if user is None or not user.is_active else (user, sitting)


def is_to_be_noted(sitting: Sitting, now: datetime) -> bool:
    """Whether it is long enough since a session was last seen to write down that it was."""
    return now - sitting.seen_at > _SEEN_AGAIN_AFTER


def saw(session: Session, sitting_id: str, now: datetime) -> None:
    """A session is in use."""
    held = tables.user_sessions
    session.execute(update(held).where(held.c.id == sitting_id).values(seen_at=now))


def sittings(session: Session, user_id: str, now: datetime) -> tuple[Sitting, ...]:
    """Where somebody is signed in, the last used first."""
    held = tables.user_sessions
    alive = (held.c.user_id == user_id) & (held.c.seen_at >= now - IDLE) & (held.c.began_at >= now - LONGEST)
    found = select(held).where(alive).order_by(held.c.seen_at.desc(), held.c.id)
    return tuple(Sitting.model_validate(dict(row)) for row in session.execute(found).mappings())


def end(session: Session, sitting_id: str) -> None:
    """Somebody signed out."""
    session.execute(delete(tables.user_sessions).where(tables.user_sessions.c.id == sitting_id))


def end_one(session: Session, user_id: str, sitting_id: str) -> bool:
    """One session of somebody's ends; whether there was one."""
    held = tables.user_sessions
    ended = session.execute(delete(held).where((held.c.id == sitting_id) & (held.c.user_id == user_id)))
    return bool(getattr(ended, "rowcount", 0))


def end_all(session: Session, user_id: str, but: str | None = None) -> int:
    """Somebody is signed out everywhere, or everywhere but in one session; answers in how many places he was."""
    held = tables.user_sessions
    of_his = held.c.user_id == user_id
    ended = session.execute(delete(held).where(of_his if but is None else of_his & (held.c.id != but)))
    return int(getattr(ended, "rowcount", 0))


# ── tries that failed ─────────────────────────────────────────────────────────────────────────────


def tries(session: Session, name: str, address: str, now: datetime) -> Tries:
    """The failed tries that count now."""
    held = tables.failed_sign_ins
    of_late = select(held.c.name, held.c.address, held.c.at).where(held.c.at > now - TRIES_COUNT)
    rows: Sequence[Any] = session.execute(of_late.where((held.c.name == name) | (held.c.address == address))).all()
    return Tries(
        both=sum(1 for row in rows if row.name == name and row.address == address),
        name=sum(1 for row in rows if row.name == name),
        address=sum(1 for row in rows if row.address == address),
        first=min((row.at for row in rows), default=None),
    )


def failed(session: Session, name: str, address: str, now: datetime) -> None:
    """Count a failed try."""
    held = tables.failed_sign_ins
    session.execute(delete(held).where(held.c.at < now - TRIES_KEPT))
    session.execute(insert(held).values(name=name, address=address, at=now))


def forgive(session: Session, name: str, address: str | None = None) -> None:
    """Somebody got in, or was given a new password: his failed tries count no more."""
    held = tables.failed_sign_ins
    of_his = held.c.name == name
    session.execute(delete(held).where(of_his if address is None else of_his & (held.c.address == address)))


# ── away at an identity provider ──────────────────────────────────────────────────────────────────


def set_out(session: Session, state: str, trip: Trip, now: datetime) -> None:
    """Remember a sign-in that leaves for the identity provider."""
    held = tables.sign_in_trips
    session.execute(delete(held).where(held.c.began_at < now - TRIP))
    session.execute(insert(held).values(id=hashed(state), began_at=now, **trip.model_dump()))


def come_back(session: Session, state: str, now: datetime) -> Trip | None:
    """The sign-in that comes back, once and in time."""
    held = tables.sign_in_trips
    row = session.execute(select(held).where(held.c.id == hashed(state))).mappings().first()
    session.execute(delete(held).where(held.c.id == hashed(state)))
    if row is None or row["began_at"] < now - TRIP:
        return None
    return Trip.model_validate({name: row[name] for name in Trip.model_fields})
