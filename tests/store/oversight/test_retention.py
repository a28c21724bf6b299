"""What has been kept long enough goes, in batches; records of cases stay for good."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Table, func, insert, select

from models import tables
from models.oversight.keeping import KINDS, Keep
from store.engine import reading, writing
from store.oversight import retention
from tests.builders import DAY, NOW, an_order
from tests.store.desk import import_order, open_case

OLD, NEW = NOW - 500 * DAY, NOW - 10 * DAY
BEFORE = NOW - 400 * DAY


def put(engine: Engine, table: Table, *rows: dict[str, Any]) -> None:
    with writing(engine) as session:
        session.execute(insert(table), list(rows))


def rows_of(engine: Engine, table: Table, *columns: str) -> list[Any]:
    named = [table.c[name] for name in columns]
    with reading(engine) as session:
        return [
            row if len(columns) > 1 else row[0] for row in map(tuple, session.execute(select(*named).order_by(*named)))
        ]


def gone(engine: Engine, kind: str, limit: int = 500) -> int:
    with writing(engine) as session:
        return retention.expired(session, kind, BEFORE, limit)


def a_letter(id: str, **over: Any) -> dict[str, Any]:
    said = {"id": id, "message_key": id, "holder": "li", "recipient": "owner", "subject": "It is late.", "own": True}
    plain = {"urgent": False, "at": OLD, "addressed_at": OLD, "state": "mailed", "unread": 0, "mailing": None}
    return {**said, **plain, **over}


def a_mailing(id: str, **over: Any) -> dict[str, Any]:
    said = {"id": id, "holder": "li", "kind": "digest", "title": "t", "body": "b", "urgent": False, "route": "log"}
    return {**said, "made_at": OLD, "try_at": OLD, "sent_at": OLD, **over}


def test_letters_that_went_out_go_with_what_they_were_sent_as(engine: Engine) -> None:
    put(engine, tables.mailings, a_mailing("m-old"), a_mailing("m-kept"), a_mailing("m-unsent", sent_at=None))
    put(engine, tables.letters, a_letter("old", mailing="m-old"), a_letter("waiting", state="waiting"))
    put(engine, tables.letters, a_letter("new", at=NEW, mailing="m-kept"))
    assert gone(engine, "letters") == 2
    assert rows_of(engine, tables.letters, "id") == ["new", "waiting"]
    assert rows_of(engine, tables.mailings, "id") == ["m-kept", "m-unsent"]


def test_messages_of_open_cases_stay_because_their_workflow_may_write_them_again(engine: Engine) -> None:
    case_no = open_case(engine, import_order(engine)).case_no
    row = {"recipient": "owner", "subject": "It is late.", "at": OLD, "sent_at": OLD, "case_no": None}
    put(engine, tables.messages, {**row, "key": "of an open one", "case_no": case_no}, {**row, "key": "of none"})
    put(engine, tables.messages, {**row, "key": "nobody heard it yet", "sent_at": None})
    gone(engine, "letters")
    kept = [key for key in rows_of(engine, tables.messages, "key") if " " in key]
    assert kept == ["nobody heard it yet", "of an open one"]


def test_the_last_run_of_a_sweep_and_its_last_end_stay_however_old(engine: Engine) -> None:
    row = {"sweep": "aftercare-monthly-summary", "details": {}}
    put(engine, tables.sweep_runs, {**row, "run_id": "first", "started_at": OLD - 2 * DAY, "ended_at": OLD})
    put(engine, tables.sweep_runs, {**row, "run_id": "last end", "started_at": OLD - DAY, "ended_at": OLD})
    put(engine, tables.sweep_runs, {**row, "run_id": "died", "started_at": OLD, "ended_at": None})
    assert gone(engine, "sweep_runs") == 1
    assert rows_of(engine, tables.sweep_runs, "run_id") == ["died", "last end"]


def test_calls_from_outside_go_once_they_were_read(engine: Engine) -> None:
    row = {"source": "courier", "headers": {}, "body": b"{}", "received_at": OLD, "state": "done"}
    put(engine, tables.hooks_in, {**row, "id": "1", "sender_id": "a"})
    put(engine, tables.hooks_in, {**row, "id": "2", "sender_id": "b", "state": "received"})
    put(engine, tables.hooks_in, {**row, "id": "3", "sender_id": "c", "received_at": NEW})
    assert gone(engine, "hooks") == 1
    assert rows_of(engine, tables.hooks_in, "id") == ["2", "3"]


def test_of_absences_and_surveys_the_words_go_and_the_rest_stays(engine: Engine) -> None:
    put(engine, tables.staff, {"id": "li", "name": "Li", "language": "zh", "channels": [], "changed_at": OLD})
    absent = {"person": "li", "from_at": OLD - DAY, "recorded_at": OLD, "by": "chen", "reason": "an operation"}
    put(engine, tables.absences, {**absent, "id": "a", "until_at": OLD}, {**absent, "id": "b", "until_at": NEW})
    assert gone(engine, "duty_words") == 1
    assert gone(engine, "duty_words") == 0
    assert rows_of(engine, tables.absences, "id", "reason") == [("a", None), ("b", "an operation")]


def test_what_was_said_of_handovers_and_missed_clocks_goes_and_what_is_counted_stays(engine: Engine) -> None:
    for id in ("li", "sun"):
        put(engine, tables.staff, {"id": id, "name": id, "language": "zh", "channels": [], "changed_at": OLD})
    over = {"outgoing": "li", "incoming": "sun", "state": "refused", "began_at": OLD, "begun_by": "li", "ended_at": OLD}
    put(engine, tables.handovers, {**over, "id": "h", "note": None, "answer": "Li is ill"})
    case_no = open_case(engine, import_order(engine)).case_no
    said = {"case_no": case_no, "clock": "triage", "reason": "colleague", "note": "Li was ill", "by": "sun"}
    put(engine, tables.breach_reasons, {**said, "cycle": 1, "at": OLD}, {**said, "cycle": 2, "at": NEW})
    assert gone(engine, "duty_words") == 2
    assert gone(engine, "duty_words") == 0
    assert rows_of(engine, tables.handovers, "id", "answer") == [("h", None)]
    kept = rows_of(engine, tables.breach_reasons, "cycle", "reason", "note")
    assert kept == [(1, "colleague", None), (2, "colleague", "Li was ill")]


def test_a_batch_is_as_large_as_it_may_be(engine: Engine) -> None:
    case_no = open_case(engine, import_order(engine, an_order("K-1"))).case_no
    talks = [{"case_no": case_no, "seq": n, "person": "li", "at": OLD} for n in range(7)]
    put(engine, tables.talks, *talks, {**talks[0], "seq": 9, "at": NEW})
    assert [gone(engine, "talks", limit=3) for _ in range(4)] == [3, 3, 1, 0]
    assert rows_of(engine, tables.talks, "seq") == [9]


def test_nothing_of_a_cases_record_is_ever_among_it(engine: Engine) -> None:
    """Whatever the days: cases, timeline, money and months are not tables that retention knows."""
    records = ("cases", "timeline", "ledger", "payouts", "money_moves", "month_summaries", "orders", "case_clocks")
    open_case(engine, import_order(engine), now=OLD)

    def counted() -> list[int]:
        with reading(engine) as session:
            every = (
                session.execute(select(func.count()).select_from(tables.metadata.tables[name])) for name in records
            )
            return [one.scalar_one() for one in every]

    before = counted()
    assert {*retention.ROWS, "files"} == set(KINDS)
    for kind in retention.ROWS:
        with writing(engine) as session:
            retention.expired(session, kind, NOW + 10_000 * DAY, 500)
    assert counted() == before
    assert before[0] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_days_and_is_kept_for_a_month_at_least(kind: str) -> None:
    assert getattr(Keep(), kind) >= 30
    with pytest.raises(ValueError, match="greater than or equal to 30"):
        Keep.model_validate({kind: 29})
    assert timedelta(days=getattr(Keep(), kind)) < 3 * 365 * DAY
