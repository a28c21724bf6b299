"""The customer's pages in a real browser the size of a phone: with and without scripts, in both languages, with axe."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Locator, Page, async_playwright, expect

from tests.api.client import Api
from tests.files import pictures
from up import Running

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
#: A folder for pictures of every page; without it none are taken.
PICTURES = os.environ.get("PICTURES")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH, and none named by CHROMIUM"),
]

SAID = {
    "en": {
        "find": "Find it",
        "go": "Continue",
        "kind": "It is broken, faulty or badly made",
        "sub": "Flaw of the surface",
        "send": "Send",
        "shipped": "It is on its way",
        "message": "Send the message",
        "add": "Add these photos",
    },
    "zh-CN": {
        "find": "查找",
        "go": "继续",
        "kind": "坏了、有毛病或不好用",
        "sub": "外观瑕疵",
        "send": "提交",
        "shipped": "我已寄出",
        "message": "发送消息",
        "add": "上传照片",
    },
}


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


class Walk:
    """One customer's way through the pages; every page is looked at."""

    def __init__(self, page: Page, service: Running, language: str, scripts: bool) -> None:
        self.page = page
        self.service = service
        self.said = SAID[language]
        self.scripts = scripts
        self.name = f"{language}-{'scripts' if scripts else 'plain'}"
        self.refused: list[str] = []
        self.seen = 0
        page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.refused.append(message.text)

    async def look(self) -> None:
        """Nothing for axe, nothing that the policy stops, nothing wider than the screen."""
        self.seen += 1
        assert self.refused == []
        await self._with_tools()
        self.refused.clear()  # what the tools themselves put into the page is not the page's

    async def _with_tools(self) -> None:
        if PICTURES:
            await self.page.screenshot(path=f"{PICTURES}/{self.name}-{self.seen:02}.png", full_page=True)
        if not self.scripts:
            return
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await self.page.evaluate(wide) <= 0, self.page.url
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("axe.run()")
        told = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]
        assert told == [], self.page.url

    async def go(self, words: str) -> None:
        """Press a button, and look at where it leads."""
        await self.press(self.page.get_by_role("button", name=words, exact=True))

    async def press(self, what: Locator) -> None:
        """Press something that leads to another page, and look at that when it is there."""
        async with self.page.expect_event("load"):
            await what.click()
        await self.look()

    async def asks(self, order_no: str) -> None:
        """From the order's number to the sent request."""
        await self.page.goto(f"{self.service.url}/r")
        await self.look()
        await self.go(self.said["find"])  # with nothing in it
        await self.page.fill("#f-order_no", order_no)
        await self.page.fill("#f-proof", "8000")
        await self.go(self.said["find"])
        await self.go(self.said["go"])  # with nothing chosen
        await self.page.get_by_label("电热水壶 1.7 L", exact=True).check()
        await self.go(self.said["go"])
        await self.page.get_by_label(self.said["kind"]).check()
        await self.go(self.said["go"])
        await self.page.get_by_label(self.said["sub"]).check()
        await self.page.fill("#f-description", "壶身有一道划痕")
        await self.go(self.said["go"])
        photo: FilePayload = {"name": "kettle.jpg", "mimeType": "image/jpeg", "buffer": pictures.photo()}
        await self.page.set_input_files("#f-photo", photo)
        await self.go(self.said["add"])
        await self.go(self.said["go"])
        await self.page.locator("input[value=refund]").check()
        await self.go(self.said["go"])
        await self.go(self.said["send"])
        await self.page.go_back()
        await self.page.goto(f"{self.service.url}/r/check")
        assert self.page.url.endswith("/r/sent")

    async def follows(self, api: Api) -> None:
        """From the approved return to the solved case."""
        await self.press(self.page.locator("a.big"))
        found = re.search(r"AC-\d\d-\d{6}", await self.page.content())
        assert found
        case_no = found.group()
        await api.act(case_no, "make_offer", amount="3.00")
        await self.again()
        await api.act(case_no, "decline_offer", "customer")
        await self.again()
        await self.page.fill("[name=carrier]", "SF")
        await self.page.fill("[name=waybill]", f"SF-{case_no}")
        await self.go(self.said["shipped"])
        await self.page.fill("#f-message", "已寄出")
        await self.go(self.said["message"])
        await api.act(case_no, "book_in", "warehouse")
        line = {"line_no": 1, "quantity": 1, "grade": "damaged", "cause": "manufacturing", "party_liable": "seller"}
        await api.act(case_no, "confirm_fault", "warehouse", lines=[{**line, "disposition": "scrap"}])
        await api.act(case_no, "choose_remedy", "manager", remedy="refund")
        await self.again()
        for payout in (await api.get("/payouts", params={"case_no": case_no})).json()["items"]:
            await api.post(f"/payouts/{payout['id']}/paid", json={"reference": f"ALI-{payout['id'][-6:]}"})
        await self.again()
        await self.page.locator("input[name=satisfied][value=yes]").check()
        await self.press(self.page.locator("form[action$=complete_callback] button"))
        assert (await api.get(f"/cases/{case_no}")).json()["state"] == "closed"

    async def again(self) -> None:
        """Load the page again, and look."""
        await self.page.reload()
        await self.look()


@pytest.mark.parametrize(
    ("language", "width", "height", "scripts"),
    [
        ("en", 390, 844, False),
        ("zh-CN", 320, 640, True),
        pytest.param("en", 390, 844, True, marks=pytest.mark.slow),
    ],
)
async def test_from_the_order_to_the_closed_case(
    api: Api, service: Running, chromium: Browser, language: str, width: int, height: int, scripts: bool
) -> None:
    order_no = (await api.sold())["order_no"]
    context = await chromium.new_context(
        viewport={"width": width, "height": height}, locale=language, java_script_enabled=scripts
    )
    walk = Walk(await context.new_page(), service, language, scripts)
    api.headers["Connection"] = "close"  # between its calls the browser may take longer than the server waits
    await walk.asks(order_no)
    await walk.follows(api)
    await context.close()


@pytest.mark.parametrize("language", ["en", pytest.param("zh-CN", marks=pytest.mark.slow)])
async def test_in_the_dark_and_where_a_link_is_over(
    api: Api, service: Running, chromium: Browser, language: str
) -> None:
    context = await chromium.new_context(viewport={"width": 390, "height": 844}, locale=language, color_scheme="dark")
    walk = Walk(await context.new_page(), service, language, scripts=True)
    walk.name += "-dark"
    case_no = (await api.opened())["case_no"]
    url = (await api.post(f"/cases/{case_no}/link", json={})).json()["url"]
    for address in (f"{service.url}/r", url, f"{url}/withdraw", f"{url}x"):
        await walk.page.goto(address)
        await walk.look()
    await context.close()


async def test_a_button_that_is_pressed_twice_sends_once(api: Api, service: Running, chromium: Browser) -> None:
    case_no = (await api.opened())["case_no"]
    url = (await api.post(f"/cases/{case_no}/link", json={})).json()["url"]
    page = await chromium.new_page(locale="en")
    await page.goto(url)
    await page.fill("#f-message", "在吗")
    await page.get_by_role("button", name="Send the message").dblclick()
    await expect(page.get_by_role("status")).to_contain_text("Your message was sent.")
    entries = (await api.get(f"/cases/{case_no}/timeline")).json()["items"]
    assert sum(entry["action"] == "customer_message" for entry in entries) == 1
    await page.close()
