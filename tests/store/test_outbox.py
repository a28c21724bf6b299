"""Letters are handed over at least once, oldest first, and by one worker each."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from models.effects import Message
from store.engine import reading, writing
from store.outbox import Letter, hand_over, of_case, waiting
from tests.builders import NOW
from tests.store.desk import commit, import_order, next_version, open_case


def letter(number: int, level: int | None = None) -> Message:
    at = NOW + timedelta(minutes=number)
    return Message(key=f"letter:{number}", to="owner", subject=f"triage: {number}", at=at, level=level)


@pytest.fixture
def case_no(engine: Engine) -> str:
    case = open_case(engine, import_order(engine))
    commit(engine, next_version(case), messages=(letter(2, 1), letter(1)))
    return case.case_no


def test_letters_are_told_oldest_first_and_once(engine: Engine, case_no: str) -> None:
    told: list[Letter] = []
    with writing(engine) as session:
        assert hand_over(session, told.append, NOW) == 2
    with writing(engine) as session:
        assert hand_over(session, told.append, NOW) == 0
    assert {one.case_no for one in told} == {case_no}
    assert [(one.key, one.level) for one in told] == [("letter:1", None), ("letter:2", 1)]
    with reading(engine) as session:
        assert not waiting(session)
        assert all(one.sent_at == NOW for one in of_case(session, case_no))


def test_a_letter_that_could_not_be_told_is_told_again(engine: Engine, case_no: str) -> None:
    def refuse(one: Letter) -> None:
        raise ConnectionError("the mail server is away")

    with pytest.raises(ConnectionError), writing(engine) as session:
        hand_over(session, refuse, NOW)
    with reading(engine) as session:
        assert waiting(session)
        assert all(one.sent_at is None for one in of_case(session, case_no))
