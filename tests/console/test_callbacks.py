"""Callbacks as they are worked through in the evening: who, what to say, the survey, tries in vain (T5–T7)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from models import tables
from store.engine import writing
from tests.api.client import Api
from tests.console.browser import Browser, words
from up import Running

Browse = Callable[..., Browser]
NOW = datetime.now(UTC)


async def resolved(api: Api, owner: str = "li") -> tuple[str, str]:
    """A case that waits for its callback, and the callback's id."""
    case_no = (await api.opened(kind="usage_help", wanted="none", owner=owner))["case_no"]
    answer = await api.act(case_no, "answer", text="Press it for 3 s.", final=True)
    assert answer.json()["state"] == "resolved"
    page = (await api.get("/callbacks", params={"person": owner, "limit": 200})).json()
    return case_no, next(row["id"] for row in page["items"] if row["case_no"] == case_no)


def planned(service: Running, key: str, **over: Any) -> str:
    """A periodic callback, as the daily sweep plans it; due long ago, so that it stands on the first page."""
    row = {"id": key, "occasion": "two_months", "customer": f"c-{key}", "person": "li", "state": "due"}
    due = datetime(2020, 1, 1, tzinfo=UTC)
    with writing(service.engine) as session:
        session.execute(insert(tables.callbacks).values(**{**row, "created_at": due, "due_at": due, **over}))
    return key


async def test_the_agent_sees_whom_to_call_and_what_to_say(api: Api, browse: Browse) -> None:
    case_no, key = await resolved(api)
    li = browse("agent")
    page = words(await li.get(f"/callbacks/{key}"))
    assert "Best reached: 20:00–21:00" in page
    assert case_no in page
    assert "What to say" in page
    assert "13800138000" not in page, "the number is masked until somebody asks for it"
    shown = words(await li.submit(f"/callbacks/{key}/number"))
    assert "Show the number" not in shown
    assert "•" not in shown.partition("Whom to call")[2][:60]


async def test_a_satisfied_customer_closes_the_case_and_the_answers_are_kept(api: Api, browse: Browse) -> None:
    case_no, key = await resolved(api)
    li = browse("agent")
    answers = {
        "satisfied": "yes",
        "scores.polite": "5",
        "scores.solved": "4",
        "words": "很好，谢谢",
        "channel": "phone",
    }
    done = await li.submit(f"/callbacks/{key}/done", **answers)
    assert done.status_code == 303
    again = await li.submit(f"/callbacks/{key}/done", **answers)
    assert again.status_code == 303, "the same form sent twice has one effect"
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "closed"
    kept = words(await li.get(f"/callbacks/{key}"))
    assert "很好，谢谢" in kept
    assert "Were we polite? 5 / 5" in kept
    assert case_no in (await li.get("/callbacks", params={"show": "answered"})).text


async def test_a_customer_who_is_not_satisfied_opens_the_case_again_one_level_up(api: Api, browse: Browse) -> None:
    case_no, key = await resolved(api)
    li = browse("agent")
    done = await li.submit(f"/callbacks/{key}/done", satisfied="no", words="still broken")
    assert "one level up" in words(await li.get(done.headers["location"]))
    case = (await api.get(f"/cases/{case_no}")).json()
    assert (case["state"], case["escalation"]) == ("requested", 1)


async def test_a_survey_without_its_one_question_keeps_what_was_typed(api: Api, browse: Browse) -> None:
    _, key = await resolved(api)
    page = await browse("agent").submit(f"/callbacks/{key}/done", **{"words": "half a sentence", "scores.polite": "3"})
    assert page.status_code == 422
    assert "Say whether the customer is satisfied." in words(page)
    assert "half a sentence" in page.text
    assert 'name="scores.polite" value="3" checked' in page.text


async def test_tries_in_vain_are_counted_once_each_and_the_last_one_gives_up(api: Api, browse: Browse) -> None:
    case_no, key = await resolved(api)
    li = browse("agent")
    for tries in ("0", "0", "1"):  # the first form is sent twice
        assert (
            await li.submit(f"/callbacks/{key}/missed", by="phone", note="no answer", tries=tries)
        ).status_code == 303
    page = words(await li.get(f"/callbacks/{key}"))
    assert page.count("no answer") == 2
    last = await li.submit(f"/callbacks/{key}/missed", by="message", tries="2")
    assert "counts as not reached" in words(await li.get(last.headers["location"]))
    assert (await api.get(f"/cases/{case_no}")).json()["state"] == "closed"
    refused = await li.submit(f"/callbacks/{key}/done", satisfied="yes")
    assert refused.status_code == 409


async def test_who_wants_no_more_calls_is_off_the_list_and_the_next_call_follows(
    service: Running, browse: Browse
) -> None:
    stamp = f"{NOW.timestamp():.0f}"
    first = planned(service, f"a-{stamp}", customer=f"quiet-{stamp}")
    other = planned(service, f"b-{stamp}", customer=f"quiet-{stamp}", person="nobody-else")
    planned(service, f"c-{stamp}")
    li = browse("agent")
    page = await li.get("/callbacks", params={"whose": "mine", "show": "overdue"})
    assert first in page.text
    assert other not in page.text, "only those that I handled"
    done = await li.submit(f"/callbacks/{first}/done", satisfied="yes", no_more_calls="on", onward="next")
    assert done.headers["location"].startswith("/callbacks/")
    gone = words(await li.get(f"/callbacks/{other}"))
    assert "not needed any more" in gone


@pytest.mark.parametrize("show", ["today", "overdue", "all", "tried", "answered", "unreachable", "nonsense"])
async def test_every_tab_answers(browse: Browse, show: str) -> None:
    page = await browse("supervisor").get("/callbacks", params={"show": show})
    assert page.status_code == 200


async def test_finance_makes_no_callbacks(browse: Browse) -> None:
    assert (await browse("finance").get("/callbacks")).status_code == 403
