"""The contract that every sender of tracking events keeps, tried on each of the map (L16)."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from activities.carriers import CARRIERS, configured
from activities.carriers.carrier import Carrier, Unreadable
from models.errors import Forged, Invalid, Malformed
from tests.activities.carriers.senders import SECRET, SENDERS, Call, Secrets

ALL = configured(Secrets(SecretStr(SECRET)))
#: Everybody but people, who come with a token and sign nothing.
CALLING = sorted(set(CARRIERS) - {"manual"})
NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
HOUR_AGO = NOW - timedelta(hours=1)


def a_call(name: str, call_id: str = "call-1", waybill: str = "SF1029384756") -> Call:
    sender = SENDERS[name]
    told = [(code, HOUR_AGO + timedelta(minutes=i)) for i, code in enumerate(sender.codes)]
    return sender.write(call_id, waybill, told, NOW)


@pytest.fixture(params=CALLING)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def carrier(name: str) -> Carrier:
    return ALL[name]


def test_every_sender_of_the_map_is_tried_here():
    assert sorted(SENDERS) == CALLING
    assert sorted(ALL) == sorted(CARRIERS)
    assert [carrier.name for carrier in ALL.values()] == list(ALL)


def test_what_it_says_is_in_our_vocabulary_with_its_own_times(name: str, carrier: Carrier):
    events = sorted(carrier.read(a_call(name).body), key=lambda event: event.at)
    assert [(event.what.value, event.how) for event in events] == list(SENDERS[name].codes.values())
    assert [event.at for event in events] == [HOUR_AGO + timedelta(minutes=i) for i in range(len(events))]
    assert {event.waybill for event in events} == {"SF1029384756"}
    assert all(event.words for event in events)


def test_a_genuine_call_has_one_id_however_often_it_comes(name: str, carrier: Carrier):
    call, other = a_call(name), a_call(name, "call-2", "SF2")
    first = carrier.check(call.headers, call.body, NOW)
    assert carrier.check(call.headers, call.body, NOW) == first
    assert carrier.check(other.headers, other.body, NOW) != first
    if SENDERS[name].names_calls:
        assert first == "call-1"


@pytest.mark.parametrize("change", ["body", "signature", "no signature"])
def test_a_forged_call_is_refused(name: str, carrier: Carrier, change: str):
    call = a_call(name)
    headers, body = dict(call.headers), call.body
    if change == "body":
        body = body.replace(b"SF1029384756", b"SF9999999999")
    elif change == "signature":
        headers = {
            key: value if key in ("webhook-id", "webhook-timestamp") else "v1,bm8=" for key, value in headers.items()
        }
        body = body if headers else body.replace(b"sign=", b"sign=0")
    else:
        headers, body = {}, body.replace(b"sign=", b"gone=")
    assert (headers, body) != (call.headers, call.body)
    with pytest.raises((Forged, Malformed)):
        carrier.check(headers, body, NOW)


@pytest.mark.parametrize(
    "heading", ["ünsigned", "v1", "v1,", "v1,%%%", "\x00", "hmac-sha256-hex=é", "v1," + "A" * 5000]
)
def test_a_signature_that_makes_no_sense_is_refused_like_any_other(name: str, carrier: Carrier, heading: str):
    call = a_call(name)
    headers = dict.fromkeys(call.headers, heading)
    body = call.body if call.headers else b"param=x&sign=" + heading.encode("utf-8", "replace").replace(b"%", b"")
    with pytest.raises((Forged, Malformed)):
        carrier.check(headers, body, NOW)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"[]", b"{}", b"null", b'{"msg": 1}', b"param=1&sign=2", b"{" * 900]
)
def test_what_cannot_be_read_says_so_and_nothing_else(carrier: Carrier, body: bytes):
    with pytest.raises(Unreadable):
        carrier.read(body)


def test_the_generic_call_is_good_for_five_minutes():
    for minutes, good in ((-4, True), (4, True), (-6, False), (6, False), (-60 * 24, False)):
        call = SENDERS["courier"].write("call-1", "SF1", [("moving", HOUR_AGO)], NOW + timedelta(minutes=minutes))
        if good:
            assert ALL["courier"].check(call.headers, call.body, NOW) == "call-1"
        else:
            with pytest.raises(Forged, match="five minutes"):
                ALL["courier"].check(call.headers, call.body, NOW)


def test_without_its_code_the_newest_row_of_kuaidi100_is_what_the_whole_is():
    call = SENDERS["kuaidi100"].write("", "SF1", [("", HOUR_AGO), ("", NOW)], NOW)
    body = call.body.replace(b"%22state%22%3A+%22%22", b"%22state%22%3A+%223%22")
    assert body != call.body
    whats = {event.at: event.what.value for event in ALL["kuaidi100"].read(body)}
    assert whats == {NOW: "delivered", HOUR_AGO: "moving"}


def test_other_news_of_an_account_tells_of_no_parcel():
    assert ALL["easypost"].read(b'{"id": "evt_1", "description": "batch.created", "result": {}}') == ()


def test_nobody_outside_speaks_for_people():
    with pytest.raises(Forged):
        ALL["manual"].check({}, a_call("courier").body, NOW)
    assert ALL["manual"].read(a_call("courier").body) == ALL["courier"].read(a_call("courier").body)


def test_a_sender_without_its_secret_is_not_there():
    assert list(configured(Secrets(None))) == ["manual"]
    assert list(configured(Secrets(SecretStr("")))) == ["manual"]


def test_a_secret_that_cannot_be_used_is_named_by_its_sender_and_not_shown():
    with pytest.raises(Invalid, match="courier") as refused:
        configured(Secrets(SecretStr("whsec_!")))
    assert "whsec_!" not in str(refused.value)


#: Kuaidi100's own table of states, the coarse and the fine ones.
KUAIDI100 = [
    ("0", "moving", None),  # 在途
    ("1001", "moving", None),  # 到达派件城市
    ("1002", "moving", None),  # 干线
    ("1003", "moving", None),  # 转递
    ("1", "picked_up", None),  # 揽收
    ("101", "created", None),  # 已下单
    ("102", "created", None),  # 待揽收
    ("103", "picked_up", None),  # 已揽收
    ("2", "trouble", None),  # 疑难
    ("201", "trouble", None),  # 超时未签收
    ("202", "trouble", None),  # 超时未更新
    ("203", "trouble", "coming_back"),  # 拒收
    ("204", "trouble", None),  # 派件异常
    ("205", "trouble", "locker"),  # 柜或驿站超时未取
    ("206", "trouble", None),  # 无法联系
    ("207", "trouble", None),  # 超区
    ("208", "trouble", None),  # 滞留
    ("209", "trouble", None),  # 破损
    ("210", "trouble", None),  # 销单
    ("3", "delivered", None),  # 签收
    ("301", "delivered", None),  # 本人签收
    ("302", "delivered", None),  # 派件异常后签收
    ("303", "delivered", "somebody_else"),  # 代签
    ("304", "delivered", "locker"),  # 投柜或站签收
    ("4", "returned", None),  # 退签: its sender has signed for it
    ("401", "trouble", None),  # 已销单
    ("14", "trouble", "coming_back"),  # 拒签
    ("5", "out_for_delivery", None),  # 派件
    ("501", "out_for_delivery", "locker"),  # 投柜或驿站: it lies there, nobody has it yet
    ("6", "trouble", "coming_back"),  # 退回
    ("7", "moving", None),  # 转投
    ("8", "moving", None),  # 清关
    ("10", "moving", None),  # 待清关
    ("11", "moving", None),  # 清关中
    ("12", "moving", None),  # 已清关
    ("13", "trouble", None),  # 清关异常
    ("999", "moving", None),  # one that is not in the table is no news but that it is on its way
]


@pytest.mark.parametrize(("code", "what", "how"), KUAIDI100)
def test_every_state_of_kuaidi100_is_a_word_of_ours(code: str, what: str, how: str | None):
    call = SENDERS["kuaidi100"].write("", "SF1", [(code, NOW)], NOW)
    [event] = ALL["kuaidi100"].read(call.body)
    assert (event.what.value, event.how) == (what, how)


@pytest.mark.parametrize("name", ["aftership", "easypost"])
def test_a_call_that_was_made_weeks_ago_is_refused_and_one_that_was_sent_again_for_days_is_not(name: str):
    for days, good in ((0, True), (13, True), (15, False)):
        call = SENDERS[name].write("call-1", "SF1", [(next(iter(SENDERS[name].codes)), HOUR_AGO)], NOW)
        if good:
            assert ALL[name].check(call.headers, call.body, NOW + timedelta(days=days)) == "call-1"
        else:
            with pytest.raises(Forged, match="14 days"):
                ALL[name].check(call.headers, call.body, NOW + timedelta(days=days))
