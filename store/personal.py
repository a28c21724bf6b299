"""The shelter for what is personal: accounts and contacts that a case only refers to (section 11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models import tables
from store import documents


def put(session: Session, ref: str, case_no: str, kind: str, value: Mapping[str, Any], now: datetime) -> None:
    """Keep something under a reference that may travel where it may not."""
    row = {"ref": ref, "case_no": case_no, "kind": kind, "value": dict(value), "at": now}
    documents.put(session, tables.personal, [row])


def get(session: Session, ref: str) -> dict[str, Any] | None:
    """What a reference stands for, or None."""
    value = session.execute(select(tables.personal.c.value).where(tables.personal.c.ref == ref)).scalar()
    return None if value is None else dict(value)


def of_case(session: Session, case_no: str, kind: str | None = None) -> dict[str, dict[str, Any]]:
    """Everything kept for a case, by reference, oldest first."""
    found = select(tables.personal).where(tables.personal.c.case_no == case_no)
    if kind is not None:
        found = found.where(tables.personal.c.kind == kind)
    rows = session.execute(found.order_by(tables.personal.c.at, tables.personal.c.ref))
    return {row.ref: dict(row.value) for row in rows}


def forget(session: Session, case_no: str) -> int:
    """Erase everything kept for a case; answers how many things it was."""
    gone = delete(tables.personal).where(tables.personal.c.case_no == case_no).returning(tables.personal.c.ref)
    return len(session.execute(gone).all())
