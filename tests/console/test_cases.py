"""The page of a case, and what can be done on it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import httpx
import pytest
from PIL import Image

from api.people.sign_in import Doorkeeper
from api.people.work import in_order
from console import labels
from console.cases import forms, sentences, timeline
from console.visit import SESSION_COOKIE
from models.commands import schema_of
from models.events import Fact
from models.lifecycle import WAITS_FOR, Action, Role, State
from server import make_app
from settings import Settings
from tests.api.client import KETTLE_LOOKED_AT, Api
from tests.console.browser import QUICK, Browser, Staff, words
from tests.databases import opened, sqlite_database
from up import Running

Browse = Callable[..., Browser]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def plainly(text: str, **values: object) -> str:
    return text % values if values else text


def carried(page: str) -> dict[str, str]:
    """What the page's forms carry."""
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found is not None
    return {"seen": found.group(1)}


# ── words for everything ──────────────────────────────────────────────────────────────────────────


def _enums(schema: object) -> set[str]:
    if isinstance(schema, dict):
        own = {str(one) for one in schema.get("enum", [])}
        return own.union(*(_enums(one) for one in schema.values()), set())
    return set().union(*(_enums(one) for one in schema)) if isinstance(schema, list) else set()


def test_everything_the_machine_can_say_has_words():
    assert set(labels.STATES) == {state.value for state in State}
    assert set(WAITS_FOR.values()) <= set(labels.TURNS)
    assert set(labels.FACTS) == {fact.value for fact in Fact}
    assert {action.value for action in Action} <= set(labels.ACTIONS)


@pytest.mark.parametrize("action", Action)
def test_every_field_and_choice_of_every_form_has_words(action: Action):
    known = forms.Known(plainly)
    for one in forms.fields_of(action, known):
        assert one.key in labels.FIELDS, one.key
        for _, row in one.rows:
            assert {field.key for field in row} <= set(labels.FIELDS)
    said = {key.rpartition(".")[2] for key in labels.CHOICES} | set(labels.FIELDS)
    assert _enums(schema_of(action)) <= said


# ── forms and data ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("action", "typed", "data"),
    [
        ("note", {"note": "call back"}, {"note": "call back"}),
        ("ship_return", {"carrier": " SF ", "waybill": "SF1", "freight": ""}, {"carrier": "SF", "waybill": "SF1"}),
        ("promise", {"what": "call", "at": "2026-03-09T16:00"}, {"what": "call", "at": "2026-03-09T16:00:00+08:00"}),
        ("answer", {"text": "yes", "final": "true"}, {"text": "yes", "final": True}),
        ("answer", {"text": "yes"}, {"text": "yes"}),
        ("lend_loaner", {"serial": "K-1"}, {"serial": "K-1", "consent": False}),  # the tick was taken away
        (
            "complete_callback",
            {"satisfied": "false", "scores.polite": "4"},
            {"satisfied": False, "scores": {"polite": 4}},
        ),
        ("complete_callback", {"satisfied": "", "scores.polite": ""}, {}),
        ("request_evidence", {"what": ["photo", "label\nbox"]}, {"what": ["photo", "label", "box"]}),
        (
            "make_offer",
            {"options.0.type": "keep_it", "options.0.amount": "20.00", "options.0.replacement.quantity": "1"}
            | {"options.1.type": ""},
            {"options": [{"type": "keep_it", "amount": "20.00"}]},
        ),
        (
            "split",
            {"lines.0.line_no": "1", "lines.0.quantity": "1", "lines.0.-": ["off", "on"]}
            | {"lines.1.line_no": "2", "lines.1.quantity": "4", "lines.1.-": "off"},
            {"lines": [{"line_no": 1, "quantity": 1}]},
        ),
        ("set_priority", {"priority": "high", "version": "9", "procedure": "{}"}, {"priority": "high"}),
        ("book_in", {"boxes": "two"}, {"boxes": "two"}),  # the model says what is wrong with it
    ],
)
def test_what_was_typed_is_the_data_of_the_action(
    action: str, typed: dict[str, str | list[str]], data: dict[str, object]
):
    listed = {key: value if isinstance(value, list) else [value] for key, value in typed.items()}
    assert forms.data_of(Action(action), listed, SHANGHAI) == data


def test_what_was_typed_is_shown_again_with_what_is_wrong_with_it():
    known = forms.Known(
        plainly, values={"boxes": "two", "waybill": "SF1"}, errors={"boxes": "a number"}, now_typed=True
    )
    fields = {one.name: one for one in forms.fields_of(Action.BOOK_IN, known)}
    assert (fields["boxes"].value, fields["boxes"].error) == ("two", "a number")
    assert fields["waybill"].value == "SF1"


@pytest.mark.parametrize("action", [*Action, *Fact])
def test_every_entry_is_found_by_one_filter(action: Action | Fact):
    assert timeline.sort_of(action.value) in timeline.FILTERS


# ── the page ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_case_tells_where_it_stands_and_what_is_next(api: Api, browse: Browse):
    case = await api.opened()
    page = await browse("agent").get(f"/cases/{case['case_no']}")
    said = words(page)
    for told in (
        case["case_no"],
        "Quality fault",
        "To be triaged",
        "Turn: us",
        "壶底漏水",
        "Decision",
        "Goods",
        "Money",
    ):
        assert told in said, told
    assert case["next_step"]["text"]["en"] in said
    assert re.search(r"\b8 hrs \d\d mins left", said), "the triage clock has 8:30, and may run while this is read"
    assert "¥338.00" in said
    assert "13800138000" not in page.text, "telephones are masked until somebody asks"


async def test_it_is_told_in_chinese_too(api: Api, browse: Browse):
    case = await api.opened()
    said = words(await browse("supervisor", "zh-CN").get(f"/cases/{case['case_no']}"))
    for told in ("待受理", "轮到： 我方", "质量问题", "接下来", case["next_step"]["text"]["zh"]):
        assert told in said, told


async def test_the_words_for_the_customer_are_in_the_customers_language(api: Api, browse: Browse):
    order = await api.sold(customer={"id": "c-9", "name": "Ann", "phone": "447700900000", "language": "en"})
    case = await api.opened(order_no=order["order_no"])
    page = await browse("agent", "zh-CN").get(f"/cases/{case['case_no']}")
    assert "Hello Ann" in words(page)


async def test_an_action_is_done_by_a_plain_form_and_twice_has_one_effect(api: Api, browse: Browse):
    case = await api.opened()
    li, address = browse("agent"), f"/cases/{case['case_no']}/do/request_evidence"
    fields = {"what": ["photo_fault"], "command_id": "once", "say": "请发照片", "say_it": "on"}
    for _ in range(2):
        answer = await li.submit(address, **fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{case['case_no']}")
    page = words(await li.get(f"/cases/{case['case_no']}"))
    assert "Waiting for evidence" in page
    assert "Done, and the customer was told." in page
    entries = (await api.get(f"/cases/{case['case_no']}/timeline")).json()["items"]
    assert [one["action"] for one in entries] == ["opened", "request_evidence", "message"]
    assert entries[1]["actor"] == {"id": "li", "role": "agent"}


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(api: Api, browse: Browse):
    case = await api.opened()
    typed = {"carrier": "顺丰", "waybill": "", "freight": "12,5"}
    answer = await browse("agent").submit(f"/cases/{case['case_no']}/do/ship_return", **typed)
    assert answer.status_code == 422
    assert 'value="顺丰"' in answer.text
    assert 'value="12,5"' in answer.text
    assert 'href="#f-waybill"' in answer.text
    assert re.search(r'id="f-freight"[^>]*aria-invalid="true"', answer.text)
    assert (await api.get(f"/cases/{case['case_no']}")).json()["version"] == case["version"]


async def test_what_somebody_else_did_meanwhile_is_shown_and_the_draft_is_kept(api: Api, browse: Browse):
    case_no = (await api.opened())["case_no"]
    li = browse("agent")
    form = await li.get(f"/cases/{case_no}/do/reject")
    draft = {"reason": "no fault of ours", **carried(form.text)}
    await api.act(case_no, "customer_message", "customer", text="I found the receipt")
    answer = await li.submit(f"/cases/{case_no}/do/reject", **draft)
    assert answer.status_code == 409
    assert "I found the receipt" in words(answer)
    assert "no fault of ours" in answer.text
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "requested"
    assert (
        await li.submit(f"/cases/{case_no}/do/reject", reason="no fault of ours", **carried(answer.text))
    ).status_code == 303


async def test_what_the_case_refuses_is_told_in_the_form(api: Api, browse: Browse):
    case_no = (await api.opened())["case_no"]
    answer = await browse("agent").submit(f"/cases/{case_no}/do/accept_offer", option="1")
    assert answer.status_code == 409
    assert "Something is missing or wrong" in words(answer)
    shut = await browse("warehouse").submit(f"/cases/{case_no}/do/reject", reason="x")
    assert shut.status_code == 403


async def test_the_amounts_of_a_remedy_are_shown_before_it_is_chosen_and_it_is_the_shown_ones_that_count(
    api: Api, browse: Browse
):
    case_no = (await api.opened())["case_no"]
    await api.act(case_no, "authorise_return")
    await api.act(case_no, "book_in", "warehouse")
    await api.act(case_no, "confirm_fault", "warehouse", lines=[KETTLE_LOOKED_AT])
    chen = browse("manager")
    page = await chen.submit(f"/cases/{case_no}/amounts", remedy="refund", note="two weeks late")
    # 129.00 for one kettle; the rest of the order stays, and with it its postage.
    assert all(told in words(page) for told in ("What this comes to", "¥129.00", "× 1", "rule F3")), words(page)
    assert 'value="two weeks late"' in page.text or ">two weeks late<" in page.text
    named = re.search(r'name="preview_id" value="([^"]+)"', page.text)
    assert named is not None
    assert (await api.get(f"/cases/{case_no}")).json()["payouts"] == []
    remedy = f"/cases/{case_no}/do/choose_remedy"
    kept = {"remedy": "keep_it", "amount": "20.00", "customer_agrees": "true", "preview_id": named[1]}
    stale = await chen.submit(remedy, **kept)
    assert (stale.status_code, "¥20.00" in words(stale)) == (409, True), words(stale)
    chosen = await chen.submit(remedy, remedy="refund", preview_id=named[1])
    assert chosen.status_code == 303, words(chosen)
    wrong = await chen.submit(f"/cases/{case_no}/amounts", remedy="keep_it", amount="a lot")
    assert (wrong.status_code, "amount" in words(wrong).lower(), "What this comes to" in words(wrong)) == (
        422,
        True,
        False,
    )


async def test_a_case_whose_refund_waits_for_a_manager_says_who_asks_for_what(api: Api, browse: Browse):
    """With an amount of its own (compensation) and without one (a refund above the agent's limit)."""
    coat = {"line_no": 1, "sku": "COAT-M", "name": "羊毛大衣", "unit_price": "899.00", "quantity": 1}
    paid = [{"payment_no": "P1", "method": "alipay", "reference": "A-1", "amount": "909.00"}]
    order_no = (await api.sold(lines=[coat], payments=paid))["order_no"]
    case_no = (await api.opened(order_no=order_no))["case_no"]
    await api.act(case_no, "authorise_return")
    await api.act(case_no, "book_in", "warehouse")
    await api.act(case_no, "confirm_fault", "warehouse", lines=[KETTLE_LOOKED_AT])
    assert (await api.act(case_no, "choose_remedy", remedy="refund")).json()["state"] == "awaiting_approval"
    li = browse("agent")
    page = words(await li.get(f"/cases/{case_no}"))
    assert " asks for: Choose the remedy : refund ¥909.00 rule F3 How it is made up line 1: ¥899.00" in page  # 899 + 10
    mine = words(await browse("manager").get(f"/cases/{case_no}"))
    assert "asks for: Choose the remedy : refund ¥909.00" in mine, "whoever decides it sees it here too"
    other = (await api.opened())["case_no"]
    await api.act(other, "compensate", amount="100.00", kind="goodwill", reason="等了一个月")
    page = words(await li.get(f"/cases/{other}"))
    assert "li asks for: Compensate ¥100.00 as asked for" in page
    assert "等了一个月" in page
    chinese = words(await browse("agent", "zh-CN").get(f"/cases/{other}"))
    assert "¥100.00 按申请所填" in chinese


async def test_a_note_never_reaches_the_customer_and_a_message_does(api: Api, browse: Browse):
    case_no = (await api.opened())["case_no"]
    li = browse("agent")
    page = (await li.get(f"/cases/{case_no}")).text
    assert "Send to the customer" in page
    assert "Save the note" in page
    await li.submit(f"/cases/{case_no}/note", words="he shouts")
    await li.submit(f"/cases/{case_no}/message", words="we are on it")
    entries = (await api.get(f"/cases/{case_no}/timeline")).json()["items"]
    assert [(one["action"], one["note"]) for one in entries[1:]] == [("note", "he shouts"), ("message", "we are on it")]
    empty = await li.submit(f"/cases/{case_no}/message", words="  ")
    assert empty.status_code == 422
    assert "Write something first." in words(empty)


async def test_script_in_a_text_is_shown_as_it_was_typed(api: Api, browse: Browse):
    case_no = (await api.opened(description="<script>alert(1)</script>"))["case_no"]
    li = browse("agent")
    await li.submit(f"/cases/{case_no}/note", words="<img src=x onerror=alert(2)> {{ 7 * 7 }}")
    page = (await li.get(f"/cases/{case_no}")).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{{ 7 * 7 }}" in page


async def test_photos_are_added_and_shown_and_belong_to_their_case(api: Api, browse: Browse):
    case_no, other = (await api.opened())["case_no"], (await api.opened())["case_no"]
    li, photo = browse("agent"), BytesIO()
    Image.new("RGB", (40, 30), "red").save(photo, "PNG")
    sent = {"files": ("kettle.png", photo.getvalue(), "image/png")}
    answer = await li.post(f"/cases/{case_no}/files", data={"csrf": await li.csrf()}, files=sent)
    assert answer.status_code == 303, words(answer)
    page = (await li.get(f"/cases/{case_no}")).text
    address = re.search(rf'href="(/cases/{case_no}/files/\w+)"', page)
    assert address is not None
    shown = await li.get(address.group(1))
    assert shown.headers["content-type"].startswith("image/")
    assert (await li.get(address.group(1).replace(case_no, other))).status_code == 404
    broken = {"files": ("x.exe", b"MZ\x90\x00", "application/octet-stream")}
    refused = await li.post(f"/cases/{case_no}/files", data={"csrf": await li.csrf()}, files=broken)
    assert refused.status_code == 422
    assert "x.exe" in words(refused)


async def test_the_timeline_tells_the_future_first_and_is_narrowed(api: Api, browse: Browse):
    case_no = (await api.opened())["case_no"]
    li = browse("agent")
    await li.submit(f"/cases/{case_no}/note", words="he is in a hurry")
    everything = words(await li.get(f"/cases/{case_no}"))
    assert everything.index("What will happen") < everything.index("Triage ends") < everything.index("he is in a hurry")
    narrowed = words(await li.get(f"/cases/{case_no}?show=money"))
    assert "Nothing of this sort yet." in narrowed
    assert "he is in a hurry" not in narrowed


async def test_a_customer_is_shown_as_he_is_reached_by_now_with_his_other_cases(api: Api, browse: Browse):
    """C7: what was changed in the case is what counts, for the page and for whoever looks at the number."""
    buyer = {"id": "c-4711", "name": "诸葛明", "phone": "13511112222"}
    first = (await api.opened(order_no=(await api.sold(customer=buyer))["order_no"]))["case_no"]
    second = (await api.opened(order_no=(await api.sold(customer=buyer))["order_no"]))["case_no"]
    li = browse("agent")
    page = words(await li.get(f"/cases/{second}"))
    assert "Other cases of this customer in 2 orders" in page
    assert first in page
    await li.submit(f"/cases/{second}/do/update_contact", name="诸葛亮", phone="13999990000")
    changed = words(await li.get(f"/cases/{second}"))
    assert "诸葛亮 · •••••••0000" in changed
    assert "13999990000" in words(await li.submit(f"/cases/{second}/reveal"))
    complaint = {"kind": "complaint", "description": "没人理我", "channel": "phone", "wanted": "none"}
    called = (
        await api.post("/cases", json={**complaint, "contact": {"name": "何先生", "phone": "13511112222"}})
    ).json()
    said = words(await li.get(f"/cases/{called['case_no']}"))
    assert "何先生 · •••••••2222" in said
    assert first in said, "who complains without an order is known by the telephone that he bought with"


async def test_the_words_for_the_customer_name_the_owner_as_people_do(api: Api, browse: Browse, staff: Staff):
    staff.door.add("ouyang", [Role.AGENT], datetime.now(UTC), "欧阳倩")
    case = await api.opened(owner="ouyang")
    assert "我是欧阳倩" in words(await browse("supervisor", "zh-CN").get(f"/cases/{case['case_no']}"))


async def test_what_the_machine_notes_and_reckons_is_said_in_chinese_on_chinese_pages(api: Api, browse: Browse):
    case_no = (await api.opened(owner="li"))["case_no"]
    await api.act(case_no, "authorise_return")
    await api.act(case_no, "ship_return", "customer", carrier="SF", waybill=f"SF-{case_no}", freight="12.00")
    await api.act(case_no, "book_in", "warehouse")
    await api.act(case_no, "refute_fault", "warehouse", lines=[{**KETTLE_LOOKED_AT, "cause": "none_found"}])
    await api.act(case_no, "choose_remedy", "manager", remedy="refund")
    page = words(await browse("agent", "zh-CN").get(f"/cases/{case_no}"))
    for told in ("判定无故障时没有照片或报告", "1 件按各自分摊的实付额为 ¥129.00", "电热水壶 1.7 L × 1", "运费 ¥12.00"):
        assert told in page, page
    assert "by its own share" not in page
    assert "没有上报过" in page or "not escalated" not in page


async def test_an_escalation_that_was_never_made_cannot_be_acknowledged(api: Api):
    case = await api.opened()
    (answer,) = [one for one in case["actions"] if one["action"] == "acknowledge"]
    assert (answer["allowed"], answer["reasons"][0][:27]) == (False, "This case was not escalated")


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("first_answer ran out.", "“首次答复”已到期。"),
        ("next_answer: level 2.", "“下次答复”：2 级。"),
        ("next_answer: nobody is on duty for level 1.", "“下次答复”：1 级无人当班。"),
        ("freight 12.00 CNY and quote 30.00 CNY: the customer owes 50 % before shipping (F10, F12).", "加报价 ¥30.00"),
        ("the seller is liable for 70 % of the postage (F19).", "邮费由商家承担 70 %"),
        ("he shouts: not again.", "he shouts: not again."),
    ],
)  # fmt: skip
def test_a_sentence_of_the_machine_is_known_again(note: str, told: str):
    from tests.console.test_console import tongue

    assert told in sentences.noted(note, tongue("zh-CN"))
    assert sentences.noted(note, tongue("en")).rstrip(".") != ""


def test_every_clock_of_the_shipped_playbooks_has_words(service: Running):
    named = set()
    for book in service.playbooks.current().kinds.values():
        for procedure in (
            book.procedure,
            *(book.for_case(one.key, None, None).procedure for one in book.subcategories),
        ):
            named |= {clock.clock for clock in procedure.clocks.values()} | set(procedure.side_clocks)
    assert named <= set(labels.CLOCKS)


async def test_a_case_that_is_not_there_is_said_so(browse: Browse):
    answer = await browse("agent").get("/cases/AC-99-000001")
    assert answer.status_code == 404
    assert "There is no case" in words(answer)


async def test_inspection_is_a_row_for_each_line(api: Api, browse: Browse):
    case_no = (await api.opened())["case_no"]
    for action, role, data in (
        ("authorise_return", "agent", {}),
        ("ship_return", "customer", {"carrier": "SF", "waybill": f"SF-{case_no}"}),
        ("book_in", "warehouse", {}),
    ):
        assert (await api.act(case_no, action, role, **data)).status_code == 200
    zhao = browse("warehouse")
    form = await zhao.get(f"/cases/{case_no}/do/confirm_fault")
    assert "电热水壶" in words(form)
    looked = {f"lines.0.{key}": str(value) for key, value in KETTLE_LOOKED_AT.items()}
    assert (await zhao.submit(f"/cases/{case_no}/do/confirm_fault", **looked)).status_code == 303
    said = words(await zhao.get(f"/cases/{case_no}"))
    assert "fault confirmed" in said
    assert "Send to the customer" not in said, "the warehouse does not write to customers"


# ── my work ───────────────────────────────────────────────────────────────────────────────────────


async def test_my_work_says_why_each_case_is_there_and_leads_from_one_to_the_next(api: Api, browse: Browse):
    first, second = (await api.opened())["case_no"], (await api.opened())["case_no"]
    sun = browse("supervisor")
    for case_no in (first, second):
        assert (await sun.submit(f"/cases/{case_no}/do/take")).status_code == 303
    await api.act(second, "customer_message", "customer", text="is anybody there?")
    page = words(await sun.get("/work"))
    assert page.index("Customer answered") < page.index(second) < page.index("is anybody there?")
    assert "customer wrote" in page
    following = await sun.get("/work/next")
    assert following.status_code == 303
    assert f"/work/skip/{first}" in (await sun.get(f"/cases/{first}?from=work")).text
    skipped = await sun.submit(f"/work/skip/{second}", reason="Something more urgent")
    assert skipped.headers["location"] == f"/work/next?after={second}"
    assert "Something more urgent" in words(await sun.get(f"/cases/{second}"))
    assert "Say why." in words(await sun.submit(f"/work/skip/{second}"))


async def test_the_next_case_is_the_one_with_the_nearest_deadline_and_one_left_for_later_comes_last(
    api: Api, browse: Browse
):
    """A customer who wrote two hours before noon goes before what is due tonight, whichever section comes first."""
    due = {"overdue": [], "today": [("A", "18:00")], "answered": [("B", "11:00")], "unassigned": [("C", "10:15")]}
    sections: dict[str, list[dict[str, str | None]]] = {
        name: [{"case_no": no, "due_at": f"2026-03-02T{at}:00+08:00", "clock": "triage"} for no, at in rows]
        for name, rows in {**due, "later": [], "waiting": [("D", "09:30")]}.items()
    }
    sections["unassigned"].append({"case_no": "E", "due_at": None, "clock": None})
    assert in_order(sections) == ["C", "B", "A", "E"]

    numbers = [(await api.opened(owner="du"))["case_no"] for _ in range(3)]
    du = browse("director")
    mine = [one for one in re.findall(r'id="r-(AC-[\d-]+)"', (await du.get("/work")).text) if one in numbers]
    assert mine == numbers
    await du.submit(f"/work/skip/{mine[0]}", reason="Something more urgent")
    page = await du.get("/work")
    row = page.text[page.text.index(f'id="r-{mine[0]}"') :]
    assert "left for later" in words(row[: row.index("</tr>")])
    assert mine[0] not in (await du.get("/work/next")).headers["location"]
    # From the last case it goes round to the others, and never back to what was just left.
    for one in mine[1:]:
        await du.submit(f"/work/skip/{one}", reason="Something more urgent")
    onward = (await du.get("/work/next", params={"after": mine[1]})).headers["location"]
    assert not any(one in onward for one in mine)


async def test_what_waits_for_the_warehouse_is_the_warehouses_work(api: Api, browse: Browse):
    case_no = (await api.opened())["case_no"]
    await api.act(case_no, "investigate", check="warehouse")
    assert case_no in words(await browse("warehouse").get("/work"))
    assert case_no not in words(await browse("finance").get("/work"))


async def test_nothing_to_do_is_said_and_not_an_empty_page(service: Running):
    """In a shop of its own: what waits for an expert waits for every expert, whichever test brought it about."""
    with sqlite_database() as url, opened(url) as engine:
        door = Doorkeeper(engine, QUICK)
        _, given = door.add("xie", [Role.EXPERT], datetime.now(UTC))
        (xie,) = door.users()
        door.change_password(xie, given, "the expert of a quiet shop", "none", datetime.now(UTC))
        secret = door.let_in(xie, "127.0.0.1", "tests", datetime.now(UTC))
        app = make_app(Settings(), service.client, engine, service.playbooks)
        headers = {"Accept": "text/html", "Accept-Language": "en"}
        through = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=through, base_url="http://shop", headers=headers) as shop:
            shop.cookies.set(SESSION_COOKIE, secret)
            assert "All clear: nothing needs you now." in words(await shop.get("/work"))
            assert "Nothing more needs you now." in words(await shop.get("/work/next", follow_redirects=True))


def test_the_future_is_in_the_order_in_which_it_comes():
    from tests.console.test_console import tongue

    clock = {"state": "running", "next_alarm": None, "outcome": "close"}
    later = {**clock, "clock": "evidence", "due_at": datetime(2026, 3, 12, tzinfo=UTC).isoformat()}
    sooner = {**clock, "clock": "promise", "due_at": datetime(2026, 3, 9, tzinfo=UTC).isoformat()}
    over = {**clock, "clock": "triage", "state": "met", "due_at": None}
    found = timeline.ahead({"clocks": [later, over, sooner]}, tongue("en"))
    assert [one.what for one in found] == ["Promise ends", "Evidence from the customer ends"]
    assert found[1].then == "it closes by itself"
