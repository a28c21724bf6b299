"""Registers and the cost of a case over HTTP."""

from urllib.parse import quote

import pytest

from api.documents import answers as documents
from api.lookup import UNEVEN
from store.accounting.register_columns import COLUMNS
from store.accounting.registers import REGISTERS
from tests.api.client import Api


@pytest.mark.parametrize("name", ["parcels", *REGISTERS, *UNEVEN])
async def test_every_register_is_a_list_and_a_spreadsheet(api: Api, name: str) -> None:
    await api.opened()
    answer = await api.get(f"/registers/{name}")
    assert answer.status_code == 200, answer.text
    documents.Rows.model_validate(answer.json())
    sheet = await api.get(f"/registers/{name}", params={"format": "csv"})
    assert sheet.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    assert "13800138000" not in answer.text + sheet.text, "phone numbers are masked"


@pytest.mark.parametrize("name", ["parcels", *REGISTERS, *UNEVEN])
async def test_an_empty_spreadsheet_says_what_it_would_tell(api: Api, name: str) -> None:
    sheet = await api.get(f"/registers/{name}", params={"format": "csv"})
    assert sheet.text.lstrip("\ufeff").splitlines()[0] == ",".join(COLUMNS[name])


async def test_an_empty_report_has_its_columns_too(api: Api) -> None:
    sheet = await api.get("/reports/staff", params={"format": "csv", "month": "2020-01"})
    assert sheet.text.lstrip("\ufeff").splitlines()[0] == "section,of,number,value,unit,currency,cases"


async def test_an_unknown_register_names_those_that_are(api: Api) -> None:
    answer = await api.get(f"/registers/{quote('secrets')}")
    assert answer.status_code == 404
    assert all(name in answer.json()["detail"] for name in REGISTERS)


async def test_a_case_shows_what_it_has_cost(api: Api) -> None:
    case = await api.opened()
    assert case["cost"]["total"] == {"amount": "0.00", "currency": "CNY"}
    claim = await api.act(case["case_no"], "open_claim", against="courier", amount="30.00")
    assert claim.json()["cost"]["claimed"] == {"amount": "30.00", "currency": "CNY"}
    paid = await api.act(case["case_no"], "settle_claim", result="paid", amount="25.00")
    cost = documents.CaseShown.model_validate(paid.json()).cost
    assert (cost.compensation and cost.compensation.amount, cost.total and cost.total.amount) == ("25.00", "-25.00")
