"""Two at once, a connection that is lost, a session that ends: in a real browser, and nothing typed is lost."""

from playwright.async_api import Browser as Chromium
from playwright.async_api import FilePayload, expect

from console.visit import SESSION_COOKIE
from tests.api.client import Api
from tests.console.browser import Staff
from tests.console.test_in_chromium import IN_CHROMIUM, chromium
from tests.console.town import presses, town
from tests.files import pictures
from up import Running

__all__ = ["chromium"]
pytestmark = IN_CHROMIUM


async def test_of_two_agents_who_decide_at_once_the_second_sees_what_the_first_did_and_keeps_his_words(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case_no = (await api.opened())["case_no"]
    async with town(chromium, service, staff) as people:
        li, sun = await people.window("agent"), await people.window("supervisor")
        for page in (li, sun):
            await page.goto(f"/cases/{case_no}")
            await expect(page.locator("#live-state")).to_have_text("live")
        await li.locator("details.others > summary").click()
        await li.locator('[data-action="reject"]').click()
        reason = li.locator("#act #f-reason")
        await reason.fill("过保，而且是客")
        await sun.locator("details.to-colleagues > summary").click()
        await sun.fill("#w-note", "客户找到发票了，先别拒")
        await sun.get_by_role("button", name="Save the note").click()
        await expect(li.locator("#timeline")).to_contain_text("客户找到发票了，先别拒")
        await expect(reason).to_be_focused()
        await reason.press_sequentially("户摔的")
        await expect(reason).to_have_value("过保，而且是客户摔的")
        await li.locator("#act [data-key-submit]").click()
        await expect(li.locator("#act .notice.warn")).to_contain_text("客户找到发票了，先别拒")
        await expect(li.locator("#act #f-reason")).to_have_value("过保，而且是客户摔的")
        assert (await api.get(f"/cases/{case_no}")).json()["state"] == "requested"
        await li.locator("#act [data-key-submit]").click()
        await expect(li.locator(".notice.good")).to_be_visible()
        await expect(sun.locator("#case-head")).to_contain_text("Rejected")


async def test_without_a_connection_nothing_is_sent_and_nothing_typed_is_lost(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case_no = (await api.opened())["case_no"]
    url = (await api.post(f"/cases/{case_no}/link", json={})).json()["url"]
    async with town(chromium, service, staff) as people:
        li, phone = await people.window("agent"), await people.window(None)
        await li.goto(f"/cases/{case_no}")
        await li.locator("details.to-colleagues > summary").click()
        await phone.goto("/c/" + url.rpartition("/")[2])
        for page, field, button in (
            (li, "#w-note", "Save the note"),
            (phone, "#f-message", "Send the message"),
        ):
            await page.fill(field, "写了很久的话")
            await page.context.set_offline(True)
            await page.get_by_role("button", name=button).click()
            await expect(page.locator("#offline")).to_contain_text("No connection")
            await expect(page.locator(field)).to_have_value("写了很久的话")
            await page.context.set_offline(False)
            await expect(page.locator("#offline")).to_be_hidden()
            await presses(page, button)
        entries = (await api.get(f"/cases/{case_no}/timeline")).json()["items"]
        assert [one["action"] for one in entries if one["note"] == "写了很久的话"] == ["note", "customer_message"]


async def test_a_session_that_ends_while_somebody_types_leaves_the_page_and_lets_him_send_it_later(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case_no = (await api.opened())["case_no"]
    async with town(chromium, service, staff) as people:
        li = await people.window("agent")
        await li.goto(f"/cases/{case_no}")
        await expect(li.locator("#live-state")).to_have_text("live")
        await li.locator("details.to-colleagues > summary").click()
        await li.fill("#w-note", "写了很久的备注")
        await li.context.clear_cookies()
        await api.act(case_no, "customer_message", "customer", text="在吗")
        await expect(li.locator("#signed-out")).to_be_visible()
        await expect(li.locator("#w-note")).to_have_value("写了很久的备注")
        await li.get_by_role("button", name="Save the note").click()
        await expect(li.locator("#signed-out")).to_contain_text("You are signed out")
        await expect(li.locator("#w-note")).to_have_value("写了很久的备注")
        async with li.context.expect_page() as opened:
            await li.locator("#signed-out").get_by_role("link", name="Sign in").click()
        tab = await opened.value
        await tab.fill("#f-name", "li")
        await tab.fill("#f-password", staff.password)
        await presses(tab, "Sign in")
        await tab.close()
        await presses(li, "Save the note")
        await expect(li.locator("#timeline")).to_contain_text("写了很久的备注")


async def test_a_photo_that_was_chosen_when_the_session_ended_arrives_after_the_next_sign_in(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case_no = (await api.opened())["case_no"]
    async with town(chromium, service, staff) as people:
        li = await people.window("agent")
        await li.goto(f"/cases/{case_no}")
        await li.get_by_text("Add photos and papers").click()
        photo = FilePayload(name="kettle.jpg", mimeType="image/jpeg", buffer=pictures.photo())
        await li.set_input_files("#w-files", photo)
        await li.context.clear_cookies()
        add = li.locator("form[enctype]").get_by_role("button", name="Add")
        await add.click()
        await expect(li.locator("#signed-out")).to_be_visible()
        assert await li.locator("#w-files").evaluate("field => field.files.length") == 1
        secret = staff.secret("agent")
        await li.context.add_cookies([{"name": SESSION_COOKIE, "value": secret, "url": service.url}])
        async with li.expect_event("load"):
            await add.click()
        await expect(li.locator(".photos img")).to_have_count(1)


async def test_back_after_opening_a_case_shows_that_it_is_open_already(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    order_no = (await api.sold())["order_no"]
    async with town(chromium, service, staff) as people:
        li = await people.window("agent")
        await li.goto(f"/cases/new?order_no={order_no}")
        await li.locator("#f-lines").check()
        await li.locator("#f-kind").select_option("quality_fault")
        await presses(li, "Open the case")
        opened = li.url.rpartition("/")[2]
        await li.go_back()
        await expect(li.locator("#opening")).to_contain_text(opened)
