"""Who knows the playbooks in force: a shelf that watches a folder, or a set that never changes."""

from pathlib import Path
from typing import Protocol

from playbooks.loading.load import Playbooks
from playbooks.loading.reading import Problem


class InForce(Protocol):
    """Whoever knows the playbooks in force."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with a changed set that therefore is not in force."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where the files are; None where the set comes from no files."""
        ...

    @property
    def own(self) -> Path | None:
        """The shop's own folder, which need not be there yet; None where nothing can be published."""
        ...

    def current(self) -> Playbooks:
        """The playbooks in force at this moment."""
        ...

    def renewed(self) -> Playbooks:
        """The same, by the files as they are now."""
        ...


class Fixed:
    """The same playbooks all the time."""

    problems: tuple[Problem, ...] = ()
    folder: Path | None = None
    own: Path | None = None

    def __init__(self, playbooks: Playbooks) -> None:
        self._playbooks = playbooks

    def current(self) -> Playbooks:
        """Always those."""
        return self._playbooks

    def renewed(self) -> Playbooks:
        """Those."""
        return self._playbooks
