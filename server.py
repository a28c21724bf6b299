"""The HTTP process: settings → adapters → the API (`aftercare api`)."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine
from temporalio.client import Client

from activities.carriers import configured
from activities.notices import configured as notifiers
from activities.storefronts import configured as storefronts
from api.auth import Gate
from api.connection import connect, connect_to
from api.customer.links import CaseLinks
from api.desk import Desk
from api.outside.hooks import Hooks, Source
from api.outside.webhooks import Webhooks
from api.oversight.changes import Changes
from api.people.provider import IdentityProvider, Terms
from api.people.sign_in import Doorkeeper
from api.people.tokens import Tokens
from api.prefix import Prefixed
from api.problems import install_problems
from api.routes import api, root
from api.routes.reference import openapi_of
from console.mounting import mount
from console.visit import House, Outside
from memory import settled
from models.errors import Invalid, Unavailable
from models.people.identity import read_groups
from playbooks.loading.in_force import InForce
from playbooks.loading.load import SHIPPED, Playbooks
from playbooks.loading.notices import log_warnings
from playbooks.loading.shelf import Shelf
from settings import Settings, environment, load_settings, temporal_is_elsewhere
from store.engine import make_engine

DESCRIPTION = (
    "The after-sales desk for online sellers: every case a durable workflow driven by an explicit state machine. "
    "Send a token as 'Authorization: Bearer …'. Money is text with its currency, times carry their offset, and every "
    "refusal is a problem document (RFC 9457)."
)
TAGS = [
    {"name": "orders", "description": "What was bought, paid and shipped."},
    {"name": "cases", "description": "From request to remedy."},
    {"name": "duty", "description": "Staff, shifts, absences, swaps and handovers."},
    {"name": "stuck", "description": "What is stuck and why, and one action on many cases."},
    {"name": "follow-up", "description": "Callbacks, and the sweeps that look after everything."},
    {"name": "money", "description": "Payouts, registers and reports."},
    {"name": "goods", "description": "Parcels that come in, and word from outside."},
    {"name": "webhooks", "description": "What other programs are told, and how it went."},
    {"name": "inbox", "description": "What people were told, and how they are reached."},
    {"name": "reference", "description": "The machine and the playbooks in force."},
    {"name": "health", "description": "For whatever watches the service."},
]


def sources_of(settings: Settings) -> dict[str, Source]:
    """Everybody who may call us: couriers, storefronts, payment providers."""
    return {**configured(settings), **storefronts(settings), **notifiers(settings)}


def make_app(settings: Settings, client: Client, engine: Engine, playbooks: Playbooks | InForce) -> FastAPI:
    """The HTTP API on these parts; nothing is started and nothing is read yet."""
    app = FastAPI(
        title="Aftercare",
        version=_version(),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        openapi_url=None,  # served by our own routes, which know who may read it
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.engine = engine
    secret, days = settings.link_secret, timedelta(days=settings.link_days)
    links = CaseLinks(engine, secret.get_secret_value() if secret else None, days, settings.customer_site)
    app.state.desk = Desk(client, engine, playbooks, font=settings.font, files=settings.file_store, links=links)
    app.state.desk.publish_by_two = settings.publish_by_two
    app.state.gate = Gate(engine, settings.bootstrap_token.get_secret_value() if settings.bootstrap_token else None)
    app.state.hooks = Hooks(engine, sources_of(settings), lambda: datetime.now(UTC))
    app.state.webhooks = Webhooks(engine, settings.webhook_targets, lambda: datetime.now(UTC))
    if settings.path_prefix:
        app.add_middleware(Prefixed, prefix=settings.path_prefix)
    install_problems(app)
    app.include_router(api)
    app.include_router(root)
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    changes = Changes(engine)
    app.state.closing = (changes.close,)
    app.state.console = mount(app, _house(settings, engine, app, changes))
    return app


def _house(settings: Settings, engine: Engine, app: FastAPI, changes: Changes) -> House:
    """What the console works with."""
    return House(
        app.state.desk,
        Doorkeeper(engine, passwords=settings.password_sign_in),
        changes,
        settings.locale,
        settings.console_url,
        provider=provider_of(settings, engine),
        outside=Outside(Tokens(engine, lambda: datetime.now(UTC)), app.state.webhooks, app.state.hooks),
    )


def provider_of(settings: Settings, engine: Engine) -> IdentityProvider | None:
    """The identity provider that people sign in through. Raises Invalid for half of its settings."""
    issuer, client = settings.oidc_issuer, settings.oidc_client_id
    if (issuer is None) != (client is None):
        raise Invalid("AFTERCARE_OIDC_ISSUER and AFTERCARE_OIDC_CLIENT_ID belong together: set both, or none.")
    if settings.oidc_roles and not settings.oidc_roles_claim:
        raise Invalid("AFTERCARE_OIDC_ROLES needs AFTERCARE_OIDC_ROLES_CLAIM: the claim that names the groups.")
    if issuer is None or client is None:
        if not settings.password_sign_in:
            raise Invalid("Nobody could sign in: without passwords AFTERCARE_OIDC_ISSUER names an identity provider.")
        return None
    secret = settings.oidc_client_secret
    terms = Terms(
        issuer=issuer,
        client_id=client,
        client_secret=secret.get_secret_value() if secret else None,
        label=settings.oidc_name,
        scopes=settings.oidc_scopes,
        roles_claim=settings.oidc_roles_claim,
        groups=read_groups(settings.oidc_roles or ""),
        match_email=settings.oidc_match_email,
    )
    return IdentityProvider(engine, terms)


def _version() -> str:
    try:
        return version("aftercare")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0"


async def run(settings: Settings | None = None) -> None:
    """Serve the API until SIGINT or SIGTERM. Raises Unavailable naming what is not there."""
    settings = settings or load_settings()
    async with _parts(settings) as app:
        server = QuietServer(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                log_level="info",
                access_log=False,
                timeout_graceful_shutdown=10,
                server_header=False,
            )
        )
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, server.handle_exit, name, None)
        with settled():
            await server.serve()


class QuietServer(uvicorn.Server):
    """Uvicorn inside our own loop, which ends by returning; its own way is to die of the signal.

    Signals are ours to hear, so that everything stops in its order.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        try:
            await super().startup(sockets=sockets)
        finally:
            self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; streams that would go on for ever are ended first."""
        for close in getattr(getattr(self.config.app, "state", None), "closing", ()):
            close()
        await super().shutdown(sockets=sockets)
        desk = getattr(getattr(self.config.app, "state", None), "desk", None)
        if desk is not None:
            await desk.beside.close()

    def capture_signals(self) -> "nullcontext[None]":  # type: ignore[override]
        return nullcontext()


@asynccontextmanager
async def _parts(settings: Settings) -> AsyncIterator[FastAPI]:
    """The app on a database and a Temporal that run already."""
    playbooks = Shelf(settings.playbooks or SHIPPED, own=settings.own_playbooks)
    engine = make_engine(settings.database)
    try:
        app = make_app(settings, await _temporal(settings), engine, playbooks)
        await app.state.desk.see_playbooks()
        log_warnings(playbooks.current(), datetime.now(UTC))
        yield app
    finally:
        await asyncio.to_thread(engine.dispose)


async def _temporal(settings: Settings) -> Client:
    """The Temporal that the environment names, else the embedded one that `aftercare up` left word of."""
    if temporal_is_elsewhere():
        return await connect(environment())
    left = settings.data / "up.json"
    try:
        address = str(json.loads(left.read_text())["temporal"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Unavailable(
            f"No Temporal is known: set TEMPORAL_ADDRESS, or start 'aftercare up' with the data folder "
            f"{settings.data.resolve()}."
        ) from None
    return await connect_to(address)
