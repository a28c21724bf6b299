"""Those who sign in to the console. A browser's session and an identity provider's state are kept as hashes only."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, false

from models.tables.columns import Document, Moment, metadata

users = Table(
    "users",
    metadata,
    Column("id", String, primary_key=True),  # the id that the person acts under, as on the staff list
    Column("name", String, nullable=False),
    Column("password_hash", String, comment="argon2; NULL: signs in elsewhere"),
    Column("must_change", Boolean, nullable=False, server_default=false()),
    Column("roles", Document, nullable=False),
    Column("subject", String, comment="issuer and subject at the identity provider"),
    Column("preferences", Document, nullable=False, comment="language, keys"),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    UniqueConstraint("subject"),
)

user_sessions = Table(
    "user_sessions",
    metadata,
    Column("id", String, primary_key=True, comment="SHA-256 of what the browser holds"),
    Column("user_id", String, ForeignKey("users.id"), nullable=False, index=True),
    Column("began_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("address", String),
    Column("browser", String),
)

failed_sign_ins = Table(
    "failed_sign_ins",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("name", String, nullable=False),
    Column("address", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_failed_sign_ins_at", "at"),
)

sign_in_trips = Table(
    "sign_in_trips",
    metadata,
    Column("id", String, primary_key=True, comment="SHA-256 of the state that comes back"),
    Column("nonce", String, nullable=False),
    Column("verifier", String, nullable=False),
    Column("bound_to", String, nullable=False, comment="SHA-256 of a cookie of the browser that left"),
    Column("onward", String, nullable=False),
    Column("began_at", Moment, nullable=False),
)
