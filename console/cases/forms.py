"""The form of an action, made from the JSON schema of its data; and the data, read back from what was typed.

A field's name is its place in the data (`lines.0.quantity`), which is also how refusals name it, so that what is
wrong is shown where it was typed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from console import labels
from models.commands import schema_of
from models.lifecycle import Action

#: Filled in by the desk, by another form, or by nobody at all here.
LEFT_OUT: Final = frozenset(
    {
        "procedure",
        "eligible",
        "needs_order",
        "preview_id",
        "handover",
        "version",
        "calendars",
        "photos",
        "uri",
        "sha256",
    }
)
#: Short for a list that the form has anyway.
SHORTHANDS: Final = {Action.MAKE_OFFER: frozenset({"amount"})}
#: Texts longer than this get more than one line.
SHORT: Final = 200
#: Where a field stands among the optional ones: what is asked first, and what is rarely said.
_PLACES: Final = {"amount": 1, "text": 2, "note": 3, "replacement": 8, "reduction_percent": 9, "reduction_reason": 9}
Choices = list[tuple[str, str]]
Say = Callable[..., str]


@dataclass(frozen=True)
class Field:
    """One field of a form. sort: text, long, amount, number, yes, choice, moment, list, rows, group."""

    name: str
    key: str
    label: str
    sort: str
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    value: str = ""
    error: str = ""
    fields: tuple["Field", ...] = ()
    rows: tuple[tuple[str, tuple["Field", ...]], ...] = ()


@dataclass(frozen=True)
class Known:
    """What a form knows beyond the schema: choices by field, rows to fill in, values to begin with."""

    say: Say
    choices: Mapping[str, Choices] = field(default_factory=dict)
    rows: Mapping[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    now_typed: bool = False


def fields_of(action: Action, known: Known) -> tuple[Field, ...]:
    """The fields of an action's form."""
    schema = schema_of(action)
    found = _fields(schema, schema, "", known)
    return tuple(one for one in found if one.key not in SHORTHANDS.get(action, ()))


def _fields(schema: Mapping[str, Any], root: Mapping[str, Any], prefix: str, known: Known) -> tuple[Field, ...]:
    required = set(schema.get("required", ()))
    found = []
    for key, given in schema.get("properties", {}).items():
        if key not in LEFT_OUT:
            found.append(_field(f"{prefix}{key}", key, _resolved(given, root), root, key in required, known))
    return tuple(sorted(found, key=lambda one: (not one.required, _PLACES.get(one.key, 5))))


def _field(
    name: str, key: str, schema: Mapping[str, Any], root: Mapping[str, Any], needed: bool, known: Known
) -> Field:
    label = known.say(labels.FIELDS[key]) if key in labels.FIELDS else key
    value = known.values.get(name, "" if known.now_typed else _default(schema))
    made = Field(name, key, label, _sort(schema), needed, value=value, error=known.errors.get(name, ""))
    if key in known.choices:
        sort = "picks" if made.sort == "list" else "choice"
        return _with(made, sort=sort, choices=tuple(known.choices[key]))
    if made.sort == "choice":
        told = [(str(one), known.say(labels.choice(key, str(one)))) for one in schema["enum"]]
        return _with(made, choices=tuple(told))
    if made.sort == "group":
        return _with(made, fields=_fields(schema, root, f"{name}.", known), error=_beneath(name, known))
    if made.sort == "scores":
        return _with(made, fields=_scores(name, schema, known))
    if made.sort == "rows":
        return _with(made, rows=_rows(name, key, _resolved(schema["items"], root), root, known))
    return made


def _with(one: Field, **changes: Any) -> Field:
    return Field(**{**one.__dict__, **changes})


def _rows(
    name: str, key: str, item: Mapping[str, Any], root: Mapping[str, Any], known: Known
) -> tuple[tuple[str, tuple[Field, ...]], ...]:
    """A row for each line of the case, or some empty ones."""
    given = known.rows.get(key) or [("", {})] * min(8, _last_row(name, known) + 2)
    rows = []
    for number, (title, start) in enumerate(given):
        began = {f"{name}.{number}.{k}": str(v) for k, v in start.items()}
        values = known.values if known.now_typed else {**began, **known.values}
        inner = Known(known.say, known.choices, {}, values, known.errors, known.now_typed)
        rows.append((title, _fields(item, root, f"{name}.{number}.", inner)))
    return tuple(rows)


def _last_row(name: str, known: Known) -> int:
    """The last row that has a value, or -1; one more is shown to be filled in."""
    numbers = (_row_number(key, name) for key in known.values)
    return max((number for number in numbers if number is not None), default=-1)


def _scores(name: str, schema: Mapping[str, Any], known: Known) -> tuple[Field, ...]:
    marks = tuple((str(n), str(n)) for n in range(1, 6))
    return tuple(
        Field(
            f"{name}.{key}",
            key,
            known.say(labels.FIELDS[key]),
            "choice",
            choices=marks,
            value=known.values.get(f"{name}.{key}", ""),
            error=known.errors.get(f"{name}.{key}", ""),
        )
        for key in schema["propertyNames"]["enum"]
    )


def _beneath(name: str, known: Known) -> str:
    return known.errors.get(name, "")


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without references and without the alternative of nothing."""
    if "$ref" in schema:
        found: Mapping[str, Any] = root["$defs"][schema["$ref"].rpartition("/")[2]]
        return {**found, **{k: v for k, v in schema.items() if k == "description"}}
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if options:
        return {**_resolved(options[0], root), **{k: v for k, v in schema.items() if k in ("description", "default")}}
    return schema


def _sort(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if "enum" in schema:
        return "choice"
    if kind == "array":
        return "rows" if "$ref" in schema.get("items", {}) else "list"
    if kind == "object":
        return "scores" if "propertyNames" in schema else "group"
    if schema.get("format") == "date-time":
        return "moment"
    if schema.get("description") == "an amount as a string" or schema.get("examples") == ["12.00"]:
        return "amount"
    return {"integer": "number", "boolean": "yes"}.get(
        str(kind), "long" if schema.get("maxLength", 0) > SHORT else "text"
    )


def _default(schema: Mapping[str, Any]) -> str:
    given = schema.get("default")
    if given is True:
        return "true"
    return "" if given in (None, False) or isinstance(given, (list, dict)) else str(given)


# ── and back ──────────────────────────────────────────────────────────────────────────────────────


def data_of(action: Action, typed: Mapping[str, list[str]], zone: ZoneInfo) -> dict[str, Any]:
    """The data of an action from what was typed; what was left empty is not there."""
    schema = schema_of(action)
    return _read(schema, schema, "", typed, zone)


def _read(
    schema: Mapping[str, Any], root: Mapping[str, Any], prefix: str, typed: Mapping[str, list[str]], zone: ZoneInfo
) -> dict[str, Any]:
    found = {}
    for key, given in schema.get("properties", {}).items():
        if key not in LEFT_OUT:
            value = _value(
                _resolved(given, root), root, f"{prefix}{key}", typed, zone, key in schema.get("required", ())
            )
            if value is not None:
                found[key] = value
    return found


def _value(
    schema: Mapping[str, Any],
    root: Mapping[str, Any],
    name: str,
    typed: Mapping[str, list[str]],
    zone: ZoneInfo,
    needed: bool,
) -> Any:
    sort, given = _sort(schema), [one for one in typed.get(name, []) if one.strip()]
    if sort == "rows":
        return _read_rows(_resolved(schema["items"], root), root, name, typed, zone) or ([] if needed else None)
    if sort == "group":
        found = _read(schema, root, f"{name}.", typed, zone)
        return found if _says_something(found, schema) else None
    if sort == "scores":
        marks = {key: typed.get(f"{name}.{key}", [""])[0] for key in schema["propertyNames"]["enum"]}
        return {key: _number(mark) for key, mark in marks.items() if mark} or None
    if sort == "list":
        return [line.strip() for one in given for line in one.splitlines() if line.strip()] or ([] if needed else None)
    if sort == "yes":
        return _yes(given, needed, schema.get("default"))
    return _single(sort, given[0].strip(), zone) if given else None


def _yes(given: list[str], needed: bool, default: Any) -> bool | None:
    """A tick is sent or not; where not to say anything is an answer of its own, it is a choice of three."""
    if given:
        return given[-1] in ("true", "on")
    return None if needed or default is not True else False


def _read_rows(
    item: Mapping[str, Any], root: Mapping[str, Any], name: str, typed: Mapping[str, list[str]], zone: ZoneInfo
) -> list[dict[str, Any]]:
    numbers = sorted({int(part) for key in typed for part in [_row_number(key, name)] if part is not None})
    rows = []
    for number in numbers:
        if typed.get(f"{name}.{number}.-", ["on"])[-1] == "off":
            continue  # the line's tick was taken away
        row = _read(item, root, f"{name}.{number}.", typed, zone)
        if _says_something(row, item):
            rows.append(row)
    return rows


def _says_something(values: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether anything was said beyond what stood there."""
    standing = {key: one.get("default") for key, one in schema["properties"].items()}
    return any(value not in (None, "", False, standing.get(key)) for key, value in values.items())


def _row_number(key: str, name: str) -> int | None:
    rest = key.removeprefix(f"{name}.")
    head = rest.partition(".")[0]
    return int(head) if rest != key and head.isdecimal() and len(head) < 4 else None


def _single(sort: str, text: str, zone: ZoneInfo) -> Any:
    if sort == "number":
        return _number(text)
    if sort == "moment":
        return _moment(text, zone)
    return text


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text  # the model says what is wrong with it


def _moment(text: str, zone: ZoneInfo) -> str:
    """A time of day on the reader's clock, as an instant."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo else at.replace(tzinfo=zone)).isoformat()


def typed_of(items: Iterable[tuple[str, Any]]) -> dict[str, list[str]]:
    """What a form sent, by field."""
    found: dict[str, list[str]] = {}
    for key, value in items:
        if isinstance(value, str):
            found.setdefault(key, []).append(value)
    return found


def kept(typed: Mapping[str, list[str]]) -> dict[str, str]:
    """The same, to be shown again."""
    return {key: "\n".join(values) if len(values) > 1 else values[0] for key, values in typed.items()}
