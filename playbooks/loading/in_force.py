"""Who knows the playbooks in force: a shelf that watches a folder, or a set that never changes."""

from typing import Protocol

from playbooks.loading.load import Playbooks
from playbooks.loading.reading import Problem


class InForce(Protocol):
    """Whoever knows the playbooks in force."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with a changed set that therefore is not in force."""
        ...

    def current(self) -> Playbooks:
        """The playbooks in force at this moment."""
        ...


class Fixed:
    """The same playbooks all the time."""

    problems: tuple[Problem, ...] = ()

    def __init__(self, playbooks: Playbooks) -> None:
        self._playbooks = playbooks

    def current(self) -> Playbooks:
        """Always those."""
        return self._playbooks
