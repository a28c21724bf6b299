"""Reports over HTTP: addresses of the cases, spreadsheets, periods, and who may read them (T13)."""

import csv
import io
from typing import Any
from xml.etree import ElementTree

import pytest

from api.documents import reports as documents
from store.oversight.reports import REPORTS
from tests.api.client import Api, token_of
from up import Running


@pytest.mark.parametrize("name", REPORTS)
async def test_every_report_is_a_document_and_a_spreadsheet(api: Api, name: str) -> None:
    await api.opened()
    answer = await api.get(f"/reports/{name}")
    assert answer.status_code == 200, answer.text
    documents.ReportShown.model_validate(answer.json())
    sheet = await api.get(f"/reports/{name}", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    numbers = sum(len(row["values"]) for part in answer.json()["sections"] for row in part["rows"])
    assert len(rows) == numbers
    for language in ("zh", "en"):
        drawn = await api.get(f"/reports/{name}", params={"format": "svg", "language": language})
        assert drawn.headers["content-type"] == "image/svg+xml"
        words = {element.text for element in ElementTree.fromstring(drawn.content).iter()}
        assert {part["title"][language] for part in answer.json()["sections"]} <= words


async def test_a_number_has_the_address_of_its_cases(api: Api) -> None:
    await api.opened()
    report = (await api.get("/reports/monthly")).json()
    (row,) = report["sections"][0]["rows"]
    answer = await api.get(row["links"]["opened"].removeprefix("/api/v1"))
    found = documents.ReportEntries.model_validate(answer.json())
    assert (found.total, len(found.items)) == (row["values"]["opened"], min(50, row["values"]["opened"]))


@pytest.mark.parametrize(
    "params",
    [
        {"month": "2026-13"},
        {"month": "0000-01"},
        {"month": "9999-12"},
        {"week": "2026-W54"},
        {"from": "2026-03-01"},
        {"from": "2026-03-02", "to": "2026-03-01"},
        {"from": "2020-01-01", "to": "2026-01-01"},
        {"month": "2026-03", "week": "2026-W10"},
        {"month": "march"},
    ],
)
async def test_a_period_that_is_none_is_refused_with_its_field(api: Api, params: dict[str, Any]) -> None:
    answer = await api.get("/reports/monthly", params=params)
    assert (answer.status_code, answer.json()["errors"][0]["field"] is not None) == (422, True), answer.text


async def test_any_days_of_the_shop_can_be_asked_for(api: Api) -> None:
    answer = await api.get("/reports/clocks", params={"from": "2026-03-01", "to": "2026-03-31"})
    assert (answer.json()["from"], answer.json()["until"]) == ("2026-03-01T00:00:00+08:00", "2026-04-01T00:00:00+08:00")


async def test_a_month_that_nothing_was_kept_of_says_so(api: Api) -> None:
    answer = await api.get("/reports/monthly", params={"month": "2001-02", "kept": True})
    assert answer.status_code == 404


async def test_managers_read_all_and_staff_their_own_sheet(service: Running) -> None:
    async with Api(service, token_of(service, "mei", ["manager"])) as manager:
        assert (await manager.get("/reports/monthly")).status_code == 200
    async with Api(service, token_of(service, "wu", ["agent"])) as agent:
        assert (await agent.get("/reports/monthly")).status_code == 403
        sheet = (await agent.get("/reports/staff")).json()["sections"][0]["rows"]
        assert {row["of"]["staff"] for row in sheet} <= {"wu"}
        own, other = ({"cell": f"opened|staff={name}"} for name in ("wu", "li"))
        assert (await agent.get("/reports/staff/cases", params=own)).status_code == 200
        assert (await agent.get("/reports/staff/cases", params=other)).status_code == 403
        assert (await agent.get("/reports/monthly/cases", params=own)).status_code == 403
    async with Api(service, token_of(service, "c", ["customer"])) as customer:
        assert (await customer.get("/reports/staff")).status_code == 403
