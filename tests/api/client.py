"""A tiny client of the API, so that tests speak of orders and cases and not of addresses."""

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from models.lifecycle import Role
from store.engine import writing
from store.people import tokens
from up import Running

BOOTSTRAP = "first-set-up-of-the-kettle-shop"
COURIER = "whsec_" + base64.b64encode(b"a secret of twenty-four!").decode()
SHOPS = "what the storefront and we know"
_NUMBERS = count(1)
#: Who acts in which role.
PEOPLE = {"agent": "li", "manager": "chen", "warehouse": "zhao", "finance": "qian", "customer": "wang"}

KETTLE_LOOKED_AT = {
    "line_no": 1,
    "quantity": 1,
    "grade": "damaged",
    "cause": "manufacturing",
    "party_liable": "seller",
    "disposition": "scrap",
}


def days_ago(days: int) -> str:
    """A day in the shop: what a case may still ask for hangs on how long ago its goods came."""
    return (datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=days)).isoformat()


def an_order(**over: Any) -> dict[str, Any]:
    """Two kettles and four cups, paid with postage and delivered 18 days ago; with a number of its own."""
    bought, arrived = days_ago(20), days_ago(18)
    return {
        "order_no": f"KETTLE-{next(_NUMBERS):04}",
        "currency": "CNY",
        "placed_at": f"{bought}T10:15:00+08:00",
        "paid_at": f"{bought}T10:16:30+08:00",
        "shipped_at": f"{bought}T17:40:00+08:00",
        "delivered_at": f"{arrived}T11:05:00+08:00",
        "customer": {"id": "c-88", "name": "王小明", "phone": "13800138000"},
        "ship_to": {"name": "王小明", "zone": "province"},
        "lines": [
            {"line_no": 1, "sku": "KETTLE-17", "name": "电热水壶 1.7 L", "unit_price": "129.00", "quantity": 2},
            {"line_no": 2, "sku": "CUP-04", "name": "陶瓷杯", "unit_price": "19.90", "quantity": 4, "discount": "9.60"},
        ],
        "postage": "10.00",
        "payments": [{"payment_no": "P1", "method": "alipay", "reference": "A-1", "amount": "338.00"}],
        **over,
    }


class Api(httpx.AsyncClient):
    """The API with a token, from `/api/v1` on."""

    def __init__(self, service: Running, token: str | None) -> None:
        headings = {"Authorization": f"Bearer {token}"} if token else {}
        super().__init__(base_url=f"{service.url}/api/v1", headers=headings, timeout=30)
        self.service = service

    def root(self, path: str) -> str:
        """The address of something outside `/api/v1`."""
        return f"{self.service.url}{path}"

    async def sold(self, **over: Any) -> dict[str, Any]:
        """Send an order; answers it as sent."""
        order = an_order(**over)
        answer = await self.put(f"/orders/{order['order_no']}", json=order)
        assert answer.status_code == 200, answer.text
        return order

    async def opened(self, **over: Any) -> dict[str, Any]:
        """Open a case about one kettle; answers the case."""
        order_no = over.pop("order_no", None) or (await self.sold())["order_no"]
        ask = {
            "order_no": order_no,
            "kind": "quality_fault",
            "lines": [{"line_no": 1, "quantity": 1}],
            "wanted": "refund",
            "description": "壶底漏水",
            "channel": "phone",
            **over,
        }
        answer = await self.post("/cases", json=ask)
        assert answer.status_code == 201, answer.text
        case: dict[str, Any] = answer.json()
        return case

    async def every(self, path: str, **asked: Any) -> list[dict[str, Any]]:
        """Every row of a list, page by page: other tests' rows may stand before one's own."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            answer = await self.get(path, params={"limit": 200, **asked, **({"cursor": cursor} if cursor else {})})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return found

    async def act(self, case_no: str, action: str, role: str = "agent", **data: Any) -> httpx.Response:
        """Send a command as somebody of that role."""
        actor = {"id": PEOPLE.get(role, role), "role": role}
        return await self.post(f"/cases/{case_no}/commands", json={"action": action, "actor": actor, "data": data})


def token_of(service: Running, name: str, roles: Iterable[str], for_others: bool = False, **tied_to: str) -> str:
    """A new token of somebody; of a customer or courier, tied to whose cases it is about."""
    with writing(service.engine) as session:
        return tokens.create(session, name, [Role(role) for role in roles], for_others, tied_to=tied_to)


async def refused(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem of an answer that must be one, and show nothing of the inside."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert problem["status"] == status
    assert code is None or problem["type"] == f"urn:aftercare:problem:{code}", problem
    for inside in ("Traceback", "sqlalchemy", "pydantic", "temporalio", ".py", "http://", "https://"):
        assert inside not in answer.text, answer.text
    return problem
