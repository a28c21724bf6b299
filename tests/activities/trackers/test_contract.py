"""The contract of all who are asked about parcels, each against one that speaks as it does, with its faults."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from activities.trackers import TRACKERS, configured
from activities.trackers.tracker import NotAllowed, NotTold, Parcel, Tracker, UnknownParcel
from models.errors import Invalid
from tests.activities.trackers.houses import CALLBACK, SALT, SPEAKS, House, house, made

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
PARCEL = Parcel("SF1029384756", "shunfeng")
STORY = [("picked_up", NOW - timedelta(hours=9)), ("moving", NOW - timedelta(hours=5)), ("delivered", NOW)]


@pytest.fixture(params=sorted(TRACKERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def there(name: str) -> Iterator[tuple[House, str]]:
    with house(name) as found:
        yield found


@pytest.fixture
def tracker(name: str, there: tuple[House, str]) -> Tracker:
    return made(name, there[1])


def test_everybody_of_the_map_is_tried_here():
    assert sorted(SPEAKS) == sorted(TRACKERS)


def test_a_parcel_that_is_registered_again_is_no_error(name: str, tracker: Tracker, there: tuple[House, str]):
    tracker.register(PARCEL)
    tracker.register(PARCEL)
    assert {(one["waybill"], one["code"]) for one in there[0].told} == {("SF1029384756", "shunfeng")}


def test_what_it_knows_is_in_our_vocabulary_with_its_own_times(name: str, tracker: Tracker, there: tuple[House, str]):
    there[0].parcels[PARCEL.waybill] = STORY
    tracker.register(PARCEL)
    events = sorted(tracker.ask(PARCEL), key=lambda event: event.at)
    picked_up = "moving" if name == "easypost" else "picked_up"  # it has no word for that
    assert [event.what.value for event in events] == [picked_up, "moving", "delivered"]
    assert [event.at for event in events] == [at for _, at in STORY]
    assert {event.waybill for event in events} == {PARCEL.waybill}


def test_of_a_number_that_nobody_knows_it_says_so(name: str, tracker: Tracker):
    with pytest.raises(UnknownParcel):
        tracker.ask(Parcel("NOBODY1", "shunfeng"))


def test_a_courier_without_a_code_is_recognised_by_the_number(tracker: Tracker, there: tuple[House, str]):
    tracker.register(Parcel("SF7"))
    assert [one["code"] for one in there[0].told] == [""]


@pytest.mark.parametrize("mood", ["busy", "broken", "garbage", "hangs_up"])
def test_trouble_of_its_own_is_no_word_of_the_parcel(tracker: Tracker, there: tuple[House, str], mood: str):
    there[0].mood = mood  # type: ignore[assignment]
    for step in (tracker.ask, tracker.register):
        with pytest.raises(NotTold) as told:
            step(PARCEL)
        assert "key-of" not in str(told.value)


def test_one_that_does_not_answer_is_not_waited_for(name: str, there: tuple[House, str]):
    there[0].mood = "silent"
    with pytest.raises(NotTold):
        made(name, there[1], timeout=1).ask(PARCEL)


def test_a_wrong_key_is_for_whoever_keeps_the_settings(name: str, there: tuple[House, str]):
    stranger = made(name, there[1], key="another")
    for step in (stranger.ask, stranger.register):
        with pytest.raises(NotAllowed) as told:
            step(PARCEL)
        assert "another" not in str(told.value)


def test_kuaidi100_is_told_where_to_call_and_how_to_sign():
    with house("kuaidi100") as (there, url):
        made("kuaidi100", url).register(Parcel("SF7", phone_tail="8000"))
        more = there.told[0]["more"]
    assert (more["callbackurl"], more["salt"], more["phone"], more["autoCom"]) == (CALLBACK, SALT, "8000", "1")


class Keys:
    hooks_url: str | None = None
    courier_timeout = 5.0
    kuaidi100_key: SecretStr | None = None
    kuaidi100_customer: str | None = None
    kuaidi100_salt: SecretStr | None = None
    kuaidi100_url: str | None = None
    aftership_key: SecretStr | None = None
    aftership_url: str | None = None
    easypost_key: SecretStr | None = None
    easypost_url: str | None = None


def test_somebody_without_a_key_is_not_there_and_half_a_setting_is_named():
    keys = Keys()
    assert configured(keys) == {}
    keys.kuaidi100_key = keys.aftership_key = keys.easypost_key = SecretStr("k")
    with pytest.raises(Invalid, match="KUAIDI100_CUSTOMER"):
        configured(keys)
    keys.kuaidi100_customer = "C"
    assert list(configured(keys)) == list(TRACKERS)
