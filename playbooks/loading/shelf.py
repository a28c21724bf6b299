"""The playbooks in force: loaded at the start, and anew when their files change; a broken set never replaces them."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from models.errors import PlaybookInvalid
from playbooks.loading.folder import CALENDARS, OVERRIDES, SHIPPED
from playbooks.loading.load import Playbooks, load_playbooks
from playbooks.loading.reading import Problem

#: What tells one state of the files from another: each file's name, size, time of change and number.
_Look = frozenset[tuple[str, int, int, int]]

#: So many seconds pass at least between two looks at the files.
PAUSE = 1.0


class Shelf:
    """Keeps the playbooks of a folder in force, for any number of threads.

    `current()` looks at the files at most once a second and loads them anew when something changed. While the changed
    set is broken the last good one stays in force, and `problems` names what is wrong. Raises `PlaybookInvalid` only
    at the start, when there is no good set yet. `own` is the shop's own folder: from the moment when it is there, it
    takes the place of the given one.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic, own: Path | None = None) -> None:
        self._given, self.own = Path(folder), own
        self._clock = clock
        self._turn = threading.Lock()  # held by the one thread that looks at the files
        self._seen = self._look()  # before loading: a change while we load is seen the next time
        self._current = load_playbooks(self.folder)
        self._problems: tuple[Problem, ...] = ()
        self._next_look = clock() + PAUSE

    @property
    def folder(self) -> Path:
        """Where the files are: the shop's own folder once there is one, until then the given one."""
        return self.own if self.own is not None and self.own.is_dir() else self._given

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files as they are now; empty when what they say is in force."""
        return self._problems

    def current(self) -> Playbooks:
        """The set in force. Whoever comes while another thread loads is not kept waiting and gets the one before."""
        if self._clock() >= self._next_look and self._turn.acquire(blocking=False):
            try:
                self._look_again()
            finally:
                self._turn.release()
        return self._current

    def renewed(self) -> Playbooks:
        """The set in force, looked at now: for whoever has just changed a file."""
        with self._turn:
            self._look_again()
        return self._current

    def _look_again(self) -> None:
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            self._load()
        self._next_look = self._clock() + PAUSE

    def _load(self) -> None:
        try:
            found = load_playbooks(self.folder)
        except PlaybookInvalid as refused:
            self._problems = tuple(Problem(**problem) for problem in refused.extra["errors"])
            return
        self._problems = ()
        if found.loaded != self._current.loaded:
            self._current = found

    def _look(self) -> _Look:
        return frozenset(_seen(self.folder))


def _seen(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    """Every file that a set can be made of: the folder's own, and the shipped ones that stand in for those it lacks."""
    folders = (place / inside for place in (folder, SHIPPED) for inside in ("", CALENDARS, f"{CALENDARS}/{OVERRIDES}"))
    for place in dict.fromkeys(folders):
        for path in sorted(place.glob("*.y*ml")):
            try:
                found = path.stat()
            except OSError:
                continue  # taken away this moment: the next look sees that it is gone
            yield str(path), found.st_size, found.st_mtime_ns, found.st_ino
