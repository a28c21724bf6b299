"""Calls from outside and what they say, on both databases."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.errors import NotFound
from models.goods.tracking import TrackingEvent, What
from store.engine import reading, writing
from store.goods import tracking, waybills
from store.maintenance import _write_tables, read_back
from store.outside import hooks

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
RAW = b"param=%E9\x00\xff\xfe"


def event(what: str, minutes: int) -> TrackingEvent:
    return TrackingEvent(waybill="SF1", what=What(what), at=NOW + timedelta(minutes=minutes))


def kept(engine: Engine, sender_id: str, source: str = "courier", body: bytes = RAW) -> tuple[str, bool]:
    with writing(engine) as session:
        return hooks.receive(session, source, sender_id, {"webhook-id": sender_id}, body, NOW)


def test_the_same_call_is_kept_once_and_another_senders_id_is_another_call(engine: Engine) -> None:
    first, _ = kept(engine, "msg-1")
    assert kept(engine, "msg-1", body=b"changed") == (first, True)
    assert not kept(engine, "msg-1", source="easypost")[1]
    with reading(engine) as session:
        assert hooks.load(session, first).body == RAW


def test_a_call_that_is_not_there_says_so(engine: Engine) -> None:
    with writing(engine) as session, pytest.raises(NotFound):
        hooks.replay(session, "nothing")


def test_raw_bytes_survive_a_copy_in_text(engine: Engine, second_engine: Engine, tmp_path: Path) -> None:
    hook_id, _ = kept(engine, "msg-1")
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite's copy is the file itself")
    _write_tables(engine, tmp_path)
    read_back(second_engine, tmp_path)
    with reading(second_engine) as session:
        assert hooks.load(session, hook_id).body == RAW


def test_only_what_changes_where_a_parcel_stands_is_to_be_told(engine: Engine) -> None:
    def left() -> list[int]:
        with reading(engine) as session:
            return [parcel.version for parcel in tracking.untold(session, 10)]

    def take(*events: TrackingEvent) -> None:
        with writing(engine) as session:
            tracking.take(session, events, "courier", NOW)

    take(event("delivered", 5))
    with writing(engine) as session:
        tracking.told(session, tracking.untold(session, 10))
    take(event("moving", 1), event("delivered", 5))
    assert left() == []
    take(event("out_for_delivery", 9))
    assert left() == [2]


def test_what_came_in_while_a_parcel_was_told_of_is_still_to_be_told(engine: Engine) -> None:
    with writing(engine) as session:
        tracking.take(session, [event("moving", 1)], "courier", NOW)
        before = tracking.untold(session, 10)
        waybills.tell_again(session, ["SF1"])
        tracking.told(session, before)
        assert [parcel.version for parcel in tracking.untold(session, 10)] == [2]
