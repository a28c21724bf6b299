"""Storefronts' word of orders: the contract on each of them, signed as each signs, and what becomes of an order."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select, update
from standardwebhooks import Webhook
from temporalio.client import Client

from activities.carriers.carrier import Unreadable
from activities.hooks import HookReader
from activities.storefronts import STOREFRONTS, configured
from activities.storefronts.storefront import Storefront
from models.errors import Forged, Invalid, Malformed
from models.tables import letters, unit_pots
from store import orders
from store.engine import reading, writing
from store.outside import hooks
from tests.databases import emptied, opened, sqlite_database

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four!").decode()
SAMPLES = Path(__file__).parents[3] / "imports" / "samples"
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class Secrets:
    def __init__(self, secret: SecretStr | None) -> None:
        self.shopify_webhook_secret = self.woocommerce_webhook_secret = self.medusa_webhook_secret = secret


ALL = configured(Secrets(SecretStr(SECRET)))


@dataclass(frozen=True)
class Sender:
    """How a storefront signs, what it calls the time of change, and an order as it sends it."""

    sign: Callable[[bytes], dict[str, str]]
    changed: str
    order_no: str
    line: str

    def body(self, name: str, changed_at: datetime = NOW, **over: Any) -> bytes:
        told = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
        found = (told["orders"] if isinstance(told, dict) else told)[0]
        return json.dumps({**found, self.changed: changed_at.strftime("%Y-%m-%dT%H:%M:%S"), **over}).encode()


def _by(header: str) -> Callable[[bytes], dict[str, str]]:
    def sign(body: bytes) -> dict[str, str]:
        return {header: base64.b64encode(hmac.new(SECRET.encode(), body, sha256).digest()).decode()}

    return sign


def _standard(body: bytes) -> dict[str, str]:
    signature = Webhook(SECRET).sign("msg_1", NOW, body.decode())
    stamp = str(int(NOW.timestamp()))
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}


SENDERS = {
    "shopify": Sender(_by("x-shopify-hmac-sha256"), "updated_at", "3001", "line_items"),
    "woocommerce": Sender(_by("x-wc-webhook-signature"), "date_modified_gmt", "727", "line_items"),
    "medusa": Sender(_standard, "updated_at", "5001", "items"),
}


@pytest.fixture(params=sorted(STOREFRONTS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def storefront(name: str) -> Storefront:
    return ALL[name]


def test_every_storefront_of_the_map_is_tried_here():
    assert sorted(SENDERS) == sorted(STOREFRONTS) == sorted(ALL)
    assert [one.name for one in ALL.values()] == list(ALL)


def test_a_genuine_call_tells_of_an_order_and_when_it_changed(name: str, storefront: Storefront):
    body = SENDERS[name].body(name)
    first = storefront.check(SENDERS[name].sign(body), body, NOW)
    assert first
    assert storefront.check(SENDERS[name].sign(body), body, NOW) == first
    told = storefront.read(body)
    assert told is not None
    assert (told.order.order_no, told.changed_at) == (SENDERS[name].order_no, NOW)


@pytest.mark.parametrize("change", ["body", "signature", "none"])
def test_a_forged_call_is_refused(name: str, storefront: Storefront, change: str):
    body = SENDERS[name].body(name)
    headers = SENDERS[name].sign(body)
    if change == "body":
        body += b" "
    elif change == "signature":
        headers = {key: "ünsigned" if "stamp" not in key else value for key, value in headers.items()}
    else:
        headers = {}
    with pytest.raises((Forged, Malformed)):
        storefront.check(headers, body, NOW)


def test_what_tells_of_no_order_is_none(name: str, storefront: Storefront):
    assert storefront.read(b'{"id": 7, "order_id": 3, "refund_line_items": []}') is None
    assert storefront.read(b'{"id": 7}') is None


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b"null", b"NaN", b"{" * 900, b'{"id": 1, "LINES": [7]}'])
def test_what_cannot_be_read_says_so(name: str, storefront: Storefront, body: bytes):
    with pytest.raises(Unreadable):
        storefront.read(body.replace(b"LINES", SENDERS[name].line.encode()))


def test_only_the_one_that_signs_a_time_has_an_age():
    for name, sender in SENDERS.items():
        body = sender.body(name)
        later = NOW + timedelta(minutes=6)
        if name == "medusa":
            with pytest.raises(Forged, match="five minutes"):
                ALL[name].check(sender.sign(body), body, later)
        else:
            assert ALL[name].check(sender.sign(body), body, later)


def test_the_greeting_of_a_new_webhook_is_answered_and_nothing_else_goes_unsigned():
    assert ALL["woocommerce"].check({}, b"webhook_id=17", NOW) is None
    for body in (b"webhook_id=17&order=1", b"webhook_id=", b"xwebhook_id=17"):
        with pytest.raises(Forged):
            ALL["woocommerce"].check({}, body, NOW)
    with pytest.raises(Forged):
        ALL["shopify"].check({}, b"webhook_id=17", NOW)


def test_a_secret_that_cannot_be_used_is_named_by_its_storefront_and_not_shown():
    assert configured(Secrets(None)) == configured(Secrets(SecretStr(""))) == {}
    with pytest.raises(Invalid, match="medusa") as refused:
        configured(Secrets(SecretStr("whsec_!")))
    assert "whsec_!" not in str(refused.value)


# ── what becomes of it ────────────────────────────────────────────────────────────────────────────


class Shop:
    """A store and the worker's reader, which tells no case anything here."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.calls = engine, 0
        self.reader = HookReader(cast(Client, None), engine, {}, lambda: NOW, ALL)

    def told(self, name: str, body: bytes) -> hooks.Hook:
        self.calls += 1
        with writing(self.engine) as session:
            hook_id, _ = hooks.receive(session, name, f"call-{self.calls}", {}, body, NOW)
        while self.reader.read():
            pass
        with reading(self.engine) as session:
            return hooks.load(session, hook_id)


@pytest.fixture(scope="module")
def kept_engine() -> Iterator[Engine]:
    with sqlite_database() as url, opened(url) as engine:
        yield engine


@pytest.fixture
def shop(kept_engine: Engine) -> Shop:
    return Shop(emptied(kept_engine))


def test_an_order_comes_in_changes_and_is_not_undone_by_older_news(shop: Shop, name: str):
    sender = SENDERS[name]
    said = [
        shop.told(name, sender.body(name)).words,
        shop.told(name, sender.body(name)).words,
        shop.told(name, sender.body(name, NOW - timedelta(hours=1))).words,
    ]
    wanted = ["imported", "unchanged", "older than what is here"]
    assert said == [f"Order {sender.order_no}: {one}." for one in wanted]
    with reading(shop.engine) as session:
        assert orders.load(session, sender.order_no) is not None


def test_a_change_of_an_order_is_taken_and_one_against_money_that_moved_is_refused_and_told(shop: Shop):
    sender = SENDERS["woocommerce"]
    shop.told("woocommerce", sender.body("woocommerce"))
    hour = timedelta(hours=1)
    order = json.loads(sender.body("woocommerce"))
    billing = {**order["billing"], "phone": "+49 30 1234567"}
    assert shop.told("woocommerce", sender.body("woocommerce", NOW + hour, billing=billing)).words == (
        "Order 727: updated."
    )
    with writing(shop.engine) as session:  # a cent of every unit was given back
        session.execute(update(unit_pots).where(unit_pots.c.order_no == "727").values(refunded=1))
    first, *rest = order["line_items"]
    over = {"line_items": [_cheaper(first), *rest], "total": _less(order["total"])}
    found = shop.told("woocommerce", sender.body("woocommerce", NOW + 2 * hour, **over))
    assert found.state == "refused", found.words
    assert "727" in str(found.words)
    with reading(shop.engine) as session:
        assert session.execute(select(letters.c.holder)).scalars().all() == ["role:manager"]


def _cheaper(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "total": _less(line["total"])}


def _less(amount: str) -> str:
    return str(Decimal(amount) - 1)


def test_what_is_no_order_and_what_cannot_be_read_holds_up_nothing(shop: Shop):
    assert shop.told("shopify", b'{"id": 1, "order_id": 2}').words == "It tells of no order."
    assert shop.told("shopify", b'{"id": 1, "line_items": [], "currency": "?"}').state == "unreadable"
    assert shop.told("shopify", SENDERS["shopify"].body("shopify")).state == "done"
