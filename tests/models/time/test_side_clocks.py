"""Clocks beside that of the state: what begins, meets and ends them, and that no change of state pauses them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case import Case
from models.clocks import Clock, on_move
from models.decide import money_refused
from models.lifecycle import FINAL, OPEN, State
from models.playbook import SideClock
from models.time.side_clocks import after
from store.projection import arm
from tests.builders import DAY, HOUR, NOW, a_case, a_procedure
from tests.models.story import Story, procedure
from tests.shipped import shipped

MINUTE = timedelta(minutes=1)
S = State


def with_clocks(rules: dict[str, Any], **over: Any) -> Case:
    """A case that stands somewhere under these side clocks, none of which runs yet."""
    return a_case(procedure=a_procedure(side_clocks=rules), **over).model_copy(update={"clocks": ()})


def happen(case: Case, *things: str, at: datetime = NOW, **over: Any) -> Case:
    """The case after these things happened to it."""
    case = case.model_copy(update=over)
    clocks, _ = after(case, things, at)
    return case.model_copy(update={"clocks": clocks})


def states(case: Case, name: str = "it") -> list[str]:
    """The states of one clock's cycles, in their order."""
    return [clock.state for clock in case.clocks if clock.clock == name]


# ── what begins, meets and ends a clock: one row per rule and situation ──

HOUR_LONG = {"target": 3600}
AT_DOCK = {"starts_on": ["record_delivery"], "during": ["return_in_transit"]}


@pytest.mark.parametrize(
    ("rule", "state", "things", "runs"),
    [
        ({"starts_on": ["opened"]}, S.REQUESTED, ["opened", "requested"], True),
        ({"starts_on": ["opened"]}, S.REQUESTED, ["note"], False),
        ({"starts_on": ["customer_message"]}, S.REPAIRING, ["customer_message"], True),
        ({"starts_on": ["received"]}, S.RECEIVED, ["book_in", "received"], True),
        ({"starts_on": ["received"]}, S.RECEIVED, ["note"], False),  # being there is not coming there
        ({"starts_on": ["told"]}, S.REQUESTED, ["message", "told"], True),
        ({"during": ["repairing"]}, S.REPAIRING, ["choose_remedy", "repairing"], True),
        ({"during": ["repairing"]}, S.REPAIRING, ["note"], False),
        ({"during": ["repairing"]}, S.REQUESTED, ["requested"], False),
        ({}, S.REQUESTED, ["opened", "requested"], True),  # without any condition it begins with the first state
        (AT_DOCK, S.RETURN_IN_TRANSIT, ["record_delivery"], True),
        (AT_DOCK, S.RESOLVED, ["record_delivery"], False),
        ({"starts_on": ["opened"], "met_by": ["told"]}, S.REQUESTED, ["opened", "told"], True),  # meeting comes first
        *(({"starts_on": ["close", state.value]}, state, ["close", state.value], False) for state in sorted(FINAL)),
    ],
)
def test_what_begins_a_clock(rule: dict[str, Any], state: State, things: list[str], runs: bool) -> None:
    case = happen(with_clocks({"it": {**HOUR_LONG, **rule}}, state=state), *things)
    assert states(case) == (["running"] if runs else [])


@pytest.mark.parametrize(
    ("rule", "things", "state", "cycles"),
    [
        ({"met_by": ["told"]}, ["answer", "told"], S.REQUESTED, ["met"]),
        ({"met_by": ["told"]}, ["note"], S.REQUESTED, ["running"]),
        ({"met_by": ["book_in", "resolved"]}, ["book_in", "received"], S.RECEIVED, ["met"]),
        ({"met_by": ["book_in", "resolved"]}, ["answer", "resolved"], S.RESOLVED, ["met"]),
        ({"met_by": ["told"], "again": True, "during": ["requested"]}, ["told"], S.REQUESTED, ["met", "running"]),
        ({"met_by": ["told"], "again": True, "during": ["requested"]}, ["told", "offered"], S.OFFERED, ["met"]),
        ({"during": ["requested", "investigating"]}, ["investigate", "investigating"], S.INVESTIGATING, ["running"]),
        ({"during": ["requested"]}, ["make_offer", "offered"], S.OFFERED, ["cancelled"]),  # it left its states
        ({"during": ["requested"], "again": True}, ["make_offer", "offered"], S.OFFERED, ["cancelled"]),
        ({}, ["make_offer", "offered"], S.OFFERED, ["running"]),  # no change of state touches it
        ({"starts_on": ["opened"]}, ["opened"], S.REQUESTED, ["running"]),  # what runs does not begin twice
        ({"starts_on": ["opened", "told"], "met_by": ["told"]}, ["told"], S.REQUESTED, ["met", "running"]),
        ({}, ["close", "closed"], S.CLOSED, ["cancelled"]),
    ],
)
def test_what_meets_and_ends_a_clock(rule: dict[str, Any], things: list[str], state: State, cycles: list[str]) -> None:
    begun = {"starts_on": ["opened"], **rule} if "during" not in rule else rule
    case = happen(with_clocks({"it": {**HOUR_LONG, **begun}}), "opened", "requested")
    assert states(case) == ["running"]
    assert states(happen(case, *things, at=NOW + HOUR, state=state)) == cycles


@pytest.mark.parametrize(("finding", "runs"), [("misdelivered", True), ("stuck", True), ("lost", False), (None, False)])
def test_only_some_findings_begin_it_L6(finding: str | None, runs: bool) -> None:
    rule = {"target": 86400, "starts_on": ["report_finding"], "findings": ["misdelivered", "stuck"]}
    case = happen(with_clocks({"it": rule}, finding=finding), "report_finding", "requested")
    assert states(case) == (["running"] if runs else [])


@pytest.mark.parametrize(
    ("severity", "target"), [("critical", 3600), ("important", 7200), ("minor", None), (None, None)]
)
def test_its_length_by_severity_T3(severity: str | None, target: int | None) -> None:
    rule = {"target": 99, "starts_on": ["opened"], "by_severity": {"critical": 3600, "important": 7200}}
    case = happen(with_clocks({"it": rule}, severity=severity), "opened")
    assert [clock.target for clock in case.clocks] == ([target] if target else [])


def test_a_clock_beside_is_never_paused_and_has_the_playbooks_calendar_T20() -> None:
    rule = {"target": 3600, "calendar": "shop", "remind": 600, "starts_on": ["opened"]}
    case = happen(with_clocks({"it": rule}), "opened", "requested")
    moved = on_move(case.clocks, case.procedure, S.REQUESTED, S.AWAITING_EVIDENCE, NOW + HOUR)
    assert [(c.state, c.calendar, c.remind, c.apart) for c in moved if c.clock == "it"] == [
        ("running", "shop", 600, True)
    ]


def test_it_says_which_began() -> None:
    rules = {"one": {**HOUR_LONG, "starts_on": ["opened"]}, "two": {**HOUR_LONG, "starts_on": ["told"]}}
    case = with_clocks(rules)
    assert after(case, ["opened"], NOW)[1] == ("one",)
    assert after(case, ["opened", "told"], NOW)[1] == ("one", "two")
    assert after(happen(case, "opened"), ["opened"], NOW)[1] == ()


# ── whatever happens in whatever order ──

WORDS = ("opened", "told", "note", "customer_message", "report_finding", "investigate", "received", "resolved")
#: Lengths differ by name, so that two rules are never taken for each other.
RULES = st.builds(
    SideClock,
    target=st.sampled_from([600, 3600, 86400]),
    calendar=st.sampled_from(["shop", "all_hours"]),
    by_severity=st.sampled_from([{}, {"critical": 600}, {"critical": 600, "important": 1200, "minor": 2400}]),
    starts_on=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    findings=st.sampled_from([(), ("lost",)]),
    during=st.sampled_from([(), (S.REQUESTED,), (S.REQUESTED, S.REPAIRING), (S.RECEIVED,)]),
    met_by=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    again=st.booleans(),
    to_closing=st.booleans(),
)
SEVERITIES = st.sampled_from([None, "minor", "important", "critical"])
MOVES = st.tuples(
    st.sampled_from([S.REQUESTED, S.REPAIRING, S.RECEIVED, S.RESOLVED, S.CLOSED]),
    st.sets(st.sampled_from(WORDS), max_size=3),
    SEVERITIES,
    st.sampled_from([None, "lost", "stuck"]),
)


def lived(rules: dict[str, SideClock], moves: Iterable[Any]) -> list[Case]:
    """The case after each move; entering a state is one of the things that happen."""
    case = with_clocks(rules)
    found = []
    for i, (state, things, severity, finding) in enumerate(moves):
        entered = {state.value} if state is not case.state else set()
        case = happen(case, *things, *entered, at=NOW + i * MINUTE, state=state, severity=severity, finding=finding)
        found.append(case)
    return found


@given(rules=st.dictionaries(st.sampled_from(["one", "two"]), RULES, min_size=1), moves=st.lists(MOVES, max_size=12))
def test_whatever_happens_there_is_one_running_cycle_at_most_and_none_is_lost(
    rules: dict[str, SideClock], moves: list[Any]
) -> None:
    before: tuple[Clock, ...] = ()
    for case in lived(rules, moves):
        for name, rule in rules.items():
            cycles = [clock for clock in case.clocks if clock.clock == name]
            running = [clock for clock in cycles if clock.state == "running"]
            assert len(running) <= 1
            assert running in ([], cycles[-1:]), "only the last cycle runs"
            assert [clock.cycle for clock in cycles] == list(range(1, len(cycles) + 1)), "no cycle is missing"
            assert all(clock.state in ("running", "met", "cancelled") for clock in cycles), "none is ever paused"
            assert not running or not rule.during or case.state in rule.during
            if running and rule.by_severity and not rule.to_closing:
                assert (case.severity, running[0].target) in rule.by_severity.items()
        if case.state in FINAL:
            assert [clock for clock in case.clocks if clock.state == "running"] == []
        over = [clock for clock in before if clock.state != "running"]
        assert [clock for clock in case.clocks if clock in over] == over, "what is over never changes (T10)"
        before = case.clocks


@given(rule=RULES, moves=st.lists(MOVES, max_size=8))
def test_what_happened_to_a_clock_is_only_ever_added_to_T10(rule: SideClock, moves: list[Any]) -> None:
    logs: dict[int, tuple[Any, ...]] = {}
    for case in lived({"it": rule}, moves):
        for clock in case.clocks:
            earlier = logs.get(clock.cycle, ())
            assert clock.log[: len(earlier)] == earlier
            logs[clock.cycle] = clock.log
            assert [entry.at for entry in clock.log] == sorted(entry.at for entry in clock.log)


# ── the complaint ladder (T3) ──

#: T3 as it stands in the handbook; working hours are Monday to Friday 9 to 18 in Shanghai, now is Wednesday 10:00.
LADDER: dict[str, Any] = {
    "told": {
        "target": "1h",
        "calendar": "shop_cn",
        "by_severity": {"critical": "1h", "important": "1h"},
        "starts_on": ["opened", "set_severity"],
        "met_by": ["acknowledge"],
        "tells": ["department_head"],
    },
    "answered": {
        "target": "2d",
        "by_severity": {"critical": "2d", "minor": "2d"},
        "starts_on": ["opened"],
        "met_by": ["told"],
    },
    "resolved_by": {
        "target": "10d",
        "by_severity": {"critical": "10d", "important": "3d"},
        "starts_on": ["opened", "set_severity"],
        "met_by": ["resolved"],
    },
}


def complaint(severity: str | None, side_clocks: dict[str, Any] = LADDER) -> Story:
    return Story(rules={"side_clocks": side_clocks, "first_answer": None}, severity=severity)


def dues(story: Story) -> dict[str, timedelta]:
    """What runs beside the state, and how long after the opening it is due."""
    beside = [clock for clock in story.case.clocks if clock.apart and clock.state == "running"]
    assert all(clock.due_at for clock in beside), "every running clock is armed"
    return {clock.clock: clock.due_at - NOW for clock in beside if clock.due_at}


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ("critical", {"told": HOUR, "answered": 2 * DAY, "resolved_by": 10 * DAY}),
        ("important", {"told": HOUR, "resolved_by": 3 * DAY}),
        ("minor", {"answered": 2 * DAY}),
        (None, {}),
    ],
)
def test_the_ladder_by_severity_T3(severity: str | None, expected: dict[str, timedelta]) -> None:
    assert dues(complaint(severity)) == expected


def test_its_beginning_is_told_to_whom_the_ladder_names_T3() -> None:
    assert complaint("important").told("department_head") == ["told has begun."]
    assert complaint("minor").told("department_head") == []


def test_a_change_of_severity_carries_the_time_used_over_T10() -> None:
    """Important after two days: of its three days one is left. Critical: eight of ten."""
    story = complaint("minor").wait(2 * DAY - HOUR)
    story.do("agent", "set_severity", severity="important")
    assert dues(story)["resolved_by"] == 2 * DAY - HOUR + 3 * DAY, "it had none so far, so it begins now"
    story.wait(DAY).do("agent", "set_severity", severity="critical")
    clock = next(c for c in story.case.clocks if c.clock == "resolved_by")
    assert (clock.cycle, clock.target, clock.state) == (1, 10 * 86400, "running")
    assert clock.due_at == clock.log[0].at + 10 * DAY, "from its own beginning, not from the change"
    assert [entry.what for entry in clock.log][-1] == "rebased"


def test_a_severity_without_that_limit_ends_the_clock_T3() -> None:
    story = complaint("critical").do("agent", "set_severity", severity="minor")
    assert dues(story) == {"answered": 2 * DAY}
    assert states(story.case, "resolved_by") == ["cancelled"]


def test_a_ladder_that_runs_out_escalates_and_is_never_paused_T20() -> None:
    story = complaint("important").do("agent", "request_evidence", what=["where was it?"]).wait(3 * DAY)
    assert story.state == "awaiting_evidence"
    assert "resolved_by ran out." in [entry.note for entry in story.effects.entries]
    assert story.case.escalation >= 1


def test_resolving_in_time_meets_it_T3() -> None:
    story = complaint("important").wait(DAY).do("agent", "answer", text="The driver was spoken to.", final=True)
    assert states(story.case, "resolved_by") == ["met"]
    story.wait(3 * DAY)
    assert "resolved_by ran out." not in [entry.note for entry in story.effects.entries]


# ── the outcome on the day it is known (T3) ──

OUTCOME = {
    "outcome_told": {
        "target": "1d",
        "calendar": "shop_cn",
        "starts_on": ["report_finding"],
        "met_by": ["told"],
        "to_closing": True,
    }
}


@pytest.mark.parametrize(
    ("known", "due"),
    [
        (timedelta(0), 8 * HOUR),  # Wednesday 10:00 → 18:00
        (7 * HOUR + 59 * MINUTE, 8 * HOUR),  # 17:59 → 18:00
        (2 * HOUR + 10 * MINUTE, 8 * HOUR),  # 12:10, in the lunch break
        (9 * HOUR, DAY + 8 * HOUR),  # 19:00 → Thursday 18:00
        (2 * DAY + 9 * HOUR, 5 * DAY + 8 * HOUR),  # Friday 19:00 → Monday 18:00
    ],
)
def test_the_outcome_is_told_by_the_end_of_the_working_day_T3(known: timedelta, due: timedelta) -> None:
    story = complaint("important", OUTCOME).do("agent", "investigate", check="department")
    story.now = NOW + known
    story.do("agent", "report_finding", finding="nothing", note="the driver was rude indeed")
    assert dues(story) == {"outcome_told": due}
    story.do("agent", "message", text="He was, and he says sorry.")
    assert dues(story) == {}


def test_its_warnings_are_percents_of_that_day_T8() -> None:
    """Known at 16:00: two hours are left, so it warns at 17:30 and goes up at 18:00."""
    story = complaint(None, OUTCOME).do("agent", "investigate", check="department")
    story.now = NOW + 6 * HOUR
    story.do("agent", "report_finding", finding="nothing")
    clock = arm(story.case, shipped().calendars).clocks[-1]
    assert clock.target == 2 * 3600
    assert [(alarm.name, alarm.at - NOW) for alarm in clock.alarms or ()][:2] == [
        ("warning", 7.5 * HOUR),
        ("due", 8 * HOUR),
    ]


# ── daily word while a parcel is looked for (L2) ──

DAILY_WORD = {
    "daily_word": {"target": "1d", "during": ["investigating"], "met_by": ["told"], "again": True},
}


def test_the_customer_hears_from_us_every_day_while_it_is_looked_for_L2() -> None:
    story = complaint(None, DAILY_WORD)
    assert dues(story) == {}
    story.do("agent", "investigate", check="courier")
    assert dues(story) == {"daily_word": DAY}
    story.now = NOW + 20 * HOUR
    story.do("agent", "message", text="It is at the hub; the courier looks there today.")
    assert dues(story) == {"daily_word": 20 * HOUR + DAY}, "the next day begins with the word"
    story.wait(DAY)
    assert "daily_word ran out." in [entry.note for entry in story.effects.entries]
    story.do("agent", "message", text="It was found.").do("courier", "report_finding", finding="delayed")
    assert dues(story) == {}
    assert states(story.case, "daily_word") == ["met", "met", "cancelled"]


def test_it_begins_anew_with_the_next_search_L2() -> None:
    story = complaint(None, DAILY_WORD).do("agent", "investigate", check="warehouse")
    story.do("warehouse", "report_finding", finding="handed_over").do("agent", "investigate", check="courier")
    assert states(story.case, "daily_word") == ["cancelled", "running"]


def test_asking_the_next_one_is_no_new_day_L2() -> None:
    story = complaint(None, DAILY_WORD).do("agent", "investigate", check="warehouse")
    story.now = NOW + 5 * HOUR
    story.do("agent", "investigate", check="courier")
    assert dues(story) == {"daily_word": DAY}


# ── the next answer (T2), redirects (L6), platforms (T21) ──


def test_a_message_is_answered_within_two_working_hours_T2() -> None:
    rules = {
        "next_answer": {"target": "2h", "calendar": "shop_cn", "starts_on": ["customer_message"], "met_by": ["told"]}
    }
    story = complaint(None, rules).do("customer", "customer_message", text="还在吗")
    assert dues(story) == {"next_answer": 2 * HOUR}
    story.now = NOW + HOUR
    story.do("customer", "customer_message", text="喂")
    assert dues(story) == {"next_answer": 2 * HOUR}, "a second message does not give us more time"
    story.do("agent", "answer", text="We look into it.")
    assert dues(story) == {}
    story.do("customer", "customer_message", text="谢谢").do("agent", "note", note="nothing to say")
    assert states(story.case, "next_answer") == ["met", "running"]


def test_a_message_late_on_friday_is_answered_on_monday_T2() -> None:
    rules = {
        "next_answer": {"target": "2h", "calendar": "shop_cn", "starts_on": ["customer_message"], "met_by": ["told"]}
    }
    story = complaint(None, rules)
    story.now = NOW + 2 * DAY + 7 * HOUR  # Friday 17:00
    story.do("customer", "customer_message", text="还在吗")
    assert dues(story) == {"next_answer": 4 * DAY + 24 * HOUR}  # Monday 10:00


def test_a_call_back_is_an_answer_too_T2() -> None:
    rules = {"next_answer": {"target": "2h", "starts_on": ["customer_message"], "met_by": ["told"]}}
    story = complaint(None, rules).do("agent", "answer", text="Descale it.", final=True)
    story.do("customer", "customer_message", text="still leaks").do("agent", "complete_callback", satisfied=False)
    assert dues(story) == {}


def test_a_promise_that_is_kept_is_a_contact_and_an_answer_T14() -> None:
    rules = {"next_answer": {"target": "2h", "starts_on": ["customer_message"], "met_by": ["told"]}}
    story = complaint(None, rules).do("agent", "promise", what="call you", at=(NOW + HOUR).isoformat())
    story.do("customer", "customer_message", text="还在吗").do("agent", "keep_promise")
    assert dues(story) == {}


def test_a_parcel_given_to_the_wrong_house_is_on_its_way_by_the_next_day_L6() -> None:
    rules = {
        "redirect": {
            "target": "1d",
            "starts_on": ["report_finding"],
            "findings": ["misdelivered"],
            "met_by": ["record_delivery", "choose_remedy"],
        }
    }
    story = complaint(None, rules).do("agent", "investigate", check="courier")
    story.do("courier", "report_finding", finding="misdelivered")
    assert dues(story) == {"redirect": DAY}
    late = complaint(None, rules).do("agent", "investigate", check="courier")
    late.do("courier", "report_finding", finding="delayed")
    assert dues(late) == {}
    story.do("manager", "choose_remedy", remedy="reship")
    assert states(story.case, "redirect") == ["met"]


def test_a_platforms_clock_stands_beside_ours_and_says_what_silence_means_T21() -> None:
    silence = {"zh": "平台视为同意退款", "en": "the platform takes it for agreed"}
    rules = {
        "platform_answer": {
            "target": "48h",
            "starts_on": ["opened"],
            "met_by": ["platform_ruling"],
            "silence": silence,
            "remind": "6h",
        }
    }
    story = complaint(None, rules)
    ours = story.case.due_at
    assert dues(story) == {"platform_answer": 2 * DAY}
    assert story.case.procedure.side_clocks["platform_answer"].silence is not None
    story.do("agent", "request_evidence", what=["a photo"])
    assert dues(story) == {"platform_answer": 2 * DAY}, "waiting for the customer does not stop it"
    story.wait(42 * HOUR)
    assert "platform_answer ends soon." in story.told("owner"), "it is ours to answer, whoever has the word"
    assert story.told("customer") == []
    assert ours is not None
    story.do("platform", "platform_ruling", ruling="rejected", reference="TM-1")
    assert (story.state, states(story.case, "platform_answer")) == ("rejected", ["met"])


# ── ends and new procedures ──


def test_what_ends_the_case_can_meet_a_clock_too_T3() -> None:
    """A complaint that is found invalid was answered in time, not forgotten."""
    rules = {"answered": {"target": "2d", "starts_on": ["opened"], "met_by": ["rejected", "resolved"]}}
    story = complaint("minor", rules).do("agent", "reject", reason="it was another shop")
    assert states(story.case, "answered") == ["met"]


@pytest.mark.parametrize("end", ["reject", "withdraw"])
def test_nothing_runs_beside_a_case_that_is_over(end: str) -> None:
    story = complaint("critical").do("agent", end, reason="not ours")
    assert [clock for clock in story.case.clocks if clock.state == "running"] == []
    assert story.case.alarm_at is None


def test_money_that_is_refused_leaves_the_states_of_a_clock_too() -> None:
    rules = {"update": {"target": "5d", "during": ["refunding"], "met_by": ["told"], "again": True}}
    story = Story(rules={"side_clocks": rules, "goods_come_back": False, "first_answer": None})
    story.do("agent", "choose_remedy", remedy="refund")
    assert dues(story) == {"update": 5 * DAY}
    back = money_refused(story.case, (story.open_payouts[0].key,), "another case was first", None, story.now).case
    assert (back.state, states(back, "update")) == (State.REQUESTED, ["cancelled"])


def other(**side_clocks: Any) -> dict[str, Any]:
    return procedure(side_clocks=side_clocks, version="2").model_dump(mode="json")


@pytest.mark.parametrize(
    ("rules", "cycles", "due"),
    [
        ({"word": {"target": "3d", "starts_on": ["opened"]}}, ["running"], 3 * DAY),  # from its beginning
        ({"word": {"target": "2d", "starts_on": ["opened"], "calendar": "all_hours"}}, ["running"], 2 * DAY),
        ({"word": {"target": "2h", "starts_on": ["opened"], "calendar": "shop_cn"}}, ["running"], 2 * HOUR),
        ({}, ["cancelled"], None),
        ({"word": {"target": "2d", "during": ["repairing"]}}, ["cancelled"], None),
    ],
)
def test_a_rebase_changes_what_runs_and_keeps_the_time_used_T10(
    rules: dict[str, Any], cycles: list[str], due: timedelta | None
) -> None:
    story = complaint(None, {"word": {"target": "2d", "starts_on": ["opened"]}})
    story.now = NOW + HOUR
    story.do("manager", "rebase_playbook", reason="new times", procedure=other(**rules))
    assert states(story.case, "word") == cycles
    assert dues(story) == ({"word": due} if due else {})


def test_a_new_clock_of_a_rebase_that_watches_the_state_begins_T10() -> None:
    story = complaint(None, {})
    story.now = NOW + HOUR
    rules = {"word": {"target": "1d", "during": ["requested"]}, "first": {"target": "1d", "starts_on": ["opened"]}}
    story.do("manager", "rebase_playbook", reason="new times", procedure=other(**rules))
    assert dues(story) == {"word": HOUR + DAY}, "the case is not opened again"


def test_every_shipped_side_clock_can_be_armed() -> None:
    calendars = shipped().calendars
    for kind, playbook in shipped().kinds.items():
        for name, rule in playbook.procedure.side_clocks.items():
            assert rule.calendar in calendars, (kind, name)
            assert not rule.again or rule.during, (kind, name)
            assert set(rule.during) <= set(OPEN), (kind, name)


# ── a complaint that was not settled climbs its ladder anew (T3) ──


def _ladder(story: Story) -> set[tuple[str, ...]]:
    names = ("director_told", "complaint_answer", "complaint_resolved")
    return {tuple(states(story.case, name)) for name in names}


@pytest.mark.parametrize("again", ["callback", "reopen"])
def test_a_complaint_that_begins_again_has_its_ladder_again_T3(again: str) -> None:
    story = Story("complaint", bare=True, goods="nowhere").do("agent", "set_severity", severity="critical")
    story.do("director", "acknowledge").do("agent", "answer", text="The driver was spoken to.", final=True)
    assert _ladder(story) == {("met",)}
    if again == "callback":
        story.do("agent", "complete_callback", satisfied=False)
    else:
        story.do("agent", "complete_callback", satisfied=True).do("manager", "reopen", reason="it was not settled")
    assert _ladder(story) == {("met", "running")}


def test_a_complaint_that_ends_well_begins_no_ladder_T3() -> None:
    story = Story("complaint", bare=True, goods="nowhere").do("agent", "set_severity", severity="critical")
    story.do("director", "acknowledge").do("agent", "answer", text="The driver was spoken to.", final=True)
    story.do("agent", "complete_callback", satisfied=True)
    assert _ladder(story) == {("met",)}
