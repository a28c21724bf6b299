"""The stock ledger: what is where, every move between two places, and which cases wait for what (G3, G5, L14)."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, PrimaryKeyConstraint, String, Table, Text, text

from models.stock.places import INSIDE, PLACES, WHYS
from models.tables.columns import Moment, case_no, metadata, words

_INSIDE, _PLACES, _WHYS = words(INSIDE), words(PLACES), words(WHYS)

stock_items = Table(
    "stock_items",
    metadata,
    Column("sku", String, primary_key=True),
    Column("name", String),
    Column("counted", Boolean, nullable=False, comment="the shop keeps its stock here, so a shortage is known"),
    Column("arrivals", Integer, nullable=False, server_default=text("0"), comment="how often more became free to sell"),
    Column("changed_at", Moment, nullable=False),
)

stock_places = Table(
    "stock_places",
    metadata,
    Column("sku", String, nullable=False),
    Column("place", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    PrimaryKeyConstraint("sku", "place"),
    CheckConstraint("quantity >= 0", name="never_negative"),
    CheckConstraint(f"place IN ({_INSIDE})", name="known_place"),
)

stock_moves = Table(
    "stock_moves",  # double entry: a row takes units from `source` and gives them to `target`
    metadata,
    Column("key", String, nullable=False),
    Column("sku", String, nullable=False),
    Column("source", String, nullable=False),
    Column("target", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("why", String, nullable=False),
    case_no(),
    Column("by", String, comment="who moved it by hand"),
    Column("reason", Text),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("key", "sku", "source", "target"),
    CheckConstraint("quantity > 0", name="above_zero"),
    CheckConstraint("source <> target", name="two_places"),
    CheckConstraint(f"source IN ({_PLACES}) AND target IN ({_PLACES})", name="known_places"),
    CheckConstraint(f"why IN ({_WHYS})", name="known_why"),
    Index("ix_stock_moves_sku", "sku", "at", "key"),
    Index("ix_stock_moves_case", "case_no", "sku"),
)

stock_waits = Table(
    "stock_waits",  # follows from the documents of cases, but for what they have been told
    metadata,
    case_no(nullable=False),
    Column("sku", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("since", Moment, nullable=False, comment="the oldest is served first"),
    Column("ready", Boolean, nullable=False, comment="it can go on by itself once it is there"),
    Column("seen", Integer, nullable=False, comment="the arrivals that it has been told of"),
    PrimaryKeyConstraint("case_no", "sku"),
    CheckConstraint("quantity > 0", name="above_zero"),
    Index("ix_stock_waits_sku", "sku", "since", "case_no"),
)

loaners_out = Table(
    "loaners_out",  # follows from the documents of cases; its key is why no device is lent twice (G8)
    metadata,
    Column("serial", String, primary_key=True),
    case_no(nullable=False, index=True),
)
