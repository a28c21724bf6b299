"""Who may call the API: tokens with roles, kept only as hashes."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.lifecycle import Role
from models.tables import token_ties, tokens

PREFIX = "act"
_EVERY = select(tokens, *(column for column in token_ties.c if column.name != "token_id")).outerjoin(token_ties)


class TokenInfo(BaseModel):
    """A token without its secret."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    name: str
    roles: tuple[Role, ...]
    may_act_for_others: bool
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    customer_id: str | None = None
    case_no: str | None = None
    carrier: str | None = None


def create(
    session: Session,
    name: str,
    roles: Iterable[Role | str],
    may_act_for_others: bool = False,
    now: datetime | None = None,
    tied_to: Mapping[str, str] | None = None,
    token_id: str | None = None,
) -> str:
    """Make a token and answer its text `act_<id>_<secret>`, which cannot be read again afterwards.

    `tied_to` says for a token from outside the house whose cases it is about: `customer_id`, `case_no` or `carrier`.
    """
    token_id, secret = token_id or secrets.token_hex(6), secrets.token_hex(24)
    row = {
        "id": token_id,
        "name": name,
        "roles": [Role(role).value for role in roles],
        "may_act_for_others": may_act_for_others,
        "secret_hash": _hash(secret),
        "created_at": now or datetime.now(UTC),
    }
    session.execute(insert(tokens).values(**row))
    if tied_to:
        session.execute(insert(token_ties).values(token_id=token_id, **tied_to))
    return f"{PREFIX}_{token_id}_{secret}"


def verify(session: Session, text: str) -> TokenInfo | None:
    """The token of this text, unless it is unknown, revoked or not one at all."""
    prefix, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    row = _row(session, token_id) if prefix == PREFIX else None
    # The comparison is made in any case, so that its time does not tell which ids exist.
    right = secrets.compare_digest(_hash(secret), row.secret_hash if row else _hash(""))
    return TokenInfo.model_validate(row) if row and right and row.revoked_at is None else None


def list(session: Session) -> tuple[TokenInfo, ...]:
    """All tokens, oldest first, also the revoked ones."""
    found = _EVERY.order_by(tokens.c.created_at, tokens.c.id)
    return tuple(TokenInfo.model_validate(row) for row in session.execute(found))


def revoke(session: Session, token_id: str, now: datetime) -> None:
    """End a token. Raises NotFound when there is none of that id."""
    if _row(session, token_id) is None:
        raise NotFound(f"There is no token {token_id}.")
    here = (tokens.c.id == token_id) & tokens.c.revoked_at.is_(None)
    session.execute(update(tokens).where(here).values(revoked_at=now))


def touch(session: Session, token_id: str, now: datetime) -> None:
    """Note that a token was used."""
    session.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_at=now))


def _row(session: Session, token_id: str) -> Any:
    if not token_id.isascii() or "\0" in token_id:
        return None
    return session.execute(_EVERY.where(tokens.c.id == token_id)).first()


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
