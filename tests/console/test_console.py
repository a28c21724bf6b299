"""The console as a whole: its files, templates, words and headings, and that the API stays as it is."""

import hashlib
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from babel.dates import format_datetime, format_skeleton
from starlette.routing import NoMatchFound, Router

from console import catalogue
from console.addresses import Addresses
from console.language import LANGUAGES, LOCALES, Tongue, chosen
from console.mounting import POLICY, page_routes
from console.rendering import STATIC, TEMPLATES, environment
from server import make_app
from settings import Settings
from tests.console.browser import Browser, Staff, words
from up import Running

ROOT = Path(__file__).parents[2]
Browse = Callable[..., Browser]
VENDORED = (STATIC / "vendor", ROOT / "tests" / "console" / "vendor")
MONDAY = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


def tongue(language: str) -> Tongue:
    return Tongue(language, ZoneInfo("Asia/Shanghai"), MONDAY)


# ── addresses and what Babel says ──────────────────────────────────────────────────────────────────


def test_every_page_is_found_by_its_name_as_the_router_finds_it():
    """The router asks one route after the other, which takes longer than all the rest of a list's row."""
    router, found = Router(page_routes()), Addresses(page_routes())
    for route in page_routes():
        parts: dict[str, Any] = {
            name: 7 if "int" in type(how).__name__.lower() else "AC-26-000001"
            for name, how in route.param_convertors.items()
        }
        assert found.of(route.name, **parts) == str(router.url_path_for(route.name, **parts))
    for page, parts in (("no_such_page", {}), ("case", {}), ("case", {"case_no": "AC-26-000001", "more": "x"})):
        with pytest.raises(NoMatchFound):
            found.of(page, **parts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "Asia/Kathmandu", "America/St_Johns", "Europe/London"])
def test_an_instant_is_told_exactly_as_babel_tells_it(language: str, zone: str):
    told = Tongue(language, ZoneInfo(zone), MONDAY)
    for days in (0, 0.3, 21, 120.7, 299.99, 5000):
        local = told.local(MONDAY + timedelta(days=days))
        assert told.exactly(local) == format_datetime(local, "yyyy-MM-dd HH:mm:ss ZZZZ", locale=told.locale)
        said = format_skeleton("yMMMEd" if local.year != 2026 else "MMMEd", local, tzinfo=told.zone, locale=told.locale)
        assert told.day_and_time(local).endswith(local.strftime(" %H:%M"))
        assert days < 2 or told.day_and_time(local) == f"{said} {local:%H:%M}"


def test_two_languages_and_two_currencies_are_never_mixed_up_in_memory():
    sum_ = {"amount": "1234.50", "currency": "CNY"}
    for _ in range(2):
        assert [tongue(one).money(sum_) for one in ("zh-CN", "en")] == ["¥1,234.50", "¥1,234.50"]
        assert tongue("en").money({**sum_, "currency": "USD"}) == "USD\u00a01,234.50"
        assert tongue("en").money({**sum_, "amount": "1234.5"}) == "¥1,234.50"
        assert [tongue(one).length(5400) for one in ("zh-CN", "en")] == ["1小时 30分钟", "1 hr 30 mins"]


# ── what is shipped ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("folder", VENDORED, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_what_others_wrote_is_as_they_published_it(folder: Path):
    listed = tomllib.loads((folder / "VENDORED.toml").read_text())["file"]
    for one in listed:
        assert hashlib.sha256((folder / one["name"]).read_bytes()).hexdigest() == one["sha256"], one["name"]
        assert one["version"]
        assert one["licence"]
    code = {file.name for file in folder.iterdir() if file.suffix in (".js", ".css")}
    assert code == {one["name"] for one in listed}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_compiles(language: str):
    env = environment(language)
    for file in sorted(TEMPLATES.rglob("*.html")):
        env.get_template(str(file.relative_to(TEMPLATES)))


def test_no_template_has_scripts_styles_or_handlers_of_its_own():
    """The policy would stop them in the browser, where nobody would see why."""
    for file in sorted(TEMPLATES.rglob("*.html")):
        text = file.read_text(encoding="utf-8")
        for forbidden in (
            "<style",
            " style=",
            " onclick=",
            " onsubmit=",
            " onchange=",
            "javascript:",
            "hx-on",
            "| safe",
        ):
            assert forbidden not in text, f"{file.name}: {forbidden}"
        assert "<script>" not in text, file.name


def test_every_rule_of_style_is_in_a_layer_and_every_brace_is_closed():
    """One that is lost in a merge would take the rules behind it along, and no browser says a word."""
    depth = 0
    for number, line in enumerate((STATIC / "console.css").read_text(encoding="utf-8").splitlines(), start=1):
        if depth == 0 and line.strip():
            assert line.startswith(("@layer", "@import", "/*")), f"{number}: {line}"
        depth += line.count("{") - line.count("}")
        assert depth >= 0, number
    assert depth == 0


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_a_language_are_complete_and_none_is_left_over(language: str):
    assert catalogue.missing(language) == [], "translate these in locales/, after: python -m console.catalogue"
    folder = LOCALES / LANGUAGES[language][0]
    should = catalogue.renewed(language)
    assert {file.name for file in folder.glob("*.po")} == set(should)
    for name, content in should.items():
        assert (folder / name).read_bytes() == content, f"{name}: run python -m console.catalogue"


def test_translations_have_the_places_of_their_words():
    parts = catalogue.used()
    for english, told in catalogue.kept("zh-CN").items():
        if parts.get(english) in (catalogue.REFUSALS, catalogue.MISTAKES):
            continue  # a language may leave out what goes without saying; tests/console/test_refusals.py
        for one in [english] if isinstance(english, str) else english[1:]:
            there = told if isinstance(told, str) else told[0]
            names = {part.partition(")")[0] for part in one.split("%(")[1:]}
            assert names == {part.partition(")")[0] for part in there.split("%(")[1:]}, one


#: Chinese words that nobody uses here, and the one that stands for the thing instead.
NOT_SAID = {
    "顾客": "客户",
    "买家": "客户",
    "储值": "店铺余额",
    "张售后单": "个售后单",
    "流程手册": "处理流程",
    "逾期": "超时",
    "支付机构": "支付渠道",
    "凭证号": "流水号",
    "缺勤": "外出",
    "轮班": "排班",
    "退货单": "随件单",
    "免除": "减免",
    "待验": "待质检",
    "检验": "质检",
    "批量操作": "批量处理",
    "替班": "代班",
    "暂缓": "搁置",
}


def test_chinese_pages_have_one_word_for_one_thing():
    """The words of the playbooks, which stand on the same pages, are the measure."""
    for english, told in catalogue.kept("zh-CN").items():
        for word, instead in NOT_SAID.items():
            assert word not in str(told), f"{english}: say {instead}"


@pytest.mark.parametrize(
    ("wanted", "cookie", "accepted", "language"),
    [
        ("en", "zh-CN", "zh", "en"),  # what somebody set counts most
        (None, "en", "zh-CN,zh;q=0.9", "en"),
        (None, None, "en-GB,en;q=0.8", "en"),
        (None, None, "fr,en;q=0.5", "en"),
        (None, None, "zh-TW", "zh-CN"),
        (None, "klingon", "tlh", "zh-CN"),
        (None, None, "", "zh-CN"),
    ],
)
def test_the_language_of_a_page(wanted: str | None, cookie: str | None, accepted: str, language: str):
    assert chosen(wanted, cookie, accepted, "zh-CN") == language


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 mins", "0分钟"),
        (45, "45 secs", "45秒"),
        (35 * 60, "35 mins", "35分钟"),
        (8_100, "2 hrs 15 mins", "2小时 15分钟"),
        (3 * 86_400 + 4 * 3600 + 59, "3 days 4 hrs", "3天 4小时"),
        (-600, "-10 mins", "-10分钟"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(seconds: int, english: str, chinese: str):
    assert tongue("en").length(seconds) == english
    assert tongue("zh-CN").length(seconds) == chinese


@pytest.mark.parametrize(
    ("at", "english", "chinese"),
    [
        ("2026-03-09T12:15:00+08:00", "in 2 hrs 15 mins", "2小时 15分钟后"),
        ("2026-03-09T10:00:30+08:00", "now", "现在"),
        ("2026-03-09T09:25:00+08:00", "overdue by 35 mins", "超时35分钟"),
    ],
)
def test_a_deadline_is_told_by_how_far_it_is(at: str, english: str, chinese: str):
    assert (tongue("en").due(at), tongue("zh-CN").due(at)) == (english, chinese)


@pytest.mark.parametrize(
    ("at", "english", "chinese"),
    [
        ("2026-03-09T16:40:00+08:00", "today 16:40", "今天 16:40"),
        ("2026-03-10T09:00:00+08:00", "tomorrow 09:00", "明天 09:00"),
        ("2026-03-08T23:59:00+08:00", "yesterday 23:59", "昨天 23:59"),
        ("2026-03-16T09:00:00+08:00", "Mon 16 Mar 09:00", "3月16日周一 09:00"),
        ("2025-12-31T09:00:00+08:00", "Wed, 31 Dec 2025 09:00", "2025年12月31日周三 09:00"),
    ],
)
def test_an_instant_is_told_as_people_say_it(at: str, english: str, chinese: str):
    assert tongue("en").day_and_time(at) == english
    assert tongue("zh-CN").day_and_time(at) == chinese


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        ("112.00", "CNY", "¥112.00"),
        ("1234567.50", "CNY", "¥1,234,567.50"),
        ("1234", "JPY", "JPY\xa01,234"),  # never ¥, which would be read as yuan
        ("0.050", "KWD", "KWD\xa00.050"),
        ("12.00", "USD", "USD\xa012.00"),
    ],
)
def test_money_is_shown_so_that_yen_and_yuan_are_never_confused(amount: str, currency: str, told: str):
    for language in LANGUAGES:
        assert tongue(language).money({"amount": amount, "currency": currency}) == told


# ── answers ───────────────────────────────────────────────────────────────────────────────────────


async def test_every_answer_is_a_safe_one(browse: Browse):
    li = browse("agent")
    for path in ("/account", "/sign-in", "/no-such-page", "/static/console.css"):
        headings = (await li.get(path)).headers
        assert headings["content-security-policy"] == POLICY, path
        assert headings["x-content-type-options"] == "nosniff"
        assert headings["referrer-policy"] == "same-origin"
        assert headings["x-frame-options"] == "DENY"
    assert "unsafe" not in POLICY
    assert (await li.get("/account")).headers["cache-control"] == "no-store"


async def test_the_api_answers_programs_as_before(service: Running):
    async with httpx.AsyncClient(base_url=service.url, headers={"Accept": "text/html"}) as anybody:
        for path in ("/api/v1/nothing", "/api/v1/cases", "/metrics"):
            answer = await anybody.get(path)
            assert answer.headers["content-type"] == "application/problem+json", path
        assert (await anybody.get("/healthz")).json()["status"] == "ok"
        answer = await anybody.get("/nothing", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_what_is_not_there_is_a_page_for_people_and_a_fragment_for_a_page(browse: Browse):
    li = browse("agent", "zh-CN")
    page = await li.get("/no-such-page")
    assert page.status_code == 404
    assert "这里没有内容" in page.text
    assert "<html" in page.text
    fragment = await li.get("/no-such-page", headers={"HX-Request": "true"})
    assert fragment.status_code == 404
    assert "这里没有内容" in fragment.text
    assert "<html" not in fragment.text


async def test_an_address_that_makes_no_sense_is_told_in_a_page(browse: Browse):
    answer = await browse("agent").get("/live?since=long-ago")
    assert answer.status_code == 422
    assert "Something is missing or wrong" in words(answer)


async def test_static_files_are_kept_for_ever_under_the_address_of_their_version(browse: Browse):
    li = browse("agent")
    page = (await li.get("/account")).text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "?v=" in address
    assert "immutable" in (await li.get(address)).headers["cache-control"]
    assert "immutable" not in (await li.get(address.partition("?")[0])).headers["cache-control"]


@pytest.mark.parametrize("stripped", [True, False], ids=["the proxy takes the prefix off", "the proxy leaves it on"])
async def test_it_works_behind_a_path_prefix(service: Running, staff: Staff, stripped: bool):
    app = make_app(Settings(path_prefix="/desk/after"), service.client, service.engine, service.playbooks)

    async def proxied(scope: Any, receive: Any, send: Any) -> None:
        if stripped:
            scope = {**scope, "path": scope["path"].removeprefix("/desk/after") or "/"}
        await app(scope, receive, send)

    through = httpx.ASGITransport(app=proxied)
    headers = {"Accept": "text/html", "Accept-Language": "en", "Cookie": f"aftercare_session={staff.secret('agent')}"}
    async with httpx.AsyncClient(transport=through, base_url="http://shop", headers=headers) as li:
        page = await li.get("/desk/after/account")
        assert page.status_code == 200
        for piece in page.text.split('href="')[1:] + page.text.split('action="')[1:] + page.text.split('src="')[1:]:
            address = piece.partition('"')[0]
            assert address.startswith(("/desk/after/", "#")), address
        style = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert (await li.get(style)).status_code == 200
        assert (await li.get("/desk/after/")).headers["location"].startswith("/desk/after/")
        assert (await li.get("/desk/after/api/v1/nothing")).headers["content-type"] == "application/problem+json"
        anybody = await li.get("/desk/after/account", headers={"Cookie": ""})
        assert anybody.headers["location"] == "/desk/after/sign-in?onward=%2Fdesk%2Fafter%2Faccount"


def test_words_of_a_page_are_read_without_their_markup():
    assert words("<p>a <b>b</b></p><script>c</script> &amp; d") == "a b & d"
