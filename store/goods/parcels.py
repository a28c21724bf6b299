"""Every box that came in, once, whatever is scanned how often; the shelf is those whose case is not known (G1, G2)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4
from zlib import crc32

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, delete, func, or_, select, tuple_, update
from sqlalchemy import insert as insert_into
from sqlalchemy.orm import Session

from models.commands import Actor
from models.errors import Conflict, NotFound
from models.goods.parcels import ParcelState
from models.tables import parcel_cases, parcel_files, parcels
from store.cursors import decode, encode
from store.documents import is_postgres, put_new

_p, _c, _f = parcels.c, parcel_cases.c, parcel_files.c
#: Boxes that are in the house, or went to a case from here.
LIVE = ("on_shelf", "booked", "matched")
_SCAN_LOCK = 0x4146_5407


class NewParcel(BaseModel):
    """What the warehouse says of a box."""

    model_config = ConfigDict(frozen=True)

    code: str = ""
    waybill: str | None = None
    box: int | None = None
    of: int | None = None
    scan_id: str | None = None
    grams: int | None = None
    note: str | None = None
    sender_name: str | None = None
    phone_tail: str | None = None
    product: str | None = None
    invoice_enclosed: bool | None = None


class Parcel(NewParcel):
    """A box as it is kept, with its cases and photos; `untold` are those cases that do not know of it yet."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    state: ParcelState
    at: datetime
    by: str
    due_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_role: str | None = None
    reason: str | None = None
    sent_carrier: str | None = None
    sent_waybill: str | None = None
    case_nos: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()


# ── scanning ──────────────────────────────────────────────────────────────────────────────────────


def one_scan_at_a_time(session: Session, new: NewParcel) -> None:
    """Until the transaction ends nobody else takes this box in: of two scans in one second the second sees the first.

    SQLite lets one writer in at a time anyway.
    """
    if is_postgres(session):
        for named in sorted({new.scan_id or "", new.waybill or new.code}):
            session.execute(select(func.pg_advisory_xact_lock((_SCAN_LOCK << 32) | crc32(named.encode()))))


def same_box(session: Session, new: NewParcel, since: datetime, another: bool = False) -> Parcel | None:
    """The box that was scanned already: under the scanner's own id, by its waybill, or by its code a moment ago.

    Where somebody has said that it is another one, only his own id tells that he said so before.

    A slip's code or an order number can lie in several boxes, so it tells a box only for as long as a scanner may beep
    twice; a waybill is on one box, or on the numbered boxes of one delivery.
    """
    same = _p.code == new.code
    lately = same & (_p.at >= since) if new.code else _p.id.is_(None)
    waiting = same & (_p.state == "on_shelf") & (_p.code != "")
    by_waybill = [_p.waybill == new.waybill] if new.waybill else []
    known = or_(*by_waybill, lately, waiting) & _p.state.in_(LIVE) & _p.box.is_not_distinct_from(new.box)
    if new.scan_id is not None:
        by_id = session.execute(select(_p.id).where(_p.scan_id == new.scan_id)).scalar()
        if by_id is not None:
            return load(session, by_id)
    if another:
        return None
    found = session.execute(select(_p.id).where(known).order_by(_p.at.desc(), _p.id).limit(1)).scalar()
    return None if found is None else load(session, found)


def put(session: Session, new: NewParcel, at: datetime, by: str, due_at: datetime) -> str:
    """Put a box on the shelf; answers its id."""
    row = {**new.model_dump(), "id": uuid4().hex[:12], "state": "on_shelf", "at": at, "by": by, "due_at": due_at}
    session.execute(insert_into(parcels).values(**row))
    return str(row["id"])


def give(
    session: Session, parcel_id: str, case_nos: Sequence[str], state: ParcelState, at: datetime, actor: Actor
) -> None:
    """Say which cases a box is for; they are still to be told. Raises Conflict when it is not on the shelf any more."""
    taken = update(parcels).where(_p.id == parcel_id, _p.state == "on_shelf").values(state=state)
    ended = {"ended_at": at, "ended_by": actor.id, "ended_role": actor.role.value} if state == "matched" else {}
    if not session.execute(taken.values(**ended).returning(_p.id)).all():
        raise Conflict(f"The parcel {parcel_id} is not on the shelf any more.")
    tie(session, parcel_id, case_nos, at, actor)


def tie(session: Session, parcel_id: str, case_nos: Sequence[str], at: datetime, actor: Actor) -> None:
    """Say that a box is for these cases too; those that are new are still to be told."""
    who = {"at": at, "by": actor.id, "role": actor.role.value}
    put_new(session, parcel_cases, [{"parcel_id": parcel_id, "case_no": no, **who, "told": False} for no in case_nos])


def told(session: Session, parcel_id: str, case_no: str) -> None:
    """A case knows of a box by now."""
    here = (_c.parcel_id == parcel_id) & (_c.case_no == case_no)
    session.execute(update(parcel_cases).where(here).values(told=True))


def not_taken(session: Session, parcel_id: str, case_no: str, why: str) -> None:
    """A case refused a box; where no other has it, it lies on the shelf again, with the reason."""
    session.execute(delete(parcel_cases).where(_c.parcel_id == parcel_id, _c.case_no == case_no))
    if session.execute(select(_c.case_no).where(_c.parcel_id == parcel_id)).first() is None:
        note = session.execute(select(_p.note).where(_p.id == parcel_id)).scalar()
        words = "\n".join(one for one in (note, f"{case_no}: {why}") if one)
        none = {"ended_at": None, "ended_by": None, "ended_role": None}
        session.execute(update(parcels).where(_p.id == parcel_id).values(state="on_shelf", note=words[:5000], **none))


def untold(session: Session, before: datetime, limit: int) -> tuple[Parcel, ...]:
    """Boxes whose cases should know of them since then and do not, the oldest first."""
    late = select(_c.parcel_id).where(~_c.told, _c.at < before).order_by(_c.at, _c.parcel_id).limit(limit)
    numbers = dict.fromkeys(session.execute(late).scalars())
    return _loaded(session, select(parcels).where(_p.id.in_(list(numbers))).order_by(_p.at, _p.id))


def add_note(session: Session, parcel_id: str, new: NewParcel) -> None:
    """What a later scan of the same box knows more of it; what is known already stays."""
    fields = ("grams", "note", "sender_name", "phone_tail", "product", "invoice_enclosed", "waybill")
    here = session.execute(select(parcels).where(_p.id == parcel_id)).one()._mapping
    more = {name: value for name in fields if (value := getattr(new, name)) is not None and here[name] is None}
    if more:
        session.execute(update(parcels).where(_p.id == parcel_id).values(**more))


def describe(session: Session, parcel_id: str, told: Mapping[str, Any]) -> None:
    """What somebody reads off a box on the shelf, over what was read before. Raises NotFound, Conflict."""
    load(session, parcel_id)
    here = update(parcels).where(_p.id == parcel_id, _p.state == "on_shelf").values(**told)
    if not session.execute(here.returning(_p.id)).all():
        raise Conflict(f"The parcel {parcel_id} is not on the shelf any more.")


# ── the end of a box on the shelf ─────────────────────────────────────────────────────────────────


def end(
    session: Session,
    parcel_id: str,
    state: ParcelState,
    reason: str,
    at: datetime,
    actor: Actor,
    carrier: str | None = None,
    waybill: str | None = None,
) -> None:
    """Dispose of a box, or send it back. Raises Conflict when it is not on the shelf any more."""
    ended = {"state": state, "reason": reason, "ended_at": at, "ended_by": actor.id, "ended_role": actor.role.value}
    sent = {"sent_carrier": carrier, "sent_waybill": waybill}
    here = update(parcels).where(_p.id == parcel_id, _p.state == "on_shelf").values(**ended, **sent)
    if not session.execute(here.returning(_p.id)).all():
        raise Conflict(f"The parcel {parcel_id} is not on the shelf any more.")


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def load(session: Session, parcel_id: str) -> Parcel:
    """One box. Raises NotFound."""
    found = _loaded(session, select(parcels).where(_p.id == parcel_id))
    if not found:
        raise NotFound(f"There is no parcel '{parcel_id}': check the number.")
    return found[0]


class ParcelFilters(BaseModel):
    """What a list of boxes is narrowed to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: tuple[str, ...] = ()
    case_no: str | None = None
    waybill: str | None = None  # or any other code that was scanned
    overdue: bool = False  # on the shelf past its deadline


def page(
    session: Session, filters: ParcelFilters, now: datetime, cursor: str | None = None, limit: int = 50
) -> tuple[tuple[Parcel, ...], str | None]:
    """A page of boxes, the longest here first, and the cursor of the next page."""
    found = select(parcels).where(*_conditions(filters, now))
    if cursor is not None:
        found = found.where(tuple_(_p.at, _p.id) > decode(cursor, "parcels", (_p.at, _p.id)))
    rows = _loaded(session, found.order_by(_p.at, _p.id).limit(limit + 1))
    more = len(rows) > limit
    return rows[:limit], encode("parcels", (rows[limit - 1].at, rows[limit - 1].id)) if more else None


def _conditions(filters: ParcelFilters, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_p.state.in_(filters.state)] if filters.state else []
    if filters.case_no is not None:
        found.append(_p.id.in_(select(_c.parcel_id).where(_c.case_no == filters.case_no)))
    if filters.waybill is not None:
        found.append(or_(_p.waybill == filters.waybill, _p.code == filters.waybill))
    return [*found, _p.state == "on_shelf", _p.due_at <= now] if filters.overdue else found


def due(session: Session, until: datetime, after: str | None, limit: int) -> tuple[Parcel, ...]:
    """Boxes whose time on the shelf is over by then, the longest over first."""
    late = select(parcels).where(_p.state == "on_shelf", _p.due_at <= until, _p.id > (after or ""))
    return _loaded(session, late.order_by(_p.id).limit(limit))


def every(session: Session, state: str | None = None, limit: int = 100_000) -> tuple[Parcel, ...]:
    """All boxes in the order in which they came, for the register."""
    found = select(parcels) if state is None else select(parcels).where(_p.state == state)
    return _loaded(session, found.order_by(_p.at, _p.id).limit(limit))


def some(session: Session, state: str | None, after: int, most: int) -> tuple[Parcel, ...]:
    """Some of them, in the same order, without reading those before."""
    found = select(parcels) if state is None else select(parcels).where(_p.state == state)
    return _loaded(session, found.order_by(_p.at, _p.id).offset(after).limit(most))


def _loaded(session: Session, found: Select[Any]) -> tuple[Parcel, ...]:
    rows = session.execute(found).all()
    ids = [row.id for row in rows]
    tied = _tied(session, ids)
    shown = _photos(session, ids)
    return tuple(
        Parcel(
            **row._mapping,
            case_nos=tuple(no for no, _ in tied.get(row.id, ())),
            untold=tuple(no for no, knows in tied.get(row.id, ()) if not knows),
            photos=tuple(shown.get(row.id, ())),
        )
        for row in rows
    )


#: So many ids fit into one question to every database.
_AT_ONCE = 500


def _tied(session: Session, ids: Sequence[str]) -> dict[str, list[tuple[str, bool]]]:
    found: dict[str, list[tuple[str, bool]]] = {}
    for some in _batches(ids):
        rows = select(parcel_cases).where(_c.parcel_id.in_(some)).order_by(_c.at, _c.case_no)
        for row in session.execute(rows):
            found.setdefault(row.parcel_id, []).append((row.case_no, row.told))
    return found


def _photos(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for some in _batches(ids):
        rows = select(parcel_files).where(_f.parcel_id.in_(some)).order_by(_f.at, _f.file_id)
        for row in session.execute(rows):
            found.setdefault(row.parcel_id, []).append(row.file_id)
    return found


def _batches(ids: Sequence[str]) -> list[Collection[str]]:
    return [ids[i : i + _AT_ONCE] for i in range(0, len(ids), _AT_ONCE)]


# ── photos ────────────────────────────────────────────────────────────────────────────────────────


def add_photo(session: Session, parcel_id: str, file_id: str, at: datetime, actor: Actor) -> None:
    """Say that a photo shows this box; the same again changes nothing."""
    who = {"by": actor.id, "role": actor.role.value}
    put_new(session, parcel_files, [{"parcel_id": parcel_id, "file_id": file_id, "at": at, **who}])
