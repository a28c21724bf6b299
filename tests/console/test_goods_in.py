"""The warehouse's pages: the station, the shelf, inspections (G1-G4, G12)."""

import re
from collections.abc import Callable

from tests.api.client import Api
from tests.console.browser import Browser, words
from tests.files.pictures import photo

Browse = Callable[..., Browser]


async def on_its_way(api: Api, waybill: str) -> str:
    case: str = (await api.opened())["case_no"]
    await api.act(case, "authorise_return")
    await api.act(case, "ship_return", "customer", carrier="yto", waybill=waybill, freight="12.00")
    return case


async def state(api: Api, case_no: str) -> str:
    return str((await api.get(f"/cases/{case_no}")).json()["state"])


async def test_a_box_is_booked_in_by_one_scan_and_a_second_one_does_nothing(api: Api, browse: Browse) -> None:
    case = await on_its_way(api, "YT-DOOR-1")
    zhao = browse("warehouse")
    done = await zhao.submit("/warehouse/scan", code=" YT-DOOR-1 ", scan_id="gun 1")
    assert done.status_code == 303
    page = words(await zhao.get(done.headers["location"]))
    assert "Booked in" in page
    assert case in page
    assert "电热水壶 1.7 L KETTLE-17 1" in page
    again = await zhao.submit("/warehouse/scan", code="YT-DOOR-1", scan_id="gun 2")
    assert "Known already" in words(await zhao.get(again.headers["location"]))
    assert await state(api, case) == "received"


async def test_the_scripts_of_the_station_are_answered_with_what_they_show(api: Api, browse: Browse) -> None:
    await on_its_way(api, "YT-DOOR-2")
    zhao = browse("warehouse")
    form = {"csrf": await zhao.csrf(), "code": "YT-DOOR-2", "box": "1", "of": "2"}
    answer = await zhao.post("/warehouse/scan", data=form, headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<section id="result"')
    assert 'data-sound="good"' in answer.text
    assert "1 box is still to come." in words(answer)
    assert "box 1 of 2" in words(answer)


async def test_a_waybill_of_two_cases_moves_none_until_somebody_says_which(api: Api, browse: Browse) -> None:
    one, two = await on_its_way(api, "YT-DOOR-3"), await on_its_way(api, "YT-DOOR-3")
    zhao = browse("warehouse")
    asked = await zhao.submit("/warehouse/scan", code="YT-DOOR-3", scan_id="gun 3")
    assert (asked.status_code, "Which case?" in words(asked)) == (409, True)
    assert all(f'name="case_no" value="{number}"' in asked.text for number in (one, two))
    assert await state(api, one) == await state(api, two) == "return_in_transit"
    await zhao.submit("/warehouse/scan", code="YT-DOOR-3", scan_id="gun 3", case_no=two)
    assert (await state(api, one), await state(api, two)) == ("return_in_transit", "received")


async def test_an_unknown_box_lies_on_the_shelf_after_one_scan_and_is_matched_from_there(
    api: Api, browse: Browse
) -> None:
    case = await on_its_way(api, "YT-DOOR-4")
    zhao = browse("warehouse")
    done = await zhao.submit("/warehouse/scan", code="YT-DOOR-40", product="KETTLE-17")
    page = await zhao.get(done.headers["location"])
    assert "On the shelf" in words(page)
    link = re.search(r'href="(/parcels/[0-9a-f]{12})"', page.text)
    assert link
    files = [("files", ("box.jpg", photo(), "image/jpeg"))]
    kept = await zhao.post(f"{link[1]}/photos", data={"csrf": await zhao.csrf()}, files=files)
    assert kept.status_code == 303, words(kept)
    box = await zhao.get(link[1])
    assert "its waybill is nearly YT-DOOR-4" in words(box)
    src = re.search(r'src="(/parcels/[^"]+small=true)"', box.text)
    assert src
    assert (await zhao.get(src[1])).headers["content-type"].startswith("image/")
    assert (await zhao.submit(f"{link[1]}/match", case_no="AC-26-999999")).status_code == 404
    assert (await zhao.submit(f"{link[1]}/match", case_no=" ")).status_code == 422
    assert (await zhao.submit(f"{link[1]}/match", case_no=case)).status_code == 303
    assert await state(api, case) == "received"
    assert "matched" in words(await zhao.get(link[1]))


async def test_what_is_read_off_an_unknown_box_is_added_while_it_lies_on_the_shelf(api: Api, browse: Browse) -> None:
    """G2: waybill, weight, photo, note."""
    zhao = browse("warehouse")
    done = await zhao.submit("/warehouse/scan", code="WET-LABEL-1")
    station = await zhao.get(done.headers["location"])
    found = re.search(r'action="(/parcels/[0-9a-f]{12})/describe"', station.text)
    assert found
    form = {"csrf": await zhao.csrf(), "grams": "2140", "note": "wet box", "sender_phone": "13800138000"}
    form |= {"onward": "/warehouse?parcel=1"}
    files = [("files", ("box.jpg", photo(), "image/jpeg"))]
    kept = await zhao.post(f"{found[1]}/describe", data=form, files=files)
    assert (kept.status_code, kept.headers.get("location")) == (303, "/warehouse?parcel=1"), words(kept)
    box = await zhao.get(found[1])
    assert all(told in words(box) for told in ("2,140 g", "wet box", "8000"))
    assert "small=true" in box.text
    nothing = await zhao.submit(f"{found[1]}/describe", grams="2140", note="wet box")
    assert (nothing.status_code, "Write down something" in words(nothing)) == (422, True)
    wrong = await zhao.submit(f"{found[1]}/describe", grams="2 kg", product="KETTLE-17")
    assert (wrong.status_code, 'value="2 kg"' in wrong.text, 'value="KETTLE-17"' in wrong.text) == (422, True, True)
    assert 'href="#d-grams"' in wrong.text
    assert (await zhao.submit(f"{found[1]}/describe", grams="1450")).status_code == 303
    parcel = (await api.get(f"/parcels/{found[1].rpartition('/')[2]}")).json()
    assert (parcel["grams"], parcel["note"], parcel["phone_tail"], parcel["product"]) == (1450, "wet box", "8000", None)
    case = await on_its_way(api, "YT-DOOR-41")
    await zhao.submit(f"{found[1]}/match", case_no=case)
    late = await zhao.submit(f"{found[1]}/describe", grams="99")
    assert (late.status_code, "not on the shelf any more" in words(late)) == (422, True)


async def test_what_cases_hold_back_is_seen_before_it_is_printed(api: Api, browse: Browse) -> None:
    """L14: the warehouse sees it before printing; only the case lifts it."""
    order = await api.sold(shipped_at=None, delivered_at=None)
    free = (await api.sold(shipped_at=None, delivered_at=None))["order_no"]
    held = order["order_no"]
    case = (await api.opened(order_no=held, kind="cancel_before_shipment"))["case_no"]
    zhao = browse("warehouse")
    page = await zhao.page_with(held, "/holds")
    row = words(re.search(rf"(?s)<tr data-row>\s*<th scope=\"row\">{held}</th>.*?</tr>", page.text)[0])  # type: ignore[index]
    assert all(told in row for told in ("do not print", "电热水壶 1.7 L × 1", "not printed", case)), row
    asked = words(await zhao.get("/holds", params={"code": f" {held.lower()} "}))
    assert all(told in asked for told in ("Hold it back", "Print no label for it.", case))
    may = words(await zhao.get("/holds", params={"code": free}))
    assert all(told in may for told in ("May leave", "No case holds it back."))
    assert "Not known here" in words(await zhao.get("/holds", params={"code": "NO-SUCH-ORDER"}))
    await api.act(case, "lift_hold")
    assert "May leave" in words(await zhao.get("/holds", params={"code": held}))


async def test_a_label_is_stopped_by_the_waybill_on_it_and_a_reserved_item_stops_nothing(
    api: Api, browse: Browse
) -> None:
    waybill = "SF-LABEL-14"
    parcel = {"shipment_no": "S1", "carrier": "sf", "waybill": waybill, "label_printed_at": "2026-03-02T10:00:00+08:00"}
    order = await api.sold(shipped_at=None, delivered_at=None, shipments=[parcel])
    case = (await api.opened(order_no=order["order_no"], kind="complaint", wanted="none", lines=[]))["case_no"]
    zhao = browse("warehouse")
    await api.act(case, "place_hold", hold="reserve")
    assert "May leave" in words(await zhao.get("/holds", params={"code": waybill}))
    await api.act(case, "place_hold", hold="pull")
    told = words(await zhao.get("/holds", params={"code": waybill}))
    assert all(one in told for one in ("Hold it back", order["order_no"], "Take it out of what is ready to leave"))


async def test_a_box_is_given_up_early_by_a_manager_only_and_with_a_reason(browse: Browse) -> None:
    zhao, chen = browse("warehouse"), browse("manager")
    await zhao.submit("/warehouse/scan", code="NOBODYS-1")
    found = re.search(
        r'href="(/parcels/[0-9a-f]{12})">NOBODYS-1', (await zhao.get("/parcels", params={"code": "NOBODYS-1"})).text
    )
    assert found
    early = await zhao.submit(f"{found[1]}/dispose", dispose_reason="nobody came")
    assert (early.status_code, "It waits on the shelf until" in words(early)) == (403, True)
    assert (await chen.submit(f"{found[1]}/dispose", dispose_reason="")).status_code == 422
    back = await chen.submit(f"{found[1]}/send-back", back_reason="not ours", carrier="sf", waybill="SF-77")
    assert back.status_code == 303
    page = words(await chen.get(found[1]))
    assert all(told in page for told in ("sent back", "not ours", "SF-77"))
    assert "NOBODYS-1" in words(await chen.get("/parcels", params={"which": "sent_back", "code": "NOBODYS-1"}))
    assert "No such box here." in words(await chen.get("/parcels", params={"code": "NOBODYS-1"}))


async def test_a_scan_of_nothing_says_what_is_missing_and_keeps_what_was_typed(browse: Browse) -> None:
    zhao = browse("warehouse")
    nothing = await zhao.submit("/warehouse/scan", code="")
    assert (nothing.status_code, "Scan something" in words(nothing)) == (422, True)
    wrong = await zhao.submit("/warehouse/scan", code="X-1", box="3", of="2")
    assert "greater than the number of boxes" in words(wrong)
    assert 'value="X-1"' in wrong.text
    odd = await zhao.submit("/warehouse/scan", code="<script>alert(1)</script>")
    page = await zhao.get(odd.headers["location"])
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_an_item_is_inspected_in_a_click_with_photos(api: Api, browse: Browse) -> None:
    case = await on_its_way(api, "YT-DOOR-5")
    zhao = browse("warehouse")
    await zhao.submit("/warehouse/scan", code="YT-DOOR-5")
    assert case in words(await zhao.get("/inspection"))
    page = await zhao.get(f"/inspection/{case}")
    assert "Fault confirmed" in words(page)
    unsaid = await zhao.submit(f"/inspection/{case}", **{"quantity-1": "1", "verdict": "confirm_fault"})
    assert (unsaid.status_code, "Say what it is like." in words(unsaid)) == (422, True)
    many = {"quantity-1": "9", "usual-1": "faulty", "verdict": "confirm_fault", "note": "leaks"}
    refused = await zhao.submit(f"/inspection/{case}", **many)
    assert (refused.status_code, "the case holds 1 of line 1" in words(refused)) == (422, True)
    assert 'value="leaks"' in refused.text
    command = re.search(r'name="command_id" value="([0-9a-f]+)"', page.text)
    assert command
    fields = {"csrf": await zhao.csrf(), "command_id": command[1], "quantity-1": "1", "usual-1": "faulty"}
    fields |= {"verdict": "confirm_fault", "disposition-1": "scrap"}
    for _ in range(2):  # pressed twice, done once
        files = [("photos", ("leak.jpg", photo(), "image/jpeg"))]
        done = await zhao.post(f"/inspection/{case}", data=fields, files=files)
        assert done.status_code == 303, words(done)
    found = (await api.get(f"/cases/{case}")).json()
    (line,) = found["lines"]
    assert (found["state"], line["grade"], line["cause"], line["party_liable"], line["disposition"]) == (
        *("fault_confirmed", "damaged", "manufacturing", "supplier", "scrap"),
    )
    assert "This cannot be inspected now" in words(await zhao.get(f"/inspection/{case}"))
    entries = (await api.get(f"/cases/{case}/timeline")).json()["items"]
    assert sum(one["action"] == "confirm_fault" for one in entries) == 1


async def test_a_box_that_is_here_is_found_for_its_inspection_without_being_booked_in_again(
    api: Api, browse: Browse
) -> None:
    """A slip that is scanned at the door a day later is another box with the same slip; at the bench it is this one."""
    case = await on_its_way(api, "YT-DOOR-61")
    zhao = browse("warehouse")
    await zhao.submit("/warehouse/scan", code="YT-DOOR-61")
    order_no = (await api.get(f"/cases/{case}")).json()["order_no"]
    for code in (f"{case}-DEMO", case.lower(), "YT-DOOR-61", order_no):
        led = await zhao.get("/inspection", params={"code": code})
        assert (led.status_code, led.headers["location"]) == (303, f"/inspection/{case}"), code
    parcels = (await api.get("/parcels", params={"case_no": case})).json()["items"]
    assert len(parcels) == 1
    one, two = await on_its_way(api, "YT-DOOR-62"), await on_its_way(api, "YT-DOOR-62")
    await zhao.submit("/warehouse/scan", code="YT-DOOR-62", case_no=[one, two])
    both = await zhao.get("/inspection", params={"code": "YT-DOOR-62"})
    assert all(f'href="/inspection/{number}"' in both.text for number in (one, two))
    assert "Not booked in" in words(await zhao.get("/inspection", params={"code": "NEVER-SEEN"}))
    box = (await api.post("/parcels/scan", json={"code": "NOBODYS-62"})).json()["parcel"]["id"]
    assert f"/parcels/{box}" in (await zhao.get("/inspection", params={"code": "NOBODYS-62"})).text
    expected = await on_its_way(api, "YT-DOOR-63")
    told = words(await zhao.get("/inspection", params={"code": "YT-DOOR-63"}))
    assert ("Nothing to inspect" in told, expected in told) == (True, True)


async def test_photos_of_an_inspection_are_kept_when_something_else_is_wrong(api: Api, browse: Browse) -> None:
    """G3: no browser sends chosen files a second time, so they stay with the form."""
    case = await on_its_way(api, "YT-DOOR-64")
    zhao = browse("warehouse")
    await zhao.submit("/warehouse/scan", code="YT-DOOR-64")
    fields = {"csrf": await zhao.csrf(), "quantity-1": "1", "verdict": "refute_fault"}
    files = [("photos", ("dry.jpg", photo(), "image/jpeg")), ("photos", ("list.txt", b"no picture", "text/plain"))]
    wrong = await zhao.post(f"/inspection/{case}", data=fields, files=files)
    assert (wrong.status_code, "list.txt" in words(wrong), "Say what it is like." in words(wrong)) == (422, True, True)
    kept = re.findall(r'name="kept_photo" value="([^"]+)"', wrong.text)
    assert len(kept) == 1
    src = re.search(r'src="(/cases/[^"]+small=true)"', wrong.text)
    assert src
    assert (await zhao.get(src[1])).headers["content-type"].startswith("image/")
    foreign = "/api/v1/cases/AC-26-000000/files/abc"
    told = {**fields, "usual-1": "as_new", "kept_photo": [*kept, foreign]}
    assert (await zhao.post(f"/inspection/{case}", data=told)).status_code == 303
    entries = (await api.get(f"/cases/{case}/timeline")).json()["items"]
    refuted = next(one for one in entries if one["action"] == "refute_fault")
    assert refuted["data"]["photos"] == kept
