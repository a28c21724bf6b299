"""What holds before anything is sent: keys for the wire, plain words for every code, settings."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from activities.gateways import GATEWAYS, Room, configured, gateway
from activities.gateways.gateway import LONGEST_KEY, wire_key
from models.accounting import refusals
from models.accounting.payments import Answer, Words
from models.accounting.refusals import Meaning
from models.errors import Invalid
from settings import Settings
from tests.activities.gateways.wire import ALIPAY_APP, PROVIDER, SHOP, STRIPE_KEY

ALIPAYS = r"A-Za-z0-9_"


@pytest.mark.parametrize(
    ("key", "allowed", "begins"),
    [
        ("AC-26-000001:refund:1", r"A-Za-z0-9_\-", "AC-26-000001_refund_1_"),
        ("AC-26-000001:refund:1", ALIPAYS, "AC_26_000001_refund_1_"),
        ("k" * 65, ALIPAYS, "k" * 47 + "_"),
    ],
)
def test_a_key_that_has_to_change_can_still_be_read(key: str, allowed: str, begins: str):
    made = wire_key(key, allowed)
    assert made.startswith(begins)
    assert re.fullmatch("[0-9a-f]{16}", made.removeprefix(begins))


@pytest.mark.parametrize("key", ["plain_1", "k" * LONGEST_KEY])
def test_a_key_that_fits_stays_as_it_is(key: str):
    assert wire_key(key, ALIPAYS) == key


@given(one=st.text(alphabet="aA1:-_.|", max_size=80), other=st.text(alphabet="aA1:-_.|", max_size=80))
def test_two_keys_never_become_the_same(one: str, other: str):
    assert (wire_key(one, ALIPAYS) == wire_key(other, ALIPAYS)) == (one == other)
    assert re.fullmatch(r"[A-Za-z0-9_]{1,64}", wire_key(one, ALIPAYS))


@pytest.mark.parametrize("codes", [refusals.OWN, refusals.STRIPE, refusals.ALIPAY, refusals.WECHATPAY])
def test_every_code_is_said_in_both_languages(codes: Mapping[str, Meaning]):
    chinese = re.compile("[一-龥]")
    assert [code for code, meaning in codes.items() if not chinese.search(meaning.zh)] == []
    assert [code for code, meaning in codes.items() if chinese.search(meaning.en) or not meaning.en.endswith(".")] == []


def test_a_code_that_nobody_knows_is_said_as_it_is():
    answer = gateway.refused("ACQ.SOMETHING_NEW", "新的原因", refusals.ALIPAY)
    assert (answer.refused_for, answer.failure) == ("other", "other_ACQ.SOMETHING_NEW")
    assert answer.words is not None
    assert "ACQ.SOMETHING_NEW" in answer.words.zh
    assert "ACQ.SOMETHING_NEW" in answer.words.en


def test_a_code_of_trouble_that_nobody_knows_is_said_as_trouble():
    answer = gateway.unknown("SYSTEM_ERROR", "系统错误", refusals.WECHATPAY)
    assert (answer.state, answer.message) == ("unknown", "系统错误")
    assert answer.words == Words(
        zh="服务商暂时无法处理（代码 SYSTEM_ERROR），稍后再查。",
        en="The provider has trouble (code SYSTEM_ERROR); it will be asked again.",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "done"},  # without a reference
        {"state": "refused", "code": "x"},  # without what for, and without words
        {"state": "refused", "refused_for": "other", "code": "x"},
        {"state": "unknown", "refused_for": "other"},
    ],
)
def test_an_answer_that_says_half_is_none(fields: dict[str, str]):
    with pytest.raises(ValidationError):
        Answer.model_validate(fields)


def test_words_are_said_in_the_language_of_the_locale():
    words = Words(zh="余额不足", en="The balance is short.")
    assert [words.of(locale) for locale in ("zh-CN", "en")] == ["余额不足", "The balance is short."]


def test_no_method_of_payment_belongs_to_two_gateways():
    methods = [method for kind in GATEWAYS.values() for method in kind.methods]
    assert sorted(methods) == sorted(set(methods))


def test_a_key_may_be_in_a_file_of_its_own(tmp_path: Path):
    file = tmp_path / "alipay.pem"
    file.write_text(SHOP.private_pem, encoding="ascii")
    settings = Settings(
        alipay_app_id=ALIPAY_APP,
        alipay_private_key=SecretStr(str(file)),
        alipay_public_key=PROVIDER.public_pem,
        stripe_key=SecretStr(STRIPE_KEY),
    )
    assert set(configured(Room(settings, lambda key: None))) == {"register", "alipay", "stripe"}


@pytest.mark.parametrize("wrong", ["/run/secrets/nowhere.pem", "not a key"])
def test_a_key_that_is_none_stops_the_start_and_is_not_shown(wrong: str):
    settings = Settings(
        alipay_app_id=ALIPAY_APP, alipay_private_key=SecretStr(wrong), alipay_public_key=PROVIDER.public_pem
    )
    with pytest.raises(Invalid, match="alipay") as refused:
        configured(Room(settings, lambda key: None))
    assert wrong not in str(refused.value)
