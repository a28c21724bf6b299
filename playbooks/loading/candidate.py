"""A changed file among the others, before it is one of them: checked as it would be loaded, with nothing in force
touched."""

import re
import shutil
import tempfile
from pathlib import Path

from models.errors import Invalid
from playbooks.loading.folder import CALENDARS, SHIPPED, is_kind
from playbooks.loading.load import Playbooks, invalid, load_playbooks
from playbooks.loading.reading import read_yaml

#: How kinds and calendars are named.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)

__all__ = ["calendar_file", "calendar_of", "is_calendar", "kind_of", "with_file", "with_text"]


def kind_of(name: str) -> str:
    """The kind of a playbook's file. Raises Invalid for what cannot be one."""
    path = Path(name)
    if not _NAME.fullmatch(path.stem) or path.name != f"{path.stem}.yaml" or name != path.name or not is_kind(path):
        raise Invalid(f"{name} is no playbook of a kind: name the file <kind>.yaml, such as wrong_item.yaml.")
    return path.stem


def is_calendar(name: str) -> bool:
    """Whether a file, by its name in the folder, is a calendar."""
    path = Path(name)
    return name == f"{CALENDARS}/{path.stem}.yaml" and _NAME.fullmatch(path.stem) is not None


def calendar_file(name: str) -> str:
    """A calendar's name in the folder, by that of its file. Raises Invalid for what cannot be one."""
    found = f"{CALENDARS}/{Path(name).stem}.yaml"
    if Path(name).name != f"{Path(name).stem}.yaml" or not is_calendar(found):
        raise Invalid(f"{name} is no calendar: name the file <name>.yaml, in small letters, digits and _.")
    return found


def calendar_of(name: str) -> str:
    """The name of the calendar that such a file is."""
    return Path(name).stem


def with_file(folder: Path, file: Path) -> Playbooks:
    """The playbooks of a folder with this file among them, in the place of the one of its name.

    Raises PlaybookInvalid, whose `errors` name every problem, and Invalid for a file that cannot be a playbook.
    """
    kind_of(file.name)
    return with_text(folder, file.name, file.read_bytes())


def with_text(folder: Path, name: str, content: bytes) -> Playbooks:
    """The same with what such a file would hold; `name` is `<kind>.yaml` or `calendars/<name>.yaml`."""
    if not is_calendar(name):
        kind_of(name)
    with tempfile.TemporaryDirectory(prefix="aftercare-playbooks-") as place:
        beside = Path(place)
        for other in folder.glob("*.yaml"):
            shutil.copyfile(other, beside / other.name)
        _with_calendars(folder, beside, wanted=is_calendar(name))
        (beside / name).write_bytes(content)
        _mind_how_it_is_written(beside / name, name)
        return load_playbooks(beside)


def _mind_how_it_is_written(file: Path, name: str) -> None:
    """What is no YAML is said at once, without a look at all the others, which takes a hundred times as long."""
    _, problems = read_yaml(file, name, repeats=is_calendar(name))
    if problems:
        raise invalid(sorted(problems))


def _with_calendars(folder: Path, beside: Path, wanted: bool) -> None:
    """The folder's calendars; where one of them changes and it has none of its own, the shipped ones."""
    own = folder / CALENDARS
    if own.is_dir() and (not wanted or any(own.glob("*.yaml"))):
        shutil.copytree(own, beside / CALENDARS)
    elif wanted:
        shutil.copytree(SHIPPED / CALENDARS, beside / CALENDARS)
