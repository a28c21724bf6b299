"""Who may call what, and as whom a command is signed."""

from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request

from api.auth import KNOWN_SECONDS, MAY, TRUSTED_SECONDS, Caller, Gate, actor_of
from api.limits import Attempts, TooManyAttempts
from api.routes import (
    cases,
    duty,
    files,
    follow_up,
    goods,
    health,
    hooks,
    inbox,
    links,
    machine,
    money,
    orders,
    procedure,
    reports,
    stock,
    stuck,
    warranty,
    webhooks,
)
from api.routes.reference import is_loopback
from models.commands import Actor
from models.errors import Forbidden, Malformed, Unauthenticated
from models.lifecycle import Action, Role
from server import make_app
from settings import Settings
from store.engine import make_engine, writing
from store.people import tokens
from tests.api.client import BOOTSTRAP, Api, an_order, refused, token_of
from tests.databases import with_schema
from up import Running


def _caller(*roles: str, for_others: bool = False) -> Caller:
    return Caller("t1", "li.na", frozenset(Role(role) for role in roles), for_others)


# ── signing ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("caller", "named", "action", "signed"),
    [
        # the token has            the envelope says                          for        so it is signed
        (_caller("agent"), None, None, ("li.na", "agent")),
        (_caller("agent"), {"id": "chen", "role": "agent"}, None, ("li.na", "agent")),
        (_caller("manager"), {"role": "agent"}, None, ("li.na", "agent")),
        (_caller("warehouse", "finance"), {"role": "warehouse"}, None, ("li.na", "warehouse")),
        (_caller("warehouse", "finance"), None, None, ("li.na", "finance")),
        (_caller("warehouse", "finance"), None, Action.BOOK_IN, ("li.na", "warehouse")),
        (_caller("warehouse", "manager"), None, Action.TAKE, ("li.na", "manager")),
        (_caller("system", for_others=True), {"id": "wang", "role": "customer"}, None, ("wang", "customer")),
        (_caller("system", for_others=True), {"id": "wang"}, None, ("wang", "system")),
        (_caller("system", for_others=True), Actor(id="wang", role=Role.AGENT), None, ("wang", "agent")),
    ],
)
def test_the_actor_comes_from_the_token(
    caller: Caller, named: object, action: Action | None, signed: tuple[str, str]
) -> None:
    actor = actor_of(caller, named, action)
    assert (actor.id, actor.role) == signed


@pytest.mark.parametrize("wanted", ["manager", "supervisor", "finance", "customer"])
def test_nobody_signs_in_a_role_above_or_beside_their_own(wanted: str) -> None:
    with pytest.raises(Forbidden, match="its roles: agent"):
        actor_of(_caller("agent"), {"id": "li.na", "role": wanted})


@pytest.mark.parametrize(
    "named", ["li", 7, [], {"role": "wizard"}, {"role": 7}, {"id": "", "role": "agent"}, {"id": 7}]
)
def test_an_actor_that_cannot_be_read_is_malformed(named: object) -> None:
    with pytest.raises(Malformed):
        actor_of(_caller("agent", for_others=True), named)


# ── the table of endpoints ────────────────────────────────────────────────────────────────────────


def test_every_endpoint_that_needs_a_token_says_for_whom() -> None:
    parts = (
        orders.router,
        cases.router,
        duty.router,
        stock.router,
        warranty.router,
        stuck.router,
        files.router,
        follow_up.router,
        money.router,
        reports.router,
        goods.router,
        hooks.router,
        webhooks.router,
        inbox.router,
        links.router,
        machine.router,
        procedure.router,
        health.guarded,
    )
    guarded = {route.name for part in parts for route in part.routes if isinstance(route, APIRoute)}
    assert guarded == set(MAY)


EVERYBODY = {role.value for role in Role}
STAFF = EVERYBODY - {"customer", "courier", "platform"}
ENDPOINTS: list[tuple[str, str, set[str]]] = [
    ("POST", "/orders/import", {"manager", "director", "platform", "system"}),
    ("PUT", "/orders/X", {"manager", "director", "platform", "system"}),
    ("GET", "/reports/staff", STAFF),
    ("GET", "/reports/monthly", {"supervisor", "manager", "director", "finance", "system"}),
    ("GET", "/reports/staff/cases", STAFF),
    ("GET", "/breaches", {"supervisor", "manager", "director", "system"}),
    ("PUT", "/breaches/X/triage/1", {"supervisor", "manager", "director"}),
    ("GET", "/stuck", {"supervisor", "manager", "director", "system"}),
    ("POST", "/bulk", {"supervisor", "manager", "director"}),
    ("GET", "/bulk", {"supervisor", "manager", "director", "system"}),
    ("GET", "/bulk/X", {"supervisor", "manager", "director", "system"}),
    ("POST", "/bulk/X/stop", {"supervisor", "manager", "director"}),
    ("GET", "/callbacks", {"agent", "supervisor", "manager", "director", "platform", "system"}),
    ("POST", "/callbacks/X/done", {"agent", "supervisor", "manager", "director"}),
    ("POST", "/callbacks/X/missed", {"agent", "supervisor", "manager", "director", "system"}),
    ("PUT", "/customers/X/preferences", {"agent", "supervisor", "manager", "director"}),
    ("GET", "/schedules", {"supervisor", "manager", "director", "system"}),
    ("GET", "/payouts", {"finance", "manager", "director", "system"}),
    ("GET", "/stock", STAFF | {"platform", "system"}),
    ("GET", "/stock/X", STAFF | {"platform", "system"}),
    ("PUT", "/stock", {"warehouse", "manager", "director", "system"}),
    ("POST", "/stock/import", {"warehouse", "manager", "director", "system"}),
    ("POST", "/stock/X/moves", {"warehouse", "manager", "director", "system"}),
    ("GET", "/warranty", STAFF | {"platform", "system"}),
    ("POST", "/warranty", {"agent", "supervisor", "manager", "director", "warehouse", "workshop", "system"}),
    ("GET", "/claims", {"agent", "supervisor", "manager", "director", "finance", "system"}),
    ("GET", "/remittances", {"agent", "supervisor", "manager", "director", "finance", "system"}),
    ("GET", "/remittances/received", {"agent", "supervisor", "manager", "director", "finance", "system"}),
    ("GET", "/receivables", {"agent", "supervisor", "manager", "director", "finance", "system"}),
    ("GET", "/payouts/X/account", {"finance"}),
    ("GET", "/books", {"finance", "manager", "director", "system"}),
    ("POST", "/books/audit", {"finance", "manager", "director", "system"}),
    ("POST", "/payouts/X/paid", {"finance", "system"}),
    ("POST", "/payouts/X/failed", {"finance", "system"}),
    ("GET", "/cases/X/files", EVERYBODY - {"courier"}),
    ("POST", "/cases/X/files", EVERYBODY),
    ("POST", "/cases/X/link", {"agent", "supervisor", "manager", "director", "platform", "system"}),
    ("DELETE", "/cases/X/link", {"agent", "supervisor", "manager", "director", "platform", "system"}),
    ("GET", "/cases/X/slip", EVERYBODY - {"courier"}),
    ("POST", "/parcels/scan", {"warehouse", "system"}),
    ("GET", "/registers/refunds", {"finance", "supervisor", "manager", "director", "system"}),
    ("GET", "/cases", EVERYBODY - {"customer", "courier"}),
    ("GET", "/cases/X", EVERYBODY - {"courier"}),
    ("GET", "/orders/X", EVERYBODY - {"customer", "courier"}),
    ("POST", "/cases", EVERYBODY - {"courier"}),
    ("POST", "/cases/check", EVERYBODY - {"customer", "courier"}),
    ("POST", "/cases/propose", EVERYBODY - {"customer", "courier"}),
    ("POST", "/cases/X/commands", EVERYBODY),
    ("GET", "/inbox", EVERYBODY - {"customer", "courier", "platform"}),
    ("POST", "/inbox/read", EVERYBODY - {"customer", "courier", "platform"}),
    ("GET", "/mailboxes", {"manager", "director", "system"}),
    ("GET", "/mailboxes/somebody", {"manager", "director", "system"}),
    ("GET", "/lifecycle", EVERYBODY),
    ("GET", "/staff", STAFF),
    ("GET", "/staff/X", STAFF),
    ("PUT", "/staff/X", {"manager", "director", "system"}),
    ("GET", "/duty", STAFF),
    ("POST", "/rota", {"manager", "director", "system"}),
    ("POST", "/absences", STAFF),
    ("POST", "/swaps/X/answer", STAFF),
    ("POST", "/handovers/X/accept", STAFF),
    ("GET", "/calendars", EVERYBODY - {"customer", "courier"}),
    ("POST", "/playbooks/wrong_item/check", {"manager", "director"}),
    ("POST", "/playbooks/wrong_item/publish", {"manager", "director"}),
    ("POST", "/playbooks/wrong_item/trials", {"manager", "director"}),
    ("GET", "/playbooks/wrong_item/history", EVERYBODY - {"customer", "courier", "platform"}),
    ("GET", "/trials/X", {"manager", "director", "system"}),
    ("POST", "/trials/X/stop", {"manager", "director"}),
    ("POST", "/calendars/uk/check", {"manager", "director"}),
    ("POST", "/calendars/uk/publish", {"manager", "director"}),
    ("GET", "/calendars/uk/history", EVERYBODY - {"customer", "courier", "platform"}),
    ("POST", "/rebase/preview", {"manager", "director"}),
    ("POST", "/rebase", {"manager", "director"}),
    ("GET", "/rebase/X", {"manager", "director", "system"}),
    ("POST", "/rebase/X/stop", {"manager", "director"}),
]


@pytest.mark.parametrize("role", [role.value for role in Role])
async def test_each_role_may_call_what_its_work_needs(service: Running, role: str) -> None:
    async with Api(service, token_of(service, f"one {role}", [role])) as somebody:
        for method, address, allowed in ENDPOINTS:
            answer = await somebody.request(method, address)
            shut_out = answer.status_code == 403
            assert shut_out is (role not in allowed), f"{role} {method} {address}: {answer.text}"


# ── tokens ────────────────────────────────────────────────────────────────────────────────────────

WRONG = [
    "",
    "Bearer",
    "Basic YTpi",
    "Bearer act_",
    "Bearer act_0_0",
    "Bearer x y",
    "Token abc",
    "Bearer \x7f",
]


@pytest.mark.parametrize("heading", WRONG)
async def test_without_a_token_of_ours_nothing_is_told(service: Running, heading: str) -> None:
    async with Api(service, None) as stranger:
        stranger.headers["Authorization"] = heading
        for method, address in (("GET", "/cases"), ("POST", "/cases/X/commands")):
            answer = await stranger.request(method, address, content=b"{broken")
            await refused(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        await refused(await stranger.get(stranger.root("/metrics")), 401)


async def test_the_bootstrap_token_may_do_everything(service: Running) -> None:
    async with Api(service, BOOTSTRAP) as first:
        order = an_order()
        assert (await first.put(f"/orders/{order['order_no']}", json=order)).status_code == 200
        case = await first.opened(order_no=order["order_no"])
        assert (await first.act(case["case_no"], "take")).json()["owner"] == "li"
        booked = await first.post(f"/cases/{case['case_no']}/commands", json={"action": "book_in"})
        assert booked.json()["state"] == "received"


async def test_wrong_tokens_are_slowed_down_and_known_ones_go_on(gate: "GateAtHand") -> None:
    await gate.let_in(gate.good)
    for _ in range(Attempts.MOST):
        with pytest.raises(Unauthenticated):
            await gate.let_in("act_0_0")
    with pytest.raises(TooManyAttempts) as shut:
        await gate.let_in("act_0_0")
    assert 1 <= shut.value.extra["retry_after"] <= Attempts.WINDOW_SECONDS
    assert (await gate.let_in(gate.good)).name == "li.na"
    with pytest.raises(Unauthenticated):
        await gate.let_in("act_0_0", address="10.0.0.2")
    gate.now += Attempts.WINDOW_SECONDS
    with pytest.raises(Unauthenticated):
        await gate.let_in("act_0_0")


async def test_a_token_never_seen_waits_like_the_wrong_ones(gate: "GateAtHand") -> None:
    for _ in range(Attempts.MOST):
        with pytest.raises(Unauthenticated):
            await gate.let_in("guess")
    with pytest.raises(TooManyAttempts):
        await gate.let_in("bootstrap-of-the-shop")
    gate.now += KNOWN_SECONDS
    assert (await gate.let_in("bootstrap-of-the-shop")).roles == frozenset(Role)


async def test_a_bootstrap_token_may_be_in_any_alphabet(tmp_path: Path) -> None:
    chinese = GateAtHand(tmp_path, bootstrap="水壶店-开张")
    assert (await chinese.let_in("水壶店-开张")).may_act_for_others


async def test_a_revoked_token_is_out_within_seconds(gate: "GateAtHand") -> None:
    await gate.let_in(gate.good)
    gate.revoke()
    gate.now += TRUSTED_SECONDS + 0.1
    with pytest.raises(Unauthenticated):
        await gate.let_in(gate.good)


class GateAtHand:
    """A gate whose time the test moves, with one token."""

    def __init__(self, folder: Path, bootstrap: str = "bootstrap-of-the-shop") -> None:
        self.engine = make_engine(f"sqlite:///{folder / 'tokens.db'}")
        with_schema(self.engine)
        with writing(self.engine) as session:
            self.good = tokens.create(session, "li.na", [Role.AGENT])
        self.now = 1000.0
        self.gate = Gate(self.engine, bootstrap, ticks=lambda: self.now)

    async def let_in(self, token: str, address: str = "10.0.0.1") -> Caller:
        heading = (b"authorization", f"Bearer {token}".encode())
        return await self.gate.authenticate(Request({"type": "http", "headers": [heading], "client": (address, 1)}))

    def revoke(self) -> None:
        with writing(self.engine) as session:
            (only,) = tokens.list(session)
            tokens.revoke(session, only.id, only.created_at)


@pytest.fixture
def gate(tmp_path: Path) -> GateAtHand:
    return GateAtHand(tmp_path)


async def test_from_elsewhere_the_reference_needs_a_token(service: Running) -> None:
    app = make_app(Settings(bootstrap_token=BOOTSTRAP), service.client, service.engine, service.playbooks)
    transport = httpx.ASGITransport(app=app, client=("10.0.0.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://aftercare") as visitor:
        for page in ("/docs", "/openapi.json"):
            await refused(await visitor.get(page), 401)
            known = await visitor.get(page, headers={"Authorization": f"Bearer {BOOTSTRAP}"})
            assert known.status_code == 200
        wrong = {"Authorization": "Bearer wrong"}
        answers = [await visitor.get("/api/v1/cases", headers=wrong) for _ in range(Attempts.MOST + 1)]
        await refused(answers[0], 401)
        await refused(answers[-1], 429, "too-many-attempts")
        assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("localhost", False),
        ("", False),
        (None, False),
    ],
)
def test_the_reference_is_open_on_loopback_only(host: str | None, here: bool) -> None:
    assert is_loopback(host) is here
