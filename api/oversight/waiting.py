"""How much waits behind the pages of the desk, for whoever looks: read anew once a case was written."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from store.engine import reading
from store.oversight import waiting

#: What is no case, such as a parcel on the shelf or a periodic callback, shows after so long at the latest.
REMEMBERED_SECONDS: Final = 5.0
#: So many people are remembered at once.
MOST_PEOPLE: Final = 500

_Key = tuple[str, tuple[str, ...]]


class Waiting:
    """The numbers of everybody who looks, in this process."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._known: OrderedDict[_Key, tuple[int, float, Mapping[str, int]]] = OrderedDict()

    def behind(
        self, engine: Engine, person: str, pages: tuple[str, ...], number: int, now: datetime, zone: ZoneInfo
    ) -> Mapping[str, int]:
        """How much waits behind these pages; `number` is that of the last change. Blocks: call it from a thread."""
        key, at = (person, pages), self._seconds()
        known = self._known.get(key)
        if known is not None and known[0] == number and at - known[1] < REMEMBERED_SECONDS:
            return known[2]
        with reading(engine) as session:
            found = waiting.counts(session, pages, _asked(person, now, zone))
        self._known[key] = (number, at, found)
        while len(self._known) > MOST_PEOPLE:
            self._known.popitem(last=False)
        return found

    def forget(self) -> None:
        """Something was done here: look again."""
        self._known.clear()


def _asked(person: str, now: datetime, zone: ZoneInfo) -> waiting.Asked:
    today = now.astimezone(zone).date()
    tonight = datetime.combine(today + timedelta(days=1), clock_time(), zone)
    return waiting.Asked(person, now, tonight, today.isoformat())
