"""Word to other programs over HTTP and by the command line, with the worker of the service telling a real receiver."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from standardwebhooks import Webhook

from tests.activities.webhooks.program import Program, program
from tests.api.client import Api, refused, token_of
from up import Running


@pytest_asyncio.fixture
async def there() -> AsyncIterator[Program]:
    with program() as found:
        yield found


async def added(api: Api, there: Program, **more: Any) -> dict[str, Any]:
    answer = await api.post("/webhooks", json={"url": there.url, "note": "bookkeeping", **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def ended(api: Api, delivery_id: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while (found := (await api.get(f"/deliveries/{delivery_id}")).json())["state"] == "waiting":
            await asyncio.sleep(0.05)
    return dict(found)


async def test_a_program_that_is_added_is_told_what_happens_and_its_secret_is_shown_once(api: Api, there: Program):
    endpoint = await added(api, there, events=["case.opened"])
    try:
        for shown in ((await api.get("/webhooks")).text, (await api.get(f"/webhooks/{endpoint['id']}")).text):
            assert endpoint["secret"] not in shown
        case = await api.opened()
        async with asyncio.timeout(20):
            while not there.got:
                await asyncio.sleep(0.05)
        headers, body = there.got[0]
        told = Webhook(endpoint["secret"]).verify(body.decode(), headers)
        assert (told["type"], told["data"]["case_no"]) == ("case.opened", case["case_no"])
        [row] = (await api.get(f"/webhooks/{endpoint['id']}/deliveries")).json()["items"]
        whole = await ended(api, row["id"])
        assert (whole["state"], whole["body"]) == ("delivered", body.decode())
        again = (await api.post(f"/deliveries/{row['id']}/replay")).json()
        assert (again["state"], again["tries"]) == ("waiting", 0)
        await ended(api, row["id"])
        assert there.ids == [headers["webhook-id"]] * 2
    finally:
        assert (await api.delete(f"/webhooks/{endpoint['id']}")).status_code == 200


async def test_a_test_is_sent_whatever_is_wanted_and_one_that_is_gone_is_switched_off(api: Api, there: Program):
    endpoint = await added(api, there, events=["payout.paid"])
    path = f"/webhooks/{endpoint['id']}"
    try:
        first = (await api.post(f"{path}/ping")).json()
        assert (await ended(api, first["id"]))["state"] == "delivered"
        there.status = 410
        second = (await api.post(f"{path}/ping")).json()
        assert (await ended(api, second["id"]))["state"] == "given_up"
        assert (await api.get(path)).json()["state"] == "off"
        await refused(await api.post(f"{path}/ping"), 409)
        there.status = 200
        assert (await api.post(f"{path}/enable")).json()["state"] == "active"
        assert (await api.post(f"{path}/replay", json={})).json() == {"replayed": 1}
        assert (await ended(api, second["id"]))["state"] == "delivered"
        rotated = (await api.post(f"{path}/rotate", json={"hours": 1})).json()
        assert rotated["secret"] != endpoint["secret"]
        assert rotated["old_secret_until"]
    finally:
        await api.delete(path)
    await refused(await api.get(path), 404)


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://li:secret@example.com/"}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https://example.com/", "events": ["case.exploded"]}, "events"),
        ({"url": "https://example.com/", "secret": "mine"}, "secret"),
        ({}, "url"),
    ],
)
async def test_what_cannot_be_told_is_refused_by_its_field(api: Api, ask: dict[str, Any], field: str):
    problem = await refused(await api.post("/webhooks", json=ask), 422)
    assert any(field in one["field"] for one in problem["errors"]), problem


async def test_the_same_address_is_told_once_and_an_endpoint_can_be_changed(api: Api, there: Program):
    endpoint = await added(api, there)
    path = f"/webhooks/{endpoint['id']}"
    try:
        await refused(await api.post("/webhooks", json={"url": there.url}), 409)
        changed = await api.put(path, json={"url": there.url + "/2", "events": ["case.closed"], "note": "n"})
        assert (changed.json()["url"], changed.json()["events"]) == (there.url + "/2", ["case.closed"])
    finally:
        await api.delete(path)


async def test_only_managers_and_machines_say_who_is_told(service: Running):
    async with Api(service, token_of(service, "li", ["agent"])) as agent:
        for answer in (await agent.get("/webhooks"), await agent.post("/webhooks", json={"url": "https://a.example"})):
            await refused(answer, 403)
