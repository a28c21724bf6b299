"""Files by their hash, and the cases that they belong to; who has no such case sees no such file."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from models.tables import case_files, file_sources, files, order_visits, parcel_files
from store import documents


class KeptFile(BaseModel):
    """A file that is kept; `id` is the SHA-256 of its bytes."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    media_type: str
    size: int
    width: int | None = None
    height: int | None = None
    at: datetime


class CaseFile(KeptFile):
    """A file as it belongs to a case: under which name, by whom."""

    name: str | None = None
    by: str
    role: str


def keep(session: Session, kept: KeptFile, source: str) -> None:
    """Write down a file whose bytes are kept; the same again only says when it was sent last.

    Whoever lets it go at this moment has it locked: then it is written down anew once he is done.
    """
    documents.put(session, files, [kept.model_dump()])
    documents.put_new(session, file_sources, [{"source": source, "file_id": kept.id}])


def by_source(session: Session, source: str) -> KeptFile | None:
    """The file that was made of these bytes earlier."""
    found = select(files).join(file_sources, file_sources.c.file_id == files.c.id)
    row = session.execute(found.where(file_sources.c.source == source)).first()
    return KeptFile.model_validate(row) if row else None


def sent_again(session: Session, file_id: str, at: datetime) -> bool:
    """Say that a file came once more, so that it is not let go as long forgotten; False where it has just been."""
    here = update(files).where(files.c.id == file_id).values(at=at)
    return bool(session.execute(here).rowcount)  # type: ignore[attr-defined]


def get(session: Session, file_id: str) -> KeptFile | None:
    """A file by its id."""
    row = session.execute(select(files).where(files.c.id == file_id)).first()
    return KeptFile.model_validate(row) if row else None


def link(session: Session, case_no: str, file_id: str, name: str | None, by: str, role: str, at: datetime) -> bool:
    """Say that a file belongs to a case; answers whether that is new."""
    here = (case_files.c.case_no == case_no) & (case_files.c.file_id == file_id)
    if session.execute(select(case_files.c.file_id).where(here)).first():
        return False
    row = {"case_no": case_no, "file_id": file_id, "name": name, "by": by, "role": role, "at": at}
    documents.put_new(session, case_files, [row])
    return True


def of_case(session: Session, case_no: str) -> tuple[CaseFile, ...]:
    """The files of a case, in the order in which they came."""
    columns = [*(c for c in files.c if c.name != "at"), *(case_files.c[name] for name in ("name", "by", "role", "at"))]
    found = select(*columns).join(case_files, case_files.c.file_id == files.c.id).where(case_files.c.case_no == case_no)
    rows = session.execute(found.order_by(case_files.c.at, files.c.id))
    return tuple(CaseFile.model_validate(row) for row in rows)


def belongs(session: Session, case_no: str, file_id: str) -> bool:
    """Whether a file is one of this case's."""
    here = (case_files.c.case_no == case_no) & (case_files.c.file_id == file_id)
    return session.execute(select(case_files.c.file_id).where(here)).first() is not None


def unlink(session: Session, case_no: str, file_id: str) -> None:
    """Say that a file is none of a case after all."""
    here = (case_files.c.case_no == case_no) & (case_files.c.file_id == file_id)
    session.execute(delete(case_files).where(here))


def abandoned(before: datetime) -> ColumnElement[bool]:
    """Sent last before then, and of no case and no box."""
    used = or_(exists().where(case_files.c.file_id == files.c.id), exists().where(parcel_files.c.file_id == files.c.id))
    return (files.c.at < before) & ~used


def let_go(session: Session, before: datetime, limit: int = 1000) -> tuple[str, ...]:
    """Forget files that were sent last before then and belong to nothing, and lock them until the transaction ends.

    Their bytes are to go before it does: who sends one of them again waits for it, and finds neither row nor bytes.
    What customers have put into requests that they have not sent yet belongs to these.
    """
    drafts = session.execute(select(order_visits.c.draft).where(order_visits.c.ended_at.is_(None))).scalars()
    wanted = {photo["id"] for draft in drafts for photo in draft.get("photos", ())}
    found = select(files.c.id).where(abandoned(before)).order_by(files.c.at, files.c.id)
    if wanted:
        found = found.where(files.c.id.not_in(wanted))
    gone = tuple(session.execute(found.limit(limit).with_for_update(skip_locked=True)).scalars())
    session.execute(delete(file_sources).where(file_sources.c.file_id.in_(gone)))
    session.execute(delete(files).where(files.c.id.in_(gone)))
    return gone
