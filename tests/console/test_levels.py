"""Service levels: every number leads to its list, and what was missed is said why (T10, T13)."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from models.tables import case_clocks
from store.engine import writing
from tests.api.client import Api
from tests.console.browser import Browser, words
from up import Running

Browse = Callable[..., Browser]


async def late(service: Running, api: Api, cause: str = "delay", running: bool = False, month: int = 1) -> str:
    """A case of li whose triage was missed by two hours, in a January that no other test looks at."""
    case_no = str((await api.opened(owner="li"))["case_no"])
    due = datetime(2011, month, 10, 4, tzinfo=UTC)
    ended = (
        {"state": "running", "ended_at": None} if running else {"state": "met", "ended_at": due + timedelta(hours=2)}
    )
    with writing(service.engine) as session:
        here = (case_clocks.c.case_no == case_no, case_clocks.c.clock == "triage")
        found = update(case_clocks).where(*here)
        values = {"due_at": due, "breached": True, "cause": cause, "used_before": 40_000, **ended}
        assert session.execute(found.values(**values)).rowcount == 1  # type: ignore[attr-defined]
    return case_no


async def test_every_number_of_a_month_leads_to_the_cases_behind_it(service: Running, api: Api, browse: Browse) -> None:
    by_delay, by_change = await late(service, api), await late(service, api, "change")
    chen = browse("manager")
    page = await chen.get("/service-levels", params={"month": "2011-01"})
    told = words(page)
    assert "missed by delay 1" in told
    assert "missed by a change 1" in told
    assert "kept 0 %" in told
    lists = [
        address.replace("&amp;", "&") for address in re.findall(r'href="(/breaches\?[^"]*clock=[^"]*)"', page.text)
    ]
    assert len(lists) == 6, "by clock, by kind and by person, each by delay and by change"
    for address in lists:
        found = (await chen.get(address)).text
        assert (by_delay in found, by_change in found) == ("cause=delay" in address, "cause=change" in address)
        assert "1 entry" in found


async def test_what_was_missed_is_said_why_and_can_be_changed(service: Running, api: Api, browse: Browse) -> None:
    case_no = await late(service, api, month=2)
    sun = browse("supervisor")
    register = {"month": "2011-02", "reason": "none"}
    assert case_no in (await sun.get("/breaches", params=register)).text
    there = f"/breaches/{case_no}/triage/1"
    wrong = await sun.submit(there, note="sorry", **{"back.month": "2011-02"})
    assert wrong.status_code == 422
    assert "Choose why it was missed." in words(wrong)
    assert 'value="sorry"' in wrong.text
    for reason in ("warehouse", "overlooked"):
        back = await sun.submit(there, reason=reason, note="half the team was ill", **{"back.month": "2011-02"})
        assert back.headers["location"] == "/breaches?month=2011-02"
    page = words(await sun.get("/breaches", params={"month": "2011-02", "reason": "overlooked"}))
    assert "half the team was ill" in page
    assert case_no not in (await sun.get("/breaches", params=register)).text
    told = words(await sun.get("/service-levels", params={"month": "2011-02"}))
    assert "overlooked 1 100 %" in told
    rows = list(
        csv.DictReader(io.StringIO((await sun.get("/breaches.csv", params={"month": "2011-02"})).text.lstrip("\ufeff")))
    )
    assert [(row["case_no"], row["reason"], row["late_seconds"]) for row in rows] == [(case_no, "overlooked", "7200")]


async def test_a_month_stands_beside_the_one_before_it(service: Running, api: Api, browse: Browse) -> None:
    """One missed in the month before; here one of two was kept: half of it, and fifty points more."""
    await late(service, api, month=6)
    kept = await late(service, api, month=7)
    await late(service, api, month=7)
    with writing(service.engine) as session:
        here = (case_clocks.c.case_no == kept, case_clocks.c.clock == "triage")
        session.execute(update(case_clocks).where(*here).values(breached=False, cause=None))
    told = words(await browse("manager").get("/service-levels", params={"month": "2011-07"}))
    assert "kept 50 % 1 of 2 month before: 0 % +50" in told
    assert "missed by delay 1 month before: 1" in told
    assert "50 % 0 % +50" in told, "of each clock too"


async def test_a_clock_that_was_kept_has_nothing_to_say(api: Api, browse: Browse) -> None:
    case_no = (await api.opened())["case_no"]
    refused = await browse("manager").submit(f"/breaches/{case_no}/triage/1", reason="overlooked")
    assert refused.status_code == 404


async def test_what_runs_late_is_listed_until_it_ends_and_pages_have_no_gap(
    service: Running, api: Api, browse: Browse
) -> None:
    case_no = await late(service, api, running=True)
    chen, seen, address = browse("manager"), "", "/breaches?clock=triage"
    while address:
        page = (await chen.get(address)).text
        seen += page
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen.count(f">{case_no}</a>") == 1


async def test_a_month_without_clocks_says_so_and_an_odd_one_is_refused(browse: Browse) -> None:
    chen = browse("manager")
    assert "No clock ended in this month." in words(await chen.get("/service-levels", params={"month": "2009-03"}))
    assert "No clock was missed in this month." in words(await chen.get("/breaches", params={"month": "2009-03"}))
    for odd in ("2009-13", "soon"):
        assert (await chen.get("/service-levels", params={"month": odd})).status_code == 422
        assert (await chen.get("/breaches", params={"month": odd})).status_code == 422


@pytest.mark.parametrize("role", ["agent", "finance", "warehouse"])
async def test_only_leaders_see_the_register(browse: Browse, role: str) -> None:
    for path in ("/service-levels", "/breaches", "/breaches.csv"):
        assert (await browse(role).get(path)).status_code == 403
