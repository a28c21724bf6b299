"""Every page of the console with something on it: the list comes from the routes, so that no new page is left out."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from fastapi.routing import APIRoute

from console import access
from console.mounting import page_routes
from models.lifecycle import Role
from tests.api.client import KETTLE_LOOKED_AT, Api
from tests.console.browser import Browser
from tests.console.customers import Phone
from tests.files import pictures
from up import Running

#: What is asked for with GET and is no page to look at: files, streams, drawings, and addresses that only lead on.
NO_PAGES: Final = frozenset(
    {
        *(
            "home",
            "work_next",
            "reports",
            "live",
            "session",
            "rail",
            "case_others",
            "provider_sign_in",
            "provider_back",
        ),
        *("case_file", "case_slip", "parcel_photo", "playbook_road"),
        *("customer_photo", "customer_case_photo", "customer_slip"),
    }
)
#: Who looks at a page: the first of these who may, as he sees most on it.
LOOKERS: Final = (Role.DIRECTOR, Role.FINANCE, Role.WAREHOUSE, Role.AGENT)
#: The link behind a number of a report.
BEHIND: Final = r'href="/reports/monthly/cases(\?[^"]+)"'
#: Pages that are worth a second look with other things on them: route → what follows the address.
ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    "new_case": ("?order_no={order_no}", "?q=王"),
    "payouts": ("?state=failed", "?state=done"),
    "warehouse": ("?parcel={parcel_id}",),
    "stuck": ("?reason=no_owner",),
    "case": ("?from=work", "?show=money"),
    "cases": ("?q=nothing-of-this-name",),
}


@dataclass(frozen=True)
class Place:
    """A page at a real address: its route's name, and who opens it (None: a customer, or whoever comes)."""

    page: str
    address: str
    role: str | None
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Furniture:
    """One of everything, by the names that stand in addresses; `own` is what a route needs instead ("": its query)."""

    values: Mapping[str, str]
    own: Mapping[str, Mapping[str, str]]
    asking: Mapping[str, str]
    asked: Mapping[str, str]

    def places(self) -> list[Place]:
        """Every page. Raises KeyError for a route whose address names something that is not there yet."""
        return [place for route in pages() for place in self._of(route)]

    def _of(self, route: APIRoute) -> list[Place]:
        told = {**self.values, **self.own.get(route.name, {})}
        address = re.sub(r"\{(\w+)\}", lambda found: told[found[1]], route.path)
        cookies = self.asked if route.name == "customer_sent" else self.asking
        role = None if route.name in access.OPEN else looker(route.name)
        ends = (told.get("", ""), *(end.format(**told) for end in ALSO.get(route.name, ())))
        return [Place(route.name, address + end, role, cookies if asks(route.name) else {}) for end in ends]


def asks(page: str) -> bool:
    """Whether a page belongs to a visit that has proved an order; to find one nobody has proved anything."""
    return page.startswith("customer_") and page != "customer_find"


def looker(page: str) -> str:
    """Who looks at a page."""
    return next(role.value for role in LOOKERS if role in access.MAY[page])


def pages() -> list[APIRoute]:
    """The routes of all pages that people look at."""
    return [route for route in page_routes() if "GET" in (route.methods or ()) and _is_page(route.name)]


def _is_page(name: str) -> bool:
    return name not in NO_PAGES and not name.endswith("_csv")


async def furnish(api: Api, browse: Callable[..., Browser], service: Running) -> Furniture:
    """Bring one of everything about, through the doors that people use."""
    chen = browse("manager")
    opened = await api.opened(description="漏水" * 60)
    case_no, order_no = str(opened["case_no"]), str(opened["order_no"])
    await api.act(case_no, "customer_message", "customer", text="什么时候有消息？" * 12)
    await api.act(case_no, "open_claim", against="courier", amount="139.00", name="SF")
    await _money(api)
    inspected, parcel_id = await _goods(api, case_no)
    people = await _people(api, browse)
    link = str((await api.post(f"/cases/{case_no}/link", json={})).json()["url"]).rpartition("/")[2]
    values = {
        "case_no": case_no,
        "order_no": order_no,
        "action": "make_offer",
        "parcel_id": parcel_id,
        "kind": "quality_fault",
        "token": link,
        "callback_id": await _callback(api),
        "bulk_id": await _bulk(chen, case_no),
        **people,
        **await _changing(api, chen),
        **await _outside(api),
    }
    own = {
        "report": {"name": "monthly"},
        "report_cases": {"name": "monthly", "": html.unescape(_first(await chen.get("/reports/monthly"), BEHIND))},
        "calendar": {"name": _first(await chen.get("/calendars"), r'href="/calendars/([\w-]+)"')},
        "calendar_history": {"name": "shop_cn"},
        "draft": {"draft_id": await _draft(chen, "calendars/uk.yaml")},
        "inspect": {"case_no": inspected},
        "register": {"name": "refunds"},
        "claim": {"case_no": case_no, "number": "1"},
    }
    return Furniture(values, own, await _asking(api, service), await _asked(api, service))


async def _money(api: Api) -> None:
    for outcome in ("paid", "failed", None):
        case_no = (await api.opened())["case_no"]
        await api.act(case_no, "authorise_return")
        await api.act(case_no, "book_in", "warehouse")
        await api.act(case_no, "confirm_fault", "warehouse", lines=[KETTLE_LOOKED_AT])
        granted = (await api.act(case_no, "choose_remedy", "manager", remedy="refund")).json()
        if outcome:
            said = {"reference": f"ALI-{case_no}"} if outcome == "paid" else {"code": "ACCOUNT_CLOSED"}
            await api.post(f"/payouts/{granted['payouts'][0]['id']}/{outcome}", json=said)
    asking = (await api.opened())["case_no"]
    await api.act(asking, "compensate", amount="100.00", kind="goodwill", reason="等了一个月")


async def _callback(api: Api) -> str:
    case_no = (await api.opened(kind="usage_help", wanted="none", owner="li"))["case_no"]
    await api.act(case_no, "answer", text="长按三秒。", final=True)
    due = (await api.get("/callbacks", params={"person": "li", "limit": 200})).json()["items"]
    return str(next(one["id"] for one in due if one["case_no"] == case_no))


async def _goods(api: Api, number: str) -> tuple[str, str]:
    """A case whose goods are here, and a box that nobody knows."""
    case_no = str((await api.opened())["case_no"])
    await api.act(case_no, "authorise_return")
    await api.act(case_no, "ship_return", "customer", carrier="yto", waybill=f"YT-{number}", freight="12.00")
    await api.post("/parcels/scan", json={"code": f"YT-{number}"})
    box = await api.post("/parcels/scan", json={"code": f"NO-{number}", "product": "KETTLE-17", "grams": 900})
    return case_no, str(box.json()["parcel"]["id"])


async def _people(api: Api, browse: Callable[..., Browser]) -> dict[str, str]:
    """Two on the staff list; one is away, wants to swap, and hands over."""
    chen, li = browse("manager"), browse("agent")
    today = datetime.now(UTC).date()
    for person, name, role in (("li", "李娜", "agent"), ("sun", "孙博", "supervisor")):
        await chen.submit("/staff", id=person, name=name, roles=[role])
    await chen.submit("/staff/li/rota", rota="", pattern="day off", first_day=str(today + timedelta(20)), after="0")
    await li.submit(
        "/duty/absences", **{"from": f"{today + timedelta(60)}T09:00", "until": f"{today + timedelta(61)}T18:00"}
    )
    await li.submit("/duty/swaps", partner="sun", day=str(today + timedelta(20)), note="孩子生日")
    await api.act((await api.opened())["case_no"], "assign", "manager", to="li")
    begun = await li.submit("/duty/handovers", to="sun", note="王女士会再打来")
    return {"person": "li", "user_id": "li", "handover_id": begun.headers["location"].rpartition("/")[2]}


async def _changing(api: Api, chen: Browser) -> dict[str, str]:
    """A playbook that somebody changes, what it was tried on, and open cases counted anew."""
    draft_id = await _draft(chen, "address_change.yaml")
    text = "kind: address_change\nlike: address_change\nreopen_days: 31\n"
    tried = await chen.submit(f"/drafts/{draft_id}", text=text, revision="1", do="try", days="7")
    preview = (await api.post("/rebase/preview", json={"playbook": "address_change"})).json()["preview_id"]
    ask = {"playbook": "address_change", "preview_id": preview, "reason": "试一下"}
    rebase_id = (await api.post("/rebase", json=ask)).json()["id"]
    trial_id = tried.headers["location"].partition("?")[0].rpartition("/")[2]
    return {"draft_id": draft_id, "trial_id": trial_id, "rebase_id": rebase_id}


async def _outside(api: Api) -> dict[str, str]:
    """A program that is told something, and somebody who told us something."""
    ask = {"url": f"https://no-such-host.invalid/{uuid4().hex}", "note": "bookkeeping"}
    endpoint_id = str((await api.post("/webhooks", json=ask)).json()["id"])
    delivery_id = str((await api.post(f"/webhooks/{endpoint_id}/ping")).json()["id"])
    event = {"what": "delivered", "at": "2026-03-02T10:00:00+08:00", "place": uuid4().hex}
    called = await api.post("/waybills/SF-PLACES/events", json={"events": [event]})
    return {"endpoint_id": endpoint_id, "delivery_id": delivery_id, "hook_id": str(called.json()["id"])}


async def _draft(chen: Browser, file: str) -> str:
    return str((await chen.submit("/drafts", file=file)).headers["location"]).rpartition("/")[2]


async def _bulk(chen: Browser, case_no: str) -> str:
    asked = {"case": [case_no], "action": "remind", "why": "盘点前", "command_id": f"bulk {case_no}"}
    return str((await chen.submit("/bulk", **asked)).headers["location"]).rpartition("/")[2]


async def _asking(api: Api, service: Running) -> Mapping[str, str]:
    """The cookies of a customer who has answered everything and sent nothing."""
    async with Phone(service) as phone:
        await phone.found((await api.sold())["order_no"])
        await phone.fill("/r/items", line="1")
        await phone.fill("/r/why", kind="quality_fault")
        await phone.fill("/r/which", subcategory="does_not_work", description="按了没反应")
        await phone.fill("/r/photos", files=[("photo", ("a.jpg", pictures.photo()))])
        await phone.fill("/r/photos", then="on")
        await phone.fill("/r/wish", wanted="refund")
        return dict(phone.cookies)


async def _asked(api: Api, service: Running) -> Mapping[str, str]:
    """The cookies of a customer who has sent his request."""
    async with Phone(service) as phone:
        await phone.requested((await api.sold())["order_no"])
        return dict(phone.cookies)


def _first(page: object, pattern: str) -> str:
    found = re.search(pattern, getattr(page, "text", ""))
    assert found, pattern
    return found[1]
