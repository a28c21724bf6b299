"""Which clocks a changed calendar or playbook is about, and what it would do to them, on both databases (T10)."""

from datetime import timedelta

from sqlalchemy import Engine, update

from models.business_time import Calendar
from models.case import Case
from models.clocks import on_move
from models.commands import Actor
from models.events import Entry
from models.lifecycle import State
from models.playbook import ALL_HOURS, Playbook
from models.tables import case_clocks
from models.time.rebase import Progress, RebaseInput, Scope
from store.engine import reading, writing
from store.time import playbook_rebase, rebase
from tests.builders import CALENDARS, DAY, HOUR, NOW, WORKING, a_procedure, an_order
from tests.store.desk import commit, import_order, next_version, open_case

THURSDAY_FREE = Calendar.model_validate({**WORKING.model_dump(mode="json"), "holidays": ["2026-03-05"]})
CHEN = Actor.model_validate({"id": "chen", "role": "manager"})
CHANGED = {**CALENDARS, "shop": THURSDAY_FREE}


def cases_opened(engine: Engine, count: int = 3) -> list[Case]:
    """Cases of an order each, opened an hour apart; their clocks are due a working day later."""
    return [
        open_case(engine, import_order(engine, an_order(f"K-{n}")), over={"opened_at": NOW + n * HOUR}, now=NOW)
        for n in range(count)
    ]


def preview(engine: Engine, calendars=CHANGED, now=NOW, only=()):
    with reading(engine) as session:
        return rebase.preview(session, calendars, now, only)


def test_clocks_on_the_calendars_in_force_are_not_touched(engine: Engine) -> None:
    cases_opened(engine)
    assert preview(engine, CALENDARS).cases.open == 0
    with reading(engine) as session:
        assert rebase.pending(session, CALENDARS) == 0


def test_a_free_day_moves_what_is_due_after_it(engine: Engine) -> None:
    numbers = [case.case_no for case in cases_opened(engine)]
    found = preview(engine)
    assert found.cases.model_dump() == {"open": 3, "earlier": 0, "later": 3, "same": 0, "overdue_at_once": 0}
    assert found.versions == {"shop": THURSDAY_FREE.fingerprint}
    with reading(engine) as session:
        assert rebase.pending(session, CHANGED) == 3
        assert rebase.next_cases(session, CHANGED, (), "", 2) == tuple(numbers[:2])
        assert rebase.next_cases(session, CHANGED, (), numbers[1], 2) == (numbers[2],)
        assert rebase.next_cases(session, CHANGED, ("uk",), "", 2) == ()


def test_a_calendar_that_opens_a_day_makes_cases_overdue_at_once(engine: Engine) -> None:
    """Saturday is worked: what is due on Monday at 10:00 is due on Saturday, and it is Sunday."""
    every_day = Calendar.model_validate(
        {"timezone": "Asia/Shanghai", "weekly": {d: [["09:00", "18:00"]] for d in ("wed", "thu", "fri", "sat", "mon")}}
    )
    order = import_order(engine)
    friday = NOW + 2 * DAY
    case = open_case(engine, order, over={"opened_at": friday}, now=friday)
    assert case.due_at == friday + 3 * DAY
    found = preview(engine, {**CALENDARS, "shop": every_day}, now=NOW + 4 * DAY)
    assert (found.cases.earlier, found.cases.overdue_at_once) == (1, 1)
    assert found.overdue[0].becomes == friday + DAY


def test_clocks_that_are_paused_met_or_of_closed_cases_are_not_in_it(engine: Engine) -> None:
    running, paused, closed = cases_opened(engine)
    for case, target in ((paused, State.AWAITING_EVIDENCE), (closed, State.CLOSED)):
        clocks = on_move(case.clocks, case.procedure, case.state, target, NOW + HOUR)
        commit(engine, next_version(case, state=target, clocks=clocks))
    assert preview(engine).cases.open == 1
    with reading(engine) as session:
        assert rebase.next_cases(session, CHANGED, (), "", 9) == (running.case_no,)


def test_a_clock_of_an_earlier_release_knows_no_version_and_is_looked_at(engine: Engine) -> None:
    cases_opened(engine, 1)
    with writing(engine) as session:
        session.execute(update(case_clocks).values(calendar_version=None))
    assert preview(engine, CALENDARS).cases.model_dump() == {
        "open": 1, "earlier": 0, "later": 0, "same": 1, "overdue_at_once": 0,
    }  # fmt: skip


def a_rebase(number: int) -> RebaseInput:
    """The rebase of so many seconds after NOW."""
    said = {"rebase_id": "r", "by": "chen", "role": "manager", "reason": "a notice", "shown": "3 open cases"}
    at = NOW + timedelta(seconds=number)
    return RebaseInput(**said, scope=Scope(), versions={}, started_at=at, progress=Progress(total=2))


def test_an_answer_is_that_of_its_own_rebase_and_of_no_other_within_the_minute(engine: Engine) -> None:
    case, other = cases_opened(engine, 2)
    first, second = a_rebase(0), a_rebase(5)
    done = Entry(seq=2, at=NOW, actor=CHEN, action="rebase_calendar", data={"version": first.version})
    no = {"action": "rebase_calendar", "command_id": second.command_id}
    refused = Entry(seq=2, at=NOW, actor=CHEN, action="refused", note="It is full.", data=no)
    commit(engine, next_version(case), entries=(done,))
    commit(engine, next_version(other), entries=(refused,))
    numbers = (case.case_no, other.case_no)
    with reading(engine) as session:
        assert rebase.answered(session, numbers, first) == {case.case_no: ""}
        assert rebase.answered(session, numbers, second) == {other.case_no: "It is full."}


def test_the_furthest_deadline_is_that_of_a_running_clock(engine: Engine) -> None:
    with reading(engine) as session:
        assert rebase.furthest_deadline(session) is None
    last = cases_opened(engine)[-1]
    with reading(engine) as session:
        assert rebase.furthest_deadline(session) == last.due_at


def a_book(**clock: object) -> Playbook:
    """The playbook of the builders' cases in its next version, with another clock for requests."""
    procedure = a_procedure(version="2")
    rules = dict(procedure.clocks)
    rules[State.REQUESTED] = rules[State.REQUESTED].model_copy(update=clock)
    return Playbook.model_validate(
        {
            "kind": "quality_fault",
            "version": "2",
            "names": {"zh": "质量", "en": "quality"},
            "procedure": procedure.model_copy(update={"clocks": rules}),
        }
    )


def test_a_playbook_with_a_longer_clock_moves_the_cases_of_its_kind(engine: Engine) -> None:
    numbers = [case.case_no for case in cases_opened(engine)]
    book = a_book(target=18 * 3600)
    with reading(engine) as session:
        found = playbook_rebase.preview(session, book, CALENDARS, NOW)
        assert found.cases.model_dump() == {"open": 3, "earlier": 0, "later": 3, "same": 0, "overdue_at_once": 0}
        assert found.by_clock["requested"].later == 3
        assert found.versions == {"quality_fault": "2"}
        assert playbook_rebase.next_cases(session, book, "", 2) == tuple(numbers[:2])


def test_a_playbook_with_a_shorter_clock_says_what_is_overdue_at_once(engine: Engine) -> None:
    case, *_ = cases_opened(engine)
    later = NOW + timedelta(hours=2, minutes=30)  # Wednesday, 12:30
    with reading(engine) as session:
        found = playbook_rebase.preview(session, a_book(target=2 * 3600), CALENDARS, later)
    assert (found.cases.earlier, found.cases.overdue_at_once) == (3, 1)
    assert [one.case_no for one in found.overdue] == [case.case_no]


def test_a_playbook_that_leaves_the_clocks_as_they_are_is_a_rebase_without_a_move(engine: Engine) -> None:
    cases_opened(engine)
    with reading(engine) as session:
        found = playbook_rebase.preview(session, a_book(), {**CALENDARS, ALL_HOURS: Calendar.always()}, NOW)
    assert (found.cases.open, found.cases.same) == (3, 3)


def test_another_kind_or_the_same_version_is_not_in_it(engine: Engine) -> None:
    cases_opened(engine)
    with reading(engine) as session:
        same = a_book().model_copy(update={"version": "1"})
        other = a_book().model_copy(update={"kind": "wrong_item"})
        for book in (same, other):
            assert playbook_rebase.preview(session, book, CALENDARS, NOW).cases.open == 0
            assert playbook_rebase.next_cases(session, book, "", 9) == ()
