"""The main job over HTTP: from an order to a paid refund, and everything that can be read on the way."""

import csv
import io
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel

import api.documents
from api.documents import accounting
from api.documents import answers as documents
from api.documents.goods import ScannedShown
from api.routes.reference import openapi_of
from server import make_app
from settings import Settings
from tests.api.client import KETTLE_LOOKED_AT, Api, an_order, token_of
from up import Running


async def _driven_to_refunding(api: Api) -> dict[str, Any]:
    case = await api.opened()
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("authorise_return", "agent", {}),
        ("ship_return", "customer", {"carrier": "SF", "waybill": f"SF{case['case_no']}", "freight": "12.00"}),
        ("book_in", "warehouse", {}),
        ("confirm_fault", "warehouse", {"lines": [KETTLE_LOOKED_AT]}),
        ("choose_remedy", "agent", {"remedy": "refund"}),
    ]
    for action, role, data in steps:
        answer = await api.act(case["case_no"], action, role, **data)
        assert answer.status_code == 200, f"{action}: {answer.text}"
        case = answer.json()
    return case


async def test_a_broken_kettle_is_sent_back_refunded_and_closed(api: Api) -> None:
    case = await _driven_to_refunding(api)
    assert case["state"] == "refunding"
    assert case["money"]["refund"]["currency"] == "CNY"

    queue = (await api.get("/payouts", params={"case_no": case["case_no"], "state": "approved,planned"})).json()
    assert queue["items"]
    for payout in queue["items"]:
        paid = await api.post(f"/payouts/{payout['id']}/paid", json={"reference": f"ALI-{payout['purpose']}"})
        assert paid.status_code == 200, paid.text
        assert accounting.PayoutShown.model_validate(paid.json()).state == "done"
        again = await api.post(f"/payouts/{payout['id']}/paid", json={"reference": f"ALI-{payout['purpose']}"})
        assert again.status_code == 200

    closed = await api.act(case["case_no"], "complete_callback", satisfied=True)
    assert closed.json()["state"] == "closed"
    timeline = documents.Timeline.model_validate((await api.get(f"/cases/{case['case_no']}/timeline")).json())
    assert [entry.seq for entry in timeline.items] == sorted(entry.seq for entry in timeline.items)


async def test_every_document_is_as_the_reference_says(api: Api) -> None:
    order = await api.sold()
    number = order["order_no"]
    case = await api.opened(order_no=number)
    shown: list[tuple[str, type[documents.Shown] | type[documents.OrderShown]]] = [
        (f"/orders/{number}", documents.OrderShown),
        (f"/cases/{case['case_no']}", documents.CaseShown),
        (f"/cases?order_no={number}", documents.CaseList),
        (f"/cases/{case['case_no']}/timeline", documents.Timeline),
        ("/stuck", documents.StuckList),
        ("/payouts", accounting.PayoutList),
        ("/claims", accounting.ClaimList),
        ("/lifecycle", documents.LifecycleShown),
        ("/playbooks", documents.Rows),
        ("/calendars", documents.Rows),
        ("/playbooks/quality_fault", documents.PlaybookShown),
        ("/registers/refunds", documents.Rows),
    ]
    for address, document in shown:
        answer = await api.get(address)
        assert answer.status_code == 200, f"{address}: {answer.text}"
        document.model_validate(answer.json())


async def test_what_was_shown_is_what_is_done(api: Api) -> None:
    order = await api.sold()
    ask = {"lines": [{"line_no": 1, "quantity": 1}], "remedy": "refund", "party_liable": "seller"}
    answer = await api.post(f"/orders/{order['order_no']}/refund-preview", json=ask)
    preview = documents.PreviewShown.model_validate(answer.json())
    assert (preview.currency, preview.goods) == ("CNY", "129.00")
    assert preview.rule.startswith("F3")


async def test_an_order_can_be_sent_back_just_as_it_was_got(api: Api) -> None:
    number = (await api.sold())["order_no"]
    await api.opened(order_no=number)
    got = (await api.get(f"/orders/{number}")).json()
    assert (await api.put(f"/orders/{number}", json=got)).json() == {"order_no": number, "result": "unchanged"}


async def test_the_same_order_twice_is_unchanged_and_a_newer_one_updated(api: Api) -> None:
    order = an_order()
    sent = [await api.put(f"/orders/{order['order_no']}", json=order) for _ in range(2)]
    assert [answer.json()["result"] for answer in sent] == ["imported", "unchanged"]
    newer = {**order, "customer": {"name": "王大明"}}
    assert (await api.put(f"/orders/{order['order_no']}", json=newer)).json()["result"] == "updated"


async def test_an_order_number_may_hold_a_slash(api: Api) -> None:
    order = an_order(order_no="2026/11/0017")
    assert (await api.put("/orders/2026%2F11%2F0017", json=order)).status_code == 200
    assert (await api.get("/orders/2026%2F11%2F0017")).json()["order_no"] == "2026/11/0017"
    ask = {"lines": [{"line_no": 1, "quantity": 1}], "remedy": "refund"}
    assert (await api.post("/orders/2026%2F11%2F0017/refund-preview", json=ask)).status_code == 200


async def test_the_same_idempotency_key_answers_the_same_case(api: Api) -> None:
    order = await api.sold()
    ask = {"order_no": order["order_no"], "kind": "quality_fault", "lines": [{"line_no": 1, "quantity": 1}]}
    first = await api.post("/cases", json=ask, headers={"Idempotency-Key": f"web-{order['order_no']}"})
    again = await api.post("/cases", json=ask, headers={"Idempotency-Key": f"web-{order['order_no']}"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["case_no"] == again.json()["case_no"]
    assert first.headers["location"] == again.headers["location"] == f"/api/v1/cases/{first.json()['case_no']}"


async def test_the_same_command_id_has_one_effect(api: Api) -> None:
    case = await api.opened()
    command = {"action": "note", "command_id": "n-1", "data": {"note": "客户下班后才方便接电话"}}
    answers = [await api.post(f"/cases/{case['case_no']}/commands", json=command) for _ in range(2)]
    assert [answer.json().get("repeated", False) for answer in answers] == [False, True]
    entries = (await api.get(f"/cases/{case['case_no']}/timeline")).json()["items"]
    assert [entry["action"] for entry in entries].count("note") == 1


async def test_lists_are_read_page_by_page(api: Api) -> None:
    order = await api.sold(lines=[{"line_no": 1, "sku": "CUP", "unit_price": "9.00", "quantity": 5}], payments=[])
    opened = {(await api.opened(order_no=order["order_no"]))["case_no"] for _ in range(5)}
    found: list[str] = []
    wanted: dict[str, Any] = {"order_no": order["order_no"], "limit": 2, "sort": "opened_at"}
    while True:
        page = (await api.get("/cases", params=wanted)).json()
        found += [case["case_no"] for case in page["items"]]
        if page["next_cursor"] is None:
            break
        wanted["cursor"] = page["next_cursor"]
    assert len(found) == 5
    assert set(found) == opened


async def test_a_timeline_goes_on_where_its_page_ended(api: Api) -> None:
    case = await api.opened()
    for n in range(3):
        await api.act(case["case_no"], "note", note=f"第 {n} 次致电，无人接听")
    first = (await api.get(f"/cases/{case['case_no']}/timeline", params={"limit": 2})).json()
    rest = (await api.get(f"/cases/{case['case_no']}/timeline", params={"cursor": first["next_cursor"]})).json()
    seen = [entry["seq"] for entry in [*first["items"], *rest["items"]]]
    assert seen == list(range(1, len(seen) + 1))


async def test_filters_take_several_values(api: Api) -> None:
    case = await api.opened()
    both = {"order_no": case["order_no"], "state": "requested,closed", "stage": ["request", "done"]}
    assert [c["case_no"] for c in (await api.get("/cases", params=both)).json()["items"]] == [case["case_no"]]
    neither = {"order_no": case["order_no"], "state": "closed"}
    assert (await api.get("/cases", params=neither)).json()["items"] == []


async def test_an_unowned_case_is_stuck_and_says_why(api: Api) -> None:
    case = await api.opened()
    rows = await api.every("/stuck", reason="no_owner", kind="quality_fault")
    mine = next(row for row in rows if row["case_no"] == case["case_no"])
    assert "no_owner" in mine["reasons"]
    found = (await api.get("/stuck", params={"reason": "no_owner"})).json()
    assert found["by_reason"]["no_owner"] >= 1
    listed = await api.get("/cases", params={"stuck": "no_owner", "order_no": case["order_no"]})
    assert len(listed.json()["items"]) == 1


async def test_an_unknown_parcel_goes_on_the_shelf_and_a_known_one_to_its_case(api: Api) -> None:
    unknown = (await api.post("/parcels/scan", json={"code": "YT-0815", "note": "无单号箱子"})).json()
    assert unknown["case"] is None
    assert unknown["unmatched"]["code"] == "YT-0815"
    case = await api.opened()
    await api.act(case["case_no"], "authorise_return")
    scanned = ScannedShown.model_validate((await api.post("/parcels/scan", json={"code": case["case_no"]})).json())
    assert scanned.case is not None
    assert scanned.case.state == "received"


async def test_a_scanner_may_add_line_ends_and_a_hand_may_type_small_letters(api: Api) -> None:
    by_hand, by_order = await api.opened(), await api.opened()
    codes = {f" {by_hand['case_no'].lower()}\r\n": by_hand, f"{by_order['order_no']}\n": by_order}
    for code, case in codes.items():
        scanned = (await api.post("/parcels/scan", json={"code": code})).json()
        assert (scanned["case"]["case_no"], scanned["case"]["state"]) == (case["case_no"], "received")
        entries = (await api.get(f"/cases/{case['case_no']}/timeline")).json()["items"]
        assert set(entries[-1]["data"]) == {"parcel_no"}  # neither number is a waybill


async def test_an_order_file_is_imported_as_a_form_or_as_the_body(api: Api) -> None:
    head = "order_no,currency,placed_at,line_no,sku,unit_price,quantity\n"
    rows = "FILE-1,CNY,2026-11-02T10:15:00+08:00,1,CUP,19.90,2\nFILE-2,CNY,yesterday,1,CUP,19.90,2\n"
    checked = await api.post(
        "/orders/import", files={"file": ("orders.csv", head + rows)}, data={"format": "aftercare", "dry_run": "true"}
    )
    assert checked.status_code == 200, checked.text
    assert checked.json()["imported"] == 0
    sent = await api.post("/orders/import", content=head + rows, headers={"Content-Type": "text/csv"})
    report = documents.ImportShown.model_validate(sent.json())
    assert (report.rows, report.imported) == (2, 1)
    assert [(row.line, row.order_no) for row in report.refused] == [(3, "FILE-2")]
    assert (await api.get("/orders/FILE-1")).status_code == 200


async def test_a_register_opens_in_a_spreadsheet_and_holds_no_formulas(api: Api) -> None:
    await api.post("/parcels/scan", json={"code": "=HYPERLINK(1)", "note": "奇怪的条码"})
    answer = await api.get("/registers/parcels", params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert "'=HYPERLINK(1)" in [row["code"] for row in rows]


async def test_the_life_of_a_case_is_told_and_drawn(api: Api) -> None:
    told = (await api.get("/lifecycle")).json()
    assert {"requested", "closed"} <= {state["state"] for state in told["states"]}
    assert (await api.get("/lifecycle", params={"format": "mermaid"})).text.startswith("stateDiagram-v2")
    drawn = await api.get("/lifecycle", params={"format": "svg"})
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert "<svg" in drawn.text


async def test_whoever_watches_sees_alive_ready_and_gauges(api: Api) -> None:
    await api.opened()
    assert (await api.get(api.root("/healthz"))).json() == {"status": "ok"}
    assert set((await api.get(api.root("/readyz"))).json().values()) == {"ok"}
    gauges = await api.get(api.root("/metrics"))
    assert gauges.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'aftercare_open_cases{stage="request"}' in gauges.text
    assert 'aftercare_stuck_cases{reason="no_owner"}' in gauges.text


async def test_the_reference_is_one_page_that_loads_nothing(api: Api) -> None:
    page = await api.get(api.root("/docs"), headers={"Authorization": ""})
    assert page.status_code == 200
    for loaded in ("<script", "<link", "<img", "src=", "@import", "url("):
        assert loaded not in page.text
    assert "/api/v1/cases/{case_no}/commands" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_answers_carry_safe_headings(api: Api) -> None:
    answer = await api.get("/playbooks")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_the_reference_is_openapi_3_1_with_an_example_for_everything_sent(service: Running) -> None:
    app = make_app(Settings(), service.client, service.engine, service.playbooks)
    document = openapi_of(app)
    assert document["openapi"].startswith("3.1")
    sent = ("OrderDocument", "OpenAsk", "ProposeAsk", "PreviewAsk", "CommandEnvelope", "Failed", "Scan", "Problem")
    for name in sent:
        assert document["components"]["schemas"][name]["examples"], name
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))


def test_every_example_of_the_reference_is_one_of_its_kind() -> None:
    rooms = [import_module(f"api.documents.{one.name}") for one in iter_modules(api.documents.__path__)]
    known = {kind for room in rooms for kind in vars(room).values() if isinstance(kind, type)}
    kinds = [kind for kind in known if issubclass(kind, BaseModel)]
    shown = 0
    for kind in kinds:
        for example in (kind.model_json_schema().get("examples") or []) if kind.model_fields else []:
            kind.model_validate(example)
            shown += 1
    assert shown >= 20


async def test_chinese_emoji_and_right_to_left_text_come_back_as_sent(api: Api) -> None:
    said = "壶漏水 😡 — שלום — e\u0301"
    case = await api.opened(description=said)
    await api.act(case["case_no"], "note", note=said)
    assert (await api.get(f"/cases/{case['case_no']}")).json()["description"] == said
    entries = (await api.get(f"/cases/{case['case_no']}/timeline")).json()["items"]
    assert said in [entry["note"] for entry in entries] or said in [entry["data"].get("note") for entry in entries]


async def test_a_token_of_one_role_signs_with_its_own_name(service: Running) -> None:
    async with Api(service, token_of(service, "li.na", ["agent"])) as agent, Api(service, service.token) as anybody:
        case = await anybody.opened()
        command = {"action": "take", "actor": {"id": "somebody else", "role": "agent"}}
        taken = await agent.post(f"/cases/{case['case_no']}/commands", json=command)
        assert taken.json()["owner"] == "li.na"
