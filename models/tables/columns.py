"""What all tables are made of: the metadata, the types of columns, and columns that many tables have."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An instant: only aware times go in, and UTC comes out, also from SQLite, which keeps no offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its offset cannot be stored")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Micros(TypeDecorator[datetime]):
    """An instant as microseconds since 1970: a third of the size in an index of SQLite, where reading is the time."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its offset cannot be stored")
        return (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Document = JSON().with_variant(JSONB(), "postgresql")
Money = BigInteger


def order_no(**how: Any) -> Column[str]:
    return Column("order_no", String, ForeignKey("orders.order_no"), **how)


def case_no(**how: Any) -> Column[str]:
    return Column("case_no", String, ForeignKey("cases.case_no"), **how)


def count_of(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def where(condition: str) -> dict[str, Any]:
    """A partial index, for both databases."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


def sum_of(name: str) -> Column[int]:
    return Column(name, Money, nullable=False, server_default="0")


def words(names: Iterable[str]) -> str:
    """Words as a constraint names them."""
    return ", ".join(f"'{name}'" for name in names)
