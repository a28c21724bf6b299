"""Addresses: which are taken, how they are shown without secrets, and in which order they are tried."""

from datetime import timedelta

import pytest

from models.errors import DataRefused
from models.people.addresses import (
    GIVEN_UP_AFTER,
    MOST,
    TRIES,
    address,
    addresses,
    kind_of,
    preferred,
    route_of,
    shown,
    turn,
)

TOKEN = "0123456789abcdefSECRET"

GOOD = [
    # as it is entered                                             as it is kept
    (f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}", f"dingtalk://{TOKEN}/"),
    (f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}", f"feishu://{TOKEN}/"),
    (f"https://open.larksuite.com/open-apis/bot/v2/hook/{TOKEN}", f"lark://{TOKEN}/"),
    (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}", f"wecombot://{TOKEN}/"),
    (f" dingtalk://SECabc123@{TOKEN}/ ", f"dingtalk://SECabc123@{TOKEN}/"),
    (f"DingTalk://{TOKEN}/", f"dingtalk://{TOKEN}/"),
    (f"wecombot://{TOKEN}", f"wecombot://{TOKEN}"),
    (
        "mailtos://desk:pass@smtp.example.com?to=li@example.com",
        "mailtos://desk:pass@smtp.example.com?to=li@example.com",
    ),
    ("mailtos://li:pass@example.com", "mailtos://li:pass@example.com"),
    (f"jsons://hooks.example.com/{TOKEN}", f"jsons://hooks.example.com/{TOKEN}"),
]
BAD = [
    "",
    "li@example.com",
    "dingtalk://",
    "dingtalk://x",
    "syslog://localhost",
    "https://example.com/hook",
    "json://",
    "json://[::1",
    "json://host:99999999/x",
    "mailtos://smtp.example.com",
    f"dingtalk://{TOKEN}/\nfeishu://{TOKEN}",
    f"jsons://example.com/{'x' * 1000}",
]


@pytest.mark.parametrize(("given", "kept"), GOOD)
def test_what_the_providers_pages_show_is_taken_too(given: str, kept: str) -> None:
    assert address(given) == kept


@pytest.mark.parametrize("given", BAD)
def test_an_address_that_nobody_can_be_told_at_is_refused_without_its_secret(given: str) -> None:
    with pytest.raises(DataRefused) as refused:
        address(given)
    assert TOKEN not in refused.value.detail


@pytest.mark.parametrize("kept", [kept for _, kept in GOOD])
def test_an_address_is_shown_without_its_secrets_and_known_again_by_that(kept: str) -> None:
    seen = shown(kept)
    for secret in (TOKEN, "SECabc123", "pass", "li@"):
        assert secret not in seen
    assert seen.startswith(f"{kind_of(kept)}://")
    assert addresses([seen, f"feishu://{TOKEN}x/"], kept=[kept]) == (kept, f"feishu://{TOKEN}x/")
    with pytest.raises(DataRefused):
        addresses([seen])  # of somebody else it says nothing


def test_addresses_differ_as_they_are_shown() -> None:
    assert shown("dingtalk://aaaaaaaa/") != shown("dingtalk://aaaaaaab/")


def test_at_most_so_many_and_none_twice() -> None:
    assert addresses([f"feishu://{TOKEN}/"] * 3) == (f"feishu://{TOKEN}/",)
    with pytest.raises(DataRefused):
        addresses([f"feishu://{TOKEN}{number}/" for number in range(MOST + 1)])


def test_what_was_never_an_address_shows_nothing_of_itself() -> None:
    assert (shown(TOKEN), kind_of(TOKEN)) == ("***", "unknown")
    assert TOKEN not in route_of(TOKEN)


def test_the_channels_that_a_level_names_are_tried_first_and_the_others_after_them() -> None:
    urls = ("dingtalk://aaaaaa/", "mailtos://li:pass@example.com", "wecombot://bbbbbb/", "jsons://example.com/x")
    ding, mail, wecom, hook = urls
    assert preferred(urls, ()) == urls
    assert preferred(urls, ("wecom",)) == (wecom, ding, mail, hook)
    assert preferred(urls, ("mail", "webhook")) == (mail, hook, ding, wecom)
    assert preferred(urls, ("sms",)) == urls


def test_addresses_are_tried_in_turn_and_then_more_and_more_rarely() -> None:
    urls = ("feishu://aaaaaa/", "wecombot://bbbbbb/")
    tries = [turn(urls, attempts) for attempts in range(4 * TRIES + 1)]
    assert [one.route for one in tries[:6]] == ["feishu", "feishu", "wecombot", "wecombot", "feishu", "feishu"]
    assert [one.after for one in tries[:9]] == [timedelta(seconds=s) for s in (0, 20, 0, 20, 60, 20, 0, 20, 240)]
    assert all(turn(urls, attempts).after <= timedelta(hours=1) < GIVEN_UP_AFTER for attempts in range(200))
    assert (turn((), 7).url, turn((), 7).route) == (None, "log")
