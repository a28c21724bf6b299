"""Every box that came in, with the cases it is for; the shelf of unmatched parcels becomes a part of it."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BATCH = 1000
#: How long a parcel waited for its case until shops could say it themselves.
KEPT = timedelta(days=90)


def upgrade() -> None:
    _parcels()
    _beside()
    op.create_index("ix_cases_phone_tail", "cases", ["phone_tail", "case_no"])
    op.create_index("ix_cases_customer_name", "cases", ["customer_name", "case_no"])
    op.create_index("ix_case_products_sku", "case_products", ["sku", "case_no"])
    _move(op.get_bind())
    op.drop_table("unmatched_parcels")


def _parcels() -> None:
    op.create_table(
        "parcels",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column(
            "code", sa.String(), nullable=False, comment="what was scanned; empty when nothing on it could be read"
        ),
        sa.Column("waybill", sa.String()),
        sa.Column("box", sa.Integer(), comment="its number among the boxes of one delivery"),
        sa.Column("of", sa.Integer(), comment="how many boxes that delivery has"),
        sa.Column("scan_id", sa.String(), comment="the scanner's own id: the same again is the same scan"),
        sa.Column("grams", sa.Integer()),
        sa.Column("note", sa.Text()),
        sa.Column("sender_name", sa.String(), comment="personal"),
        sa.Column("phone_tail", sa.String()),
        sa.Column("product", sa.String()),
        sa.Column("invoice_enclosed", sa.Boolean()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("due_at", MOMENT, comment="until when it waits on the shelf"),
        sa.Column("ended_at", MOMENT, comment="matched, disposed of or sent back"),
        sa.Column("ended_by", sa.String()),
        sa.Column("ended_role", sa.String()),
        sa.Column("reason", sa.Text()),
        sa.Column("sent_carrier", sa.String()),
        sa.Column("sent_waybill", sa.String()),
        sa.CheckConstraint(
            "state IN ('on_shelf', 'booked', 'matched', 'disposed', 'sent_back')", name=op.f("ck_parcels_known_state")
        ),
        sa.CheckConstraint("grams > 0", name=op.f("ck_parcels_some_weight")),
        sa.CheckConstraint("box >= 1", name=op.f("ck_parcels_box_from_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcels")),
        sa.UniqueConstraint("scan_id", name=op.f("uq_parcels_scan_id")),
    )
    for name, columns in {"state": ["state", "at", "id"], "at": ["at", "id"], "due": ["state", "due_at", "id"]}.items():
        op.create_index(f"ix_parcels_{name}", "parcels", columns)
    op.create_index("ix_parcels_code", "parcels", ["code"])
    op.create_index("ix_parcels_waybill", "parcels", ["waybill"])


def _beside() -> None:
    op.create_table(
        "parcel_cases",
        sa.Column("parcel_id", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false(), comment="the case knows of it"),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_parcel_cases_parcel_id_parcels")),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_parcel_cases_case_no_cases")),
        sa.PrimaryKeyConstraint("parcel_id", "case_no", name=op.f("pk_parcel_cases")),
    )
    op.create_index("ix_parcel_cases_case", "parcel_cases", ["case_no", "parcel_id"])
    op.create_index("ix_parcel_cases_untold", "parcel_cases", ["told", "at", "parcel_id"])
    op.create_table(
        "parcel_files",
        sa.Column("parcel_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["parcel_id"], ["parcels.id"], name=op.f("fk_parcel_files_parcel_id_parcels")),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_parcel_files_file_id_files")),
        sa.PrimaryKeyConstraint("parcel_id", "file_id", name=op.f("pk_parcel_files")),
    )
    op.create_index("ix_parcel_files_file", "parcel_files", ["file_id"])


_old = sa.table(
    "unmatched_parcels",
    *(sa.column(name) for name in ("id", "code", "note", "state", "case_no")),
    sa.column("at", MOMENT),
)
_new = sa.table(
    "parcels",
    *(sa.column(name) for name in ("id", "code", "note", "state", "by")),
    sa.column("at", MOMENT),
    sa.column("due_at", MOMENT),
    sa.column("ended_at", MOMENT),
)
_cases = sa.table(
    "parcel_cases",
    *(sa.column(name) for name in ("parcel_id", "case_no", "by", "role")),
    sa.column("at", MOMENT),
    sa.column("told", sa.Boolean),
)


def _move(connection: sa.Connection) -> None:
    """What lay on the shelf lies there still, and is due as long after it came as anything else."""
    known: set[str] = set(connection.execute(sa.select(sa.column("case_no")).select_from(sa.table("cases"))).scalars())
    after = ""
    while rows := connection.execute(sa.select(_old).where(_old.c.id > after).order_by(_old.c.id).limit(BATCH)).all():
        connection.execute(sa.insert(_new), [_row(row) for row in rows])
        tied = [_tie(row) for row in rows if row.case_no in known]
        if tied:
            connection.execute(sa.insert(_cases), tied)
        after = rows[-1].id


def _row(row: Any) -> dict[str, Any]:
    waits = row.state == "waiting"
    told = {"id": row.id, "code": row.code, "note": row.note, "at": row.at, "by": "unknown"}
    return {
        **told,
        "state": "on_shelf" if waits else "matched",
        "due_at": row.at + KEPT,
        "ended_at": None if waits else row.at,
    }


def _tie(row: Any) -> dict[str, Any]:
    who = {"by": "unknown", "role": "warehouse"}
    return {"parcel_id": row.id, "case_no": row.case_no, "at": row.at, "told": True, **who}


def downgrade() -> None:
    op.create_table(
        "unmatched_parcels",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmatched_parcels")),
    )
    op.create_index("ix_unmatched_parcels_code", "unmatched_parcels", ["code", "state"])
    _move_back(op.get_bind())
    op.drop_table("parcel_files")
    op.drop_table("parcel_cases")
    op.drop_table("parcels")
    op.drop_index("ix_case_products_sku", "case_products")
    op.drop_index("ix_cases_customer_name", "cases")
    op.drop_index("ix_cases_phone_tail", "cases")


def _move_back(connection: sa.Connection) -> None:
    """The shelf as it was: what waits on it, and what was taken from it for a case."""
    first = sa.select(sa.func.min(_cases.c.case_no)).where(_cases.c.parcel_id == _new.c.id).scalar_subquery()
    found = sa.select(_new.c.id, _new.c.code, _new.c.at, _new.c.note, _new.c.state, first.label("case_no"))
    rows = connection.execute(found.where(_new.c.state.in_(("on_shelf", "matched")))).all()
    if rows:
        states = {"on_shelf": "waiting", "matched": "matched"}
        moved = [{**row._mapping, "state": states[row.state]} for row in rows]
        connection.execute(sa.insert(_old), moved)
