"""Managers change how cases are handled: drafts of playbooks and calendars, trials, publishing, and rebases."""

import asyncio
import html
import re
from collections.abc import Callable

import httpx
import pytest

from playbooks.loading.load import SHIPPED, load_playbooks
from tests.api.client import Api
from tests.console.browser import Browser, words

Browse = Callable[..., Browser]


async def _begun(chen: Browser, **fields: str) -> str:
    """The address of a new draft."""
    begun = await chen.submit("/drafts", **fields)
    assert begun.status_code == 303, words(begun)
    return begun.headers["location"]


def _hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, name
    return found[1]


def _text(page: httpx.Response) -> str:
    found = re.search(r"(?s)<textarea[^>]*>(.*?)</textarea>", page.text)
    assert found
    return html.unescape(found[1].removeprefix("\n"))


async def _save(chen: Browser, address: str, text: str, do: str = "check", **more: str) -> httpx.Response:
    revision = _hidden(await chen.get(address), "revision")
    return await chen.submit(address, text=text, revision=revision, do=do, **more)


async def _ended(chen: Browser, address: str) -> str:
    async with asyncio.timeout(60):
        while 'aria-busy="true"' in (page := (await chen.get(address)).text):
            await asyncio.sleep(0.05)
    return words(page)


# ── playbooks ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_mistake_is_shown_with_its_line_and_nothing_that_was_written_is_lost(browse: Browse) -> None:
    chen = browse("manager")
    draft = await _begun(chen, file="review_followup.yaml")
    wrong = "kind: review_followup\nlike: review_followup\nreopen_days: soon\n# <script>alert(1)</script>\n"
    await _save(chen, draft, wrong)
    page = await chen.get(draft)
    told = words(page)
    assert "1 mistake: it cannot go into force like this" in told
    assert "Line 3 reopen_days: soon" in told
    assert "reopen_days: soon" in _text(page)
    assert "<script>alert" not in page.text
    chinese = words(await browse("manager", "zh-CN").get(draft))
    assert "第 3 行 reopen_days: soon reopen_days : 请写整数" in chinese
    assert re.search(r'<a href="/playbooks"[^>]*aria-current', page.text), "the rail says where one is"
    assert draft in (await chen.get("/drafts")).text, "one can leave it and come back"
    assert (await chen.get(f"{draft}/publish")).status_code == 303, "it cannot go into force"


async def test_a_changed_playbook_is_tried_put_into_force_and_can_be_gone_back_from(api: Api, browse: Browse) -> None:
    case = (await api.opened(kind="usage_help"))["case_no"]
    chen = browse("manager")
    draft = await _begun(chen, file="usage_help.yaml")
    text = "kind: usage_help\nlike: usage_help\nclocks: {requested: {target: 3h, calendar: all_hours}}\n"
    going = await _save(chen, draft, text, "try", days="7")
    assert going.headers["location"].startswith("/trials/")
    told = await _ended(chen, going.headers["location"])
    assert re.search(r"(\d+) of \1 cases tried", told)
    assert case in told

    going = await _save(chen, draft, text, "publish")
    check = await chen.get(going.headers["location"])
    assert "Clocks › To be triaged › length" in words(check)
    assert "3 hrs" in words(check)
    form = {"revision": _hidden(check, "revision"), "before": _hidden(check, "before")}
    without = await chen.submit(f"{draft}/publish", **form, reason=" ")
    assert (without.status_code, "Say why" in words(without)) == (422, True)
    done = await chen.submit(f"{draft}/publish", **form, reason="they wait too long")
    assert done.headers["location"] == "/playbooks/usage_help/history"
    again = await chen.submit(f"{draft}/publish", **form, reason="they wait too long")
    assert again.status_code in (303, 409), "the same form sent twice publishes once"

    history = await chen.get("/playbooks/usage_help/history")
    assert "they wait too long" in words(history)
    assert words(history).count("they wait too long") == 1
    newer = (await api.opened(kind="usage_help"))["case_no"]
    clocks = {one["clock"]: one["target"] for one in (await api.get(f"/cases/{newer}")).json()["clocks"]}
    assert clocks["triage"] == 3 * 3600
    differences = re.search(r'href="(/playbooks/usage_help/history\?before=[^"]+)"', history.text)
    assert differences
    assert "Clocks › To be triaged" in words(await chen.get(differences[1].replace("&amp;", "&")))

    back = re.findall(r'name="version" value="([^"]+)"', history.text)
    draft = await _begun(chen, file="usage_help.yaml", version=back[-1])
    assert "like: usage_help" in _text(await chen.get(draft)) or "kind: usage_help" in _text(await chen.get(draft))

    preview = await chen.get("/rebase", params={"playbook": "usage_help"})
    assert "open cases" in words(preview)
    form = {"preview_id": _hidden(preview, "preview_id"), "calendar": "", "playbook": "usage_help"}
    assert (await chen.submit("/rebase", **form, reason="")).status_code == 422
    begun = await chen.submit("/rebase", **form, reason="they wait too long")
    assert begun.status_code == 303, words(begun)
    assert re.search(r"done (\d+) of \1 cases counted anew", await _ended(chen, begun.headers["location"]))
    clocks = {one["clock"]: one["target"] for one in (await api.get(f"/cases/{case}")).json()["clocks"]}
    assert clocks["triage"] == 3 * 3600
    assert "they wait too long" in words(await chen.get("/rebases"))
    assert "nothing to count anew" in words(await chen.get("/rebase", params={"playbook": "usage_help"}))


async def test_two_who_write_at_one_draft_do_not_overwrite_each_other(browse: Browse) -> None:
    chen, du = browse("manager"), browse("director")
    draft = await _begun(chen, file="remittance.yaml")
    revision = _hidden(await chen.get(draft), "revision")
    theirs = {"text": "kind: remittance\nlike: remittance\nreopen_days: 40\n", "do": "check", "revision": revision}
    assert (await du.submit(draft, **theirs)).status_code == 303
    mine = {**theirs, "text": "kind: remittance\nlike: remittance\nreopen_days: 50\n"}
    page = await chen.submit(draft, **mine)
    assert page.status_code == 409
    assert "Somebody else changed this draft meanwhile" in words(page)
    assert "reopen_days: 50" in _text(page), "what I wrote is still there"
    assert "reopen_days: 40" in page.text, "and what du kept is beside it"
    revision = _hidden(page, "revision")
    assert (await chen.submit(draft, **{**mine, "revision": revision})).status_code == 303
    assert "reopen_days: 50" in _text(await chen.get(draft))


async def test_a_version_that_went_into_force_meanwhile_is_looked_at_first(browse: Browse) -> None:
    chen = browse("manager")
    texts = [f"kind: no_coverage\nlike: no_coverage\nreopen_days: {days}\n" for days in (41, 42)]
    drafts = [await _begun(chen, file="no_coverage.yaml") for _ in texts]
    forms = []
    for draft, text in zip(drafts, texts, strict=True):
        await _save(chen, draft, text)
        check = await chen.get(f"{draft}/publish")
        forms.append({"revision": _hidden(check, "revision"), "before": _hidden(check, "before"), "reason": "longer"})
    assert (await chen.submit(f"{drafts[0]}/publish", **forms[0])).status_code == 303
    late = await chen.submit(f"{drafts[1]}/publish", **forms[1])
    assert late.status_code == 409
    assert "look at the differences once more" in words(late)
    assert re.search(r"Days to reopen 41 42", words(late)), "the differences are those to what is in force now"


async def test_a_file_can_be_brought_and_a_new_kind_begun(browse: Browse) -> None:
    chen = browse("manager")
    token = await chen.csrf()
    file = {"upload": ("complaint.yaml", b"kind: complaint\nlike: complaint\n", "application/yaml")}
    begun = await chen.post("/drafts", data={"csrf": token}, files=file)
    assert begun.status_code == 303
    for name, content in (("défaut.yaml", b"kind: x"), ("complaint.yaml", b"\xff\xfe\x00"), ("../x.yaml", b"kind: x")):
        wrong = await chen.post("/drafts", data={"csrf": token}, files={"upload": (name, content, "text/yaml")})
        assert wrong.status_code == 422, name
    page = await chen.get(await _begun(chen, kind="arrived_wet", like="damaged_in_transit"))
    assert "kind: arrived_wet\nlike: damaged_in_transit" in _text(page)
    assert (await chen.submit("/drafts", kind="Arrived Wet", like="damaged_in_transit")).status_code == 422
    assert (await chen.submit("/drafts", file="defaults.yaml")).status_code == 422


# ── calendars ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_day_off_is_put_in_drawn_looked_at_published_and_counted_into_open_cases(
    api: Api, browse: Browse
) -> None:
    await api.opened()
    chen = browse("manager")
    draft = await _begun(chen, file="calendars/shop_cn.yaml")
    text = _text(await chen.get(draft))
    for field, value, told in (
        ("first", "soon", "Say which day."),
        ("hours", "nine to five", "Write the hours like"),
        ("last", "2026-01-01", "The last day is before the first."),
    ):
        typed = {"first": "2031-06-10", "last": "", "becomes": "hours", "hours": "9:00-12:00", field: value}
        wrong = await _save(chen, draft, text, "day", **typed)
        assert (wrong.status_code, told in words(wrong)) == (422, True), field
        assert value in wrong.text, "what was typed is still there"

    put = await _save(chen, draft, text, "day", first="2031-06-10", becomes="holiday", hours="", remark="our birthday")
    assert put.status_code == 303
    page = await chen.get(draft)
    assert "2031-06-10  # our birthday" in _text(page)
    assert "2031-06-10 Tue working day 09:00–12:00 and 12:30–18:00 day off" in words(page) or "2031-06-10" in words(
        page
    )
    assert re.search(r'class="day holiday[^"]* changed"[^>]*>10<', page.text), "the year drawn marks the change"
    assert "What it would do to open cases" in words(page)
    assert "make-up days of 2031 are not published yet" in words(page)

    check = await chen.get(f"{draft}/publish")
    form = {"revision": _hidden(check, "revision"), "before": _hidden(check, "before")}
    done = await chen.submit(f"{draft}/publish", **form, reason="our birthday")
    assert done.headers["location"] == "/rebase?calendar=shop_cn", words(done)
    assert "our birthday" in words(await chen.get("/calendars/shop_cn/history"))
    year = await chen.get("/calendars/shop_cn", params={"year": "2031"})
    assert re.search(r'class="day holiday[^"]*" title="2031-06-10', year.text)

    preview = await chen.get("/rebase", params={"calendar": "shop_cn"})
    form = {"preview_id": _hidden(preview, "preview_id"), "calendar": "shop_cn", "playbook": ""}
    await api.opened()
    stale = await chen.submit("/rebase", **{**form, "preview_id": "0" * 20}, reason="our birthday")
    assert (stale.status_code, "Something changed meanwhile" in words(stale)) == (409, True)
    assert 'value="our birthday"' in stale.text
    begun = await chen.submit("/rebase", **{**form, "preview_id": _hidden(stale, "preview_id")}, reason="our birthday")
    assert begun.status_code == 303, words(begun)
    assert "cases counted anew" in await _ended(chen, begun.headers["location"])


@pytest.mark.parametrize("kind", ["quality_fault", "lost_in_transit"])
async def test_a_procedure_is_read_in_ones_own_language(browse: Browse, kind: str) -> None:
    """Steps in their order with conditions, clocks with what their end does, and scripts."""
    book = load_playbooks(SHIPPED).get(kind)
    page = words(await browse("agent", "zh-CN").get(f"/playbooks/{kind}"))
    begins = [page.find(" ".join(step.zh.split())) for step in (*book.first_steps, *book.steps, *book.general_steps)]
    assert -1 not in begins
    assert begins[0] < begins[len(book.first_steps)] < begins[-1]
    for texts in book.scripts.values():
        assert " ".join(texts["zh"].split()) in page
    assert "待受理" in page
    assert "people are told" not in page
    english = words(await browse("agent").get(f"/playbooks/{kind}"))
    assert book.steps[0].en in english
    assert "people are told" in english
    for name, values in book.steps[0].when.items():
        assert f"{name}: {', '.join(sorted(values))}" in english


async def test_only_managers_see_the_ways_to_change(browse: Browse) -> None:
    li = browse("agent")
    for path in ("/playbooks", "/playbooks/wrong_item", "/calendars", "/calendars/uk"):
        page = await li.get(path)
        assert page.status_code == 200
        assert "/drafts" not in page.text
    assert (await li.get("/playbooks/wrong_item/history")).status_code == 200
