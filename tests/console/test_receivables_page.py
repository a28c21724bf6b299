"""Transfers in, what customers owe, devices lent and the registers on screen (L12, F24, G8, section 11)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from console.registers.words import REGISTERS
from tests.api.client import KETTLE_LOOKED_AT, Api
from tests.console.browser import Browser, words

Browse = Callable[..., Browser]


async def money_of(api: Api, case: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/cases/{case}")).json()["money"]
    return {name: sum_["amount"] for name, sum_ in found.items() if sum_}


# ── transfers in (L12) ────────────────────────────────────────────────────────────────────────────


async def to_be_paid(api: Api) -> str:
    """An exchange for a fault of the customer's own doing: he pays the freight before anything is sent (F8)."""
    case: str = (await api.opened(wanted="exchange"))["case_no"]
    await api.act(case, "authorise_return")
    await api.act(case, "book_in", "warehouse")
    his = {**KETTLE_LOOKED_AT, "cause": "customer", "party_liable": "customer"}
    await api.act(case, "refute_fault", "warehouse", lines=[his])
    chosen = await api.act(case, "choose_remedy", "manager", remedy="exchange", customer_agrees=True)
    assert chosen.json()["state"] == "awaiting_payment", chosen.text
    return case


async def test_what_a_customer_says_he_paid_is_looked_for_found_and_lets_the_case_go_on(api: Api, browse: Browse):
    case, qian = await to_be_paid(api), browse("finance")
    owed = (await money_of(api, case))["customer_owes"]
    assert case in words(await qian.get("/remittances", params={"which": "expected", "case_no": case}))
    await api.act(case, "notify_payment", "customer", method="bank", bank="ICBC", amount=owed)
    noted = words(await qian.get("/remittances", params={"case_no": case}))
    (listed,) = (await api.get("/remittances", params={"noted": True, "case_no": case})).json()["items"]
    assert (listed["owed"]["amount"], listed["notice"]["bank"], listed["customer"]) == (owed, "ICBC", "••明")
    assert "ICBC," in (await qian.get("/remittances.csv", params={"case_no": case})).text, "a column of its own"
    assert "bank transfer · ICBC" in noted
    assert "It is not there" in noted
    wrong = await qian.submit(f"/remittances/{case}/matched", which="noted", amount=owed, reference="")
    assert (wrong.status_code, "under which reference" in words(wrong)) == (422, True)
    came = {"which": "noted", "amount": f"¥{owed}", "reference": "ICBC 0091", "command_id": f"{case}-in"}
    for _ in range(2):  # pressed twice
        assert (await qian.submit(f"/remittances/{case}/matched", **came)).status_code == 303
    assert (await api.get(f"/cases/{case}")).json()["state"] in ("exchanging", "awaiting_stock")
    received = words(await qian.get("/remittances", params={"which": "received", "case_no": case}))
    assert "ICBC 0091" in received
    file = (await qian.get("/remittances.csv", params={"which": "received", "case_no": case})).text
    assert file.count("ICBC 0091") == 1
    assert "ICBC 0091" in (await api.get("/remittances/received", params={"case_no": case})).text
    assert (await browse("agent").submit(f"/remittances/{case}/matched", **came)).status_code == 403


async def test_what_is_not_there_goes_back_to_the_customer_and_is_said_once(api: Api, browse: Browse):
    case, qian = await to_be_paid(api), browse("finance")
    await api.act(case, "notify_payment", "customer", method="bank", amount="1.00")
    away = f"/remittances/{case}/not-there"
    assert (await qian.submit(away, which="noted", note="ask for the slip")).status_code == 303
    assert (await api.get(f"/cases/{case}")).json()["waiting_for"] == "customer"
    again = await qian.submit(away, which="noted", note="ask for the slip")
    assert (again.status_code, "Nobody has said that it was paid" in words(again)) == (409, True)


async def test_a_transfer_without_a_name_of_ours_finds_the_case_it_may_be_for(api: Api, browse: Browse):
    case, qian = await to_be_paid(api), browse("finance")
    found = words(await qian.get("/remittances", params={"payer": "王小明", "amount": "0.01"}))
    assert "the name agrees" in found
    none = words(await qian.get("/remittances", params={"payer": "nobody of that name", "amount": "77777.77"}))
    assert "No expected payment fits" in none
    typo = await qian.get("/remittances", params={"amount": "ten"})
    assert (typo.status_code, "This is no amount" in words(typo)) == (422, True)
    assert case


# ── owed to us (F24) ──────────────────────────────────────────────────────────────────────────────


async def owing(api: Api) -> str:
    """A customer who got 12.00 of freight for a fault that turned out to be his own doing."""
    case: str = (await api.opened())["case_no"]
    await api.act(case, "authorise_return")
    await api.act(case, "ship_return", "customer", carrier="SF", waybill=f"SF-{case}", freight="12.00")
    await api.act(case, "book_in", "warehouse")
    await api.act(case, "confirm_fault", "warehouse", lines=[KETTLE_LOOKED_AT])
    chosen = (await api.act(case, "choose_remedy", "manager", remedy="repair")).json()
    for payout in chosen["payouts"]:
        await api.post(f"/payouts/{payout['id']}/paid", json={"reference": f"F-{case}"})
    await api.act(case, "fail_repair", "workshop", reason="corroded by vinegar")
    await api.act(case, "send_to_expert", expert="the maker")
    his = {**KETTLE_LOOKED_AT, "cause": "customer", "party_liable": "customer"}
    await api.act(case, "refute_fault", "expert", lines=[his])
    await api.act(case, "choose_remedy", "manager", remedy="refund", customer_agrees=True)
    assert (await money_of(api, case))["receivable"] == "12.00"
    return case


async def test_a_waiver_takes_two_people_and_is_given_up_in_the_books(api: Api, browse: Browse):
    case, qian, chen = await owing(api), browse("finance"), browse("manager")
    row = words(await qian.get("/receivables", params={"case_no": case}))
    assert "freight paid without cause ¥12.00" in row
    (due,) = (await api.get("/receivables", params={"case_no": case})).json()["items"]
    assert (due["owed"]["amount"], due["customer"]) == ("12.00", "••明")
    silent = await qian.submit(f"/receivables/{case}/waive", which="owed", amount="12.00", reason="")
    assert silent.status_code == 422
    asked = {"which": "owed", "amount": "12.00", "reason": "an old customer", "command_id": f"{case}-waive"}
    for _ in range(2):
        assert (await qian.submit(f"/receivables/{case}/waive", **asked)).status_code == 303
    assert case in words(await chen.get("/receivables", params={"which": "asked", "case_no": case}))
    decide = f"/receivables/{case}/decide"
    assert (await qian.submit(decide, decision="grant", reason="mine")).status_code == 403
    assert (await chen.submit(decide, which="owed", decision="grant", reason="he bought six")).status_code == 303
    assert (await money_of(api, case))["receivable"] == "0.00"
    assert "waived ¥12.00" in words(await qian.get("/receivables", params={"which": "settled", "case_no": case}))
    cost = (await api.get(f"/cases/{case}")).json()["cost"]
    assert (cost["freight"]["amount"], cost["goodwill"]["amount"]) == ("0.00", "12.00")


async def test_a_manager_who_asked_himself_does_not_decide(api: Api, browse: Browse):
    case, chen = await owing(api), browse("manager")
    assert (await chen.submit(f"/receivables/{case}/waive", which="owed", reason="kind")).status_code == 303
    own = await chen.submit(f"/receivables/{case}/decide", which="owed", decision="grant", reason="kind")
    assert (own.status_code, "somebody else has to" in words(own)) == (403, True)
    du = browse("director")
    assert (
        await du.submit(f"/receivables/{case}/decide", which="owed", decision="deny", reason="no")
    ).status_code == 303
    assert (await money_of(api, case))["receivable"] == "12.00"


async def test_what_is_owed_is_paid_in_parts_and_no_more_than_is_owed(api: Api, browse: Browse):
    case, qian = await owing(api), browse("finance")
    paid = f"/receivables/{case}/paid"
    assert (await qian.submit(paid, which="owed", amount="5.00", reference="W-1")).status_code == 303
    assert (await money_of(api, case))["receivable"] == "7.00"  # 12.00 - 5.00
    assert (await qian.submit(paid, which="owed", amount="9.00", reference="W-2")).status_code == 303
    row = words(await qian.get("/receivables", params={"which": "overpaid", "case_no": case}))
    assert "¥2.00" in row  # 9.00 - 7.00
    back = f"/receivables/{case}/give-back"
    unasked = await qian.submit(back, which="overpaid", as_credit="on")
    assert (unasked.status_code, "consent" in words(unasked)) == (409, True)
    assert (await qian.submit(back, which="overpaid")).status_code == 303
    payouts = (await api.get("/payouts", params={"case_no": case, "purpose": "overpayment"})).json()["items"]
    assert [one["amount"]["amount"] for one in payouts] == ["2.00"]


# ── loaners (G8) ──────────────────────────────────────────────────────────────────────────────────


async def lent(api: Api, **more: Any) -> tuple[str, str]:
    case: str = (await api.opened())["case_no"]
    serial = f"LOAN-{case}"
    answer = await api.act(case, "lend_loaner", serial=serial, consent=True, **more)
    assert answer.status_code == 200, answer.text
    return case, serial


async def test_a_device_is_lent_until_a_day_then_late_then_back(api: Api, browse: Browse):
    until = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    case, serial = await lent(api, until=until)
    zhao = browse("warehouse")
    assert serial in words(await zhao.get("/loaners", params={"which": "overdue", "q": serial}))
    back = {
        "which": "out",
        "serial": serial,
        "disposition": "refurbish",
        "note": "a scratch",
        "command_id": f"{case}-b",
    }
    for _ in range(2):
        assert (await zhao.submit(f"/loaners/{case}/back", **back)).status_code == 303
    assert "No such device here" in words(await zhao.get("/loaners", params={"q": serial}))
    assert "a scratch" in words(await zhao.get("/loaners", params={"which": "back", "q": serial}))
    assert serial in (await zhao.get("/loaners.csv", params={"which": "back", "q": serial})).text


async def test_only_a_manager_gives_a_device_up_and_says_how_it_was_lost(api: Api, browse: Browse):
    case, serial = await lent(api)
    lost = {"which": "out", "serial": serial, "note": "the customer moved away"}
    assert (await browse("agent").submit(f"/loaners/{case}/lost", **lost)).status_code == 403
    sneaked = await browse("agent").submit(
        f"/cases/{case}/do/return_loaner", serial=serial, disposition="lost", note="x"
    )
    assert sneaked.status_code == 403
    chen = browse("manager")
    assert (await chen.submit(f"/loaners/{case}/lost", **{**lost, "note": ""})).status_code == 422
    assert (await chen.submit(f"/loaners/{case}/lost", **lost)).status_code == 303
    assert "the customer moved away" in words(await chen.get("/loaners", params={"which": "lost", "q": serial}))


# ── registers (section 11) ────────────────────────────────────────────────────────────────────────


async def test_every_register_is_a_page_and_a_spreadsheet(api: Api, browse: Browse):
    sun = browse("supervisor")
    listed = words(await sun.get("/registers"))
    assert "Warranty cards" in listed
    for name in REGISTERS:
        page, file = await sun.get(f"/registers/{name}"), await sun.get(f"/registers/{name}.csv")
        assert (page.status_code, file.status_code) == (200, 200), name
        assert file.headers["content-type"].startswith("text/csv")
    assert (await sun.get("/registers/secrets")).status_code == 404
    assert (await browse("agent").get("/registers")).status_code == 403


async def test_registers_speak_the_language_of_who_reads_them(api: Api, browse: Browse):
    case = await owing(api)
    page = words(await browse("finance", "zh-CN").get("/registers/refunds", params={"q": case}))
    assert "商品质量问题" in page or "质量问题" in page
    assert not [word for word in ("quality_fault", "customer", "refund", "manager") if f" {word} " in page], page


async def test_a_register_is_narrowed_by_words_and_masks_who_it_is_about(api: Api, browse: Browse):
    case, serial = await lent(api)
    qian = browse("finance")
    page = await qian.get("/registers/loaners", params={"q": serial})
    assert case in words(page)
    assert "王小明" not in page.text
    assert "No row says that" in words(await qian.get("/registers/loaners", params={"q": "no such device"}))


# ── do the books agree ────────────────────────────────────────────────────────────────────────────


async def test_finance_sees_whether_the_books_agree_and_has_them_looked_through_now(api: Api, browse: Browse):
    await owing(api)
    qian = browse("finance")
    asked = await qian.submit("/books/audit")
    assert asked.status_code == 303
    for _ in range(300):
        found = (await api.get("/books")).json()
        if found["last_audit"] and not found["running"]:
            break
        await asyncio.sleep(0.1)  # until it has ended
    assert found["last_audit"]["orders"] >= 1
    assert found["agree"] is (found["last_audit"]["found"] == 0)
    page = words(await qian.get("/books"))
    assert "looked through" in page
    assert "Look through all books now" in page
    waits = await qian.get(asked.headers["location"])
    assert "being looked through" not in words(waits), "what was asked for has ended"
    assert (await browse("agent").get("/books")).status_code == 403


# ── the books of a case (T13) ─────────────────────────────────────────────────────────────────────


async def test_what_a_case_has_cost_is_shown_with_every_transfer_behind_it(api: Api, browse: Browse):
    case, li = await owing(api), browse("agent")
    page = words(await li.get(f"/cases/{case}/ledger"))
    assert "Freight back to the customer + ¥12.00" in page
    assert "zero, as it must be" in page
    assert f"F-{case}" in page
    assert f"F-{case}" in (await li.get(f"/cases/{case}/ledger.csv")).text
    assert f"/cases/{case}/ledger" in (await li.get(f"/cases/{case}")).text
    assert (await browse("warehouse").get(f"/cases/{case}/ledger")).status_code == 403
    fresh = (await api.opened())["case_no"]
    assert "Nothing is booked for this case" in words(await li.get(f"/cases/{fresh}/ledger"))
    assert (await li.get("/cases/AC-26-999999/ledger")).status_code == 404
