"""What leaders look at: stuck cases and bulk actions, the list of cases, reports, playbooks, calendars, sweeps."""

import asyncio
import csv
import html
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from console.language import Tongue
from console.pages import stuck, sweeps
from models.lifecycle import Role
from models.oversight.stuck_words import Seen, why
from models.oversight.sweeps import AUDIT, RECONCILE, SWEEPS, RunEnded, Tally
from models.tables import sweep_runs
from playbooks.loading.load import SHIPPED, load_playbooks
from store.engine import reading, writing
from store.oversight import months
from store.oversight import sweeps as sweep_rows
from store.oversight.reports.made import monthly
from tests.api.client import Api
from tests.builders import NOW
from tests.console.browser import Browser, Staff, words
from up import Running

Browse = Callable[..., Browser]


async def _ended(chen: Browser, address: str) -> str:
    async with asyncio.timeout(30):
        while 'aria-busy="true"' in (page := (await chen.get(address)).text):
            await asyncio.sleep(0.05)
    return page


# ── stuck ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_manager_sees_why_cases_are_stuck_and_gives_two_of_them_to_somebody(api: Api, browse: Browse) -> None:
    first, second = (await api.opened())["case_no"], (await api.opened())["case_no"]
    chen = browse("manager")
    board = await chen.page_with(first, "/stuck", reason="no_owner", sort="age")
    assert "nobody's" in words(board)
    assert "Nobody has owned it for" in words(board)

    check = await chen.submit(
        "/stuck?reason=no_owner", case=[first, second], scope="chosen", action="reassign", to="wu.di", why="holiday"
    )
    assert "Give to somebody else: wu.di – 2 cases" in words(check)
    command_id = re.search(r'name="command_id" value="([^"]+)"', check.text)
    assert command_id
    asked = {"case": [first, second], "action": "reassign", "to": "wu.di", "why": "holiday", "hours": ""}
    begun = await chen.submit("/bulk", **asked, command_id=command_id[1])
    again = await chen.submit("/bulk", **asked, command_id=command_id[1])
    assert begun.status_code == again.status_code == 303
    assert begun.headers["location"] == again.headers["location"], "one form is one bulk, however often it is sent"
    told = words(await _ended(chen, begun.headers["location"]))
    assert "2 of 2 asked" in told
    assert [(await api.get(f"/cases/{number}")).json()["owner"] for number in (first, second)] == ["wu.di", "wu.di"]
    assert "holiday" in words(await chen.get("/bulk"))


@pytest.mark.parametrize(
    ("language", "reason", "told"),
    [
        ("en", "silent", "usual time of 'To be triaged'"),
        ("en", "step_failing", "The automatic step 'Close' has been failing"),
        ("zh-CN", "step_failing", "自动步骤“关闭”已连续失败"),
        ("en", "bouncing", "reassigned 4 times"),
    ],
)
def test_a_reason_names_states_and_steps_as_the_desk_does(language: str, reason: str, told: str) -> None:
    whole = {"owner": "li", "due_at": NOW, "opened_at": NOW, "escalation": 0, "reassigned": 4, "reopened": 0}
    more = {"callback_misses": 0, "failing_step": "close", "last_acted_at": NOW, "usual_time": 3600}
    seen = Seen(state="requested", waiting_for="agent", **whole, **more)  # type: ignore[arg-type]
    found = why(reason, NOW, seen, NOW).model_dump()
    assert told in stuck.said(Tongue(language, ZoneInfo("Asia/Shanghai"), NOW), found)


async def test_the_board_is_narrowed_as_the_list_is_and_every_number_opens_its_list(api: Api, browse: Browse) -> None:
    case = await api.opened(kind="missing_item", owner="li")
    for to in ("wu.di", "sun", "li"):
        await api.act(case["case_no"], "assign", "manager", to=to)
    chen = browse("manager")
    page = await chen.get("/stuck", params={"kind": "missing_item", "owner": "li"})
    tiles = re.findall(r'href="(/stuck\?[^"]*reason=(\w+)[^"]*)">.*?tile-count">([\d,]+)<', page.text, re.DOTALL)
    assert "bouncing" in [reason for _, reason, _ in tiles]
    for address, reason, many in tiles:
        told = words(await chen.get(html.unescape(address)))
        assert re.search(rf"\b{many} cases? match", told), reason
        assert "What helps:" in told
    stages = re.findall(r'href="(/stuck\?[^"]*stage=\w+[^"]*)"[^>]*>[a-z-]+ (\d+)<', page.text)
    assert stages
    for address, many in stages:
        assert re.search(rf"\b{many} cases? match", words(await chen.get(html.unescape(address))))
    rows = list(csv.DictReader(io.StringIO((await chen.get("/stuck.csv?kind=missing_item&owner=li")).text[1:])))
    (mine,) = [row for row in rows if row["case_no"] == case["case_no"]]
    assert ("bouncing" in mine["reasons"].split(), mine["at_stake"], mine["currency"]) == (True, "129.00", "CNY")


async def test_those_that_refused_are_asked_again_and_nobody_else(api: Api, browse: Browse) -> None:
    open_one, over = (await api.opened())["case_no"], (await api.opened())["case_no"]
    await api.act(over, "withdraw", reason="found it")
    chen = browse("manager")
    asked = {"case": [open_one, over], "action": "reassign", "to": "li", "why": "holiday", "hours": ""}
    begun = await chen.submit("/bulk", **asked, command_id=f"bulk {over}")
    page = await _ended(chen, begun.headers["location"])
    again = page.partition('id="again"')[2]
    assert re.findall(r'name="case" value="([^"]+)"', again) == [over]
    assert 'value="holiday"' in again
    chinese = words(await browse("manager", language="zh-CN").get(begun.headers["location"]))
    assert "已拒绝 1" in chinese, "a case refuses an action; only parcels are refused at the door"
    check = words(await chen.submit("/stuck", case=[over], scope="chosen", action="remind", why="holiday"))
    assert "Remind whoever is awaited – 1 case" in check


async def test_a_supervisor_sees_which_actions_are_a_managers(browse: Browse, api: Api) -> None:
    await api.opened()
    page = (await browse("supervisor").get("/stuck")).text
    assert re.search(r'<option value="close"[^>]*disabled', page)
    assert not re.search(r'<option value="remind"[^>]*disabled', page)
    assert not re.search(r'<option value="close"[^>]*disabled', (await browse("manager").get("/stuck")).text)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"action": "reassign", "to": "", "why": "w"}, "Say to whom."),
        ({"action": "extend", "hours": "-3", "why": "w"}, "Say by how many hours, from 1 to 720."),
        ({"action": "extend", "hours": "²", "why": "w"}, "Say by how many hours, from 1 to 720."),
        ({"action": "remind", "why": ""}, "Say why: every case's timeline tells it."),
        ({"action": "", "why": "w"}, "Choose what is to be done."),
    ],
)
async def test_what_is_missing_of_a_bulk_is_said_where_it_is_typed_and_nothing_is_lost(
    api: Api, browse: Browse, typed: dict[str, str], told: str
) -> None:
    case = (await api.opened())["case_no"]
    page = await browse("manager").submit("/stuck?sort=age&reason=no_owner", case=case, scope="chosen", **typed)
    assert page.status_code == 422
    assert told in words(page)
    for value in filter(None, typed.values()):
        assert f'value="{value}"' in page.text


async def test_nobody_chosen_and_no_filter_meant_is_refused(api: Api, browse: Browse) -> None:
    await api.opened()
    page = await browse("manager").submit("/stuck", scope="chosen", action="remind", why="late")
    assert (page.status_code, "Choose at least one case" in words(page)) == (422, True)


async def test_all_that_match_are_counted_before_anything_is_done(api: Api, browse: Browse) -> None:
    case = await api.opened(kind="wrong_item")
    query = f"/stuck?kind=wrong_item&owner={case['owner'] or ''}&reason=no_owner"
    check = await browse("manager").submit(query, scope="all", action="remind", why="late")
    found = (await api.get("/stuck", params={"kind": "wrong_item", "reason": "no_owner"})).json()["total"]
    assert re.search(rf"Remind whoever is awaited – {found} cases?", words(check))


async def test_a_filter_that_finds_nothing_says_so_and_what_nobody_can_mean_is_left_out(browse: Browse) -> None:
    chen = browse("manager")
    assert "No stuck case matches." in words(await chen.get("/stuck", params={"owner": "nobody.here"}))
    odd = {"reason": ["tired", "overdue"], "stage": "limbo", "at_stake": "-1", "older_than_days": "soon", "sort": "?"}
    assert (await chen.get("/stuck", params=odd)).status_code == 200


async def test_an_agent_is_told_whom_to_ask_for_the_stuck_board(browse: Browse) -> None:
    page = await browse("agent").get("/stuck")
    assert page.status_code == 403
    assert "supervisor" in words(page)


# ── cases ─────────────────────────────────────────────────────────────────────────────────────────


async def test_the_number_of_a_case_leads_to_it_and_a_name_to_a_list(api: Api, browse: Browse) -> None:
    order = await api.sold(customer={"id": "c-7", "name": "欧阳娜", "phone": "13612345678"})
    case = (await api.opened(order_no=order["order_no"]))["case_no"]
    li = browse("agent")
    straight = await li.get("/cases", params={"q": f" {case.lower()} "})
    assert (straight.status_code, straight.headers["location"]) == (303, f"/cases/{case}")
    for text in (order["order_no"], "5678"):
        assert case in (await li.get("/cases", params={"q": text})).text, text
    assert "No case matches." in words(await li.get("/cases", params={"q": "%_nothing"}))


async def test_a_view_is_kept_under_a_name_shared_by_leaders_and_taken_away_by_its_owner(browse: Browse) -> None:
    chen, li = browse("manager"), browse("agent")
    kept = await chen.submit("/cases/views?mark=nobody&sort=priority", name="  Nobody's   first ", shared="on")
    assert (kept.status_code, kept.headers["location"]) == (303, "/cases?mark=nobody&sort=priority")
    assert "Nobody's first" in words(await li.get("/cases"))
    page = await chen.get("/cases?mark=nobody&sort=priority")
    address = re.search(r'action="(/cases/views/[^"]+/forget)"', page.text)
    assert address
    assert "You have no such view." in words(await li.get((await li.submit(address[1])).headers["location"]))
    assert "Nobody's first" in words(await li.get("/cases"))
    await chen.submit(address[1])
    assert "Nobody's first" not in words(await li.get("/cases"))
    unnamed = await chen.submit("/cases/views?mark=nobody", name=" ")
    assert (unnamed.status_code, "Give the view a name" in words(unnamed)) == (422, True)


async def test_the_list_goes_into_a_spreadsheet_as_it_is_filtered(api: Api, browse: Browse) -> None:
    case = (await api.opened(kind="damaged_in_transit"))["case_no"]
    file = await browse("agent").get("/cases.csv", params={"kind": "damaged_in_transit", "which": "all"})
    rows = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    (mine,) = [row for row in rows if row["case_no"] == case]
    assert (mine["kind"], mine["at_stake"], mine["currency"]) == ("damaged_in_transit", "129.00", "CNY")
    assert {row["kind"] for row in rows} == {"damaged_in_transit"}
    assert "王小明" not in file.text


async def test_a_search_is_among_all_cases_and_one_that_was_narrowed_stays_so_in_its_file(
    api: Api, browse: Browse
) -> None:
    order = await api.sold(customer={"id": "c-77", "name": "司马静安", "phone": "13677778888"})
    still = (await api.opened(order_no=order["order_no"]))["case_no"]
    over = (await api.opened(order_no=order["order_no"], lines=[{"line_no": 2, "quantity": 1}]))["case_no"]
    await api.act(over, "reject", reason="no fault")
    li = browse("agent")
    for asked, found in (({}, {still, over}), ({"which": "open"}, {still}), ({"which": "closed"}, {over})):
        page = await li.get("/cases", params={"q": "司马静安", **asked})
        file = await li.get("/cases.csv", params={"q": "司马静安", **asked})
        assert {number for number in (still, over) if number in page.text} == found, asked
        assert {row["case_no"] for row in csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff")))} == found, asked
        file_of_page = re.search(r'href="(/cases\.csv[^"]*)"', page.text)
        assert file_of_page
        assert ("which" in file_of_page[1]) == ("which" in asked), "the file is of the same cases as the page"


async def test_the_list_is_narrowed_to_an_owner_by_name_and_to_whose_turn_it_is(
    api: Api, browse: Browse, staff: Staff
) -> None:
    staff.door.add("tan", [Role.AGENT], datetime.now(UTC), "谭晓")
    mine = (await api.opened(owner="tan"))["case_no"]
    await api.act(mine, "investigate", check="courier")
    page = await browse("agent").get("/cases", params={"owner": "tan", "turn": "courier"})
    assert mine in page.text
    assert '<option value="tan" selected>谭晓</option>' in page.text
    assert mine not in (await browse("agent").get("/cases", params={"owner": "tan", "turn": "warehouse"})).text


# ── reports, playbooks, calendars, sweeps ─────────────────────────────────────────────────────────


async def test_a_number_of_a_report_leads_to_its_cases(api: Api, browse: Browse) -> None:
    case = (await api.opened())["case_no"]
    chen = browse("manager")
    shown = await chen.get((await chen.get("/reports")).headers["location"])
    assert "still running" in words(shown)
    link = re.search(r'href="(/reports/monthly/cases\?[^"]*cell=opened)"', shown.text)
    assert link
    assert (await chen.page_with(case, html.unescape(link[1]))).status_code == 200
    file = await chen.get("/reports/monthly/csv")
    assert file.headers["content-type"].startswith("text/csv")
    before = re.search(r'href="(/reports/monthly\?month=[^"]+)" rel="prev"', shown.text)
    assert before
    assert (await chen.get(before[1])).status_code == 200


async def test_every_word_of_the_month_end_stands_on_its_pages(api: Api, browse: Browse) -> None:
    """T13, word by word, for a Chinese reader: nothing of it is left in English, no number is nobody's."""
    case_no = (await api.opened(kind="usage_help", wanted="none", owner="li"))["case_no"]
    await api.act(case_no, "answer", text="长按三秒。", final=True)
    await api.act(case_no, "complete_callback", satisfied=True, scores={"polite": 5})
    for _ in range(3):
        await api.opened(kind="not_as_described", owner="li")
    chen = browse("manager", language="zh-CN")
    month = await chen.get("/reports/monthly")
    titles = (
        "按类型",
        "按原因",
        "按商品",
        "按快递",
        "按负责人",
        "处理方式",
        "成本",
        "时限",
        "回访",
        "评分",
        "钱货不符",
        "重复问题",
    )
    assert [title for title in titles if title not in words(month)] == []
    assert "维修占比" in words(month)
    assert "电热水壶 1.7 L" in words(month), "products by their names"
    assert "已退款未退货 90 天以上" in words(month)
    assert "即为重复问题" in words(month), "the rule that decides"
    assert "本期内新开的售后单，不论后来如何。" in words(month)
    assert '<dd lang="en">' not in month.text
    assert "重复" in words(await chen.get("/reports/causes")).partition("未注明")[0]
    assert "即为新问题" in words(await chen.get("/reports/weekly"))
    sheet = words(await chen.get("/reports/staff"))
    assert "被投诉" in sheet
    assert "本月评分表须在" in sheet


async def test_the_sample_of_closed_cases_is_a_page_with_their_numbers(api: Api, browse: Browse) -> None:
    over = (await api.opened(kind="misdelivered"))["case_no"]
    await api.act(over, "withdraw", reason="found it")
    page = await browse("manager").get("/reports/sample")
    sampled = re.findall(r">(AC-[\d-]+)</a>", page.text)
    kinds = (await api.get("/reports/sample")).json()["sections"][0]["rows"]
    assert sorted(sampled) == sorted(number for row in kinds for number in row["cases"])
    assert over in sampled


async def test_the_list_behind_a_number_says_what_it_counts_and_goes_into_a_spreadsheet(
    api: Api, browse: Browse
) -> None:
    case_no = (await api.opened(kind="price_adjustment", owner="li"))["case_no"]
    chen, cell = browse("manager"), "opened|kind=price_adjustment"
    page = words(await chen.page_with(case_no, "/reports/monthly/cases", cell=cell))
    assert "Cases opened" in page
    assert "Kind: Price adjustment" in page
    file = await chen.get("/reports/monthly/cases.csv", params={"cell": cell})
    assert case_no in [row["case_no"] for row in csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff")))]
    clocks = words(await chen.get("/reports/clocks/cases", params={"cell": "still_late|clock=triage"}))
    assert "Clocks that run late" in clocks


async def test_a_month_is_seen_as_it_was_kept(service: Running, browse: Browse) -> None:
    chen = browse("manager")
    assert "As they were kept" not in words(await chen.get("/reports/monthly?month=2012-05"))
    with reading(service.engine) as session:
        rules = load_playbooks(SHIPPED).reports
        document = monthly(session, "2012-05", rules, ZoneInfo("Asia/Shanghai"), datetime.now(UTC))
    with writing(service.engine) as session:
        months.keep(session, "2012-05", {"report": document}, datetime.now(UTC))
    assert "As they were kept" in words(await chen.get("/reports/monthly?month=2012-05"))
    kept = await chen.get("/reports/monthly?month=2012-05&kept=true")
    assert "These are the numbers as they were kept" in words(kept)


async def test_an_agent_reads_the_own_sheet_only(browse: Browse) -> None:
    li = browse("agent")
    assert (await li.get("/reports")).headers["location"] == "/reports/staff"
    assert (await li.get("/reports/staff")).status_code == 200
    assert (await li.get("/reports/monthly")).status_code == 403
    assert (await browse("manager").get("/reports/horoscope")).status_code == 404


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/playbooks", "they are in force for new cases"),
        ("/playbooks/quality_fault", "repair → exchange → refund"),
        ("/calendars", "Asia/Shanghai"),
        ("/calendars/shop_cn?year=2026", "248 working days"),
        ("/calendars/shop_cn?year=abc", "working days"),
        ("/sweeps", "Stuck sweep aftercare-stuck-sweep"),
        ("/sweeps", "every 15 min"),
    ],
)
async def test_a_manager_looks_up_what_is_in_force(browse: Browse, address: str, told: str) -> None:
    page = await browse("manager").get(address)
    assert page.status_code == 200
    assert told in words(page)


async def test_every_sweep_is_said_in_the_readers_language(browse: Browse) -> None:
    assert set(sweeps.WHAT) == set(SWEEPS)
    page = (await browse("manager", language="zh-CN").get("/sweeps")).text
    assert "卡单检查" in page
    assert "finds open cases" not in page


async def test_what_an_audit_and_a_sweep_have_found_is_said_in_the_readers_language(
    service: Running, browse: Browse
) -> None:
    """On the page of the books and beside the sweep; what nobody foresaw stays as it was written, marked as English."""
    detail, now = "Payout p-9 went to a balance as 12.50; no balance has it.", datetime.now(UTC)
    amiss = {"details": {"amiss": [{"sort": "balance", "order_no": "E-1", "case_no": None, "detail": detail}]}}
    tally = Tally(found=1, words=(f"E-1: {detail}", "the moon is late"), **amiss)
    runs = [RunEnded(run_id=f"zh-{s}", sweep=s, began=now, at=now, tally=tally) for s in (AUDIT, RECONCILE)]
    with writing(service.engine) as session:
        for run in runs:
            sweep_rows.ended(session, run)
    try:
        chen = browse("manager", language="zh-CN")
        for address, times in (("/books", 2), ("/sweeps", 2)):  # whole and hourly; a line of each of the two sweeps
            page = (await chen.get(address)).text
            assert page.count("打款 p-9 应存入余额 12.50，但没有任何余额收到。") == times, address
            assert re.search(r'<span( class="small")? lang="en">the moon is late</span>', page), address
            assert "no balance has it" not in page
        assert detail in (await browse("manager").get("/books")).text
    finally:
        with writing(service.engine) as session:
            session.execute(delete(sweep_runs).where(sweep_runs.c.run_id.in_([run.run_id for run in runs])))


async def test_the_road_of_a_kind_is_a_drawing_in_the_readers_language(browse: Browse) -> None:
    drawn = await browse("agent").get("/playbooks/wrong_item/road.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert ">To be triaged<" in drawn.text
    chinese = await browse("agent", "zh-CN").get("/playbooks/wrong_item/road.svg")
    assert ">待受理<" in chinese.text
    assert [one.headers["content-language"] for one in (drawn, chinese)] == ["en", "zh-CN"]
    assert chinese.headers["vary"] == "Accept-Language, Cookie"
    assert chinese.headers["cache-control"] == "no-store"
    assert (await browse("agent").get("/playbooks/teleport")).status_code == 404
    assert (await browse("agent").get("/calendars/mars")).status_code == 404
