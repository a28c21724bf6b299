"""Why cases are stuck, as indexed facts; work on many cases at once."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
#: The bits of the reasons, as this revision knew them.
BIT = {
    reason: 1 << place
    for place, reason in enumerate(
        (
            "overdue",
            "due_soon",
            "no_owner",
            "owner_away",
            "silent",
            "over_waiting",
            "callback_missed",
            "bouncing",
            "escalated_unacked",
            "chain_exhausted",
            "step_failing",
            "no_timer",
            "promise_missed",
        )
    )
}
BEGINNING, END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
MOMENTS = ("due_at", "due_soon_at", "silent_at", "acknowledged_until", "alarm_at", "last_moved_at", "opened_at")
PLAIN = (
    *("case_no", "state", "stage", "kind", "owner", "our_turn", "escalation", "reassigned", "reopened"),
    *("callback_misses", "chain_exhausted", "failing_step", "at_stake"),
)
CASES = sa.table(
    "cases",
    sa.column("is_open", sa.Boolean),
    *(sa.column(name) for name in PLAIN),
    *(sa.column(name, MOMENT) for name in MOMENTS),
)
CLOCKS = sa.table(
    "case_clocks",
    *(sa.column(name) for name in ("case_no", "clock", "state")),
    sa.column("due_at", MOMENT),
)
REASONS = sa.table(
    "case_reasons",
    *(sa.column(name) for name in ("case_no", "reason")),
    *(sa.column(name, sa.BigInteger) for name in ("from_at", "until_at")),
)
SPANS = sa.table(
    "stuck_spans",
    *(sa.column(name) for name in ("case_no", "mask", "stage", "kind", "owner", "at_stake")),
    *(sa.column(name, sa.BigInteger) for name in ("from_at", "until_at", "due_order", "opened_at")),
)
BATCH = 1000


def upgrade() -> None:
    _facts()
    _bulks()
    _fill()


def _facts() -> None:
    op.create_table(
        "case_reasons",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_case_reasons_case_no_cases"),
        sa.PrimaryKeyConstraint("case_no", "reason", name="pk_case_reasons"),
    )
    op.create_index("ix_case_reasons_reason", "case_reasons", ["reason", "from_at", "until_at"])
    op.create_table(
        "stuck_spans",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("mask", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("at_stake", sa.BigInteger(), nullable=False),
        sa.Column("due_order", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_stuck_spans_case_no_cases"),
        sa.PrimaryKeyConstraint("case_no", "from_at", name="pk_stuck_spans"),
    )
    board = ["stage", "mask", "from_at", "until_at", "owner", "kind", "at_stake", "opened_at", "due_order", "case_no"]
    owner = ["owner", "due_order", "from_at", "until_at", "stage", "mask", "kind", "at_stake", "opened_at", "case_no"]
    op.create_index("ix_stuck_spans_board", "stuck_spans", board)
    op.create_index("ix_stuck_spans_owner", "stuck_spans", owner)
    op.create_index("ix_stuck_spans_due", "stuck_spans", ["due_order", "case_no"])
    op.create_index("ix_stuck_spans_age", "stuck_spans", ["opened_at", "case_no"])
    op.create_index("ix_stuck_spans_stake", "stuck_spans", ["at_stake", "case_no"])


def _bulks() -> None:
    op.create_table(
        "bulks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("filter", DOCUMENT, nullable=True),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("stopped_by", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('running', 'stopping', 'stopped', 'done')", name=op.f("ck_bulks_known_state")),
        sa.PrimaryKeyConstraint("id", name="pk_bulks"),
    )
    op.create_index("uq_bulks_key", "bulks", ["idempotency_key"], unique=True)
    op.create_index("ix_bulks_created", "bulks", ["created_at", "id"])
    op.create_table(
        "bulk_items",
        sa.Column("bulk_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'refused', 'failed')", name=op.f("ck_bulk_items_known_state")),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulks.id"], name="fk_bulk_items_bulk_id_bulks"),
        sa.PrimaryKeyConstraint("bulk_id", "number", name="pk_bulk_items"),
    )
    op.create_index("ix_bulk_items_case", "bulk_items", ["case_no", "bulk_id"])


# ── what open cases say already ───────────────────────────────────────────────────────────────────


def _fill() -> None:
    connection = op.get_bind()
    found = sa.select(CLOCKS.c.case_no, sa.func.min(CLOCKS.c.due_at))
    promised = found.where(CLOCKS.c.clock == "promise", CLOCKS.c.state == "running").group_by(CLOCKS.c.case_no)
    promises = {row[0]: _utc(row[1]) for row in connection.execute(promised)}
    columns = (*(CASES.c[name] for name in (*PLAIN, *MOMENTS)),)
    last: Any = ""
    while True:
        page = sa.select(*columns).where(CASES.c.is_open, CASES.c.case_no > last).order_by(CASES.c.case_no).limit(BATCH)
        rows = [
            {name: _utc(value) if name in MOMENTS else value for name, value in row.items()}
            for row in connection.execute(page).mappings()
        ]
        if not rows:
            return
        facts = {row["case_no"]: list(_held(row, promises.get(row["case_no"]))) for row in rows}
        kept = [
            {"case_no": number, "reason": reason, "from_at": _micros(since), "until_at": _micros(until)}
            for number, held in facts.items()
            for reason, since, until in held
        ]
        if kept:
            connection.execute(sa.insert(REASONS), kept)
        connection.execute(sa.insert(SPANS), [span for row in rows for span in _spans(row, facts[row["case_no"]])])
        last = rows[-1]["case_no"]


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _held(row: dict[str, Any], promised: datetime | None) -> Iterator[tuple[str, datetime, datetime]]:
    due, moved = row["due_at"], row["last_moved_at"]
    if due and row["due_soon_at"] and row["due_soon_at"] < due:
        yield "due_soon", row["due_soon_at"], due
    resolved = row["state"] == "resolved"
    since = {
        "overdue": due,
        "silent": row["silent_at"],
        "over_waiting": None if row["our_turn"] else due or moved,
        "callback_missed": (moved if row["callback_misses"] else due) if resolved else None,
        "escalated_unacked": (row["acknowledged_until"] or moved) if row["escalation"] >= 1 else None,
        "promise_missed": promised,
        "no_owner": None if row["owner"] else moved,
        "bouncing": moved if row["reassigned"] >= 3 or row["reopened"] >= 2 else None,
        "chain_exhausted": moved if row["chain_exhausted"] else None,
        "step_failing": moved if row["failing_step"] else None,
        "no_timer": None if due and row["alarm_at"] else moved,
    }
    for reason, at in since.items():
        if at is not None:
            yield reason, at, END


def _spans(row: dict[str, Any], held: list[tuple[str, datetime, datetime]]) -> Iterator[dict[str, Any]]:
    about = {name: row[name] for name in ("case_no", "stage", "kind", "owner", "at_stake")}
    sorts = {"due_order": _micros(row["due_at"] or END), "opened_at": _micros(row["opened_at"])}
    borders = sorted({BEGINNING, END, *(at for _, since, until in held for at in (since, until))})
    for since, until in itertools.pairwise(borders):
        mask = sum(BIT[reason] for reason, begins, ends in held if begins <= since < ends)
        yield {**about, **sorts, "from_at": _micros(since), "until_at": _micros(until), "mask": mask}


def _micros(at: datetime) -> int:
    return (at - BEGINNING) // timedelta(microseconds=1)


def downgrade() -> None:
    for table in ("bulk_items", "bulks", "stuck_spans", "case_reasons"):
        op.drop_table(table)
