"""The pictures of the documentation, from the real service: `python -m tests.console.pictures` renews docs/pictures."""

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright

from console.visit import SESSION_COOKIE
from settings import Settings
from tests.api.client import BOOTSTRAP, KETTLE_LOOKED_AT, Api
from tests.console.browser import Browser, Staff
from tests.console.customers import Phone
from tests.console.test_in_chromium import FOUND
from tests.files import pictures
from up import Running, running

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LANGUAGES: Final = {"zh": "zh-CN", "en": "en-GB"}
#: A picture is at most so large, so that a page of the documentation is there at once.
MOST_BYTES: Final = 100_000
COLOURS: Final = 128


@dataclass(frozen=True)
class Shot:
    """One picture: what is on it, who looks, and how large his screen is. `{…}` are things of the scene."""

    name: str
    address: str
    role: str | None = None
    size: tuple[int, int] = (1280, 800)


PHONE: Final = (390, 844)
SHOTS: Final = (
    Shot("my-work", "/work", "agent"),
    Shot("case", "/cases/{case}", "agent"),
    Shot("open-a-case", "/cases/new?order_no={order}", "agent"),
    Shot("goods-in", "/warehouse?parcel={box}&said=booked", "warehouse"),
    Shot("unknown-box", "/parcels/{unknown}", "warehouse"),
    Shot("inspection", "/inspection/{here}", "warehouse"),
    Shot("payouts", "/payouts", "finance"),
    Shot("stuck", "/stuck", "manager"),
    Shot("approvals", "/approvals", "manager"),
    Shot("report", "/reports/monthly", "manager"),
    Shot("customer-find", "/r", None, PHONE),
    Shot("customer-wish", "/r/wish", None, PHONE),
    Shot("customer-case", "/c/{link}", None, PHONE),
)
PEOPLE: Final = (
    ("王小明", "13800138000"),
    ("陈静", "13900139002"),
    ("Anna Kovács", "13700137003"),
    ("刘洋", "13600136004"),
)


async def take(into: Path) -> list[Path]:
    """Take every picture in both languages; answers the files."""
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), http_port=0, temporal_port=0, bootstrap_token=BOOTSTRAP)
        async with running(settings) as service, async_playwright() as playwright:
            staff = Staff(service)
            async with Api(service, service.token) as api:
                things, cookies = await scene(api, service, staff)
            chromium = await playwright.chromium.launch(executable_path=FOUND)
            found = [
                await _taken(chromium, service, staff, shot, language, things, cookies, into)
                for language in LANGUAGES
                for shot in SHOTS
            ]
            await chromium.close()
            return found


async def _taken(
    chromium: Chromium,
    service: Running,
    staff: Staff,
    shot: Shot,
    language: str,
    things: Mapping[str, str],
    cookies: Mapping[str, str],
    into: Path,
) -> Path:
    width, height = shot.size
    context = await chromium.new_context(
        base_url=service.url,
        viewport={"width": width, "height": height},
        locale=LANGUAGES[language],
        reduced_motion="reduce",
    )
    told = {SESSION_COOKIE: staff.secret(shot.role)} if shot.role else cookies if shot.name != "customer-find" else {}
    await context.add_cookies([{"name": name, "value": value, "url": service.url} for name, value in told.items()])
    page = await context.new_page()
    answer = await page.goto(shot.address.format(**things))
    assert answer is not None
    assert answer.status == 200, f"{shot.address}: {answer.status}"
    content = await page.screenshot(animations="disabled")
    await context.close()
    file = into / f"{shot.name}.{language}.png"
    file.write_bytes(small(content))
    return file


def small(picture: bytes) -> bytes:
    """A screenshot with as many colours as its text and chips need."""
    out = BytesIO()
    flat = Image.open(BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    flat.save(out, "PNG", optimize=True)
    return out.getvalue()


# ── what is on them ───────────────────────────────────────────────────────────────────────────────


async def scene(api: Api, service: Running, staff: Staff) -> tuple[dict[str, str], dict[str, str]]:
    """A shop on a usual day: the same orders and cases every time, dated back from today."""
    asked = (
        ("quality_fault", "refund", "壶底漏水，第二天就不加热了"),
        ("change_of_mind", "refund", "颜色和想的不一样，没用过"),
        ("wrong_item", "exchange", "收到的是小号，订的是 1.7 L"),
        ("damaged_in_transit", "exchange", "箱子压扁了，壶盖碎了"),
    )
    cases = []
    for (name, phone), (kind, wanted, words) in zip(PEOPLE, asked, strict=True):
        order = await api.sold(**_order(name, phone))
        case = await api.opened(order_no=order["order_no"], kind=kind, wanted=wanted, description=words)
        cases.append(str(case["case_no"]))
    case_no = cases[0]
    await _photos(service, staff, case_no)
    await api.act(case_no, "take")
    await api.act(case_no, "customer_message", "customer", text="请问什么时候能处理？孩子等着用。")
    link = str((await api.post(f"/cases/{cases[1]}/link", json={})).json()["url"]).rpartition("/")[2]
    await api.act(cases[1], "authorise_return")
    await api.act(cases[3], "compensate", amount="100.00", kind="goodwill", reason="等了两周")
    boxes = await _boxes(api)
    await _paid(api)
    order_no = str((await api.get(f"/cases/{case_no}")).json()["order_no"])
    return {"case": case_no, "order": order_no, "link": link, **boxes}, await _phone(api, service)


def _order(name: str, phone: str) -> dict[str, Any]:
    now = datetime.now(UTC).replace(microsecond=0)
    days = {"placed_at": 6, "paid_at": 6, "shipped_at": 5, "delivered_at": 3}
    told: dict[str, Any] = {at: (now - timedelta(days=back)).isoformat() for at, back in days.items()}
    return {**told, "customer": {"id": f"c-{phone[-4:]}", "name": name, "phone": phone}}


async def _photos(service: Running, staff: Staff, case_no: str) -> None:
    async with Browser(service, staff.secret("agent")) as li:
        files = {"files": ("kettle.jpg", pictures.photo(size=(640, 480)), "image/jpeg")}
        await li.post(f"/cases/{case_no}/files", data={"csrf": await li.csrf()}, files=files)


async def _boxes(api: Api) -> dict[str, str]:
    """A box that came and is booked in, one that nobody knows, and a case to be inspected."""
    waiting = await _sent_back(api, "YT8800001")
    here = await _sent_back(api, "YT8800003")
    box = (await api.post("/parcels/scan", json={"code": "YT8800003"})).json()["parcel"]["id"]
    strange = {"code": "YT8800002", "product": "KETTLE-17", "grams": 1450, "sender_name": "陈静"}
    unknown = (await api.post("/parcels/scan", json=strange)).json()["parcel"]["id"]
    return {"here": here, "box": box, "unknown": unknown, "waiting": waiting}


async def _sent_back(api: Api, waybill: str) -> str:
    order = await api.sold(**_order("陈静", "13900139002"))
    case_no = str((await api.opened(order_no=order["order_no"]))["case_no"])
    await api.act(case_no, "authorise_return")
    await api.act(case_no, "ship_return", "customer", carrier="yto", waybill=waybill, freight="12.00")
    return case_no


async def _paid(api: Api) -> None:
    for name, phone in PEOPLE[:3]:
        order = await api.sold(**_order(name, phone))
        case_no = (await api.opened(order_no=order["order_no"]))["case_no"]
        await api.act(case_no, "authorise_return")
        await api.act(case_no, "book_in", "warehouse")
        await api.act(case_no, "confirm_fault", "warehouse", lines=[KETTLE_LOOKED_AT])
        await api.act(case_no, "choose_remedy", "manager", remedy="refund")


async def _phone(api: Api, service: Running) -> dict[str, str]:
    """A customer who has answered all but what he would like."""
    order = await api.sold(**_order("刘洋", "13800138000"))
    async with Phone(service) as phone:
        await phone.found(order["order_no"])
        await phone.fill("/r/items", line="1")
        await phone.fill("/r/why", kind="quality_fault")
        await phone.fill("/r/which", subcategory="does_not_work", description="按了没反应")
        await phone.fill("/r/photos", then="on")
        return dict(phone.cookies)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for made in asyncio.run(take(target)):
        sys.stdout.write(f"{made} {made.stat().st_size // 1024} KB\n")
