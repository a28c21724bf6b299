"""Finance's queue and the manager's approvals: paid once, by whoever may, and only with totals that agree (R1)."""

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import unquote

import httpx
import pytest
from sqlalchemy import update

from console.listing import totals
from models.tables import payouts
from store.engine import writing
from tests.api.client import KETTLE_LOOKED_AT, Api
from tests.console.browser import Browser, words
from up import Running

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


async def test_a_provider_s_code_is_said_in_plain_words_of_each_language(api: Api, browse: Browse) -> None:
    case, payout = await to_be_paid(api)
    failed = {"state": "approved", "code": "balance_ACQ.SELLER_BALANCE_NOT_ENOUGH"}
    assert (await browse("finance").submit(f"/payouts/{payout}/failed", **failed)).status_code == 303
    mine = {"state": "failed", "case_no": case}
    english = words(await browse("manager").get("/payouts", params=mine))
    assert "The shop's Alipay balance does not cover it" in english
    assert "ACQ.SELLER_BALANCE_NOT_ENOUGH" in english
    assert "balance_ACQ" not in english
    assert "商户支付宝余额不足" in words(await browse("finance", "zh-CN").get("/payouts", params=mine))


async def test_a_manager_names_another_way_and_somebody_else_pays_it(api: Api, browse: Browse) -> None:
    case, payout = await to_be_paid(api)
    qian, chen = browse("finance"), browse("manager")
    await qian.submit(f"/payouts/{payout}/failed", state="approved", code="account_CLOSED")
    route = f"/payouts/{case}/route"
    assert (await qian.submit(route, kind="bank", account="6222", real_name="王小明")).status_code == 403
    unasked = await chen.submit(route, kind="bank", account="6222021234567890", real_name="王小明")
    assert (unasked.status_code, "consent" in words(unasked)) == (409, True)
    assert 'value="6222021234567890"' in unasked.text
    bare = await chen.submit(route, kind="bank", account="", real_name="", customer_agrees="on")
    assert bare.status_code == 422
    named = {"kind": "bank", "account": "6222021234567890", "real_name": "王小明", "customer_agrees": "on"}
    for _ in range(2):  # pressed twice
        assert (await chen.submit(route, command_id=f"{case}-way", **named)).status_code == 303
    assert await paid(api, case) == [("approved", None)]
    page = await qian.get("/payouts", params={"case_no": case})
    assert "named by chen" in words(page)
    assert "6222021234567890" not in page.text, "accounts are masked"
    assert (await qian.submit(f"/payouts/{payout}/paid", state="approved", reference="ICBC-3")).status_code == 303
    assert await paid(api, case) == [("done", "ICBC-3")]


async def test_whoever_pays_sees_the_account_in_full_and_types_nothing(
    api: Api, browse: Browse, caplog: pytest.LogCaptureFixture
) -> None:
    case, payout = await to_be_paid(api)
    number = f"62220212345{case[-6:]}01"
    named = {"kind": "bank", "account": number, "real_name": "王小明", "customer_agrees": True}
    for account in ("6222000000000001", number):  # the customer has thought better of it
        assert (await api.act(case, "provide_account", "agent", **{**named, "account": account})).status_code == 200
    qian, there = browse("finance"), {"state": "approved", "case_no": case}
    listed = await qian.get("/payouts", params=there)
    assert number not in listed.text
    assert f"bank account ••••••••{number[-4:]}" in words(listed)
    assert number not in (await api.get("/payouts", params={"case_no": case})).text
    with caplog.at_level("INFO", logger="api.accounting.finance"):
        shown = await qian.submit(f"/payouts/{payout}/account", **there)
    assert (number in shown.text, "王小明" in shown.text) == (True, True)
    assert f"qian looked at the account of the payout {payout}" in caplog.text
    assert (await browse("manager").submit(f"/payouts/{payout}/account", **there)).status_code == 403
    told = await qian.submit("/payouts/batch/file", payout=[payout])
    (row,) = csv.DictReader(io.StringIO(told.text.lstrip("\ufeff")))
    assert (row["kind"], row["to_account"].strip(), row["real_name"]) == ("bank", number, "王小明")
    assert (row["amount"], row["currency"]) == ("129.00", "CNY")
    _, original = await to_be_paid(api)
    nowhere = await qian.submit(f"/payouts/{original}/account", state="approved")
    assert (nowhere.status_code, "goes to no account" in words(nowhere)) == (404, True)


async def test_what_goes_back_names_the_payment_as_its_provider_does(api: Api, browse: Browse) -> None:
    case, _ = await to_be_paid(api)
    row = words(await browse("finance").get("/payouts", params={"case_no": case}))
    assert "back to payment P1 Alipay A-1 · paid ¥338.00" in row
    (paid,) = (await api.get("/payouts", params={"case_no": case})).json()["items"]
    assert (paid["payment"]["reference"], paid["payment"]["under_way"]["amount"]) == ("A-1", "129.00")


async def test_what_is_wrong_is_said_on_the_page_where_it_was_typed(api: Api, browse: Browse) -> None:
    case, payout = await to_be_paid(api)
    there = {"state": "approved", "case_no": case}
    wrong = await browse("finance").submit(f"/payouts/{payout}/failed", **there, code="x" * 201)
    assert (wrong.status_code, case in words(wrong), "x" * 201 in wrong.text) == (422, True, True)
    paid = await browse("finance").submit(f"/payouts/{payout}/paid", **there, reference="ALI-9")
    assert paid.headers["location"] == f"/payouts?state=approved&case_no={case}"


async def test_store_credit_is_confirmed_by_somebody_else_and_credited_by_itself(api: Api, browse: Browse) -> None:
    case, _ = await to_be_paid(api)
    credit = {"kind": "store_credit", "account": "balance", "real_name": "王小明", "customer_agrees": True}
    assert (await api.act(case, "provide_account", "agent", **credit)).status_code == 200
    qian = browse("finance")
    page = words(await qian.get("/payouts", params={"case_no": case}))
    assert "Confirm the account" in page
    assert "It was refused" not in page, "nobody pays it by hand"
    for _ in range(2):  # pressed twice
        confirmed = await qian.submit(f"/payouts/{case}/confirm", command_id=f"{case}-seen")
        assert confirmed.status_code == 303
    entries = (await api.get(f"/cases/{case}/timeline")).json()["items"]
    assert [one["actor"]["id"] for one in entries if one["action"] == "confirm_account"] == ["qian"]


@pytest.mark.parametrize(("state", "told"), [("sent", "Ask the provider now"), ("unknown", "Never pay these again")])
async def test_what_is_at_a_provider_stands_apart_and_can_be_asked_about(
    api: Api, browse: Browse, service: Running, state: str, told: str
) -> None:
    case, payout = await to_be_paid(api)
    with writing(service.engine) as session:  # as the commit of a shop with Alipay's keys writes it
        row = update(payouts).where(payouts.c.id == payout)
        session.execute(row.values(state=state, gateway="alipay", failure="no_answer" if state == "unknown" else None))
    qian = browse("finance")
    page = words(await qian.get("/payouts", params={"state": state, "case_no": case}))
    assert told in page
    assert "by Alipay" in page
    elsewhere = words(await qian.get("/payouts", params={"state": "approved", "case_no": case}))
    assert "No payout of this case is here" in elsewhere
    asked = await qian.submit(f"/payouts/{payout}/ask", state=state)
    assert (asked.status_code, "there is nobody to ask" in words(asked)) == (409, True), "nobody was given it here"
    assert (await browse("manager").submit(f"/payouts/{payout}/ask")).status_code == 403


async def test_a_batch_is_recorded_only_when_count_and_sum_are_typed_as_they_are(api: Api, browse: Browse) -> None:
    (one, first), (two, second) = await to_be_paid(api), await to_be_paid(api)
    qian = browse("finance")
    assert (await qian.submit("/payouts/batch")).status_code == 422
    check = await qian.submit("/payouts/batch", payout=[first, second])
    assert one in words(check)
    rows = [row for row in await api.every("/payouts") if row["id"] in (first, second)]
    (total,) = totals(rows)
    assert "A-1" in words(check), "what the provider calls the payment"
    batch = {"payout": [first, second], "reference": "BATCH-1", "count-CNY": "2", "sum-CNY": f"¥{total.amount:,}"}
    wrong = await qian.submit("/payouts/batch/pay", **{**batch, "sum-CNY": "1.00", "count-CNY": "3"})
    assert wrong.status_code == 422
    assert "The count in CNY does not agree" in words(wrong)
    assert "The sum in CNY does not agree" in words(wrong)
    assert 'value="BATCH-1"' in wrong.text
    assert await paid(api, one) == [("approved", None)]
    done = await qian.submit("/payouts/batch/pay", **batch)
    assert words(done).count("paid") >= 2
    assert await paid(api, one) == await paid(api, two) == [("done", "BATCH-1")]
    again = await qian.submit("/payouts/batch/pay", **batch)
    assert (again.status_code, "2 of them are not to be paid any more" in words(again)) == (422, True)


async def test_of_a_batch_what_may_be_paid_is_and_what_may_not_says_why(api: Api, browse: Browse) -> None:
    (one, first), (other, second) = await to_be_paid(api), await to_be_paid(api)
    credit = {"kind": "store_credit", "account": "balance", "real_name": "王小明", "customer_agrees": True}
    await api.act(other, "provide_account", "agent", **credit)  # a moment after it was chosen
    batch = {"payout": [first, second], "reference": "B-2", "count-CNY": "2", "sum-CNY": "258.00"}  # 2 × 129.00
    answers = words(await browse("finance").submit("/payouts/batch/pay", **batch))
    assert f"{one} ¥129.00 paid" in answers
    assert f"{other} ¥129.00 turned down" in answers
    assert "balance" in answers.partition("turned down")[2]
    assert await paid(api, one) == [("done", "B-2")]
    assert await paid(api, other) == [("approved", None)]


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
    other, _ = await to_be_paid(api)
    one = await browse("finance").get("/payouts.csv", params={"case_no": case})
    assert (case in one.text, other in one.text) == (True, False), "what the page is narrowed to"
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
    assert all(told in words(page) for told in (case, "asks for: Compensate ¥100.00", "waited for a month"))
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
