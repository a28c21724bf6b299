"""Orders and their pots."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, PrimaryKeyConstraint, String, Table

from models.tables.columns import Document, Moment, Money, count_of, metadata, order_no, sum_of

orders = Table(
    "orders",
    metadata,
    Column("order_no", String, primary_key=True),
    Column("document", Document, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("split_rule", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("customer_id", String, index=True),
    Column("customer_name", String),
    Column("customer_phone", String, index=True),
    Column("placed_at", Moment, nullable=False),
    Column("delivered_at", Moment),
    Column("imported_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_orders_placed", "placed_at", "order_no"),  # who bought when (T6)
)

unit_pots = Table(
    "unit_pots",
    metadata,
    order_no(nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("goods", Money, nullable=False),
    Column("tax", Money, nullable=False),
    count_of("units_out"),
    sum_of("in_flight"),
    sum_of("refunded"),
    sum_of("withheld"),
    sum_of("raised"),  # what exchanges for dearer goods collected on top (G6)
    PrimaryKeyConstraint("order_no", "line_no", "rank"),
    CheckConstraint("units >= 1 AND goods >= 0 AND tax >= 0", name="not_negative"),
    CheckConstraint("in_flight >= 0 AND refunded >= 0 AND withheld >= 0", name="drawn_not_negative"),
    CheckConstraint("in_flight + refunded + withheld <= units * (goods + tax) + raised", name="never_above_paid"),
    CheckConstraint("raised >= 0", name="raised_not_negative"),
    CheckConstraint("units_out >= 0 AND units_out <= units", name="units_out_within_units"),
)

postage_pots = Table(
    "postage_pots",
    metadata,
    order_no(nullable=False),
    Column("shipment_no", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("line_nos", Document, nullable=False),
    Column("postage", Money, nullable=False),
    Column("tax", Money, nullable=False),
    sum_of("in_flight"),
    sum_of("refunded"),
    PrimaryKeyConstraint("order_no", "shipment_no"),
    CheckConstraint("postage >= 0 AND tax >= 0 AND in_flight >= 0 AND refunded >= 0", name="not_negative"),
    CheckConstraint("in_flight + refunded <= postage + tax", name="never_above_paid"),
)

payment_pots = Table(
    "payment_pots",
    metadata,
    order_no(nullable=False),
    Column("payment_no", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("method", String, nullable=False),
    Column("amount", Money, nullable=False),
    Column("paid_at", Moment, nullable=False),
    sum_of("in_flight"),
    sum_of("refunded"),
    Column("collected_by", String),  # the case that collected it; empty = it came with the order
    PrimaryKeyConstraint("order_no", "payment_no"),
    CheckConstraint("amount >= 0 AND in_flight >= 0 AND refunded >= 0", name="not_negative"),
    CheckConstraint("in_flight + refunded <= amount", name="never_above_paid"),
)
