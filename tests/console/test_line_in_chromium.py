"""The line of a page in a real browser: silent, cut, slow; and what changes takes nothing from whoever types."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Route, expect

from console.language import Tongue
from tests.api.client import Api
from tests.console.browser import Staff
from tests.console.test_in_chromium import IN_CHROMIUM, chromium
from tests.console.town import presses, town
from up import Running

__all__ = ["chromium"]
pytestmark = IN_CHROMIUM


async def test_a_change_takes_the_focus_from_nobody_while_another_form_is_open(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case_no = (await api.opened())["case_no"]
    async with town(chromium, service, staff) as people:
        li = await people.window("agent")
        await li.goto(f"/cases/{case_no}")
        await expect(li.locator("#live-state")).to_have_text("live")
        await li.keyboard.press("d")
        await expect(li.locator("#act #f-reason")).to_be_focused()
        await li.locator("details.to-colleagues > summary").click()
        note = li.locator("#w-note")
        await note.fill("half a ")
        await api.act(case_no, "customer_message", "customer", text="one more photo")
        await expect(li.locator("#timeline")).to_contain_text("one more photo")
        await expect(li.locator("#said")).to_have_text("New in the timeline: 1")
        await expect(note).to_be_focused()
        await li.keyboard.type("sentence")
        await expect(note).to_have_value("half a sentence")


async def test_whose_row_is_gone_goes_on_at_the_row_that_took_its_place(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    mine = [(await api.opened(owner="sun"))["case_no"] for _ in range(3)]
    for case_no in mine:
        await api.act(case_no, "assign", "manager", to="sun")
    async with town(chromium, service, staff) as people:
        sun = await people.window("supervisor")
        await sun.goto("/work")
        await expect(sun.locator("#live-state")).to_have_text("live")
        row = sun.locator(f"#r-{mine[0]}")
        await row.locator("a").focus()
        number = await row.evaluate("row => [...document.querySelectorAll('[data-row]')].indexOf(row)")
        await api.act(mine[0], "reject", "agent", reason="过保")
        await expect(row).to_have_count(0)
        at = "() => [...document.querySelectorAll('[data-row]')].findIndex(row => row.contains(document.activeElement))"
        await sun.wait_for_function(f"({at})() >= 0")
        assert await sun.evaluate(at) in (number, number - 1)


async def test_a_line_that_went_silent_is_called_anew(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case_no = (await api.opened())["case_no"]
    async with town(chromium, service, staff) as people:
        li = await people.window("agent")
        await li.clock.install()
        calls: list[str] = []
        li.on("request", lambda asked: calls.append(asked.url) if "/live?" in asked.url else None)
        await li.goto(f"/cases/{case_no}")
        await li.clock.run_for(1000)
        await expect(li.locator("#live-state")).to_have_text("live")
        before = len(calls)
        await li.clock.fast_forward(41_000)  # no breath for longer than two of them
        while len(calls) == before:
            await li.clock.run_for(1000)
        await expect(li.locator("#live-state")).to_have_text("live")
        await api.act(case_no, "note", note="heard by the new line")
        await expect(li.locator("html")).to_have_attribute("data-line", "live")
        while not await li.get_by_text("heard by the new line").count():
            await li.clock.run_for(500)


async def test_what_is_sent_while_the_server_is_away_stays_on_the_page(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case_no = (await api.opened())["case_no"]

    async def away(route: Route) -> None:
        await route.abort("connectionrefused")

    async with town(chromium, service, staff) as people:
        li = await people.window("agent")
        await li.goto(f"/cases/{case_no}")
        await expect(li.locator("#live-state")).to_have_text("live")
        await li.locator("details.to-colleagues > summary").click()
        await li.fill("#w-note", "写了很久的话")
        await li.route("**/*", away)
        await li.evaluate("document.getElementById('live')._htmx.sse.reader.cancel()")
        await expect(li.locator("html")).to_have_attribute("data-line", "lost")
        await li.get_by_role("button", name="Save the note").click()
        await expect(li.locator("#offline")).to_contain_text("No connection")
        await expect(li.locator("#w-note")).to_have_value("写了很久的话")
        await li.unroute("**/*", away)
        await presses(li, "Save the note")
        await expect(li.locator("#timeline")).to_contain_text("写了很久的话")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_how_far_a_deadline_is_goes_on_while_a_page_is_open(
    chromium: Chromium, service: Running, staff: Staff, api: Api, language: str
) -> None:
    case_no = (await api.opened())["case_no"]

    async def by_itself(route: Route) -> None:
        await (route.abort() if route.request.resource_type == "fetch" else route.continue_())

    async with town(chromium, service, staff, locale=language) as people:
        li = await people.window("agent")
        await li.route("**/*", by_itself)  # the page is left to itself
        await li.clock.install()
        await li.goto(f"/cases/{case_no}")
        time = li.locator("#case-head time[data-far]")
        until = await time.get_attribute("datetime")
        assert until
        for hours in (0, 2, 200):
            await li.clock.fast_forward(hours * 3_600_000)
            await li.clock.run_for(16_000)
            now = datetime.fromtimestamp(await li.evaluate("Date.now()") / 1000, UTC)
            told = {
                Tongue(language, ZoneInfo("UTC"), now + timedelta(seconds=off)).due(until) for off in range(-20, 21, 4)
            }
            assert await time.inner_text() in told


async def test_the_keys_of_lists_and_of_a_case(chromium: Chromium, service: Running, staff: Staff, api: Api) -> None:
    case_no = (await api.opened())["case_no"]
    for _ in range(3):
        await api.opened()
    async with town(chromium, service, staff) as people:
        chen = await people.window("manager")
        await chen.goto("/stuck?reason=no_owner")
        await expect(chen.locator("#live-state")).to_have_text("live")
        await chen.keyboard.press("j")
        await chen.keyboard.press("x")
        await chen.keyboard.press("j")
        await chen.keyboard.press("j")
        await chen.keyboard.press("Shift+X")
        await expect(chen.locator("tbody input[type=checkbox]:checked")).to_have_count(3)
        await chen.goto("/cases")
        await chen.keyboard.press("j")
        await expect(chen.locator("tr.at")).to_have_count(1)
        await chen.goto("/reports")
        await chen.keyboard.press("/")
        await expect(chen.locator("#top-q")).to_be_focused()
        await chen.keyboard.type(case_no)
        async with chen.expect_event("load"):
            await chen.keyboard.press("Enter")
        assert chen.url.endswith(f"/cases/{case_no}")
        for key, title in (
            ("t", "Assign"),
            ("z", "Snooze"),
            ("e", "Escalate"),
            ("m", "Ask for evidence"),
            ("d", "Reject"),
        ):
            await chen.keyboard.press(key)
            await expect(chen.locator("#act-title")).to_have_text(title)
            await expect(chen.locator("#act :focus")).to_have_count(1)
            await chen.evaluate("document.activeElement.blur()")
        assert (await api.get(f"/cases/{case_no}")).json()["state"] == "requested", "keys open, and do nothing"
        await chen.evaluate("document.activeElement.blur()")
        await chen.keyboard.press(".")
        await expect(chen.locator("#said")).to_contain_text(case_no)


async def test_single_keys_are_switched_off_from_their_list_without_leaving_the_page(
    chromium: Chromium, service: Running, staff: Staff
) -> None:
    async with town(chromium, service, staff) as people:
        tian = await people.window("technician")
        await tian.goto("/work")
        await tian.keyboard.press("?")
        await tian.get_by_role("button", name="Switch single keys off").click()
        await expect(tian.get_by_role("button", name="Switch single keys on")).to_be_visible()
        await tian.keyboard.press("Escape")
        await tian.keyboard.press("?")
        await expect(tian.locator("#keys-help")).to_be_hidden()
        await tian.reload()
        await tian.keyboard.press("?")
        await expect(tian.locator("#keys-help")).to_be_hidden()
