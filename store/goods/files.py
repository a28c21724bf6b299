"""Files by their hash, and the cases that they belong to; who has no such case sees no such file."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from models.tables import case_files, file_sources, files, parcel_files
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
    """Write down a file whose bytes are kept; the same again changes nothing."""
    documents.put_new(session, files, [kept.model_dump()])
    documents.put_new(session, file_sources, [{"source": source, "file_id": kept.id}])


def by_source(session: Session, source: str) -> KeptFile | None:
    """The file that was made of these bytes earlier."""
    found = select(files).join(file_sources, file_sources.c.file_id == files.c.id)
    row = session.execute(found.where(file_sources.c.source == source)).first()
    return KeptFile.model_validate(row) if row else None


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


def let_go(session: Session, before: datetime, limit: int = 1000) -> tuple[str, ...]:
    """Forget files that came before then and belong to nothing; answers whose bytes can go."""
    used = or_(exists().where(case_files.c.file_id == files.c.id), exists().where(parcel_files.c.file_id == files.c.id))
    found = select(files.c.id).where(files.c.at < before, ~used).order_by(files.c.at).limit(limit)
    gone = tuple(session.execute(found).scalars())
    session.execute(delete(file_sources).where(file_sources.c.file_id.in_(gone)))
    session.execute(delete(files).where(files.c.id.in_(gone)))
    return gone
