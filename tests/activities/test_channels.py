"""One suite for every channel; a channel of its own needs only its line in the map."""

import logging

import pytest
from sqlalchemy import Engine

from activities.channels import CHANNELS
from activities.outbox import deliver
from models.effects import Message
from store.outbox import Letter
from tests.builders import NOW
from tests.databases import opened, sqlite_database
from tests.store.desk import commit, import_order, next_version, open_case

LETTER = Letter(key="AC-26-000001:message:1", case_no="AC-26-000001", recipient="owner", subject="triage: 1", at=NOW)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_takes_the_same_letter_twice(channel: str) -> None:
    """It is asked again when the worker died between telling and marking: that must not be refused."""
    answers = [CHANNELS[channel].tell(letter) for letter in (LETTER, LETTER)]  # type: ignore[func-returns-value]
    assert answers == [None, None]


def test_the_log_says_who_is_told_what_of_which_case(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "aftercare.messages")
    CHANNELS["log"].tell(LETTER)
    CHANNELS["log"].tell(LETTER.model_copy(update={"level": 2, "recipient": "supervisor"}))
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("INFO", "to owner: AC-26-000001 – triage: 1"),
        ("WARNING", "to supervisor: AC-26-000001 – triage: 1"),
    ]


def test_everything_that_waits_is_delivered(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "aftercare.messages")
    with sqlite_database() as url, opened(url) as engine:
        letters = tuple(Message(key=f"m:{i}", to="owner", subject=f"{i}", at=NOW) for i in range(250))
        _written(engine, letters)
        assert deliver(engine, CHANNELS["log"]) == 250
        assert deliver(engine, CHANNELS["log"]) == 0
    assert len(caplog.records) == 250


def _written(engine: Engine, letters: tuple[Message, ...]) -> None:
    case = open_case(engine, import_order(engine))
    commit(engine, next_version(case), messages=letters)
