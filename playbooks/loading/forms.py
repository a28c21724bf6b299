"""The form of a playbook's fields: one field at a time against its model, and pydantic's complaints as sentences.

A field is judged by itself so that equal fields of many kinds and cases are judged once, and so that one that is wrong
does not hide the others.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from models.playbook import DECIDING, Part, Playbook, Procedure
from playbooks.loading.lengths import Finding, Path, nearest

#: Every field of a playbook's file, those that decide and those that explain, in one row.
FIELDS: dict[str, FieldInfo] = {
    **{name: info for name, info in Playbook.model_fields.items() if name != "procedure"},
    **{name: info for name, info in Procedure.model_fields.items() if name in DECIDING},
}
#: The fields that a file has to have; `kind` is its name.
REQUIRED = tuple(name for name, info in FIELDS.items() if info.is_required() and name != "kind")


@cache
def _form(name: str) -> type[BaseModel]:
    info = FIELDS[name]
    return create_model(name, __base__=Part, **{name: (info.annotation, info)})  # type: ignore[call-overload,no-any-return]


def judged(name: str, value: object) -> tuple[Any, tuple[Finding, ...]]:
    """The value of a field as its model has it, or None and what is wrong with it."""
    form = _form(name)
    try:
        return getattr(form.model_validate({name: value}), name), ()
    except ValidationError as refused:
        return None, findings_of(refused, form)


def findings_of(refused: ValidationError, form: type[BaseModel]) -> tuple[Finding, ...]:
    """Where something has not the right form, and how to mend it."""
    items = [dict(item) for item in refused.errors(include_url=False)]
    return tuple((place_of(item), sentence(item, form)) for item in items)


def place_of(item: dict[str, Any]) -> Path:
    """Where a complaint of pydantic's is."""
    return tuple(part for part in item["loc"] if part != "[key]")


# ── sentences ─────────────────────────────────────────────────────────────────────────────────────


def sentence(item: dict[str, Any], form: type[BaseModel]) -> str:
    """One of pydantic's complaints about a value of `form`, as a sentence that says what to write instead."""
    if item["type"] == "extra_forbidden":
        return _unknown(place_of(item), form)
    say = _SENTENCES.get(item["type"])
    return say(item) if say else f"{item['msg'].removeprefix('Value error, ')}; correct it"


def _unknown(path: Path, form: type[BaseModel]) -> str:
    above = path[-2] if len(path) > 1 else "it"
    named = next((part for part in reversed(path[:-1]) if isinstance(part, str)), str(above))
    return f"is no field of {named}; {nearest(str(path[-1])[:60], _fields_at(path[:-1], form))}"


def _fields_at(path: Path, form: type[BaseModel]) -> Iterable[str]:
    """The names that can be written below a place."""
    here: object = form
    for part in path:
        here = _below(here, part)
    model = _model_in(here)
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _below(annotation: object, part: str | int) -> object:
    model = _model_in(annotation)
    if model is not None and isinstance(part, str):
        named = {info.alias or name: info for name, info in model.model_fields.items()}
        if part in named:
            return named[part].annotation
    return annotation


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The one model that an annotation speaks of, however deep in tuples, dicts and options."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = get_args(annotation)
    if get_origin(annotation) in (Annotated, Union, UnionType, tuple, list, dict):
        parts = tuple(part for part in parts if part is not Ellipsis)
    return next((model for part in parts if (model := _model_in(part))), None)


def _no_choice(item: dict[str, Any]) -> str:
    known, said = re.findall(r"'([^']*)'", item["ctx"]["expected"]), str(item["input"])[:60]
    return f"{said!r} is not known here; {nearest(said, known)}"


def _fixed(words: str) -> Callable[[dict[str, Any]], str]:
    return lambda item: words.format(**item.get("ctx", {}))


_LIST, _BELOW = _fixed("write a list, like [one, two]"), _fixed("write its fields below it, indented")
_NUMBER, _TEXT = _fixed("write a whole number"), _fixed("write text; put quotes around what looks like a number")
_YES = _fixed("write true or false")
_SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    "missing": _fixed("is missing; add it"),
    "enum": _no_choice,
    "literal_error": _no_choice,
    "bool_parsing": _YES,
    "bool_type": _YES,
    "int_parsing": _NUMBER,
    "int_type": _NUMBER,
    "string_type": _TEXT,
    "string_too_short": _fixed("is empty; write something"),
    "string_too_long": _fixed("is too long; write at most {max_length} characters"),
    "greater_than_equal": _fixed("must be at least {ge}"),
    "less_than_equal": _fixed("must be at most {le}"),
    "too_short": _fixed("needs at least {min_length}; add one"),
    "too_long": _fixed("has too many; keep at most {max_length}"),
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _BELOW,
    "model_type": _BELOW,
    "model_attributes_type": _BELOW,
}
