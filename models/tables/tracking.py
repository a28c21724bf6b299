"""Word from outside as it came, and what couriers say of waybills (L16, G14)."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
    text,
    true,
)

from models.tables.columns import Document, Moment, metadata, order_no

hooks_in = Table(
    "hooks_in",
    metadata,
    Column("id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("sender_id", String, nullable=False, comment="what the sender calls it: the same again is the same"),
    Column("headers", Document, nullable=False, comment="those that are needed to understand it; no signatures"),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("words", Text, comment="why it could not be read"),
    Column("events", Integer, comment="how many events it told of"),
    Column("again_at", Moment, comment="whoever has to be asked about it was away: not before then"),
    CheckConstraint("state IN ('received', 'done', 'refused', 'unreadable')", name="known_state"),
    Index("uq_hooks_in_sender", "source", "sender_id", unique=True),
    Index("ix_hooks_in_state", "state", "received_at", "id"),
    Index("ix_hooks_in_received", "received_at", "id"),
)

tracking_events = Table(
    "tracking_events",
    metadata,
    Column("waybill", String, nullable=False),
    Column("key", String, nullable=False, comment="the same for the same event, whoever tells it"),
    Column("at", Moment, nullable=False),
    Column("document", Document, nullable=False),
    Column("source", String, nullable=False, comment="who told it first"),
    Column("told_at", Moment, nullable=False),
    PrimaryKeyConstraint("waybill", "key"),
)

tracking = Table(
    "tracking",
    metadata,
    Column("waybill", String, primary_key=True),
    Column("standing", Document, nullable=False, comment="all its events folded"),
    Column("changed_at", Moment, nullable=False),
    Column("pending", Boolean, nullable=False, server_default=true(), comment="cases are still to be told"),
    Column("version", Integer, nullable=False, comment="counts what there was to tell"),
    Index("ix_tracking_pending", "pending", "changed_at"),
)

order_waybills = Table(
    "order_waybills",
    metadata,
    Column("waybill", String, nullable=False),
    order_no(nullable=False, index=True),
    PrimaryKeyConstraint("waybill", "order_no"),
)

order_news = Table(
    "order_news",
    metadata,
    Column("order_no", String, ForeignKey("orders.order_no"), primary_key=True),
    Column("source", String, nullable=False, comment="the storefront that said so"),
    Column("changed_at", Moment, nullable=False, comment="by the storefront's own time: what is older is no news"),
)

parcel_watch = Table(
    "parcel_watch",
    metadata,
    Column("waybill", String, primary_key=True),
    Column("carrier", String, comment="as its order names it"),
    Column("zone", String),
    Column("phone_tail", String, comment="the last four digits, which some couriers ask for"),
    order_no(nullable=True, index=True),
    Column("case_no", String),
    Column("since", Moment, nullable=False, comment="when it left, or its label was printed"),
    Column("shipped", Boolean, nullable=False),
    Column("next_at", Moment, nullable=False, comment="when it is looked at again"),
    Column("over", Boolean, nullable=False, server_default=false(), comment="it has arrived, or is long forgotten"),
    Column("registered_with", String),
    Column("asked_at", Moment),
    Column("tries", Integer, nullable=False, server_default=text("0"), comment="questions in a row without an answer"),
    Column("silent_since", Moment),
    Column("silence", String, comment="the kind of case that it is"),
    Column("told_of", String, comment="the silence that people were told of"),
    Column("words", Text, comment="what came of the last question"),
    Index("ix_parcel_watch_due", "over", "next_at"),
    Index("ix_parcel_watch_silence", "silence", "silent_since"),
)
