"""Every version of a playbook that was in force, and the acts by which one took the place of another.

Open cases keep the version that they were opened with. A version goes into force by being published, which is an act
of somebody with a reason; one that turns up in the folder without that is recorded as an act of the file's own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import Conflict
from models.playbook import Playbook
from models.tables import cases, playbook_acts, playbook_versions
from store.documents import put_new

#: Who did it when nobody did: the file was simply there.
BY_FILE = "(file)"
SEEN = "seen in the folder"
GONE = "no longer in the folder"


@dataclass(frozen=True, slots=True)
class Act:
    """One version of a kind took the place of another; `before` is None for the first, `after` when it was removed."""

    kind: str
    number: int
    before: str | None
    after: str | None
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """A version that was kept: since when, and how many cases have it."""

    version: str
    since: datetime
    open_cases: int
    cases: int


# ── versions ──────────────────────────────────────────────────────────────────────────────────────


def put(session: Session, kind: str, version: str, document: Mapping[str, Any], now: datetime) -> None:
    """Keep a version. Raises Conflict when it is there already with other content."""
    row = {"kind": kind, "version": version, "document": dict(document), "loaded_at": now}
    put_new(session, playbook_versions, [row])
    if get(session, kind, version) != dict(document):
        raise Conflict(f"Version {version} of the playbook {kind} is kept already with other content; raise it.")


def get(session: Session, kind: str, version: str) -> dict[str, Any] | None:
    """The document of one version, or None."""
    here = (playbook_versions.c.kind == kind) & (playbook_versions.c.version == version)
    document = session.execute(select(playbook_versions.c.document).where(here)).scalar()
    return None if document is None else dict(document)


def versions(session: Session, kind: str) -> tuple[str, ...]:
    """The versions of a kind, oldest first."""
    found = select(playbook_versions.c.version).where(playbook_versions.c.kind == kind)
    return tuple(session.execute(found.order_by(playbook_versions.c.loaded_at)).scalars())


def used(session: Session, kind: str) -> tuple[Used, ...]:
    """The versions of a kind with the cases that were opened with each, oldest first."""
    kept = playbook_versions
    having = (cases.c.kind == kept.c.kind) & (cases.c.playbook_version == kept.c.version)
    counted = (
        select(
            kept.c.version,
            kept.c.loaded_at,
            func.count(cases.c.case_no).filter(cases.c.is_open),
            func.count(cases.c.case_no),
        )
        .select_from(kept.outerjoin(cases, having))
        .where(kept.c.kind == kind)
        .group_by(kept.c.version, kept.c.loaded_at)
        .order_by(kept.c.loaded_at, kept.c.version)
    )
    return tuple(Used(*row) for row in session.execute(counted))


# ── acts ──────────────────────────────────────────────────────────────────────────────────────────


def acts(session: Session, kind: str | None = None) -> tuple[Act, ...]:
    """What went into force when, by whom and why; the oldest first."""
    columns = playbook_acts.c
    found = select(columns.kind, columns.number, columns.before, columns.after, columns.by, columns.reason, columns.at)
    if kind is not None:
        found = found.where(columns.kind == kind)
    return tuple(Act(*row) for row in session.execute(found.order_by(columns.at, columns.kind, columns.number)))


def in_force(session: Session, kind: str) -> str | None:
    """The version that the last act put into force; None before the first, and after the kind was removed."""
    last = _last_acts(session).get(kind)
    return last.after if last else None


def seen(session: Session, books: Iterable[Playbook], now: datetime) -> tuple[Act, ...]:
    """Record what is in force without having been published, once; for every process that loads a set.

    Of two processes that see the same set at once, one records it.
    """
    known = _last_acts(session)
    loaded = {book.kind: book for book in books}
    found = [_act(known.get(kind), kind, book.version, BY_FILE, SEEN, now) for kind, book in sorted(loaded.items())]
    found += [_act(last, kind, None, BY_FILE, GONE, now) for kind, last in known.items() if kind not in loaded]
    new = tuple(act for act in found if act.before != act.after)
    for act in new:
        if act.after is not None:
            put(session, act.kind, act.after, loaded[act.kind].as_document(), now)
    put_new(session, playbook_acts, [_row(act) for act in new])
    return new


def publish(session: Session, book: Playbook, by: str, reason: str, now: datetime) -> Act:
    """Record that a version goes into force. Raises Conflict when it is already, or somebody else was quicker."""
    act = _act(_last_acts(session).get(book.kind), book.kind, book.version, by, reason, now)
    if act.before == act.after:
        raise Conflict(f"Version {book.version} of {book.kind} is in force already; nothing was published.")
    put(session, book.kind, book.version, book.as_document(), now)
    try:
        session.execute(insert(playbook_acts).values(**_row(act)))
    except IntegrityError:
        told = f"Another version of {book.kind} was published at the same moment; look at it, and repeat."
        raise Conflict(told) from None
    return act


def _last_acts(session: Session) -> dict[str, Act]:
    return {act.kind: act for act in sorted(acts(session), key=lambda act: (act.kind, act.number))}


def _act(last: Act | None, kind: str, after: str | None, by: str, reason: str, now: datetime) -> Act:
    number, before = (last.number + 1, last.after) if last else (1, None)
    return Act(kind=kind, number=number, before=before, after=after, by=by, reason=reason, at=now)


def _row(act: Act) -> dict[str, Any]:
    return {name: getattr(act, name) for name in ("kind", "number", "before", "after", "by", "reason", "at")}
