"""Callbacks, service levels and two people at one case in a real browser: accessible, narrow, and live."""

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.api.client import KETTLE_LOOKED_AT, Api
from tests.console.browser import Staff
from tests.console.test_callbacks import resolved
from tests.console.test_in_chromium import AXE, IN_CHROMIUM, WRONG, chromium, visiting  # noqa: F401  (a fixture)
from tests.console.test_levels import late
from up import Running

pytestmark = IN_CHROMIUM
PAGES = (
    ("/callbacks?show=all", "agent"),
    ("/callbacks/{callback}", "agent"),
    ("/service-levels?month=2011-01", "manager"),
    ("/breaches?month=2011-01", "manager"),
    ("/breaches", "manager"),
)


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1440), ("en-GB", 320)])
async def test_axe_finds_nothing_and_everything_fits(
    chromium: Chromium,  # noqa: F811
    service: Running,
    staff: Staff,
    api: Api,
    language: str,
    width: int,
) -> None:
    _, callback = await resolved(api)
    await late(service, api)
    await late(service, api, running=True)
    for path, role in PAGES:
        look = {"locale": language, "viewport": {"width": width, "height": 900}}
        there = path.format(callback=callback)
        async with visiting(chromium, service, staff, role, **look) as page:
            await page.goto(there)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        async with visiting(chromium, service, staff, role, **look, bypass_csp=True) as page:
            await page.goto(there)
            await page.add_script_tag(content=AXE)
            assert await page.evaluate(WRONG) == [], f"{path} as {role}"


async def test_two_people_at_a_case_see_each_other_come_write_and_go(
    chromium: Chromium,  # noqa: F811
    service: Running,
    staff: Staff,
    api: Api,
) -> None:
    case_no = (await api.opened())["case_no"]
    async with visiting(chromium, service, staff, "agent") as li:
        await li.goto(f"/cases/{case_no}")
        async with visiting(chromium, service, staff, "supervisor") as sun:
            await sun.goto(f"/cases/{case_no}")
            await expect(li.locator("#others")).to_contain_text("has this open too")
            await expect(sun.locator("#others")).to_contain_text("has this open too")
            await li.keyboard.press("r")
            await li.locator("#w-message").press_sequentially("Good day")
            await expect(sun.locator("#others")).to_contain_text("is writing here")
            await expect(li.locator("#w-message")).to_have_value("Good day")
        await expect(li.locator("#others")).to_be_empty()


async def test_the_amounts_of_a_remedy_appear_in_its_form_and_choose_nothing(
    chromium: Chromium,  # noqa: F811
    service: Running,
    staff: Staff,
    api: Api,
) -> None:
    case_no = (await api.opened())["case_no"]
    await api.act(case_no, "authorise_return")
    await api.act(case_no, "book_in", "warehouse")
    await api.act(case_no, "confirm_fault", "warehouse", lines=[KETTLE_LOOKED_AT])
    async with visiting(chromium, service, staff, "manager") as chen:
        await chen.goto(f"/cases/{case_no}")
        others = chen.locator("details.others")
        if await others.get_attribute("open") is None:
            await others.locator("> summary").click()
        await chen.click("a[data-action=choose_remedy]")
        await chen.select_option(".act-form select[name=remedy]", "refund")
        await chen.click(".act-form button[formaction]")
        await expect(chen.locator(".amounts")).to_contain_text("129.00")
        assert (await api.get(f"/cases/{case_no}")).json()["state"] == "fault_confirmed"
        await chen.click(".act-form button[data-key-submit]")
        await expect(chen.locator("#money")).to_contain_text("129.00")
    assert (await api.get(f"/cases/{case_no}")).json()["remedy"] == "refund"
