"""The console in a real browser: accessible, within its policy, live, by keyboard, and on a narrow screen."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, Route, async_playwright, expect

from console.visit import SESSION_COOKIE
from tests.api.client import Api
from tests.console.browser import Staff
from up import Running

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
FOUND = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
# How busy the machine is decides no test.
expect.set_options(timeout=20_000)
#: Of every test that needs a real browser.
IN_CHROMIUM = [
    pytest.mark.slow,
    pytest.mark.skipif(FOUND is None, reason="no Chromium: install it, or name it in the variable CHROMIUM"),
]
pytestmark = IN_CHROMIUM
Visited = Callable[..., Any]
#: What is looked at in both languages; {case} is a case in its first state.
PAGES = (
    ("/sign-in", None),
    ("/work", "agent"),
    ("/cases/{case}", "agent"),
    ("/cases/{case}", "manager"),
    ("/cases/{case}/do/make_offer", "agent"),
    ("/cases/{case}/do/choose_remedy", "manager"),
    ("/account", "agent"),
    ("/cases/new", "agent"),
    ("/cases/new?order_no={order}", "agent"),
    ("/no-such-page", "agent"),
    ("/work/skip/{case}", "agent"),
    ("/duty", "agent"),
    ("/duty", "manager"),
    ("/duty/handovers", "agent"),
    ("/staff", "manager"),
    ("/users", "manager"),
    ("/users/li", "manager"),
    ("/tokens", "manager"),
    ("/webhooks", "manager"),
    ("/calls-in", "manager"),
)
#: Everything that axe knows of WCAG 2.2 AA; that targets are large enough it asks only where it is told to.
WRONG = """async () => (
    await axe.run(document, {preload: false, rules: {'target-size': {enabled: true}}})
).violations.map(one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 120)).join(' | '))"""


#: What is in the way of the element that has the focus: nothing, or what sticks to the top or bottom.
BEHIND = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const box = at.getBoundingClientRect();
    const middle = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 10)];
    const points = [middle, [box.right - 3, box.bottom - 3]];
    const over = points.map(([x, y]) => document.elementFromPoint(x, y)).filter(Boolean);
    const seen = over.some((one) => at.contains(one) || (one.contains(at) && !one.matches(".top, .case-head")));
    return seen ? null : at.outerHTML.slice(0, 80);
}"""


@pytest_asyncio.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=FOUND)
        yield browser
        await browser.close()


@asynccontextmanager
async def visiting(
    chromium: Chromium, service: Running, staff: Staff, role: str | None, **how: Any
) -> AsyncIterator[Page]:
    """A page as somebody sees it; whatever the policy stops or a script trips over fails the test."""
    how = {"locale": "en-GB", "viewport": {"width": 1440, "height": 900}, **how}
    context = await chromium.new_context(base_url=service.url, **how)
    if role:
        cookie = {"name": SESSION_COOKIE, "value": staff.secret(role), "url": service.url}
        await context.add_cookies([cookie])  # type: ignore[list-item]
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    await context.close()
    assert faults == []


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("width", [1440, 320])
async def test_axe_finds_nothing_and_everything_fits(
    chromium: Chromium, service: Running, staff: Staff, api: Api, language: str, width: int
):
    opened = await api.opened()
    case, order = opened["case_no"], opened["order_no"]
    await api.act(case, "customer_message", "customer", text="漏水" * 60)
    for path, role in PAGES:
        look = {"locale": language, "viewport": {"width": width, "height": 800}}
        async with visiting(chromium, service, staff, role, **look) as page:
            await page.goto(path.format(case=case, order=order))
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        async with visiting(chromium, service, staff, role, **look, bypass_csp=True) as page:
            await page.goto(path.format(case=case, order=order))
            await page.add_script_tag(content=AXE)
            assert await page.evaluate(WRONG) == [], f"{path} as {role}"


async def test_what_somebody_else_does_shows_within_a_second_and_what_is_typed_stays(
    chromium: Chromium, service: Running, staff: Staff, api: Api
):
    case = (await api.opened())["case_no"]
    async with visiting(chromium, service, staff, "agent") as page:
        await page.goto(f"/cases/{case}")
        await expect(page.locator("#live-state")).to_have_text("live")
        await page.locator("details.to-colleagues > summary").click()
        note = page.locator("#w-note")
        await note.fill("half a sen")
        await api.act(case, "customer_message", "customer", text="one more photo")
        await expect(page.locator("#timeline")).to_contain_text("one more photo")
        await expect(note).to_have_value("half a sen")
        await expect(note).to_be_focused()
        await note.press_sequentially("tence")
        await note.press("Control+Enter")
        await expect(page.locator("#timeline")).to_contain_text("half a sentence")


async def test_my_work_is_live_too(chromium: Chromium, service: Running, staff: Staff, api: Api):
    async with visiting(chromium, service, staff, "supervisor") as page:
        await page.goto("/work")
        await expect(page.locator("#live-state")).to_have_text("live")
        case = (await api.opened())["case_no"]
        await expect(page.locator(f"#r-{case}")).to_be_visible()


async def test_a_lost_connection_is_said_and_heals(chromium: Chromium, service: Running, staff: Staff, api: Api):
    case = (await api.opened())["case_no"]
    async with visiting(chromium, service, staff, "agent") as page:
        await page.clock.install()
        await page.goto(f"/cases/{case}")
        await page.clock.run_for(1000)
        await expect(page.locator("#live-state")).to_have_text("live")
        await page.route("**/live*", lambda route: route.abort())
        await page.evaluate("document.getElementById('live')._htmx.sse.reader.cancel()")
        for _ in range(30):
            await page.clock.run_for(1000)
        await expect(page.locator("#stale")).to_contain_text("Not live since")
        await api.act(case, "note", note="written meanwhile")
        await page.unroute("**/live*")
        async with asyncio.timeout(30):
            while await page.locator("#stale").is_visible():
                await page.clock.run_for(5000)
        await page.clock.run_for(1000)
        await expect(page.locator("#timeline")).to_contain_text("written meanwhile")


async def test_the_keyboard_leads_through_the_day(chromium: Chromium, service: Running, staff: Staff, api: Api):
    case = (await api.opened())["case_no"]
    async with visiting(chromium, service, staff, "agent") as page:
        await page.goto("/work")
        await page.keyboard.press("?")
        await expect(page.locator("#keys-help")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("j")
        await expect(page.locator("tr.at")).to_have_count(1)
        await page.goto(f"/cases/{case}")
        await page.keyboard.press("i")
        await expect(page.locator("#w-note")).to_be_focused()
        await page.keyboard.type("j? no, typing")  # keys are text here
        await expect(page.locator("#w-note")).to_have_value("j? no, typing")
        await page.keyboard.press("Escape")
        await page.keyboard.press("g")
        await page.keyboard.press("m")
        await page.wait_for_url("**/work")


async def test_what_has_the_focus_is_seen_whichever_way_one_goes(
    chromium: Chromium, service: Running, staff: Staff, api: Api
):
    case = (await api.opened())["case_no"]
    async with visiting(chromium, service, staff, "agent", viewport={"width": 1440, "height": 600}) as page:
        await page.goto(f"/cases/{case}")
        await expect(page.locator("#live-state")).to_have_text("live")
        for key in ("Tab", "Shift+Tab"):
            hidden = []
            for _ in range(50):
                await page.keyboard.press(key)
                hidden += [one] if (one := await page.evaluate(BEHIND)) else []
            assert hidden == [], key


async def test_on_paper_a_case_is_what_is_known_of_it_and_nothing_to_press(
    chromium: Chromium, service: Running, staff: Staff, api: Api
):
    case = (await api.opened())["case_no"]
    async with visiting(chromium, service, staff, "agent") as page:
        await page.goto(f"/cases/{case}")
        await page.emulate_media(media="print")
        for gone in ("header.top", "nav.rail", ".primary-form", "#write", "#other-actions", "#top-q"):
            await expect(page.locator(gone)).to_be_hidden()
        for there in ("#case-head", "#timeline", "#money", "#clocks .sums >> nth=0"):
            await expect(page.locator(there)).to_be_visible()


async def test_a_tick_is_seen_in_the_readers_own_colours(chromium: Chromium, service: Running, staff: Staff):
    async with visiting(chromium, service, staff, "agent", forced_colors="active") as page:
        await page.goto("/account")
        assert await page.locator("#f-keys").evaluate("box => getComputedStyle(box).appearance") == "auto"


async def test_single_keys_can_be_switched_off(chromium: Chromium, service: Running, staff: Staff):
    async with visiting(chromium, service, staff, "workshop") as page:
        await page.goto("/account")
        await page.locator("#f-keys").uncheck()
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(".notice.good")).to_be_visible()
        await page.keyboard.press("?")
        await expect(page.locator("#keys-help")).to_be_hidden()


async def test_an_action_is_done_in_place_and_a_mistake_keeps_what_was_typed(
    chromium: Chromium, service: Running, staff: Staff, api: Api
):
    case = (await api.opened())["case_no"]
    async with visiting(chromium, service, staff, "agent") as page:
        await page.goto(f"/cases/{case}")
        await page.get_by_text("Other actions").click()
        await page.locator('[data-action="ship_return"]').click()
        await page.locator("#f-carrier").fill("SF")
        await page.locator(".act-form button").click()
        await expect(page.locator(".act-form .error-list")).to_be_visible()
        await expect(page.locator("#f-carrier")).to_have_value("SF")
        await page.locator("#f-waybill").fill(f"SF-{case}")
        await page.locator(".act-form button").click()
        await expect(page.locator("#timeline")).to_contain_text(f"SF-{case}")


async def test_everything_works_without_scripts(chromium: Chromium, service: Running, staff: Staff, api: Api):
    case = (await api.opened())["case_no"]
    async with visiting(chromium, service, staff, "agent", java_script_enabled=False) as page:
        await page.goto(f"/cases/{case}")
        await page.get_by_text("Note for colleagues").first.click()
        await page.locator("#w-note").fill("by hand")
        await page.get_by_role("button", name="Save the note").click()
        await expect(page.locator("#timeline")).to_contain_text("by hand")
        await page.get_by_text("Other actions").click()
        await page.locator('[data-action="set_priority"]').click()
        await page.locator("#f-priority").select_option("high")
        await page.get_by_role("button", name="Set the priority").click()
        await expect(page.locator("#case-head")).to_contain_text("high")


@pytest.mark.parametrize("late", ["vendor/hx-sse.min.js", "live.js"])
async def test_a_page_is_live_though_one_of_its_scripts_comes_after_the_others(
    chromium: Chromium, service: Running, staff: Staff, late: str
):
    async with visiting(chromium, service, staff, "agent") as page:

        async def after_the_others(route: Route) -> None:
            await page.wait_for_selector("html[data-begun]", state="attached")
            await route.continue_()

        await page.add_init_script(
            "addEventListener('htmx:after:process', () => document.documentElement.setAttribute('data-begun', ''))"
        )
        await page.route(f"**/{late}*", after_the_others)
        streams: list[str] = []
        page.on("request", lambda asked: streams.append(asked.url) if "/live?" in asked.url else None)
        await page.goto("/work")
        await expect(page.locator("#live-state")).to_have_text("live")
        assert len(streams) == 1, "one stream a page"
