"""Who else has a case open now, and who is writing in it: the memory of this one process, fed by its live streams.

It is a courtesy between people and no lock: two processes behind one address do not know of each other's streams.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

#: So long after the last key somebody counts as writing.
WRITING_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Viewer:
    """Somebody else at a case."""

    person: str
    writes: bool


class Presence:
    """The open pages of cases, by the streams that they hold."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._numbers = itertools.count()
        self._open: dict[str, dict[int, str]] = {}
        self._writing: dict[tuple[str, str], float] = {}

    @contextmanager
    def at(self, case_no: str, person: str) -> Iterator[None]:
        """Somebody has a case open for as long as this lasts."""
        number = next(self._numbers)
        self._open.setdefault(case_no, {})[number] = person
        try:
            yield
        finally:
            self._leave(case_no, number, person)

    def _leave(self, case_no: str, number: int, person: str) -> None:
        pages = self._open[case_no]
        del pages[number]
        if person not in pages.values():
            self._writing.pop((case_no, person), None)
        if not pages:
            del self._open[case_no]

    def writes(self, case_no: str, person: str) -> bool:
        """Somebody who has a case open is writing in it; answers whether that is news."""
        if person not in self._open.get(case_no, {}).values():
            return False
        was = self._is_writing(case_no, person)
        self._writing[case_no, person] = self._seconds() + WRITING_SECONDS
        return not was

    def _is_writing(self, case_no: str, person: str) -> bool:
        return self._writing.get((case_no, person), 0.0) > self._seconds()

    def others(self, case_no: str, but: str) -> list[Viewer]:
        """Who else has a case open, those first who write."""
        people = set(self._open.get(case_no, {}).values()) - {but}
        found = [Viewer(person, self._is_writing(case_no, person)) for person in people]
        return sorted(found, key=lambda one: (not one.writes, one.person))
