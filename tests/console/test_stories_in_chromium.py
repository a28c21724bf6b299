"""Each role's day in a real browser, from what the customer asks at his phone to the closed case."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import FilePayload, Page, expect

from tests.api.client import KETTLE_LOOKED_AT, Api
from tests.console.browser import Staff
from tests.console.test_in_chromium import IN_CHROMIUM, chromium
from tests.console.town import Town, does, lately, presses, takes_next_step, town
from tests.files import pictures
from up import Running

__all__ = ["chromium"]
pytestmark = [*IN_CHROMIUM, pytest.mark.timeout(400)]
NUMBER = re.compile(r"AC-\d\d-\d{6}")
PHOTO: FilePayload = {"name": "kettle.jpg", "mimeType": "image/jpeg", "buffer": pictures.photo()}


@pytest_asyncio.fixture
async def people(chromium: Chromium, service: Running, staff: Staff) -> AsyncIterator[Town]:
    async with town(chromium, service, staff) as found:
        yield found


async def asks(phone: Page, order_no: str, kind: str, sub: str | None, wish: str, says: str) -> str:
    """A customer finds his order and asks for something; answers the address of his case."""
    await phone.goto("/r")
    await phone.fill("#f-order_no", order_no)
    await phone.fill("#f-proof", "8000")
    await presses(phone, "Find it")
    await phone.get_by_label("电热水壶 1.7 L", exact=True).check()
    await presses(phone, "Continue")
    await phone.get_by_label(kind).check()
    await presses(phone, "Continue")
    if sub:
        await phone.get_by_label(sub).check()
    await phone.fill("#f-description", says)
    await presses(phone, "Continue")
    await phone.set_input_files("#f-photo", PHOTO)
    await presses(phone, "Add these photos")
    await presses(phone, "Continue")
    await phone.locator(f"input[value={wish}]").check()
    await presses(phone, "Continue")
    return await _sends(phone)


async def _sends(phone: Page) -> str:
    await presses(phone, "Send")
    await expect(phone.locator("main")).to_contain_text("Your request was sent")
    async with phone.expect_event("load"):
        await phone.locator("a.big").click()
    return phone.url


async def number_on(page: Page) -> str:
    """The number of the case that a page is about."""
    found = NUMBER.search(await page.content())
    assert found
    return found[0]


async def state(api: Api, case_no: str) -> str:
    return str((await api.get(f"/cases/{case_no}")).json()["state"])


async def link_of(api: Api, case_no: str) -> str:
    return "/c/" + str((await api.post(f"/cases/{case_no}/link", json={})).json()["url"]).rpartition("/")[2]


async def is_inspected(zhao: Page, case_no: str, looks: str, verdict: str) -> None:
    """The warehouse says in a click what is in the box."""
    await zhao.goto(f"/inspection/{case_no}")
    await zhao.get_by_text(looks, exact=True).click()
    await zhao.set_input_files("#i-photos", PHOTO)
    await presses(zhao, verdict)
    await expect(zhao.locator(".notice.good")).to_contain_text(case_no)


async def scans(zhao: Page, code: str, told: str) -> None:
    """A box is scanned at the station."""
    await zhao.goto("/warehouse")
    await zhao.keyboard.type(code)
    await zhao.keyboard.press("Enter")
    await expect(zhao.locator(".result-word")).to_contain_text(told)


async def pays(qian: Page, api: Api, case_no: str, reference: str) -> None:
    """Finance pays all that is to be paid in a case, each under its reference."""
    listed = (await api.get("/payouts", params={"case_no": case_no})).json()["items"]
    for number in range(len(listed)):
        await qian.goto(f"/payouts?case_no={case_no}")
        row = qian.locator("tr[data-row]").filter(has_text=case_no).first
        await row.get_by_placeholder("Reference").fill(f"{reference}-{number}")
        async with qian.expect_event("load"):
            await row.get_by_role("button", name="Paid").click()
        await expect(qian.locator(".notice.good")).to_contain_text("Recorded as paid")


async def is_content(phone: Page, link: str) -> None:
    """The customer says that it is solved, with the scores of the survey."""
    await phone.goto(link)
    await phone.locator("input[name=satisfied][value=yes]").check()
    await phone.locator("#f-polite").select_option("5")
    await phone.fill("#f-words", "很快，谢谢")
    async with phone.expect_event("load"):
        await phone.locator("form[action$=complete_callback] button").click()
    await expect(phone.locator("main")).to_contain_text("Closed")


# ── the stories ───────────────────────────────────────────────────────────────────────────────────


async def test_a_kettle_goes_back_from_the_request_on_a_phone_to_the_closed_case(api: Api, people: Town) -> None:
    order_no = (await api.sold(**lately(2)))["order_no"]
    phone, li = await people.window(None), await people.window("agent")
    await li.goto("/work")
    await expect(li.locator("#live-state")).to_have_text("live")
    link = await asks(
        phone, order_no, "It does not suit me, or I do not want it", "Not liked", "refund", "颜色跟想的不一样"
    )
    case_no = await number_on(phone)

    row = li.locator(f"#r-{case_no}")
    await expect(row).to_be_visible()  # by itself: my work is live
    await row.get_by_role("link", name=case_no).click()
    await expect(li.locator("#items")).to_contain_text("颜色跟想的不一样")
    await expect(li.locator("#items img")).to_have_count(1)
    await expect(li.locator("#p-say")).not_to_be_empty()
    said = (await li.locator("#p-say").input_value()).split("\n")[0]
    await takes_next_step(li, case_no, "authorise_return")

    await phone.reload()
    await expect(phone.locator("h1")).to_have_text("Please send the goods back")
    await expect(phone.locator("main")).to_contain_text(said[:20])
    await phone.fill("[name=carrier]", "SF")
    await phone.fill("[name=waybill]", f"SF-{case_no}")
    await phone.fill("[name=freight]", "12.00")
    await presses(phone, "It is on its way")

    zhao = await people.window("warehouse")
    await scans(zhao, f"SF-{case_no}", "Booked in")
    await is_inspected(zhao, case_no, "as new, back to stock", "In order, no fault was asked for")

    await takes_next_step(li, case_no, "choose_remedy")
    qian = await people.window("finance")
    await phone.reload()
    await expect(phone.locator("main")).to_contain_text("¥129.00")
    await pays(qian, api, case_no, "ALI-7")
    await phone.reload()
    await expect(phone.locator("main")).to_contain_text("paid")
    await is_content(phone, link)
    assert await state(api, case_no) == "closed"
    await li.goto(f"/cases/{case_no}")
    await expect(li.locator("#next")).to_contain_text("This case is over.")
    await expect(li.locator("#timeline")).to_contain_text("很快，谢谢")


async def test_a_dearer_kettle_instead_of_the_wrong_one_is_paid_before_it_leaves(api: Api, people: Town) -> None:
    order_no = (await api.sold())["order_no"]
    li, zhao = await people.window("agent"), await people.window("warehouse")
    await li.goto("/cases/new")
    await li.fill("#f-q", order_no)
    await presses(li, "Find the order")
    await li.locator("#f-lines").check()
    await li.fill("#f-description", "发错了，想换大一号的")
    await li.locator("#f-kind").select_option("wrong_item")
    await li.locator("#f-wanted").select_option("exchange")
    await presses(li, "What do the rules say?")
    await expect(li.locator("#opening")).to_contain_text("What the rules say")
    await presses(li, "Open the case")
    case_no = await number_on(li)
    await does(li, case_no, "authorise_return")
    await scans(zhao, case_no, "Booked in")
    await is_inspected(zhao, case_no, "we sent the wrong item", "Fault confirmed")
    other = {"replacement.sku": "KETTLE-20", "replacement.name": "电热水壶 2.0 L"}
    await does(
        li,
        case_no,
        "choose_remedy",
        remedy="exchange",
        **other,
        **{"replacement.quantity": "1", "replacement.unit_price": "159.00"},
    )

    phone = await people.window(None)
    await phone.goto(await link_of(api, case_no))
    await expect(phone.locator("main")).to_contain_text("To pay: ¥30.00")  # 159.00 − 129.00
    await phone.fill("[name=amount]", "30.00")
    await phone.fill("[name=bank]", "支付宝")
    await presses(phone, "I have paid")
    qian = await people.window("finance")
    await takes_next_step(qian, case_no, "record_payment", amount="30.00", reference=f"ALI-{case_no}")
    await takes_next_step(zhao, case_no, "ship_replacement", carrier="SF", waybill=f"SF-NEW-{case_no}")
    await phone.reload()
    await expect(phone.locator("main")).to_contain_text(f"SF-NEW-{case_no}")
    await api.act(case_no, "record_delivery", "courier", outcome="delivered")
    await takes_next_step(li, case_no, "complete_callback", satisfied="true")
    assert await state(api, case_no) == "closed"


async def test_a_repair_is_quoted_paid_done_and_sent_back(api: Api, people: Town) -> None:
    case_no = (await api.opened(kind="warranty_repair", wanted="repair"))["case_no"]
    await api.act(case_no, "authorise_return")
    await api.act(case_no, "book_in", "warehouse")
    by_himself = {**KETTLE_LOOKED_AT, "cause": "customer", "party_liable": "customer", "disposition": "customer"}
    await api.act(case_no, "confirm_fault", "warehouse", lines=[by_himself])
    wei, phone = await people.window("workshop"), await people.window(None)
    await does(wei, case_no, "quote_repair", parts="30.00", labour="40.00", freight="10.00")
    await phone.goto(await link_of(api, case_no))
    await expect(phone.locator("main")).to_contain_text("¥80.00")  # 30.00 + 40.00 + 10.00
    await presses(phone, "Accept the quote")
    await phone.fill("[name=amount]", "80.00")
    await presses(phone, "I have paid")
    qian, zhao = await people.window("finance"), await people.window("warehouse")
    await takes_next_step(qian, case_no, "record_payment", amount="80.00", reference=f"ALI-{case_no}")
    await takes_next_step(wei, case_no, "finish_repair", report="换了底座，烧水十次正常")
    await takes_next_step(zhao, case_no, "ship_back", carrier="SF", waybill=f"SF-BACK-{case_no}")
    await api.act(case_no, "record_delivery", "courier", outcome="delivered")
    await is_content(phone, await link_of(api, case_no))
    assert await state(api, case_no) == "closed"


async def test_a_managers_morning_the_stuck_board_many_cases_at_once_an_approval_and_the_report(
    api: Api, people: Town
) -> None:
    stuck = [(await api.opened())["case_no"] for _ in range(2)]
    asked = (await api.opened())["case_no"]
    await api.act(asked, "compensate", amount="100.00", kind="goodwill", reason="等了一个月")
    chen = await people.window("manager")
    await chen.goto("/stuck?reason=no_owner&sort=age")
    for case_no in stuck:
        await _finds(chen, f'[name=case][value="{case_no}"]', "check")
    await chen.locator("#f-action").select_option("reassign")
    await chen.locator("#f-to").select_option("li")
    await chen.fill("#f-why", "早会分派")
    await presses(chen, "Check for those chosen")
    await presses(chen, "Do it")
    await expect(chen.locator("#bulk")).to_contain_text(re.compile(r"\b([1-9]\d*) of \1 asked"), timeout=20_000)
    await expect(chen.locator("#bulk [aria-busy]")).to_have_count(0)
    assert (await api.get(f"/cases/{stuck[-1]}")).json()["owner"] == "li"

    await chen.goto("/approvals")
    await _finds(chen, f"#a-{asked}", "scroll_into_view_if_needed")
    card = chen.locator("section.approval").filter(has=chen.locator(f"#a-{asked}"))
    await expect(card).to_contain_text("100.00")
    async with chen.expect_event("load"):
        await card.get_by_role("button", name="Approve").click()
    await expect(chen.locator(".notice.good")).to_contain_text(f"{asked}: approved")

    await chen.goto("/reports/monthly")
    await chen.locator('a[href^="/reports/monthly/cases?"]').first.click()
    await expect(chen.locator("main")).to_contain_text(NUMBER)


async def _finds(page: Page, what: str, then: str) -> None:
    """Something on this page of a list or on one of the next; others' rows may stand before it."""
    while not await page.locator(what).count():
        async with page.expect_event("load"):
            await page.locator("nav.more a").click()
    await getattr(page.locator(what), then)()


async def test_an_unknown_parcel_lies_on_the_shelf_until_somebody_knows_whose_it_is(api: Api, people: Town) -> None:
    case_no = (await api.opened())["case_no"]
    await api.act(case_no, "authorise_return")
    await api.act(case_no, "ship_return", "customer", carrier="yto", waybill=f"YT{case_no[-6:]}88")
    zhao = await people.window("warehouse")
    await scans(zhao, f"YT{case_no[-6:]}89", "On the shelf")
    await zhao.set_input_files("form.describe input[name=files]", PHOTO)
    await presses(zhao, "Write it down")
    await zhao.get_by_role("button", name="Whose is it?").click()
    proposal = zhao.locator(".proposal").filter(has_text=case_no)
    await expect(proposal).to_contain_text("its waybill is nearly")
    async with zhao.expect_event("load"):
        await proposal.get_by_role("button", name="It is this one").click()
    await expect(zhao.locator(".notice.good")).to_contain_text(case_no)
    assert await state(api, case_no) == "received"


async def test_a_complaint_is_contained_answered_and_called_back(
    api: Api, chromium: Chromium, service: Running, staff: Staff
) -> None:
    async with town(chromium, service, staff, locale="zh-CN") as people:
        li = await people.window("agent")
        await li.goto("/cases/new?without=true")
        await li.fill("#f-description", "客服说话很难听，要求道歉")
        await li.locator("#f-kind").select_option("complaint")
        await li.fill("#f-contact-name", "赵女士")
        await li.fill("#f-contact-phone", "13900139001")
        async with li.expect_event("load"):
            await li.locator('button[value="open"]').click()
        case_no = await number_on(li)
        await does(li, case_no, "contain", what="换同事联系赵女士")
        await does(li, case_no, "answer", text="已向您致歉，并重新培训了同事。")
        await li.goto(f"/cases/{case_no}/do/answer")
        await li.fill("#f-text", "处理结果：致歉并补偿运费。")
        await li.locator("#f-final").check()
        await li.locator("[data-key-submit]").click()
        await expect(li.locator(".notice.good")).to_be_visible()
        assert await state(api, case_no) == "resolved"
        await takes_next_step(li, case_no, "complete_callback", satisfied="true")
        assert await state(api, case_no) == "closed"


async def test_the_whole_road_of_a_customer_works_without_scripts(api: Api, people: Town) -> None:
    order_no = (await api.sold())["order_no"]
    phone = await people.window(None, java_script_enabled=False)
    link = await asks(phone, order_no, "It is broken, faulty or badly made", "Does not work", "refund", "按了没反应")
    case_no = await number_on(phone)
    await api.act(case_no, "request_evidence", what=["底部照片"])
    await phone.reload()
    await phone.set_input_files("#f-photo", PHOTO)
    await phone.fill("#f-text", "在这里")
    await presses(phone, "Send them")
    await api.act(case_no, "make_offer", amount="3.00")
    await phone.reload()
    await phone.get_by_text("I would rather have something else").click()
    await phone.fill("[name=counter]", "129.00")
    await presses(phone, "Decline the offer")
    await api.act(case_no, "authorise_return")
    await phone.reload()
    await expect(phone.locator("main")).to_contain_text("Please send the goods back")
    slip: Any = await phone.request.get(f"{link}/slip.pdf")
    assert (await slip.body())[:4] == b"%PDF"
    await phone.fill("[name=carrier]", "SF")
    await phone.fill("[name=waybill]", f"SF-{case_no}")
    await presses(phone, "It is on its way")
    await phone.fill("#f-message", "已寄出")
    await presses(phone, "Send the message")
    await api.act(case_no, "book_in", "warehouse")
    await api.act(case_no, "confirm_fault", "warehouse", lines=[KETTLE_LOOKED_AT])
    await api.act(case_no, "choose_remedy", "manager", remedy="refund")
    for payout in (await api.get("/payouts", params={"case_no": case_no})).json()["items"]:
        await api.post(f"/payouts/{payout['id']}/paid", json={"reference": f"ALI-{payout['id'][-6:]}"})
    await is_content(phone, link)
    assert await state(api, case_no) == "closed"
