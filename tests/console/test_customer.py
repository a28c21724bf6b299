"""The customer's pages without scripts: from the order's number to the end of the case, and what goes wrong there."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from tests.api.client import Api, days_ago
from tests.console.browser import Browser, words
from tests.console.customers import Phone
from tests.files import pictures
from up import Running

MARKUP = '<script>alert(1)</script><img src=x onerror="alert(2)">{{ 7 * 7 }}%s'


@pytest_asyncio.fixture
async def phone(service: Running) -> AsyncIterator[Phone]:
    async with Phone(service) as found:
        yield found


# ── asking ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_customer_asks_for_a_refund_one_question_a_page(api: Api, phone: Phone) -> None:
    order_no = (await api.sold())["order_no"]
    page = await phone.found(order_no.lower())
    assert "What is it about?" in words(page)
    page = await phone.fill("/r/items", line="1", quantity_1="2")
    assert "It is broken, faulty or badly made" in words(page)
    page = await phone.fill("/r/why", kind="quality_fault")
    assert "Does not work" in words(page)
    page = await phone.fill("/r/which", subcategory="does_not_work", description="按了没反应")
    assert "a video of switching it on" in words(page)
    page = await phone.fill(
        "/r/photos", files=[("photo", ("a.jpg", pictures.photo())), ("photo", ("b.heic", pictures.heic()))]
    )
    assert len(re.findall(r"<img ", page.text)) == 2
    page = await phone.fill("/r/photos", then="on")
    assert "¥258.00" in words(page)
    page = await phone.fill("/r/wish", wanted="refund")
    for answer in ("电热水壶 1.7 L × 2", "Does not work", "按了没反应", "Photos 2", "Refund ¥258.00"):
        assert answer in words(page)
    page = await phone.fill("/r/send")
    assert "Your request was sent" in words(page)
    link = phone.link()
    page = await phone.open(link)
    assert "We have your request" in words(page)
    case_no = re.search(r"AC-\d\d-\d{6}", page.text)
    assert case_no
    case = (await api.get(f"/cases/{case_no.group()}")).json()
    assert (case["wanted"], case["subcategory"], case["channel"], case["lines"][0]["quantity"]) == (
        "refund",
        "does_not_work",
        "page",
        2,
    )
    assert len((await api.get(f"/cases/{case_no.group()}/files")).json()["items"]) == 2


async def test_a_wrong_pair_gets_one_answer_whatever_is_wrong(api: Api, phone: Phone) -> None:
    order_no = (await api.sold())["order_no"]
    pages = []
    for number, proof in ((order_no, "9999"), ("NO-SUCH", "8000"), ("NO-SUCH", MARKUP)):
        page = await phone.found(number, proof)
        assert page.status_code == 422
        pages.append(page.text.replace(number, "").replace(proof, ""))
    assert pages[0] == pages[1]
    assert "<script>alert" not in pages[2]


async def test_after_five_wrong_tries_it_says_how_long_to_wait(api: Api, phone: Phone) -> None:
    order_no = (await api.sold())["order_no"]
    for guess in range(5):
        assert (await phone.found(order_no, f"000{guess}")).status_code == 422
    page = await phone.found(order_no)
    assert page.status_code == 429
    assert 800 < int(page.headers["retry-after"]) <= 900
    assert "Too many tries. Wait 1" in words(page)


async def test_each_page_says_at_the_field_what_is_missing_and_keeps_the_rest(api: Api, phone: Phone) -> None:
    page = await phone.found("", "")
    assert "Error:" in page.text
    assert 'href="#f-order_no"' in page.text
    await phone.found((await api.sold())["order_no"])
    assert "Choose what it is about." in words(await phone.fill("/r/items"))
    await phone.fill("/r/items", line="1")
    assert "Choose what happened." in words(await phone.fill("/r/why", kind="review_followup"))
    await phone.fill("/r/why", kind="quality_fault")
    page = await phone.fill("/r/which", description="按了没反应")
    assert page.status_code == 422
    assert "按了没反应" in page.text
    await phone.fill("/r/which", subcategory="does_not_work", description="按了没反应")
    page = await phone.fill(
        "/r/photos", files=[("photo", ("a.jpg", pictures.photo())), ("photo", ("b.jpg", b"no photo"))]
    )
    assert "b.jpg is no photo" in words(page)
    assert len(re.findall(r"<img ", page.text)) == 1
    await phone.fill("/r/photos", then="on")
    assert "Choose what you would like." in words(await phone.fill("/r/wish", wanted="gold"))


async def test_nobody_jumps_over_a_question_and_an_answer_can_be_changed_from_the_check(api: Api, phone: Phone) -> None:
    await phone.found((await api.sold())["order_no"])
    assert str((await phone.open("/r/check")).url).endswith("/r/items")
    await phone.fill("/r/items", line="1")
    await phone.fill("/r/why", kind="complaint")
    await phone.open("/r/why")
    page = await phone.fill("/r/why", kind="quality_fault")
    assert str(page.url).endswith("/r/which")
    await phone.fill("/r/which", subcategory="does_not_work")
    await phone.fill("/r/photos", then="on")
    await phone.fill("/r/wish", wanted="repair")
    await phone.open("/r/which")
    page = await phone.fill("/r/which", subcategory="does_not_work", description="还有焦味")
    assert str(page.url).endswith("/r/check")
    assert "还有焦味" in words(page)


async def test_back_after_sending_and_sending_twice_lead_to_what_was_sent(api: Api, phone: Phone) -> None:
    order_no = (await api.sold())["order_no"]
    link = await phone.requested(order_no)
    for _ in range(2):
        again = await phone.post("/r/send")
        assert str(again.url).endswith("/r/sent")
    for page in ("/r/why", "/r/wish", "/r/check"):
        assert str((await phone.open(page)).url).endswith("/r/sent")
    assert phone.link() == link
    assert len((await api.get(f"/orders/{order_no}")).json()["cases"]) == 1


async def test_goods_in_an_open_case_are_shown_with_the_way_to_it(api: Api, phone: Phone) -> None:
    order_no = (await api.sold())["order_no"]
    link = await phone.requested(order_no)
    page = await phone.fill("/r/again")
    assert "Your requests for this order" in words(page)
    assert f'href="{link}"' in page.text
    await phone.fill("/r/items", line="1")
    await phone.fill("/r/why", kind="change_of_mind")
    assert phone.page.status_code == 200


async def test_a_customer_with_two_orders_goes_from_one_to_the_other(api: Api, phone: Phone) -> None:
    first, second = (await api.sold())["order_no"], (await api.sold())["order_no"]
    page = await phone.found(first)
    assert "another=true" in page.text
    page = await phone.open(f"/r?order={second}")
    assert f'value="{second}"' in page.text
    page = await phone.fill("/r", order_no=second, proof="8000")
    assert f"Order {second}" in words(page)
    assert str((await phone.open(f"/r?order={second}")).url).endswith("/r/items")


async def test_whoever_leaves_leaves_nothing_behind(api: Api, phone: Phone) -> None:
    await phone.found((await api.sold())["order_no"])
    await phone.fill("/r/leave")
    page = await phone.open("/r/items")
    assert "Order number" in words(page)


async def test_a_visit_that_ended_in_the_middle_of_a_form_keeps_what_was_typed(api: Api, phone: Phone) -> None:
    order_no = (await api.sold())["order_no"]
    await phone.found(order_no)
    await phone.fill("/r/items", line="1")
    await phone.fill("/r/why", kind="quality_fault")
    phone.cookies.clear()
    page = await phone.fill("/r/which", subcategory="does_not_work", description="写了很久的说明")
    assert page.status_code == 403
    assert "your answers are kept" in words(page)
    await phone.fill("/r", order_no=order_no, proof="8000")
    assert "写了很久的说明" in (await phone.open("/r/which")).text


async def test_a_form_of_another_site_is_refused(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        for path in ("/r", "/r/send", f"{link}/do/withdraw"):
            answer = await phone.post(path, data={"reason": "x"}, headers=headers)
            assert answer.status_code == 403, path


async def test_markup_in_every_field_is_shown_as_it_was_typed(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"], description=MARKUP)
    await phone.open(link)
    await phone.fill("/do/customer_message", text=MARKUP)
    await phone.fill("/do/add_issue", issue=MARKUP + "\0\x07")
    page = await phone.open(link)
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text


# ── following ─────────────────────────────────────────────────────────────────────────────────────


async def numbered(phone: Phone, link: str) -> str:
    found = re.search(r"AC-\d\d-\d{6}", (await phone.open(link)).text)
    assert found
    return found.group()


async def test_from_the_approved_return_to_the_survey(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    case_no = await numbered(phone, link)
    await api.act(case_no, "authorise_return")
    page = await phone.open(link)
    assert "Please send the goods back" in words(page)
    assert "Your turn" in words(page)
    slip = await phone.get(f"{link}/slip.pdf")
    assert (slip.status_code, slip.headers["content-type"], slip.content[:4]) == (200, "application/pdf", b"%PDF")
    page = await phone.fill("/do/ship_return", carrier="SF", waybill="", freight="abc")
    assert page.status_code == 422
    assert "Please fill this in." in words(page)
    assert 'value="abc"' in page.text
    page = await phone.fill("/do/ship_return", carrier="SF", waybill=f"SF-{case_no}", freight="12,00")
    assert "We look out for your parcel" in words(page)
    await api.act(case_no, "book_in", "warehouse")
    looked_at = {"line_no": 1, "quantity": 1, "grade": "damaged", "cause": "manufacturing", "party_liable": "seller"}
    await api.act(case_no, "confirm_fault", "warehouse", lines=[{**looked_at, "disposition": "scrap"}])
    await api.act(case_no, "choose_remedy", "manager", remedy="refund")
    page = await phone.open(link)
    assert "Your refund is on its way" in words(page)
    assert "¥129.00" in words(page)
    assert "¥12.00" in words(page)
    for payout in (await api.get("/payouts", params={"case_no": case_no})).json()["items"]:
        await api.post(f"/payouts/{payout['id']}/paid", json={"reference": f"ALI-{payout['id'][-6:]}"})
    page = await phone.open(link)
    assert "Is it solved?" in words(page)
    page = await phone.fill("/do/complete_callback", solved="5")
    assert "Please choose one." in words(page)
    page = await phone.fill("/do/complete_callback", satisfied="yes", solved="5", words="很快")
    assert "Closed" in words(page)
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "closed"


async def test_a_tracking_number_entered_wrongly_is_put_right_and_leads_nobody_astray(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    case_no = await numbered(phone, link)
    await api.act(case_no, "authorise_return")
    page = await phone.open(link)
    assert "up to ¥30.00" in words(page)  # three times the zone's freight (F11)
    assert (await phone.get(f"{link}/slip.pdf", params={"paper": "a4"})).content[:4] == b"%PDF"
    page = await phone.fill("/do/ship_return", carrier="顺丰速运", waybill="我的订单")
    assert "letters and digits only" in words(page)
    tail = case_no[-6:]
    await phone.fill("/do/ship_return", carrier="顺丰速运", waybill=f" sf1{tail} 77 ", freight="12")
    page = await phone.fill("/do/ship_return", carrier="顺丰速运", waybill=f"ＳＦ{tail} 78")
    assert "The tracking number was put right" in words(page)
    case = (await api.get(f"/cases/{case_no}")).json()
    assert case["state"] == "return_in_transit"
    found = {}
    for waybill in (f"sf1{tail}77", f"SF{tail}78"):
        answer = (await api.post("/parcels/scan", json={"code": waybill})).json()
        found[waybill] = (answer.get("case") or {}).get("case_no")
    assert found == {f"sf1{tail}77": None, f"SF{tail}78": case_no}


async def test_what_is_to_be_paid_is_told_with_its_parts_and_how(api: Api, phone: Phone) -> None:
    """A dearer kettle on a change of mind: 159.00 − 129.00 and the way to him, 10.00 (F8, G6)."""
    order_no = (await api.sold(delivered_at=f"{days_ago(3)}T10:00:00+08:00"))["order_no"]
    case_no = (await api.opened(order_no=order_no, kind="change_of_mind", wanted="exchange"))["case_no"]
    link = (await api.post(f"/cases/{case_no}/link", json={})).json()["url"]
    await api.act(case_no, "authorise_return")
    assert "You pay for sending it back." in words(await phone.open(link))
    await phone.fill("/do/ship_return", carrier="SF", waybill=f"SF-{case_no}")
    await api.act(case_no, "book_in", "warehouse")
    line = {"line_no": 1, "quantity": 1, "grade": "opened", "cause": "customer", "party_liable": "customer"}
    await api.act(case_no, "pass_inspection", "warehouse", lines=[{**line, "disposition": "restock"}])
    other = {"sku": "KETTLE-20", "name": "电热水壶 2.0 L", "quantity": 1, "unit_price": "159.00"}
    await api.act(case_no, "choose_remedy", "manager", remedy="exchange", replacement=other)
    page = words(await phone.open(link))
    for told in ("To pay: ¥40.00", "Difference in price ¥30.00", "Sending it to you ¥10.00", "电热水壶 2.0 L"):
        assert told in page
    assert "How to pay is in our message" in page


async def test_an_answer_that_lacks_something_keeps_the_rest_and_leads_to_its_field(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    case_no = await numbered(phone, link)
    await phone.open(link)
    page = await phone.fill("/do/customer_message", text=" ")
    assert 'href="#f-message"' in page.text
    assert 'id="f-message"' in page.text
    await api.act(case_no, "answer", text="已寄出", final=True)
    await phone.open(link)
    page = await phone.fill("/do/complete_callback", solved="4", words="还行")
    assert "Please choose one." in words(page)
    assert re.search(r'<option value="4" selected>', page.text)
    assert "还行" in page.text


async def test_times_are_those_of_the_customers_country_and_said_whose(api: Api, phone: Phone) -> None:
    """Japan has one clock; in the United States the shop's is told, by its name."""
    for country, zone in (("JP", "Japan Time"), ("US", "China (Shanghai) Time"), ("CN", None)):
        customer = {"id": f"c-{country}", "name": "王小明", "phone": "13800138000", "country": country}
        phone.cookies.clear()
        link = await phone.requested((await api.sold(customer=customer))["order_no"])
        page = words(await phone.open(link))
        assert ("All times are in" in page) is (zone is not None)
        assert zone is None or f"All times are in {zone}." in page
        due = datetime.fromisoformat(
            (await api.get(f"/cases/{await numbered(phone, link)}")).json()["due_at"]
        ).astimezone(ZoneInfo("Asia/Tokyo" if country == "JP" else "Asia/Shanghai"))
        assert f"{due:%H:%M}" in page


async def test_an_offer_is_declined_with_a_counter_and_the_next_one_accepted(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    case_no = await numbered(phone, link)
    await api.act(case_no, "make_offer", amount="3.00")
    page = await phone.open(link)
    assert "¥3.00" in words(page)
    assert "counts as a no" in words(page)
    await phone.fill("/do/decline_offer", counter="6.00", note="太少了")
    await api.act(case_no, "make_offer", "manager", amount="6.00")
    await phone.open(link)
    page = await phone.fill("/do/accept_offer")
    assert "You accepted the offer." in words(page)
    assert "¥6.00" in words(page)
    assert (await api.get(f"/cases/{case_no}")).json()["remedy"] == "keep_it"


async def test_photos_that_were_asked_for_are_sent_later_and_seen_by_their_sender_only(
    api: Api, phone: Phone, service: Running
) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    case_no = await numbered(phone, link)
    await api.act(case_no, "request_evidence", what=["底部照片"])
    assert "底部照片" in words(await phone.open(link))
    page = await phone.fill("/do/submit_evidence", files=[("photo", ("a.jpg", pictures.photo()))], text="在这里")
    assert "Thank you, we have it." in words(page)
    shown = re.search(r'src="(/c/[^"]+/photos/[0-9a-f]{64})"', page.text)
    assert shown
    assert (await phone.get(shown.group(1))).headers["content-type"] == "image/jpeg"
    async with Phone(service) as other:
        hers = await other.requested((await api.sold())["order_no"])
        answer = await other.get(shown.group(1).replace(link, hers))
        assert answer.status_code == 404


async def test_a_message_pressed_twice_is_one_message(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    form = await phone.open(link)
    for _ in range(2):
        phone.page = form
        await phone.fill("/do/customer_message", text="在吗")
    assert words(await phone.open(link)).count("在吗") == 1


async def test_a_form_of_an_older_page_says_where_the_case_stands_now_and_loses_nothing(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    case_no = await numbered(phone, link)
    await api.act(case_no, "authorise_return")
    form = await phone.open(link)
    await phone.fill("/do/ship_return", carrier="SF", waybill=f"SF-{case_no}")
    await api.act(case_no, "book_in", "warehouse")
    await api.act(case_no, "choose_remedy", "manager", remedy="refund")
    phone.page = form
    page = await phone.post(f"{link}/do/accept_quote", data={"command_id": "x"})
    assert page.status_code == 409
    assert "your request has moved on" in words(page)


async def test_he_withdraws_after_he_was_asked_once_more(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    await phone.open(f"{link}/withdraw")
    assert "Please fill this in." in words(await phone.fill("/do/withdraw"))
    page = await phone.fill("/do/withdraw", reason="不退了")
    assert "You withdrew your request." in words(page)
    assert "Withdrawn" in words(page)
    assert str((await phone.open(f"{link}/withdraw")).url).endswith(link)


@pytest.mark.parametrize("end", ["", "x", "/withdraw", "/slip.pdf", f"/photos/{'0' * 64}"])
async def test_a_link_that_was_taken_back_or_spoilt_opens_nothing(api: Api, phone: Phone, end: str) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    case_no = await numbered(phone, link)
    spoilt = await phone.open(f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}{end if end != 'x' else 'x'}")
    assert spoilt.status_code == 404
    assert case_no not in spoilt.text
    await api.delete(f"/cases/{case_no}/link")
    over = await phone.open(link + (end if end != "x" else ""))
    assert over.status_code == 410
    assert "This link is over" in words(over)
    assert case_no not in over.text
    pressed = await phone.post(f"{link}/do/customer_message", data={"text": "x"})
    assert pressed.status_code == 410


async def test_forged_actions_and_files_are_not_there(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    for action in ("note", "close", "choose_remedy", "approve", "..%2Fx"):
        assert (await phone.post(f"{link}/do/{action}", data={})).status_code in (404, 405), action
    assert (await phone.get(f"{link}/photos/{'0' * 64}")).status_code == 404


async def test_every_page_of_customers_is_safe_to_show(api: Api, phone: Phone) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    for path in ("/r", "/r/items", "/r/sent", link, "/c/nothing"):
        headers = (await phone.open(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert 'name="robots" content="noindex' in phone.page.text


async def test_somebody_of_the_house_who_opens_a_link_sees_what_the_customer_sees(
    api: Api, phone: Phone, browse: Callable[..., Browser]
) -> None:
    link = await phone.requested((await api.sold())["order_no"])
    assert "We have your request" in words(await browse("agent").get(link))
