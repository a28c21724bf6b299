"""Word from outside as it came."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")
SENDER = "what the sender calls it: the same again is the same"
HEADERS = "those that are needed to understand it; no signatures"


def upgrade() -> None:
    op.create_table(
        "hooks_in",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("sender_id", sa.String(), nullable=False, comment=SENDER),
        sa.Column("headers", DOCUMENT, nullable=False, comment=HEADERS),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("words", sa.Text(), nullable=True, comment="why it could not be read"),
        sa.Column("events", sa.Integer(), nullable=True, comment="how many events it told of"),
        sa.CheckConstraint("state IN ('received', 'done', 'unreadable')", name=op.f("ck_hooks_in_known_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hooks_in")),
    )
    op.create_index("uq_hooks_in_sender", "hooks_in", ["source", "sender_id"], unique=True)
    op.create_index("ix_hooks_in_state", "hooks_in", ["state", "received_at", "id"])
    op.create_index("ix_hooks_in_received", "hooks_in", ["received_at", "id"])


def downgrade() -> None:
    op.drop_table("hooks_in")
