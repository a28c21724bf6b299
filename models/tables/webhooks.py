"""Word to other programs: who wants it, what happened, and how each delivery went."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, false, text

from models.tables.columns import Document, Moment, metadata

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", String, primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", Document, nullable=False, comment="those wanted; none means all"),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("state", String, nullable=False),
    Column("why", Text, comment="why it was switched off"),
    Column("secrets", Document, nullable=False, comment="the newest first; `until` of those that were replaced"),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String, nullable=False),
    Column("failing_since", Moment, comment="nothing was taken since"),
    Column("last_at", Moment, comment="when anything was last taken"),
    CheckConstraint("state IN ('active', 'off')", name="known_state"),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("id", String, primary_key=True, comment="the `webhook-id`"),
    Column("type", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", Text, nullable=False, comment="what is sent and signed, as text"),
    Column("spread", Boolean, nullable=False, server_default=false()),
    Index("ix_webhook_events_spread", "spread", "at"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", String, primary_key=True),
    Column("endpoint_id", String, ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False),
    Column("event_id", String, ForeignKey("webhook_events.id", ondelete="CASCADE"), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0"), comment="since it was last begun"),
    Column("try_at", Moment, nullable=False),
    Column("claimed_until", Moment, comment="a worker is at it"),
    Column("ended_at", Moment),
    Column("answers", Document, nullable=False, comment="what each try came to, the newest last"),
    CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name="known_state"),
    Index("uq_webhook_deliveries_event", "event_id", "endpoint_id", unique=True),
    Index("ix_webhook_deliveries_due", "state", "try_at"),
    Index("ix_webhook_deliveries_endpoint", "endpoint_id", "made_at", "id"),
    Index("ix_webhook_deliveries_ended", "ended_at"),
)
