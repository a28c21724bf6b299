"""What customers come in by: the keys that sign their links, visits to an order, and tries to find one."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table

from models.tables.columns import Document, Moment, case_no, metadata, order_no

shop_keys = Table(
    "shop_keys",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
    Column("made_at", Moment, nullable=False),
)

case_links = Table(
    "case_links",  # a case whose links were never taken back has no row
    metadata,
    case_no(primary_key=True),
    Column("generation", Integer, nullable=False, comment="links of an earlier one open nothing"),
    Column("revoked_at", Moment, nullable=False),
    Column("revoked_by", String, nullable=False),
    CheckConstraint("generation > 0", name="generation"),
)

order_visits = Table(
    "order_visits",
    metadata,
    Column("id", String, primary_key=True, comment="SHA-256 of what the customer's browser keeps"),
    order_no(nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("draft", Document, nullable=False, comment="what the customer has answered so far"),
    Index("ix_order_visits_order_no", "order_no", "seen_at"),
    Index("ix_order_visits_seen_at", "seen_at"),
)

find_tries = Table(
    "find_tries",  # wrong ones; what was tried is kept as a hash only
    metadata,
    Column("id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_find_tries_subject", "subject", "at"),
    Index("ix_find_tries_at", "at"),
)
