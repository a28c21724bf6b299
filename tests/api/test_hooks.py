"""Word from outside over HTTP: kept as it came, once, and only from those who sign (L16)."""

import asyncio
import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.api.client import COURIER, SHOPS, Api, token_of
from up import Running

SAMPLES = Path(__file__).parents[2] / "imports" / "samples"


def signed(call_id: str, body: bytes, ago: timedelta = timedelta(0), secret: str = COURIER) -> dict[str, str]:
    at = datetime.now(UTC) - ago
    signature = Webhook(secret).sign(call_id, at, body.decode("utf-8", "replace"))
    stamp = str(int(at.timestamp()))
    return {"webhook-id": call_id, "webhook-timestamp": stamp, "webhook-signature": signature}


def moving(waybill: str, what: str = "moving") -> bytes:
    at = datetime.now(UTC) - timedelta(hours=1)
    return json.dumps({"data": {"events": [{"waybill": waybill, "what": what, "at": at.isoformat()}]}}).encode()


async def call(service: Running, call_id: str, body: bytes, **how: Any) -> Any:
    """A sender's call, without any token."""
    async with Api(service, None) as outside:
        return await outside.post("/hooks/courier", content=body, headers=signed(call_id, body, **how))


async def read(api: Api, hook_id: str) -> dict[str, Any]:
    """The call once the worker has read it."""
    async with asyncio.timeout(20):
        while (found := (await api.get(f"/hooks/{hook_id}")).json())["state"] == "received":
            await asyncio.sleep(0.05)
    return dict(found)


async def test_a_genuine_call_is_kept_once_and_read_by_the_worker(api: Api, service: Running):
    body = moving("YT-1")
    first, second = await call(service, "msg_1", body), await call(service, "msg_1", body)
    assert (first.status_code, first.json()["repeated"]) == (200, False)
    assert second.json() == {"id": first.json()["id"], "repeated": True}
    whole = await read(api, first.json()["id"])
    assert (whole["state"], whole["events"], whole["body"]) == ("done", 1, body.decode())
    assert "webhook-signature" not in whole["headers"]
    waybill = (await api.get("/waybills/YT-1")).json()
    assert (waybill["standing"]["what"], waybill["case_nos"]) == ("moving", [])


@pytest.mark.parametrize(
    "how", [{"ago": timedelta(minutes=6)}, {"ago": -timedelta(minutes=6)}, {"secret": "whsec_Zm9yZ2VkIHNlY3JldA=="}]
)
async def test_a_forged_or_old_call_leaves_nothing(api: Api, service: Running, how: dict[str, Any]):
    before = [row["id"] for row in await api.every("/hooks")]
    answer = await call(service, "msg_forged", moving("YT-2"), **how)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:aftercare:problem:forged")
    assert [row["id"] for row in await api.every("/hooks")] == before


async def test_more_than_a_megabyte_is_not_read(service: Running):
    answer = await call(service, "msg_huge", b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413


async def test_a_signed_call_that_is_no_json_is_kept_and_says_why_it_was_not_understood(api: Api, service: Running):
    taken = await call(service, "msg_text", b"hello")
    whole = await read(api, taken.json()["id"])
    assert whole["state"] == "unreadable"
    assert whole["words"]
    listed = await api.every("/hooks", state="unreadable", source="courier")
    assert whole["id"] in [row["id"] for row in listed]
    again = await api.post(f"/hooks/{whole['id']}/replay")
    assert again.status_code == 200
    assert (await read(api, whole["id"]))["tries"] == 2


async def test_nobody_speaks_for_people_from_outside(service: Running):
    async with Api(service, None) as outside:
        assert (await outside.post("/hooks/manual", content=b"{}")).status_code == 404


async def test_what_somebody_read_on_the_couriers_page_counts_like_the_couriers_word(api: Api, service: Running):
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    typed = {"events": [{"what": "trouble", "at": at, "words": "住户不在"}]}
    taken = (await api.post("/waybills/YT-3/events", json=typed)).json()
    await read(api, taken["id"])
    assert (await api.get("/waybills/YT-3")).json()["standing"]["words"] == "住户不在"
    assert (await api.get("/waybills/YT-NOBODY")).status_code == 404


async def test_the_list_goes_on_from_page_to_page(api: Api, service: Running):
    for number in range(3):
        await call(service, f"msg_page_{number}", moving("YT-4"))
    first = (await api.get("/hooks", params={"limit": 2})).json()
    second = (await api.get("/hooks", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    ids = [row["id"] for row in (*first["items"], *second["items"])]
    assert len(set(ids)) == len(ids) >= 3


async def test_an_agent_looks_at_no_calls_and_at_every_waybill(api: Api, service: Running):
    await read(api, (await call(service, "msg_agent", moving("YT-5"))).json()["id"])
    async with Api(service, token_of(service, "li", ["agent"])) as agent:
        assert (await agent.get("/hooks")).status_code == 403
        assert (await agent.get("/waybills/YT-5")).status_code == 200


async def test_a_delivery_said_by_a_courier_moves_its_case(api: Api, service: Running):
    case = await api.opened()
    case_no = case["case_no"]
    for action, role, data in (
        ("authorise_return", "agent", {}),
        ("ship_return", "customer", {"carrier": "yto", "waybill": f"YT-{case_no}", "freight": "12.00"}),
    ):
        actor = {"id": role, "role": role}
        envelope = {"action": action, "actor": actor, "data": data}
        assert (await api.post(f"/cases/{case_no}/commands", json=envelope)).status_code == 200
    await call(service, f"msg_{case_no}", moving(f"YT-{case_no}", "delivered"))
    async with asyncio.timeout(20):
        while True:
            entries = (await api.get(f"/cases/{case_no}/timeline")).json()["items"]
            if "record_delivery" in [entry["action"] for entry in entries]:
                break
            await asyncio.sleep(0.05)
    assert (await api.get(f"/waybills/YT-{case_no}")).json()["case_nos"] == [case_no]


async def test_an_order_that_a_storefront_tells_of_is_here_a_moment_later(api: Api, service: Running):
    told = json.loads((SAMPLES / "woocommerce.json").read_text(encoding="utf-8"))[1]
    body = json.dumps({**told, "number": "WC-728", "date_modified_gmt": "2026-11-02T12:00:00"}).encode()
    signature = base64.b64encode(hmac.new(SHOPS.encode(), body, sha256).digest()).decode()
    async with Api(service, None) as outside:
        assert (await outside.post("/hooks/woocommerce", content=b"webhook_id=3")).json()["id"] is None
        assert (await outside.post("/hooks/woocommerce", content=body)).status_code == 401
        headers = {"x-wc-webhook-signature": signature, "x-wc-webhook-topic": "order.created"}
        taken = await outside.post("/hooks/woocommerce", content=body, headers=headers)
    whole = await read(api, taken.json()["id"])
    assert (whole["state"], whole["words"]) == ("done", "Order WC-728: imported.")
    assert whole["headers"]["x-wc-webhook-topic"] == "order.created"
    assert (await api.get("/orders/WC-728")).status_code == 200
