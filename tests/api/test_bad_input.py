"""Bad input gets one clear answer, item by item; nothing is lost and nothing of the inside is shown."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from api.limits import DEEPEST, JSON_BYTES
from embedded import embedded_temporal
from server import make_app
from settings import Settings
from store.engine import make_engine
from tests.api.client import BOOTSTRAP, Api, an_order, refused, token_of
from up import Running


def _case(**over: Any) -> dict[str, Any]:
    return {"order_no": "KETTLE", "kind": "quality_fault", "lines": [{"line_no": 1, "quantity": 1}], **over}


# ── opening ───────────────────────────────────────────────────────────────────────────────────────

OPENINGS = [
    # what is wrong                     the request differs by                                 status  field
    ("unknown order", {"order_no": "NO-SUCH"}, 404, None),
    ("unknown kind", {"kind": "haunted"}, 422, "kind"),
    ("unknown line", {"lines": [{"line_no": 9, "quantity": 1}]}, 422, "lines.0.line_no"),
    ("a line twice", {"lines": [{"line_no": 1, "quantity": 1}] * 2}, 422, "lines.1.line_no"),
    ("more than was bought", {"lines": [{"line_no": 1, "quantity": 3}]}, 422, None),
    ("no units", {"lines": [{"line_no": 1, "quantity": 0}]}, 422, "lines.0.quantity"),
    ("minus one unit", {"lines": [{"line_no": 1, "quantity": -1}]}, 422, "lines.0.quantity"),
    ("half a unit", {"lines": [{"line_no": 1, "quantity": 0.5}]}, 422, "lines.0.quantity"),
    ("units as text", {"lines": [{"line_no": 1, "quantity": "1"}]}, 422, "lines.0.quantity"),
    ("endlessly many units", {"lines": [{"line_no": 1, "quantity": 10**30}]}, 422, "lines.0.quantity"),
    ("no lines", {"lines": []}, 422, "lines"),
    ("no order", {"order_no": None}, 422, "order_no"),
    ("unknown wish", {"wanted": "revenge"}, 422, "wanted"),
    ("unknown severity", {"severity": "apocalyptic"}, 422, "severity"),
    ("a misspelt field", {"descripton": "leaks"}, 422, "descripton"),
    ("a bell in the text", {"description": "ding\x07"}, 422, "description"),
    ("a NUL in the name", {"contact": {"name": "王\x00明"}}, 422, "contact.name"),
    ("text without end", {"description": "壶" * 5001}, 422, "description"),
    ("a list for the order", {"order_no": ["KETTLE"]}, 422, "order_no"),
    ("a NUL in the order number", {"order_no": "KETTLE\x00"}, 422, "order_no"),
]


@pytest.mark.parametrize(("over", "status", "field"), [row[1:] for row in OPENINGS], ids=[row[0] for row in OPENINGS])
async def test_a_case_that_cannot_be_opened(api: Api, over: dict[str, Any], status: int, field: str | None) -> None:
    order = await api.sold()
    problem = await refused(await api.post("/cases", json={**_case(order_no=order["order_no"]), **over}), status)
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]]
    listed = (await api.get("/cases", params={"order_no": order["order_no"]})).json()
    assert listed["items"] == []


async def test_a_second_open_case_for_the_same_units_names_the_first(api: Api) -> None:
    order = await api.sold()
    first = await api.opened(order_no=order["order_no"], lines=[{"line_no": 1, "quantity": 2}])
    again = await api.post("/cases", json=_case(order_no=order["order_no"]))
    problem = await refused(again, 409)
    assert first["case_no"] in json.dumps(problem)


async def test_a_key_for_another_request_is_a_conflict(api: Api) -> None:
    order = await api.sold()
    heading = {"Idempotency-Key": f"key of {order['order_no']}"}
    one, two = _case(order_no=order["order_no"]), _case(order_no=order["order_no"], wanted="repair")
    assert (await api.post("/cases", json=one, headers=heading)).status_code == 201
    await refused(await api.post("/cases", json=two, headers=heading), 409)


@pytest.mark.parametrize("key", ["", "x" * 201, "\xe4\xe9", "a\tb"])
async def test_a_key_that_is_none(api: Api, key: str) -> None:
    heading = {b"Idempotency-Key": key.encode("latin-1")}
    await refused(await api.post("/cases", json=_case(), headers=heading), 422, "invalid")


# ── orders ────────────────────────────────────────────────────────────────────────────────────────

ORDERS = [
    ("minus money", {"postage": "-1.00"}, "postage"),
    ("float money", {"postage": 10.0}, "postage"),
    ("whole-number money", {"postage": 10}, "postage"),
    ("huge money", {"postage": "9" * 40}, "postage"),
    ("finer than the currency", {"postage": "10.001"}, "postage"),
    ("money in words", {"postage": "ten"}, "postage"),
    ("Arabic digits", {"postage": "١٠"}, "postage"),
    ("unknown currency", {"currency": "XQX"}, "currency"),
    ("a day that is none", {"placed_at": "2026-02-30T10:00:00+08:00"}, "placed_at"),
    ("a time without offset", {"placed_at": "2026-11-02T10:15:00"}, "placed_at"),
    ("seconds since 1970", {"placed_at": 1770000000}, "placed_at"),
    ("the year 9999", {"placed_at": "9999-12-31T23:59:59-23:59"}, "placed_at"),
    ("no lines", {"lines": []}, "lines"),
    ("half a unit", {"lines": [{"line_no": 1, "sku": "K", "unit_price": "1", "quantity": 0.5}]}, "lines.0.quantity"),
    ("another number than the address", {"order_no": "OTHER"}, "order_no"),
    ("a bell in the name", {"customer": {"name": "\x07"}}, "customer.name"),
    ("an unknown field", {"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("over", "field"), [row[1:] for row in ORDERS], ids=[row[0] for row in ORDERS])
async def test_an_order_that_cannot_be_taken(api: Api, over: dict[str, Any], field: str) -> None:
    order = an_order()
    number = order["order_no"]
    problem = await refused(await api.put(f"/orders/{number}", json={**order, **over}), 422)
    assert [error["field"] for error in problem["errors"]] == [field]
    await refused(await api.get(f"/orders/{number}"), 404, "not-found")


PREVIEWS = [
    ("unknown line", {"lines": [{"line_no": 7, "quantity": 1}]}, "lines.0.line_no"),
    ("a line twice", {"lines": [{"line_no": 1, "quantity": 1}] * 2}, "lines.1.line_no"),
    ("more than was bought", {"lines": [{"line_no": 1, "quantity": 3}]}, "lines.0.quantity"),
    ("float freight", {"return_freight": 12.5}, "return_freight"),
    ("minus freight", {"return_freight": "-12.00"}, "return_freight"),
    ("huge freight", {"return_freight": "9" * 14}, "return_freight"),
    ("unknown remedy", {"remedy": "magic"}, "remedy"),
    ("unknown party", {"party_liable": "the moon"}, "party_liable"),
    ("unknown kind", {"kind": "the moon"}, "kind"),
    ("unknown subcategory", {"kind": "quality_fault", "subcategory": "the moon"}, "subcategory"),
]


@pytest.mark.parametrize(("over", "field"), [row[1:] for row in PREVIEWS], ids=[row[0] for row in PREVIEWS])
async def test_a_preview_that_cannot_be_made(api: Api, over: dict[str, Any], field: str) -> None:
    order = await api.sold()
    ask = {"lines": [{"line_no": 1, "quantity": 1}], "remedy": "refund", **over}
    problem = await refused(await api.post(f"/orders/{order['order_no']}/refund-preview", json=ask), 422)
    assert field in [error["field"] for error in problem["errors"]]


async def test_that_nothing_is_allowed_now_is_told_too(api: Api) -> None:
    case = await api.opened()
    problem = await refused(await api.act(case["case_no"], "record_delivery", "courier", outcome="delivered"), 409)
    assert problem["allowed_actions"] == []


async def test_a_file_that_is_no_table(api: Api) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
    answer = await api.post("/orders/import", content=picture, headers={"Content-Type": "application/octet-stream"})
    assert 400 <= answer.status_code < 500
    await refused(answer, answer.status_code)
    csv = {"Content-Type": "text/csv"}
    await refused(await api.post("/orders/import?format=stone-tablet", content=b"a,b\n", headers=csv), 422)
    await refused(await api.post("/orders/import", content=b"", headers=csv), 422)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"--x\r\n", 400),  # without a boundary
        ("multipart/form-data; boundary=x", b"nothing of the kind", 400),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 422),  # without a file
        ("application/json", b"{}", 422),  # the format of no name has columns
        ("application/pdf", b"%PDF", 415),
        ("image/png", b"\x89PNG", 415),
    ],
)
async def test_an_upload_that_is_none(api: Api, kind: str, body: bytes, status: int) -> None:
    await refused(await api.post("/orders/import", content=body, headers={"Content-Type": kind}), status)


# ── commands ──────────────────────────────────────────────────────────────────────────────────────

CHEN = {"id": "chen", "role": "manager"}
LINE_9 = {"line_no": 9, "quantity": 1}
COMMANDS: list[tuple[str, Any, int]] = [
    ("no object", ["note"], 400),
    ("nothing in it", {}, 400),
    ("unknown action", {"action": "explode"}, 400),
    ("unknown role", {"action": "note", "actor": {"id": "x", "role": "wizard"}}, 400),
    ("a role that is no text", {"action": "note", "actor": {"id": "x", "role": {"a": 1}}}, 400),
    ("an actor that is no object", {"action": "note", "actor": "li"}, 400),
    ("an actor without end", {"action": "note", "actor": {"id": "l" * 201, "role": "agent"}}, 400),
    ("data that is no object", {"action": "note", "data": "hello"}, 400),
    ("a command id that is no text", {"action": "note", "command_id": 7, "data": {"note": "x"}}, 400),
    ("not by this role", {"action": "book_in", "actor": {"id": "wang", "role": "customer"}}, 403),
    ("not in this state", {"action": "ship_replacement", "data": {"carrier": "SF", "waybill": "1"}}, 409),
    ("without its data", {"action": "note"}, 422),
    ("with unknown data", {"action": "note", "data": {"note": "x", "colour": "red"}}, 422),
    ("a bell in a note", {"action": "note", "data": {"note": "\x07"}}, 422),
    ("float money", {"action": "make_offer", "data": {"amount": 12.5}}, 422),
    ("minus money", {"action": "make_offer", "data": {"amount": "-12.50"}}, 422),
    ("huge money", {"action": "make_offer", "data": {"amount": "9" * 14}}, 422),
    ("finer than the currency", {"action": "make_offer", "data": {"amount": "1.001"}}, 422),
    ("unknown remedy", {"action": "choose_remedy", "data": {"remedy": "magic"}}, 422),
    ("unknown line", {"action": "choose_remedy", "data": {"remedy": "refund", "lines": [LINE_9]}}, 422),
    ("unknown state", {"action": "correct", "actor": CHEN, "data": {"to_state": "limbo", "reason": "x"}}, 422),
    ("a link to nowhere", {"action": "link", "data": {"order_no": "NO-SUCH"}}, 422),
    ("a link to no case", {"action": "link", "data": {"case_no": "NO-SUCH"}}, 422),
    ("a date without offset", {"action": "snooze", "data": {"until": "2026-12-01T10:00:00", "reason": "x"}}, 422),
    ("a date that is none", {"action": "snooze", "data": {"until": "tomorrow", "reason": "x"}}, 422),
]  # fmt: skip


@pytest.mark.parametrize(("envelope", "status"), [row[1:] for row in COMMANDS], ids=[row[0] for row in COMMANDS])
async def test_a_command_that_is_refused_changes_nothing(api: Api, envelope: Any, status: int) -> None:
    before = await api.opened()
    address = f"/cases/{before['case_no']}/commands"
    problem = await refused(await api.post(address, json=envelope), status)
    if status == 409:
        assert "note" in problem["allowed_actions"]
    after = (await api.get(f"/cases/{before['case_no']}")).json()
    assert (after["version"], after["state"]) == (before["version"], before["state"])


async def test_a_closed_case_takes_only_what_opens_it_again_or_settles_what_is_owed(api: Api) -> None:
    case = await api.opened()
    assert (await api.act(case["case_no"], "reject", reason="买家弄错了店铺")).json()["state"] == "rejected"
    problem = await refused(await api.act(case["case_no"], "authorise_return"), 409, "state-refused")
    assert problem["allowed_actions"] == ["reopen", "waive_receivable", "open_claim", "settle_claim"]
    nothing = await api.act(case["case_no"], "waive_receivable", reason="算了")
    assert "owes us nothing" in (await refused(nothing, 409, "rule-refused"))["detail"]
    assert (await api.act(case["case_no"], "reopen", reason="确实是本店的")).json()["state"] == "requested"


@pytest.mark.parametrize("number", ["NO-SUCH", "%00", "%0a", "%ff", "..%2f..", "x" * 101, "👻", "' OR 1=1 --"])
async def test_a_case_that_does_not_exist(api: Api, number: str) -> None:
    await refused(await api.get(f"/cases/{number}"), 404)
    await refused(await api.get(f"/cases/{number}/timeline"), 404)
    await refused(await api.post(f"/cases/{number}/commands", json={"action": "take"}), 404)
    await refused(await api.get(f"/orders/{number}"), 404)
    await refused(await api.post(f"/payouts/{number}/paid", json={"reference": "A-1"}), 404)


async def test_refusals_come_in_the_order_of_the_contract(service: Running, api: Api) -> None:
    case = await api.opened()
    here, nowhere = f"/cases/{case['case_no']}/commands", "/cases/NO-SUCH/commands"
    broken, denied = {"action": "explode"}, {"action": "approve", "actor": {"id": "x", "role": "manager"}}
    async with Api(service, None) as stranger, Api(service, token_of(service, "zhao", ["warehouse"])) as warehouse:
        await refused(await stranger.post(nowhere, json=broken), 401)
        await refused(await warehouse.post(nowhere, json=broken), 400)
        await refused(await warehouse.post(nowhere, json=denied), 404)
        await refused(await warehouse.post(here, json=denied), 403)
        not_now = {"action": "ship_back", "data": {"nonsense": True}}
        await refused(await warehouse.post(here, json=not_now), 409)
        await refused(await warehouse.post(here, json={"action": "note", "data": {"nonsense": True}}), 422)


# ── queries ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/cases?state=limbo", "state"),
        ("/cases?stage=limbo", "stage"),
        ("/cases?severity=huge", "severity"),
        ("/cases?stuck=in+the+mud", "stuck"),
        ("/cases?overdue=perhaps", "overdue"),
        ("/cases?sort=colour", "sort"),
        ("/cases?limit=0", "limit"),
        ("/cases?limit=201", "limit"),
        ("/cases?limit=1e9", "limit"),
        ("/cases?escalation=99999999999999999999", "escalation"),
        ("/cases?cursor=rubbish", "cursor"),
        ("/cases?q=%00", "q"),
        ("/cases?kind=%00", "kind"),
        ("/stuck?reason=boredom", "reason"),
        ("/stuck?cursor=rubbish", "cursor"),
        ("/payouts?state=lost", "state"),
        ("/payouts?cursor=rubbish", "cursor"),
        ("/claims?awaits=lost", "awaits"),
        ("/claims?cursor=rubbish", "cursor"),
        ("/cases/X/timeline?cursor=-1", "cursor"),
        ("/registers/refunds?format=pdf", "format"),
        ("/lifecycle?format=opera", "format"),
    ],
)
async def test_a_query_that_cannot_be_read(api: Api, address: str, field: str) -> None:
    problem = await refused(await api.get(address), 422, "invalid")
    assert any(error["field"].split(".")[0] == field for error in problem["errors"])


@pytest.mark.parametrize(
    "address", ["/registers/secrets", "/reports/secrets", "/playbooks/haunted", "/nowhere", "/cases/"]
)
async def test_what_is_not_there(api: Api, address: str) -> None:
    await refused(await api.get(address), 404, "not-found")


async def test_a_method_that_is_not_there_says_which_are(api: Api) -> None:
    answer = await api.delete("/cases/X")
    await refused(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


async def test_a_hook_of_nobody_is_not_read(api: Api) -> None:
    await refused(await api.post("/hooks/taobao", content=b"\x00" * 10), 404)


# ── bodies ────────────────────────────────────────────────────────────────────────────────────────

BODIES = [
    ("nothing", b"", 400),
    ("no JSON", b"{order", 400),
    ("cut off", b'{"action": "no', 400),
    ("not UTF-8", b'{"action": "\xff\xfe"}', 400),
    ("NaN", b'{"action": NaN}', 400),
    ("Infinity", b'{"action": -Infinity}', 400),
    ("a number without end", b'{"action": ' + b"9" * 5000 + b"}", 400),
    ("a number beyond all", b'{"action": 1e999}', 400),
    ("a name twice", b'{"action": "take", "action": "close"}', 400),
    ("half a character", rb'{"action": "\ud83d"}', 400),
    ("half a character as a name", rb'{"\udc00": 1}', 400),
    ("deep lists", b"[" * 100_000 + b"]" * 100_000, 400),
    ("deep objects", b'{"a":' * 5000 + b"1" + b"}" * 5000, 400),
    ("a little too deep", b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), 400),
    ("null", b"null", 400),
    ("over the limit", b'{"action": "' + b"x" * JSON_BYTES + b'"}', 413),
]


@pytest.mark.parametrize(("body", "status"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
async def test_a_body_that_cannot_be_read(api: Api, body: bytes, status: int) -> None:
    json_type = {"Content-Type": "application/json"}
    await refused(await api.post("/cases/NO-SUCH/commands", content=body, headers=json_type), status)
    if body != b"null":
        await refused(await api.post("/cases", content=body, headers=json_type), status)


async def test_a_body_in_pieces_is_stopped_at_the_limit_too(api: Api) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"[" * 64 * 1024

    answer = await api.post("/cases", content=pieces(), headers={"Content-Type": "application/json"})
    await refused(answer, 413, "too-large")
    assert (await api.get("/playbooks")).status_code == 200


async def test_an_import_over_its_limit_is_refused_before_it_is_read(api: Api) -> None:
    headings = {"Content-Type": "text/csv", "Content-Length": str(201 * 1024 * 1024)}
    request = api.build_request("POST", "/orders/import", content=b"x", headers=headings)
    reader, writer = await asyncio.open_connection(request.url.host, request.url.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    writer.write(f"POST {request.url.raw_path.decode()} HTTP/1.1\r\n{head}\r\n".encode())
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "rubbish"])
async def test_json_is_sent_as_json(api: Api, kind: str) -> None:
    await refused(await api.post("/cases", content=b"{}", headers={"Content-Type": kind}), 415, "wrong-content-type")


async def test_json_of_a_finer_type_and_with_a_byte_order_mark_is_read(api: Api) -> None:
    headings = {"Content-Type": "application/vnd.shop+json; charset=utf-8"}
    body = b"\xef\xbb\xbf" + json.dumps(_case(order_no="NO-SUCH")).encode()
    await refused(await api.post("/cases", content=body, headers=headings), 404)


# ── something is away ─────────────────────────────────────────────────────────────────────────────


async def test_while_temporal_is_away_an_opening_is_safe_to_repeat(
    service: Running, api: Api, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order = await api.sold()
    ask, key = _case(order_no=order["order_no"]), {"Idempotency-Key": order["order_no"]}
    async with embedded_temporal(tmp_path, 0) as server:
        away = server.client
    async with _app_on(away, service.engine.url.render_as_string(), service) as broken:
        answer = await broken.post("/api/v1/cases", json=ask, headers=key)
        await refused(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "5"
        await refused(await broken.get("/readyz"), 503)
    gc.collect()
    assert "never retrieved" not in caplog.text
    repeated = await api.post("/cases", json=ask, headers=key)
    assert repeated.status_code == 200
    taken = await api.act(repeated.json()["case_no"], "take")
    assert taken.status_code == 200


async def test_while_the_database_is_away_nothing_of_it_is_shown(service: Running, tmp_path: Path) -> None:
    async with _app_on(service.client, f"sqlite:///{tmp_path}/gone/aftercare.db", service) as broken:
        for answer in (await broken.get("/api/v1/cases"), await broken.get("/readyz")):
            await refused(answer, 503, "unavailable")
            assert answer.headers["retry-after"] == "5"
        assert (await broken.get("/healthz")).status_code == 200
        wrong = await broken.get("/api/v1/cases", headers={"Authorization": "Bearer act_x_y"})
        await refused(wrong, 503, "unavailable")


async def test_what_nobody_expected_shows_nothing(service: Running, caplog: pytest.LogCaptureFixture) -> None:
    database = service.engine.url.render_as_string()
    async with _app_on(service.client, database, service, broken_desk=True) as broken:
        answer = await broken.get("/api/v1/cases")
        problem = await refused(answer, 500, "internal")
        assert "zebra" not in json.dumps(problem)
    assert "zebra" in caplog.text


def _app_on(client: Client, database: str, service: Running, broken_desk: bool = False) -> httpx.AsyncClient:
    settings = Settings(bootstrap_token=BOOTSTRAP)
    app = make_app(settings, client, make_engine(database), service.playbooks)
    if broken_desk:

        async def escaped(*_args: Any) -> None:
            raise LookupError("a zebra in the china shop")

        app.state.desk.cases = escaped
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1))
    headings = {"Authorization": f"Bearer {BOOTSTRAP}"}
    return httpx.AsyncClient(transport=transport, base_url="http://aftercare", headers=headings, timeout=60)


@pytest.mark.parametrize(
    ("path", "query", "named", "known"),
    [
        ("/cases", {"stat": "requested"}, "stat", "state"),
        ("/stuck", {"reason": "overdue", "at_steak": "5.00"}, "at_steak", "at_stake"),
        ("/schedules", {"late": "yes"}, "late", "none here"),
    ],
)
async def test_a_query_parameter_that_is_none_is_named_with_those_there_are(
    api: Api, path: str, query: dict[str, str], named: str, known: str
) -> None:
    """A misspelt filter must not look as if it had found everything."""
    answer = await api.get(path, params=query)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["errors"][0]["field"] == named
    assert known in problem["detail"]


async def test_what_was_not_escalated_is_not_acknowledged(api: Api) -> None:
    case = await api.opened()
    answer = await api.act(case["case_no"], "acknowledge")
    assert "nothing to acknowledge" in (await refused(answer, 409))["detail"]
