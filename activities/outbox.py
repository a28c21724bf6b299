"""The postman: tells people what decisions wanted told, for as long as the worker runs.

It is a loop of the worker and no workflow: messages are written in the commit's transaction, and telling them needs
no history of its own. Each round has three steps, and each can die anywhere: address (who hears it), put together
(what goes to one person now), send. Sending happens in threads of its own, at most `PER_ROUTE` to one provider, so
that one who is slow holds up nobody else.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from activities.channels import CHANNELS, LOG
from activities.channels.channel import Channel, Mail, NotTaken
from activities.rounds import in_threads, rounds
from store.engine import reading, writing
from store.people.letters import address
from store.people.mailings import LOG as LOGGED
from store.people.mailings import Errand, House, claim, due_routes, failed, put_together, sent
from store.people.outbox import waiting

logger = logging.getLogger("aftercare.outbox")

#: How often it looks, and how long it rests when the database is away, in seconds.
ROUND = 1.0
REST = 5.0
#: How many mailings are on their way at once, and how many by one provider or host.
SLOTS = 16
PER_ROUTE = 2
#: How long a worker that stops waits for what is on its way, in seconds.
FAREWELL = 5.0


def utc_now() -> datetime:
    return datetime.now(UTC)


class Postman:
    """Tells people on one store. `house` answers the settings and names in force, `clock` the time."""

    def __init__(
        self,
        engine: Engine,
        house: Callable[[], House] = House,
        channels: Mapping[str, Channel] = CHANNELS,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.engine, self.house, self.channels, self.clock = engine, house, channels, clock
        self._threads = ThreadPoolExecutor(SLOTS, thread_name_prefix="postman")
        self._away: Counter[str] = Counter()
        self._begun: set[Future[bool]] = set()
        self._lock = Lock()

    def address(self) -> int:
        """Turn every message into letters; answers how many messages were looked at."""
        with reading(self.engine) as session:
            if not waiting(session, self.clock()):
                return 0
        looked_at = 0
        while True:
            with writing(self.engine) as session:
                batch = address(session, LOG.tell, self.clock())
            looked_at += batch
            if not batch:
                return looked_at

    def put_together(self) -> int:
        """Make the mailings whose time has come; answers how many."""
        return put_together(self.engine, self.house(), self.clock())

    def send(self) -> list["Future[bool]"]:
        """Begin to send as many mailings as there is room for; each answers whether it was taken."""
        with reading(self.engine) as session:
            routes = due_routes(session, self.clock())
        begun: list[Future[bool]] = []
        for route in routes:
            room = self._room(route)
            if room > 0:
                with writing(self.engine) as session:
                    errands = claim(session, self.clock(), route, room)
                begun += [self._begin(errand) for errand in errands]
        return begun

    def _room(self, route: str) -> int:
        with self._lock:
            free = SLOTS - self._away.total()
            return free if route == LOGGED else min(free, PER_ROUTE - self._away[route])

    def round(self) -> int:
        """One of each, and wait for what was begun; answers how many mailings were taken."""
        self.address()
        self.put_together()
        taken = 0
        while begun := self.send():
            taken += sum(one.result() for one in begun)
        return taken

    def close(self) -> None:
        """Begin nothing more, and give what is on its way a while to end: what was told and not marked comes again."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            under_way = set(self._begun)
        wait(under_way, timeout=FAREWELL)

    def _begin(self, errand: Errand) -> "Future[bool]":
        with self._lock:
            self._away[errand.route] += 1
        begun = self._threads.submit(self._run, errand)
        with self._lock:
            self._begun.add(begun)
        begun.add_done_callback(self._ended)
        return begun

    def _ended(self, begun: "Future[bool]") -> None:
        with self._lock:
            self._begun.discard(begun)

    def _run(self, errand: Errand) -> bool:
        try:
            return self._carry(errand)
        except SQLAlchemyError as away:
            # It was told and could not be marked, or not even that: its claim ends, and it is sent again as the same.
            logger.warning("%s could not be marked (%s)", errand.id, type(away).__name__)
            return False
        finally:
            with self._lock:
                self._away[errand.route] -= 1

    def _carry(self, errand: Errand) -> bool:
        mail = Mail(errand.id, errand.holder, errand.title, errand.body, errand.urgent)
        try:
            channel = self.channels.get(errand.channel)
            if channel is None:
                raise NotTaken("What stands there is no address: enter it anew.")
            channel.send(errand.url, mail)
        except NotTaken as refused:
            words = str(refused)
        except Exception as fault:
            # A channel of somebody's own must not stop the postman, whatever it raises.
            words = f"The channel {errand.channel} failed ({type(fault).__name__})."
        else:
            with writing(self.engine) as session:
                return sent(session, errand, self.clock())
        with writing(self.engine) as session:
            again = failed(session, errand, words, self.clock())
        told = f"again in {again.after.total_seconds():.0f} s" if again else "not tried any more"
        logger.warning("%s was not told %s: %s %s", errand.holder, errand.id, words, told)
        return False


@asynccontextmanager
async def postman(engine: Engine, house: Callable[[], House] = House) -> AsyncIterator[Postman]:
    """Deliver in the background until the block ends; what waits then is told at the next start."""
    here = Postman(engine, house)
    try:
        async with rounds("the postman", in_threads(here.address, here.put_together, here.send), ROUND, REST):
            yield here
    finally:
        await asyncio.to_thread(here.close)
