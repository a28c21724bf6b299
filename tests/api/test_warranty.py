"""Warranty cards and the workshop over HTTP: issued with the delivery, asked when a case is opened, listed (G7, G8)."""

import asyncio
import csv
import io
from typing import Any

import pytest

from cli import run
from tests.api.client import Api, days_ago, refused
from up import Running


async def sold(api: Api, serial: str, delivered: str = "2026-11-04T11:05:00+08:00") -> str:
    """A lamp with a serial number, bought in China; answers the order's number."""
    line = {"line_no": 1, "sku": f"LAMP {serial}", "name": "台灯", "unit_price": "338.00", "quantity": 1}
    customer = {"id": "c-88", "name": "王小明", "phone": "13800138000", "country": "CN"}
    bought = {"lines": [{**line, "serials": [serial]}], "postage": "0.00", "customer": customer}
    order = await api.sold(**bought, delivered_at=delivered)
    return str(order["order_no"])


async def cards(api: Api, **named: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get("/warranty", params=named)).json()["items"]
    return items


async def open_repair(api: Api, order_no: str, serial: str) -> dict[str, Any]:
    line = {"line_no": 1, "quantity": 1, "serials": [serial]}
    return await api.opened(order_no=order_no, kind="warranty_repair", wanted="repair", lines=[line])


async def test_a_delivered_device_has_a_card_and_its_case_is_in_warranty(api: Api) -> None:
    order_no = await sold(api, "SN-A1")
    (card,) = await cards(api, serial="SN-A1")
    assert (card["order_no"], card["starts_on"], card["months"], card["until"]) == (
        order_no,
        "2026-11-04",
        12,
        "2027-11-04",
    )
    assert await cards(api, card_no=card["card_no"]) == [card]
    await refused(await api.get("/warranty"), 422)
    recent = await sold(api, "SN-A2", f"{days_ago(18)}T11:05:00+08:00")
    case = await open_repair(api, recent, "SN-A2")
    eligible = [one for one in case["eligibility"]["reasons"] if one["rule"].startswith("warranty")]
    assert [one["answer"] for one in eligible] == ["yes"]


async def test_a_card_issued_by_hand_for_a_new_device_counts_and_keeps_its_number(api: Api) -> None:
    order_no = await sold(api, "SN-B1", "2024-01-05T11:05:00+08:00")  # long out of warranty by its own
    asked = {"card_no": "PAPER-7", "serial": "SN-B2", "sku": "LAMP SN-B1", "order_no": order_no, "line_no": 1}
    this_year, month = int(days_ago(0)[:4]), days_ago(0)[5:7]
    asked |= {"starts_on": f"{this_year}-{month}-01", "months": 24}
    for _ in range(2):
        assert (await api.post("/warranty", json=asked)).json()["until"] == f"{this_year + 2}-{month}-01"
    await refused(await api.post("/warranty", json={**asked, "months": 36}), 409)
    await refused(await api.post("/warranty", json={**asked, "card_no": "PAPER-8", "line_no": 9}), 422)
    case = await open_repair(api, order_no, "PAPER-7")
    eligible = [one for one in case["eligibility"]["reasons"] if one["rule"].startswith("warranty")]
    assert [one["answer"] for one in eligible] == ["yes"]


async def test_the_workshops_orders_and_the_loaners_are_registers(api: Api) -> None:
    order_no = await sold(api, "SN-C1")
    case_no = (await open_repair(api, order_no, "SN-C1"))["case_no"]
    found = {"line_no": 1, "quantity": 1, "grade": "used", "cause": "manufacturing", "party_liable": "seller"}
    part = {"name": "灯头", "quantity": 1, "unit_price": "12.00"}
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("book_in", "warehouse", {}),
        ("lend_loaner", "agent", {"serial": "LOAN-C1", "consent": True}),
        ("confirm_fault", "warehouse", {"lines": [{**found, "disposition": "customer"}]}),
        ("plan_repair", "workshop", {"workshop": "品牌维修站", "diagnosis": "灯头松动", "items": [part]}),
        ("choose_remedy", "manager", {"remedy": "repair", "customer_agrees": True}),
        ("finish_repair", "workshop", {"report": "亮灯8小时正常"}),
    ]
    for action, role, data in steps:
        answer = await api.act(case_no, action, role, **data)
        assert answer.status_code == 200, answer.text
    table = (await api.get("/registers/repairs", params={"format": "csv"})).text.removeprefix("\ufeff")
    row = next(row for row in csv.DictReader(io.StringIO(table)) if row["case_no"] == case_no)
    assert (row["workshop"], row["state"], row["parts"], row["parts_cost"]) == (
        "品牌维修站",
        "finished",
        "1 × 灯头",
        "12.00",
    )
    assert row["report"] == "亮灯8小时正常"
    other = (await api.opened())["case_no"]
    problem = await refused(await api.act(other, "lend_loaner", "agent", serial="LOAN-C1", consent=True), 409)
    assert case_no in problem["detail"]
    loaners = (await api.get("/registers/loaners")).json()["items"]
    (lent,) = [one for one in loaners if one["serial"] == "LOAN-C1"]
    assert (lent["out"], lent["case_no"]) == (True, case_no)
    assert lent["customer"] != "王小明"  # masked
    assert (await api.act(case_no, "return_loaner", "warehouse", serial="LOAN-C1")).status_code == 200
    assert (await api.act(other, "lend_loaner", "agent", serial="LOAN-C1", consent=True)).status_code == 200
    warranties = (await api.get("/registers/warranties")).json()["items"]
    assert {"SN-C1"} <= {row["serials"] for row in warranties}


async def test_the_command_line_finds_and_issues_cards(
    service: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AFTERCARE_URL", service.url)
    monkeypatch.setenv("AFTERCARE_TOKEN", service.token)
    issue = ("warranty", "issue", "PAPER-CLI", "--sku", "LAMP-9", "--from", "2026-11-01", "--months", "6")
    assert await asyncio.to_thread(run, (*issue, "--serial", "SN-CLI")) == 0
    assert capsys.readouterr().out == "PAPER-CLI: LAMP-9, until 2027-05-01.\n"
    assert await asyncio.to_thread(run, ("warranty", "find", "--serial", "SN-CLI")) == 0
    assert "PAPER-CLI" in capsys.readouterr().out
    assert await asyncio.to_thread(run, ("warranty", "find", "--serial", "NOBODY")) == 0
    assert "No card agrees with that." in capsys.readouterr().out
    assert await asyncio.to_thread(run, ("warranty", "find")) == 1
    assert "Name a serial number" in capsys.readouterr().err
