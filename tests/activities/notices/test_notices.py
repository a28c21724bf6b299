"""The contract of payment providers' word, on each of them: who may speak, and what is understood."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from activities.carriers.carrier import Unreadable
from activities.notices import NOTIFIERS, configured
from activities.notices.notice import Notifier
from models.accounting.notices import DisputeNotice, PaymentNotice, RefundNotice, case_named
from models.errors import Forged, Invalid, Malformed
from settings import Settings
from tests.activities.gateways.wire import ALIPAY_APP, MCHID
from tests.activities.notices.callers import (
    CALLERS,
    SETTINGS,
    Call,
    Caller,
    alipay_form,
    alipay_to_a_card,
    stripe_event,
    wechat_call,
)

NOW = datetime(2026, 9, 22, 9, 30, tzinfo=UTC)
KEY = "AC-26-000017:refund:1"
HOUR = timedelta(hours=1)
ALL = configured(SETTINGS)


@pytest.fixture(params=sorted(NOTIFIERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def notifier(name: str) -> Notifier:
    return ALL[name]


@pytest.fixture
def caller(name: str) -> Caller:
    return CALLERS[name]


def checked(notifier: Notifier, call: Call, now: datetime = NOW) -> str:
    return notifier.check(call.headers, call.body, now)


def test_every_provider_of_the_map_is_tried_here() -> None:
    assert sorted(CALLERS) == sorted(NOTIFIERS) == sorted(ALL)
    assert [one.name for one in ALL.values()] == list(ALL)


def test_a_genuine_call_has_its_senders_id_whenever_it_is_sent(notifier: Notifier, caller: Caller) -> None:
    first = caller.refund("call-1", KEY, "paid", NOW, False)
    again = caller.refund("call-1", KEY, "paid", NOW + HOUR, False)
    assert checked(notifier, first) == checked(notifier, again, NOW + HOUR) == "call-1"


def test_it_says_which_payout_and_what_became_of_it(notifier: Notifier, caller: Caller) -> None:
    for said in caller.says:
        told = notifier.read(caller.refund("call-1", KEY, said, NOW, False).body)
        assert told == RefundNotice(key=notifier.travels_as(KEY), said=said)
    assert case_named(notifier.travels_as(KEY)) == "AC-26-000017"


def test_it_says_what_was_paid_and_for_which_case(notifier: Notifier, caller: Caller) -> None:
    told = notifier.read(caller.payment("call-1", "pay-7", "AC-26-000017", 1250, NOW).body)
    assert isinstance(told, PaymentNotice)
    assert (told.reference, told.amount, told.currency) == ("pay-7", 1250, "CNY")
    assert case_named(*told.names) == "AC-26-000017"


@pytest.mark.parametrize("change", ["another key", "body", "signature", "none"])
def test_a_forged_call_is_refused(notifier: Notifier, caller: Caller, change: str) -> None:
    call = caller.refund("call-1", KEY, "paid", NOW, change == "another key")
    headers, body = dict(call.headers), call.body
    if change == "body":
        body = body.replace(b"26", b"27", 1)
    elif change == "signature":
        headers = {key: "ünsigned" if key.endswith("signature") else value for key, value in headers.items()}
        body = body.replace(b"sign=", b"sign=AAAA")
    elif change == "none":
        headers, body = {}, body.replace(b"sign=", b"other=")
    with pytest.raises(Forged):
        notifier.check(headers, body, NOW)


def test_an_old_call_is_refused_where_calls_are_signed_anew(notifier: Notifier, caller: Caller) -> None:
    call = caller.refund("call-1", KEY, "paid", NOW, False)
    allowed = timedelta(minutes=5) if caller.signs_anew else timedelta(hours=26)
    assert checked(notifier, call, NOW + allowed) == "call-1"
    for now in (NOW + timedelta(days=3), NOW - timedelta(minutes=6)):
        with pytest.raises(Forged, match="too long ago"):
            checked(notifier, call, now)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b"null", b"NaN", b"{" * 900, b"{}", b"%", b"a=b&c"])
def test_what_is_no_call_is_refused_and_cannot_be_read(notifier: Notifier, name: str, body: bytes) -> None:
    with pytest.raises((Forged, Malformed)):
        notifier.check(CALLERS[name].refund("call-1", KEY, "paid", NOW, False).headers, body, NOW)
    try:
        assert notifier.read(body) is None
    except (Unreadable, Malformed):
        return
    assert name == "alipay"  # a form that says nothing is a form all the same


def test_what_a_provider_is_to_be_answered_is_what_it_takes_for_received(notifier: Notifier, caller: Caller) -> None:
    reply = notifier.reply
    assert (reply and (reply.status, reply.body)) == caller.wants


# ── each in its own way ───────────────────────────────────────────────────────────────────────────


def a_dispute(status: str = "needs_response", **more: Any) -> dict[str, Any]:
    about = {"id": "dp_1", "object": "dispute", "amount": 12900, "currency": "cny", "status": status}
    about |= {"charge": "ch_7", "payment_intent": "pi_7", "reason": "product_not_received"}
    return {**about, "evidence_details": {"due_by": 1790812800}, **more}


@pytest.mark.parametrize(
    ("status", "said", "inquiry"),
    [
        ("needs_response", "opened", False),
        ("under_review", "answered", False),
        ("won", "won", False),
        ("lost", "lost", False),
        ("warning_needs_response", "opened", True),
        ("warning_closed", "won", True),
        ("something_new", "opened", False),
    ],
)
def test_stripe_tells_of_disputes_with_the_day_by_which_the_bank_wants_its_answer(
    status: str, said: str, inquiry: bool
) -> None:
    told = ALL["stripe"].read(stripe_event("evt_1", "charge.dispute.created", a_dispute(status), NOW).body)
    assert isinstance(told, DisputeNotice)
    assert (told.reference, told.said, told.inquiry, told.amount) == ("dp_1", said, inquiry, 12900)
    assert (told.payments, told.respond_by) == (("pi_7", "ch_7"), datetime(2026, 10, 1, tzinfo=UTC))


def test_stripes_units_become_ours() -> None:
    about = {"id": "pi_1", "amount_received": 1500, "metadata": {}}
    for currency, minor in (("jpy", 1500), ("isk", 15), ("kwd", 1500), ("cny", 1500)):
        told = ALL["stripe"].read(
            stripe_event("e", "payment_intent.succeeded", {**about, "currency": currency}, NOW).body
        )
        assert isinstance(told, PaymentNotice)
        assert told.amount == minor, currency


@pytest.mark.parametrize("kind", ["customer.created", "charge.refunded", "payout.paid"])
def test_stripes_other_events_are_about_nothing_here(kind: str) -> None:
    assert ALL["stripe"].read(stripe_event("e", kind, {"id": "x"}, NOW).body) is None
    made_by_hand = {"id": "re_1", "status": "succeeded", "metadata": {}}
    assert ALL["stripe"].read(stripe_event("e", "refund.created", made_by_hand, NOW).body) is None


def test_a_card_that_takes_no_refund_is_no_refusal_at_alipay_but_word_for_the_customer() -> None:
    took, refused = (ALL["alipay"].read(alipay_to_a_card("n", KEY, status, NOW).body) for status in "SF")
    assert isinstance(took, RefundNotice)
    assert isinstance(refused, RefundNotice)
    assert (took.said, took.words) == ("paid", None)
    assert refused.said == "paid"
    assert "balance" in str(refused.words)


def test_alipays_call_for_another_application_is_refused() -> None:
    form = {"notify_id": "n", "notify_time": "2026-09-22 17:30:00", "app_id": ALIPAY_APP + "9"}
    with pytest.raises(Forged, match="another application"):
        checked(ALL["alipay"], alipay_form(form))
    assert checked(ALL["alipay"], alipay_form({**form, "app_id": ALIPAY_APP})) == "n"
    with pytest.raises(Malformed, match="no time"):
        checked(ALL["alipay"], alipay_form({"notify_id": "n", "app_id": ALIPAY_APP}))


def test_wechats_call_that_our_key_does_not_open_is_refused_and_nobody_is_asked_for_certificates() -> None:
    call = wechat_call("n", "REFUND.SUCCESS", {"mchid": MCHID}, NOW)
    with pytest.raises(Forged, match="another key"):
        ALL["wechatpay"].check({**call.headers, "wechatpay-serial": "5157F09EFDC096DE15EBE81A47057A72"}, call.body, NOW)
    told = json.loads(call.body)
    told["resource"]["ciphertext"] = b64encode(b"something else entirely").decode()
    with pytest.raises(Unreadable):
        ALL["wechatpay"].read(json.dumps(told).encode())


def test_wechats_call_about_another_merchant_is_about_nothing_here() -> None:
    about = {"mchid": MCHID + "1", "out_refund_no": "X", "refund_status": "SUCCESS"}
    assert ALL["wechatpay"].read(wechat_call("n", "REFUND.SUCCESS", about, NOW).body) is None


def test_without_what_verifies_its_calls_a_provider_is_not_there() -> None:
    assert configured(Settings()) == {}
    assert list(configured(Settings(stripe_webhook_secret=SecretStr("whsec_1")))) == ["stripe"]
    with pytest.raises(Invalid, match="ALIPAY_PUBLIC_KEY"):
        configured(Settings(alipay_app_id="2021", alipay_private_key=SecretStr("x")))
    with pytest.raises(Invalid, match="alipay") as refused:
        configured(Settings(alipay_app_id="2", alipay_private_key=SecretStr("p4ss"), alipay_public_key="q"))
    assert "p4ss" not in str(refused.value)
