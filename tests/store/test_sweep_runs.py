"""Rows of runs: written once however often it is said, and what is concluded from them."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from models import tables
from models.oversight.sweeps import RunBegan, RunEnded, Tally
from store.engine import reading, writing
from store.oversight import sweeps
from tests.builders import NOW

MINUTE = timedelta(minutes=1)
STUCK = "aftercare-stuck-sweep"


def began(engine: Engine, run_id: str, minutes_ago: float, sweep: str = STUCK) -> None:
    with writing(engine) as session:
        sweeps.began(session, RunBegan(run_id=run_id, sweep=sweep, at=NOW - minutes_ago * MINUTE))


def ended(engine: Engine, run_id: str, minutes_ago: float, broken: tuple[str, ...] = (), sweep: str = STUCK) -> None:
    at = NOW - minutes_ago * MINUTE
    tally = Tally(found=3, did=2, words=("three",), details={"stuck": 3})
    with writing(engine) as session:
        run = RunEnded(run_id=run_id, sweep=sweep, began=at, at=at + MINUTE, tally=tally, broken=broken)
        sweeps.ended(session, run)


def health(engine: Engine, name: str = STUCK) -> str:
    with reading(engine) as session:
        return next(one.health for one in sweeps.health(session, NOW) if one.name == name)


def test_a_run_leaves_one_row_however_often_it_is_written(engine: Engine) -> None:
    for _ in range(2):
        began(engine, "r1", 5)
    for _ in range(2):
        ended(engine, "r1", 5)
    with reading(engine) as session:
        assert session.execute(select(func.count()).select_from(tables.sweep_runs)).scalar_one() == 1
        (run,) = sweeps.runs(session, STUCK)
    assert (run.found, run.did, run.failed, run.words, run.details) == (3, 2, 0, "three", {"stuck": 3})
    assert run.started_at == NOW - 5 * MINUTE
    assert run.ended_at == NOW - 4 * MINUTE


def test_an_end_whose_beginning_was_never_written_is_a_row_too(engine: Engine) -> None:
    ended(engine, "r1", 5)
    assert health(engine) == "ok"


@pytest.mark.parametrize(
    ("minutes_ago", "broken", "found"), [(5, (), "ok"), (31, (), "late"), (5, ("stuck_counts: away",), "failing")]
)
def test_the_last_run_says_how_a_sweep_is(
    engine: Engine, minutes_ago: float, broken: tuple[str, ...], found: str
) -> None:
    ended(engine, "r0", 100)
    ended(engine, "r1", minutes_ago, broken)
    assert health(engine) == found


def test_where_nothing_ever_ran_nothing_is_late(engine: Engine) -> None:
    with reading(engine) as session:
        assert {one.health for one in sweeps.health(session, NOW)} == {"never"}
        assert sweeps.late(session, NOW) == ()


def test_one_that_never_ran_while_others_did_is_late_after_twice_its_interval(engine: Engine) -> None:
    ended(engine, "r1", 60 * 24 * 3)
    with reading(engine) as session:
        late = sweeps.late(session, NOW)
    assert set(late) == {
        STUCK,
        "aftercare-audit",
        "aftercare-housekeeping",
        "aftercare-reconcile",
        "aftercare-periodic-callbacks",
        "aftercare-unmatched-remittances",
    }


def test_what_is_new_is_counted_from_the_last_run_that_came_to_its_end(engine: Engine) -> None:
    ended(engine, "r1", 60)
    began(engine, "r2", 40)  # it died
    began(engine, "r3", 20)
    with reading(engine) as session:
        assert sweeps.done_before(session, STUCK, "r3") == NOW - 60 * MINUTE
        assert sweeps.done_before(session, STUCK, "r1") is None


def test_somebody_is_told_once_under_a_key(engine: Engine) -> None:
    words = {"zh": "你好", "en": "hello"}
    with writing(engine) as session:
        assert [sweeps.tell(session, "k", "manager", words, NOW) for _ in range(2)] == [1, 0]
        assert sweeps.heard(session, "k")
        assert not sweeps.heard(session, "another")
