"""Finance's queue and the manager's approvals: paid once, by whoever may, and only with totals that agree (R1)."""

import re
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import unquote

import httpx
import pytest

from console.listing import totals
from tests.api.client import KETTLE_LOOKED_AT, Api
from tests.console.browser import Browser, words

Browse = Callable[..., Browser]


async def to_be_paid(api: Api) -> tuple[str, str]:
    """A case whose refund is granted, and its payout."""
    case: str = (await api.opened())["case_no"]
    await api.act(case, "authorise_return")
    await api.act(case, "book_in", "warehouse")
    await api.act(case, "confirm_fault", "warehouse", lines=[KETTLE_LOOKED_AT])
    granted = (await api.act(case, "choose_remedy", "manager", remedy="refund")).json()
    (payout,) = [one for one in granted["payouts"] if one["purpose"] == "refund"]
    return case, payout["id"]


async def paid(api: Api, case: str) -> list[tuple[str, str | None]]:
    found = (await api.get("/payouts", params={"case_no": case})).json()["items"]
    return [(one["state"], one["reference"]) for one in found]


async def test_finance_pays_one_and_says_under_which_reference(api: Api, browse: Browse) -> None:
    case, payout = await to_be_paid(api)
    qian = browse("finance")
    assert (await qian.page_with(case, "/payouts")).status_code == 200
    unsaid = await qian.submit(f"/payouts/{payout}/paid", state="approved", reference="")
    assert (unsaid.status_code, "Say under which reference" in words(unsaid)) == (422, True)
    for _ in range(2):  # pressed twice
        assert (await qian.submit(f"/payouts/{payout}/paid", state="approved", reference="ALI-1")).status_code == 303
    assert await paid(api, case) == [("done", "ALI-1")]
    assert "ALI-1" in words(await qian.page_with(case, "/payouts", state="done"))
    assert (await browse("manager").submit(f"/payouts/{payout}/paid", reference="ALI-2")).status_code == 403


async def test_a_refused_one_keeps_its_money_and_is_paid_by_another_route(api: Api, browse: Browse) -> None:
    case, payout = await to_be_paid(api)
    qian = browse("finance")
    assert (await qian.submit(f"/payouts/{payout}/failed", state="approved", code="ACCOUNT_CLOSED")).status_code == 303
    failed = await qian.page_with(case, "/payouts", state="failed")
    assert "ACCOUNT_CLOSED" in words(failed)
    assert "Paid another way" in words(failed)
    await qian.submit(f"/payouts/{payout}/paid", state="failed", reference="CASH-7")
    assert await paid(api, case) == [("done", "CASH-7")]


async def test_a_batch_is_recorded_only_when_count_and_sum_are_typed_as_they_are(api: Api, browse: Browse) -> None:
    (one, first), (two, second) = await to_be_paid(api), await to_be_paid(api)
    qian = browse("finance")
    assert (await qian.submit("/payouts/batch")).status_code == 422
    check = await qian.submit("/payouts/batch", payout=[first, second])
    assert one in words(check)
    rows = [row for row in await api.every("/payouts") if row["id"] in (first, second)]
    (total,) = totals(rows)
    batch = {"payout": [first, second], "reference": "BATCH-1", "count-CNY": "2", "sum-CNY": f"¥{total.amount:,}"}
    wrong = await qian.submit("/payouts/batch/pay", **{**batch, "sum-CNY": "1.00", "count-CNY": "3"})
    assert wrong.status_code == 422
    assert "The count does not agree" in words(wrong)
    assert "The sum does not agree" in words(wrong)
    assert 'value="BATCH-1"' in wrong.text
    assert await paid(api, one) == [("approved", None)]
    done = await qian.submit("/payouts/batch/pay", **batch)
    assert words(done).count("paid") >= 2
    assert await paid(api, one) == await paid(api, two) == [("done", "BATCH-1")]
    again = await qian.submit("/payouts/batch/pay", **batch)
    assert (again.status_code, "2 of them are not to be paid any more" in words(again)) == (422, True)


@pytest.mark.parametrize(
    ("sums", "told"),
    [
        ([], []),
        (["10.00", "2.50"], [("CNY", 2, "12.50")]),  # 10.00 + 2.50
        (["0.10", "0.20"], [("CNY", 2, "0.30")]),  # exactly, unlike floats
    ],
)
def test_control_totals_are_exact(sums: list[str], told: list[tuple[str, int, str]]) -> None:
    rows = [{"amount": {"amount": one, "currency": "CNY"}} for one in sums]
    assert [(one.currency, one.count, str(one.amount)) for one in totals(rows)] == told


def test_currencies_are_never_added_to_each_other() -> None:
    rows = [{"amount": {"amount": "5", "currency": currency}} for currency in ("JPY", "CNY", "JPY")]
    assert [(one.currency, one.amount) for one in totals(rows)] == [("CNY", Decimal(5)), ("JPY", Decimal(10))]


async def test_the_queue_goes_into_a_spreadsheet(api: Api, browse: Browse) -> None:
    case, _ = await to_be_paid(api)
    file = await browse("finance").get("/payouts.csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert case in file.text
    assert (await browse("agent").get("/payouts.csv")).status_code == 403


async def page_with(chen: Browser, case: str) -> tuple[httpx.Response, str]:
    """The page of the approvals that shows a case, and its cursor: others may wait before it."""
    cursor = ""
    while True:
        page = await chen.get("/approvals", params={"cursor": cursor} if cursor else None)
        if f"/approvals/{case}" in page.text:
            return page, cursor
        following = re.search(r"approvals\?cursor=([^\"&]+)", page.text)
        assert following, "the case waits on no page"
        cursor = unquote(following[1])


async def test_a_manager_sees_what_was_asked_and_by_whom_and_decides_it_once(api: Api, browse: Browse) -> None:
    case = (await api.opened())["case_no"]
    asked = (await api.act(case, "compensate", amount="100.00", kind="goodwill", reason="waited for a month")).json()
    assert asked["state"] == "awaiting_approval", asked
    chen = browse("manager")
    page, here = await page_with(chen, case)
    assert all(told in words(page) for told in (case, "li asks for: Compensate", "100.00", "waited for a month"))
    silent = await chen.submit(f"/approvals/{case}", decision="deny", note="", cursor=here)
    assert (silent.status_code, "Say why not" in words(silent)) == (422, True)
    command = re.search(rf'name="command_id" value="([0-9a-f]+-{case})"', page.text)
    assert command
    for _ in range(2):
        done = await chen.submit(f"/approvals/{case}", decision="approve", command_id=command[1])
        assert done.status_code == 303, words(done)
    entries = (await api.get(f"/cases/{case}/timeline")).json()["items"]
    assert sum(one["action"] == "approve" for one in entries) == 1
    assert (await browse("agent").get("/approvals")).status_code == 403
