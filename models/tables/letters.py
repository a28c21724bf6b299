"""What decisions want told, to whom it goes, and how it reaches them.

`messages` are written with the decision. Each becomes `letters`, one for every person (or role's box) that hears it;
what a person is told at one moment is one of the `mailings`. `mailboxes` say how somebody is reached.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from models.tables.columns import Document, Moment, case_no, count_of, metadata, where

messages = Table(
    "messages",
    metadata,
    Column("key", String, primary_key=True),
    case_no(index=True),  # none where it is about many cases: a digest
    Column("recipient", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("level", Integer),
    Column("at", Moment, nullable=False),
    Column("sent_at", Moment),  # when it became letters, or was handed to the log
    Column("channels", Document),  # the kinds of address that the chain's level names
    Column("ask_at", Moment),  # nobody was on duty: when it is asked again who is
    Column("words", Document),  # of one about no single case: the text in each language
    Index("ix_messages_unsent", "sent_at", "at"),
)

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("holder", String, primary_key=True),  # a person's id, or `role:finance`
    Column("language", String),
    Column("timezone", String),
    Column("quiet_from", String),
    Column("quiet_until", String),
    Column("addresses", Document, nullable=False),
    Column("changed_at", Moment),
    Column("changed_by", String),
)

mailings = Table(
    "mailings",
    metadata,
    Column("id", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    count_of("letters"),
    Column("channels", Document),  # kinds of address that are tried first
    Column("urgent", Boolean, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("address", String),  # the only address it is for (a test), else all of the holder's in turn
    Column("route", String, nullable=False),  # what the next try goes through; bounds how many go there at once
    count_of("attempts"),
    Column("try_at", Moment, nullable=False),
    Column("claim", String),
    Column("claimed_until", Moment),
    Column("sent_at", Moment),
    Column("channel", String),  # the kind of channel that took it, or that failed last
    Column("error", Text),
    Column("given_up_at", Moment),
    Index("ix_mailings_holder", "holder", "made_at"),
    Index("ix_mailings_open", "try_at", **where("sent_at IS NULL AND given_up_at IS NULL")),
)

letters = Table(
    "letters",
    metadata,
    Column("id", String, primary_key=True),  # the message and who hears it: the same however often it is asked
    Column("message_key", String, nullable=False, index=True),
    Column("holder", String, nullable=False),
    case_no(index=True),
    Column("recipient", String, nullable=False),  # as the decision named it: a role, `owner`, a person
    Column("owner", String),  # of the case when the letter was addressed
    Column("subject", Text, nullable=False),
    Column("words", Document),  # of a letter about no case: the text in each language
    Column("level", Integer),
    Column("channels", Document),
    Column("own", Boolean, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("addressed_at", Moment, nullable=False),
    Column("state", String, nullable=False),  # waiting, mailed, passed_on (the owner changed while it waited)
    Column("mailing", String, ForeignKey("mailings.id"), index=True),
    Column("unread", Integer, nullable=False),
    Column("read_at", Moment),
    Column("read_by", String),
    Index("ix_letters_waiting", "holder", "addressed_at", **where("state = 'waiting'")),
    Index("ix_letters_inbox", "holder", "unread", "at", "id"),
)
