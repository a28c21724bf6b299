"""`aftercare report …`: a month as tables, JSON, a spreadsheet and drawn, and the cases behind a number (T13)."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cli
from tests.api.client import Api
from up import Running

#: The exit code and output of a command.
Typed = Callable[..., Any]


@pytest.fixture
def typed(service: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    monkeypatch.setenv("AFTERCARE_URL", service.url)
    monkeypatch.setenv("AFTERCARE_TOKEN", service.token)

    async def call(*words: str, code: int = 0) -> str:
        ended = await asyncio.to_thread(cli.run, words)
        out, err = capsys.readouterr()
        assert ended == code, err
        return out if code == 0 else err

    return call


def numbers_of(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for part in made["sections"] for row in part["rows"]]


async def test_a_month_is_read_in_every_form_and_says_the_same(api: Api, typed: Typed, tmp_path: Path) -> None:
    case = await api.opened()
    made = json.loads(await typed("report", "monthly", "--json"))
    rows = list(csv.DictReader(io.StringIO(await typed("report", "monthly", "--csv"))))
    assert len(rows) == sum(len(row["values"]) for row in numbers_of(made)) > 0
    shown = await typed("report", "monthly")
    assert "monthly" in shown
    assert made["period"] in shown
    drawing = tmp_path / "month.svg"
    assert "is saved" in await typed("report", "monthly", "--svg", str(drawing))
    assert drawing.read_text(encoding="utf-8").startswith(("<svg", "<?xml"))
    behind = json.loads(
        await typed("report", "monthly", "--cell", "opened|kind=quality_fault", "--limit", "1000", "--json")
    )
    assert case["case_no"] in [one["case_no"] for one in behind["items"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("monthly", "--json", "--csv"), "Choose one of --json, --csv and --svg"),
        (("yearly",), "yearly"),
        (("monthly", "--month", "2026-13"), "2026-13"),
    ],
)
async def test_what_cannot_be_made_is_said_in_one_line(typed: Typed, words: tuple[str, ...], said: str) -> None:
    assert said in await typed("report", *words, code=1)
