"""Changed playbooks and calendars that somebody writes at, and the files as they were when they went into force."""

from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.tables import drafts, published_texts
from models.value import Value
from store.documents import put_new

_here = drafts.c


class Draft(Value):
    """A file that is not in force; its text may be wrong, and is kept all the same."""

    id: str
    file: str
    text: str
    revision: int
    state: Literal["open", "published", "dropped"]
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime


def begin(session: Session, file: str, text: str, by: str, now: datetime) -> Draft:
    """A new draft."""
    begun = Draft(
        id=f"D-{uuid4().hex[:12]}",
        file=file,
        text=text,
        revision=1,
        state="open",
        created_by=by,
        created_at=now,
        changed_by=by,
        changed_at=now,
    )
    session.execute(insert(drafts).values(**begun.model_dump()))
    return begun


def get(session: Session, draft_id: str) -> Draft:
    """Raises NotFound where there is none."""
    row = session.execute(select(drafts).where(_here.id == draft_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no draft '{draft_id[:60]}': it may be of another shop, or its address is wrong.")
    return Draft.model_validate(dict(row))


def open_drafts(session: Session, file: str | None = None) -> tuple[Draft, ...]:
    """Those that nobody has published or dropped, the last changed first; of one file, or of all."""
    found = select(drafts).where(_here.state == "open").order_by(_here.changed_at.desc(), _here.id)
    if file is not None:
        found = found.where(_here.file == file)
    return tuple(Draft.model_validate(dict(row)) for row in session.execute(found).mappings())


def save(session: Session, draft_id: str, revision: int, text: str, by: str, now: datetime) -> Draft:
    """Keep what was written. Raises Conflict when somebody wrote since that revision, or it is no draft any more."""
    mine = (_here.id == draft_id) & (_here.revision == revision) & (_here.state == "open")
    changed = {"text": text, "revision": revision + 1, "changed_by": by, "changed_at": now}
    if session.execute(update(drafts).where(mine).values(**changed).returning(_here.id)).first() is None:
        before = get(session, draft_id)
        if before.state != "open":
            raise Conflict("This draft was published or dropped meanwhile: begin another one.")
        raise Conflict(f"{before.changed_by} changed this draft meanwhile: look at what is kept beside what you wrote.")
    return get(session, draft_id)


def end(session: Session, draft_id: str, state: Literal["published", "dropped"], by: str, now: datetime) -> None:
    """It is no draft any more; what it said stays."""
    here = (_here.id == draft_id) & (_here.state == "open")
    session.execute(update(drafts).where(here).values(state=state, changed_by=by, changed_at=now))


# ── the files as they were written ────────────────────────────────────────────────────────────────


def keep_text(session: Session, file: str, version: str, text: str, now: datetime) -> None:
    """Keep a file as it was written; the first of a version stays."""
    row = {"file": file, "version": version, "text": text, "kept_at": now}
    put_new(session, published_texts, [row])


def text_of(session: Session, file: str, version: str) -> str | None:
    """A file as it was written in a version, where it was published."""
    kept = published_texts.c
    found = select(kept.text).where(kept.file == file, kept.version == version)
    text: str | None = session.execute(found).scalar()
    return text


def kept_texts(session: Session, file: str) -> frozenset[str]:
    """The versions of which the file is kept."""
    kept = published_texts.c
    return frozenset(session.execute(select(kept.version).where(kept.file == file)).scalars())
