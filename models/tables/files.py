"""Photos and files: what they are, and which cases they belong to. Their bytes lie elsewhere."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from models.tables.columns import Moment, case_no, metadata

files = Table(
    "files",
    metadata,
    Column("id", String, primary_key=True, comment="SHA-256 of the bytes that are kept"),
    Column("media_type", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("at", Moment, nullable=False),  # when it was sent last
    CheckConstraint("size > 0", name="not_empty"),
)

file_sources = Table(
    "file_sources",  # what was sent, so that the same again is known before it is decoded
    metadata,
    Column("source", String, primary_key=True, comment="SHA-256 of the bytes that were sent"),
    Column("file_id", String, ForeignKey("files.id"), nullable=False, index=True),
)

case_files = Table(
    "case_files",
    metadata,
    case_no(nullable=False),
    Column("file_id", String, ForeignKey("files.id"), nullable=False),
    Column("name", String),
    Column("by", String, nullable=False),
    Column("role", String, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("case_no", "file_id"),
    Index("ix_case_files_file", "file_id"),
)
