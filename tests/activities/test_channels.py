"""One contract for every channel, on real HTTP and SMTP; a channel of its own needs its line in the table."""

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from activities.channels import CHANNELS
from activities.channels.channel import Mail, NotTaken
from activities.channels.outside import loaded
from activities.channels.robots import MODULES, refusal
from models.people.addresses import KINDS, kind_of
from store.people.outbox import Letter
from tests.activities.receiver import Receiver, receiver
from tests.builders import NOW

MAIL = Mail("M-0123456789ab", "li", "AC-26-000001 受理超时", "原因：受理超时\n截止：03-09 18:00\n(M-0123456789ab)")
SECRET = "0123456789abcdefSECRET"

#: Kind → its address on the receiver. Encrypted kinds speak as their plain neighbours do, on another port.
ADDRESSES: dict[str, Callable[[Receiver], str]] = {
    "dingtalk": lambda here: f"dingtalk://{SECRET}@{SECRET}/",
    "feishu": lambda here: f"feishu://{SECRET}/",
    "lark": lambda here: f"lark://{SECRET}/",
    "wecombot": lambda here: f"wecombot://{SECRET}/",
    "mailto": lambda here: f"mailto://127.0.0.1:{here.mail_port}?to=li@example.com&from=desk@example.com&mode=insecure",
    "json": lambda here: f"json://shop:{SECRET}@127.0.0.1:{here.web_port}/hook",
    "form": lambda here: f"form://shop:{SECRET}@127.0.0.1:{here.web_port}/hook",
    "xml": lambda here: f"xml://shop:{SECRET}@127.0.0.1:{here.web_port}/hook",
}
#: Where the providers' robots listen, below the host.
_ROBOTS = {
    "dingtalk": "/robot/send?access_token={token}",
    "feishu": "/open-apis/bot/v2/hook/{token}/",
    "lark": "/open-apis/bot/v2/hook/",
    "wecombot": "/cgi-bin/webhook/send?key={key}",
}
ENCRYPTED = {"mailtos", "jsons", "forms", "xmls"}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as found:
        for kind, path in _ROBOTS.items():
            plugin = loaded().Apprise.instantiate(f"{kind}://{SECRET}/")
            assert plugin is not None
            monkeypatch.setattr(type(plugin), "notify_url", f"http://127.0.0.1:{found.web_port}{path}")
        yield found


def test_every_kind_of_address_has_its_channel_and_is_tried_here() -> None:
    assert set(CHANNELS) == {"log", *KINDS}
    assert set(KINDS) - ENCRYPTED == set(ADDRESSES)


@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_channel_hands_over_title_text_and_the_same_number_every_time(here: Receiver, kind: str) -> None:
    """It is asked again when the worker died between telling and marking: that must not be refused."""
    for _ in range(2):
        CHANNELS[kind].send(ADDRESSES[kind](here), MAIL)
    assert len(here.got) == 2
    for text in here.got:
        assert MAIL.title in text
        assert "截止：03-09 18:00" in text
    assert here.numbers == [MAIL.id, MAIL.id]


@pytest.mark.parametrize("kind", ADDRESSES)
@pytest.mark.parametrize("mood", ["fails", "hangs_up"])
def test_what_was_not_taken_is_said_and_no_secret_with_it(
    here: Receiver, kind: str, mood: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    here.mood = mood  # type: ignore[assignment]
    log = logging.getLogger("apprise")
    log.propagate, log.disabled = True, False  # as some set-up of logging leaves it
    with pytest.raises(NotTaken) as refused:
        CHANNELS[kind].send(ADDRESSES[kind](here), MAIL)
    assert kind in str(refused.value)
    # urllib3 names paths at DEBUG, where nobody has asked our own program to speak.
    said = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("urllib3"))
    assert SECRET not in f"{refused.value}{said}"


@pytest.mark.parametrize("kind", _ROBOTS)
def test_a_robot_that_answers_200_and_a_number_has_not_taken_it(here: Receiver, kind: str) -> None:
    here.mood = "refuses"
    with pytest.raises(NotTaken):
        CHANNELS[kind].send(ADDRESSES[kind](here), MAIL)


@pytest.mark.parametrize(
    ("document", "refused"),
    [
        ({"errcode": 0, "errmsg": "ok"}, None),
        ({"errcode": 310000, "errmsg": "sign not match"}, "code 310000"),
        ({"code": 0, "msg": "success", "data": {}}, None),
        ({"code": 19024, "msg": "Key Words Not Found"}, "code 19024"),
        ({"StatusCode": 0, "StatusMessage": "success"}, None),
        ({"StatusCode": 0, "code": 9499}, "code 9499"),
        ({}, "no answer"),
        ([], "no document"),
    ],
)
def test_what_a_robots_document_says(document: object, refused: str | None) -> None:
    assert refusal(document) == refused


def test_every_robot_is_listened_to(here: Receiver) -> None:
    assert set(_ROBOTS) == set(MODULES)


def test_a_slow_receiver_holds_up_only_its_own_letter(here: Receiver) -> None:
    here.gate.clear()
    slow = threading.Thread(target=CHANNELS["json"].send, args=(ADDRESSES["json"](here), MAIL))
    slow.start()
    assert here.came.acquire(timeout=10)
    with receiver() as other:
        CHANNELS["json"].send(ADDRESSES["json"](other), MAIL)
        assert other.numbers == [MAIL.id]
    assert slow.is_alive()
    here.gate.set()
    slow.join(10)
    assert not slow.is_alive()


def test_an_address_that_is_none_is_not_taken() -> None:
    with pytest.raises(NotTaken, match="enter it anew"):
        CHANNELS["dingtalk"].send("dingtalk://not_a_token!/", MAIL)


def test_the_log_says_who_is_told_what(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "aftercare.messages")
    CHANNELS["log"].send(None, MAIL)
    log = CHANNELS["log"]
    log.tell(Letter(key="k", case_no="AC-26-000001", recipient="customer", subject="Sent.", at=NOW))  # type: ignore[attr-defined]
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("INFO", "to li: AC-26-000001 受理超时 (M-0123456789ab)"),
        ("INFO", "to customer: AC-26-000001 – Sent."),
    ]


def test_kinds_are_read_from_addresses(here: Receiver) -> None:
    assert {kind_of(address(here)) for address in ADDRESSES.values()} == set(ADDRESSES)
