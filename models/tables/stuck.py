"""Why cases are stuck, as indexed facts (T12); work on many cases at once.

A case has one row per reason in `case_reasons`, and the same facts once more in `stuck_spans` as a line of spans: at
every instant one span says with its bits all that holds, so that a count by any reason and stage is one pass.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from models.tables.columns import Document, Micros, Moment, Money, case_no, count_of, metadata

case_reasons = Table(
    "case_reasons",
    metadata,
    case_no(nullable=False),
    Column("reason", String, nullable=False),
    Column("from_at", Micros, nullable=False),
    Column("until_at", Micros, nullable=False),
    PrimaryKeyConstraint("case_no", "reason"),
    Index("ix_case_reasons_reason", "reason", "from_at", "until_at"),
)

stuck_spans = Table(
    "stuck_spans",
    metadata,
    case_no(nullable=False),
    Column("from_at", Micros, nullable=False),
    Column("until_at", Micros, nullable=False),
    Column("mask", Integer, nullable=False),
    Column("stage", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("owner", String),
    Column("at_stake", Money, nullable=False),
    Column("due_order", Micros, nullable=False),
    Column("opened_at", Micros, nullable=False),
    PrimaryKeyConstraint("case_no", "from_at"),
    # All that the counts and filters read, in the order in which they are counted.
    Index(
        "ix_stuck_spans_board",
        *("stage", "mask", "from_at", "until_at", "owner", "kind", "at_stake", "opened_at", "due_order", "case_no"),
    ),
    Index(
        "ix_stuck_spans_owner",
        *("owner", "due_order", "from_at", "until_at", "stage", "mask", "kind", "at_stake", "opened_at", "case_no"),
    ),
    Index("ix_stuck_spans_due", "due_order", "case_no"),
    Index("ix_stuck_spans_age", "opened_at", "case_no"),
    Index("ix_stuck_spans_stake", "at_stake", "case_no"),
)

usual_times = Table(
    "usual_times",
    metadata,
    Column("kind", String, nullable=False),
    Column("clock", String, nullable=False),
    Column("seconds", Integer, nullable=False, comment="the median of what was used, on the clock's calendar"),
    Column("spans", Integer, nullable=False, comment="of how many clocks that were met"),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("kind", "clock"),
)

bulks = Table(
    "bulks",
    metadata,
    Column("id", String, primary_key=True),
    Column("action", String, nullable=False),
    Column("data", Document, nullable=False),
    Column("reason", Text, nullable=False),
    Column("filter", Document),  # what the list was frozen from; none where cases were named
    Column("actor_id", String, nullable=False),
    Column("actor_role", String, nullable=False),
    Column("state", String, nullable=False),
    count_of("total"),
    Column("idempotency_key", String),
    Column("request_hash", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("stopped_by", String),
    CheckConstraint("state IN ('running', 'stopping', 'stopped', 'done')", name="known_state"),
    Index("uq_bulks_key", "idempotency_key", unique=True),
    Index("ix_bulks_created", "created_at", "id"),
)

bulk_items = Table(
    "bulk_items",
    metadata,
    Column("bulk_id", String, ForeignKey("bulks.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("case_no", String, nullable=False),
    Column("state", String, nullable=False),
    Column("code", String),  # of a refusal
    Column("detail", Text),
    Column("at", Moment),
    count_of("tries"),  # how often it was asked and said nothing
    PrimaryKeyConstraint("bulk_id", "number"),
    CheckConstraint("state IN ('waiting', 'done', 'refused', 'failed')", name="known_state"),
    Index("ix_bulk_items_case", "case_no", "bulk_id"),
)
