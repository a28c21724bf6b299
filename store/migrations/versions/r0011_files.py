"""Files by their hash, and what cases they belong to."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.String(), nullable=False, comment="SHA-256 of the bytes that are kept"),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_files_not_empty")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_table(
        "file_sources",
        sa.Column("source", sa.String(), nullable=False, comment="SHA-256 of the bytes that were sent"),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_file_sources_file_id_files")),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_file_sources")),
    )
    op.create_index(op.f("ix_file_sources_file_id"), "file_sources", ["file_id"])
    op.create_table(
        "case_files",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name=op.f("fk_case_files_case_no_cases")),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_case_files_file_id_files")),
        sa.PrimaryKeyConstraint("case_no", "file_id", name=op.f("pk_case_files")),
    )
    op.create_index("ix_case_files_file", "case_files", ["file_id"])


def downgrade() -> None:
    op.drop_table("case_files")
    op.drop_table("file_sources")
    op.drop_table("files")
