"""The roads that the demo drives: who does what, in which order, and the states that a case then goes through."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from models.errors import AftercareError, Unavailable
from terminal.remote import refused

Document = Mapping[str, Any]

#: Who acts for each role.
PEOPLE = {
    "customer": "the customer",
    "agent": "li.na",
    "manager": "chen.wei",
    "warehouse": "zhao.min",
    "workshop": "sun.jie",
    "finance": "wu.fang",
    "courier": "sf",
}
#: What a customer pays a courier for the way back, in the currencies of the samples.
FREIGHT = {"CNY": "12.00", "USD": "8.00", "EUR": "7.00", "GBP": "5.00", "JPY": "900"}
#: How long a clock may take to do what it is there for, and how often it is looked at.
PATIENCE, LOOK_EVERY = 30.0, 0.2
ATTEMPTS = 5


@dataclass(slots=True)
class Drive:
    """One case on its road: the API, the case as last seen, and how many commands it has had."""

    api: httpx.AsyncClient
    road: "Road"
    case: Document = field(default_factory=dict)
    commands: int = 0
    received: str | None = None  # what the customer paid for this case

    @property
    def case_no(self) -> str:
        return str(self.case["case_no"])

    @property
    def currency(self) -> str:
        return str(self.case["money"]["refund"]["currency"])

    async def call(self, method: str, path: str, **more: Any) -> Any:
        """One call; what is away for a moment is asked again, which every call here can bear."""
        for attempt in range(ATTEMPTS):
            try:
                answer = await self.api.request(method, path, **more)
            except httpx.TransportError:
                answer = httpx.Response(503)
            if answer.status_code != 503 or attempt == ATTEMPTS - 1:
                break
            await asyncio.sleep(0.5 * (attempt + 1))
        if answer.is_success:
            return answer.json()
        raise refused(answer)

    async def open(self) -> None:
        """Open the case, as an agent does on the phone."""
        about = {"kind": self.road.kind, "order_no": self.road.order_no, "wanted": self.road.wanted}
        lines = [{"line_no": line_no, "quantity": quantity} for line_no, quantity in self.road.lines]
        body = {**about, "lines": lines, "description": self.road.title, "channel": "phone"}
        key = f"demo-{self.road.order_no}-{self.road.number}"
        self.case = await self.call("POST", "/cases", json=body, headers={"Idempotency-Key": key})

    async def act(self, role: str, action: str, data: Mapping[str, Any]) -> None:
        """One command of a role."""
        self.commands += 1
        actor = {"id": PEOPLE[role], "role": role}
        command_id = f"{self.case_no}-demo-{self.commands}"
        envelope = {"action": action, "actor": actor, "data": dict(data), "command_id": command_id}
        self.case = await self.call("POST", f"/cases/{self.case_no}/commands", json=envelope)

    async def look(self) -> Document:
        """The case as it is now."""
        self.case = await self.call("GET", f"/cases/{self.case_no}")
        return self.case

    async def states(self) -> tuple[str, ...]:
        """The states that the case went through, from its timeline."""
        page = await self.call("GET", f"/cases/{self.case_no}/timeline", params={"limit": 200})
        return tuple(entry["to"] for entry in page["items"] if entry["to"])


Doing = Callable[[Drive], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Road:
    """What is done to one case, and the states it should go through. `number` tells cases of one order apart."""

    title: str
    kind: str
    order_no: str
    lines: tuple[tuple[int, int], ...]
    wanted: str | None
    doings: tuple[Doing, ...]
    states: tuple[str, ...]
    number: int = 1

    def went_as_it_should(self, states: Sequence[str]) -> bool:
        """Whether these are its states; a step above an agent's limit may have waited for a manager."""
        return tuple(states) == self.states or tuple(s for s in states if s != "awaiting_approval") == self.states


# ── what can be done ──────────────────────────────────────────────────────────────────────────────


def does(role: str, action: str, **data: Any) -> Doing:
    """A role carries out an action."""

    async def doing(drive: Drive) -> None:
        await drive.act(role, action, data)

    return doing


async def ships_return(drive: Drive) -> None:
    """The customer advances the freight and enters the waybill."""
    freight = FREIGHT[drive.currency]
    waybill = f"SF{drive.case_no}"
    await drive.act("customer", "ship_return", {"carrier": "sf", "waybill": waybill, "freight": freight})


def inspects(action: str, grade: str, cause: str, liable: str, disposition: str) -> Doing:
    """The warehouse finds the same for every unit."""

    async def doing(drive: Drive) -> None:
        found = {"grade": grade, "cause": cause, "party_liable": liable, "disposition": disposition}
        lines = [{"line_no": no, "quantity": quantity, **found} for no, quantity in drive.road.lines]
        await drive.act("warehouse", action, {"lines": lines, "note": "checked on the bench"})

    return doing


def chooses(remedy: str) -> Doing:
    """The agent chooses a remedy for all of the case."""
    return does("agent", "choose_remedy", remedy=remedy)


def refunds(party_liable: str) -> Doing:
    """The agent looks at the numbers, and commits to exactly these (F20); above the limit a manager approves."""

    async def doing(drive: Drive) -> None:
        lines = [{"line_no": no, "quantity": quantity} for no, quantity in drive.road.lines]
        ask = {"lines": lines, "remedy": "refund", "party_liable": party_liable}
        path = f"/orders/{quote(drive.road.order_no, safe='')}/refund-preview"
        shown = await drive.call("POST", path, json={**ask, "return_freight": FREIGHT[drive.currency]})
        await drive.act("agent", "choose_remedy", {"remedy": "refund", "preview_id": shown["preview_id"]})
        if drive.case["state"] == "awaiting_approval":
            await drive.act("manager", "approve", {"note": "within the month's budget"})

    return doing


async def settles_payment(drive: Drive) -> None:
    """The customer pays what is owed before anything goes on (F12), and finance matches it."""
    if drive.case["state"] != "awaiting_payment":
        return
    owed = drive.case["money"]["customer_owes"]["amount"]
    await drive.act("customer", "notify_payment", {"method": "bank", "amount": owed})
    await drive.act("finance", "record_payment", {"amount": owed, "reference": f"IN-{drive.case_no}"})
    drive.received = f"{owed} {drive.currency}"


async def pays(drive: Drive) -> None:
    """Finance pays every payout that waits for it."""
    queue = await drive.call("GET", "/payouts", params={"case_no": drive.case_no, "state": "approved"})
    for payout in queue["items"]:
        path = f"/payouts/{quote(payout['id'], safe='')}/paid"
        await drive.call("POST", path, json={"reference": f"OUT-{payout['id']}"})
    await drive.look()


def waits(what: str, until: Callable[[Document], bool]) -> Doing:
    """Nobody does anything: the clock has to."""

    async def doing(drive: Drive) -> None:
        for _ in range(int(PATIENCE / LOOK_EVERY)):
            if until(await drive.look()):
                return
            await asyncio.sleep(LOOK_EVERY)
        raise Unavailable(f"{what} did not happen within {PATIENCE:.0f} s")

    return doing


# ── the roads ─────────────────────────────────────────────────────────────────────────────────────


RETURN = (does("agent", "authorise_return"), ships_return, does("warehouse", "book_in", boxes=1))
CALLBACK = does("agent", "complete_callback", satisfied=True, scores={"solved": 5}, words="谢谢，都解决了")
INVOICE = does("finance", "settle_invoice", result="credited")
DELIVERED = does("courier", "record_delivery", outcome="delivered")
SHIP_BACK = does("warehouse", "ship_back", carrier="sf", waybill="SF-BACK")
REPLACE = does("warehouse", "ship_replacement", carrier="sf", waybill="SF-NEW")
REPAIRED = does("workshop", "finish_repair", report="motor replaced, tested for an hour")
FAULTY = inspects("confirm_fault", "damaged", "manufacturing", "seller", "supplier")
OWN_DOING = inspects("confirm_fault", "damaged", "customer", "customer", "customer")
NO_FAULT = inspects("refute_fault", "used", "none_found", "seller", "customer")
AS_NEW = inspects("pass_inspection", "opened", "none_found", "customer", "restock")
WRONG_ONE = inspects("pass_inspection", "wrong_item", "seller", "seller", "restock")

BACK = ("requested", "awaiting_return", "return_in_transit", "received")
REFUNDED = ("refunding", "resolved", "closed")
SENT_BACK = ("returning_goods", "delivering", "resolved", "closed")
SELLERS_FAULT: tuple[Doing, ...] = (refunds("seller"), pays)
NOBODYS_FAULT: tuple[Doing, ...] = (refunds("customer"), pays)
REPAIR: tuple[Doing, ...] = (REPAIRED, SHIP_BACK, pays, DELIVERED, CALLBACK)

ROADS = (
    Road(
        "refund of a faulty kettle, with invoice", "quality_fault", "TM-20261102-0017", ((1, 1),), "refund",
        (*RETURN, FAULTY, *SELLERS_FAULT, INVOICE, CALLBACK),
        (*BACK, "fault_confirmed", *REFUNDED),
    ),
    Road(
        "refund above the agent's limit, to two payments", "quality_fault", "TM-20261111-0002", ((1, 1),), "refund",
        (*RETURN, FAULTY, *SELLERS_FAULT, CALLBACK),
        (*BACK, "fault_confirmed", "awaiting_approval", *REFUNDED),
    ),
    Road(
        "refund, change of mind", "change_of_mind", "DY-20261116-03", ((1, 1),), "refund",
        (*RETURN, AS_NEW, *NOBODYS_FAULT, CALLBACK),
        (*BACK, "inspected", *REFUNDED),
    ),
    Road(
        "refund in a currency without cents", "change_of_mind", "JP-302", ((2, 1),), "refund",
        (*RETURN, AS_NEW, *NOBODYS_FAULT, CALLBACK),
        (*BACK, "inspected", *REFUNDED),
    ),
    Road(
        "exchange of a wrong item", "wrong_item", "DY-20261108-77", ((2, 1),), "exchange",
        (*RETURN, WRONG_ONE, chooses("exchange"), REPLACE, pays, DELIVERED, CALLBACK),
        (*BACK, "inspected", "exchanging", "delivering", "resolved", "closed"),
    ),
    Road(
        "exchange, out of stock at first", "quality_fault", "US-10002", ((1, 2),), "exchange",
        (*RETURN, FAULTY, chooses("exchange"), does("warehouse", "report_shortage"),
         does("warehouse", "stock_arrived"), REPLACE, pays, DELIVERED, CALLBACK),
        (*BACK, "fault_confirmed", "exchanging", "awaiting_stock", "exchanging", "delivering", "resolved", "closed"),
    ),
    Road(
        "repair in warranty", "warranty_repair", "TM-20260301-0551", ((1, 1),), "repair",
        (*RETURN, FAULTY, chooses("repair"), *REPAIR),
        (*BACK, "fault_confirmed", "repairing", *SENT_BACK),
    ),
    Road(
        "repair out of warranty, quoted and paid", "warranty_repair", "TM-20240616-0033", ((1, 1),), "repair",
        (*RETURN, OWN_DOING, does("workshop", "quote_repair", parts="60.00", labour="40.00", freight="12.00"),
         does("customer", "accept_quote"), settles_payment, *REPAIR),
        (*BACK, "fault_confirmed", "quoted", "awaiting_payment", "repairing", *SENT_BACK),
    ),
    Road(
        "fault refuted, goods back at the customer's cost", "quality_fault", "EBAY-27-11893-04417", ((1, 1),), "repair",
        (*RETURN, NO_FAULT, chooses("goods_back"), settles_payment, SHIP_BACK, pays, DELIVERED, CALLBACK),
        (*BACK, "fault_refuted", "awaiting_payment", *SENT_BACK),
    ),
    Road(
        "keep-it offer accepted", "wrong_item", "PDD-556-1", ((3, 1),), "keep_it",
        (does("agent", "make_offer", amount="7.20"), does("customer", "accept_offer", option=1), pays, CALLBACK),
        ("requested", "offered", *REFUNDED),
    ),
    Road(
        "the customer never ships: it closes itself", "demo_never_ships", "UK-7001", ((2, 1),), "refund",
        (does("agent", "authorise_return"), waits("closing by itself", lambda case: case["state"] == "closed")),
        ("requested", "awaiting_return", "closed"),
    ),
    Road(
        "the clock runs out: it escalates", "demo_clock_runs_out", "DE-501", ((1, 1),), "repair",
        (waits("escalation to the manager", lambda case: case["escalation"] >= 3), does("manager", "acknowledge"),
         does("manager", "answer", text="The strap is only twisted; a photo shows how.", final=True), CALLBACK),
        ("requested", "resolved", "closed"),
    ),
)  # fmt: skip


def returned(order_no: str, line_no: int, quantity: int, number: int) -> Road:
    """The road of a return that really happened: by turns a change of mind and a fault, refunded."""
    faulty = number % 2 == 0
    return Road(
        "a fault, refunded" if faulty else "change of mind, refunded",
        "quality_fault" if faulty else "change_of_mind",
        order_no,
        ((line_no, quantity),),
        "refund",
        (*RETURN, *((FAULTY, *SELLERS_FAULT) if faulty else (AS_NEW, *NOBODYS_FAULT)), CALLBACK),
        (*BACK, "fault_confirmed" if faulty else "inspected", *REFUNDED),
        number,
    )


# ── driving ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a case ended, and what was wrong with that, if anything was."""

    road: Road
    case: Document
    states: tuple[str, ...] = ()
    received: str | None = None
    problem: str | None = None


async def drive(api: httpx.AsyncClient, road: Road, stepped: Callable[[], None]) -> Arrival:
    """Drive one case to its end; what goes wrong is told, and stops no other case."""
    one = Drive(api, road)
    try:
        await one.open()
        stepped()
        for doing in road.doings:
            await doing(one)
            stepped()
        states = await one.states()
        return Arrival(road, await one.look(), states, one.received, _wrong(road, states, one.case))
    except AftercareError as trouble:
        return Arrival(road, one.case, problem=f"after {one.case.get('state', 'nothing')}: {trouble.detail}")


def _wrong(road: Road, states: Sequence[str], case: Document) -> str | None:
    if not road.went_as_it_should(states):
        return f"went {' → '.join(states)} instead of {' → '.join(road.states)}"
    unpaid = [payout["id"] for payout in case["payouts"] if payout["state"] != "done"]
    return f"left {', '.join(unpaid)} unpaid" if unpaid else None
