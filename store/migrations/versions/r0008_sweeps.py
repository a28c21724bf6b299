"""Runs of the sweeps, callbacks with their surveys, months as they were; messages that are about no single case."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
QUESTIONS = ("polite", "promise_kept", "competent", "solved")
CASES = sa.table(
    "cases",
    *(sa.column(name, sa.String) for name in ("case_no", "order_no", "kind", "owner", "state")),
    sa.column("is_open", sa.Boolean),
    sa.column("callback_misses", sa.Integer),
    *(sa.column(name, MOMENT) for name in ("last_moved_at", "due_at")),
)
TIMELINE = sa.table(
    "timeline",
    *(sa.column(name, sa.String) for name in ("case_no", "actor_id", "action", "source")),
    sa.column("seq", sa.Integer),
    sa.column("at", MOMENT),
    sa.column("data", DOCUMENT),
)


def upgrade() -> None:
    op.create_table(
        "sweep_runs",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("sweep", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("found", sa.Integer(), server_default="0", nullable=False),
        sa.Column("did", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_sweep_runs"),
    )
    op.create_index("ix_sweep_runs_last", "sweep_runs", ["sweep", "started_at"])
    callbacks = _create_callbacks()
    surveys = _create_surveys()
    op.create_table(
        "customer_preferences",
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("no_calls", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("customer", name="pk_customer_preferences"),
    )
    op.create_table(
        "month_summaries",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_month_summaries"),
    )
    op.create_index("ix_orders_placed", "orders", ["placed_at", "order_no"])
    with op.batch_alter_table("messages") as messages:
        messages.alter_column("case_no", existing_type=sa.String(), nullable=True)
    _keep_answers(callbacks, surveys)
    _open_callbacks(callbacks)


def _create_callbacks() -> sa.Table:
    created = op.create_table(
        "callbacks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("order_no", sa.String(), nullable=True),
        sa.Column("customer", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_try_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('due', 'answered', 'unreachable', 'dropped')", name=op.f("ck_callbacks_known_state")
        ),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_callbacks_case_no_cases"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name="fk_callbacks_order_no_orders"),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
    )
    op.create_index("ix_callbacks_case_no", "callbacks", ["case_no"])
    op.create_index("ix_callbacks_due", "callbacks", ["state", "due_at", "id"])
    op.create_index("ix_callbacks_customer", "callbacks", ["customer", "created_at"])
    op.create_index("ix_callbacks_ended", "callbacks", ["ended_at", "state"])
    op.create_table(
        "callback_tries",
        sa.Column("callback_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], name="fk_callback_tries_callback_id_callbacks"),
        sa.PrimaryKeyConstraint("callback_id", "number", name="pk_callback_tries"),
    )
    assert created is not None
    return created


def _create_surveys() -> sa.Table:
    created = op.create_table(
        "surveys",
        sa.Column("callback_id", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("satisfied", sa.Boolean(), nullable=False),
        *(sa.Column(question, sa.Integer(), nullable=True) for question in QUESTIONS),
        sa.Column("words", sa.Text(), nullable=True),
        *(
            sa.CheckConstraint(f"{question} BETWEEN 1 AND 5", name=op.f(f"ck_surveys_{question}_1_to_5"))
            for question in QUESTIONS
        ),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], name="fk_surveys_callback_id_callbacks"),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_surveys_case_no_cases"),
        sa.PrimaryKeyConstraint("callback_id", name="pk_surveys"),
    )
    op.create_index("ix_surveys_case_no", "surveys", ["case_no"])
    op.create_index("ix_surveys_at", "surveys", ["at", "person"])
    assert created is not None
    return created


def _keep_answers(callbacks: sa.Table, surveys: sa.Table) -> None:
    """Answers of before are in the timeline; the owner of now is the nearest to who handled them."""
    joined = TIMELINE.join(CASES, CASES.c.case_no == TIMELINE.c.case_no)
    columns = (TIMELINE, CASES.c.order_no, CASES.c.kind, CASES.c.owner)
    found = sa.select(*columns).select_from(joined).where(TIMELINE.c.action == "complete_callback")
    connection = op.get_bind()
    for row in connection.execute(found).mappings().all():
        key = f"{row['case_no']}:callback:before:{row['seq']}"
        connection.execute(sa.insert(callbacks), [_callback(row, key, "answered", row["at"])])
        connection.execute(sa.insert(surveys), [_survey(row, key)])


def _open_callbacks(callbacks: sa.Table) -> None:
    """Cases that wait for their callback now, under the key that their answer will have."""
    connection = op.get_bind()
    found = sa.select(CASES).where(CASES.c.is_open, CASES.c.state == "resolved")
    for row in connection.execute(found).mappings().all():
        told = {**row, "at": row["last_moved_at"], "actor_id": None}
        one = _callback(told, f"{row['case_no']}:callback:0", "due", row["due_at"] or row["last_moved_at"])
        connection.execute(sa.insert(callbacks), [{**one, "tries": row["callback_misses"]}])


def _callback(row: Any, key: str, state: str, due_at: Any) -> dict[str, Any]:
    ended = state != "due"
    return {
        "id": key,
        "occasion": "after_remedy",
        "case_no": row["case_no"],
        "order_no": row["order_no"],
        "kind": row["kind"],
        "person": row["owner"],
        "state": state,
        "created_at": row["at"],
        "due_at": due_at,
        "ended_at": row["at"] if ended else None,
        "ended_by": row["actor_id"] if ended else None,
    }


def _survey(row: Any, key: str) -> dict[str, Any]:
    data = row["data"] or {}
    scores = data.get("scores") or {}
    return {
        "callback_id": key,
        "case_no": row["case_no"],
        "occasion": "after_remedy",
        "person": row["owner"],
        "by": row["actor_id"],
        "at": row["at"],
        "satisfied": bool(data.get("satisfied")),
        **{question: scores.get(question) for question in QUESTIONS},
        "words": data.get("words"),
    }


def downgrade() -> None:
    op.drop_index("ix_orders_placed", "orders")
    op.execute("DELETE FROM messages WHERE case_no IS NULL")
    with op.batch_alter_table("messages") as messages:
        messages.alter_column("case_no", existing_type=sa.String(), nullable=False)
    for table in ("month_summaries", "customer_preferences", "surveys", "callback_tries", "callbacks", "sweep_runs"):
        op.drop_table(table)
