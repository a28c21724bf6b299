"""Why a provider refuses, in plain words, from what a payout keeps of it."""

from typing import get_args

import pytest

from models.accounting.payments import RefusedFor
from models.accounting.refusals import ALIPAY, OWN, PLAINLY, STRIPE, WECHATPAY, explained


@pytest.mark.parametrize(
    ("failure", "code", "told"),
    [
        ("balance_ACQ.SELLER_BALANCE_NOT_ENOUGH", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "Alipay balance does not cover it"),
        ("account_lost_or_stolen_card", "lost_or_stolen_card", "reported lost"),
        ("not_found_RESOURCE_NOT_EXISTS", "RESOURCE_NOT_EXISTS", "WeChat Pay does not know"),
        ("no_answer", "no_answer", "No answer came"),
        ("limit_SOMETHING_NEW", "SOMETHING_NEW", "too late for this way"),
        ("account_closed", "closed", "ask the customer for another"),
        ("ACCOUNT_CLOSED", "ACCOUNT_CLOSED", "ask the customer for another"),
        ("余额不足", "余额不足", "could not be paid"),
    ],
)
def test_a_failure_is_explained_with_its_own_code(failure: str, code: str, told: str) -> None:
    words, found = explained(failure)
    assert told in words.en
    assert found == code
    assert words.zh


def test_every_code_of_every_provider_comes_back_as_it_was_refused() -> None:
    for table in (ALIPAY, STRIPE, WECHATPAY, OWN):
        for code, meaning in table.items():
            words, found = explained(f"{meaning.refused_for or 'other'}_{code}")
            assert (found, words.zh != "", words.en != "") == (code, True, True)


def test_whatever_it_is_refused_for_there_are_words() -> None:
    assert set(PLAINLY) == set(get_args(RefusedFor))
