"""Everybody of a story in a real browser, each in a window of his own: customers at phones, the house at screens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser as Chromium
from playwright.async_api import Locator, Page, expect

from console.visit import SESSION_COOKIE
from tests.console.browser import Staff
from up import Running

PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1440, "height": 900}


class Town:
    """Opens windows, and listens to what goes wrong in any of them."""

    def __init__(self, chromium: Chromium, service: Running, staff: Staff, locale: str = "en-GB") -> None:
        self._chromium = chromium
        self._service = service
        self._staff = staff
        self._locale = locale
        self.faults: list[str] = []
        self._pages: list[Page] = []

    async def window(self, role: str | None, **how: Any) -> Page:
        """A window of somebody of the house, or (None) a phone."""
        look = {"locale": self._locale, "viewport": SCREEN if role else PHONE, "has_touch": role is None}
        context = await self._chromium.new_context(base_url=self._service.url, **{**look, **how})
        if role:
            cookie = {"name": SESSION_COOKIE, "value": self._staff.secret(role), "url": self._service.url}
            await context.add_cookies([cookie])  # type: ignore[list-item]
        page = await context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._listen)
        self._pages.append(page)
        return page

    def _listen(self, said: Any) -> None:
        if "Content Security Policy" in said.text:
            self.faults.append(said.text)

    async def close(self) -> None:
        """Shut all windows; whatever a policy stopped or a script tripped over fails the story."""
        for page in self._pages:
            await page.context.close()
        assert self.faults == []


@asynccontextmanager
async def town(chromium: Chromium, service: Running, staff: Staff, **how: Any) -> AsyncIterator[Town]:
    """Everybody of one story."""
    found = Town(chromium, service, staff, **how)
    yield found
    await found.close()


def lately(days: int, **over: Any) -> dict[str, Any]:
    """An order that was delivered so many days ago, whatever day it is."""
    delivered = datetime.now(UTC) - timedelta(days=days)
    told = {"placed_at": 4, "paid_at": 4, "shipped_at": 2, "delivered_at": 0}
    return {**{name: (delivered - timedelta(days=back)).isoformat() for name, back in told.items()}, **over}


async def presses(page: Page, words: str, inside: str = "body") -> None:
    """Press a button or link that leads to another page."""
    what = page.locator(inside).get_by_role("button", name=words, exact=True).first
    async with page.expect_event("load"):
        await what.click()


async def does(page: Page, case_no: str, action: str, **fields: str) -> None:
    """Do an action by its form on the page of a case, as somebody who looks for it among the other actions."""
    await page.goto(f"/cases/{case_no}")
    link = page.locator(f'[data-action="{action}"]')
    if not await link.is_visible():
        await page.locator("details.others > summary").click()
    await link.click()
    form = page.locator("#act .act-form form")
    await expect(form).to_be_visible()
    await fills(form, "f-", fields)
    await form.locator("[data-key-submit]").click()
    await expect(page.locator(".notice.good")).to_be_visible()


async def takes_next_step(page: Page, case_no: str, action: str, **fields: str) -> None:
    """Take the step that the page proposes; the words for the customer go with it."""
    await page.goto(f"/cases/{case_no}")
    form = page.locator(f'form.primary-form[action$="/do/{action}"]')
    await fills(form, "p-", fields)
    await form.locator(".main-button").click()
    await expect(page.locator(".notice.good")).to_be_visible()


async def fills(form: Locator, prefix: str, fields: dict[str, str]) -> None:
    """Fill in a form; what is rarely said is a click away."""
    for name, value in fields.items():
        field = form.locator(f"#{prefix}{name.replace('.', '-')}")
        if not await field.is_visible():
            await form.locator("details.more-fields > summary").first.click()
        if await field.evaluate("one => one.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)
