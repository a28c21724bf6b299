"""The postman on a real store and real webhooks: no storm, quiet hours, tries, other channels, and workers that die."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select, update

from activities import outbox
from activities.channels.channel import Mail
from models.people.addresses import LEASE
from models.people.letters import AN_HOUR, DIGEST, LONGEST, WINDOW
from models.tables import cases, letters, mailings
from store.engine import reading, writing
from store.people import mailboxes
from store.people.mailings import Errand, House, claim, put_together
from store.people.mailings import test_of as a_test_of
from tests.activities.office import MONDAY, Office
from tests.activities.receiver import receiver
from tests.databases import opened, sqlite_database

SECOND = timedelta(seconds=1)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def office() -> Iterator[Office]:
    with an_office() as found:
        yield found


@contextmanager
def an_office() -> Iterator[Office]:
    with sqlite_database() as url, opened(url) as engine, receiver() as here:
        found = Office(engine, here)
        yield found
        found.postman.close()


# ── one letter, a storm ───────────────────────────────────────────────────────────────────────────


def test_an_own_case_is_told_within_a_minute_as_a_single_alert(office: Office) -> None:
    office.address("li", "li")
    office.told("owner", level=1)
    office.postman.round()
    assert office.here.got == []
    assert office.passes(WINDOW) == 1
    [text] = office.here.got
    assert f"{office.case.case_no} 受理超时，升级到第 1 级" in text
    assert "类型：质量问题" in text
    assert f"https://desk.example.com/cases/{office.case.case_no}" in text
    assert [row.kind for row in office.mailings()] == ["single"]
    assert office.passes(timedelta(days=1)) == 0


def test_500_cases_breaching_in_one_minute_give_each_person_one_message(office: Office) -> None:
    """They arrive over the whole minute and a little more, as a worker gets to them; the rule holds exactly."""
    for holder in ("li", "role:supervisor", "role:manager"):
        office.address(holder, holder.replace(":", "-"))
    for _ in range(10):
        office.told("owner", "supervisor", "manager", level=1, times=50)
        office.passes(timedelta(seconds=7))
    office.passes(timedelta(hours=1), step=timedelta(seconds=30))
    assert sorted(office.here.paths) == ["/li", "/role-manager", "/role-supervisor"]
    assert [(row.holder, row.kind, row.letters) for row in office.mailings()] == [
        (holder, "digest", 500) for holder in sorted(("li", "role:manager", "role:supervisor"), key=_order(office))
    ]
    assert "500 条提醒" in office.here.got[0]


def _order(office: Office) -> Any:
    return [row.holder for row in office.mailings()].index


def test_a_storm_that_does_not_end_is_told_after_five_minutes(office: Office) -> None:
    office.address("li", "li")
    begun = office.now
    while not office.here.got:
        office.told("owner", level=1)
        office.passes(timedelta(seconds=10))
    assert office.now - begun <= LONGEST + timedelta(seconds=20)


def test_news_of_cases_that_are_not_ones_own_is_collected_for_longer(office: Office) -> None:
    office.address("role:finance", "finance")
    office.told("finance", subject="A payout was refused (account_closed). 王小明 6222…")
    assert office.passes(WINDOW * 5, step=WINDOW) == 0
    assert office.passes(DIGEST) == 1
    [text] = office.here.got
    assert "付款被拒绝（account_closed）" in text
    assert "王小明" not in text  # what a person wrote may name a customer, and stays in the house
    assert [row.kind for row in office.mailings()] == ["digest"]


def test_nobody_is_told_more_than_so_often_in_an_hour(office: Office) -> None:
    office.address("li", "li")
    for _ in range(29):
        office.told("owner", level=1)
        office.passes(timedelta(minutes=2), step=timedelta(minutes=1))
    assert len(office.here.got) == AN_HOUR
    office.passes(timedelta(minutes=10), step=timedelta(minutes=1))
    assert sum(row.letters for row in office.mailings()) == 29


# ── quiet hours ───────────────────────────────────────────────────────────────────────────────────


def test_quiet_hours_hold_letters_back_until_they_end(office: Office) -> None:
    office.address("li", "li", quiet_from="22:00", quiet_until="08:00", timezone="Asia/Shanghai")
    office.now = MONDAY + timedelta(hours=13)  # 23:00
    office.told("owner", level=1, times=3)
    assert office.passes(timedelta(hours=8, minutes=59), step=timedelta(minutes=30)) == 0
    assert office.passes(timedelta(minutes=1)) == 1
    assert [row.letters for row in office.mailings()] == [3]


def test_what_is_critical_breaks_through_them_and_the_rest_waits(office: Office) -> None:
    office.address("li", "li", quiet_from="22:00", quiet_until="08:00")
    office.now = MONDAY + timedelta(hours=13)
    office.told("owner", level=1)
    office.postman.round()
    office.critical()
    office.told("owner", level=1)
    assert office.passes(timedelta(minutes=5), step=WINDOW) == 1
    assert [(row.letters, row.urgent) for row in office.mailings()] == [(1, True)]
    office.passes(timedelta(hours=10))
    assert [row.letters for row in office.mailings()] == [1, 1]


def test_a_letter_that_was_held_back_goes_to_who_owns_the_case_by_then(office: Office) -> None:
    office.address("li", "li", quiet_from="22:00", quiet_until="08:00")
    office.address("zhao", "zhao")
    office.now = MONDAY + timedelta(hours=13)
    office.told("owner", level=1)
    office.passes(timedelta(minutes=5))
    with writing(office.engine) as session:
        session.execute(update(cases).values(owner="zhao"))
    office.passes(timedelta(hours=10), step=timedelta(minutes=30))
    assert office.here.paths == ["/zhao"]


# ── channels that fail ────────────────────────────────────────────────────────────────────────────


def test_somebody_without_an_address_is_told_in_the_log_and_nothing_waits(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "aftercare.messages")
    office.told("owner", level=1)
    assert office.passes(WINDOW) == 1
    assert [row.channel for row in office.mailings()] == ["log"]
    assert "to li: " in caplog.text


def test_a_channel_that_fails_is_tried_twice_and_then_the_next(office: Office) -> None:
    with receiver() as other:
        office.address("li", f"json://127.0.0.1:{other.web_port}/bad", "good")
        other.mood = "fails"
        office.told("owner", level=1)
        assert office.passes(WINDOW) == 0
        assert office.passes(timedelta(seconds=20)) == 1
        assert other.paths == ["/bad", "/bad"]
        assert office.here.paths == ["/good"]
        assert set(other.numbers) == set(office.here.numbers)
    [row] = office.mailings()
    assert (row.attempts, row.channel, row.error) == (3, "json", None)


def test_the_channel_that_the_chains_level_names_is_tried_first(office: Office) -> None:
    office.address("li", f"mailto://127.0.0.1:{office.here.mail_port}?to=li@example.com&mode=insecure", "hook")
    office.told("owner", level=2, channels=("webhook",))
    office.passes(WINDOW)
    assert office.here.paths == ["/hook"]


def test_what_nobody_takes_is_tried_more_and_more_rarely_and_given_up_after_a_day(office: Office) -> None:
    office.address("li", "li")
    office.here.mood = "fails"
    office.told("owner", level=1)
    office.passes(timedelta(hours=30), step=timedelta(minutes=10))
    [row] = office.mailings()
    assert row.given_up_at is not None
    assert "did not take it" in row.error
    assert 20 < len(office.here.got) < 60
    with reading(office.engine) as session:
        assert session.execute(select(letters.c.unread)).scalar() == 1  # the inbox has it all the same


def test_a_slow_provider_holds_up_nobody_else(office: Office) -> None:
    with receiver() as slow:
        slow.gate.clear()
        for role in ("finance", "warehouse", "workshop", "technician", "supervisor", "director"):
            office.address(f"role:{role}", f"json://localhost:{slow.web_port}/{role}")
        office.address("li", "li")
        office.told("owner", "finance", "warehouse", "workshop", "technician", "supervisor", "director", level=1)
        office.postman.address()
        office.now += WINDOW
        assert office.postman.put_together() == 7
        begun = office.postman.send()
        assert office.here.came.acquire(timeout=10)
        assert office.here.paths == ["/li"]
        assert len(begun) == 3  # two on their way to the slow one, and the one that is through
        slow.gate.set()
        assert all(one.result() for one in begun)
        office.postman.round()
    assert all(row.sent_at for row in office.mailings())


def test_a_test_tries_one_address_once_in_quiet_hours_too(office: Office) -> None:
    office.address("li", "a", "b", quiet_from="00:00", quiet_until="23:59")
    with writing(office.engine) as session:
        for url in mailboxes.mailbox(session, "li").addresses:
            a_test_of(session, "li", url, ("试发", "能看到就对了"), office.now)
    assert office.postman.round() == 2
    assert sorted(office.here.paths) == ["/a", "/b"]
    office.here.mood = "fails"
    with writing(office.engine) as session:
        a_test_of(session, "li", mailboxes.mailbox(session, "li").addresses[0], ("试发", "。"), office.now)
    assert office.postman.round() == 0
    assert [row.channel for row in office.mailings() if row.given_up_at] == ["json"]


# ── workers that die, and several of them ─────────────────────────────────────────────────────────


def test_one_that_died_between_telling_and_marking_tells_once_more_with_the_same_number(office: Office) -> None:
    office.address("li", "li")
    office.told("owner", level=1)
    office.postman.address()
    office.now += WINDOW
    office.postman.put_together()
    with reading(office.engine) as session:
        [row] = session.execute(select(mailings.c.route)).all()
    with writing(office.engine) as session:
        [errand] = claim(session, office.now, row.route, 5)
    mail = office.mailings()[0]
    office.postman.channels["json"].send(errand.url, _mail(errand))  # told, and then the worker is gone
    assert office.postman.round() == 0  # its claim holds: another worker leaves it alone
    assert office.passes(LEASE + SECOND) == 1
    assert office.passes(timedelta(hours=1)) == 0
    assert office.here.numbers == [mail.id, mail.id]


def _mail(errand: Errand) -> Mail:
    return Mail(errand.id, errand.holder, errand.title, errand.body)


def test_letters_are_put_together_once_whoever_asks(office: Office) -> None:
    office.told("owner", level=1, times=2)
    office.postman.address()
    office.now += WINDOW
    house = House()
    assert put_together(office.engine, house, office.now) == 1
    assert put_together(office.engine, house, office.now) == 0


def test_one_that_is_killed_while_it_tells_is_followed_by_another_with_the_same_number(office: Office) -> None:
    """A process of its own, ended as the kernel ends one, when the receiver has it and the worker does not know."""
    office.address("li", "li")
    office.told("owner", level=1)
    office.now += WINDOW
    office.postman.put_together()
    office.here.gate.clear()
    arguments = [str(office.engine.url), office.now.isoformat()]
    with subprocess.Popen([sys.executable, "-m", "tests.activities.doomed_postman", *arguments], cwd=ROOT) as doomed:
        assert office.here.came.acquire(timeout=30)
        doomed.kill()
    office.here.gate.set()
    assert office.mailings()[0].sent_at is None
    assert office.postman.round() == 0  # its claim holds for a while
    assert office.passes(LEASE + SECOND) == 1
    assert office.passes(timedelta(hours=1)) == 0
    assert office.here.numbers == [office.mailings()[0].id] * 2


async def test_a_round_that_nobody_foresaw_is_not_the_last_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "REST", 0.01)
    rounds, came_again = [1], Event()

    def house() -> House:
        if rounds:
            rounds.clear()
            raise LookupError("a playbook of no name")
        came_again.set()
        return House()

    with sqlite_database() as url, opened(url) as engine:
        async with outbox.postman(engine, house):
            assert await asyncio.to_thread(came_again.wait, 20)
    assert "a round of the postman failed" in caplog.text
