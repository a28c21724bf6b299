"""A changed playbook among the others, before it is one of them: checked as it would be loaded, with nothing in force
touched."""

import shutil
import tempfile
from pathlib import Path

from models.errors import Invalid
from playbooks.loading.load import Playbooks, load_playbooks

__all__ = ["with_file"]

#: Files of a folder of playbooks that are no kind of case.
_NO_KINDS = frozenset({"defaults", "freight", "shop", "duty", "callbacks", "reports"})


def with_file(folder: Path, file: Path) -> Playbooks:
    """The playbooks of a folder with this file among them, in the place of the one of its name.

    Raises PlaybookInvalid, whose `errors` name every problem, and Invalid for a file that cannot be a playbook.
    """
    if file.suffix != ".yaml" or file.stem in _NO_KINDS:
        raise Invalid(f"{file.name} is no playbook of a kind: name the file <kind>.yaml, such as wrong_item.yaml.")
    with tempfile.TemporaryDirectory(prefix="aftercare-playbooks-") as place:
        beside = Path(place)
        for other in folder.glob("*.yaml"):
            shutil.copyfile(other, beside / other.name)
        if (folder / "calendars").is_dir():
            shutil.copytree(folder / "calendars", beside / "calendars")
        shutil.copyfile(file, beside / file.name)
        return load_playbooks(beside)
