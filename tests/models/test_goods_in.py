"""Goods as they come and as they are found: boxes, differences, the expert, the extra check (G3, G4, G11, G12, G16)."""

from typing import Any, cast

import pytest

from models.case import Case
from models.errors import DataRefused
from models.next_step import next_step
from tests.builders import DAY
from tests.models.story import Story, confirmed, found, returned
from tests.shipped import shipped

LINES = {1: 2, 2: 4}


def seen(case: Case, now: Any) -> dict[str, Any]:
    """What the next step says of the goods."""
    step = next_step(case, shipped().get(case.kind), now)
    assert step is not None
    goods: dict[str, Any] = step["goods"] or {}
    return goods


def clock(story: Story, name: str) -> Any:
    return next(c for c in reversed(story.case.clocks) if c.clock == name)


# ── boxes (G12) ──


def test_boxes_of_one_return_are_counted_each_once() -> None:
    story = Story().do("agent", "authorise_return")
    story.do("warehouse", "book_in", box=1, of=3, parcel_no="a")
    story.do("warehouse", "book_in", box=1, parcel_no="b")  # the same number, scanned by another code
    assert (len(story.case.boxes), story.case.boxes_missing) == (1, 2)
    story.do("warehouse", "book_in", box=2, parcel_no="c").do("warehouse", "book_in", box=3, parcel_no="d")
    assert (len(story.case.boxes), story.case.boxes_missing) == (3, 0)
    assert story.case.state == "received"


def test_without_numbers_nobody_says_that_a_box_is_missing() -> None:
    story = Story().do("agent", "authorise_return").do("warehouse", "book_in", boxes=2)
    assert (len(story.case.boxes), story.case.boxes_missing) == (2, 0)


def test_the_next_return_is_counted_anew() -> None:
    story = confirmed().do("agent", "choose_remedy", remedy="repair").do("workshop", "finish_repair", report="new seal")
    story.do("warehouse", "ship_back", carrier="sf", waybill="SF80")
    story.do("courier", "record_delivery", outcome="delivered").do("agent", "complete_callback", satisfied=False)
    story.do("agent", "authorise_return")
    assert story.case.boxes == ()


# ── matched later (G2) ──


def test_what_is_matched_later_counts_from_the_day_it_came() -> None:
    story = Story().do("agent", "authorise_return").wait(5 * DAY)
    came = story.now - 3 * DAY
    story.do("warehouse", "book_in", parcel_no="a", came_at=came.isoformat())
    assert clock(story, "inspection").log[0].at == came
    assert clock(story, "inspection").due_at == story.now  # a working day after Friday is Monday
    assert clock(story, "return_shipped").log[0].at < came  # what ran before is as it was


def test_what_came_before_the_case_was_opened_counts_from_its_opening() -> None:
    story = Story()
    opened = story.case.opened_at
    story.do("warehouse", "book_in", came_at=(opened - 9 * DAY).isoformat())
    assert clock(story, "inspection").log[0].at == opened


def test_a_time_that_has_not_come_yet_is_now() -> None:
    story = Story().do("warehouse", "book_in", came_at=(Story().now + 9 * DAY).isoformat())
    assert clock(story, "inspection").log[0].at == story.now


# ── what was declared and what came (G3) ──


def test_fewer_than_declared_the_missing_ones_are_asked_about_and_not_refunded() -> None:
    story = returned(lines=LINES)
    ask: dict[str, Any] = {"lines": [found(line_no=1, quantity=1)], "missing": [{"line_no": 1, "quantity": 1}]}
    story.do("warehouse", "confirm_fault", **ask)
    assert story.told("owner")[-1].startswith("What came is not what was declared")
    rest, gone = (split.case for split in story.effects.splits[-2:])
    assert [(line.line_no, line.quantity) for line in rest.lines] == [(2, 4)]
    assert (rest.state, rest.goods) == ("received", "here")
    assert [(line.line_no, line.quantity) for line in gone.lines] == [(1, 1)]
    assert (gone.state, gone.goods, gone.inspected) == ("requested", "customer", False)
    assert [(one.what, one.quantity) for one in gone.differences] == [("missing", 1)]
    assert seen(gone, story.now)["differences"][0]["told"] == "1 of line 1 did not come"
    assert [c.clock for c in gone.clocks if c.state == "running" and not c.apart] == ["triage"]
    assert story.owed_out == {}
    assert sum(held.quantity for held in (*story.case.stock, *rest.stock, *gone.stock)) == 1 + 4  # one is not here


@pytest.mark.parametrize(
    "missing",
    [
        [{"line_no": 1, "quantity": 2}],  # one of two is named as found
        [{"line_no": 3, "quantity": 1}],
        [{"line_no": 2, "quantity": 3}, {"line_no": 2, "quantity": 2}],
    ],
)
def test_no_more_can_be_missing_than_was_declared(missing: list[dict[str, int]]) -> None:
    story = returned(lines=LINES)
    with pytest.raises(DataRefused, match="not inspected"):
        story.do("warehouse", "confirm_fault", lines=[found(line_no=1)], missing=missing)
    assert story.state == "received"


def test_more_than_declared_is_told_to_the_agent() -> None:
    story = returned()
    story.do("warehouse", "confirm_fault", lines=[found()], extra=[{"what": "a power adapter", "quantity": 2}])
    told = next(entry for entry in story.effects.entries if entry.action == "goods_differ")
    assert told.note == "2 × a power adapter came and was not declared."
    assert story.state == "fault_confirmed"
    assert story.owed_out == {}


@pytest.mark.parametrize(
    ("grade", "cause", "party", "differs"),
    [
        ("empty", "none_found", "customer", ["empty"]),
        ("wrong_item", "customer", "customer", ["wrong_item"]),
        ("wrong_item", "seller", "seller", []),  # that we sent another thing is what the customer said
        ("damaged", "manufacturing", "seller", []),
    ],
)
def test_an_empty_box_and_another_item_are_the_agents_to_look_at(
    grade: str, cause: str, party: str, differs: list[str]
) -> None:
    story = returned().do("warehouse", "confirm_fault", lines=[found(cause, party, grade=grade)])
    assert [one.what for one in story.case.differences] == differs
    assert ("goods_differ" in story.happened) == bool(differs)
    assert story.owed_out == {}, "nothing is refunded by itself"


def test_two_results_of_one_line_are_refused_with_the_way_to_do_it() -> None:
    story = returned(lines=LINES)
    with pytest.raises(DataRefused, match="go to a linked case by themselves"):
        story.do("warehouse", "confirm_fault", lines=[found(), found(grade="damaged")])


# ── explained with photos (G4) ──


def test_what_the_inspection_showed_is_there_to_explain_a_refusal_with() -> None:
    photos = ["/api/v1/cases/AC-26-000001/files/ab"]
    story = returned().do("warehouse", "refute_fault", lines=[found("customer", "customer")], photos=photos)
    assert seen(story.case, story.now)["photos"] == photos
    assert story.state == "fault_refuted"


# ── the expert's clock (G11) ──


def test_the_experts_clock_starts_when_the_goods_are_there() -> None:
    story = returned().do("warehouse", "send_to_expert", expert="lab", waybill="SF90")
    assert clock(story, "external_diagnosis").due_at == story.now + 5 * DAY  # the way there
    story.wait(2 * DAY).do("courier", "record_delivery", outcome="delivered")
    assert story.state == "external_diagnosis"
    there = clock(story, "external_diagnosis")
    assert (there.cycle, there.log[0].at) == (2, story.now)
    due = there.due_at
    story.do("courier", "record_delivery", outcome="delivered")  # said twice
    assert clock(story, "external_diagnosis").due_at == due
    assert story.do("expert", "confirm_fault", lines=[found()], report="R-7").state == "fault_confirmed"


def test_carried_over_by_hand_it_starts_at_once() -> None:
    story = returned().do("warehouse", "send_to_expert", expert="lab")
    assert clock(story, "external_diagnosis").cycle == 1
    assert clock(story, "external_diagnosis").calendar == "shop_cn"


@pytest.mark.parametrize("outcome", ["lost", "refused"])
def test_goods_that_do_not_reach_the_expert_are_asked_for(outcome: str) -> None:
    story = returned().do("warehouse", "send_to_expert", expert="lab", waybill="SF90")
    story.do("courier", "record_delivery", outcome=outcome)
    assert story.happened[-2:] == ["search_opened", "record_delivery"]
    assert "did not reach the expert" in story.told("owner")[-1]


# ── the extra check (G16) ──


def exchanging() -> Story:
    return confirmed().do("agent", "choose_remedy", remedy="exchange")


def test_the_replacement_of_a_faulty_item_is_checked_before_it_leaves() -> None:
    story = exchanging()
    assert seen(story.case, story.now)["extra_check"] is True
    story.do("warehouse", "check_replacement", result="failed").do("warehouse", "check_replacement", result="passed")
    assert (story.state, seen(story.case, story.now)["extra_check"]) == ("exchanging", False)
    story.do("warehouse", "ship_replacement", carrier="sf", waybill="SF90")
    assert "left_unchecked" not in story.happened


def test_whoever_ships_it_can_say_that_it_was_checked() -> None:
    story = exchanging().do("warehouse", "ship_replacement", carrier="sf", waybill="SF90", checked=True)
    assert "left_unchecked" not in story.happened


def test_one_that_leaves_unchecked_is_told_to_the_owner() -> None:
    story = exchanging().do("warehouse", "check_replacement", result="failed")
    story.do("warehouse", "ship_replacement", carrier="sf", waybill="SF90")
    assert "left_unchecked" in story.happened
    assert "without its extra check" in story.told("owner")[-1]


def test_what_was_not_faulty_needs_no_extra_check() -> None:
    story = returned().do("warehouse", "confirm_fault", lines=[found("transit", "courier")])
    story.do("agent", "choose_remedy", remedy="exchange")
    story.do("warehouse", "ship_replacement", carrier="sf", waybill="SF90")
    assert "left_unchecked" not in story.happened


# ── what the playbook proposes (G3, G4, G16, L16) ──


def proposed(story: Story, name: str = "action") -> str | None:
    """The action of the next step, or the script that goes with it."""
    step = next_step(story.case, shipped().get(story.case.kind), story.now)
    assert step is not None
    return cast(str | None, step[name])


def test_a_difference_is_cleared_up_before_anything_is_refunded_G3() -> None:
    story = returned().do("warehouse", "confirm_fault", lines=[found(grade="wrong_item")])
    assert (story.state, proposed(story)) == ("fault_confirmed", "make_offer")
    assert proposed(story, "script_name") == "goods_differ"
    story.do("agent", "make_offer", options=[{"type": "refund"}]).do("customer", "decline_offer")
    assert proposed(story, "script_name") != "goods_differ"


def test_units_that_did_not_come_are_asked_for_in_their_own_case_G3() -> None:
    story = returned(lines={1: 2})
    story.do("warehouse", "confirm_fault", lines=[found()], missing=[{"line_no": 1, "quantity": 1}])
    assert proposed(story, "script_name") != "goods_differ"
    gone = story.effects.splits[-1].case
    step = next_step(gone, shipped().get(gone.kind), story.now)
    assert step is not None
    assert (step["action"], step["script_name"]) == ("make_offer", "units_missing")


def test_the_extra_check_is_the_next_step_until_it_is_passed_G16() -> None:
    story = exchanging()
    assert proposed(story) == "check_replacement"
    story.do("warehouse", "check_replacement", result="failed")
    assert proposed(story) == "check_replacement"
    story.do("warehouse", "check_replacement", result="passed")
    assert proposed(story) == "ship_replacement"


@pytest.mark.parametrize(
    ("shown", "warned"), [({}, True), ({"photos": ["photo-7.jpg"]}, False), ({"report": "GB-2026-118"}, False)]
)
def test_a_fault_that_is_refuted_without_a_photo_is_told_to_the_owner_G4(shown: dict[str, Any], warned: bool) -> None:
    story = returned().do("warehouse", "refute_fault", lines=[found("none_found", "customer")], **shown)
    assert ("refuted_unshown" in story.happened) is warned
    assert any("explained with them" in words for words in story.told("owner")) is warned


def test_a_locker_is_no_hand_and_the_parcel_is_followed_until_he_has_it_L16() -> None:
    story = exchanging().do("warehouse", "ship_replacement", carrier="sf", waybill="SF90", checked=True)
    due = story.case.due_at
    story.do("courier", "record_delivery", outcome="at_locker")
    assert (story.state, story.case.due_at) == ("delivering", due)
    step = next_step(story.case, shipped().get(story.case.kind), story.now)
    assert step is not None
    assert (step["action"], step["who"], step["script_name"]) == ("record_delivery", "agent", "at_locker")
    story.do("agent", "record_delivery", outcome="delivered")
    assert (story.state, story.case.at_locker_since) == ("resolved", None)


def test_what_disappears_from_the_locker_is_lost_to_us_L16() -> None:
    story = exchanging().do("warehouse", "ship_replacement", carrier="sf", waybill="SF90", checked=True)
    story.do("courier", "record_delivery", outcome="at_locker").do("agent", "record_delivery", outcome="lost")
    assert (story.state, story.case.finding, story.case.at_locker_since) == ("requested", "lost", None)
