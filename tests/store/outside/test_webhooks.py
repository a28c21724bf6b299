"""Word to other programs as it is kept, on both databases: written with the decision, spread once, taken once."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from models.errors import Conflict, NotFound
from models.outside.webhooks import KEPT, Answer, Event, EventType
from models.tables import webhook_deliveries, webhook_events
from store.engine import reading, writing
from store.outside.webhooks import deliveries, endpoints, news
from tests.builders import NOW
from tests.store.desk import import_order, open_case

URL = "https://erp.example.com/told"


def added(engine: Engine, url: str = URL, *events: EventType) -> str:
    with writing(engine) as session:
        return endpoints.add(session, url, events, "bookkeeping", "chen", NOW)[0].id


def count(engine: Engine, table: object) -> int:
    with reading(engine) as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def moved(number: int) -> Event:
    return Event(key=f"AC-1:{number}", type=EventType.CASE_MOVED, at=NOW, data={"seq": number})


def test_an_event_is_written_with_its_case_once_and_spread_to_each_endpoint_once(engine: Engine) -> None:
    open_case(engine, import_order(engine), {1: 1})
    assert count(engine, webhook_events) == 0  # nobody wanted to know
    added(engine)
    added(engine, URL + "/closed", EventType.CASE_CLOSED)
    for _ in range(2):
        with writing(engine) as session:
            news.note(session, [moved(1), moved(2)])
    with writing(engine) as session:
        assert (news.spread(session, NOW), news.spread(session, NOW)) == (2, 0)
    assert (count(engine, webhook_events), count(engine, webhook_deliveries)) == (2, 2)


def test_what_one_worker_took_no_other_gets_until_its_time_is_over(engine: Engine) -> None:
    endpoint = added(engine)
    with writing(engine) as session:
        news.note(session, [moved(1)])
        news.spread(session, NOW)
        assert deliveries.due(session, NOW) == (endpoint,)
        [first] = deliveries.claim(session, endpoint, NOW, 5)
        assert deliveries.claim(session, endpoint, NOW, 5) == []
        [again] = deliveries.claim(session, endpoint, NOW + deliveries.LEASE, 5)
    assert (first.id, first.tries, again.tries) == (again.id, 1, 2)


def test_deliveries_are_listed_from_page_to_page_and_by_what_became_of_them(engine: Engine) -> None:
    endpoint = added(engine)
    with writing(engine) as session:
        for number in range(5):
            news.note(session, [moved(number)])
            news.spread(session, NOW + timedelta(minutes=number))
        [errand] = deliveries.claim(session, endpoint, NOW + timedelta(hours=1), 1)
        deliveries.came_to(session, errand, Answer(status=200, words="It answered 200."), NOW, NOW)
    with reading(engine) as session:
        first, cursor = deliveries.page(session, endpoint, None, None, 3)
        rest, end = deliveries.page(session, endpoint, None, cursor, 3)
        done, _ = deliveries.page(session, endpoint, "delivered", None, 3)
    assert [len(first), len(rest), end, len(done)] == [3, 2, None, 1]
    assert [row.made_at for row in (*first, *rest)] == [NOW + timedelta(minutes=n) for n in (4, 3, 2, 1, 0)]
    assert done[0].answers[0]["status"] == 200


def test_an_endpoint_is_removed_with_its_deliveries_and_an_address_is_told_once(engine: Engine) -> None:
    endpoint = added(engine)
    with pytest.raises(Conflict, match=endpoint):
        added(engine)
    with writing(engine) as session:
        news.note(session, [moved(1)])
        news.spread(session, NOW)
        endpoints.remove(session, endpoint)
    assert count(engine, webhook_deliveries) == 0
    with writing(engine) as session, pytest.raises(NotFound):
        endpoints.rotate(session, endpoint, NOW)


def test_of_a_changed_secret_the_old_one_holds_as_long_as_was_said(engine: Engine) -> None:
    endpoint = added(engine)
    with writing(engine) as session:
        before = endpoints.load(session, endpoint).signing(NOW)
        _, second = endpoints.rotate(session, endpoint, NOW, timedelta(hours=1))
        _, third = endpoints.rotate(session, endpoint, NOW, timedelta(hours=1))
        found = endpoints.load(session, endpoint)
    assert found.signing(NOW) == (third, second)
    assert before[0] not in found.signing(NOW)
    assert found.signing(NOW + timedelta(hours=1)) == (third,)
    assert "whsec_" not in repr(found)
    assert "secrets" not in found.model_dump()


def test_what_ended_long_ago_is_thrown_away_with_its_event(engine: Engine) -> None:
    endpoint = added(engine)
    with writing(engine) as session:
        news.note(session, [moved(1), moved(2)])
        news.spread(session, NOW)
        [errand] = deliveries.claim(session, endpoint, NOW, 1)
        deliveries.came_to(session, errand, Answer(status=200), NOW, NOW)
        assert news.forget(session, NOW + KEPT) == 0
        assert news.forget(session, NOW + KEPT + timedelta(seconds=1)) == 2
        assert deliveries.replay_many(session, endpoint, None, True, NOW) == 0
    assert (count(engine, webhook_events), count(engine, webhook_deliveries)) == (1, 1)
