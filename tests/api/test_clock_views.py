"""A clock as people see it: every number with the spans that explain it (T10)."""

from datetime import datetime, timedelta
from typing import Any

from api.oversight.clock_views import clock_document
from tests.builders import DAY, HOUR, NOW
from tests.models.story import Story
from tests.models.test_chain import by_priority, shanghai
from tests.shipped import shipped


def shown(story: Story, clock: str = "triage", at: datetime | None = None) -> dict[str, Any]:
    found = next(c for c in reversed(story.case.clocks) if c.clock == clock)
    return clock_document(story.case, found, shipped().calendars, at or story.now)


def test_working_and_plain_time_stand_beside_each_other_and_the_spans_add_up_T10() -> None:
    """Wednesday 10:00 to 12:00, a day of the customer's, then Thursday 12:00 to Friday 10:00."""
    story = Story().wait(2 * HOUR).do("agent", "request_evidence").wait(DAY)
    story.do("customer", "submit_evidence", text="here").wait(22 * HOUR)
    seen = shown(story)
    runs = [(one["from"], one["to"], one["seconds"], one["plain"]) for one in seen["sums"]]
    assert [one["runs"] for one in seen["sums"]] == [True, False, True]
    assert runs[0] == (shanghai(4, 10).isoformat(), shanghai(4, 12).isoformat(), 7200, 7200)
    assert (runs[1][2:], runs[2][3]) == ((0, 86400), 22 * 3600)
    assert seen["used"] == sum(one["seconds"] for one in seen["sums"]) == seen["target"] - seen["left"]
    assert seen["used_plain"] == 24 * 3600
    assert seen["due_at"] is not None
    assert seen["left_plain"] == round((datetime.fromisoformat(seen["due_at"]) - story.now).total_seconds())


def test_what_did_not_count_says_why_in_both_languages() -> None:
    story = Story().wait(2 * HOUR).do("agent", "request_evidence").wait(DAY)
    story.do("customer", "submit_evidence", text="here").wait(22 * HOUR)
    whys = [one["why"] for one in shown(story)["sums"]]
    assert [why and why["en"] for why in whys] == [
        None,
        "stood still: we waited for the other side",
        "the rest is outside the hours of shop_cn",
    ]
    assert all(why["zh"] for why in whys if why)


def test_a_clock_that_stands_still_is_due_at_no_time() -> None:
    story = Story().wait(HOUR).do("agent", "request_evidence").wait(HOUR)
    seen = shown(story)
    assert (seen["state"], seen["due_at"], seen["left_plain"], seen["next_alarm"]) == ("paused", None, None, None)
    assert (seen["used"], seen["paused_since"]) == (3600, (NOW + HOUR).isoformat())


def test_a_cycle_that_goes_on_after_the_end_of_the_case_says_so() -> None:
    story = by_priority(reopen="resume").wait(4 * HOUR).do("agent", "reject", reason="too late").wait(DAY)
    seen = shown(story.do("agent", "reopen", reason="a new photo").wait(HOUR))
    assert [(one["runs"], one["seconds"]) for one in seen["sums"]] == [(True, 4 * 3600), (False, 0), (True, 3600)]
    assert seen["sums"][1]["why"]["en"] == "the case was over until it was opened again"


def test_a_breach_names_its_cause_and_the_next_alarm_whom_it_is_for() -> None:
    story = by_priority().wait(6 * HOUR).do("agent", "set_priority", priority="urgent").wait(timedelta(minutes=1))
    seen = shown(story)
    assert seen["breached"] == {"at": (NOW + 6 * HOUR).isoformat(), "cause": "change", "noticed_late": False}
    assert seen["policy"]["target"] == 5 * 3600
    assert seen["next_alarm"] == {
        "name": "level 2",
        "at": (NOW + 7.5 * HOUR).isoformat(),
        "level": 2,
        "targets": ["supervisor"],
    }


def test_clocks_that_a_promise_or_a_platform_sets_never_pause_T20() -> None:
    story = Story().do("agent", "promise", what="I call you", at=(NOW + 5 * HOUR).isoformat())
    story.do("agent", "request_evidence").wait(HOUR)
    assert (shown(story, "promise")["pauses"], shown(story, "promise")["state"]) == (False, "running")
    assert shown(story)["pauses"] is True


def test_a_new_appointment_takes_the_place_of_the_old_one_T19() -> None:
    story = Story("field_service")
    story.do("agent", "choose_remedy", remedy="visit")
    for days in (1, 2):
        story.do("agent", "appoint", at=(NOW + days * DAY).isoformat())
    states = [clock.state for clock in story.case.clocks if clock.clock == "appointment"]
    assert states == ["cancelled", "running"]
    assert shown(story, "appointment")["due_at"] == (NOW + 2 * DAY).isoformat()
