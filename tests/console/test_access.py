"""The table of rights: every page and every role is asked, and what the table says is what happens."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.people.sign_in import PEOPLE
from console import access
from console.mounting import make_console, page_routes
from console.visit import House
from tests.console.browser import WHO, Browser, words
from up import Running

Browse = Callable[..., Browser]


def _routes() -> list[tuple[str, str, str]]:
    """Every page: method, its address with something in every place, its name."""
    return [
        (method, re.sub(r"\{[^}]+\}", "0", route.path), route.name)
        for route in page_routes()
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


ROUTES = _routes()


async def _answer(somebody: Browser, method: str, path: str) -> httpx.Response:
    """The answer with its words; of a stream, which has no end, only that it begins."""
    async with somebody.stream(method, path) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer._content = b""
        else:
            await answer.aread()
    return answer


def test_the_table_names_pages_that_exist():
    assert {name for _, _, name in ROUTES} == access.MAY.keys() | access.OPEN


def test_a_page_that_the_table_forgot_does_not_start(monkeypatch: pytest.MonkeyPatch):
    without = {page: roles for page, roles in access.MAY.items() if page != "account"}
    monkeypatch.setattr(access, "MAY", without)
    house: Any = House(None, None, None)  # type: ignore[arg-type]
    with pytest.raises(LookupError, match="account"):
        make_console(house)


@pytest.mark.parametrize("role", PEOPLE)
async def test_every_page_is_open_to_whom_the_table_names_and_to_nobody_else(role: str, browse: Browse):
    somebody = browse(role)
    for method, path, name in ROUTES:
        # Without its token no form does anything, so those who may are told that, and the others that they may not.
        answer = await _answer(somebody, method, path)
        shut = name not in access.OPEN and role not in access.MAY[name]
        told = "It is open to:" in answer.text
        assert told is shut, f"{role} {method} {path}: {answer.status_code}"
        assert answer.status_code == 403 if shut or method != "GET" else answer.status_code != 500, f"{method} {path}"


async def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_comes_back(browse: Browse):
    nobody = browse(None)
    for method, path, name in ROUTES:
        answer = await _answer(nobody, method, path)
        if name in access.OPEN:
            assert answer.status_code < 500
        elif method == "GET":
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/sign-in?onward="), path
        else:
            assert answer.status_code == 403, path


def test_everybody_who_may_is_named_to_those_who_may_not():
    assert set(access.ASKED) == set(PEOPLE)
    assert {role.value for role in PEOPLE} == set(WHO)


async def test_a_form_of_another_page_or_of_another_session_does_nothing(browse: Browse, service: Running):
    li, foreign = browse("agent"), browse("agent")
    token = await foreign.csrf()
    for headers, fields in (
        ({"Origin": "https://evil.example"}, {"csrf": await li.csrf()}),
        ({"Sec-Fetch-Site": "cross-site"}, {"csrf": await li.csrf()}),
        ({}, {"csrf": token}),
        ({}, {"csrf": ""}),
        ({}, {}),
    ):
        answer = await li.post("/sign-out", data=fields, headers=headers)
        assert answer.status_code == 403, headers
        assert "older than your session" in words(answer)
    assert (await li.get("/account")).status_code == 200
