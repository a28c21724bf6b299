"""Bulks as they are begun: one for each key, however many ask at the same moment."""

from typing import Any

import pytest
from sqlalchemy import Engine

from models.commands import Actor
from models.errors import Conflict
from store.engine import reading, writing
from store.oversight import bulks
from store.oversight.bulks import Bulk, Wanted
from tests.builders import NOW

CHEN = Actor.model_validate({"id": "chen", "role": "supervisor"})


def begun(engine: Engine, id: str, key: str | None, **over: Any) -> Bulk:
    asked: dict[str, Any] = {"action": "remind", "data": {}, "reason": "a storm", "request_hash": "h", **over}
    wanted = Wanted(id=id, actor=CHEN, case_nos=("AC-26-000001",), now=NOW, idempotency_key=key, **asked)
    with writing(engine) as session:
        return bulks.create(session, wanted)


def test_of_two_requests_that_both_found_nothing_under_their_key_one_begins_a_bulk(engine: Engine) -> None:
    assert (begun(engine, "B-1", "k").id, begun(engine, "B-2", "k").id) == ("B-1", "B-1")
    with pytest.raises(Conflict, match="another request"):
        begun(engine, "B-3", "k", request_hash="another")
    assert begun(engine, "B-4", None).id != begun(engine, "B-5", None).id
    with reading(engine) as session:
        assert [(one.id, one.counts.waiting) for one in sorted(bulks.listed(session)[0], key=lambda b: b.id)] == [
            ("B-1", 1),
            ("B-4", 1),
            ("B-5", 1),
        ]


def test_a_bulk_is_taken_back_only_while_no_case_has_answered(engine: Engine) -> None:
    begun(engine, "B-1", None)
    begun(engine, "B-2", None)
    with writing(engine) as session:
        bulks.answered(session, "B-2", 0, "done", NOW)
        assert (bulks.remove(session, "B-1"), bulks.remove(session, "B-2")) == (True, False)
        assert (bulks.get(session, "B-1"), bulks.counted(session, "B-2").done) == (None, 1)
