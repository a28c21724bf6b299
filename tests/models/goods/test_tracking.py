"""What couriers say of a parcel, folded into where it stands (L16, G14)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.goods.tracking import How, Standing, TrackingEvent, What, fold, news

NOON = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


def event(what: str, minutes: int = 0, how: How | None = None, words: str = "") -> TrackingEvent:
    return TrackingEvent(waybill="SF1", what=What(what), at=NOON + timedelta(minutes=minutes), how=how, words=words)


def stands(*events: TrackingEvent) -> Standing:
    found = fold(events)
    assert found is not None
    return found


EVENTS = st.builds(
    event,
    st.sampled_from([what.value for what in What]),
    st.integers(0, 30),
    st.sampled_from([None, "locker", "somebody_else", "coming_back"]),
    st.sampled_from(["", "Hangzhou hub"]),
)


@given(st.lists(EVENTS, max_size=12), st.data())
def test_neither_order_nor_repetition_makes_a_difference(told: list[TrackingEvent], data: st.DataObject):
    again = data.draw(st.lists(st.sampled_from(told), max_size=12)) if told else []
    assert fold(data.draw(st.permutations([*told, *again]))) == fold(told)


@given(st.lists(EVENTS, min_size=1, max_size=12), st.integers(1, 11))
def test_what_came_earlier_and_is_told_in_parts_leads_to_the_same_standing(told: list[TrackingEvent], cut: int):
    assert fold([*told[cut:], *told[:cut]]) == fold(told)


#: The events with the minute each happened at, and what it comes to.
STORIES = [
    ("on its way", [("created", 0), ("picked_up", 5), ("moving", 9)], "moving", None),
    ("delivered", [("moving", 1), ("out_for_delivery", 5), ("delivered", 9)], "delivered", "delivered"),
    ("a label that is printed late is no news", [("moving", 1), ("created", 5)], "moving", None),
    ("of one minute the later step counts", [("delivered", 5), ("out_for_delivery", 5)], "delivered", "delivered"),
    ("lost, and then found", [("lost", 1), ("moving", 5)], "moving", None),
    ("lost, and delivered after all", [("lost", 1), ("delivered", 5)], "delivered", "delivered"),
    ("back at its sender's, whatever comes then", [("returned", 1), ("moving", 5)], "returned", "refused"),
]


@pytest.mark.parametrize(("told", "what", "outcome"), [story[1:] for story in STORIES], ids=[s[0] for s in STORIES])
def test_where_a_parcel_stands(told: list[tuple[str, int]], what: str, outcome: str | None):
    found = stands(*(event(name, minute) for name, minute in told))
    assert (found.what, found.outcome) == (what, outcome)


def test_a_parcel_that_was_refused_is_delivered_to_its_sender():
    found = stands(event("trouble", 1, "coming_back"), event("moving", 5), event("delivered", 9))
    assert (found.what, found.outcome) == ("returned", "refused")


def test_one_that_moves_on_after_it_was_signed_for_was_signed_early_and_is_delivered_when_it_is():
    early = stands(event("delivered", 1), event("out_for_delivery", 5))
    assert early.signed_early
    assert early.outcome is None
    assert "too early" in str(news(early))
    late = stands(event("delivered", 1), event("out_for_delivery", 5), event("delivered", 9))
    assert (late.outcome, late.signed_early) == ("delivered", False)


def test_who_signed_is_part_of_the_outcome():
    assert stands(event("delivered", 1, "somebody_else")).outcome == "signed_by_other"
    assert stands(event("delivered", 1, "locker")).outcome == "at_locker"  # no hand (L16)


def test_of_nothing_nothing_follows():
    assert fold([]) is None


def test_a_clock_that_is_years_ahead_is_not_believed():
    assert not event("moving", 60 * 24 * 400).believable(NOON)
    assert event("moving", 60).believable(NOON)


@pytest.mark.parametrize("waybill", ["", "  ", "顺丰1", "SF\x001", "SF\n1", "x" * 101])
def test_what_is_no_waybill_is_refused(waybill: str):
    with pytest.raises(ValueError, match="waybill"):
        TrackingEvent(waybill=waybill, what=What.MOVING, at=NOON)
