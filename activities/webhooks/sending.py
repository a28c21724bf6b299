"""Word to other programs on its way: a loop of the worker that spreads what happened and delivers it, for a day.

It is no workflow: what is to be told is written in the transaction that decided it, so nothing is told that did not
happen and nothing that happened is lost; and a delivery has no decisions that would need a history. Each round can die
anywhere: a delivery is taken for a minute, and what was taken by a worker that died is made by another one. So the same
may be told twice, under one `webhook-id`.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock

from sqlalchemy import Engine
from standardwebhooks import Webhook

from activities.rounds import in_threads, rounds
from activities.webhooks.guard import NotReached, Poster, Refused, Response
from models.outside.webhooks import Answer
from store.engine import reading, writing
from store.outside.webhooks import deliveries, news
from store.outside.webhooks.deliveries import Errand

logger = logging.getLogger("aftercare.webhooks")

#: How often it looks, and how long it rests when the database is away, in seconds.
ROUND = 0.5
REST = 5.0
#: Deliveries under way at once, and of them to one endpoint: one that is slow holds up nobody else.
SLOTS = 16
PER_ENDPOINT = 4
#: How often old deliveries are thrown away, in rounds; and how long a worker that stops waits for what is on its way.
FORGETS_EVERY = 600
FAREWELL = 5.0
#: Of what an endpoint answered so much is kept for people.
SHOWN = 200


def utc_now() -> datetime:
    return datetime.now(UTC)


class Sender:
    """Tells other programs what happened, on one store."""

    def __init__(self, engine: Engine, poster: Poster, clock: Callable[[], datetime] = utc_now) -> None:
        self.engine, self.poster, self.clock = engine, poster, clock
        self._threads = ThreadPoolExecutor(SLOTS, thread_name_prefix="webhooks")
        self._away: Counter[str] = Counter()
        self._begun: set[Future[str]] = set()
        self._lock = Lock()
        self._rounds = 0

    def spread(self) -> int:
        """Turn everything that happened into deliveries; answers how many events were looked at."""
        with reading(self.engine) as session:
            if not news.any_unspread(session):
                return 0
        looked_at = 0
        while True:
            with writing(self.engine) as session:
                batch = news.spread(session, self.clock())
            looked_at += batch
            if not batch:
                return looked_at

    def send(self) -> list["Future[str]"]:
        """Begin as many deliveries as there is room for; each answers what became of it."""
        with reading(self.engine) as session:
            waiting = deliveries.due(session, self.clock())
        begun: list[Future[str]] = []
        for endpoint_id in waiting:
            room = self._room(endpoint_id)
            if room > 0:
                with writing(self.engine) as session:
                    errands = deliveries.claim(session, endpoint_id, self.clock(), room)
                begun += [self._begin(errand) for errand in errands]
        return begun

    def forget(self) -> None:
        """Every now and then: throw away what ended long ago."""
        self._rounds += 1
        if self._rounds % FORGETS_EVERY == 0:
            with writing(self.engine) as session:
                news.forget(session, self.clock())

    def round(self) -> list[str]:
        """Spread and deliver until nothing is due; answers what became of each delivery."""
        self.spread()
        came: list[str] = []
        while begun := self.send():
            came += [one.result() for one in begun]
        return came

    def close(self) -> None:
        """Wait a little for what is on its way; what is not done by then is told again by the next worker."""
        with self._lock:
            begun = set(self._begun)
        wait(begun, FAREWELL)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _room(self, endpoint_id: str) -> int:
        with self._lock:
            return min(PER_ENDPOINT - self._away[endpoint_id], SLOTS - self._away.total())

    def _begin(self, errand: Errand) -> "Future[str]":
        with self._lock:
            self._away[errand.endpoint.id] += 1
            future = self._threads.submit(self._deliver, errand)
            self._begun.add(future)
        future.add_done_callback(lambda done: self._ended(errand, done))
        return future

    def _ended(self, errand: Errand, done: "Future[str]") -> None:
        with self._lock:
            self._away[errand.endpoint.id] -= 1
            self._begun.discard(done)

    def _deliver(self, errand: Errand) -> str:
        began = self.clock()
        answer = self._try(errand, began)
        with writing(self.engine) as session:
            found = deliveries.came_to(session, errand, answer, began, self.clock())
        if found != "delivered":
            logger.warning("%s was not told %s: %s (%s)", errand.endpoint.id, errand.event_id, answer.words, found)
        return found

    def _try(self, errand: Errand, now: datetime) -> Answer:
        body = errand.body.encode()
        headers = {
            "content-type": "application/json",
            "user-agent": "Aftercare-Webhooks/1",
            "webhook-id": errand.event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature(errand.endpoint.signing(now), errand.event_id, now, errand.body),
        }
        try:
            return _answer(self.poster.post(errand.endpoint.url, headers, body), now)
        except Refused as refused:
            return Answer(words=str(refused), refused_here=True)
        except NotReached as lost:
            return Answer(words=str(lost))
        except Exception as fault:  # one endpoint that nobody foresaw must not end the thread without a word
            return Answer(words=f"It could not be sent ({type(fault).__name__}).")


def signature(secrets: tuple[str, ...], event_id: str, now: datetime, body: str) -> str:
    """By every secret that holds, separated by blanks, so that either of two verifies it."""
    return " ".join(Webhook(secret).sign(event_id, now, body) for secret in secrets)


def _answer(response: Response, now: datetime) -> Answer:
    said = " ".join(response.text.split())[:SHOWN]
    words = f"It answered {response.status}. It says: {said}" if said else f"It answered {response.status}."
    if 300 <= response.status < 400:
        words = f"It answered {response.status}. Redirects are not followed."
    return Answer(status=response.status, words=words, retry_after=_after(response.headers.get("retry-after"), now))


def _after(told: str | None, now: datetime) -> timedelta | None:
    """`Retry-After`, in seconds or as a date; None where it says nothing that is understood."""
    if told is None:
        return None
    if told.isascii() and told.isdigit() and len(told) < 7:
        return timedelta(seconds=int(told))
    try:
        return max(parsedate_to_datetime(told) - now, timedelta(0))
    except (ValueError, TypeError, OverflowError):
        return None


@asynccontextmanager
async def sender(engine: Engine, poster: Poster) -> AsyncIterator[Sender]:
    """Deliver in the background until the block ends; what waits then is delivered after the next start."""
    here = Sender(engine, poster)
    try:
        async with rounds("word to other programs", in_threads(here.spread, here.send, here.forget), ROUND, REST):
            yield here
    finally:
        await asyncio.to_thread(here.close)
