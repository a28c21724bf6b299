"""Links to one case and tokens that are tied: whoever is not of the house is told of his own case and of no other."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from api.customer.links import CaseLinks, unsigned
from models.errors import LinkEnded, NotFound
from store.customers import links as kept
from store.engine import reading, writing
from tests.api.client import Api, refused, token_of
from tests.databases import opened, sqlite_database
from tests.store.desk import import_order, open_case
from up import Running

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def engine() -> object:
    with sqlite_database() as url, opened(url) as found:
        yield found


def links_of(engine: Engine, **over: object) -> CaseLinks:
    made = CaseLinks(engine, **{"site": "https://help.example.com/", **over})  # type: ignore[arg-type]
    made.ready(NOW)
    return made


def opens(links: CaseLinks, engine: Engine, token: str, at: datetime = NOW) -> str:
    with reading(engine) as session:
        return links.case_no(session, token, at)


def made(links: CaseLinks, engine: Engine, case_no: str, at: datetime = NOW) -> str:
    with reading(engine) as session:
        link = links.of(session, case_no, at)
    assert link.url == f"https://help.example.com/c/{link.token}"
    return link.token


# ── links ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_link_opens_its_case_until_its_last_day_is_over(engine: Engine) -> None:
    case_no = open_case(engine, import_order(engine)).case_no
    links = links_of(engine, lifetime=30 * DAY)
    token = made(links, engine, case_no)
    assert opens(links, engine, token) == case_no
    assert opens(links, engine, token, NOW + 30 * DAY) == case_no
    with pytest.raises(LinkEnded, match="find your order"):
        opens(links, engine, token, NOW + 31 * DAY)


def test_the_same_day_it_is_the_same_link_and_later_one_that_lasts_longer(engine: Engine) -> None:
    case_no = open_case(engine, import_order(engine)).case_no
    links = links_of(engine)
    first, later, tomorrow = [made(links, engine, case_no, NOW + d) for d in (0 * DAY, DAY / 4, DAY)]
    assert first == later
    assert tomorrow != first
    with pytest.raises(LinkEnded):
        opens(links, engine, first, NOW + 91 * DAY)
    assert opens(links, engine, tomorrow, NOW + 90.5 * DAY) == case_no


def test_links_that_were_taken_back_open_nothing_and_a_new_one_does(engine: Engine) -> None:
    case_no = open_case(engine, import_order(engine)).case_no
    links = links_of(engine)
    for _ in range(2):
        token = made(links, engine, case_no)
        with writing(engine) as session:
            kept.revoke(session, case_no, "li", NOW)
        with pytest.raises(LinkEnded):
            opens(links, engine, token)
    assert opens(links, engine, made(links, engine, case_no)) == case_no


def test_every_letter_of_a_link_counts(engine: Engine) -> None:
    case_no = open_case(engine, import_order(engine)).case_no
    links = links_of(engine)
    token = made(links, engine, case_no)
    for place, letter in enumerate(token):
        spoilt = token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        with pytest.raises(NotFound):
            opens(links, engine, spoilt)


@pytest.mark.parametrize("spoilt", ["", ".", "x", "🫖", "a" * 9999, "../../etc", "AAAA." + "A" * 43])
def test_what_is_no_link_opens_nothing(engine: Engine, spoilt: str) -> None:
    with pytest.raises(NotFound):
        opens(links_of(engine), engine, spoilt)


def test_all_processes_of_a_shop_know_each_others_links_and_another_secret_knows_none(engine: Engine) -> None:
    case_no = open_case(engine, import_order(engine)).case_no
    token = made(links_of(engine), engine, case_no)
    assert opens(links_of(engine), engine, token) == case_no
    with pytest.raises(NotFound):
        opens(links_of(engine, secret="another secret of at least 32 letters"), engine, token)


def test_a_link_in_a_text_travels_without_what_makes_it_open_something(engine: Engine) -> None:
    case_no = open_case(engine, import_order(engine)).case_no
    token = made(links_of(engine), engine, case_no)
    said = unsigned(f"进度：https://help.example.com/c/{token}。谢谢")
    assert token.partition(".")[2] not in said
    assert said.startswith("进度：https://help.example.com/c/")
    assert said.endswith("…。谢谢")


async def test_an_agent_makes_a_link_and_takes_it_back(api: Api, service: Running) -> None:
    case_no = (await api.opened())["case_no"]
    made_of_it = await api.post(f"/cases/{case_no}/link", json={})
    assert made_of_it.status_code == 200, made_of_it.text
    assert made_of_it.json()["url"].startswith(f"{service.url}/c/")
    again = await api.post(f"/cases/{case_no}/link", json={"fresh": False})
    assert again.json() == made_of_it.json()
    fresh = await api.post(f"/cases/{case_no}/link", json={"fresh": True})
    assert fresh.json()["url"] != again.json()["url"]
    assert (await api.delete(f"/cases/{case_no}/link")).json() == {"case_no": case_no, "revoked": True}
    await refused(await api.post("/cases/AC-99-999999/link", json={}), 404)
    await refused(await api.post(f"/cases/{case_no}/link", json={"fresh": "yes"}), 422)


async def test_what_an_agent_writes_to_the_customer_keeps_no_working_link(api: Api) -> None:
    case_no = (await api.opened())["case_no"]
    url = (await api.post(f"/cases/{case_no}/link", json={})).json()["url"]
    assert (await api.act(case_no, "message", text=f"请看 {url}")).status_code == 200
    entries = (await api.get(f"/cases/{case_no}/timeline")).text
    assert url.rpartition(".")[2] not in entries


# ── tokens that are tied ──────────────────────────────────────────────────────────────────────────


TIED = {"customer_id": "c-88", "case_no": None, "carrier": None}


async def test_a_customers_token_acts_on_his_cases_and_every_other_is_not_there(api: Api, service: Running) -> None:
    mine = await api.opened()
    order = await api.sold(customer={"id": "c-99", "name": "李小红", "phone": "13900139000"})
    hers = await api.opened(order_no=order["order_no"])
    async with Api(service, token_of(service, "wang", ["customer"], customer_id="c-88")) as wang:
        message = {"action": "customer_message", "data": {"text": "在吗"}}
        for path in ("", "/files", "/slip"):
            there = await wang.get(f"/cases/{hers['case_no']}{path}")
            nowhere = await wang.get(f"/cases/AC-99-999999{path}")
            assert there.text.replace(hers["case_no"], "X") == nowhere.text.replace("AC-99-999999", "X")
            await refused(there, 404)
        told = await wang.post(f"/cases/{hers['case_no']}/commands", json=message)
        nothing = await wang.post("/cases/AC-99-999999/commands", json=message)
        assert told.text.replace(hers["case_no"], "X") == nothing.text.replace("AC-99-999999", "X")
        await refused(told, 404)
        assert (await wang.post(f"/cases/{mine['case_no']}/commands", json=message)).status_code == 200
    assert (await api.get(f"/cases/{hers['case_no']}/timeline")).text.count("customer_message") == 0


async def test_a_customer_sees_his_case_as_customers_do(api: Api, service: Running) -> None:
    case = await api.opened(owner="li.na")
    await api.act(case["case_no"], "note", note="熟客，难缠")
    async with Api(service, token_of(service, "wang", ["customer"], case_no=case["case_no"])) as wang:
        for answer in (
            await wang.get(f"/cases/{case['case_no']}"),
            await wang.post(
                f"/cases/{case['case_no']}/commands", json={"action": "customer_message", "data": {"text": "在吗"}}
            ),
        ):
            assert answer.status_code == 200, answer.text
            for inside in ("li.na", "难缠", "cost", "clocks", "escalation", "owner"):
                assert inside not in answer.text
        assert answer.json()["timeline"][0]["text"] == "在吗"


async def test_an_untied_customers_token_reaches_nothing(api: Api, service: Running) -> None:
    case = await api.opened()
    async with Api(service, token_of(service, "anybody", ["customer"])) as anybody:
        await refused(await anybody.get(f"/cases/{case['case_no']}"), 404)
        ask = {"order_no": case["order_no"], "kind": "quality_fault", "lines": [{"line_no": 2, "quantity": 1}]}
        await refused(await anybody.post("/cases", json=ask), 404)


async def test_a_customer_opens_cases_on_his_own_orders_only(api: Api, service: Running) -> None:
    order = await api.sold()
    other = await api.sold(customer={"id": "c-99", "name": "李小红"})
    async with Api(service, token_of(service, "wang", ["customer"], customer_id="c-88")) as wang:
        ask = {"kind": "quality_fault", "lines": [{"line_no": 1, "quantity": 1}]}
        mine = await wang.post("/cases", json={**ask, "order_no": order["order_no"]})
        assert (mine.status_code, mine.json()["turn"]) == (201, "us")
        his = await wang.post("/cases", json={**ask, "order_no": other["order_no"]})
        nobodys = await wang.post("/cases", json={**ask, "order_no": "NO-SUCH"})
        assert his.text.replace(other["order_no"], "X") == nobodys.text.replace("NO-SUCH", "X")
        await refused(his, 404)
        await refused(await wang.post("/cases", json={"kind": "complaint"}), 422)


async def test_a_courier_acts_on_cases_whose_parcels_it_has(api: Api, service: Running) -> None:
    case_no = (await api.opened())["case_no"]
    await api.act(case_no, "authorise_return")
    delivered = {"action": "report_finding", "data": {"finding": "found"}}
    async with Api(service, token_of(service, "sf", ["courier"], carrier="sf")) as courier:
        await refused(await courier.post(f"/cases/{case_no}/commands", json=delivered), 404)
        await api.act(case_no, "ship_return", "customer", carrier="SF", waybill=f"SF-{case_no}")
        told = await courier.post(f"/cases/{case_no}/commands", json=delivered)
        assert told.status_code == 409, told.text
    async with Api(service, token_of(service, "yto", ["courier"], carrier="yto")) as other:
        await refused(await other.post(f"/cases/{case_no}/commands", json=delivered), 404)
