"""Every page answers with something on it, and whatever is typed into any form of any page is safe and not lost."""

from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.api.client import Api
from tests.console.browser import Browser
from tests.console.customers import Phone
from tests.console.places import Furniture, Place, furnish
from tests.console.sheets import Sheet, Sheets
from tests.console.typed import ENDLESS, MARKUP, safe
from up import Running

Browse = Callable[..., Browser]


class Visitors:
    """Whoever opens a page: somebody of its role, or a customer with what he has proved."""

    def __init__(self, browse: Browse, phone: Phone) -> None:
        self._browse = browse
        self._phone = phone
        self._staff: dict[str, Browser] = {}

    def of(self, place: Place) -> Browser:
        if place.role:
            return self._staff.setdefault(place.role, self._browse(place.role))
        self._phone.cookies = httpx.Cookies(dict(place.cookies))
        return self._phone


@pytest_asyncio.fixture(scope="module")
async def furniture(service: Running, staff: object) -> AsyncIterator[Furniture]:
    """One of everything, made once for this file."""
    opened: list[Browser] = []

    def browse(role: str) -> Browser:
        opened.append(Browser(service, staff.secret(role)))  # type: ignore[attr-defined]
        return opened[-1]

    async with Api(service, service.token) as api:
        yield await furnish(api, browse, service)
    for one in opened:
        await one.aclose()


async def test_every_page_of_the_routes_can_be_opened_with_something_on_it(
    furniture: Furniture, browse: Browse, service: Running
) -> None:
    async with Phone(service) as phone:
        visitors = Visitors(browse, phone)
        for place in furniture.places():
            page = await visitors.of(place).get(place.address)
            assert (page.status_code, str(page.url.path)) == (200, place.address.partition("?")[0]), place
            assert page.headers["content-type"].startswith("text/html"), place


@pytest.mark.slow
async def test_nothing_typed_into_any_form_of_any_page_is_dangerous_or_lost(
    furniture: Furniture, browse: Browse, service: Running
) -> None:
    async with Phone(service) as phone:
        visitors, done = Visitors(browse, phone), set[str]()
        for place in furniture.places():
            page = await visitors.of(place).get(place.address)
            for sheet in Sheets(page.text).found:
                where = f"{place.page} {sheet.action.partition('?')[0]}"
                if sheet.takes_words and where not in done:
                    done.add(where)
                    for text in (MARKUP, ENDLESS):
                        await _typed(visitors, place, sheet, text)
        assert len(done) > 30


async def _typed(visitors: Visitors, place: Place, sheet: Sheet, text: str) -> None:
    """Send a form with this text in every field that takes words."""
    visitor = visitors.of(place)
    if sheet.method == "get":
        answer = await visitor.get(sheet.action or place.address, params=sheet.written(text[:900]))
    else:
        answer = await visitor.post(
            sheet.action, data={**sheet.written(text), "seen": [""], "command_id": [uuid4().hex]}
        )
    safe(answer, f"{place.page}: {sheet.action}")
    secret = "password" in sheet.writable.values() and place.page == "account"
    over = answer.status_code in (404, 409, 413) or place.page == "customer_withdraw"
    if answer.status_code >= 400 and not secret and not over:
        assert "gnp.exe" in answer.text or "&lt;script&gt;" in answer.text, f"lost: {place.page} {sheet.action}"
