"""What goes out to one person at one moment: letters put together, claimed by one worker, sent, tried again.

Putting together is one transaction that holds the person's mailbox, so that two workers never tell him twice. Sending
is outside of any transaction: a mailing is claimed for a while, and a worker that dies leaves it to the next one,
which sends the same words under the same id.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, Row, Select, and_, case, func, insert, or_, select, update
from sqlalchemy.orm import Session

from models.errors import AftercareError
from models.people.addresses import LEASE, Turn, kind_of, preferred, route_of, turn
from models.people.letter_words import News, Reader, Told, body_of, news_of, title_of
from models.people.letters import DIGEST, WINDOW, Pending, goes_now, is_pressing, quiet_until
from models.tables import cases, letters, mailings
from models.tables import mailboxes as boxes
from store.engine import reading, writing
from store.people import mailboxes
from store.people.letters import CRITICAL, OWNER, pass_on
from store.people.mailboxes import Mailbox, is_zone

logger = logging.getLogger("aftercare.outbox")

HOUR = timedelta(hours=1)
#: The channel that takes what no address is there for: the log of the worker. The inbox has it in any case.
LOG = "log"
TEST = "test"
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class House:
    """What holds where a mailbox says nothing, and how kinds of case are called."""

    language: str = "zh"
    timezone: str = "Asia/Shanghai"
    console: str | None = None
    kinds: Mapping[str, Mapping[str, str]] | None = None

    def reader(self, box: Mailbox) -> Reader:
        """Who reads what goes into this mailbox."""
        zone = box.timezone if is_zone(box.timezone) else self.timezone
        return Reader(
            language="en" if (box.language or self.language) == "en" else "zh",
            timezone=zone or self.timezone,
            console=self.console,
        )


@dataclass(frozen=True, slots=True)
class Errand:
    """A mailing that this worker may send now, and by which address."""

    id: str
    claim: str
    holder: str
    title: str
    body: str
    urgent: bool
    attempts: int
    url: str | None
    route: str

    @property
    def channel(self) -> str:
        return kind_of(self.url) if self.url else LOG


# ── putting together ──────────────────────────────────────────────────────────────────────────────


def put_together(engine: Engine, house: House, now: datetime) -> int:
    """Make the mailings whose time has come; answers how many."""
    with reading(engine) as session:
        found = _by_holder(session, now)
        ready = [holder for holder, rows in found if _going(session, holder, rows, house, now)]
    made = 0
    for holder in ready:
        try:
            with writing(engine) as session:
                made += _one(session, holder, house, now)
        except (AftercareError, ValueError) as wrong:
            # What is wrong with one mailbox must not keep the others from being told.
            logger.warning("what waits for %s cannot be put together (%s)", holder, type(wrong).__name__)
    return made


def _by_holder(session: Session, now: datetime) -> list[tuple[str, list[Row[Any]]]]:
    """The waiting letters of those who have one for which a window may be over; nobody else's are read."""
    here = letters.c
    columns = (here.id, here.holder, here.addressed_at, here.own, here.urgent, here.level)
    waiting = select(*columns).where(here.state == "waiting", here.holder.in_(_may_go(now)))
    rows: Any = session.execute(waiting.order_by(here.holder)).all()
    return [(holder, list(found)) for holder, found in groupby(rows, key=lambda row: str(row.holder))]


def _may_go(now: datetime) -> Select[Any]:
    """No window closes earlier than this (`closes_at`); whether it is over, and may be now, is not said here."""
    here = letters.c
    pressing = or_(here.own, here.urgent, here.level >= 1)
    over = or_(here.addressed_at <= now - DIGEST, and_(pressing, here.addressed_at <= now - WINDOW))
    return select(here.holder).where(here.state == "waiting", over)


def _going(session: Session, holder: str, rows: Sequence[Row[Any]], house: House, now: datetime) -> tuple[Pending, ...]:
    """Which of these letters go out together now: by the window, the quiet hours, and what was told lately."""
    waiting = [
        Pending(
            id=row.id,
            since=row.addressed_at,
            pressing=is_pressing(row.own, row.urgent, row.level),
            urgent=row.urgent,
        )
        for row in rows
    ]
    box = mailboxes.mailbox(session, holder)
    quiet = _is_quiet(box, house, now)
    lately = (mailings.c.holder == holder, mailings.c.made_at > now - HOUR, mailings.c.kind != TEST)
    told = session.execute(select(mailings.c.made_at).where(*lately)).scalars().all()
    return goes_now(waiting, told, quiet, now)


def _is_quiet(box: Mailbox, house: House, now: datetime) -> bool:
    """Whether these are the holder's quiet hours; hours that cannot be read hold nothing back."""
    try:
        return quiet_until(box.quiet, box.timezone or house.timezone, now) is not None
    except (AftercareError, ValueError, KeyError):
        return False


def _one(session: Session, holder: str, house: House, now: datetime) -> int:
    """Put one holder's letters together, unless another worker does it at this moment."""
    held = select(boxes.c.holder).where(boxes.c.holder == holder).with_for_update(skip_locked=True)
    if session.execute(held).first() is None:
        return 0
    rows = session.execute(_with_cases(holder)).all()
    going = {one.id for one in _going(session, holder, rows, house, now)}
    rows = [row for row in rows if row.id in going]
    passed = [row.id for row in rows if row.recipient == OWNER and row.case_no and row.case_owner != row.owner]
    pass_on(session, passed)
    rows = [row for row in rows if row.id not in set(passed)]
    if rows:
        _write(session, holder, rows, house, now)
    return bool(rows)


def _with_cases(holder: str) -> Select[Any]:
    now = (cases.c.owner.label("case_owner"), cases.c.kind, cases.c.due_at, cases.c.severity, cases.c.is_open)
    joined = letters.outerjoin(cases, cases.c.case_no == letters.c.case_no)
    here = (letters.c.holder == holder, letters.c.state == "waiting")
    return select(letters, *now).select_from(joined).where(*here).order_by(letters.c.at, letters.c.id)


def _write(session: Session, holder: str, rows: Sequence[Row[Any]], house: House, now: datetime) -> None:
    ids = [row.id for row in rows]
    number = _number(holder, *ids)
    box = mailboxes.mailbox(session, holder)
    reader, told = house.reader(box), [_told(row, house) for row in rows]
    single = len(rows) == 1 and rows[0].own
    channels = sorted({name for row in rows for name in row.channels or ()})
    row = {
        "id": number,
        "holder": holder,
        "kind": "single" if single else "digest",
        "title": title_of(told, reader.language),
        "body": body_of(told, reader, number),
        "letters": len(rows),
        "urgent": any(row.urgent for row in rows),
        "made_at": now,
        "channels": channels or None,
        "route": turn(preferred(box.addresses, channels), 0).route,
        "try_at": now,
    }
    session.execute(insert(mailings).values(**row))
    for first in range(0, len(ids), _AT_ONCE):
        some = letters.c.id.in_(ids[first : first + _AT_ONCE])
        session.execute(update(letters).where(some).values(state="mailed", mailing=number))


def _told(row: Row[Any], house: House) -> Told:
    news = News(reason="notice", **row.words) if row.words else news_of(row.subject, row.level)
    return Told(
        news=news,
        at=row.at,
        case_no=row.case_no,
        kind=(house.kinds or {}).get(row.kind) if row.kind else None,
        due_at=row.due_at,
        level=row.level,
        urgent=row.urgent or row.severity == CRITICAL,
        finished=row.is_open is False,
    )


def _number(*parts: str) -> str:
    """The same number for the same letters to the same person, on whichever worker."""
    told = "\n".join(parts)
    return f"M-{sha256(told.encode()).hexdigest()[:12]}"


def test_of(session: Session, holder: str, url: str, words: tuple[str, str], now: datetime) -> str:
    """A mailing that tries one address once, quiet hours or not; answers its number."""
    title, body = words
    number = _number(holder, TEST, uuid4().hex)
    row = {"id": number, "holder": holder, "kind": TEST, "title": title, "body": f"{body}\n({number})", "urgent": False}
    times = {"made_at": now, "try_at": now, "address": url, "route": route_of(url)}
    session.execute(insert(mailings).values(**row, **times))
    return number


# ── sending ───────────────────────────────────────────────────────────────────────────────────────


def due_routes(session: Session, now: datetime) -> tuple[str, ...]:
    """The providers and hosts that mailings wait for, the one with a critical or the oldest first."""
    here = mailings.c
    waiting = select(here.route).where(_free(now)).group_by(here.route)
    urgent = func.max(case((here.urgent, 1), else_=0))
    return tuple(session.execute(waiting.order_by(urgent.desc(), func.min(here.try_at))).scalars())


def claim(session: Session, now: datetime, route: str, limit: int) -> list[Errand]:
    """Take mailings of one route that nobody else is sending, critical ones first.

    A claim ends by itself, so that what a worker took that died is sent by another.
    """
    here = mailings.c
    found = select(mailings).where(_free(now), here.route == route)
    ordered = found.order_by(here.urgent.desc(), here.try_at, here.id).limit(limit)
    rows = session.execute(ordered.with_for_update(skip_locked=True)).all()
    kept = mailboxes.of_all(session, {row.holder for row in rows})
    mine = uuid4().hex
    if rows:
        taken = here.id.in_([row.id for row in rows])
        session.execute(update(mailings).where(taken).values(claim=mine, claimed_until=now + LEASE))
    return [_errand(row, kept[row.holder], mine) for row in rows]


def _free(now: datetime) -> ColumnElement[bool]:
    claimed = or_(mailings.c.claimed_until.is_(None), mailings.c.claimed_until <= now)
    return _open() & (mailings.c.try_at <= now) & claimed


def _open() -> ColumnElement[bool]:
    return mailings.c.sent_at.is_(None) & mailings.c.given_up_at.is_(None)


def _errand(row: Row[Any], box: Mailbox, mine: str) -> Errand:
    next_one = turn(_addresses(row, box), row.attempts)
    return Errand(
        id=row.id,
        claim=mine,
        holder=row.holder,
        title=row.title,
        body=row.body,
        urgent=row.urgent,
        attempts=row.attempts,
        url=next_one.url,
        route=next_one.route,
    )


def _addresses(row: Row[Any], box: Mailbox) -> Sequence[str]:
    """What a mailing is tried at, in order: a test at its own address, others first at the channels that were named."""
    return (row.address,) if row.address else preferred(box.addresses, row.channels or ())


def sent(session: Session, errand: Errand, now: datetime) -> bool:
    """It was taken; whether this worker's claim still held."""
    mine = (mailings.c.id == errand.id, mailings.c.sent_at.is_(None), mailings.c.claim == errand.claim)
    done = {"sent_at": now, "channel": errand.channel, "claim": None, "claimed_until": None, "error": None}
    counted = mailings.c.attempts + 1
    return (
        session.execute(update(mailings).where(*mine).values(**done, attempts=counted).returning(mailings.c.id)).first()
        is not None
    )


def failed(session: Session, errand: Errand, words: str, now: datetime) -> Turn | None:
    """It was not taken: when and by which address it is tried again; None where it is given up."""
    mine = (mailings.c.id == errand.id, mailings.c.sent_at.is_(None), mailings.c.claim == errand.claim)
    row = session.execute(select(mailings).where(*mine).with_for_update()).first()
    if row is None:
        return None
    box = mailboxes.mailbox(session, errand.holder)
    again = turn(_addresses(row, box), errand.attempts + 1)
    over = row.kind == TEST or now + again.after > row.made_at + again.at_most
    changes = {
        "attempts": errand.attempts + 1,
        "channel": errand.channel,
        "error": words[:300],
        "claim": None,
        "claimed_until": None,
        "try_at": now + again.after,
        "route": again.route,
        "given_up_at": now if over else None,
    }
    session.execute(update(mailings).where(mailings.c.id == errand.id).values(**changes))
    return None if over else again
