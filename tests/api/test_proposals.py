"""Opening a case without saying of which kind: nothing is opened, and the likeliest kinds are proposed."""

import asyncio
import os
import select
import subprocess
from pathlib import Path
from typing import Any

import pytest

from terminal.cases import picked
from tests.api.client import Api, refused, token_of
from tests.test_cli import Ended, Terminal
from up import Running

DEAD = "新买的壶是次品，开不了机，It is faulty and will not turn on"


async def _proposed(api: Api, text: str, order_no: str | None = None) -> list[dict[str, Any]]:
    answer = await api.post("/cases/propose", json={"text": text, **({"order_no": order_no} if order_no else {})})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["proposals"]
    return found


async def test_a_case_without_a_kind_is_refused_with_the_likeliest_and_what_speaks_for_them(api: Api) -> None:
    order = await api.sold()
    ask = {"order_no": order["order_no"], "lines": [{"line_no": 1, "quantity": 1}], "description": DEAD}
    problem = await refused(await api.post("/cases", json=ask), 422, "invalid")
    first = problem["proposals"][0]
    assert first["kind"] == "quality_fault"
    assert first["names"].keys() == {"zh", "en"}
    assert first["matched"]
    assert all(piece in DEAD for piece in first["matched"])
    assert problem["detail"].startswith("Say which kind of case it is: the likeliest by the description are quality")
    assert [error["field"] for error in problem["errors"]] == ["kind"]
    assert (await api.get("/cases", params={"order_no": order["order_no"]})).json()["items"] == []


@pytest.mark.parametrize("described", [{}, {"description": "？？？"}])
async def test_without_words_that_say_anything_nothing_is_proposed(api: Api, described: dict[str, str]) -> None:
    problem = await refused(await api.post("/cases", json=described), 422, "invalid")
    assert "too little to propose" in problem["detail"]
    assert not problem.get("proposals")


async def test_the_kind_that_was_proposed_can_be_opened(api: Api) -> None:
    (first, *_) = await _proposed(api, DEAD)
    case = await api.opened(kind=first["kind"], description=DEAD)
    assert case["kind"] == "quality_fault"


async def test_at_most_three_are_proposed_best_first(api: Api) -> None:
    found = await _proposed(api, f"{DEAD}，盒子压扁了，颜色发错了，不喜欢，想退")
    assert 2 <= len(found) <= 3
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)


async def test_what_an_order_cannot_have_now_comes_down_and_says_so(api: Api) -> None:
    text = "颜色发错了，不喜欢"
    on_its_way = await api.sold(delivered_at=None)
    delivered = await api.sold()
    before = {one["kind"]: one for one in await _proposed(api, text, delivered["order_no"])}["wrong_item"]
    after = {one["kind"]: one for one in await _proposed(api, text, on_its_way["order_no"])}["wrong_item"]
    assert (before["fits"], after["fits"]) == (True, False)  # what has not arrived cannot be the wrong one
    assert after["score"] == pytest.approx(before["score"] / 2, abs=0.01)


async def test_the_refusal_of_a_case_without_a_kind_knows_its_order_too(api: Api) -> None:
    order = await api.sold()
    ask = {"order_no": order["order_no"], "description": "尺码不合适，想换大一号"}
    problem = await refused(await api.post("/cases", json=ask), 422, "invalid")
    assert problem["proposals"] == await _proposed(api, ask["description"], order["order_no"])
    assert not {one["kind"]: one["fits"] for one in problem["proposals"]}["swap_before_shipment"], "it was delivered"
    await refused(await api.post("/cases", json={**ask, "order_no": "NOBODY-1"}), 404, "not-found")


@pytest.mark.parametrize(
    ("ask", "status", "field"),
    [
        ({}, 422, "text"),
        ({"text": ""}, 422, "text"),
        ({"text": 7}, 422, "text"),
        ({"text": "壶" * 5001}, 422, "text"),
        ({"text": "bell\x07"}, 422, "text"),
        ({"text": "broken", "oder_no": "X"}, 422, "oder_no"),
        ({"text": "broken", "order_no": "NO-SUCH"}, 404, None),
        ([], 422, None),
    ],
)
async def test_a_question_that_cannot_be_answered(api: Api, ask: Any, status: int, field: str | None) -> None:
    problem = await refused(await api.post("/cases/propose", json=ask), status)
    if field:
        assert field in [error["field"] for error in problem["errors"]]


# ── on the command line ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def terminal(service: Running, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "data")


async def _open(service: Running, terminal: Terminal, *more: str) -> Ended:
    token = token_of(service, "li", ["agent"])
    known = {"AFTERCARE_URL": service.url, "AFTERCARE_TOKEN": token}
    return await asyncio.to_thread(terminal.process, "case", "open", *more, **known)


async def test_the_command_line_shows_the_three_with_their_words_and_opens_nothing(
    api: Api, service: Running, terminal: Terminal
) -> None:
    order = await api.sold()
    done = await _open(service, terminal, "--order", order["order_no"], "--line", "1", "--description", DEAD)
    assert "Say which kind of case it is" in done.one_line
    row = next(line for line in done.out.splitlines() if "quality_fault" in line)
    assert "次品" in row
    assert row.split()[0] == "1"
    assert (await api.get("/cases", params={"order_no": order["order_no"]})).json()["items"] == []


async def test_for_programs_the_whole_problem_is_printed(service: Running, terminal: Terminal) -> None:
    done = await _open(service, terminal, "--description", DEAD, "--json")
    assert done.code == 1
    assert done.document["proposals"][0]["kind"] == "quality_fault"


async def test_a_case_is_opened_with_a_finer_sort(api: Api, service: Running, terminal: Terminal) -> None:
    order = await api.sold()
    book = (await api.get("/playbooks/quality_fault")).json()
    sub = book["subcategories"][0]["key"]
    asked = ("--kind", "quality_fault", "--subcategory", sub, "--order", order["order_no"], "--line", "1", "--json")
    done = await _open(service, terminal, *asked)
    assert done.code == 0, done.err
    assert done.document["procedure"]["subcategory"] == sub


def _at_a_terminal(terminal: Terminal, answer: str, *arguments: str, **known: str) -> str:
    """What a real terminal shows of a command to which somebody answers when it asks."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        terminal.command(*arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=terminal.data.parent,
        env=terminal.environment(**known, COLUMNS="200", TERM="dumb"),
    ) as process:
        os.close(theirs)
        shown, answered = b"", False
        while process.poll() is None or select.select([ours], [], [], 0)[0]:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not answered and b"Which one?" in shown:
                os.write(ours, f"{answer}\n".encode())
                answered = True
        process.wait(30)
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    return shown.decode()


async def test_at_a_terminal_somebody_is_asked_and_the_case_is_opened(
    api: Api, service: Running, terminal: Terminal
) -> None:
    order = await api.sold()
    known = {"AFTERCARE_URL": service.url, "AFTERCARE_TOKEN": token_of(service, "li", ["agent"])}
    asked = ("case", "open", "--order", order["order_no"], "--line", "1", "--description", DEAD)
    shown = await asyncio.to_thread(_at_a_terminal, terminal, "1", *asked, **known)
    (case,) = (await api.get("/cases", params={"order_no": order["order_no"]})).json()["items"]
    assert case["kind"] == "quality_fault"
    assert case["case_no"] in shown


def test_a_number_picks_a_proposal_with_its_finer_sort_and_a_word_is_taken_as_it_is() -> None:
    proposals: list[dict[str, Any]] = [
        {"kind": "quality_fault", "subcategory": {"key": "leaks", "zh": "漏水", "en": "Leaks"}},
        {"kind": "wrong_item", "subcategory": None},
    ]
    assert picked(" 1 ", proposals) == {"kind": "quality_fault", "subcategory": "leaks"}
    assert picked("2", proposals) == {"kind": "wrong_item"}
    assert picked("3", proposals) == {"kind": "3"}
    assert picked("complaint", proposals) == {"kind": "complaint"}
