"""Whom letters reach, by what, and when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("messages", sa.Column("channels", DOCUMENT, nullable=True))
    op.add_column("messages", sa.Column("ask_at", MOMENT, nullable=True))
    _mailboxes()
    _mailings()
    _letters()


def _mailboxes() -> None:
    op.create_table(
        "mailboxes",
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("quiet_from", sa.String(), nullable=True),
        sa.Column("quiet_until", sa.String(), nullable=True),
        sa.Column("addresses", DOCUMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=True),
        sa.Column("changed_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("holder", name="pk_mailboxes"),
    )


def _mailings() -> None:
    op.create_table(
        "mailings",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("letters", sa.Integer(), server_default="0", nullable=False),
        sa.Column("channels", DOCUMENT, nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("try_at", MOMENT, nullable=False),
        sa.Column("claim", sa.String(), nullable=True),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("given_up_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mailings"),
    )
    op.create_index("ix_mailings_holder", "mailings", ["holder", "made_at"])
    open_ones = sa.text("sent_at IS NULL AND given_up_at IS NULL")
    op.create_index("ix_mailings_open", "mailings", ["try_at"], postgresql_where=open_ones, sqlite_where=open_ones)


def _letters() -> None:
    op.create_table(
        "letters",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("message_key", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("words", DOCUMENT, nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("channels", DOCUMENT, nullable=True),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("addressed_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mailing", sa.String(), nullable=True),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.Column("read_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["case_no"], ["cases.case_no"], name="fk_letters_case_no_cases"),
        sa.ForeignKeyConstraint(["mailing"], ["mailings.id"], name="fk_letters_mailing_mailings"),
        sa.PrimaryKeyConstraint("id", name="pk_letters"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_letters_waiting", "letters", ["holder", "addressed_at"], postgresql_where=waiting, sqlite_where=waiting
    )
    op.create_index("ix_letters_inbox", "letters", ["holder", "unread", "at", "id"])
    for column in ("message_key", "case_no", "mailing"):
        op.create_index(f"ix_letters_{column}", "letters", [column])


def downgrade() -> None:
    for table in ("letters", "mailings", "mailboxes"):
        op.drop_table(table)
    for column in ("ask_at", "channels"):
        op.drop_column("messages", column)
