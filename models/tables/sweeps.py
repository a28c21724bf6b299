"""What sweeps found and did, callbacks with their surveys, and months as they were: records, never rebuilt."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from models.oversight.callbacks import QUESTIONS, STATES
from models.tables.columns import Document, Moment, case_no, count_of, metadata, order_no, words

sweep_runs = Table(
    "sweep_runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("sweep", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    count_of("found"),
    count_of("did"),
    count_of("failed"),
    Column("words", Text),
    Column("details", Document, nullable=False),
    Index("ix_sweep_runs_last", "sweep", "started_at"),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", String, primary_key=True),
    Column("occasion", String, nullable=False),
    case_no(index=True),
    order_no(),
    Column("customer", String),  # of a periodic one: the shop's id, or the phone where there is none. Personal
    Column("kind", String),  # of its case; the hours to call in go by it
    Column("person", String),  # who handled it, and is scored (T6)
    Column("state", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    count_of("tries"),
    Column("last_try_at", Moment),
    Column("ended_at", Moment),
    Column("ended_by", String),
    CheckConstraint(f"state IN ({words(STATES)})", name="known_state"),
    Index("ix_callbacks_due", "state", "due_at", "id"),
    Index("ix_callbacks_customer", "customer", "created_at"),
    Index("ix_callbacks_ended", "ended_at", "state"),
)

callback_tries = Table(
    "callback_tries",
    metadata,
    Column("callback_id", String, ForeignKey("callbacks.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", String, nullable=False),
    Column("channel", String),
    Column("note", Text),
    PrimaryKeyConstraint("callback_id", "number"),
)

surveys = Table(
    "surveys",
    metadata,
    Column("callback_id", String, ForeignKey("callbacks.id"), primary_key=True),
    case_no(index=True),
    Column("occasion", String, nullable=False),
    Column("person", String),
    Column("by", String, nullable=False),
    Column("channel", String),
    Column("at", Moment, nullable=False),
    Column("satisfied", Boolean, nullable=False),
    *(Column(question, Integer) for question in QUESTIONS),
    Column("words", Text),
    *(CheckConstraint(f"{question} BETWEEN 1 AND 5", name=f"{question}_1_to_5") for question in QUESTIONS),
    Index("ix_surveys_at", "at", "person"),
)

customer_preferences = Table(
    "customer_preferences",
    metadata,
    Column("customer", String, primary_key=True),
    Column("no_calls", Boolean, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text),
)

month_summaries = Table(
    "month_summaries",
    metadata,
    Column("month", String, primary_key=True),  # 2026-10
    Column("document", Document, nullable=False),
    Column("at", Moment, nullable=False),
)
