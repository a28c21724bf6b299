"""Putting a changed file into the shop's own folder, all of it at once; a shop that has none yet gets one.

Such a folder begins with a file for every shipped kind that only says that it is like the shipped one. So a kind that
nobody changes goes on to follow the program, and the set as a whole stays what it was.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playbooks.loading.candidate import is_calendar
from playbooks.loading.folder import CALENDARS, SHIPPED, is_kind

__all__ = ["placing", "source_of"]


@contextmanager
def placing(folder: Path, name: str, content: bytes) -> Iterator[Callable[[], None]]:
    """A way to put the file in its place; everything is as it was before when the block raises."""
    undo: list[Callable[[], None]] = []

    def place() -> None:
        if not folder.is_dir():
            _appear(folder, _begin, undo)
        calendars = folder / CALENDARS
        if is_calendar(name) and not any(calendars.glob("*.yaml")):
            _appear(calendars, _shipped_calendars, undo)
        _put(folder / name, content, undo)

    try:
        yield place
    except BaseException:
        for step in reversed(undo):
            step()
        raise


def _begin(folder: Path) -> None:
    """A file for every shipped kind, which says that it is like that."""
    for path in SHIPPED.glob("*.yaml"):
        if is_kind(path):
            (folder / path.name).write_text(_like_shipped(path.stem), encoding="utf-8")


def _like_shipped(kind: str) -> str:
    return f"# As shipped. What is written below is laid over it.\nkind: {kind}\nlike: {kind}\n"


def _shipped_calendars(folder: Path) -> None:
    for path in (SHIPPED / CALENDARS).glob("*.yaml"):
        shutil.copyfile(path, folder / path.name)


def _appear(folder: Path, fill: Callable[[Path], None], undo: list[Callable[[], None]]) -> None:
    """Make a folder beside its place and let it appear there full, so that nobody ever sees half of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_dir():  # one with files of another sort, such as overrides alone
        fill(folder)
        return
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    fill(beside)
    os.replace(beside, folder)
    undo.append(lambda: shutil.rmtree(folder))


def _put(target: Path, content: bytes, undo: list[Callable[[], None]]) -> None:
    before = target.read_bytes() if target.exists() else None
    if before == content:
        return
    undo.append(lambda: target.unlink(missing_ok=True) if before is None else _write(target, before))
    _write(target, content)


def _write(target: Path, content: bytes) -> None:
    beside = target.with_name(f".{target.name}.new")
    beside.write_bytes(content)
    if target.exists():
        shutil.copymode(target, beside)
    os.replace(beside, target)


def source_of(folder: Path, name: str) -> str | None:
    """What a file says that is in force, to begin a change with; None where there is none.

    For a file that only says that it is like the shipped one, that is the shipped one.
    """
    own = folder / name
    if is_calendar(name) and not any((folder / CALENDARS).glob("*.yaml")):
        own = SHIPPED / name
    if own.is_file() and not is_calendar(name) and own.read_bytes() == _like_shipped(own.stem).encode():
        own = SHIPPED / name
    return own.read_text(encoding="utf-8-sig") if own.is_file() else None
