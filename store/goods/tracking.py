"""What couriers said of waybills, where each parcel stands by it, and which cases are still to be told (L16, G14)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models import tables
from models.case import Case
from models.goods.tracking import Standing, TrackingEvent, awaited, fold
from models.lifecycle import State
from models.outside.webhooks import Event, EventType
from store import cases, orders
from store.documents import is_postgres, put, put_new
from store.goods import watch
from store.outside.webhooks import news

_events, _tracking, _ties = tables.tracking_events, tables.tracking, tables.order_waybills
_FOLD_LOCK = 0x4146_5406


@dataclass(frozen=True, slots=True)
class Untold:
    """A parcel whose cases are to be told; `version` says up to which news."""

    waybill: str
    standing: Standing
    version: int


def one_reader_at_a_time(session: Session) -> None:
    """Until the transaction ends nobody else folds: two that folded one waybill at once would each miss an event."""
    if is_postgres(session):
        session.execute(select(func.pg_advisory_xact_lock(_FOLD_LOCK)))


def take(session: Session, events: Collection[TrackingEvent], source: str, now: datetime) -> None:
    """Keep what was said, and fold it; of events that are known nothing changes."""
    rows = {
        (event.waybill, event.key): {
            "waybill": event.waybill,
            "key": event.key,
            "at": event.at,
            "document": event.model_dump(mode="json", exclude_defaults=True),
            "source": source,
            "told_at": now,
        }
        for event in events
    }
    put_new(session, _events, list(rows.values()))
    for waybill in sorted({event.waybill for event in events}):
        _refold(session, waybill, now)


def _refold(session: Session, waybill: str, now: datetime) -> None:
    found = fold(events_of(session, waybill))
    before = session.execute(select(_tracking).where(_tracking.c.waybill == waybill)).first()
    if found is None or (before and Standing.model_validate(before.standing) == found):
        return
    row = {"waybill": waybill, "standing": found.model_dump(mode="json"), "changed_at": now, "pending": True}
    watch.heard_of(session, waybill, now)
    version = before.version + 1 if before else 1
    put(session, _tracking, [{**row, "version": version}])
    told = {"waybill": waybill, "what": found.what.value, "back": found.back, "at": found.at.isoformat()}
    key = f"parcel:{waybill}:{version}:{found.key}"
    news.note(session, [Event(key=key, type=EventType.PARCEL_CHANGED, at=now, data={**told, "version": version})])


def events_of(session: Session, waybill: str) -> tuple[TrackingEvent, ...]:
    """Everything said of a waybill, by the events' own time."""
    found = select(_events.c.document).where(_events.c.waybill == waybill)
    told = (TrackingEvent.model_validate(document) for document in session.execute(found).scalars())
    return tuple(sorted(told, key=lambda event: event.order))


def standing(session: Session, waybill: str) -> Standing | None:
    """Where a parcel stands by all that was said, or None when nothing was."""
    found = session.execute(select(_tracking.c.standing).where(_tracking.c.waybill == waybill)).scalar()
    return None if found is None else Standing.model_validate(found)


# ── who is to be told ─────────────────────────────────────────────────────────────────────────────


def untold(session: Session, most: int) -> tuple[Untold, ...]:
    """Parcels whose cases are still to be told, the longest waiting first."""
    found = select(_tracking).where(_tracking.c.pending).order_by(_tracking.c.changed_at, _tracking.c.waybill)
    rows = session.execute(found.limit(most))
    return tuple(Untold(row.waybill, Standing.model_validate(row.standing), row.version) for row in rows)


def told(session: Session, parcels: Iterable[Untold]) -> None:
    """Its cases were told; what came in since is still to be told."""
    for parcel in parcels:
        same = (_tracking.c.waybill == parcel.waybill) & (_tracking.c.version == parcel.version)
        session.execute(update(_tracking).where(same).values(pending=False))


def cases_of(session: Session, waybill: str) -> tuple[Case, ...]:
    """The open cases that named this waybill themselves."""
    return _open(session, cases.by_waybill(session, waybill))


def waiting_for(session: Session, waybill: str) -> tuple[Case, ...]:
    """The cases that wait for this parcel: by their own waybill, or as what their order had sent."""
    own = [case for case in cases_of(session, waybill) if awaited(case, waybill)]
    return (*own, *_calling_back(session, waybill))


def _calling_back(session: Session, waybill: str) -> Iterable[Case]:
    recalling = (tables.cases.c.state == State.RECALLING.value) & (_ties.c.waybill == waybill)
    joined = tables.cases.join(_ties, _ties.c.order_no == tables.cases.c.order_no)
    numbers = session.execute(select(tables.cases.c.case_no).select_from(joined).where(recalling)).scalars().all()
    return [case for case in _open(session, numbers) if awaited(case, waybill) and _carries(session, case, waybill)]


def _carries(session: Session, case: Case, waybill: str) -> bool:
    """Whether it is the parcel with the case's lines: others of the order may go their way."""
    order = orders.load(session, case.order.order_no) if case.order else None
    shipments = [one for one in order.shipments if one.waybill == waybill] if order else []
    return any(shipment.carries(line.line_no) for shipment in shipments for line in case.lines)


def _open(session: Session, numbers: Iterable[str]) -> tuple[Case, ...]:
    found = (cases.load(session, number) for number in numbers)
    return tuple(case for case in found if case is not None and not case.is_final)


def document_of(session: Session, waybill: str) -> dict[str, Any] | None:
    """A waybill as it is shown: where it stands, every event, and the open cases that named it."""
    here = standing(session, waybill)
    if here is None:
        return None
    return {
        "waybill": waybill,
        "standing": here.model_dump(mode="json"),
        "events": [event.model_dump(mode="json") for event in events_of(session, waybill)],
        "case_nos": sorted({case.case_no for case in (*cases_of(session, waybill), *waiting_for(session, waybill))}),
    }
