"""Deliveries to other programs: taken by one worker at a time, tried again for a day, listed and replayed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, and_, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.outside.webhooks import FAILING_FOR, Answer, Verdict, next_wait, verdict
from models.tables import webhook_deliveries, webhook_endpoints, webhook_events
from store import cursors
from store.outside.webhooks import endpoints
from store.outside.webhooks.endpoints import Endpoint
from store.people.letters import notice

_d, _e, _p = webhook_deliveries.c, webhook_events.c, webhook_endpoints.c
#: How long a worker may take for one; then another one takes it.
LEASE = timedelta(seconds=60)
#: Answers that are kept of one delivery, and deliveries that one replay begins anew.
MOST_ANSWERS, MOST_REPLAYED = 20, 10_000
#: In a quiet shop the first try after days may meet a short trouble; so many in a row are none.
SURE_AFTER = 3

State = Literal["waiting", "delivered", "given_up"]


@dataclass(frozen=True, slots=True)
class Errand:
    """One delivery that is to be made now."""

    id: str
    event_id: str
    body: str
    endpoint: Endpoint
    tries: int


class Delivery(BaseModel):
    """How it stands with one event at one endpoint."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    endpoint_id: str
    event_id: str
    type: str
    at: datetime
    made_at: datetime
    state: State
    tries: int
    try_at: datetime
    ended_at: datetime | None
    answers: tuple[dict[str, Any], ...]


class DeliveryWhole(Delivery):
    """With what is sent."""

    body: str


_LISTED = (*(column for column in webhook_deliveries.c if column.name != "claimed_until"), _e.type, _e.at)


def _joined(*columns: Any) -> Any:
    return select(*columns).join(webhook_events, _e.id == _d.event_id)


# ── carrying out ──────────────────────────────────────────────────────────────────────────────────


def _free(now: datetime) -> Any:
    nobody = or_(_d.claimed_until.is_(None), _d.claimed_until <= now)
    return and_(_d.state == "waiting", _d.try_at <= now, nobody)


def due(session: Session, now: datetime) -> tuple[str, ...]:
    """The endpoints that something is to be delivered to now."""
    found = select(_d.endpoint_id).distinct().join(webhook_endpoints, _p.id == _d.endpoint_id)
    return tuple(session.execute(found.where(_free(now), _p.state == "active").order_by(_d.endpoint_id)).scalars())


def claim(session: Session, endpoint_id: str, now: datetime, most: int) -> list[Errand]:
    """Take deliveries of one endpoint that nobody is at; a claim ends by itself, as the worker that took it may die."""
    endpoint = endpoints.load(session, endpoint_id)
    if endpoint.state != "active":
        return []
    found = select(_d.id, _d.event_id, _d.tries).where(_free(now), _d.endpoint_id == endpoint_id)
    rows = session.execute(found.order_by(_d.try_at, _d.id).limit(most).with_for_update(skip_locked=True)).all()
    if not rows:
        return []
    mine = update(webhook_deliveries).where(_d.id.in_([row.id for row in rows]))
    session.execute(mine.values(claimed_until=now + LEASE, tries=_d.tries + 1))
    wanted = select(_e.id, _e.body).where(_e.id.in_([row.event_id for row in rows]))
    bodies = {row.id: row.body for row in session.execute(wanted)}
    return [Errand(row.id, row.event_id, bodies[row.event_id], endpoint, row.tries + 1) for row in rows]


def came_to(session: Session, errand: Errand, answer: Answer, began: datetime, now: datetime) -> Verdict:
    """Write down what a try came to, and what follows for the delivery and its endpoint."""
    found = verdict(answer, errand.tries)
    row = session.execute(select(_d.answers).where(_d.id == errand.id)).first()
    if row is None:
        return found  # its endpoint was removed meanwhile
    told = {"at": began.isoformat(), "status": answer.status, "words": answer.words}
    took = {"took_ms": round((now - began).total_seconds() * 1000)}
    changed: dict[str, Any] = {"claimed_until": None, "answers": [*row.answers, {**told, **took}][-MOST_ANSWERS:]}
    if found == "delivered":
        changed |= {"state": "delivered", "ended_at": now}
    elif found == "again":
        changed |= {"try_at": now + next_wait(answer, errand.tries)}
    else:
        changed |= {"state": "given_up", "ended_at": now}
    session.execute(update(webhook_deliveries).where(_d.id == errand.id).values(**changed))
    _of_endpoint(session, errand, found, now)
    return found


def _of_endpoint(session: Session, errand: Errand, found: Verdict, now: datetime) -> None:
    endpoint_id = errand.endpoint.id
    here = update(webhook_endpoints).where(_p.id == endpoint_id)
    if found == "delivered":
        session.execute(here.values(failing_since=None, last_at=now))
        return
    session.execute(here.where(_p.failing_since.is_(None)).values(failing_since=now))
    endpoint = endpoints.load(session, endpoint_id)
    if endpoint.state == "off" or endpoint.failing_since is None:
        return
    if found == "gone":
        _switch_off(session, endpoint, "it answered 410: it is gone for good", now)
    elif now - endpoint.failing_since >= FAILING_FOR and errand.tries >= SURE_AFTER:
        _switch_off(session, endpoint, f"it took nothing for {FAILING_FOR.days} days", now)


def _switch_off(session: Session, endpoint: Endpoint, why: str, now: datetime) -> None:
    endpoints.switch_off(session, endpoint.id, why)
    words = {
        "en": f"Webhooks to {endpoint.url} were switched off: {why}. Put it right and switch them on again "
        f"('aftercare webhooks enable {endpoint.id}').",
        "zh": f"已停止向 {endpoint.url} 推送通知({_ZH[why.startswith('it answered')]})。修复后请重新启用"
        f"(aftercare webhooks enable {endpoint.id})。",
    }
    notice(session, f"webhook-off:{endpoint.id}:{now:%Y%m%d%H%M%S}", "manager", words, now)


_ZH = {True: "对方返回 410,地址已失效", False: f"连续 {FAILING_FOR.days} 天没有收到"}


# ── looking, and again ────────────────────────────────────────────────────────────────────────────


def load(session: Session, delivery_id: str) -> DeliveryWhole:
    """Raises NotFound."""
    row = session.execute(_joined(*_LISTED, _e.body).where(_d.id == delivery_id)).first()
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id[:50]}; those that ended are kept for 30 days.")
    return DeliveryWhole.model_validate(row)


def page(
    session: Session, endpoint_id: str, state: State | None, cursor: str | None, limit: int
) -> tuple[tuple[Delivery, ...], str | None]:
    """Deliveries of an endpoint, the newest first, and where the list goes on. Raises NotFound, Invalid."""
    endpoints.load(session, endpoint_id)
    order = [_d.made_at, _d.id]
    found = _joined(*_LISTED).where(_d.endpoint_id == endpoint_id)
    if state:
        found = found.where(_d.state == state)
    if cursor:
        found = found.where(tuple_(*order) < cursors.decode(cursor, "deliveries", order))
    rows: list[Row[Any]] = list(session.execute(found.order_by(_d.made_at.desc(), _d.id.desc()).limit(limit + 1)))
    shown = tuple(Delivery.model_validate(row) for row in rows[:limit])
    more = len(rows) > limit
    return shown, cursors.encode("deliveries", (shown[-1].made_at, shown[-1].id)) if more else None


def replay(session: Session, delivery_id: str, now: datetime) -> DeliveryWhole:
    """Deliver one again from the beginning, under the same `webhook-id`. Raises NotFound."""
    load(session, delivery_id)
    _begin_anew(session, _d.id == delivery_id, now)
    return load(session, delivery_id)


def replay_many(session: Session, endpoint_id: str, since: datetime | None, everything: bool, now: datetime) -> int:
    """Deliver again what was given up since an instant, or everything since then; answers how many. Raises NotFound."""
    endpoints.load(session, endpoint_id)
    here = [_d.endpoint_id == endpoint_id, _d.state != "waiting" if everything else _d.state == "given_up"]
    if since is not None:
        here.append(_d.made_at >= since)
    chosen = select(_d.id).where(*here).order_by(_d.made_at, _d.id).limit(MOST_REPLAYED)
    count = session.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
    _begin_anew(session, _d.id.in_(chosen.scalar_subquery()), now)
    return int(count)


def _begin_anew(session: Session, chosen: Any, now: datetime) -> None:
    anew = {"state": "waiting", "tries": 0, "try_at": now, "ended_at": None, "claimed_until": None}
    session.execute(update(webhook_deliveries).where(chosen).values(**anew))
