"""What couriers and suppliers were asked for, with its deadline; follows from the documents of cases."""

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from models.tables.columns import Document, Moment, Money, case_no, metadata, order_no

claims = Table(
    "claims",
    metadata,
    case_no(nullable=False),
    Column("number", Integer, nullable=False),  # from 1, as the case lists them
    order_no(),
    Column("against", String, nullable=False),
    Column("name", String),
    Column("state", String, nullable=False),
    Column("awaits", String),  # filing, answer, payment, decision; none when it is over
    Column("amount", Money, nullable=False),
    Column("accepted", Money),
    Column("paid", Money, nullable=False),
    Column("currency", String),
    Column("opened_at", Moment),
    Column("filed_at", Moment),
    Column("due_at", Moment),
    Column("missing", Document, nullable=False),  # evidence that has not gone with it yet
    Column("reference", String),
    Column("appealed", Boolean, nullable=False),
    Column("reason", Text),
    PrimaryKeyConstraint("case_no", "number"),
    Index("ix_claims_due", "awaits", "due_at", "case_no", "number"),
)
