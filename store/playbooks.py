"""Every version of a playbook that was in force: open cases keep the one they were opened with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import Conflict
from models.tables import playbook_versions
from store.documents import put_new


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
