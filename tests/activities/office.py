"""A shop with its postman, and the time in the test's hands."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from activities.outbox import Postman
from models.effects import Message
from models.tables import mailings
from store.engine import reading, writing
from store.people import mailboxes
from store.people.mailings import House
from tests.activities.receiver import Receiver
from tests.store.desk import commit, import_order, next_version, open_case

#: A Monday, 10:00 in Shanghai.
MONDAY = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
KINDS = {"quality_fault": {"zh": "质量问题", "en": "Quality fault"}}


class Office:
    """One shop with its postman, and the time in the test's hands."""

    def __init__(self, engine: Engine, here: Receiver) -> None:
        self.engine, self.here, self.now = engine, here, MONDAY
        self.postman = self.another()
        order = import_order(engine)
        self.case = open_case(engine, order, over={"owner": "li", "due_at": None})
        self.numbers = 0

    def another(self) -> Postman:
        """A postman of another worker."""
        house = House(kinds=KINDS, console="https://desk.example.com/")
        return Postman(self.engine, lambda: house, clock=lambda: self.now)

    def address(self, holder: str, *paths: str, **more: Any) -> None:
        urls = tuple(path if "://" in path else f"json://127.0.0.1:{self.here.web_port}/{path}" for path in paths)
        with writing(self.engine) as session:
            mailboxes.change(session, holder, {"addresses": urls, **more}, "chen", self.now)

    def told(
        self, *to: str, level: int | None = None, subject: str = "triage: level 1.", times: int = 1, **more: Any
    ) -> None:
        """Write messages about the case, and let the postman's next round address them."""
        messages = []
        for holder in to * times:
            self.numbers += 1
            messages.append(
                Message(key=f"m:{self.numbers}", to=holder, subject=subject, at=self.now, level=level, **more)
            )
        self.case = next_version(self.case)
        commit(self.engine, self.case, messages=tuple(messages))
        self.postman.address()

    def passes(self, how_long: timedelta, step: timedelta = timedelta(0)) -> int:
        """Let time pass, with a round at its end, or one every `step`; answers how many mailings were taken."""
        end, taken = self.now + how_long, 0
        while self.now < end:
            self.now = min(end, self.now + (step or how_long))
            taken += self.postman.round()
        return taken

    def mailings(self) -> list[Any]:
        with reading(self.engine) as session:
            return list(session.execute(select(mailings).order_by(mailings.c.made_at, mailings.c.id)))

    def critical(self) -> None:
        self.case = self.case.model_copy(update={"severity": "critical"})
