"""Changes of playbooks and calendars on their way: drafts, what was tried, what was put into force, and rebases."""

from sqlalchemy import Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from models.tables.columns import Document, Moment, metadata

drafts = Table(
    "drafts",
    metadata,
    Column("id", String, primary_key=True),
    Column("file", String, nullable=False, comment="its name in the folder of playbooks"),
    Column("text", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String, nullable=False),  # open, published, dropped
    Column("created_by", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_by", String, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("ix_drafts_state_file", "state", "file"),
)

published_texts = Table(
    "published_texts",  # the files as they were written, so that a change can begin with an earlier one
    metadata,
    Column("file", String, nullable=False),
    Column("version", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("kept_at", Moment, nullable=False),
    PrimaryKeyConstraint("file", "version"),
)

calendar_acts = Table(
    "calendar_acts",
    metadata,
    Column("name", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("before", String),  # the version in force until then; none for the first
    Column("after", String, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("name", "number"),
)

trials = Table(
    "trials",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("version", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("since", Moment, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("state", String, nullable=False),  # running, stopped, done, failed
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("after_at", Moment),  # the last case that was tried, by when it was opened and its number
    Column("after_no", String),
    Column("tally", Document, nullable=False),
    Column("told", Text),  # why it failed
    Column("runner", String),  # which process is at it
    Column("touched_at", Moment, nullable=False),
    Index("ix_trials_kind_started_at", "kind", "started_at"),
)

trial_items = Table(
    "trial_items",
    metadata,
    Column("trial_id", String, ForeignKey("trials.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("case_no", String, nullable=False),
    Column("document", Document, nullable=False),
    PrimaryKeyConstraint("trial_id", "number"),
)

rebases = Table(
    "rebases",
    metadata,
    Column("id", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("scope", Document, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("total", Integer, nullable=False),
    PrimaryKeyConstraint("id", "started_at"),
    Index("ix_rebases_started_at", "started_at"),
)
