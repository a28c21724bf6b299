"""Every page in a real browser, in both languages: nothing for axe, nothing wider than the screen (WCAG 2.2 AA)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page

from console.visit import SESSION_COOKIE
from tests.console.browser import Staff
from tests.console.places import Furniture, Place
from tests.console.test_every_page import furniture
from tests.console.test_in_chromium import AXE, IN_CHROMIUM, WRONG, chromium
from up import Running

__all__ = ["chromium", "furniture"]
pytestmark = [*IN_CHROMIUM, pytest.mark.timeout(1500)]
#: A usual screen, the same at 200 %, and the narrowest that everything has to fit on.
WIDTHS = (1440, 720, 320)
WIDE = "document.documentElement.scrollWidth"


class Looker:
    """Opens pages as whoever may, each in the same window."""

    def __init__(self, chromium: Chromium, service: Running, staff: Staff, **how: Any) -> None:
        self._open = chromium.new_context
        self._service = service
        self._staff = staff
        self._how = {"base_url": service.url, "bypass_csp": True, "reduced_motion": "reduce", **how}
        self._pages: dict[str | None, Page] = {}
        self.width = WIDTHS[0]

    async def at(self, place: Place) -> Page:
        """The window of this role at this page."""
        if place.role not in self._pages:
            context = await self._open(**self._how)
            if place.role:
                await self._let_in(context, {SESSION_COOKIE: self._staff.secret(place.role)})
            self._pages[place.role] = await context.new_page()
        page = self._pages[place.role]
        if place.role is None:
            await page.context.clear_cookies()
            await self._let_in(page.context, place.cookies)
        answer = await page.goto(place.address)
        assert answer is not None
        assert answer.status == 200, place
        return page

    async def _let_in(self, context: Any, cookies: Any) -> None:
        url = self._service.url
        await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])

    async def close(self) -> None:
        for page in self._pages.values():
            await page.context.close()


@pytest_asyncio.fixture
async def looker(
    request: pytest.FixtureRequest, chromium: Chromium, service: Running, staff: Staff
) -> AsyncIterator[Looker]:
    language, colours, width = request.param
    found = Looker(chromium, service, staff, locale=language, color_scheme=colours)
    found.width = width
    yield found
    await found.close()


@pytest.mark.parametrize("looker", [("zh-CN", "light", 1440), ("en-GB", "dark", 320)], indirect=True)
async def test_axe_finds_nothing_on_any_page_and_every_page_fits(looker: Looker, furniture: Furniture) -> None:
    wrong: list[str] = []
    for place in furniture.places():
        page = await looker.at(place)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            wide = await page.evaluate(WIDE)
            wrong += [f"{place.address}: {wide} wide on {width}"] if wide > width else []
        await page.set_viewport_size({"width": looker.width, "height": 800})
        await page.add_script_tag(content=AXE)
        wrong += [f"{place.address}: {one}" for one in await page.evaluate(WRONG)]
    assert not wrong, "\n".join(wrong)
