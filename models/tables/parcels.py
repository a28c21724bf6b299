"""Every box that came in: what was scanned, what is known of it, and the cases that it is for (G1, G2, G12)."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
)

from models.goods.parcels import STATES
from models.tables.columns import Moment, case_no, metadata, words

parcels = Table(
    "parcels",
    metadata,
    Column("id", String, primary_key=True),
    Column("code", String, nullable=False, comment="what was scanned; empty when nothing on it could be read"),
    Column("waybill", String),
    Column("box", Integer, comment="its number among the boxes of one delivery"),
    Column("of", Integer, comment="how many boxes that delivery has"),
    Column("scan_id", String, unique=True, comment="the scanner's own id: the same again is the same scan"),
    Column("grams", Integer),
    Column("note", Text),
    Column("sender_name", String, comment="personal"),
    Column("phone_tail", String),
    Column("product", String),
    Column("invoice_enclosed", Boolean),
    Column("state", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", String, nullable=False),
    Column("due_at", Moment, comment="until when it waits on the shelf"),
    Column("ended_at", Moment, comment="matched, disposed of or sent back"),
    Column("ended_by", String),
    Column("ended_role", String),
    Column("reason", Text),
    Column("sent_carrier", String),
    Column("sent_waybill", String),
    CheckConstraint(f"state IN ({words(STATES)})", name="known_state"),
    CheckConstraint("grams > 0", name="some_weight"),
    CheckConstraint("box >= 1", name="box_from_one"),
    Index("ix_parcels_state", "state", "at", "id"),
    Index("ix_parcels_at", "at", "id"),
    Index("ix_parcels_due", "state", "due_at", "id"),
    Index("ix_parcels_code", "code"),
    Index("ix_parcels_waybill", "waybill"),
)

parcel_cases = Table(
    "parcel_cases",
    metadata,
    Column("parcel_id", String, ForeignKey("parcels.id"), nullable=False),
    case_no(nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", String, nullable=False),
    Column("role", String, nullable=False),
    Column("told", Boolean, nullable=False, server_default=false(), comment="the case knows of it"),
    PrimaryKeyConstraint("parcel_id", "case_no"),
    Index("ix_parcel_cases_case", "case_no", "parcel_id"),
    Index("ix_parcel_cases_untold", "told", "at", "parcel_id"),
)

parcel_files = Table(
    "parcel_files",
    metadata,
    Column("parcel_id", String, ForeignKey("parcels.id"), nullable=False),
    Column("file_id", String, ForeignKey("files.id"), nullable=False),
    Column("by", String, nullable=False),
    Column("role", String, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("parcel_id", "file_id"),
    Index("ix_parcel_files_file", "file_id"),
)
