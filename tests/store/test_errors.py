"""A database's complaint says what is wrong, and nothing of the row: it goes into logs, histories and answers."""

import traceback

import pytest
from sqlalchemy import CheckConstraint, Column, Engine, Integer, MetaData, String, Table, insert, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from store.engine import reading, writing

NAME, PHONE = "王芳", "13800138000"
#: A table of the test's own: its rules are broken below.
people = Table(
    "people_of_a_test",
    MetaData(),
    Column("phone", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("age", Integer, CheckConstraint("age > 0", name="is_born"), nullable=False),
)


@pytest.fixture
def kept(engine: Engine) -> Engine:
    people.metadata.drop_all(engine)
    people.metadata.create_all(engine)
    with writing(engine) as session:
        session.execute(insert(people), [{"phone": PHONE, "name": NAME, "age": 30}])
    return engine


def everything(error: BaseException) -> str:
    """What any log would show of it, with all that it came from."""
    return "".join(traceback.format_exception(error)) + str(error) + repr(error)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"phone": "13900139000", "name": None, "age": 30}, "name"),
        ({"phone": "13900139000", "name": NAME, "age": -1}, "is_born"),
        ({"phone": PHONE, "name": NAME, "age": 30}, "people_of_a_test"),
    ],
)
def test_a_row_that_is_refused_is_not_quoted(kept: Engine, row: dict[str, object], named: str) -> None:
    with pytest.raises(IntegrityError) as refused, writing(kept) as session:
        session.execute(insert(people), [row])
    told = everything(refused.value)
    assert named in told
    assert [secret for secret in (NAME, PHONE, "13900139000") if secret in told] == []
    people.metadata.drop_all(kept)


def test_a_value_that_cannot_be_read_is_not_quoted(kept: Engine) -> None:
    """PostgreSQL alone is so strict, and quotes the value in its first line."""
    if kept.dialect.name != "postgresql":
        pytest.skip("SQLite casts anything")
    with pytest.raises(DataError) as refused, reading(kept) as session:
        session.execute(text("SELECT CAST(name AS integer) FROM people_of_a_test"))
    assert "invalid input syntax for type integer" in str(refused.value)
    assert NAME not in everything(refused.value)
    people.metadata.drop_all(kept)


def test_the_state_of_an_error_can_still_be_asked(kept: Engine) -> None:
    with pytest.raises(DBAPIError) as refused, writing(kept) as session:
        session.execute(insert(people), [{"phone": PHONE, "name": NAME, "age": 30}])
    assert isinstance(refused.value, IntegrityError)
    assert getattr(refused.value.orig, "sqlstate", "23505") == "23505"
    people.metadata.drop_all(kept)
