"""Callbacks and schedules over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from models import tables
from models.oversight.sweeps import SWEEPS
from store.engine import reading, writing
from store.oversight import callbacks
from tests.api.client import Api, refused
from up import Running

NOW = datetime.now(UTC)


async def answered(api: Api) -> str:
    """A case that waits for its callback."""
    case = await api.opened(kind="usage_help", wanted="none", owner="li.na")
    assert (await api.act(case["case_no"], "answer", text="Press it for 3 s.", final=True)).json()[
        "state"
    ] == "resolved"
    return str(case["case_no"])


async def of_case(api: Api, case_no: str) -> dict[str, Any]:
    rows = await api.every("/callbacks", person="li.na")
    return next(row for row in rows if row["case_no"] == case_no)


def planned(service: Running, key: str, customer: str = "13800138000", **over: Any) -> str:
    """A periodic callback, as the daily sweep plans it."""
    row = {"id": key, "occasion": "two_months", "customer": customer, "person": "li.na", "state": "due"}
    with writing(service.engine) as session:
        session.execute(insert(tables.callbacks).values(**{**row, "created_at": NOW, "due_at": NOW, **over}))
    return key


async def test_a_resolved_case_is_on_the_list_with_the_hours_to_call_in(api: Api) -> None:
    one = await of_case(api, await answered(api))
    assert (one["occasion"], one["state"], one["good_hours"]) == ("after_remedy", "due", [["20:00", "21:00"]])
    assert one["timezone"] == "Asia/Shanghai"


async def test_a_cases_callback_can_be_answered_by_its_id_and_once(api: Api) -> None:
    case_no = await answered(api)
    key = (await of_case(api, case_no))["id"]
    told = {"satisfied": True, "scores": {"polite": 5, "solved": 4}, "channel": "phone"}
    first = await api.post(f"/callbacks/{key}/done", json=told)
    assert (first.status_code, first.json()["state"], first.json()["repeated"]) == (200, "answered", False)
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "closed"
    assert (await api.post(f"/callbacks/{key}/done", json=told)).json()["repeated"] is True
    await refused(await api.post(f"/callbacks/{key}/missed", json={}), 409)


async def test_a_cases_callback_that_reaches_nobody_is_tried_again(api: Api) -> None:
    case_no = await answered(api)
    key = (await of_case(api, case_no))["id"]
    first = (await api.post(f"/callbacks/{key}/missed", json={"channel": "phone", "note": "no answer"})).json()
    assert (first["state"], first["tries"]) == ("due", 1)
    for _ in range(2):
        last = (await api.post(f"/callbacks/{key}/missed", json={"channel": "message"})).json()
    assert (last["state"], last["tries"]) == ("unreachable", 3)
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "closed"


async def test_a_periodic_callback_moves_to_the_next_working_day_and_is_given_up_after_the_tries(
    service: Running, api: Api
) -> None:
    key = planned(service, f"two_months:{NOW.timestamp()}:a")
    first = (await api.post(f"/callbacks/{key}/missed", json={"channel": "phone"})).json()
    assert (first["state"], first["tries"]) == ("due", 1)
    due = datetime.fromisoformat(first["due_at"])
    assert due > NOW
    assert due.astimezone(UTC).hour == 13, "21:00 in Shanghai"
    for _ in range(2):
        last = (await api.post(f"/callbacks/{key}/missed", json={})).json()
    assert (last["state"], last["tries"]) == ("unreachable", 3)


async def test_the_answers_of_a_periodic_callback_score_who_handled_the_customer(service: Running, api: Api) -> None:
    key = planned(service, f"two_months:{NOW.timestamp()}:b", person="sun.li")
    answer = await api.post(f"/callbacks/{key}/done", json={"satisfied": True, "scores": {"competent": 3}})
    assert answer.json()["state"] == "answered"
    with reading(service.engine) as session:
        found = callbacks.scores(session, NOW - timedelta(days=1), NOW + timedelta(days=1))
    (of_sun,) = (one for one in found if one.person == "sun.li")
    assert (of_sun.surveys, of_sun.average("competent")) == (1, 3)


async def test_a_phone_number_in_place_of_an_id_is_masked(service: Running, api: Api) -> None:
    planned(service, f"two_months:{NOW.timestamp()}:c", customer="13912345678")
    text = str(await api.every("/callbacks", occasion="periodic"))
    assert "13912345678" not in text
    assert "5678" in text


async def test_who_asks_not_to_be_called_is_off_the_list(service: Running, api: Api) -> None:
    first, second = (planned(service, f"two_months:{NOW.timestamp()}:{n}", customer="c-never") for n in "de")
    done = await api.post(f"/callbacks/{first}/done", json={"satisfied": True, "no_more_calls": True})
    assert done.json()["state"] == "answered"
    assert second not in [row["id"] for row in await api.every("/callbacks", occasion="periodic")]
    again = await api.put("/customers/c-never/preferences", json={"no_calls": False})
    assert again.json() == {"customer": "c-never", "no_calls": False, "dropped": 0}


@pytest.mark.parametrize("due", ["today", "overdue", "all"])
async def test_the_list_is_narrowed_and_counted(service: Running, api: Api, due: str) -> None:
    key = planned(service, f"two_months:{NOW.timestamp()}:{due}", person=f"of.{due}")
    page = (await api.get("/callbacks", params={"due": due, "person": f"of.{due}"})).json()
    assert ([row["id"] for row in page["items"]], page["total"], page["overdue"]) == ([key], 1, 1)
    assert page["by_person"] == {f"of.{due}": 1}


async def test_a_callback_that_is_not_there_and_a_survey_that_says_nothing_are_refused(api: Api) -> None:
    await refused(await api.post("/callbacks/nobody/done", json={"satisfied": True}), 404)
    await refused(await api.post("/callbacks/nobody/done", json={}), 422)
    await refused(await api.post("/callbacks/nobody/done", json={"satisfied": True, "scores": {"polite": 6}}), 422)


async def test_up_has_scheduled_the_sweeps_and_shows_them(api: Api) -> None:
    async with asyncio.timeout(20):  # they are applied while the service is up already
        rows: list[dict[str, Any]] = [{"state": "missing"}]
        while any(row["state"] == "missing" for row in rows):
            await asyncio.sleep(0.05)
            rows = (await api.get("/schedules")).json()["items"]
    assert [row["name"] for row in rows] == list(SWEEPS)
    stuck = next(row for row in rows if row["name"] == "aftercare-stuck-sweep")
    assert stuck["runs"] == "every 15 minutes"
    assert stuck["state"] in ("waiting", "running")
    assert stuck["next_at"] is not None


async def test_a_sweep_that_has_not_run_is_told_on_the_stuck_board_and_in_the_metrics(
    service: Running, api: Api
) -> None:
    assert (await api.get("/stuck")).json()["late_sweeps"] == []
    row = {"run_id": "long ago", "sweep": "aftercare-reconcile", "details": {}}
    with writing(service.engine) as session:
        session.execute(insert(tables.sweep_runs).values(**row, started_at=NOW - timedelta(hours=3)))
    try:
        assert "aftercare-reconcile" in (await api.get("/stuck")).json()["late_sweeps"]
        metrics = (await api.get(api.root("/metrics"))).text
        assert 'aftercare_sweep_late{sweep="aftercare-reconcile"} 1' in metrics
    finally:
        with writing(service.engine) as session:
            session.execute(tables.sweep_runs.delete().where(tables.sweep_runs.c.run_id == "long ago"))
