"""Money lists in a real browser while colleagues work in them: what was chosen and typed stays with its own payout."""

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from tests.api.client import Api
from tests.console.browser import Staff
from tests.console.test_in_chromium import FOUND, chromium, visiting  # noqa: F401  (a fixture)
from tests.console.test_money_out import to_be_paid
from tests.console.test_receivables_page import owing
from up import Running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FOUND is None, reason="no Chromium: install it, or name it in the variable CHROMIUM"),
]


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


async def shows(page: Page, path: str, row: str) -> None:
    """Open the page of a list that has this row: other tests' rows may fill those before it."""
    await page.goto(path)
    while not await page.locator(f'[id="{row}"]').count():
        await page.locator("a[rel=next]").click()
        await page.wait_for_load_state()
