"""What decisions want told, until it is told."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from models.tables.columns import Moment, case_no, metadata

messages = Table(
    "messages",
    metadata,
    Column("key", String, primary_key=True),
    case_no(index=True),  # none where it is about many cases: a digest
    Column("recipient", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("level", Integer),
    Column("at", Moment, nullable=False),
    Column("sent_at", Moment),
    Index("ix_messages_unsent", "sent_at", "at"),
)
