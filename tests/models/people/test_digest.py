"""The morning letter, in both languages."""

from models.people.digest import Digest, Worst, digest_words

BUSY = Digest(
    day="2026-03-04",
    stuck=12,
    reasons=(Worst(reason="overdue", count=9, cases=("AC-1", "AC-2", "AC-3")),),
    opened=5,
    closed=4,
    approvals=1,
    approval_cases=("AC-7",),
    callbacks_overdue=2,
    late_sweeps=("aftercare-reconcile",),
)
QUIET = Digest(
    day="2026-03-04",
    stuck=0,
    reasons=(),
    opened=0,
    closed=0,
    approvals=0,
    approval_cases=(),
    callbacks_overdue=0,
    late_sweeps=(),
)


def test_the_worst_are_named_and_the_rest_is_counted() -> None:
    assert digest_words(BUSY, "en").splitlines() == [
        "2026-03-04: 12 cases stuck, 1 wait for approval, 5 opened, 4 ended.",
        "overdue 9, worst: AC-1, AC-2, AC-3 … +6",
        "Waiting for your approval: AC-7",
        "Callbacks overdue: 2",
        "Sweeps that did not run: aftercare-reconcile",
    ]


def test_a_quiet_morning_says_so() -> None:
    assert digest_words(QUIET, "zh-CN").splitlines() == [
        "2026-03-04 晨报：卡住 0 单，待审批 0 单，新开 0 单，结束 0 单。",
        "没有卡住的单子。",
    ]
