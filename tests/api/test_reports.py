"""Reports over HTTP: addresses of the cases, spreadsheets, periods, and who may read them (T13)."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from api.documents import reports as documents
from models import tables
from store.engine import writing
from store.oversight.reports import REPORTS
from tests.api.client import Api, refused, token_of
from up import Running

HOUR = timedelta(hours=1)


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


async def test_a_missed_clock_is_listed_and_said_why_over_http(service: Running, api: Api) -> None:
    case_no = (await api.opened(owner="li"))["case_no"]
    path = f"/breaches/{case_no}/triage/1"
    await refused(await api.put(path, json={"reason": "workload"}), 404)  # it was not missed
    due = datetime(2011, 10, 10, 4, tzinfo=UTC)
    with writing(service.engine) as session:
        here = (tables.case_clocks.c.case_no == case_no, tables.case_clocks.c.clock == "triage")
        over = {"due_at": due, "breached": True, "used_before": 40_000, "state": "met", "ended_at": due + 2 * HOUR}
        session.execute(update(tables.case_clocks).where(*here).values(**over))
    month = {"month": "2011-10", "clock": "triage", "staff": "li", "reason": "none"}
    (row,) = documents.BreachList.model_validate((await api.get("/breaches", params=month)).json()).items
    assert (row.case_no, row.cause, row.late_seconds, row.reason) == (case_no, "delay", 7200, None)
    await refused(await api.put(path, json={"reason": "laziness"}), 422)
    said = documents.BreachShown.model_validate((await api.put(path, json={"reason": "warehouse", "note": "n"})).json())
    assert (said.reason, said.note, said.late_seconds) == ("warehouse", "n", 7200)
    assert (await api.get("/breaches", params=month)).json()["total"] == 0
    await refused(await api.get("/breaches", params={"month": "2011-13"}), 422)
