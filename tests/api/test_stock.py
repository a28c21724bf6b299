"""Stock over HTTP and on the command line: counted, set aside for cases, waited for, and arrived (G3, G5, L14)."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cli import run
from tests.api.client import Api, refused
from up import Running

Aftercare = Callable[..., Awaitable[tuple[int, str, str]]]
_LAMPS = count(1)


@pytest.fixture
def lamp() -> str:
    """An article of this test alone."""
    return f"LAMP-{next(_LAMPS):03}"


@pytest.fixture
def aftercare(service: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Aftercare:
    """The command line: code, standard output, standard error."""
    monkeypatch.setenv("AFTERCARE_URL", service.url)
    monkeypatch.setenv("AFTERCARE_TOKEN", service.token)

    async def command(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, arguments)
        return code, *capsys.readouterr()

    return command


async def exchange(api: Api, sku: str) -> dict[str, Any]:
    """A case about one of these lamps whose customer gets another; answers the case."""
    line = {"line_no": 1, "sku": sku, "name": "台灯", "unit_price": "338.00", "quantity": 1}
    order = await api.sold(lines=[line], postage="0.00")
    case = await api.opened(order_no=order["order_no"], wanted="exchange")
    answer = await api.act(case["case_no"], "choose_remedy", "manager", remedy="exchange", customer_agrees=True)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def counted(api: Api, sku: str, quantity: int, **more: Any) -> Any:
    item = {"sku": sku, "quantity": quantity, "name": "台灯", **more}
    return await api.put("/stock", json={"items": [item], "reason": "盘点"})


async def test_a_case_waits_for_what_is_not_there_and_goes_on_by_itself_when_it_comes(api: Api, lamp: str) -> None:
    assert (await counted(api, lamp, 0)).status_code == 200
    case = await exchange(api, lamp)
    assert (case["state"], case["waiting_for"]) == ("awaiting_stock", "warehouse")
    article = (await api.get(f"/stock/{lamp}")).json()
    assert [wait["case_no"] for wait in article["waiting"]] == [case["case_no"]]
    assert (await counted(api, lamp, 1)).json() == {
        "items": [{"sku": lamp, "place": "sellable", "quantity": 1, "off": 1}]
    }
    async with asyncio.timeout(20):
        while (await api.get(f"/cases/{case['case_no']}")).json()["state"] != "exchanging":
            await asyncio.sleep(0.05)
    article = (await api.get(f"/stock/{lamp}")).json()
    assert article["reserved_for"] == [{"case_no": case["case_no"], "quantity": 1}]
    assert article["places"] == {**dict.fromkeys(article["places"], 0), "reserved": 1}
    assert [move["why"] for move in article["moves"]] == ["reserved", "counted"]
    timeline = (await api.get(f"/cases/{case['case_no']}/timeline")).json()["items"]
    assert [entry["action"] for entry in timeline][-2:] == ["report_shortage", "stock_arrived"]


async def test_a_count_below_what_is_promised_is_refused_by_name_of_the_case(api: Api, lamp: str) -> None:
    await counted(api, lamp, 1)
    case = await exchange(api, lamp)
    assert case["state"] == "exchanging"
    problem = await refused(await counted(api, lamp, 0), 409)
    assert case["case_no"] in problem["detail"]


async def test_goods_are_carried_once_for_one_key(api: Api, lamp: str) -> None:
    await counted(api, lamp, 3, place="refurbish")
    body = {"quantity": 2, "from": "refurbish", "to": "scrap", "reason": "not worth it"}
    for _ in range(2):
        answer = await api.post(f"/stock/{lamp}/moves", json=body, headers={"Idempotency-Key": f"carry {lamp}"})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["places"]["refurbish"], answer.json()["places"]["scrap"]) == (1, 2)
    await refused(await api.post(f"/stock/{lamp}/moves", json=body), 409)
    await refused(await api.post("/stock/NOBODY-HAS-THIS/moves", json=body), 404)
    await refused(await api.get("/stock/NOBODY-HAS-THIS"), 404)


async def test_a_file_of_counts_is_taken_and_what_cannot_be_is_named(api: Api, lamp: str) -> None:
    rows = f"货号,数量,位置,名称\n{lamp},4,,台灯\n{lamp},1,scrap,\nCUP,many,,\n,3,,\n{lamp},5,,\nCUP,1,moon,\n"
    files, why = {"file": ("库存.csv", rows.encode("gbk"))}, {"reason": "月末盘点"}
    tried = await api.post("/stock/import", files=files, data={**why, "dry_run": "true"})
    assert (tried.json()["dry_run"], tried.json()["counted"]) == (True, 2)
    await refused(await api.get(f"/stock/{lamp}"), 404)
    answer = (await api.post("/stock/import", files=files, data=why)).json()
    assert (answer["rows"], answer["counted"], answer["refused"]) == (6, 2, 4)
    assert [error["line"] for error in answer["errors"]] == [4, 5, 6, 7]
    assert "a line before" in answer["errors"][2]["reason"]
    places = (await api.get(f"/stock/{lamp}")).json()["places"]
    assert (places["sellable"], places["scrap"]) == (4, 1)
    again = (await api.post("/stock/import", files=files, data=why)).json()
    assert again["counted"] == 2
    assert len((await api.get(f"/stock/{lamp}")).json()["moves"]) == 2  # the same file again moves nothing
    await refused(await api.post("/stock/import", files=files), 422)


async def test_the_list_goes_on_page_by_page_and_the_register_is_a_table(api: Api, lamp: str) -> None:
    await counted(api, f"{lamp}-a", 1)
    await counted(api, f"{lamp}-b", 2)
    first = (await api.get("/stock", params={"q": lamp, "limit": 1})).json()
    second = (await api.get("/stock", params={"q": lamp, "limit": 1, "cursor": first["next_cursor"]})).json()
    assert [one["items"][0]["sku"] for one in (first, second)] == [f"{lamp}-a", f"{lamp}-b"]
    assert second["next_cursor"] is None
    table = (await api.get("/registers/stock", params={"format": "csv"})).text.removeprefix("\ufeff")
    rows = {row["sku"]: row for row in csv.DictReader(io.StringIO(table))}
    assert (rows[f"{lamp}-b"]["on_hand"], rows[f"{lamp}-b"]["sellable"]) == ("2", "2")


async def test_the_command_line_counts_shows_and_imports(aftercare: Aftercare, lamp: str, tmp_path: Path) -> None:
    assert (await aftercare("stock", "show", lamp))[0] == 1
    code, out, _ = await aftercare("stock", "set", lamp, "3", "--reason", "first count", "--name", "台灯")
    assert (code, out) == (0, f"{lamp}: 3 in sellable, +3 from what the ledger had.\n")
    code, out, _ = await aftercare("stock", "list", "--q", lamp)
    assert code == 0
    assert lamp in out
    file = tmp_path / "counts.csv"
    file.write_text(f"sku,quantity,place\n{lamp},2,\n{lamp},1,scrap\n{lamp},x,supplier\n", encoding="utf-8")
    code, out, _ = await aftercare("stock", "import", str(file), "--reason", "again")
    assert (code, out.splitlines()[-1]) == (0, "3 rows: 2 counted, 1 refused.")
    carry = ("stock", "move", lamp, "1", "--from", "sellable", "--to", "scrap", "--reason", "fell")
    assert (await aftercare(*carry))[1] == f"{lamp}: 1 in sellable, 2 in scrap.\n"
    code, out, _ = await aftercare("stock", "show", lamp, "--json")
    assert json.loads(out)["places"]["scrap"] == 2
    assert (await aftercare("stock", "set", lamp))[0] == 2
