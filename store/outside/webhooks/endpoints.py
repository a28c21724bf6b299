"""Who wants to be told: addresses, what each of them wants, and the secrets that what they get is signed with.

Secrets are needed to sign, so they are kept as they are, in the shop's own database. They leave this room only toward
the signature; whoever adds an endpoint or rotates its secret sees that one once.
"""

import base64
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.outside.webhooks import BOTH_SECRETS, EventType
from models.tables import webhook_deliveries, webhook_endpoints

_p, _d = webhook_endpoints.c, webhook_deliveries.c
#: More than any shop needs; each of them gets everything that happens.
MOST = 50


class Secret(BaseModel):
    """One secret; `until` is None for the newest."""

    model_config = ConfigDict(frozen=True)

    secret: str = Field(repr=False)
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it signs."""
        return self.until is None or now < self.until


class Endpoint(BaseModel):
    """One address that is told."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    url: str
    events: tuple[str, ...]
    note: str
    state: Literal["active", "off"]
    why: str | None = None
    secrets: tuple[Secret, ...] = Field(repr=False, exclude=True)
    created_at: datetime
    created_by: str
    failing_since: datetime | None = None
    last_at: datetime | None = None

    def signing(self, now: datetime) -> tuple[str, ...]:
        """The secrets that sign now, the newest first: two while one is being changed for another."""
        return tuple(one.secret for one in self.secrets if one.holds(now))

    @property
    def mark(self) -> str:
        """What tells its newest secret from any other, and nothing more."""
        return sha256(self.secrets[0].secret.encode()).hexdigest()[:16] if self.secrets else ""

    def old_until(self, now: datetime) -> datetime | None:
        """Until when a replaced secret signs besides."""
        return max((one.until for one in self.secrets if one.until and one.until > now), default=None)


def new_secret() -> str:
    """A secret as Standard Webhooks writes them."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def add(
    session: Session, url: str, events: Collection[EventType], note: str, by: str, now: datetime
) -> tuple[Endpoint, str]:
    """A new endpoint, and its secret. Raises Conflict when the address is there already, or there are too many."""
    count = session.execute(select(func.count()).select_from(webhook_endpoints)).scalar_one()
    if count >= MOST:
        raise Conflict(f"There are {MOST} endpoints already; remove one that nobody needs.")
    same = session.execute(select(_p.id).where(_p.url == url)).scalar()
    if same:
        raise Conflict(f"That address is told already, as endpoint {same}; change that one.")
    secret = new_secret()
    row = {
        "id": f"ep_{uuid4().hex[:20]}",
        "url": url,
        "events": sorted({str(one) for one in events}),
        "note": note,
        "state": "active",
        "secrets": [{"secret": secret}],
        "created_at": now,
        "created_by": by,
    }
    session.execute(insert(webhook_endpoints).values(**row))
    return load(session, str(row["id"])), secret


def load(session: Session, endpoint_id: str) -> Endpoint:
    """Raises NotFound."""
    row = session.execute(select(webhook_endpoints).where(_p.id == endpoint_id)).first()
    if row is None:
        raise NotFound(f"There is no endpoint {endpoint_id[:50]}; 'aftercare webhooks list' shows those there are.")
    return Endpoint.model_validate(row)


def every(session: Session) -> tuple[Endpoint, ...]:
    """All of them, the oldest first."""
    found = session.execute(select(webhook_endpoints).order_by(_p.created_at, _p.id))
    return tuple(Endpoint.model_validate(row) for row in found)


def waiting(session: Session) -> dict[str, int]:
    """How many deliveries wait, by endpoint."""
    counted = select(_d.endpoint_id, func.count()).where(_d.state == "waiting").group_by(_d.endpoint_id)
    return {row[0]: row[1] for row in session.execute(counted)}


def change(session: Session, endpoint_id: str, url: str, events: Collection[EventType], note: str) -> Endpoint:
    """Another address, other events, another note. Raises NotFound, or Conflict for an address of another endpoint."""
    load(session, endpoint_id)
    same = session.execute(select(_p.id).where(_p.url == url, _p.id != endpoint_id)).scalar()
    if same:
        raise Conflict(f"That address is told already, as endpoint {same}.")
    changed = {"url": url, "events": sorted({str(one) for one in events}), "note": note}
    session.execute(update(webhook_endpoints).where(_p.id == endpoint_id).values(**changed))
    return load(session, endpoint_id)


def enable(session: Session, endpoint_id: str, now: datetime) -> Endpoint:
    """Switch it on again: what had waited is tried at once, what was given up stays so until it is replayed."""
    load(session, endpoint_id)
    on = {"state": "active", "why": None, "failing_since": None}
    session.execute(update(webhook_endpoints).where(_p.id == endpoint_id).values(**on))
    waiting_here = (_d.endpoint_id == endpoint_id) & (_d.state == "waiting")
    session.execute(update(webhook_deliveries).where(waiting_here).values(tries=0, try_at=now))
    return load(session, endpoint_id)


def switch_off(session: Session, endpoint_id: str, why: str) -> None:
    """Tell it nothing more; what waits stays where it is."""
    off = {"state": "off", "why": why}
    session.execute(update(webhook_endpoints).where(_p.id == endpoint_id, _p.state == "active").values(**off))


def rotate(
    session: Session, endpoint_id: str, now: datetime, both_for: timedelta = BOTH_SECRETS
) -> tuple[Endpoint, str]:
    """A new secret; the one before it signs besides for a while, until its receiver knows this one. Raises NotFound."""
    before = load(session, endpoint_id)
    secret = new_secret()
    old = {"secret": before.secrets[0].secret, "until": (now + both_for).isoformat()}
    kept = [{"secret": secret}, *([old] if both_for else [])]
    session.execute(update(webhook_endpoints).where(_p.id == endpoint_id).values(secrets=kept))
    return load(session, endpoint_id), secret


def remove(session: Session, endpoint_id: str) -> None:
    """It is gone with its deliveries. Raises NotFound."""
    load(session, endpoint_id)
    session.execute(delete(webhook_deliveries).where(_d.endpoint_id == endpoint_id))
    session.execute(delete(webhook_endpoints).where(_p.id == endpoint_id))
