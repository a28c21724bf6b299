"""Rules for what a kind's own file writes, as against what it takes over: from the defaults, or by `like`.

A script or a step that is taken over may be meant for other kinds, so only those that the file writes itself have to
be of use in it.
"""

from collections.abc import Iterable, Iterator

from playbooks.loading.lengths import Path, nearest
from playbooks.loading.reading import Node

#: Where something is, what is written there, and what is wrong with it.
Written = tuple[Path, Node, str]


def scripts_used(books: Iterable[Node]) -> set[str]:
    """The scripts that the steps of playbooks name, those of all their sorts of case."""
    named = ("first_steps", "steps", "general_steps")
    lists = {id(steps): steps for merged in books for _, steps in _lists(merged, *named)}
    used = (_field(step, "script") for steps in lists.values() for step in _items(steps))
    return {script.value for script in used if script and isinstance(script.value, str)}


def unused_scripts(merged: Node, used: Iterable[str]) -> Iterator[Written]:
    """Scripts that are for no state, and that no step names."""
    for path, layer in _layers(merged):
        for name, script in _fields(_field(layer, "scripts")):
            if name not in used:
                yield (*path, "scripts", name), script, f"is no state, and no step uses it; {nearest(name[:60], used)}"


def asked_in_vain(merged: Node) -> Iterator[Written]:
    """Steps that wait for a subcategory or a check that the playbook does not have."""
    known = {"subcategory": _subcategories(merged) | {"none"}, "next_check": _checks(merged) | {"none"}}
    for path, step in _steps(merged, "steps"):
        for fact, asked in _fields(_field(step, "when")):
            for value in _words(asked) if fact in known else ():
                if value not in known[fact]:
                    told = f"{fact} is never {value[:60]}; {nearest(value[:60], known[fact])}"
                    yield (*path, "when", fact), asked, told


# ── looking into nodes ────────────────────────────────────────────────────────────────────────────


def _layers(merged: Node) -> Iterator[tuple[Path, Node]]:
    """The fields of a file and those of its changes, each with where they stand."""
    yield (), merged
    for number, sub in enumerate(_items(_field(merged, "subcategories"))):
        if changes := _field(sub, "changes"):
            yield ("subcategories", number, "changes"), changes
    for name, variant in _fields(_field(merged, "variants")):
        if changes := _field(variant, "changes"):
            yield ("variants", name, "changes"), changes


def _field(node: Node | None, name: str) -> Node | None:
    return node.value.get(name) if node and isinstance(node.value, dict) else None


def _fields(node: Node | None) -> Iterable[tuple[str, Node]]:
    return node.value.items() if node and isinstance(node.value, dict) else ()


def _items(node: Node | None) -> list[Node]:
    return node.value if node and isinstance(node.value, list) else []


def _words(node: Node | None) -> list[str]:
    """One word, or a list of them."""
    if node and isinstance(node.value, str):
        return [node.value]
    return [item.value for item in _items(node) if isinstance(item.value, str)]


def _lists(merged: Node, *groups: str) -> Iterator[tuple[Path, Node]]:
    for path, layer in _layers(merged):
        for group in groups:
            if steps := _field(layer, group):
                yield (*path, group), steps


def _steps(merged: Node, *groups: str) -> Iterator[tuple[Path, Node]]:
    for path, steps in _lists(merged, *groups):
        yield from (((*path, number), step) for number, step in enumerate(_items(steps)))


def _subcategories(merged: Node) -> set[str]:
    return {key for sub in _items(_field(merged, "subcategories")) for key in _words(_field(sub, "key"))}


def _checks(merged: Node) -> set[str]:
    return {check for _, layer in _layers(merged) for check in _words(_field(layer, "checks"))}
