"""Word to other programs, to a real receiver on loopback: signed, tried again for a day, and to no other network."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from standardwebhooks import Webhook

from activities.webhooks import guard
from activities.webhooks.guard import NotReached, Poster, Refused
from activities.webhooks.sending import Sender
from models.events import SYSTEM, Entry
from models.lifecycle import State
from models.outside.targets import Address, Allowed
from models.outside.webhooks import FAILING_FOR, KEPT, MEANING, WAITS, EventType
from models.tables import letters, webhook_deliveries, webhook_events
from store.engine import reading, writing
from store.outside.webhooks import deliveries, endpoints, news
from store.outside.webhooks.deliveries import Delivery
from store.outside.webhooks.endpoints import Endpoint
from tests.activities.webhooks.program import Program, certificate_for, program
from tests.builders import NOW
from tests.databases import emptied, opened, sqlite_database
from tests.store.desk import commit, import_order, next_version, open_case

LOOPBACK = Allowed(http=True, networks=(ip_network("127.0.0.0/8"),))


class Shop:
    """A shop that tells one program, with the time in the test's hands."""

    def __init__(self, engine: Engine, there: Program) -> None:
        self.engine, self.there, self.now = engine, there, NOW
        self.sender = self.another()
        self.endpoint, self.secret = self.add()
        self.order = import_order(engine)

    def another(self, allowed: Allowed = LOOPBACK) -> Sender:
        """The sender of another worker."""
        return Sender(self.engine, Poster(allowed, whole=2), clock=lambda: self.now)

    def add(self, url: str | None = None, *events: EventType) -> tuple[Endpoint, str]:
        with writing(self.engine) as session:
            return endpoints.add(session, url or self.there.url, events, "", "chen", self.now)

    def happens(self) -> str:
        """A case is opened; answers its number."""
        return open_case(self.engine, self.order, lines={2: 1}).case_no

    def passes(self, how_long: timedelta) -> list[str]:
        self.now += how_long
        return self.sender.round()

    def all(self, endpoint_id: str | None = None) -> tuple[Delivery, ...]:
        with reading(self.engine) as session:
            return deliveries.page(session, endpoint_id or self.endpoint.id, None, None, 100)[0]

    def here(self) -> Endpoint:
        with reading(self.engine) as session:
            return endpoints.load(session, self.endpoint.id)


@pytest.fixture(scope="module")
def kept_engine() -> Iterator[Engine]:
    with sqlite_database() as url, opened(url) as engine:
        yield engine


@pytest.fixture
def shop(kept_engine: Engine) -> Iterator[Shop]:
    with program() as there:
        yield Shop(emptied(kept_engine), there)


def test_what_happens_to_a_case_is_told_thin_and_signed(shop: Shop):
    case_no = shop.happens()
    assert shop.sender.round() == ["delivered"]
    [(headers, body)] = shop.there.got
    shop.now = datetime.now(UTC)
    told = json.loads(body)
    assert told["type"] == "case.opened"
    assert told["data"] == {
        "case_no": case_no,
        "order_no": "KETTLE-1",
        "kind": "quality_fault",
        "from": None,
        "to": "requested",
        "seq": 1,
        "version": 1,
    }
    assert "王小明" not in body.decode()
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["webhook-signature"] == Webhook(shop.secret).sign(headers["webhook-id"], NOW, body.decode())


def test_a_receiver_verifies_it_by_the_librarys_own_means(shop: Shop):
    shop.now = datetime.now(UTC)  # the library asks the machine for the time
    shop.happens()
    shop.sender.round()
    [(headers, body)] = shop.there.got
    assert Webhook(shop.secret).verify(body.decode(), headers)["type"] == "case.opened"


def test_of_a_decision_only_what_others_can_use_is_told(shop: Shop):
    case = open_case(shop.engine, shop.order)
    over = next_version(case, state=State.CLOSED, seq=4)
    entries = (
        Entry(seq=2, at=NOW, actor=SYSTEM, action="note", note="calls Mr Wang"),
        Entry(seq=3, at=NOW, actor=SYSTEM, action="record_refund", source="refunding", target="resolved",
              data={"payout_id": "AC-1:payout:1", "reference": "ALI-7"}),
        Entry(seq=4, at=NOW, actor=SYSTEM, action="close", source="resolved", target="closed"),
    )  # fmt: skip
    commit(shop.engine, over, entries=entries)
    shop.sender.round()
    told = sorted((json.loads(body) for _, body in shop.there.got), key=lambda one: (one["data"]["seq"], one["type"]))
    assert [one["type"] for one in told] == ["case.opened", "case.moved", "payout.paid", "case.closed"]
    assert told[2]["data"]["payout_id"] == "AC-1:payout:1"
    assert "ALI-7" not in str(told)


def test_a_shop_that_tells_nobody_writes_nothing(shop: Shop):
    with writing(shop.engine) as session:
        endpoints.remove(session, shop.endpoint.id)
    shop.happens()
    with reading(shop.engine) as session:
        assert session.execute(select(webhook_events)).all() == []


def test_an_endpoint_gets_what_it_asked_for(shop: Shop):
    other, _ = shop.add(shop.there.url + "/closed", EventType.CASE_CLOSED)
    shop.happens()
    shop.sender.round()
    assert [one.type for one in shop.all()] == ["case.opened"]
    assert shop.all(other.id) == ()


@pytest.mark.parametrize("status", [500, 404, 429, 302])
def test_what_is_not_taken_is_tried_again_for_a_day_under_one_id(shop: Shop, status: int):
    shop.there.status = status
    shop.happens()
    assert shop.sender.round() == ["again"]
    came = [shop.passes(wait) for wait in WAITS]
    assert came == [["again"]] * (len(WAITS) - 1) + [["given_up"]]
    assert timedelta(hours=23) < sum(WAITS, timedelta(0)) <= timedelta(hours=24)
    [found] = shop.all()
    assert (found.state, len(found.answers)) == ("given_up", len(WAITS) + 1)
    assert len(set(shop.there.ids)) == 1
    assert shop.passes(timedelta(days=1)) == []


def test_one_that_was_away_gets_it_when_it_is_back(shop: Shop):
    shop.there.status = 503
    shop.happens()
    shop.sender.round()
    assert shop.here().failing_since == NOW
    shop.there.status = 204
    assert shop.passes(WAITS[0]) == ["delivered"]
    assert (shop.here().failing_since, shop.here().last_at) == (None, shop.now)


def test_an_endpoint_may_ask_for_more_time(shop: Shop):
    shop.there.status, shop.there.headers = 429, {"Retry-After": "120"}
    shop.happens()
    shop.sender.round()
    assert shop.all()[0].try_at == NOW + timedelta(seconds=120)


def test_one_that_says_gone_is_told_nothing_more_and_people_hear_of_it(shop: Shop):
    shop.there.status = 410
    shop.happens()
    shop.happens()
    assert set(shop.sender.round()) <= {"gone"}
    assert shop.here().state == "off"
    assert "410" in str(shop.here().why)
    with reading(shop.engine) as session:
        told = session.execute(select(letters.c.holder, letters.c.subject)).all()
    assert [(one.holder, shop.there.url in one.subject) for one in told] == [("role:manager", True)]
    shop.there.status = 200
    shop.happens()
    assert shop.sender.round() == []


def test_one_that_takes_nothing_for_days_is_switched_off_and_goes_on_when_it_is_switched_on(shop: Shop):
    shop.there.status = 500
    shop.happens()
    shop.sender.round()
    for wait in WAITS:
        shop.passes(wait)
    shop.happens()
    shop.passes(FAILING_FOR)
    assert shop.here().state == "active"  # the first try after days is no proof
    shop.passes(WAITS[0])
    shop.passes(WAITS[1])
    assert shop.here().state == "off"
    shop.there.status = 200
    with writing(shop.engine) as session:
        assert endpoints.enable(session, shop.endpoint.id, shop.now).failing_since is None
    assert shop.sender.round() == ["delivered"]


def test_a_worker_that_died_on_the_way_leaves_it_to_the_next_one(shop: Shop):
    shop.happens()
    shop.sender.spread()
    with writing(shop.engine) as session:
        assert len(deliveries.claim(session, shop.endpoint.id, shop.now, 10)) == 1
    assert shop.another().round() == []  # somebody is at it
    shop.now += deliveries.LEASE
    assert shop.another().round() == ["delivered"]


def test_two_workers_do_not_tell_the_same_at_once(shop: Shop):
    for _ in range(3):
        shop.happens()
    one, other = shop.sender, shop.another()
    one.spread()
    other.spread()
    begun = [*one.send(), *other.send()]
    assert [future.result() for future in begun] == ["delivered"] * 3
    assert len(set(shop.there.ids)) == len(shop.there.ids) == 3


def test_while_a_secret_is_changed_both_of_them_verify(shop: Shop):
    shop.now = datetime.now(UTC)
    with writing(shop.engine) as session:
        _, new = endpoints.rotate(session, shop.endpoint.id, shop.now)
    shop.happens()
    shop.sender.round()
    headers, body = shop.there.got[-1]
    for secret in (new, shop.secret):
        assert Webhook(secret).verify(body.decode(), headers)
    shop.passes(timedelta(hours=24))
    shop.happens()
    shop.sender.round()
    assert len(shop.there.got[-1][0]["webhook-signature"].split()) == 1


def test_what_was_given_up_or_everything_is_told_again(shop: Shop):
    shop.there.status = 500
    shop.happens()
    shop.sender.round()
    with writing(shop.engine) as session:
        session.execute(update(webhook_deliveries).values(state="given_up"))
    shop.there.status = 200
    shop.happens()
    assert shop.sender.round() == ["delivered"]
    first, second = shop.there.ids
    with writing(shop.engine) as session:
        assert deliveries.replay_many(session, shop.endpoint.id, None, False, shop.now) == 1
    assert shop.sender.round() == ["delivered"]
    with writing(shop.engine) as session:
        assert deliveries.replay_many(session, shop.endpoint.id, shop.now - timedelta(hours=1), True, shop.now) == 2
    shop.sender.round()
    assert shop.there.ids[2] == first
    assert sorted(shop.there.ids[3:]) == sorted([first, second])


def test_what_ended_long_ago_is_thrown_away(shop: Shop):
    shop.happens()
    shop.sender.round()
    with writing(shop.engine) as session:
        assert news.forget(session, shop.now + KEPT - timedelta(hours=1)) == 0
        assert news.forget(session, shop.now + KEPT + timedelta(hours=1)) == 2


# ── where it may go ───────────────────────────────────────────────────────────────────────────────


def test_nothing_goes_to_this_machine_unless_that_is_allowed(shop: Shop):
    for allowed in (Allowed(), Allowed(http=True), Allowed(http=True, networks=(ip_network("10.0.0.0/8"),))):
        with pytest.raises(Refused):
            Poster(allowed).post(shop.there.url, {}, b"{}")
    assert shop.there.got == []


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "[::1]"])
def test_other_spellings_of_this_machine_are_this_machine(shop: Shop, host: str):
    with pytest.raises(NotReached):
        Poster(Allowed(http=True)).post(f"http://{host}:{shop.there.port}/", {}, b"{}")
    assert shop.there.got == []


def test_of_a_name_every_address_must_be_allowed_and_it_is_looked_up_once(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    """No server of names is at hand, so what one would answer is put in its place."""
    asked: list[str] = []

    def answers(*addresses: str) -> Callable[[str, int], tuple[Address, ...]]:
        def resolve(host: str, port: int) -> tuple[Address, ...]:
            asked.append(host)
            return tuple(ip_address(one) for one in addresses)

        return resolve

    url = shop.there.url.replace("127.0.0.1", "erp.example.com")
    monkeypatch.setattr(guard, "resolve", answers("93.184.216.34", "10.0.0.8"))
    with pytest.raises(Refused):
        Poster(LOOPBACK).post(url, {}, b"{}")
    monkeypatch.setattr(guard, "resolve", answers("127.0.0.1"))
    assert Poster(LOOPBACK).post(url, {}, b"{}").status == 200
    assert shop.there.got[0][0]["host"] == f"erp.example.com:{shop.there.port}"
    assert asked == ["erp.example.com"] * 2


def test_a_redirect_is_an_answer_and_leads_nowhere(shop: Shop):
    with program() as inside:
        shop.there.status, shop.there.headers = 307, {"Location": inside.url}
        shop.happens()
        assert shop.sender.round() == ["again"]
        assert inside.got == []
    assert "not followed" in shop.all()[0].answers[0]["words"]


def test_an_endpoint_that_does_not_answer_holds_the_call_no_longer_than_its_deadline(shop: Shop):
    shop.there.gate.clear()
    with pytest.raises(NotReached, match="No answer"):
        Poster(LOOPBACK, whole=0.3).post(shop.there.url, {}, b"{}")


def test_a_name_that_leads_nowhere_and_a_port_where_nobody_listens_say_so(shop: Shop):
    with pytest.raises(NotReached, match="cannot be found"):
        Poster(LOOPBACK).post("http://nobody.invalid/", {}, b"{}")
    with program() as gone:
        url = gone.url
    with pytest.raises(NotReached, match="failed"):
        Poster(LOOPBACK).post(url, {}, b"{}")


def test_by_https_it_is_the_name_that_has_to_be_shown_whatever_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shown, trusted = certificate_for("erp.example.com", tmp_path)
    monkeypatch.setattr(guard, "resolve", lambda host, port: (ip_address("127.0.0.1"),))
    with program(shown) as there:
        poster = Poster(LOOPBACK, trusted)
        assert poster.post(f"https://erp.example.com:{there.port}/", {}, b"{}").status == 200
        with pytest.raises(NotReached, match="not secure"):
            poster.post(f"https://another.example.com:{there.port}/", {}, b"{}")
        with pytest.raises(NotReached, match="not secure"):
            Poster(LOOPBACK).post(f"https://erp.example.com:{there.port}/", {}, b"{}")
        assert len(there.got) == 1


def test_plain_http_where_tls_is_asked_for_is_not_secure(shop: Shop):
    with pytest.raises(NotReached):
        Poster(LOOPBACK).post(shop.there.url.replace("http:", "https:"), {}, b"{}")


# ── what the documentation says ───────────────────────────────────────────────────────────────────

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def test_the_example_of_the_documentation_verifies_what_is_sent_and_nothing_else(shop: Shop):
    example: dict[str, Any] = {}
    exec(PAGE.split("```python\n")[1].split("```")[0], example)
    shop.now = datetime.now(UTC)
    shop.happens()
    shop.sender.round()
    headers, body = shop.there.got[0]
    verified = example["verified"]
    assert verified(shop.secret, headers, body)
    assert not verified(shop.secret, headers, body + b" ")
    assert not verified(endpoints.new_secret(), headers, body)
    assert not verified(shop.secret, {**headers, "webhook-timestamp": "1700000000"}, body)


def test_the_documentation_lists_every_event():
    listed = PAGE.split("-->\n")[1].split("<!--")[0]
    assert listed == "".join(f"| `{kind.value}` | {words} |\n" for kind, words in MEANING.items())
