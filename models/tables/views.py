"""Lists as people want to see them again: filters under a name, of one person or for all."""

from sqlalchemy import Boolean, Column, Index, String, Table, Text, UniqueConstraint, false

from models.tables.columns import Moment, metadata

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", String, primary_key=True),
    Column("page", String, nullable=False),
    Column("name", String, nullable=False),
    Column("query", Text, nullable=False, comment="as it stands in the address"),
    Column("owner", String, nullable=False),
    Column("is_shared", Boolean, nullable=False, server_default=false()),
    Column("saved_at", Moment, nullable=False),
    UniqueConstraint("owner", "page", "name"),
    Index("ix_saved_views_page", "page", "is_shared"),
)
