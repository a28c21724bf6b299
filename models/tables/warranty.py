"""Warranty cards, and the time in repair that is added to them (section 13)."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from models.tables.columns import Moment, case_no, metadata, order_no

warranty_cards = Table(
    "warranty_cards",
    metadata,
    Column("card_no", String, primary_key=True),
    Column("serial", String, index=True),
    Column("sku", String, nullable=False),
    Column("name", String),
    order_no(),
    Column("line_no", Integer),
    Column("starts_on", String, nullable=False, comment="a day, as 2026-11-23"),
    Column("months", Integer, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("issued_by", String, nullable=False),
    Column("note", Text),
    CheckConstraint("months >= 0", name="not_negative"),
    Index("ix_warranty_cards_order", "order_no", "line_no"),
)

warranty_repairs = Table(
    "warranty_repairs",  # follows from the documents of cases
    metadata,
    Column("card_no", String, ForeignKey("warranty_cards.card_no"), nullable=False),
    case_no(nullable=False, index=True),
    Column("seconds", Integer, nullable=False),
    PrimaryKeyConstraint("card_no", "case_no"),
    CheckConstraint("seconds >= 0", name="not_negative"),
)
