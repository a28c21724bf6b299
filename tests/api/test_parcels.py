"""The warehouse's door and shelf over HTTP: every box once, whatever is scanned (G1, G2, G12, G15)."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.documents.goods import ParcelPage, ParcelShown, ParcelWhole, PhotoShown, ScannedShown
from cli import run
from store.accounting.register_columns import COLUMNS
from store.engine import writing
from store.goods import parcels
from store.goods.parcels import NewParcel
from tests.api.client import Api, refused, token_of
from tests.files.pictures import photo
from up import Running


async def scan(api: Api, code: str | None = None, **told: Any) -> dict[str, Any]:
    answer = await api.post("/parcels/scan", json={**({"code": code} if code else {}), **told})
    assert answer.status_code == 200, answer.text
    ScannedShown.model_validate(answer.json())
    found: dict[str, Any] = answer.json()
    return found


async def on_its_way(api: Api, waybill: str, **over: Any) -> dict[str, Any]:
    case = await api.opened(**over)
    await api.act(case["case_no"], "authorise_return")
    sent = {"carrier": "yto", "waybill": waybill, "freight": "12.00"}
    shipped: dict[str, Any] = (await api.act(case["case_no"], "ship_return", "customer", **sent)).json()
    return shipped


async def booked(api: Api, case_no: str) -> int:
    """How often a case was booked in."""
    entries = (await api.get(f"/cases/{case_no}/timeline")).json()["items"]
    return sum(entry["action"] == "book_in" for entry in entries)


async def test_two_scans_in_the_same_second_are_one_box(api: Api) -> None:
    case = await on_its_way(api, "YT-TWICE")
    answers = await asyncio.gather(*(scan(api, "YT-TWICE") for _ in range(5)))
    assert len({answer["parcel"]["id"] for answer in answers}) == 1
    assert sorted(answer["repeated"] for answer in answers) == [False, True, True, True, True]
    assert await booked(api, case["case_no"]) == 1
    again = await scan(api, case["case_no"], waybill="YT-TWICE")
    assert (again["repeated"], again["parcel"]["state"]) == (True, "booked")


async def test_more_is_said_of_a_box_while_it_lies_on_the_shelf_and_what_is_left_out_stays(api: Api) -> None:
    """G2: waybill, weight, note."""
    box = (await scan(api, "TORN-LABEL", note="torn"))["parcel"]["id"]
    answer = await api.patch(f"/parcels/{box}", json={"grams": 2140, "sender_phone": "13800138000"})
    told = ParcelWhole.model_validate(answer.json())
    assert (told.grams, told.note, answer.json()["phone_tail"]) == (2140, "torn", "8000")
    await refused(await api.patch(f"/parcels/{box}", json={}), 422, "invalid")
    await refused(await api.patch("/parcels/0123456789ab", json={"grams": 1}), 404, "not-found")
    await api.post(f"/parcels/{box}/dispose", json={"reason": "empty carton"})
    await refused(await api.patch(f"/parcels/{box}", json={"grams": 1}), 409, "conflict")


async def test_a_box_is_signed_by_whoever_held_the_scanner_if_the_token_may_act_for_others(
    api: Api, service: Running
) -> None:
    zhao = {"id": "zhao", "role": "warehouse"}
    assert (await scan(api, "HAND-SCANNER-1", actor=zhao))["parcel"]["by"] == "zhao"
    case = await on_its_way(api, "YT-HAND-2")
    box = (await scan(api, "HAND-SCANNER-2"))["parcel"]["id"]
    matched = await api.post(f"/parcels/{box}/match", json={"case_nos": [case["case_no"]], "actor": zhao})
    assert matched.json()["parcel"]["ended_by"] == "zhao"
    async with Api(service, token_of(service, "gate-3", ["warehouse"])) as gate:
        by = (await scan(gate, "HAND-SCANNER-3", actor=zhao))["parcel"]["by"]
        assert by == "gate-3", "a token that acts for nobody else signs itself"
        chief = {"code": "HAND-SCANNER-4", "actor": {"id": "chen", "role": "manager"}}
        await refused(await gate.post("/parcels/scan", json=chief), 403, "forbidden")


async def test_a_slip_that_beeps_twice_is_one_box_and_a_numbered_second_one_another(api: Api) -> None:
    """G12: goods that come in parts."""
    case = await api.opened()
    await api.act(case["case_no"], "authorise_return")
    slip = f"{case['case_no']}-DEMO"
    first = await scan(api, slip, box=1, of=2, invoice_enclosed=False)
    assert (first["case"]["state"], first["case"]["next_step"]["goods"]["boxes_missing"]) == ("received", 1)
    assert (await scan(api, slip, box=1, of=2))["repeated"]
    second = await scan(api, slip, box=2, of=2, invoice_enclosed=True)
    assert not second["repeated"]
    assert second["case"]["next_step"]["goods"]["boxes_missing"] == 0
    assert await booked(api, case["case_no"]) == 2


async def test_a_scanners_own_id_makes_a_repeat_harmless_whatever_it_says(api: Api) -> None:
    first = await scan(api, note="无面单", scan_id="gun-1 10:15:02")
    again = await scan(api, note="无面单", scan_id="gun-1 10:15:02")
    assert (again["repeated"], again["parcel"]["id"]) == (True, first["parcel"]["id"])
    assert (await scan(api, note="无面单"))["parcel"]["id"] != first["parcel"]["id"]


async def test_a_second_box_without_a_number_is_another_one_where_somebody_says_so(api: Api) -> None:
    """Within two minutes the same code is the same box, unless whoever holds both says otherwise."""
    case = await api.opened()
    await api.act(case["case_no"], "authorise_return", "agent")
    slip = f"{case['case_no']}-DEMO"
    first = await scan(api, slip)
    assert (await scan(api, slip))["repeated"]
    second = await scan(api, slip, another=True, scan_id=f"gun-2 {slip}")
    assert (second["repeated"], second["parcel"]["id"] == first["parcel"]["id"]) == (False, False)
    assert (await scan(api, slip, another=True, scan_id=f"gun-2 {slip}"))["repeated"], "the same call again"
    assert await booked(api, case["case_no"]) == 2
    problem = await refused(await api.post("/parcels/scan", json={"code": slip, "another": True}), 422)
    assert "scan_id" in problem["detail"]


async def test_a_waybill_of_two_cases_moves_none_until_somebody_says_which(api: Api) -> None:
    one, two = await on_its_way(api, "YT-BOTH"), await on_its_way(api, "YT-BOTH")
    numbers = sorted([one["case_no"], two["case_no"]])
    problem = await refused(await api.post("/parcels/scan", json={"code": "YT-BOTH"}), 409)
    assert sorted(problem["case_nos"]) == numbers
    assert {choice["state"] for choice in problem["choices"]} == {"return_in_transit"}
    assert [await booked(api, number) for number in numbers] == [0, 0]
    both = await scan(api, "YT-BOTH", case_nos=numbers)
    assert sorted([both["case"]["case_no"], *both["also"]]) == numbers
    assert [await booked(api, number) for number in numbers] == [1, 1]
    assert (await scan(api, "YT-BOTH"))["repeated"]


async def test_a_second_case_that_is_in_the_box_is_named_later(api: Api) -> None:
    one, other = await on_its_way(api, "YT-LATER"), await api.opened()
    await scan(api, "YT-LATER")
    found = await scan(api, "YT-LATER", case_nos=[one["case_no"], other["case_no"]])
    assert found["repeated"]
    assert (await booked(api, one["case_no"]), await booked(api, other["case_no"])) == (1, 1)


async def test_a_box_for_a_closed_case_opens_it_again(api: Api) -> None:
    """G12."""
    case = await api.opened()
    closed = await api.act(case["case_no"], "close", "manager", reason="asked for by phone")
    assert closed.json()["state"] == "closed"
    found = await scan(api, case["order_no"])
    assert (found["case"]["state"], found["parcel"]["state"]) == ("received", "booked")


async def test_of_several_cases_that_are_over_somebody_says_which(api: Api) -> None:
    order_no = (await api.sold())["order_no"]
    cases = [await api.opened(order_no=order_no) for _ in range(2)]
    for case in cases:
        await api.act(case["case_no"], "close", "manager", reason="asked for by phone")
    problem = await refused(await api.post("/parcels/scan", json={"code": order_no}), 409)
    assert {choice["state"] for choice in problem["choices"]} == {"closed"}
    assert (await scan(api, order_no, case_nos=[cases[1]["case_no"]]))["case"]["state"] == "received"


async def test_what_we_sent_and_comes_back_is_known_by_its_waybill(api: Api) -> None:
    """L16: the door sees it before the courier says so."""
    case = await on_its_way(api, "YT-OUT-1")
    number = case["case_no"]
    await scan(api, "YT-OUT-1")
    look = {"grade": "damaged", "cause": "manufacturing", "party_liable": "seller", "disposition": "scrap"}
    await api.act(number, "confirm_fault", "warehouse", lines=[{"line_no": 1, "quantity": 1, **look}])
    await api.act(number, "choose_remedy", remedy="exchange")
    await api.act(number, "ship_replacement", "warehouse", carrier="yto", waybill="YT-OUT-2")
    assert (await scan(api, "YT-OUT-2"))["case"]["state"] == "received"


async def test_an_order_of_several_cases_asks_which_and_a_box_that_nobody_takes_is_not_lost(api: Api) -> None:
    order = await api.sold()
    first = await api.opened(order_no=order["order_no"])
    await api.act(first["case_no"], "close", "manager", reason="nothing came")
    second = await api.opened(order_no=order["order_no"], lines=[{"line_no": 1, "quantity": 2}])
    found = await scan(api, first["case_no"])
    assert second["case_no"] in str(found["refused"])
    assert (found["case"], found["parcel"]["state"]) == (None, "on_shelf")
    assert second["case_no"] in found["parcel"]["note"]


async def test_an_unknown_box_is_proposed_to_cases_and_matched_as_if_scanned_when_it_came(
    api: Api, service: Running
) -> None:
    """G2."""
    case = await on_its_way(api, "YT5550001")
    came = datetime.now(UTC) - timedelta(days=3)
    with writing(service.engine) as session:
        box = parcels.put(session, NewParcel(code="YT5550010", phone_tail="8000"), came, "zhao", came + timedelta(90))
    shown = ParcelWhole.model_validate((await api.get(f"/parcels/{box}")).json())
    likely = {one.case_no: one for one in shown.proposals}[case["case_no"]]
    assert {reason["why"] for reason in likely.reasons} >= {"near_waybill", "phone"}
    assert shown.proposals[0].case_no == case["case_no"]
    answers = [await api.post(f"/parcels/{box}/match", json={"case_nos": [case["case_no"]]}) for _ in range(2)]
    assert [answer.json()["repeated"] for answer in answers] == [False, True]
    matched = answers[0].json()
    assert (matched["parcel"]["state"], matched["case"]["state"]) == ("matched", "received")
    assert await booked(api, case["case_no"]) == 1
    # The clock of the inspection began when the parcel was here, unless the case is younger.
    inspection = next(clock for clock in matched["case"]["clocks"] if clock["clock"] == "inspection")
    opened = datetime.fromisoformat(matched["case"]["opened_at"])
    assert datetime.fromisoformat(inspection["sums"][0]["from"]) - max(came, opened) < timedelta(seconds=2)


async def test_a_case_that_refuses_a_match_leaves_the_box_on_the_shelf(api: Api) -> None:
    box = (await scan(api, "ZT-STRAY"))["parcel"]["id"]
    await refused(await api.post(f"/parcels/{box}/match", json={"case_nos": ["AC-26-999999"]}), 404)
    assert (await api.get(f"/parcels/{box}")).json()["state"] == "on_shelf"


async def test_before_its_time_only_a_manager_ends_a_boxs_stay(api: Api, service: Running) -> None:
    box = (await scan(api, "ZT-OLD"))["parcel"]["id"]
    warehouse = token_of(service, "zhao", ["warehouse"])
    async with Api(service, warehouse) as door:
        told = await refused(await door.post(f"/parcels/{box}/dispose", json={"reason": "nobody came"}), 403)
        assert "manager" in told["detail"]
        early = datetime.now(UTC) - timedelta(days=91)
        with writing(service.engine) as session:
            old = parcels.put(session, NewParcel(code="ZT-OLDER"), early, "zhao", early + timedelta(days=90))
        assert old in [row["id"] for row in await door.every("/parcels", overdue=True)]
        gone = [await door.post(f"/parcels/{old}/dispose", json={"reason": "nobody came"}) for _ in range(2)]
        assert [answer.json()["state"] for answer in gone] == ["disposed", "disposed"]
        assert (gone[0].json()["ended_by"], gone[0].json()["ended_role"]) == ("zhao", "warehouse")
        await refused(await door.post(f"/parcels/{old}/send_back", json={"reason": "found him"}), 409)
    sent = {"reason": "not ours", "carrier": "sf", "waybill": "SF9"}
    back = await api.post(f"/parcels/{box}/send_back", json=sent)
    assert ParcelShown.model_validate(back.json()).state == "sent_back"


async def test_a_photo_of_a_box_is_its_cases_photo_too(api: Api) -> None:
    case = await on_its_way(api, "YT-PHOTO")
    box = (await scan(api, "ZT-PHOTO", grams=2140))["parcel"]["id"]
    picture = {"file": ("box.jpg", photo())}
    kept = PhotoShown.model_validate((await api.post(f"/parcels/{box}/files", files=picture)).json())
    shown = await api.get(api.root(kept.url))
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    await api.post(f"/parcels/{box}/match", json={"case_nos": [case["case_no"]]})
    assert [row["id"] for row in (await api.get(f"/cases/{case['case_no']}/files")).json()["items"]] == [kept.id]
    other = (await scan(api, "ZT-NO-PHOTO"))["parcel"]["id"]
    await refused(await api.get(f"/parcels/{other}/files/{kept.id}"), 404)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"code": "  "},
        {"code": "\u0000"},
        {"code": "x" * 101},
        {"code": "SF1", "box": 0},
        {"code": "SF1", "box": 3, "of": 2},
        {"code": "SF1", "grams": -5},
        {"code": "SF1", "case_nos": []},
        {"code": "SF1", "colour": "red"},
    ],
)
async def test_what_cannot_be_a_scan_is_refused_and_nothing_is_kept(api: Api, bad: dict[str, Any]) -> None:
    await refused(await api.post("/parcels/scan", json=bad), 422)
    assert (await api.get("/parcels", params={"waybill": "SF1"})).json()["items"] == []


async def test_a_slip_of_another_shop_and_a_case_that_is_not_there_lie_on_the_shelf(api: Api) -> None:
    other = await scan(api, "AC-26-000001-OTHER")
    assert "another shop (OTHER)" in other["unmatched"]["note"]
    missing = await scan(api, "AC-26-999999-DEMO")
    assert missing["unmatched"]["code"] == "AC-26-999999"


async def test_the_door_at_a_terminal(
    api: Api, service: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AFTERCARE_URL", service.url)
    monkeypatch.setenv("AFTERCARE_TOKEN", service.token)

    async def aftercare(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, arguments)
        return code, *capsys.readouterr()

    case = await on_its_way(api, "YT-TERMINAL")
    code, out, _ = await aftercare("parcel", "scan", "YT-TERMINALS", "--phone", "13800138000", "--json")
    box = json.loads(out)["parcel"]["id"]
    assert code == 0
    assert "YT-TERMINALS" in (await aftercare("parcel", "list", "--limit", "10000"))[1]
    assert "the telephone ends in 8000" in (await aftercare("parcel", "show", box))[1]
    code, _, err = await aftercare("parcel", "match", box, "AC-26-999999")
    assert (code, "AC-26-999999" in err) == (1, True)
    assert case["case_no"] in (await aftercare("parcel", "match", box, case["case_no"]))[1]
    assert "scanned before" in (await aftercare("parcel", "scan", "YT-TERMINALS"))[1]
    stray = json.loads((await aftercare("parcel", "scan", "ZT-TERMINAL", "--json"))[1])["parcel"]["id"]
    assert "sent back" in (await aftercare("parcel", "send-back", stray, "--reason", "not ours"))[1]
    assert "No parcels." in (await aftercare("parcel", "list", "--waybill", "NOTHING"))[1]


async def test_boxes_are_listed_page_by_page_and_registered(api: Api) -> None:
    ids = [(await scan(api, f"LIST-{n}"))["parcel"]["id"] for n in range(3)]
    found: list[str] = []
    wanted: dict[str, Any] = {"state": "on_shelf", "limit": 2}
    while True:
        page = ParcelPage.model_validate((await api.get("/parcels", params=wanted)).json())
        found += [row.id for row in page.items]
        if page.next_cursor is None:
            break
        wanted["cursor"] = page.next_cursor
    assert [one for one in found if one in ids] == ids
    assert len(found) == len(set(found))
    for register in ("parcels", "unmatched_parcels"):
        answer = await api.get(f"/registers/{register}", params={"format": "csv"})
        rows = {row["id"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
        assert rows[ids[0]]["state"] == "on_shelf"
        assert tuple(rows[ids[0]]) == COLUMNS[register], "an empty spreadsheet has the same columns"
