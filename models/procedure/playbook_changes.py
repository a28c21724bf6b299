"""What differs between two versions of a playbook, field by field."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from models.playbook import Playbook, flattened


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: `clocks.received.target` was this and is that; None where it is not there."""

    field: str
    before: Any
    after: Any


def changes(before: Playbook | None, after: Playbook) -> tuple[Change, ...]:
    """The fields in which `after` differs from `before`, by name; all of them when there was none before."""
    old = _fields(before) if before else {}
    return tuple(_differing("", old, _fields(after)))


def _fields(playbook: Playbook) -> dict[str, Any]:
    return {name: value for name, value in flattened(playbook).items() if name != "version"}


def _differing(path: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _differing(f"{path}.{name}" if path else name, old.get(name), new.get(name))
    elif _is_list(old) and _is_list(new) and any(isinstance(item, Mapping) for item in (*old, *new)):
        yield from _in_lists(path, old, new)
    else:
        yield Change(path, old, new)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _in_lists(path: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Change]:
    """Items are known by their content, so that one that was put in between does not change all behind it."""
    matched = SequenceMatcher(a=[_key(item) for item in old], b=[_key(item) for item in new], autojunk=False)
    for what, old_from, old_to, new_from, new_to in matched.get_opcodes():
        if what == "equal":
            continue
        for i in range(max(old_to - old_from, new_to - new_from)):
            before = old[old_from + i] if old_from + i < old_to else None
            after = new[new_from + i] if new_from + i < new_to else None
            place = new_from + i if after is not None else old_from + i
            yield from _differing(f"{path}.{place}", before, after)


def _key(item: Any) -> str:
    return json.dumps(item, sort_keys=True, ensure_ascii=False)
