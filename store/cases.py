"""Cases: opened, committed and read. A case's document is the truth; its columns, clocks and units follow
from it.

The functions take a session inside `store.engine.writing` or `reading`; the transaction is the caller's.
Locks are always taken in the same order, case then order then counter, so that no two writers wait for each other. The
order, which all its cases share, is taken as late as it can be and held until the transaction ends.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Update, bindparam, insert, select, update
from sqlalchemy.orm import Session

from models import tables
from models.accounting.limits import side_limits
from models.accounting.other_units import drawn_elsewhere
from models.case import Case
from models.clocks import Clock
from models.commands import Actor
from models.decide import money_refused, short_of_stock
from models.effects import (
    ArmedClock,
    CaseInput,
    CommitInput,
    CommitResult,
    Decision,
    Effects,
    Message,
    MoneyRefusal,
    SplitOff,
)
from models.errors import Conflict, NotFound
from models.events import SYSTEM, Entry, Fact
from models.goods.lending import lent_elsewhere, without_lending
from models.outside.webhooks import of_case
from models.stock.places import Items, StockMove
from store import case_parts, documents, facts, projection, reservations
from store.accounting import claims, ledger, money, payouts
from store.case_parts import NOTHING, Parts
from store.goods import loaners, warranties
from store.outside.webhooks import news
from store.oversight import callbacks, changes, reasons, usual
from store.people import chain, duty
from store.projection import Calendars
from store.stock import booking, waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case to be opened. `build` gets the number and answers the case with what its opening writes.

    `allowed_per_line` says how many units of each line can be claimed at all: delivered, or ordered for the
    kinds that live before delivery (F18). The same `idempotency_key` with the same `request_hash` answers the
    same case.
    """

    build: Callable[[str], Decision]
    now: datetime
    calendars: Calendars
    order_no: str | None = None
    lines: Mapping[int, int] = field(default_factory=dict)
    allowed_per_line: Mapping[int, int] = field(default_factory=dict)
    description: str | None = None
    contact: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    request_hash: str = ""


# ── opening ───────────────────────────────────────────────────────────────────────────────────────


def next_case_no(session: Session, year: int) -> str:
    """The next case number of a year, such as AC-26-000042, without gaps."""
    name = f"case-{year}"
    taken = documents.insert(session, tables.counters).values(name=name, value=1)
    counted = taken.on_conflict_do_update(
        index_elements=["name"], set_={"value": tables.counters.c.value + 1}
    ).returning(tables.counters.c.value)
    return f"AC-{year % 100:02d}-{session.execute(counted).scalar_one():06d}"


def open_case(session: Session, new: NewCase) -> Case:
    """Take the number, the idempotency key and the units (F18) of a new case and write it, all or nothing.

    Raises NotFound for an unknown order, Conflict for a unit in another open case or a key used for another
    request, Invalid for more units than are left.
    """
    earlier = _claim_key(session, new)
    if earlier is not None:
        return earlier
    if new.order_no is not None:
        if not money.lock_order(session, new.order_no):
            raise NotFound(f"There is no order {new.order_no}; import it first.")
        reservations.check(session, new.order_no, new.lines, new.allowed_per_line)
    decision = new.build(next_case_no(session, new.now.year))
    case = projection.arm(decision.case, new.calendars)
    _insert(session, case, new.calendars, new.description, new.contact)
    _write_parts(session, case, new.calendars, _UNWRITTEN, dict(new.allowed_per_line), new.now)
    _write_effects(session, case, decision.effects, new.now)
    callbacks.write(session, case, decision.effects.callbacks)
    _keep_key(session, new, case.case_no)
    return case


def _claim_key(session: Session, new: NewCase) -> Case | None:
    """Hold the key for this request; the case that was opened under it before, if there is one."""
    if new.idempotency_key is None:
        return None
    row = {"key": new.idempotency_key, "request_hash": new.request_hash, "created_at": new.now}
    # A second request with the same key waits here for the first one's transaction to end.
    documents.put_new(session, tables.idempotency, [row])
    kept = session.execute(select(tables.idempotency).where(tables.idempotency.c.key == new.idempotency_key)).one()
    if kept.request_hash != new.request_hash:
        told = "This Idempotency-Key was used for another request; use a new key for a new case."
        raise Conflict(told, opened=kept.case_no)
    return load(session, kept.case_no) if kept.case_no else None


def _keep_key(session: Session, new: NewCase, case_no: str) -> None:
    if new.idempotency_key is not None:
        here = tables.idempotency.c.key == new.idempotency_key
        session.execute(update(tables.idempotency).where(here).values(case_no=case_no))


def _customer(session: Session, order_no: str | None) -> dict[str, str | None]:
    found = select(tables.orders.c.customer_name, tables.orders.c.customer_phone).where(
        tables.orders.c.order_no == order_no
    )
    row = session.execute(found).first()
    return {"name": row.customer_name, "phone": row.customer_phone} if row else {}


Moves = tuple[StockMove, ...]

# ── committing ────────────────────────────────────────────────────────────────────────────────────


def write_commit(session: Session, drain: CommitInput, calendars: Calendars) -> CommitResult:
    """Write one drain of a case: state, columns, clocks, timeline, money, payouts, messages, splits; all or
    nothing.

    The same drain is not written twice; the answer is then made from what is stored. Another drain on a base that is
    no longer the last comes after a worker died, or a task failed, between its commit and its history: it is answered
    with the case as it is written (`ahead`). A remedy whose money the order's pots cannot give is taken back at once
    (C2), so that no row ever promises it, and answered the same way.
    """
    case, hashed = drain.case, drain_hash(drain)
    written = _written(session, case.case_no)
    if written.row is not None and written.row.version > drain.base:
        return _answer(session, drain) if written.row.last_drain == hashed else _ahead(session, drain)
    armed = projection.arm(case, calendars)
    with documents.together(session):
        _write_over(session, armed, calendars, written, drain.at, last_drain=hashed)
        booked = _write_effects(session, armed, drain.effects, drain.at)
    callbacks.write(session, armed, drain.effects.callbacks)
    for split in drain.effects.splits:
        _split_off(session, case.case_no, split, drain.at, calendars, written.parts.allowed)
    armed = _drawn_elsewhere(session, armed, booked, drain.at, calendars)
    armed, moved = _taken_back(session, armed, booked, drain.at, calendars)
    moves = drain.effects.stock + moved
    if written.row is None or sorted(armed.loaners) != sorted(written.row.loaners or ()):
        armed, moves = _lent_once(session, armed, moves, drain.at, calendars)
    armed = _stock_booked(session, armed, moves, drain.at, calendars)
    if armed.out_of_stock or (written.row is not None and written.row.out_of_stock):
        waiting.write(session, armed)
    warranties.note_repairs(session, armed)
    if written.parts.let_go and not case.is_final:
        _warn_of_clashes(session, armed, drain.at)
    return _answer(session, drain, armed, booked)


def _drawn_elsewhere(session: Session, case: Case, booked: money.Booked, at: datetime, calendars: Calendars) -> Case:
    """The case with the units that were drawn instead of those another one was faster to take, written over it."""
    if not booked.elsewhere:
        return case
    armed = projection.arm(drawn_elsewhere(case, booked.elsewhere, booked.pots), calendars)
    write_case(session, armed, calendars, at)
    return armed


def _taken_back(
    session: Session, case: Case, booked: money.Booked, at: datetime, calendars: Calendars
) -> tuple[Case, Moves]:
    """The case without the remedy whose money was refused, written over the one with it, and what that moves of the
    stock; else the case itself."""
    if not booked.refused:
        return case, ()
    keys = tuple(refusal.key for refusal in booked.refused)
    undone = money_refused(case, keys, booked.refused[0].detail, booked.pots, at)
    if undone.repeated:
        return case, ()
    armed = projection.arm(undone.case, calendars)
    write_case(session, armed, calendars, at)
    with documents.together(session):
        _write_effects(session, armed, undone.effects, at)
    callbacks.write(session, armed, undone.effects.callbacks)
    return armed, undone.effects.stock


def _lent_once(session: Session, case: Case, moves: Moves, at: datetime, calendars: Calendars) -> tuple[Case, Moves]:
    """The case without loaners that another case has had out a moment longer (G8), and the moves that are left."""
    for serial, other in loaners.note(session, case).items():
        moves = without_lending(case, serial, moves)
        undone = lent_elsewhere(case, serial, other, at)
        case = projection.arm(undone.case, calendars)
        write_case(session, case, calendars, at)
        with documents.together(session):
            _write_effects(session, case, undone.effects, at)
    return case, moves


def _stock_booked(session: Session, case: Case, moves: Moves, at: datetime, calendars: Calendars) -> Case:
    """The case once its moves of stock are booked: where what it wants set aside is not there, it waits for it (G5)."""
    booked = booking.book(session, case, moves, at)
    if booked.to_count:
        _ask_to_count(session, case, booked.to_count, at)
    if not booked.short:
        return case
    short = short_of_stock(case, booked.short, at)
    if short.repeated:
        return case
    armed = projection.arm(short.case, calendars)
    write_case(session, armed, calendars, at)
    with documents.together(session):
        _write_effects(session, armed, short.effects, at)
    callbacks.write(session, armed, short.effects.callbacks)
    booking.book(session, armed, short.effects.stock, at)
    return armed


def _ask_to_count(session: Session, case: Case, items: Items, at: datetime) -> None:
    told = ", ".join(f"{quantity} × {sku}" for sku, quantity in items)
    words = f"The stock ledger had less than was moved: {told}. Count it."
    key = f"{case.case_no}:count:{case.version}"
    _write_messages(session, case.case_no, (Message(key=key, to="warehouse", subject=words, at=at),))


def drain_hash(drain: CommitInput) -> str:
    """The same for the same drain tried again, and for no other."""
    return sha256(drain.model_dump_json().encode()).hexdigest()


_LAST_WRITTEN = (
    select(
        *(tables.cases.c[name] for name in ("version", "last_drain", "customer_name", "phone_tail")),
        *(tables.cases.c.document[name].label(name) for name in ("clocks", "claims", "lines", "loaners")),
        tables.cases.c.document["out_of_stock"].as_boolean().label("out_of_stock"),
    )
    .where(tables.cases.c.case_no == bindparam("wanted_case"))
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class _Written:
    """A case as it is written, and locked: of its row the version, the drain that wrote it, what it is searched by,
    and of its document what has rows of its own; those rows."""

    row: Any
    parts: Parts
    reasons: Sequence[Any]


_UNWRITTEN: Final = _Written(None, NOTHING, ())


def _written(session: Session, case_no: str) -> _Written:
    """Lock the row of a case, and read what a commit compares with, in one journey."""
    locking = (_LAST_WRITTEN, {"wanted_case": case_no})
    found = documents.ask(session, locking, case_parts.question(case_no), reasons.question(case_no))
    row = found[0][0] if found[0] else None
    return _Written(row, case_parts.of_rows(found[1]), found[2])


def _ahead(
    session: Session, drain: CommitInput, refused: tuple[MoneyRefusal, ...] = (), written: bool = False
) -> CommitResult:
    """What is written was decided in a moment that the workflow's history does not know; it is the truth.

    The cases that were split off in that moment are named too: nobody may have started them yet.
    """
    case = load(session, drain.case.case_no)
    assert case is not None
    split = tables.case_splits.c
    found = select(split.linked_case_no).where(split.case_no == case.case_no).order_by(split.linked_case_no)
    entries = timeline(session, case.case_no, drain.base_seq)
    return CommitResult(
        version=case.version,
        refused=refused,
        linked=tuple(session.execute(found).scalars()),
        unheard=chain.unheard(session, case, entries, drain.at),
        ahead=case,
        written=written,
        entries=entries,
    )


def write_case(session: Session, case: Case, calendars: Calendars, at: datetime | None = None) -> None:
    """Write an armed case over its row: document, columns, clocks, units, holds, waybills, reasons to be stuck."""
    _write_over(session, case, calendars, _written(session, case.case_no), at or case.last_moved_at)


def _write_over(
    session: Session, case: Case, calendars: Calendars, written: _Written, at: datetime, **more: str | None
) -> None:
    row = written.row
    if row is None:
        _insert(session, case, calendars, None, {}, **more)
    else:
        found = projection.search_text(case, row.customer_name, row.phone_tail)
        columns = {**projection.columns_of(case, calendars, usual.known(session)), "search_text": found, **more}
        documents.execute(session, _write_columns(tuple(columns)), {**columns, "wanted_case": case.case_no})
    _write_parts(session, case, calendars, written, written.parts.allowed, at)


@cache
def _write_columns(names: tuple[str, ...]) -> Update:
    here = tables.cases.c.case_no == bindparam("wanted_case")
    return update(tables.cases).where(here).values({name: bindparam(name) for name in names})


def _insert(
    session: Session,
    case: Case,
    calendars: Calendars,
    description: str | None,
    contact: Mapping[str, Any],
    **more: str | None,
) -> None:
    columns = {**projection.columns_of(case, calendars, usual.known(session)), **more}
    personal = projection.personal_columns(case, description, contact, _customer(session, columns["order_no"]))
    session.execute(insert(tables.cases).values(**columns, **personal))


def _write_parts(
    session: Session,
    case: Case,
    calendars: Calendars,
    written: _Written,
    allowed: Mapping[int, int | None],
    at: datetime,
) -> None:
    row = written.row
    over = _over_before(case, row) if row else ()
    documents.put(session, tables.case_clocks, projection.clock_rows(case, calendars, over))
    reasons.write(session, case, projection.times_of(case, calendars, usual.known(session)), at, written.reasons)
    case_parts.write(session, case, written.parts, allowed)
    if case.claims and (row is None or [one.model_dump(mode="json") for one in case.claims] != row.claims):
        claims.write(session, case)
    facts.write(session, case, row is not None and [one.model_dump(mode="json") for one in case.lines] == row.lines)


def _over_before(case: Case, written: Any) -> list[Clock]:
    """The clocks that were over when the case was last written, and are as they were: their rows stay."""
    over = (clock for clock in case.clocks if clock.state in ("met", "cancelled"))
    return [clock for clock in over if clock.model_dump(mode="json") in written.clocks]


def _write_effects(session: Session, case: Case, effects: Effects, at: datetime) -> money.Booked:
    """Write what a decision asks for; the order is locked once everything else is written, and held no longer than
    its money takes."""
    order_no = case.order.order_no if case.order else None
    documents.put_new(session, tables.timeline, [_entry_row(case.case_no, entry) for entry in effects.entries])
    changes.note(session, case.case_no, at)
    duty.note_talks(session, case, effects)
    _write_messages(session, case.case_no, effects.messages)
    news.note(session, of_case(case, effects.entries))
    asked = payouts.question(case.case_no)
    held, (paid_out,) = money.hold(session, case.case_no, order_no, effects.money, asked)
    booked = money.book(session, case.case_no, order_no, effects.money, at, side_limits(case), held)
    reservations.note_units_out(session, case.case_no, booked.units_out)
    payouts.write(session, case, at, paid_out, booked.never_drawn if effects.money else None)
    ledger.write(session, case, effects.postings, at, booked.settled)
    return booked


def _entry_row(case_no: str, entry: Entry) -> dict[str, Any]:
    return {
        "case_no": case_no,
        "seq": entry.seq,
        "at": entry.at,
        "actor_id": entry.actor.id,
        "actor_role": entry.actor.role.value,
        "action": entry.action,
        "source": _word(entry.source),
        "target": _word(entry.target),
        "note": entry.note,
        "data": entry.model_dump(mode="json", include={"data"})["data"],
    }


def _word(name: str | None) -> str | None:
    # A state is text with a name of its own, which database drivers would store instead of its value.
    return None if name is None else str(name)


def _write_messages(session: Session, case_no: str, messages: tuple[Message, ...]) -> None:
    rows = [
        {
            "key": message.key,
            "case_no": case_no,
            "recipient": message.to,
            "subject": message.subject,
            "level": message.level,
            "channels": list(message.channels) or None,
            "at": message.at,
        }
        for message in messages
    ]
    documents.put_new(session, tables.messages, rows)


def _warn_of_clashes(session: Session, case: Case, at: datetime) -> None:
    """A reopened case is written in any case; what F18 says against it goes to a manager."""
    clashes = reservations.clashes(session, case)
    if clashes:
        told = f"{case.case_no} was reopened, but {'; '.join(clashes)}. Decide which case goes on."
        key = f"{case.case_no}:clash:{case.version}"
        _write_messages(session, case.case_no, (Message(key=key, to="manager", subject=told, at=at),))


def _split_off(
    session: Session,
    parent_no: str,
    split: SplitOff,
    at: datetime,
    calendars: Calendars,
    allowed: Mapping[int, int | None],
) -> None:
    """Write the linked case under a number of its own, once; the parent has let its units go already."""
    if _linked(session, split.key) is not None:
        return
    child, first = _numbered(split.case, next_case_no(session, at.year), parent_no, at)
    child = projection.arm(child, calendars)
    asked = select(tables.cases.c.description, tables.cases.c.contact)
    parent = session.execute(asked.where(tables.cases.c.case_no == parent_no)).one()
    _insert(session, child, calendars, parent.description, parent.contact)
    _write_parts(session, child, calendars, _UNWRITTEN, allowed, at)
    documents.put_new(session, tables.timeline, [_entry_row(child.case_no, entry) for entry in first])
    changes.note(session, child.case_no, at)
    news.note(session, of_case(child, first))
    row = {"key": split.key, "case_no": parent_no, "linked_case_no": child.case_no}
    session.execute(insert(tables.case_splits).values(**row))


def _numbered(child: Case, case_no: str, parent_no: str, at: datetime) -> tuple[Case, tuple[Entry, ...]]:
    """The linked case with its number, and the first line of its timeline (C3)."""
    opened = Entry(
        seq=child.seq + 1,
        at=at,
        actor=SYSTEM,
        action=Fact.OPENED,
        target=child.state,
        note=f"Split off from {parent_no}.",
        data={"case_no": parent_no},
    )
    return child.model_copy(update={"case_no": case_no, "seq": opened.seq}), (opened,)


def _linked(session: Session, key: str) -> str | None:
    found = select(tables.case_splits.c.linked_case_no).where(tables.case_splits.c.key == key)
    return session.execute(found).scalar()


def _answer(
    session: Session, drain: CommitInput, stored: Case | None = None, booked: money.Booked | None = None
) -> CommitResult:
    """The result of a drain from what is stored, the same the first time and every other time."""
    case = drain.case
    stored = stored or load(session, case.case_no)
    assert stored is not None
    nothing_refused = booked is not None and not booked.never_drawn and not booked.refused
    refused = () if nothing_refused else money.refusals_of(session, case.case_no, drain.effects.money)
    if stored.version > case.version:
        return _ahead(session, drain, refused, written=True)
    asked = {(clock.clock, clock.cycle) for clock in case.clocks if clock.alarms is None}
    linked = [_linked(session, split.key) for split in drain.effects.splits]
    return CommitResult(
        version=case.version,
        clocks=tuple(
            ArmedClock(
                clock=clock.clock,
                cycle=clock.cycle,
                target=clock.target if clock.to_closing or clock.until else None,
                due_at=clock.due_at,
                alarms=clock.alarms or (),
                calendar_version=clock.calendar_version,
                chain_version=clock.chain_version,
            )
            for clock in stored.clocks
            if (clock.clock, clock.cycle) in asked
        ),
        refused=refused,
        linked=tuple(number for number in linked if number),
        acknowledged_until=stored.acknowledged_until if case.acknowledged_until is None else None,
        unheard=chain.unheard(session, stored, drain.effects.entries, drain.at),
    )


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def load(session: Session, case_no: str) -> Case | None:
    """The case as last written, with its clocks armed; None when there is none of that number."""
    found = select(tables.cases.c.document).where(tables.cases.c.case_no == case_no)
    document = session.execute(found).scalar()
    return None if document is None else Case.model_validate(document)


def is_there(session: Session, case_no: str) -> bool:
    """Whether there is a case of that number, for who need not see it."""
    return session.execute(select(tables.cases.c.case_no).where(tables.cases.c.case_no == case_no)).first() is not None


def load_many(session: Session, case_nos: Sequence[str]) -> dict[str, tuple[Case, str | None]]:
    """Cases as last written, each with what the customer said, in one question."""
    c = tables.cases.c
    found = session.execute(select(c.case_no, c.document, c.description).where(c.case_no.in_(case_nos)))
    return {case_no: (Case.model_validate(document), said) for case_no, document, said in found}


#: How much of its timeline a run is given to begin with; the rest is asked for here.
REMEMBERED_ENTRIES = 20


def to_start(session: Session, case: Case) -> CaseInput:
    """What a run of this case is started with: its state, and the latest of its timeline."""
    return CaseInput(case=case, recent=timeline(session, case.case_no, max(0, case.seq - REMEMBERED_ENTRIES)))


def timeline(session: Session, case_no: str, after_seq: int = 0, limit: int = 200) -> tuple[Entry, ...]:
    """The entries of a case after `after_seq`, oldest first (C3)."""
    entries = tables.timeline
    found = select(entries).where(entries.c.case_no == case_no, entries.c.seq > after_seq)
    return tuple(_entry(row) for row in session.execute(found.order_by(entries.c.seq).limit(limit)))


def timeline_back(
    session: Session,
    case_no: str,
    before_seq: int | None = None,
    limit: int = 100,
    only: Collection[str] = (),
    but: Collection[str] = (),
) -> tuple[Entry, ...]:
    """The entries of a case before `before_seq`, newest first; `only` these actions, or all `but` those (C3)."""
    entries = tables.timeline
    found = select(entries).where(entries.c.case_no == case_no)
    found = found.where(entries.c.seq < before_seq) if before_seq is not None else found
    found = found.where(entries.c.action.in_(sorted(only))) if only else found
    found = found.where(entries.c.action.not_in(sorted(but))) if but else found
    return tuple(_entry(row) for row in session.execute(found.order_by(entries.c.seq.desc()).limit(limit)))


def _entry(row: Any) -> Entry:
    return Entry(
        seq=row.seq,
        at=row.at,
        actor=Actor(id=row.actor_id, role=row.actor_role),
        action=row.action,
        source=row.source,
        target=row.target,
        note=row.note,
        data=row.data,
    )


def description(session: Session, case_no: str) -> str | None:
    """What the customer said, in the words of whoever opened the case."""
    return session.execute(select(tables.cases.c.description).where(tables.cases.c.case_no == case_no)).scalar()


def contact(session: Session, case_no: str) -> dict[str, Any]:
    """How the customer of a case is reached. Personal: mask it wherever it is shown."""
    found = select(tables.cases.c.contact).where(tables.cases.c.case_no == case_no)
    return dict(session.execute(found).scalar() or {})


def put_contact(session: Session, case_no: str, changed: Mapping[str, Any]) -> None:
    """Change parts of a case's contact (C7); what it is searched by follows."""
    case = load(session, case_no)
    if case is None:
        raise NotFound(f"There is no case {case_no}.")
    new = {**contact(session, case_no), **changed}
    customer = _customer(session, case.order.order_no if case.order else None)
    personal = projection.personal_columns(case, description(session, case_no), new, customer)
    session.execute(update(tables.cases).where(tables.cases.c.case_no == case_no).values(**personal))


def by_waybill(session: Session, waybill: str) -> tuple[str, ...]:
    """The numbers of the cases that a waybill was named in, the newest first (G1)."""
    waybills = tables.case_waybills
    found = select(waybills.c.case_no).where(waybills.c.waybill == waybill).order_by(waybills.c.case_no.desc())
    return tuple(session.execute(found).scalars())


def open_case_nos(session: Session) -> Iterator[str]:
    """The number of every open case, oldest first: for restoring and reconciling."""
    found = select(tables.cases.c.case_no).where(tables.cases.c.is_open).order_by(tables.cases.c.case_no)
    yield from session.execute(found).scalars()


def open_page(session: Session, after: str, limit: int, acted_before: datetime) -> list[str]:
    """The numbers of open cases behind a number, in their order, leaving out those written since an instant."""
    here = tables.cases.c
    found = select(here.case_no).where(here.is_open, here.case_no > after, here.last_acted_at <= acted_before)
    return list(session.execute(found.order_by(here.case_no).limit(limit)).scalars())
