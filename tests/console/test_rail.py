"""The rail: chapters, numbers, and where one is."""

import re
from collections.abc import Callable

from console.access import MAY
from console.navigation import CHAPTERS, ENTRIES, FEW
from store.oversight.waiting import WAITING
from tests.api.client import Api
from tests.console.browser import Browser, words

Browse = Callable[..., Browser]


async def test_the_rail_says_how_much_waits_and_where_one_is(api: Api, browse: Browse) -> None:
    li, case_no = browse("agent"), (await api.opened())["case_no"]
    await api.act(case_no, "assign", to="li")
    page = await li.get(f"/cases/{case_no}")
    rail = page.text.partition('<div id="rail"')[2].partition("</div>")[0]
    mine = re.search(r'(?s)<a href="/work".*?</a>', rail)
    assert mine
    assert re.search(r"My work \d+\+? waiting", words(mine[0]))
    assert re.search(r'<a href="/cases" aria-current="page"', rail), "a case is a page of the cases"
    part = await li.get("/rail", params={"at": "duty"}, headers={"HX-Request": "true"})
    assert re.search(r'<a href="/duty" aria-current="page"', part.text)
    assert "<html" not in part.text


async def test_a_long_rail_has_chapters_and_a_short_one_has_none(browse: Browse) -> None:
    for role in ("manager", "technician", "warehouse"):
        page = (await browse(role).get("/account")).text
        rail = page.partition('<div id="rail"')[2].partition("</div>")[0]
        assert ('class="rail-title"' in rail) is (rail.count("<li>") > FEW), role


def test_every_counted_page_is_counted_and_every_chapter_exists() -> None:
    assert {one.page for one in ENTRIES if one.counted} <= set(WAITING)
    assert {one.chapter for one in ENTRIES} <= set(CHAPTERS)
    assert {page for one in ENTRIES for page in one.within} <= set(MAY)
