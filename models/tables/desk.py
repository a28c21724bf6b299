"""The desk's own: idempotency, numbers, tokens, playbooks, personal data."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, PrimaryKeyConstraint, String, Table, Text

from models.tables.columns import Document, Moment, case_no, metadata

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String, primary_key=True),
    Column("request_hash", String, nullable=False),
    case_no(),
    Column("created_at", Moment, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("roles", Document, nullable=False),
    Column("may_act_for_others", Boolean, nullable=False),
    Column("secret_hash", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
)

token_ties = Table(
    "token_ties",  # of tokens from outside the house: whose cases they are about
    metadata,
    Column("token_id", String, ForeignKey("tokens.id"), primary_key=True),
    Column("customer_id", String),
    Column("case_no", String),
    Column("carrier", String),
)

playbook_versions = Table(
    "playbook_versions",
    metadata,
    Column("kind", String, nullable=False),
    Column("version", String, nullable=False),
    Column("document", Document, nullable=False),
    Column("loaded_at", Moment, nullable=False),
    PrimaryKeyConstraint("kind", "version"),
)

playbook_acts = Table(
    "playbook_acts",
    metadata,
    Column("kind", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("before", String),  # the version in force until then; none for the first
    Column("after", String),  # none when the kind was taken away
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("kind", "number"),
)

personal = Table(
    "personal",
    metadata,
    Column("ref", String, primary_key=True),
    case_no(nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("value", Document, nullable=False),
    Column("at", Moment, nullable=False),
)
