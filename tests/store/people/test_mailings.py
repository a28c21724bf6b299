"""Several workers on one database tell nobody twice, on SQLite and on PostgreSQL."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from models.people.addresses import LEASE
from models.people.letters import DIGEST, WINDOW, Pending, goes_now
from store.engine import reading, writing
from store.people.mailings import claim, due_routes, failed, sent
from tests.activities.office import Office
from tests.activities.receiver import receiver


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    with receiver() as here:
        found = Office(engine, here)
        yield found
        found.postman.close()


HOLDERS = ("li", "role:finance", "role:supervisor", "role:manager", "role:warehouse")


def test_two_workers_tell_nobody_twice(office: Office) -> None:
    for holder in HOLDERS:
        office.address(holder, holder.replace(":", "-"))
    office.told("owner", "finance", "supervisor", "manager", "warehouse", level=1, times=40)
    both = [office.postman, office.another()]

    def at_once(step: str) -> None:
        threads = [threading.Thread(target=getattr(one, step)) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    at_once("address")
    office.now += WINDOW
    at_once("round")
    at_once("round")
    assert sorted(office.here.paths) == sorted(f"/{holder.replace(':', '-')}" for holder in HOLDERS)
    assert sum(row.letters for row in office.mailings()) == 200
    both[1].close()


def test_of_two_that_put_a_persons_letters_together_at_once_one_does(office: Office) -> None:
    office.told("owner", level=1, times=300)
    office.now += WINDOW
    made: list[int] = []
    workers = [office.another() for _ in range(4)]
    threads = [threading.Thread(target=lambda one=one: made.append(one.put_together())) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in workers:
        one.close()
    assert sum(made) == 1
    assert [row.letters for row in office.mailings()] == [300]


def test_only_whose_window_may_be_over_are_looked_at(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def looking(waiting: Sequence[Pending], *rest: Any) -> tuple[Pending, ...]:
        looked_at.append(len(waiting))
        return goes_now(waiting, *rest)

    monkeypatch.setattr("store.people.mailings.goes_now", looking)
    office.told("supervisor", level=1, times=3)
    office.told("finance", times=4)
    office.now += WINDOW - timedelta(seconds=1)
    assert (office.postman.put_together(), looked_at) == (0, [])
    office.now += timedelta(seconds=1)
    assert (office.postman.put_together(), looked_at) == (1, [3, 3]), "asked once to find it, once to do it"
    looked_at.clear()
    office.now += DIGEST
    assert (office.postman.put_together(), looked_at) == (1, [4, 4])


def test_a_claim_is_one_workers_until_it_ends(office: Office) -> None:
    office.told("owner", level=1)
    office.now += WINDOW
    office.postman.put_together()
    with writing(office.engine) as session:
        [mine] = claim(session, office.now, "log", 5)
        assert claim(session, office.now, "log", 5) == []
    with reading(office.engine) as session:
        assert due_routes(session, office.now) == ()
    later = office.now + LEASE
    with writing(office.engine) as session:
        [theirs] = claim(session, later, "log", 5)
        assert not sent(session, mine, later), "the one whose claim has ended marks nothing"
        assert failed(session, mine, "late", later) is None
        assert sent(session, theirs, later)
        assert not sent(session, theirs, later)
    assert mine.id == theirs.id
    assert [(row.attempts, row.error) for row in office.mailings()] == [(1, None)]


def test_what_is_critical_is_claimed_first(office: Office) -> None:
    office.told("owner", level=1)
    office.now += timedelta(seconds=30)
    office.critical()
    office.told("finance", level=1)
    office.now += WINDOW
    office.postman.put_together()
    with writing(office.engine) as session:
        assert [errand.urgent for errand in claim(session, office.now, "log", 5)] == [True, False]
