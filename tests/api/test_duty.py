"""Staff and duty over HTTP: who may see and change what, swaps of two, and cases handed over (T11, T18)."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import BaseModel
from sqlalchemy import Engine

from api.desk import Desk
from api.documents import duty as duty_documents
from models.lifecycle import Role
from server import make_app
from settings import Settings
from store.engine import make_engine, writing
from store.people import tokens
from tests.api.client import BOOTSTRAP, refused
from tests.databases import with_schema
from tests.shipped import shipped
from up import Running

#: Monday 2026-03-09, 10:00 in the shop.
MONDAY = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


class Shop:
    """A shop with a database of its own, whose time the test moves; whoever calls is named in each call."""

    def __init__(self, service: Running, engine: Engine, stack: AsyncExitStack) -> None:
        self.engine, self.stack, self.now = engine, stack, MONDAY
        self.app = make_app(Settings(bootstrap_token=BOOTSTRAP), service.client, engine, shipped())
        self.app.state.desk = Desk(service.client, engine, shipped(), clock=lambda: self.now)
        self.callers: dict[str, httpx.AsyncClient] = {}

    async def by(self, person: str, *roles: str) -> httpx.AsyncClient:
        """The API as this person calls it."""
        if person not in self.callers:
            with writing(self.engine) as session:
                token = tokens.create(session, person, [Role(role) for role in roles or ("agent",)])
            self.callers[person] = await self.with_token(token)
        return self.callers[person]

    async def with_token(self, token: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://aftercare/api/v1",
            headers={"Authorization": f"Bearer {token}"},
        )
        return await self.stack.enter_async_context(client)

    async def staffed(self) -> None:
        """Chen manages, Li and Wu are agents; none has a rota, so all are there."""
        chen = await self.by("chen", "manager")
        for person, roles in (("chen", ["manager"]), ("li", ["agent"]), ("wu", ["agent"])):
            answer = await chen.put(f"/staff/{person}", json={"name": person.title(), "roles": roles})
            assert answer.status_code == 200, answer.text

    def at(self, **ahead: float) -> str:
        return (self.now + timedelta(**ahead)).isoformat()


@pytest_asyncio.fixture
async def shop(service: Running, tmp_path: Path) -> AsyncIterator[Shop]:
    engine = make_engine(f"sqlite:///{tmp_path / 'staff.db'}")
    with_schema(engine)
    async with AsyncExitStack() as stack:
        yield Shop(service, engine, stack)
    engine.dispose()


# ── the staff list ────────────────────────────────────────────────────────────────────────────────


async def test_a_manager_keeps_the_staff_list_and_nobody_is_ever_taken_off_it(shop: Shop) -> None:
    chen, li = await shop.by("chen", "manager"), await shop.by("li")
    assert (await li.get("/staff")).json()["items"] == []
    await refused(await li.put("/staff/li", json={"name": "Li", "roles": ["manager"]}), 403)
    await refused(await chen.put("/staff/li", json={"phone": "138"}), 404)
    added = await chen.put("/staff/li", json={"name": "李娜", "roles": ["agent"]})
    assert (added.json()["with_us"], added.json()["open_cases"]) == (True, 0)
    left = (await chen.put("/staff/li", json={"until": shop.at(hours=-1)})).status_code
    assert left == 409  # what was is not rewritten
    changed = await chen.put("/staff/li", json={"name": "李娜娜", "until": shop.at(days=30)})
    assert [one["roles"] for one in changed.json()["standings"]] == [["agent"], []]
    assert changed.json()["with_us"]
    stays = await chen.put("/staff/li", json={"until": None})
    assert [one["roles"] for one in stays.json()["standings"]] == [["agent"], [], ["agent"]]
    assert [one["name"] for one in (await li.get("/staff")).json()["items"]] == ["李娜娜"]
    await refused(await li.get("/staff/nobody"), 404)


async def test_what_is_personal_is_seen_by_managers_and_oneself_and_secrets_by_nobody(shop: Shop) -> None:
    await shop.staffed()
    chen, li, wu = await shop.by("chen"), await shop.by("li"), await shop.by("wu")
    secret = "dingtalk://0123456789abcdef@secret"
    how = {"phone": "13800138000", "email": "li@example.com", "channels": [secret, "feishu://0123456789abcdef/"]}
    answers = [await chen.put("/staff/li", json=how)]
    answers += [await one.get(path) for one in (chen, li, wu) for path in ("/staff", "/staff/li")]
    assert all("0123456789abcdef" not in answer.text for answer in answers)
    for one in (chen, li):
        shown = (await one.get("/staff/li")).json()
        assert (shown["phone"], shown["channels"]) == ("13800138000", ["dingtalk", "feishu"])
    for shown in ((await wu.get("/staff/li")).json(), (await wu.get("/staff")).json()["items"][1]):
        assert (shown["id"], shown["phone"][-4:], shown["channels"]) == ("li", "8000", [])
        assert "13800138000" not in str(shown)
        assert "li@example" not in str(shown)
    kept = await chen.put("/staff/li", json={"language": "en", "phone": None})
    assert (kept.json()["channels"], kept.json()["phone"]) == (["dingtalk", "feishu"], None)


async def test_a_channel_that_is_none_is_refused_and_not_repeated(shop: Shop) -> None:
    await shop.staffed()
    chen = await shop.by("chen")
    for none in ("0123456789abcdef", "syslog://0123456789abcdef", "https://example.com/0123456789abcdef"):
        assert "0123456789abcdef" not in str(await refused(await chen.put("/staff/li", json={"channels": [none]}), 422))


async def test_a_zone_that_is_none_is_refused(shop: Shop) -> None:
    chen = await shop.by("chen", "manager")
    answer = await chen.put("/staff/li", json={"name": "Li", "roles": ["agent"], "timezone": "Mars/Olympus"})
    await refused(answer, 422)


# ── who is on duty ────────────────────────────────────────────────────────────────────────────────


async def test_who_is_on_duty_is_answered_for_any_instant(shop: Shop) -> None:
    await shop.staffed()
    chen, li = await shop.by("chen"), await shop.by("li")
    week = {"from": shop.at(days=-1), "until": shop.at(days=7), "stand_in": "wu", "reason": "flu"}
    away = await li.post("/absences", json=week)
    assert (away.status_code, away.json()["reason"]) == (201, "flu")
    now = (await chen.get("/duty")).json()
    assert [one["person"] for one in now["on_duty"]] == ["chen", "wu"]
    assert [(one["person"], one["absent"], one["stand_in"]) for one in now["away"]] == [("li", True, "wu")]
    before = (await chen.get("/duty", params={"at": shop.at(hours=-2)})).json()
    assert (before["on_duty"], before["away"]) == ([], [])  # nobody was written down
    later = (await chen.get("/duty", params={"at": shop.at(days=8)})).json()
    assert [one["person"] for one in later["on_duty"]] == ["chen", "li", "wu"]
    for one, seen in ((chen, ["flu"]), (await shop.by("wu"), [None]), (li, ["flu"])):
        assert [row.get("reason") for row in (await one.get("/absences")).json()["items"]] == seen
    back = await li.post(f"/absences/{away.json()['id']}/end", json={})
    assert back.json()["ended_at"] is not None
    assert "li" in [one["person"] for one in (await li.get("/duty")).json()["on_duty"]]


async def test_everybody_writes_down_their_own_absence_and_a_manager_anybodys(shop: Shop) -> None:
    await shop.staffed()
    week = {"person": "wu", "from": shop.at(), "until": shop.at(days=7)}
    await refused(await (await shop.by("li")).post("/absences", json=week), 403)
    away = await (await shop.by("chen")).post("/absences", json=week)
    assert (away.status_code, away.json()["by"]) == (201, "chen")
    await refused(await (await shop.by("li")).post(f"/absences/{away.json()['id']}/end", json={}), 403)


async def test_a_rota_shows_in_the_days_and_a_swap_goes_by_agreement_of_both(shop: Shop) -> None:
    await shop.staffed()
    chen, li, wu = await shop.by("chen"), await shop.by("li"), await shop.by("wu")
    first = shop.now.date() + timedelta(days=2)
    day, next_day = first.isoformat(), (first + timedelta(days=1)).isoformat()
    for person, pattern in (("li", ["day", "off"]), ("wu", ["off", "day"])):
        given = await chen.post("/rota", json={"person": person, "rota": pattern, "first_day": day})
        assert given.status_code == 201, given.text
    await refused(await li.post("/rota", json={"person": "li", "rota": ["off"], "first_day": day}), 403)
    await refused(await chen.post("/rota", json={"person": "li", "rota": "no_such", "first_day": day}), 422)

    async def worked() -> list[tuple[str, str, bool]]:
        rows = (await wu.get("/duty/days", params={"first": day, "days": 2})).json()["items"]
        return [(row["day"], row["person"], row["swapped"]) for row in rows]

    assert await worked() == [(day, "li", False), (next_day, "wu", False)]
    asked = await li.post("/swaps", json={"partner": "wu", "day": day, "partner_day": next_day})
    assert (asked.status_code, asked.json()["state"]) == (201, "proposed")
    path = f"/swaps/{asked.json()['id']}"
    assert await worked() == [(day, "li", False), (next_day, "wu", False)]
    for other in (li, chen):
        await refused(await other.post(f"{path}/answer", json={"agree": True}), 409)
    agreed = await wu.post(f"{path}/answer", json={"agree": True, "note": "gladly"})
    assert (agreed.json()["state"], agreed.json()["answer"]) == ("agreed", "gladly")
    assert await worked() == [(day, "wu", True), (next_day, "li", True)]
    await refused(await li.post(f"{path}/withdraw", json={}), 409)
    assert len((await chen.get("/swaps", params={"person": "li"})).json()["items"]) == 1
    gone = {"person": "wu", "from": f"{day}T00:00:00+08:00", "until": f"{next_day}T00:00:00+08:00"}
    assert (await chen.post("/absences", json=gone)).status_code == 201
    (gap,) = (await chen.get("/duty/days", params={"first": day})).json()["gaps"]
    assert (gap["person"], gap["answer_for_it"]) == ("wu", ["li", "wu"])


# ── handovers ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_handover_is_answered_by_the_incoming_one_and_stays_in_the_log(shop: Shop) -> None:
    await shop.staffed()
    chen, li, wu = await shop.by("chen"), await shop.by("li"), await shop.by("wu")
    await refused(await wu.post("/handovers", json={"outgoing": "li", "to": "wu"}), 403)
    begun = await chen.post("/handovers", json={"outgoing": "li", "to": "wu", "note": "Li is ill"})
    assert (begun.status_code, begun.json()["outgoing"], begun.json()["begun_by"]) == (201, "li", "chen")
    path = f"/handovers/{begun.json()['id']}"
    await refused(await li.post("/handovers", json={"to": "wu"}), 409)
    for act in ("accept", "refuse"):
        for other in (li, chen):
            await refused(await other.post(f"{path}/{act}", json={}), 403)
    refusal = await wu.post(f"{path}/refuse", json={"note": "I go home too"})
    assert (refusal.json()["state"], refusal.json()["answer"]) == ("refused", "I go home too")
    again = f"/handovers/{(await li.post('/handovers', json={'to': 'wu'})).json()['id']}"
    assert (await li.post(f"{again}/cancel", json={})).json()["state"] == "called_off"
    third = f"/handovers/{(await li.post('/handovers', json={'to': 'wu'})).json()['id']}"
    assert (await wu.post(f"{third}/accept", json={})).json()["state"] == "accepted"
    log = (await chen.get("/handovers", params={"person": "wu"})).json()["items"]
    assert sorted(one["state"] for one in log) == ["accepted", "called_off", "refused"]
    await refused(await wu.get("/handovers/ho_none"), 404)


async def test_an_integration_says_who_acts(shop: Shop) -> None:
    await shop.staffed()
    desk = await shop.with_token(BOOTSTRAP)
    day = (shop.now.date() + timedelta(days=2)).isoformat()
    for person, pattern in (("li", ["day"]), ("wu", ["night"])):
        ask = {"person": person, "rota": pattern, "first_day": day, "actor": {"id": "chen", "role": "manager"}}
        assert (await desk.post("/rota", json=ask)).json()["by"] == "chen"
    ask = {"partner": "wu", "day": day, "partner_day": day, "actor": {"id": "li", "role": "agent"}}
    asked = (await desk.post("/swaps", json=ask)).json()
    assert asked["proposer"] == "li"
    answer = {"agree": True, "actor": {"id": "wu", "role": "agent"}}
    assert (await desk.post(f"/swaps/{asked['id']}/answer", json=answer)).json()["state"] == "agreed"


PAIRS: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (duty_documents.StaffShown, duty_documents.STAFF),
    (duty_documents.AbsenceShown, duty_documents.ABSENCE),
    (duty_documents.SwapShown, duty_documents.SWAP),
    (duty_documents.HandoverShown, duty_documents.HANDOVER),
]


@pytest.mark.parametrize(("model", "example"), PAIRS)
def test_the_examples_are_documents_of_their_kind(model: type[BaseModel], example: dict[str, Any]) -> None:
    assert set(model.model_fields) <= model.model_validate(example).model_fields_set
