"""When sweeps are well, and what their runs add up to."""

from datetime import UTC, datetime, timedelta

import pytest

from models.oversight.sweeps import SWEEPS, LastRun, Tally, health_of, next_retry

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STUCK = SWEEPS["aftercare-stuck-sweep"]


def ran(minutes_ago: float, ended: bool = True, failed: bool = False) -> LastRun:
    return LastRun(started_at=NOW - minutes_ago * MINUTE, ended=ended, failed=failed)


@pytest.mark.parametrize(
    ("last", "known_since", "health"),
    [
        (None, None, "never"),  # a shop where nothing was ever scheduled
        (None, 29 * MINUTE, "never"),  # others ran, and this one's time has not come
        (None, 31 * MINUTE, "late"),
        (ran(14), None, "ok"),
        (ran(30), None, "ok"),
        (ran(31), None, "late"),
        (ran(14, failed=True), None, "failing"),
        (ran(5, ended=False), None, "ok"),  # under way
        (ran(20, ended=False), None, "failing"),  # it died: a run may take 14 minutes
        (ran(31, ended=False), None, "late"),
    ],
)
def test_a_sweep_that_has_not_run_for_twice_its_interval_is_late(
    last: LastRun | None, known_since: timedelta | None, health: str
) -> None:
    assert health_of(STUCK, last, NOW - known_since if known_since else None, NOW) == health


def test_the_contract_names_six_schedules_and_one_is_ours_each_with_a_workflow_and_steps_of_its_own() -> None:
    assert sorted(SWEEPS) == [
        "aftercare-audit",
        "aftercare-housekeeping",
        "aftercare-manager-digest",
        "aftercare-monthly-summary",
        "aftercare-periodic-callbacks",
        "aftercare-reconcile",
        "aftercare-stuck-sweep",
        "aftercare-unmatched-remittances",
    ]
    steps = [step for sweep in SWEEPS.values() for step in sweep.steps]
    assert len(steps) == len(set(steps))
    assert len({sweep.workflow for sweep in SWEEPS.values()}) == 8
    assert all(sweep.time_out < sweep.interval for sweep in SWEEPS.values())


@pytest.mark.parametrize(("tries", "minutes"), [(0, 15), (1, 30), (2, 60), (3, 120), (6, 960), (7, 1440), (99, 1440)])
def test_a_failing_step_is_tried_later_and_later_and_at_last_daily(tries: int, minutes: int) -> None:
    assert next_retry(tries, NOW) == NOW + minutes * MINUTE


def test_pages_add_up() -> None:
    first = Tally(found=2, did=1, words=("a",), details={"stuck": 2, "which": ["x"], "month": "2026-02"})
    second = Tally(found=3, failed=1, words=("a", "b"), details={"stuck": 3, "which": ["y"]})
    both = first.and_(second)
    assert (both.found, both.did, both.failed, both.words) == (5, 1, 1, ("a", "b"))
    assert both.details == {"stuck": 5, "which": ["x", "y"], "month": "2026-02"}
