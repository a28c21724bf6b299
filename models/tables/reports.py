"""What reports count: a narrow row per case and one per product of a case, written by its commits (T13)."""

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, String, Table, false

from models.tables.columns import Micros, case_no, count_of, metadata, sum_of, where

case_facts = Table(
    "case_facts",
    metadata,
    case_no(primary_key=True),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("opened_at", Micros, nullable=False),
    Column("ended_at", Micros),
    Column("staff", String, comment="who handled it when it was last resolved, else its owner"),
    Column("cause", String, comment="found, of the first line that has one"),
    Column("party", String, comment="liable, of the same line"),
    Column("courier", String, comment="of the order's first shipment, else the last one named"),
    Column("channel", String),
    Column("remedy", String),
    Column("severity", String),
    Column("currency", String),
    Column("goods", String, nullable=False),
    Column("awaits_goods", Boolean, nullable=False, comment="the customer has goods that are to come back"),
    Column("complained_of", String),
    count_of("reopened"),
    sum_of("owed_to_us"),  # by its customer (F24, T21)
    sum_of("owed_before"),  # of that, what was netted, paid or waived
    sum_of("overpaid"),  # by its customer, and not given back yet
    Column("waiver", Boolean, nullable=False, server_default=false(), comment="a manager is to decide on one (F24)"),
    Index("ix_case_facts_owed", "case_no", **where("owed_to_us > 0")),
    Index("ix_case_facts_settled", "case_no", **where("owed_before > 0")),
    Index("ix_case_facts_overpaid", "case_no", **where("overpaid > 0")),
    Index("ix_case_facts_opened", "opened_at"),
    Index("ix_case_facts_ended", "ended_at"),
)

case_products = Table(
    "case_products",
    metadata,
    case_no(nullable=False),
    Column("sku", String, nullable=False),
    Column("name", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("cause", String),
    Column("party", String),
    PrimaryKeyConstraint("case_no", "sku"),
    Index("ix_case_products_sku", "sku", "case_no"),  # whose a parcel with this product may be (G2)
)
