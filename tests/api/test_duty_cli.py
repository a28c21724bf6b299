"""`aftercare duty …`: what is typed and what is read (T11)."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

import cli
from tests.api.client import Api, an_order
from tests.staffed import without_staff
from up import Running

#: Who acts, and the exit code and output of a command.
Typed = Callable[..., Any]


@pytest_asyncio.fixture
async def typed(
    service: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Typed]:
    """A shop without staff, which is gone again afterwards."""
    without_staff(service.engine)
    monkeypatch.setenv("AFTERCARE_URL", service.url)
    monkeypatch.setenv("AFTERCARE_TOKEN", service.token)

    async def call(*words: str, code: int = 0) -> str:
        ended = await asyncio.to_thread(cli.run, words)
        out, err = capsys.readouterr()
        assert ended == code, err
        return out if code == 0 else err

    yield call
    without_staff(service.engine)


async def test_a_shop_without_a_staff_list_is_told_how_to_begin_one(typed: Typed) -> None:
    assert "duty staff add" in await typed("duty", "now")
    assert "duty staff add" in await typed("duty", "staff", "list")
    assert "duty rota" in await typed("duty", "week")
    assert "No swaps" in await typed("duty", "swap", "list")
    assert "No handovers" in await typed("duty", "handover", "list")
    assert "Nobody is or will be away" in await typed("duty", "absent", "list")
    assert json.loads(await typed("duty", "now", "--json"))["on_duty"] == []


async def test_a_week_is_planned_swapped_and_missed(typed: Typed) -> None:
    first = datetime.now(UTC).date() + timedelta(days=3)
    day, other = first.isoformat(), (first + timedelta(days=1)).isoformat()
    for person in ("li", "wu"):
        assert f"{person} · {person.title()} · agent" in await typed(
            "duty", "staff", "add", person, "--name", person.title(), "--role", "agent", "--as", "manager:chen"
        )
    assert "Invalid value for --from: 'tomorrow' is no date" in await typed(
        "duty", "rota", "li", "day", "--from", "tomorrow", code=2
    )
    assert "day, off" in await typed("duty", "rota", "li", "day,off", "--from", day)
    await typed("duty", "rota", "wu", "off,day", "--from", day)
    asked = json.loads(
        await typed(
            "duty", "swap", "propose", "--with", "wu", "--day", day, "--for", other, "--as", "agent:li", "--json"
        )
    )
    assert "Only wu" in await typed("duty", "swap", "agree", asked["id"], "--as", "agent:li", code=1)
    assert "is agreed" in await typed("duty", "swap", "agree", asked["id"], "--as", "agent:wu")
    assert "agreed" in await typed("duty", "swap", "list", "--person", "wu")
    week = await typed("duty", "week", "--from", day, "--days", "2")
    assert [line.split()[:4] for line in week.splitlines()[1:]] == [
        [day, "wu", "day", "swapped"],
        [other, "li", "day", "swapped"],
    ]
    away = ("duty", "absent", "add", "--from", f"{day}T00:00+08:00", "--until", f"{other}T00:00+08:00")
    told = await typed(*away, "--person", "wu", "--stand-in", "li", "--as", "manager:chen")
    assert "wu is away, li stands in" in told
    assert f"! {day}: wu is not there for the day shift; li and wu answer for it." in await typed(
        "duty", "week", "--from", day
    )
    assert "wu" in await typed("duty", "absent", "list")
    assert "wu is back" in await typed("duty", "absent", "end", told.split(":")[0], "--as", "agent:wu")
    assert "!" not in await typed("duty", "week", "--from", day)


async def test_people_come_and_go_and_stay_on_the_list(typed: Typed) -> None:
    assert "name and roles are needed" in await typed("duty", "staff", "add", "yun", "--phone", "138", code=1)
    await typed("duty", "staff", "add", "yun", "--name", "李云", "--role", "agent", "--phone", "13800138000")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert "leaves with 0 open cases" in await typed("duty", "staff", "leave", "yun", "--at", tomorrow)
    shown = await typed("duty", "staff", "show", "yun")
    assert "李云 · agent · on duty" in shown
    assert "left" in shown
    assert "yun stays" in await typed("duty", "staff", "leave", "yun", "--stay")
    listed = await typed("duty", "staff", "list")
    assert "李云" in listed
    assert "on duty" in await typed("duty", "now")
    assert "ROLE:ID" in await typed("duty", "staff", "add", "wu", "--as", "chen", code=1)


async def test_cases_are_handed_over_and_accepted(typed: Typed, api: Api) -> None:
    for person in ("li", "wu"):
        await typed("duty", "staff", "add", person, "--name", person.title(), "--role", "agent")
    order = an_order()
    assert (await api.put(f"/orders/{order['order_no']}", json=order)).status_code == 200
    case_no = (await api.opened(order_no=order["order_no"], owner="li"))["case_no"]
    begun = await typed("duty", "handover", "begin", "--to", "wu", "--note", "calls back at four", "--as", "agent:li")
    assert "from li to wu, begun" in begun
    assert "calls back at four" in begun
    row = next(line for line in begun.splitlines() if line.startswith(case_no))
    assert "requested" in row
    number = begun.split(":")[0]
    assert "to wu, who alone accepts" in await typed("duty", "handover", "accept", number, "--as", "agent:li", code=1)
    accepted = await typed("duty", "handover", "accept", number, "--case", case_no, "--as", "agent:wu")
    assert next(line for line in accepted.splitlines() if line.startswith(case_no)).split()[-1] == "moved"
    assert (await api.get(f"/cases/{case_no}")).json()["owner"] == "wu"
    assert number in await typed("duty", "handover", "list")
    assert json.loads(await typed("duty", "handover", "show", number, "--json"))["incoming"] == "wu"
