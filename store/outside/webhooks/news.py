"""What other programs are to be told: written with the decision, and spread afterwards to whoever wants it."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from uuid import uuid4

from sqlalchemy import Boolean, Executable, bindparam, delete, exists, insert, literal, select, update
from sqlalchemy.orm import Session

from models.outside.webhooks import KEPT, Event, wants
from models.tables import webhook_deliveries, webhook_endpoints, webhook_events
from store.documents import Row, execute, insert_into, is_postgres, put_new, to_json

_e, _d, _p = webhook_events.c, webhook_deliveries.c, webhook_endpoints.c
#: Events spread, and old ones thrown away, in one transaction.
BATCH = 200


def note(session: Session, events: Sequence[Event]) -> None:
    """Write down what happened, each once, where anybody wants to be told; in a shop without endpoints nothing is."""
    if events:
        execute(session, _note(is_postgres(session)), [_row(event) for event in events])


def test(session: Session, event: Event, endpoint_id: str) -> str:
    """A test for one endpoint alone, whatever it wants; answers its delivery's id."""
    row = {name.removeprefix("w_"): value for name, value in _row(event).items()}
    session.execute(insert(webhook_events).values(**row, spread=True))
    delivery = _delivery(event.id, endpoint_id, event.at)
    session.execute(insert(webhook_deliveries).values(**delivery))
    return str(delivery["id"])


def _row(event: Event) -> dict[str, object]:
    return {"w_id": event.id, "w_type": event.type.value, "w_at": event.at, "w_body": to_json(event.body)}


@cache
def _note(postgres: bool) -> Executable:
    """One journey: the row is written if there is an endpoint, and nobody has to ask first."""
    names = ("id", "type", "at", "body")
    values = [bindparam(f"w_{name}", type_=webhook_events.c[name].type) for name in names]
    anybody = exists().where(_p.state == "active")
    wanted = select(*values, literal(False, Boolean)).where(anybody)
    return insert_into(webhook_events, postgres).from_select([*names, "spread"], wanted).on_conflict_do_nothing()


def spread(session: Session, now: datetime) -> int:
    """Turn a batch of events into deliveries to whoever wants them; answers how many events were looked at."""
    waiting = select(webhook_events).where(_e.spread.is_(False)).order_by(_e.at, _e.id).limit(BATCH)
    events = session.execute(waiting.with_for_update(skip_locked=True)).all()
    if not events:
        return 0
    active = session.execute(select(_p.id, _p.events).where(_p.state == "active")).all()
    rows: list[Row] = [
        _delivery(event.id, endpoint.id, now)
        for event in events
        for endpoint in active
        if wants(endpoint.events, event.type)
    ]
    put_new(session, webhook_deliveries, rows)
    session.execute(update(webhook_events).where(_e.id.in_([event.id for event in events])).values(spread=True))
    return len(events)


def _delivery(event_id: str, endpoint_id: str, now: datetime) -> Row:
    return {
        "id": uuid4().hex,
        "endpoint_id": endpoint_id,
        "event_id": event_id,
        "made_at": now,
        "state": "waiting",
        "try_at": now,
        "answers": [],
    }


def any_unspread(session: Session) -> bool:
    """Whether anything is to be spread."""
    return session.execute(select(_e.id).where(_e.spread.is_(False)).limit(1)).first() is not None


def forget(session: Session, now: datetime) -> int:
    """Throw away what ended long ago, a batch of it; answers how many rows went."""
    old = select(_d.id).where(_d.ended_at < now - KEPT).limit(BATCH)
    gone = session.execute(delete(webhook_deliveries).where(_d.id.in_(old.scalar_subquery())))
    left = exists().where(_d.event_id == _e.id)
    lonely = select(_e.id).where(_e.spread, _e.at < now - KEPT, ~left).limit(BATCH)
    more = session.execute(delete(webhook_events).where(_e.id.in_(lonely.scalar_subquery())))
    return int(getattr(gone, "rowcount", 0)) + int(getattr(more, "rowcount", 0))
