"""Which cases were written: a tail that open pages follow, kept for a day."""

from sqlalchemy import Column, Index, Integer, String, Table

from models.tables.columns import Moment, metadata

changes = Table(
    "changes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("case_no", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_changes_at", "at"),
    sqlite_autoincrement=True,  # numbers are never given twice, also after the tail was cut
)
