"""The queues in a real browser: the scanner's station, and axe on every page in both languages."""

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.api.client import Api
from tests.console.browser import Staff
from tests.console.test_goods_in import on_its_way, state
from tests.console.test_in_chromium import AXE, IN_CHROMIUM, WRONG, chromium, visiting
from tests.console.test_money_out import to_be_paid
from up import Running

__all__ = ["chromium"]
pytestmark = IN_CHROMIUM
PAGES = (
    ("/warehouse", "warehouse"),
    ("/warehouse?parcel={box}", "warehouse"),
    ("/parcels", "agent"),
    ("/parcels/{box}", "warehouse"),
    ("/inspection", "warehouse"),
    ("/inspection/{case}", "warehouse"),
    ("/holds", "warehouse"),
    ("/holds?code={order}", "warehouse"),
    ("/inspection?code=NEVER-SEEN", "warehouse"),
    ("/payouts", "finance"),
    ("/payouts?state=failed", "finance"),
    ("/approvals", "manager"),
)


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1024), ("en-GB", 320)])
async def test_axe_finds_nothing_and_everything_fits(
    chromium: Chromium, service: Running, staff: Staff, api: Api, language: str, width: int
) -> None:
    case = await on_its_way(api, f"YT-AXE-{width}")
    await api.post("/parcels/scan", json={"code": f"YT-AXE-{width}"})
    box = (await api.post("/parcels/scan", json={"code": f"NO-AXE-{width}", "product": "KETTLE-17"})).json()["parcel"]
    _, failed = await to_be_paid(api)
    await api.post(f"/payouts/{failed}/failed", json={"code": "ACCOUNT_CLOSED"})
    await to_be_paid(api)
    asking = (await api.opened())["case_no"]
    await api.act(asking, "compensate", amount="100.00", kind="goodwill", reason="waited for a month")
    order = (await api.sold(shipped_at=None, delivered_at=None))["order_no"]
    await api.opened(order_no=order, kind="cancel_before_shipment")
    for path, role in PAGES:
        look = {"locale": language, "viewport": {"width": width, "height": 768}}
        there = path.format(case=case, box=box["id"], order=order)
        async with visiting(chromium, service, staff, role, **look) as page:
            await page.goto(there)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        async with visiting(chromium, service, staff, role, **look, bypass_csp=True) as page:
            await page.goto(there)
            await page.add_script_tag(content=AXE)
            assert await page.evaluate(WRONG) == [], f"{path} as {role}"


async def test_a_scanner_types_wherever_the_focus_is_and_every_answer_has_a_word_and_a_sound(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case = await on_its_way(api, "YT-GUN-1")
    async with visiting(chromium, service, staff, "warehouse") as page:
        await page.goto("/warehouse")
        await page.locator("h1").click()
        for code, told, sound in (("YT-GUN-1", "Booked in", "good"), ("YT-GUN-1", "Known already", "again")):
            await page.keyboard.type(code)
            await page.keyboard.press("Enter")
            await expect(page.locator(".result-word")).to_contain_text(told)
            await expect(page.locator("#station")).to_have_attribute("data-played", sound)
            await expect(page.locator("#f-code")).to_be_focused()
            await expect(page.locator("#f-code")).to_have_value("")
    assert await state(api, case) == "received"


async def test_boxes_of_one_delivery_count_themselves(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    await on_its_way(api, "YT-GUN-2")
    async with visiting(chromium, service, staff, "warehouse") as page:
        await page.goto("/warehouse")
        await page.locator("#f-box").fill("1")
        await page.locator("#f-of").fill("2")
        await page.locator("#f-code").fill("YT-GUN-2")
        await page.keyboard.press("Enter")
        await expect(page.locator("#result")).to_contain_text("1 box is still to come.")
        await expect(page.locator("#f-box")).to_have_value("2")
        await page.keyboard.type("YT-GUN-2")
        await page.keyboard.press("Enter")
        await expect(page.locator("#result")).to_contain_text("box 2 of 2")
        await expect(page.locator("#result")).not_to_contain_text("still to come")
        await expect(page.locator("#f-box")).to_have_value("")


async def test_scans_wait_while_the_connection_is_lost_and_are_sent_once_when_it_is_back(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    first, second = await on_its_way(api, "YT-GUN-3"), await on_its_way(api, "YT-GUN-4")
    async with visiting(chromium, service, staff, "warehouse") as page:
        await page.goto("/warehouse")
        await page.context.set_offline(True)
        for code in ("YT-GUN-3", "YT-GUN-4"):
            await page.keyboard.type(code)
            await page.keyboard.press("Enter")
        await expect(page.locator("#unsent")).to_contain_text("2 not sent yet")
        await expect(page.locator("#unsent")).to_contain_text("YT-GUN-4")
        assert await state(api, first) == "return_in_transit"
        await page.context.set_offline(False)
        await expect(page.locator("#result")).to_contain_text("YT-GUN-4")
        await expect(page.locator("#unsent")).to_be_hidden()
    assert await state(api, first) == await state(api, second) == "received"
    entries = (await api.get(f"/cases/{first}/timeline")).json()["items"]
    assert sum(one["action"] == "book_in" for one in entries) == 1


async def test_what_needs_somebody_stays_until_it_is_dealt_with_however_many_scans_follow(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    """A waybill of two cases has moved neither: it must not vanish behind the next answer, nor with the page."""
    one, two = await on_its_way(api, "YT-GUN-5"), await on_its_way(api, "YT-GUN-5")
    known = await on_its_way(api, "YT-GUN-6")
    async with visiting(chromium, service, staff, "warehouse") as page:
        await page.goto("/warehouse")
        await page.context.set_offline(True)
        for code in ("YT-GUN-5", "YT-GUN-6"):
            await page.keyboard.type(code)
            await page.keyboard.press("Enter")
        await expect(page.locator("#scans li", has_text="not sent yet")).to_have_count(2)
        await page.context.set_offline(False)
        await expect(page.locator("#result")).to_contain_text("YT-GUN-6")
        row = page.locator("#scans li.open")
        await expect(row).to_contain_text("Which case?")
        await expect(page.locator("#scans-open")).to_have_text("1 still open")
        await page.reload()
        await row.get_by_role("button", name="Ask again").click()
        await page.locator("#result .choice button", has_text=two).click()
        await expect(page.locator("#result .result-word")).to_contain_text("Booked in")
        await expect(row).to_have_count(0)
        await page.locator("#f-code").fill("YT-GUN-7")
        await page.locator("#f-box").fill("3")
        await page.locator("#f-of").fill("2")
        await page.keyboard.press("Enter")
        await expect(row).to_contain_text("greater than the number of boxes")
        await row.get_by_role("button", name="Correct it").click()
        await expect(page.locator("#f-code")).to_have_value("YT-GUN-7")
        await expect(page.locator("#f-box")).to_have_value("3")
        await expect(row).to_have_count(0)
    assert [await state(api, case) for case in (one, two, known)] == ["return_in_transit", "received", "received"]


#: What a scanner does, all in one moment: keys that come far quicker than a hand's, in whatever field has the focus.
SCANS = """([id, code]) => {
    const field = document.getElementById(id);
    field.focus();
    for (const key of [...code, "Enter"]) {
        const down = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
        if (field.dispatchEvent(down) && key !== "Enter") field.value += key;
    }
}"""


async def test_a_scan_into_another_field_goes_where_it_belongs_and_what_was_begun_there_stays(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case = await on_its_way(api, "YT-GUN-8")
    async with visiting(chromium, service, staff, "warehouse") as page:
        box = (await api.post("/parcels/scan", json={"code": "NO-GUN-8"})).json()["parcel"]["id"]
        await page.goto(f"/warehouse?parcel={box}")
        await page.locator(f"#d-{box}-note").fill("wet box")
        await page.evaluate(SCANS, [f"d-{box}-note", "YT-GUN-8"])
        await expect(page.locator("#result")).to_contain_text(case)
        await expect(page.locator("#f-code")).to_be_focused()
        await expect(page.locator(f"#drafts #d-{box}-note")).to_have_value("wet box")
        await page.evaluate(SCANS, ["top-q", "YT-GUN-9"])
        await expect(page.locator("#result")).to_contain_text("YT-GUN-9")
        await page.locator("#drafts").get_by_role("button", name="Write it down").click()
        await expect(page.locator(".notice.good")).to_contain_text("Written down.")
    assert (await api.get(f"/parcels/{box}")).json()["note"] == "wet box"
    assert await state(api, case) == "received"


async def test_a_batch_is_chosen_counted_and_answered(
    chromium: Chromium, service: Running, staff: Staff, api: Api
) -> None:
    case, _ = await to_be_paid(api)
    async with visiting(chromium, service, staff, "finance") as page:
        await page.goto(f"/payouts?case_no={case}")
        await page.get_by_label(f"Choose the payout of {case}").check()
        await page.get_by_role("button", name="Pay the chosen ones as a batch").click()
        await page.locator("#f-count-CNY").fill("1")
        await page.locator("#f-sum-CNY").fill("129.00")
        await page.locator("#f-reference").fill("BATCH-9")
        await page.get_by_role("button", name="Record the batch as paid").click()
        await expect(page.locator("main")).to_contain_text("The batch BATCH-9")
        await expect(page.locator(".chip.good")).to_contain_text("paid")
