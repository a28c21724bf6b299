"""Money lists in a real browser while colleagues work in them: what was chosen and typed stays with its own payout."""

from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from tests.api.client import Api
from tests.console.browser import Staff
from tests.console.test_in_chromium import IN_CHROMIUM, chromium, visiting  # noqa: F401  (a fixture)
from tests.console.test_money_out import to_be_paid
from tests.console.test_receivables_page import owing
from up import Running

pytestmark = IN_CHROMIUM


async def test_a_tick_and_what_is_typed_stay_with_their_payout_when_another_one_goes(
    chromium: Chromium,  # noqa: F811
    service: Running,
    staff: Staff,
    api: Api,
) -> None:
    paid = [await to_be_paid(api) for _ in range(3)]
    (gone, gone_id), (mine, _), (other, _) = paid
    async with visiting(chromium, service, staff, "finance") as qian:
        await shows(qian, "/payouts", f"payout-{paid[2][1]}")
        row = qian.locator("tr", has_text=mine)
        await row.locator("input[type=checkbox]").check()
        await row.locator("summary").click()  # what a colleague's page has not open
        await row.locator("input[name=reference]").fill("ALI-TYPED")
        await qian.locator("h1").click()  # the field is left
        await api.post(f"/payouts/{gone_id}/paid", json={"reference": "PAID-BY-SOMEBODY"})
        await expect(qian.locator("tr", has_text=gone)).to_have_count(0)
        await expect(row.locator("input[type=checkbox]")).to_be_checked()
        await expect(row.locator("input[name=reference]")).to_have_value("ALI-TYPED")
        await expect(qian.locator("tr", has_text=other).locator("input[type=checkbox]")).not_to_be_checked()
        await expect(qian.locator("tr", has_text=other).locator("input[name=reference]")).to_have_value("")
        for case_no, payout in paid[1:]:
            form = qian.locator("tr", has_text=case_no).locator('form[action$="/paid"]')
            assert payout in str(await form.get_attribute("action")).replace("%3A", ":")


async def test_a_payment_is_typed_for_the_case_that_its_row_names(
    chromium: Chromium,  # noqa: F811
    service: Running,
    staff: Staff,
    api: Api,
) -> None:
    gone, mine = await owing(api), await owing(api)
    async with visiting(chromium, service, staff, "finance") as qian:
        await shows(qian, "/receivables", f"due-{mine}")
        row = qian.locator("tr", has_text=mine)
        await row.locator("summary", has_text="The customer paid it").click()
        await row.locator("input[name=reference]").fill("W-TYPED")
        await qian.locator("h1").click()
        paid = {"amount": "12.00", "reference": f"W-{gone}", "for": "receivable"}
        assert (await api.act(gone, "record_payment", "finance", **paid)).status_code == 200
        await expect(qian.locator("tr", has_text=gone)).to_have_count(0)
        await expect(row.locator("input[name=reference]")).to_have_value("W-TYPED")
        action = await row.locator('form[action$="/paid"]').get_attribute("action")
        assert action == f"/receivables/{mine}/paid"


async def test_the_books_are_looked_through_while_somebody_waits_and_the_page_asks_no_more_then(
    chromium: Chromium,  # noqa: F811
    service: Running,
    staff: Staff,
    api: Api,
) -> None:
    await api.opened()
    async with visiting(chromium, service, staff, "finance", viewport={"width": 320, "height": 800}) as qian:
        await qian.goto("/books")
        begin = qian.get_by_role("button", name="Look through all books now")
        async with qian.expect_event("load"):
            await begin.click()
        await expect(begin).to_be_visible(timeout=30_000)  # when it has ended
        await expect(qian.locator("#found")).to_contain_text("Postings")
        await expect(qian.locator("#found")).not_to_have_attribute("hx-trigger", "every 2s")
        assert await qian.evaluate("document.documentElement.scrollWidth") <= 320


async def test_a_file_to_pay_from_is_taken_and_the_batch_is_recorded_from_the_same_page(
    chromium: Chromium,  # noqa: F811
    service: Running,
    staff: Staff,
    api: Api,
) -> None:
    _, payout = await to_be_paid(api)
    async with visiting(chromium, service, staff, "finance") as qian:
        await shows(qian, "/payouts", f"payout-{payout}")
        await qian.locator(f'[value="{payout}"]').check()
        await qian.get_by_role("button", name="Pay the chosen ones as a batch").click()
        for _ in range(2):
            async with qian.expect_download() as taken:
                await qian.get_by_role("button", name="File to pay from").click()
            assert (await taken.value).suggested_filename == "to-pay.csv"
        await qian.get_by_label("How many in CNY").fill("1")
        await qian.get_by_label("Sum in CNY").fill("129.00")
        await qian.get_by_label("Reference of the batch").fill("BATCH-7")
        await qian.get_by_role("button", name="Record the batch as paid").click()
        await expect(qian.locator("main")).to_contain_text("The batch BATCH-7")


async def shows(page: Page, path: str, row: str) -> None:
    """Open the page of a list that has this row: other tests' rows may fill those before it."""
    await page.goto(path)
    while not await page.locator(f'[id="{row}"]').count():
        await page.locator("a[rel=next]").click()
        await page.wait_for_load_state()
