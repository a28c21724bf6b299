"""The worker process: settings → adapters → Temporal Worker."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from pydantic import ValidationError
from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.bulk import Bulks
from activities.carriers import configured as carriers
from activities.carriers.carrier import Carrier
from activities.commit import Commit
from activities.gateways import Keys, Room, configured
from activities.hooks import Providers, hook_reader
from activities.linked import Linked
from activities.lookout import lookout
from activities.notices import configured as notifiers
from activities.notices.notice import Notifier
from activities.opening import Asked, NotOpened, Opener
from activities.orphans import Orphans
from activities.outbox import postman
from activities.payments import BalanceBook, Payments, finances_queue
from activities.rebase import Rebasing
from activities.stock import stock_bell
from activities.storefronts import configured as storefronts
from activities.storefronts.storefront import Storefront
from activities.sweeps import Sweeps
from activities.trackers import configured as trackers
from activities.trackers.tracker import Tracker
from activities.webhooks.guard import Poster
from activities.webhooks.sending import sender
from api.desk import Desk
from api.documents.requests import OpenCase
from memory import settled
from models.effects import TASK_QUEUE
from models.errors import AftercareError, Unavailable
from models.events import SYSTEM
from playbooks.loading.in_force import InForce
from store.people.mailings import House
from workflows.bulk import BulkAction
from workflows.case import AfterSaleCase
from workflows.rebase import Rebase
from workflows.sweeps import WORKFLOWS as SWEEP_WORKFLOWS

#: Our pure rooms and what they are made of are not loaded anew for every case: that would cost 40 ms each.
PASSED_THROUGH = ("models", "workflows.clock", "workflows.search", "pydantic", "pydantic_core", "transitions", "six")
#: The sandbox policy: on, everywhere.
RUNNER = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
THREADS = 16


def payments_of(settings: Keys, engine: Engine) -> Payments:
    """Who pays out, by the settings: providers that are configured, and finance's queue for everything else."""
    room = Room(keys=settings, queue=partial(finances_queue, engine), balances=BalanceBook(engine, _utc_now))
    return Payments(engine, configured(room))


def _utc_now() -> datetime:
    return datetime.now(UTC)


def case_worker(
    client: Client,
    engine: Engine,
    playbooks: InForce,
    payments: Payments | None = None,
    files: str | None = None,
    **options: Any,
) -> Worker:
    """A worker for cases, told where `files` lie; `options` go to Temporal's Worker (how many cases it caches).

    Without `payments` finance's queue takes every payout.
    """
    route = payments.route if payments and payments.providers else None
    commit = Commit(engine, lambda: playbooks.current().calendars, route)
    paying = [payments.pay_out, payments.ask] if payments else []
    rebasing = Rebasing(engine, client, playbooks.current)
    linked, orphans = Linked(engine, client), Orphans(client, engine)
    helping: list[Callable[..., Any]] = [linked.start_linked, orphans.find_orphans, rebasing.rebase_batch]
    sweeps, bulk = Sweeps(engine, client, playbooks, files=files), Bulks(client, engine)
    settings = {"workflow_runner": RUNNER, "task_queue": TASK_QUEUE, **options}
    return Worker(
        client,
        workflows=[AfterSaleCase, BulkAction, Rebase, *SWEEP_WORKFLOWS],
        activities=[commit.commit, *helping, *paying, *bulk.activities, *sweeps.activities],
        activity_executor=ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="activity"),
        max_concurrent_activities=THREADS,
        max_concurrent_local_activities=THREADS,
        graceful_shutdown_timeout=timedelta(seconds=10),
        **settings,
    )


class Speaking(Protocol):
    """The settings that notifications are written by."""

    @property
    def locale(self) -> str: ...
    @property
    def console_url(self) -> str | None: ...


def house_of(settings: Speaking, playbooks: InForce) -> House:
    """What holds for people who have not said anything else, and how kinds of case are called now."""
    inside = playbooks.current()
    kinds = {kind: playbook.names.model_dump() for kind, playbook in inside.kinds.items()}
    language = "en" if settings.locale == "en" else "zh"
    return House(language=language, timezone=inside.shop.timezone, console=settings.console_url, kinds=kinds)


@dataclass(frozen=True, slots=True)
class Outside:
    """Other programs that a worker hears and tells: couriers, storefronts, and whoever wants to know what happens."""

    carriers: Mapping[str, Carrier]
    storefronts: Mapping[str, Storefront]
    trackers: Mapping[str, Tracker]
    poster: Poster
    notifiers: Mapping[str, Notifier]

    @property
    def hears(self) -> bool:
        """Whether any courier calls us; what people type in is no call."""
        return bool(self.carriers.keys() - {"manual"})


def outside_of(settings: Any) -> Outside:
    """Those that the settings name."""
    poster = Poster(settings.webhook_targets)
    return Outside(carriers(settings), storefronts(settings), trackers(settings), poster, notifiers(settings))


def opener_of(client: Client, engine: Engine, playbooks: InForce) -> Opener:
    """Opens cases that nobody asked for, as the desk opens those that people ask for."""
    desk = Desk(client, engine, playbooks)

    async def opened(asked: Asked) -> str:
        lines = tuple({"line_no": line_no, "quantity": quantity} for line_no, quantity in asked.lines)
        given = {"kind": asked.kind, "subcategory": asked.subcategory, "order_no": asked.order_no, "lines": lines}
        try:
            ask = OpenCase.model_validate({**given, "description": asked.description, "channel": asked.channel})
            document, _ = await desk.open_case(ask, SYSTEM, asked.key)
        except Unavailable:
            raise
        except (AftercareError, ValidationError) as refused:
            raise NotOpened(getattr(refused, "detail", "It cannot be asked for in this form.")) from None
        return str(document["case_no"])

    return opened


@asynccontextmanager
async def talking(
    client: Client, engine: Engine, playbooks: InForce, outside: Outside, payments: Payments
) -> AsyncIterator[None]:
    """Hear and tell in the background until the block ends."""
    providers = Providers(outside.notifiers, payments.gateways, opener_of(client, engine, playbooks))
    async with (
        hook_reader(client, engine, outside.carriers, outside.storefronts, providers),
        lookout(client, engine, outside.trackers, lambda: playbooks.current().couriers, outside.hears),
        sender(engine, outside.poster),
    ):
        yield


@dataclass(frozen=True, slots=True)
class Keeps:
    """Where a worker's files lie, and how many cases it keeps in memory."""

    files: str
    cached_cases: int


async def run_worker(
    client: Client,
    engine: Engine,
    playbooks: InForce,
    payments: Payments,
    house: Callable[[], House],
    outside: Outside,
    keeps: Keeps,
) -> None:
    """Work until SIGINT or SIGTERM, then finish what is under way."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with AsyncExitStack() as stack:
        cases = case_worker(client, engine, playbooks, payments, keeps.files, max_cached_workflows=keeps.cached_cases)
        await stack.enter_async_context(cases)
        await stack.enter_async_context(postman(engine, house))
        await stack.enter_async_context(talking(client, engine, playbooks, outside, payments))
        await stack.enter_async_context(stock_bell(client, engine))
        stack.enter_context(settled())
        await stop.wait()
