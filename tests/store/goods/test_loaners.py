"""A device is lent to one customer at a time, whatever happens in the same moment (G8)."""

from typing import Any

from sqlalchemy import Engine, select

from models.effects import CommitInput
from models.tables import loaners_out
from store import cases, maintenance
from store.engine import reading, writing
from store.goods import loaners
from tests.store.stock.shop import counted, inspected, nowhere_twice, places
from tests.store.till import CALENDARS, Till

LENT: dict[str, Any] = {"serial": "L-7", "sku": "LOAN-KETTLE", "consent": True}


def out(engine: Engine) -> dict[str, str]:
    with reading(engine) as session:
        return {row.serial: row.case_no for row in session.execute(select(loaners_out))}


def test_of_two_cases_that_lend_the_same_device_in_the_same_moment_one_has_it(engine: Engine) -> None:
    till = Till(engine)
    counted(engine, LOAN_KETTLE=1)
    first, second = inspected(till), inspected(till)
    decided = [till.decided(case_no, "agent", "lend_loaner", **LENT) for case_no in (first, second)]
    answers = []
    for decision in (*decided, decided[1]):  # the last is a commit that is tried again
        base = decision.case.version - 1
        drain = CommitInput(case=decision.case, base=base, effects=decision.effects, at=till.now)
        with writing(engine) as session:
            answers.append(cases.write_commit(session, drain, CALENDARS))
    assert out(engine) == {"L-7": first}
    assert answers[0].ahead is None
    assert answers[1] == answers[2]
    assert answers[1].ahead is not None
    assert answers[1].ahead.loaners == ()
    told = answers[1].entries[-1]
    assert (told.action, told.data) == ("loaner_elsewhere", {"serial": "L-7", "case_no": first})
    assert places(engine, "LOAN-KETTLE") == {"lent": 1}  # it left the shelf once
    nowhere_twice(engine)
    till.drive(first, ("warehouse", "return_loaner", {"serial": "L-7"}))
    assert (out(engine), places(engine, "LOAN-KETTLE")) == ({}, {"sellable": 1})
    till.drive(second, ("agent", "lend_loaner", LENT))
    assert out(engine) == {"L-7": second}


def test_what_is_out_is_computed_anew_from_the_cases(engine: Engine) -> None:
    till = Till(engine)
    case_no = inspected(till)
    till.drive(case_no, ("agent", "lend_loaner", LENT))
    with writing(engine) as session:
        session.execute(loaners_out.delete())
        maintenance.rebuild(session, CALENDARS)
    assert out(engine) == {"L-7": case_no}


def test_devices_that_came_back_are_read_page_by_page_and_no_page_reads_them_all(engine: Engine) -> None:
    till = Till(engine)
    case_no = inspected(till)
    for number in range(5):
        lent = {"serial": f"L-{number}", "sku": "LOAN-KETTLE", "consent": True}
        till.drive(case_no, ("agent", "lend_loaner", lent))
    till.drive(case_no, ("warehouse", "return_loaner", {}))  # the one that was lent first
    till.drive(case_no, ("warehouse", "return_loaner", {"serial": "L-3", "disposition": "refurbish"}))
    till.drive(case_no, ("manager", "return_loaner", {"serial": "L-1", "disposition": "lost", "note": "moved away"}))
    till.drive(case_no, ("warehouse", "return_loaner", {"serial": "L-4"}))
    with reading(engine) as session:
        assert [row["serial"] for row in loaners.lent_now(session)] == ["L-2"]
        pages: list[list[object]] = []
        cursor: str | None = None
        while not pages or cursor:
            rows, cursor = loaners.came_back(session, False, "", cursor, 2)
            pages.append([row["serial"] for row in rows])
        assert pages == [["L-4", "L-3"], ["L-0"]]
        lost, _ = loaners.came_back(session, True, "loan-k", None, 2)
        assert [(row["serial"], row["reason"]) for row in lost] == [("L-1", "moved away")]
        assert loaners.came_back(session, False, "no such device", None, 2) == ([], None)
        assert [row["serial"] for row in loaners.register(session)] == [f"L-{number}" for number in range(5)]
