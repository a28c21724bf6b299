"""What people were told over HTTP, and how they are reached; with the postman of a service that runs."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from api.documents import inbox as inbox_documents
from models.tables import letters
from store.engine import writing
from tests.activities.receiver import receiver
from tests.api.client import Api, refused, token_of
from up import Running

SECRET = "0123456789abcdefSECRET"


def told(service: Running, holder: str, number: int, subject: str = "triage: level 1.", **more: Any) -> str:
    """A letter that somebody was told at minute `number`; answers its id."""
    row = {
        "id": f"k:{holder}:{number}>{holder}",
        "message_key": f"k:{holder}:{number}",
        "holder": holder,
        "recipient": "owner",
        "subject": subject,
        "level": 1,
        "own": True,
        "urgent": False,
        "at": datetime(2026, 3, 9, 2, number, tzinfo=UTC),
        "addressed_at": datetime(2026, 3, 9, 2, number, tzinfo=UTC),
        "state": "waiting",
        "unread": 1,
        **more,
    }
    with writing(service.engine) as session:
        session.execute(insert(letters).values(**row))
    return str(row["id"])


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Somebody of this test's own."""
    return str(request.node.name).removeprefix("test_")[:60]


async def test_unread_comes_first_then_the_newest_page_by_page(service: Running, name: str) -> None:
    ids = [told(service, name, number) for number in range(6)]
    async with Api(service, token_of(service, name, ["expert"])) as somebody:
        read = await somebody.post("/inbox/read", json={"ids": [ids[5], ids[2], "k:someone-else>x"]})
        assert read.json() == {"marked": 2, "unread": 4}
        seen: list[str] = []
        cursor = None
        while True:
            page = (await somebody.get("/inbox", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
            inbox_documents.InboxPage.model_validate(page)
            seen += [letter["id"] for letter in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == [ids[number] for number in (4, 3, 1, 0, 5, 2)]
        assert (await somebody.get("/inbox", params={"unread": True})).json()["unread"] == 4
        assert (await somebody.post("/inbox/read", json={})).json() == {"marked": 4, "unread": 0}


async def test_an_empty_inbox_is_empty(service: Running, name: str) -> None:
    async with Api(service, token_of(service, name, ["expert"])) as somebody:
        assert (await somebody.get("/inbox")).json() == {"items": [], "next_cursor": None, "unread": 0}


async def test_a_letter_says_it_in_both_languages_and_a_persons_words_as_they_are(service: Running, name: str) -> None:
    told(service, name, 1)
    told(service, name, 2, "客户说明天来店里")
    told(service, name, 3, "Sums", words={"zh": "汇总", "en": "Sums"})
    async with Api(service, token_of(service, name, ["agent"])) as somebody:
        found = await somebody.every("/inbox")
        mine = [(letter["reason"], letter["text"]) for letter in found if letter["holder"] == name]
    assert mine == [
        ("notice", {"zh": "汇总", "en": "Sums"}),
        ("escalated", {"zh": "客户说明天来店里", "en": "客户说明天来店里"}),
        ("clock", {"zh": "受理超时，升级到第 1 级", "en": "triage is late, escalated to level 1"}),
    ]


async def test_the_box_of_a_role_is_read_by_those_who_have_the_role(service: Running, name: str) -> None:
    id = told(service, "role:workshop", 1)
    for role, sees in (("workshop", True), ("warehouse", False)):
        async with Api(service, token_of(service, f"{name} {role}", [role])) as somebody:
            found = [letter["id"] for letter in await somebody.every("/inbox")]
            assert (id in found) is sees


async def test_what_others_were_told_is_theirs(service: Running, api: Api, name: str) -> None:
    told(service, name, 1)
    async with Api(service, token_of(service, f"{name} other", ["director"])) as somebody:
        await refused(await somebody.get("/inbox", params={"person": name}), 403)
    assert len((await api.get("/inbox", params={"person": name})).json()["items"]) == 1


# ── mailboxes ─────────────────────────────────────────────────────────────────────────────────────


async def test_an_address_goes_in_and_never_comes_out(service: Running, api: Api, name: str) -> None:
    urls = [f"https://oapi.dingtalk.com/robot/send?access_token={SECRET}", f"feishu://{SECRET}/"]
    quiet = {"from": "22:00", "until": "08:00"}
    answer = await api.put(f"/mailboxes/{name}", json={"addresses": urls, "quiet": quiet, "language": "en"})
    assert answer.status_code == 200, answer.text
    box = inbox_documents.MailboxShown.model_validate(answer.json())
    assert (box.language, box.quiet, len(box.addresses)) == ("en", quiet, 2)
    turned = await api.put(f"/mailboxes/{name}", json={"addresses": list(reversed(box.addresses)), "quiet": None})
    assert turned.json()["addresses"] == list(reversed(box.addresses))
    assert (turned.json()["quiet"], turned.json()["language"]) == (None, "en")
    every = await api.get("/mailboxes")
    assert name in every.text
    for said in (answer, turned, every, await api.get(f"/mailboxes/{name}")):
        assert SECRET not in said.text


@pytest.mark.parametrize(
    "ask",
    [
        {"addresses": [f"https://example.com/{SECRET}"]},
        {"addresses": [f"syslog://{SECRET}"]},
        {"addresses": [f"feishu://{SECRET}{number}/" for number in range(6)]},
        {"quiet": {"from": "22:00", "until": "22:00"}},
        {"quiet": {"from": "25:00", "until": "08:00"}},
        {"timezone": "Mars/Olympus"},
        {"language": "fr"},
        {"nonsense": 1},
    ],
)
async def test_what_cannot_be_kept_is_refused_and_not_repeated(api: Api, name: str, ask: dict[str, Any]) -> None:
    answer = await api.put("/mailboxes/somebody-careless", json=ask)
    assert answer.status_code == 422, answer.text
    assert SECRET not in answer.text


async def test_everybody_keeps_their_own_but_only_addresses_of_providers(service: Running, name: str) -> None:
    async with Api(service, token_of(service, name, ["agent"])) as somebody:
        own = await somebody.put(f"/mailboxes/{name}", json={"addresses": [f"wecombot://{SECRET}/"]})
        assert own.status_code == 200, own.text
        inside = await somebody.put(f"/mailboxes/{name}", json={"addresses": ["json://127.0.0.1:8080/x"]})
        await refused(inside, 403)
        await refused(await somebody.put("/mailboxes/role:agent", json={"language": "en"}), 403)


async def test_there_is_no_box_of_a_role_that_is_none(api: Api) -> None:
    for holder in ("role:wizard", "role:customer"):
        await refused(await api.put(f"/mailboxes/{holder}", json={"language": "en"}), 404)


async def test_a_test_says_how_it_went_at_every_address(api: Api, name: str) -> None:
    with receiver() as here, receiver() as broken:
        broken.mood = "fails"
        urls = [f"json://127.0.0.1:{at.web_port}/{SECRET}" for at in (here, broken)]
        kept = (await api.put(f"/mailboxes/{name}", json={"addresses": urls})).json()["addresses"]
        answer = await api.post(f"/mailboxes/{name}/test")
        assert answer.status_code == 200, answer.text
        assert [one["address"] for one in answer.json()["items"]] == kept
        async with asyncio.timeout(20):
            while True:
                latest = (await api.get(f"/mailboxes/{name}")).json()["latest"]
                if all(one["outcome"] in ("sent", "not_told") for one in latest):
                    break
                await asyncio.sleep(0.1)
    assert {one["address"]: one["outcome"] for one in latest} == {kept[0]: "sent", kept[1]: "not_told"}
    assert SECRET not in str(latest)
    assert len(here.got) == len(broken.got) == 1


async def test_without_an_address_there_is_nothing_to_try(api: Api, name: str) -> None:
    await refused(await api.post(f"/mailboxes/{name}/test"), 409)


async def test_the_postman_of_a_running_service_brings_what_a_case_wants_told(api: Api, service: Running) -> None:
    case = await api.opened()
    await api.act(case["case_no"], "assign", to="bai")
    async with Api(service, token_of(service, "bai", ["agent"])) as bai, asyncio.timeout(20):
        while not (found := [row for row in await bai.every("/inbox") if row["reason"] == "assigned"]):
            await asyncio.sleep(0.1)
    assert (found[0]["case_no"], found[0]["own"]) == (case["case_no"], True)


async def test_whoever_watches_sees_letters(api: Api) -> None:
    gauges = (await api.get(api.root("/metrics"))).text
    for line in ('aftercare_letters{state="waiting"}', "aftercare_letters_late_seconds ", "aftercare_letters_failing"):
        assert line in gauges
