"""Credit to a balance when the database goes away: before and after every statement, and the answer is lost."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from activities.gateways.gateway import PayoutOrder
from activities.gateways.store_credit import StoreCredit
from activities.payments import BalanceBook
from store.accounting import credit
from store.engine import reading
from tests.builders import NOW
from tests.databases import emptied, opened, sqlite_database

ORDER = PayoutOrder("AC-26-000001:refund:1", 12_900, "CNY", "KETTLE-1", "refund AC-26-000001", customer="c-88")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with sqlite_database() as url, opened(url) as engine:
        yield emptied(engine)


class Cut:
    """The connection is gone at the n-th thing that is asked of the database."""

    def __init__(self, at: int) -> None:
        self.at, self.seen = at, 0

    def __call__(self, *asked: object) -> None:
        self.seen += 1
        if self.seen == self.at:
            raise OperationalError("the connection is gone", None, Exception("cut"))

    @property
    def happened(self) -> bool:
        return self.seen >= self.at


@contextmanager
def cut_at(engine: Engine, number: int, after: bool) -> Iterator[Cut]:
    """Cut before or after each statement; a commit is one of them."""
    cut = Cut(number)
    names = ["after_cursor_execute"] if after else ["before_cursor_execute", "commit"]
    for name in names:
        event.listen(engine, name, cut)
    try:
        yield cut
    finally:
        for name in names:
            event.remove(engine, name, cut)


@pytest.mark.parametrize("after", [False, True])
async def test_a_payout_is_credited_once_wherever_the_connection_is_cut(engine: Engine, after: bool) -> None:
    points = 0
    while True:
        emptied(engine)
        gateway = StoreCredit(BalanceBook(engine, lambda: NOW))
        with cut_at(engine, points + 1, after) as cut:
            answer = await gateway.pay(ORDER)
        if not cut.happened:
            break
        points += 1
        assert answer.state == "unknown"
        known = await gateway.ask(ORDER)  # what a careful caller does: ask, and send again only what never arrived
        if known.never_arrived:
            known = await gateway.pay(ORDER)
        assert (known.state, known.reference) == ("done", "balance CNY 1")
        with reading(engine) as session:
            assert credit.of_customer(session, "c-88") == {"CNY": 12_900}
            assert len(credit.entries(session, "c-88")) == 1
    assert points >= 5
