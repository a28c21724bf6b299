"""An import that says how far it is: a line for each batch, and the report, or what refused it, in the last one."""

import json
from pathlib import Path
from typing import Any

from tests.api.client import Api

SAMPLES = Path(__file__).parents[2] / "imports" / "samples" / "orders.csv"


async def lines_of(api: Api, body: bytes, **params: str) -> list[dict[str, Any]]:
    headers = {"Accept": "application/x-ndjson", "Content-Type": "text/csv"}
    answer = await api.post("/orders/import", content=body, headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_an_import_tells_its_progress_and_then_its_report(api: Api) -> None:
    *steps, last = await lines_of(api, SAMPLES.read_bytes(), filename="orders.csv", dry_run="true")
    assert steps[-1] == {"done": 74, "total": 74}
    assert last["report"]["orders"] == 40


async def test_a_file_that_cannot_be_read_ends_in_the_problem(api: Api) -> None:
    *_, last = await lines_of(api, b"colour,size\nred,9\n", filename="orders.csv")
    assert last["problem"]["status"] == 422
    assert "order_no" in last["problem"]["detail"]


async def test_a_storefronts_json_is_taken_as_it_is(api: Api) -> None:
    body = (SAMPLES.parent / "woocommerce.json").read_bytes()
    answer = await api.post(
        "/orders/import?format=woocommerce", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in ("rows", "orders", "imported", "refused_rows")} == {
        "rows": 2,
        "orders": 2,
        "imported": 2,
        "refused_rows": 0,
    }
    kept = (await api.get("/orders/728")).json()
    assert kept["channel"] == "woocommerce"
