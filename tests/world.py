"""A shop that runs: a real store, a real Temporal, a worker and a desk, with the time in the test's hands."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from google.protobuf.duration_pb2 import Duration
from sqlalchemy import Engine, insert
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.gateways.gateway import Gateway
from activities.payments import Payments
from api.auth import Caller
from api.desk import Desk
from api.documents.requests import OpenCase
from models.business_time import Calendar
from models.case import Case
from models.commands import Actor
from models.effects import workflow_id
from models.errors import Unavailable
from models.events import Entry
from models.lifecycle import Role
from models.tables import counters
from playbooks.loading.in_force import Fixed
from playbooks.loading.load import Playbooks
from store import cases, orders
from store.engine import make_engine, reading, writing
from tests.builders import an_order
from tests.databases import with_schema
from tests.roads import SATISFIED, Road
from tests.shipped import shipped
from worker import case_worker

EVERYBODY = Caller(id="test", name="test", roles=frozenset(Role), may_act_for_others=True)
#: Who usually does what in a test.
ACTORS = {role: Actor(id={"agent": "li", "manager": "chen"}.get(role.value, role.value), role=role) for role in Role}


class World:
    """One shop. `now` is the server's time, which a test moves with `pass_time` where it can be moved."""

    def __init__(
        self,
        client: Client,
        engine: Engine,
        playbooks: Playbooks,
        env: WorkflowEnvironment | None = None,
        held: "Held | None" = None,
    ) -> None:
        self.client = client
        self.engine = engine
        self.playbooks = playbooks
        self.env = env
        self.now = datetime.now(UTC)
        self.held = held or Held(playbooks)
        self.desk = Desk(client, engine, self.held, clock=lambda: self.now)
        self.orders = 0

    async def look_at_the_clock(self) -> datetime:
        self.now = await self.env.get_current_time() if self.env else datetime.now(UTC)
        return self.now

    async def pass_time(self, **how_long: float) -> None:
        """Let days pass in an instant."""
        assert self.env is not None
        await self.env.sleep(timedelta(**how_long))
        await self.look_at_the_clock()

    async def until(self, wanted: datetime) -> None:
        """Let time pass until an instant."""
        await self.pass_time(seconds=(wanted - await self.look_at_the_clock()).total_seconds())

    async def unattended(self, until: datetime) -> None:
        """Let time pass until an instant while no worker runs.

        The server holds its clock still for every task that nobody takes; each of these sleeps lets go of one of them.
        """
        sleeps: list[asyncio.Task[Any]] = []
        while (left := until - await self.look_at_the_clock()) > timedelta(milliseconds=1):
            wanted = Duration()
            wanted.FromTimedelta(left)
            sleeps.append(asyncio.create_task(self._sleep(SleepRequest(duration=wanted))))
            await asyncio.wait(sleeps, timeout=0.02)
        await asyncio.gather(*sleeps)

    async def _sleep(self, asked: SleepRequest) -> None:
        await self.client.test_service.unlock_time_skipping_with_sleep(asked)

    async def until_a_quiet_monday(self) -> None:
        """Let time pass until a Monday, 10:00 in Shanghai, with weeks around it that no holiday changes.

        What deadlines do depends on the weekday and the hour; so a test never depends on the day it runs on.
        """
        await self.until(a_quiet_monday(await self.look_at_the_clock()))

    async def sold(self, parcel: str = "delivered", **over: Any) -> str:
        """A new order of two kettles and four cups, its parcel so far on its way; answers its number.

        Without another word it was paid four days ago and delivered two days ago.
        """
        now = await self.look_at_the_clock()
        self.orders += 1
        order = an_order(f"KETTLE-{id(self)}-{self.orders}", **{**_dates(now, parcel), **over})
        with writing(self.engine) as session:
            orders.put(session, order, now)
        return order.order_no

    def delivered(self, days_ago: float) -> dict[str, datetime]:
        """The dates of an order that was delivered so many days ago."""
        then = self.now - timedelta(days=days_ago)
        dates = {"placed_at": 2, "paid_at": 2, "shipped_at": 1, "delivered_at": 0}
        return {name: then - timedelta(days=before) for name, before in dates.items()}

    async def opened(
        self, kind: str = "quality_fault", order_no: str | None = None, about_an_order: bool = True, **ask: Any
    ) -> str:
        """A new case about one kettle; answers its number."""
        order_no = order_no or (await self.sold() if about_an_order else None)
        await self.look_at_the_clock()
        lines = ask.pop("lines", [{"line_no": 1, "quantity": 1}] if about_an_order else [])
        told = {"order_no": order_no, "kind": kind, "lines": lines, "wanted": "refund", **ask}
        wanted = OpenCase.model_validate(told)
        case, _ = await self.desk.open_case(wanted, ACTORS[Role.AGENT])
        return str(case["case_no"])

    async def act(self, case_no: str, action: str, role: str = "agent", **data: Any) -> dict[str, Any]:
        """One command through the desk; answers the case as committed."""
        await self.look_at_the_clock()
        command_id = data.pop("command_id", None)
        envelope: dict[str, Any] = {"action": action, "actor": ACTORS[Role(role)].model_dump(), "data": data}
        if command_id:
            envelope["command_id"] = command_id
        return await self.desk.command(case_no, envelope, EVERYBODY)

    async def drive(self, case_no: str, *steps: tuple[Any, ...]) -> dict[str, Any]:
        """Several commands in a row: (action, role, data)."""
        answer: dict[str, Any] = {}
        for action, role, *data in steps:
            answer = await self._patiently(case_no, action, role, data[0] if data else {})
        return answer

    async def _patiently(self, case_no: str, action: str, role: str, data: dict[str, Any]) -> dict[str, Any]:
        """As callers are told to: what was not answered in time is sent again with the same number."""
        same = {"command_id": uuid4().hex, **data}
        for _ in range(5):
            with suppress(Unavailable):
                return await self.act(case_no, action, role, **same)
        return await self.act(case_no, action, role, **same)

    async def travel(self, road: Road, case_no: str) -> dict[str, Any]:
        """Bring a case along a road to its end, the callback."""
        case = await self.drive(case_no, *road.steps)
        if road.pays:
            await self.paid(case_no)
        assert (await self.desk.case(case_no))["state"] == "resolved", case["state"]
        return await self.drive(case_no, SATISFIED)

    async def paid(self, case_no: str) -> None:
        """Finance pays every open payout of a case."""
        for payout in (await self.desk.payouts(case_no=case_no))["items"]:
            if payout["state"] not in ("done", "cancelled", "bounced"):
                await self.desk.payout_paid(payout["id"], f"ALI-{payout['id'][-6:]}", ACTORS[Role.FINANCE])

    def stored(self, case_no: str) -> Case:
        """The case as SQL has it."""
        with reading(self.engine) as session:
            case = cases.load(session, case_no)
        assert case is not None
        return case

    def timeline(self, case_no: str) -> tuple[Entry, ...]:
        with reading(self.engine) as session:
            return cases.timeline(session, case_no, 0, 1000)

    def actions(self, case_no: str) -> list[str]:
        """The actions and facts of a case's timeline, in order."""
        return [entry.action for entry in self.timeline(case_no)]

    async def reaches(self, case_no: str, state: str) -> dict[str, Any]:
        """Wait until a case is in a state that it comes to by itself; answers the case."""
        async with asyncio.timeout(20):
            while (case := await self.desk.case(case_no))["state"] != state:
                await asyncio.sleep(0.02)
        return case

    async def until_seen(self, case_no: str, action: str, times: int = 1) -> None:
        """Wait until a case's timeline has had this so often."""
        async with asyncio.timeout(20):
            while self.actions(case_no).count(action) < times:
                await asyncio.sleep(0.02)

    def handle(self, case_no: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id(case_no))

    async def leave_nothing_running(self) -> None:
        """End the runs of this shop's open cases, so that their timers meet nobody else's worker."""
        with reading(self.engine) as session:
            numbers = list(cases.open_case_nos(session))
        for case_no in numbers:
            with suppress(RPCError):
                await self.handle(case_no).terminate("the test is over")

    async def ended(self, case_no: str) -> dict[str, Any]:
        """Wait for the run of a case to end."""
        answer: dict[str, Any] = await asyncio.wait_for(self.handle(case_no).result(), 30)
        return answer


def a_quiet_monday(after: datetime) -> datetime:
    """The next second Monday of a March: two weeks before and after it there is no holiday on the shop's calendar."""
    year = after.year + (after.month >= 3)
    first = datetime(year, 3, 1, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    return first + timedelta(days=(7 - first.weekday()) % 7 + 7)


def _dates(now: datetime, parcel: str) -> dict[str, Any]:
    """When an order was paid, and how far its parcel has come: unprinted, printed, gone or delivered."""
    printed = {"label_printed_at": now - timedelta(days=3, hours=1)}
    label = {"shipment_no": "S1", "carrier": "SF", "waybill": "SF55", **printed}
    return {
        "placed_at": now - timedelta(days=4),
        "paid_at": now - timedelta(days=4),
        "shipped_at": now - timedelta(days=3) if parcel in ("gone", "delivered") else None,
        "delivered_at": now - timedelta(days=2) if parcel == "delivered" else None,
        "shipments": [label] if parcel == "printed" else [],
    }


class Held(Fixed):
    """The playbooks in force, which a test can change for desk and worker at once."""

    def change(self, **parts: Any) -> None:
        """Put other parts into force, such as `calendars`."""
        self._playbooks = replace(self._playbooks, **parts)

    def change_calendar(self, name: str, **fields: Any) -> None:
        """Put a calendar with other fields into force."""
        inside = self._playbooks.calendars
        changed = Calendar.model_validate({**inside[name].model_dump(mode="json"), **fields})
        self.change(calendars={**inside, name: changed})


@asynccontextmanager
async def a_world(
    client: Client,
    folder: Path,
    env: WorkflowEnvironment | None = None,
    database: str | None = None,
    gateways: Mapping[str, Gateway] | None = None,
    **options: Any,
) -> AsyncIterator[tuple[World, Worker]]:
    """A shop with a store of its own and a running worker."""
    engine = make_engine(database or f"sqlite:///{folder / 'aftercare.db'}")
    with_schema(engine)
    playbooks = shipped()
    payments = Payments(engine, gateways) if gateways else None
    held = Held(playbooks)
    worker = case_worker(client, engine, held, payments, **options)
    start_numbers_at(engine, next(_SHOPS) * 10_000)
    try:
        async with worker:
            world = World(client, engine, playbooks, env, held)
            yield world, worker
            await world.leave_nothing_running()
    finally:
        engine.dispose()


_SHOPS = itertools.count()


def start_numbers_at(engine: Engine, number: int) -> None:
    """The shops of a test session share a Temporal, so their case numbers must differ."""
    with writing(engine) as session:
        for year in range(2024, 2035):
            session.execute(insert(counters).values(name=f"case-{year}", value=number))
