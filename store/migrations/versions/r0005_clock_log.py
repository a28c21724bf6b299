"""The logs of clocks, so that lists can explain them and running ones can be counted anew."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
COLUMNS = ("cause", "log", "used_before", "running_since", "due_by", "calendar_version")
CASES = sa.table("cases", sa.column("case_no", sa.String), sa.column("document", DOCUMENT))
CLOCKS = sa.table(
    "case_clocks",
    *(sa.column(name) for name in ("case_no", "clock", "cycle", "used_before", "cause", "due_by", "calendar_version")),
    sa.column("log", DOCUMENT),
    sa.column("running_since", MOMENT),
)
BATCH = 500


def upgrade() -> None:
    with op.batch_alter_table("case_clocks") as table:
        table.add_column(sa.Column("cause", sa.String(), nullable=True, comment="of the breach: delay, or change"))
        told = "[[epoch seconds, what, note], …]"
        table.add_column(sa.Column("log", DOCUMENT, server_default="[]", nullable=False, comment=told))
        told = "seconds used before running_since; NULL = not counted yet"
        table.add_column(sa.Column("used_before", sa.Integer(), nullable=True, comment=told))
        table.add_column(sa.Column("running_since", MOMENT, nullable=True))
        told = "until: somebody set it; closing: the end of its day; NULL: its target"
        table.add_column(sa.Column("due_by", sa.String(), nullable=True, comment=told))
        told = "of the calendar that its instants were computed on"
        table.add_column(sa.Column("calendar_version", sa.String(), nullable=True, comment=told))
    _fill_from_documents()


def _fill_from_documents() -> None:
    """From the cases' own documents. Time used before a pause needs a calendar: `db rebuild` counts it."""
    connection = op.get_bind()
    after = ""
    while rows := _next(connection, after):
        filled = [row for case_no, document in rows for row in _filled(case_no, document)]
        if filled:
            keys = (CLOCKS.c[name] == sa.bindparam(f"its_{name}") for name in ("case_no", "clock", "cycle"))
            connection.execute(sa.update(CLOCKS).where(*keys), filled)
        after = rows[-1][0]


def _next(connection: sa.Connection, after: str) -> list[Any]:
    found = sa.select(CASES.c.case_no, CASES.c.document).where(CASES.c.case_no > after)
    return list(connection.execute(found.order_by(CASES.c.case_no).limit(BATCH)))


def _filled(case_no: str, document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for clock in document.get("clocks", ()):
        log = [(datetime.fromisoformat(entry["at"]), entry["what"], entry.get("note")) for entry in clock["log"]]
        starts = [at for at, what, _ in log if what in ("started", "resumed")]
        yield {
            "its_case_no": case_no,
            "its_clock": clock["clock"],
            "its_cycle": clock["cycle"],
            "log": [[int(at.timestamp()), what, note] for at, what, note in log],
            "cause": "delay" if any(what == "breached" for _, what, _ in log) else None,
            "used_before": 0 if clock["state"] == "running" and len(starts) == 1 else None,
            "due_by": "until" if clock.get("until") else "closing" if clock.get("to_closing") else None,
            "calendar_version": clock.get("calendar_version"),
            "running_since": starts[-1] if clock["state"] == "running" else None,
        }


def downgrade() -> None:
    with op.batch_alter_table("case_clocks") as table:
        for name in reversed(COLUMNS):
            table.drop_column(name)
