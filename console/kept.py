"""What somebody typed into a form that came too late: his session was over, or the form was older than his session.

Nothing of it is done and nothing of it is lost: it goes with the sign-in, is shown, and is sent by a button of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.exceptions import HTTPException

from console import labels
from console.language import N_
from console.visit import MOST_FIELDS, Forged, Form, Visit
from models.errors import TooLarge

#: More than anybody types; what is longer is not carried from page to page.
MOST: Final = 60_000
#: Fields that are never shown or carried: a form with one of them is filled in again.
SECRETS: Final = frozenset({"password", "old", "new", "again"})
#: What forms carry besides what was typed.
CARRIED: Final = frozenset({"csrf", "command_id", "seen", "scan_id", "onward", "do", "preview_id"})
#: Fields that are called otherwise than the data of actions.
NAMES: Final = {"line": N_("Line"), "description": N_("What happened"), "words": N_("Text"), "say": N_("Text")}


@dataclass(frozen=True)
class Kept:
    """A form that waits to be sent again."""

    action: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...] = ()

    @property
    def packed(self) -> str:
        """The fields as one text, for the form of the sign-in."""
        return urlencode(self.fields)

    def told(self, here: Visit) -> list[tuple[str, str]]:
        """What was typed, each with the words of its field as far as it has some."""
        return [
            (_words(here, name), _value(here, name, value)) for name, value in self.fields if _is_typed(name, value)
        ]


def _is_typed(name: str, value: str) -> bool:
    return bool(value.strip()) and name not in CARRIED and not name.endswith(".-") and value not in ("on", "off")


def _key(name: str) -> str:
    """What a field is about: `quantity` of `quantity.2`, `amount` of `options.0.amount`."""
    return next((part for part in reversed(name.split(".")) if not part.isdecimal()), name)


def _words(here: Visit, name: str) -> str:
    key = _key(name)
    words = NAMES.get(key) or labels.FIELDS.get(key)
    return here.tongue.say(words) if words else ""


def _value(here: Visit, name: str, value: str) -> str:
    """What was chosen in words, what was typed as it was typed."""
    key = _key(name)
    if key == "kind":
        return next(
            (here.tongue.of(one["names"]) for one in here.desk.playbooks()["items"] if one["kind"] == value), value
        )
    known = labels.CHOICES.get(f"{key}.{value}")
    return here.tongue.say(known) if known else value


async def kept(here: Visit) -> Kept | None:
    """The form of this request, to be sent again; None for one that is not ours, is secret, or has nothing in it."""
    try:
        here.came_from_here()
        form = await here.form()
    except (Forged, HTTPException, TooLarge):
        return None
    fields = tuple((name, value) for name, value in form.data.multi_items() if isinstance(value, str))
    files = tuple(one.filename or "" for _, one in form.data.multi_items() if not isinstance(one, str) and one.filename)
    return _usable(Kept(here.here, fields, files))


def carried(here: Visit, form: Form) -> Kept | None:
    """The form that came with a sign-in."""
    action = here.own_address(form.text("kept_action"))
    try:
        fields = tuple(parse_qsl(form.raw("kept"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        return None
    return _usable(Kept(action, fields, tuple(form.texts("kept_file"))))


def _usable(found: Kept) -> Kept | None:
    names = {name for name, _ in found.fields}
    fields = tuple((name, value) for name, value in found.fields if name != "csrf")
    short = sum(len(name) + len(value) for name, value in fields) <= MOST
    usable = short and names.isdisjoint(SECRETS) and (_something(fields) or bool(found.files))
    return Kept(found.action, fields, found.files) if usable else None


def _something(fields: Iterable[tuple[str, str]]) -> bool:
    return any(_is_typed(name, value) for name, value in fields)
