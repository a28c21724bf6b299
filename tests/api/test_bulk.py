"""What is stuck, and one action on many cases, over HTTP (T12)."""

import asyncio
from typing import Any

import pytest

from api.documents import answers as documents
from api.documents import bulk as bulk_documents
from tests.api.client import Api, token_of
from up import Running

CHEN = {"id": "chen", "role": "manager"}


async def ended(api: Api, bulk_id: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while not (found := (await api.get(f"/bulk/{bulk_id}")).json())["ended_at"]:
            await asyncio.sleep(0.05)
    bulk_documents.BulkDetail.model_validate(found)
    return dict(found)


async def test_a_stuck_case_says_why_in_both_languages(api: Api) -> None:
    case = await api.opened()
    listed = documents.StuckList.model_validate((await api.get("/stuck", params={"reason": "no_owner"})).json())
    rows = await api.every("/stuck", reason="no_owner", sort="age")
    (mine,) = [row for row in rows if row["case_no"] == case["case_no"]]
    (why,) = [one for one in mine["why"] if one["reason"] == "no_owner"]
    assert why["en"].startswith("Nobody has owned it for ")
    assert "无人负责" in why["zh"]
    assert listed.by_reason["no_owner"] == listed.total


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"at_stake": "129.00"}, True),
        ({"at_stake": "129.01"}, False),
        ({"older_than_days": 1}, False),
        ({"older_than_days": 0}, True),
        ({"kind": "complaint"}, False),
    ],
)
async def test_the_list_is_narrowed(api: Api, asked: dict[str, Any], found: bool) -> None:
    case = await api.opened()
    rows = await api.every("/stuck", **asked, reason="no_owner", sort="at_stake")
    assert (case["case_no"] in [row["case_no"] for row in rows]) is found


async def test_many_cases_are_acted_on_in_the_name_of_whoever_asked(api: Api) -> None:
    first, second = await api.opened(), await api.opened()
    numbers = [first["case_no"], second["case_no"], "AC-26-999999"]
    ask = {"action": "reassign", "data": {"to": "wang.fang"}, "case_nos": numbers, "reason": "holiday", "actor": CHEN}
    begun = await api.post("/bulk", json=ask)
    assert begun.status_code == 202, begun.text
    done = await ended(api, begun.json()["id"])
    assert (done["state"], done["actor"], done["counts"]["done"]) == ("done", CHEN, 2)
    assert [item["state"] for item in done["items"]] == ["done", "done", "refused"]
    entries = (await api.get(f"/cases/{numbers[0]}/timeline")).json()["items"]
    assert [entry["actor"]["id"] for entry in entries if entry["action"] == "assign"] == ["chen"]
    assert done["id"] in [row["id"] for row in await api.every("/bulk")]
    stopped = await api.post(f"/bulk/{done['id']}/stop")
    assert stopped.json()["state"] == "done"


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        ({"action": "reassign", "case_nos": ["AC-1"], "reason": "r"}, 422),
        ({"action": "approve", "case_nos": ["AC-1"], "reason": "r"}, 422),
        ({"action": "remind", "case_nos": [], "reason": "r"}, 422),
        ({"action": "remind", "reason": "r"}, 422),
        ({"action": "remind", "case_nos": ["AC-1"], "filter": {}, "reason": "r"}, 422),
        ({"action": "remind", "filter": {"reason": ["tired"]}, "reason": "r"}, 422),
        ({"action": "remind", "case_nos": ["AC-1"]}, 422),
        ({"action": "close", "case_nos": ["AC-1"], "reason": "r", "actor": {"id": "li", "role": "agent"}}, 403),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_it_begins(api: Api, ask: dict[str, Any], status: int) -> None:
    assert (await api.post("/bulk", json=ask)).status_code == status


async def test_a_supervisor_does_in_bulk_what_a_supervisor_may_do(service: Running, api: Api) -> None:
    case = await api.opened()
    ask = {"case_nos": [case["case_no"]], "reason": "strike"}
    async with Api(service, token_of(service, "sun", ["supervisor"])) as sun:
        refused = await sun.post("/bulk", json={**ask, "action": "extend", "data": {"by_seconds": 60}})
        begun = await sun.post("/bulk", json={**ask, "action": "remind"})
        as_chen = await sun.post("/bulk", json={**ask, "action": "remind", "actor": CHEN})
    assert (refused.status_code, begun.status_code, as_chen.status_code) == (403, 202, 403)
    assert (await ended(api, begun.json()["id"]))["actor"] == {"id": "sun", "role": "supervisor"}


async def test_a_repeat_with_the_same_key_is_the_same_bulk(api: Api) -> None:
    case = await api.opened()
    ask = {"action": "escalate", "case_nos": [case["case_no"]], "reason": "strike"}
    answers = [await api.post("/bulk", json=ask, headers={"Idempotency-Key": "monday-1"}) for _ in range(2)]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    other = await api.post("/bulk", json={**ask, "reason": "another"}, headers={"Idempotency-Key": "monday-1"})
    assert other.status_code == 409


async def test_an_unknown_bulk_is_not_found(api: Api) -> None:
    assert (await api.get("/bulk/B-none")).status_code == 404
    assert (await api.post("/bulk/B-none/stop")).status_code == 404
