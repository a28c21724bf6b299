"""The tables of these pages that are made from code: `python -m docs.tables` writes them anew.

A page keeps its table between two marks, and the tests compare it with what this file makes of the code today. The
pictures of the kinds' roads in roads/ are written with them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from docs import kinds, reference, reports
from docs.cells import names, table
from models.lifecycle import ARROWS, FINAL, OPEN, ROLES, STAGE, WAITS_FOR, Action, Arrow, State, actions_in
from settings import PREFIX, Settings

PAGES = Path(__file__).parent

#: Exceptions to WAITS_FOR that depend on the case.
_SOMETIMES = {
    State.INVESTIGATING: "warehouse, courier, recipient or department: the check says",
    State.AWAITING_PAYMENT: "customer; finance once the customer says that it is paid",
    State.REFUNDING: "finance; the customer while an account is missing",
}


# ── settings ──────────────────────────────────────────────────────────────────────────────────────


def settings_table() -> str:
    """Every setting with its default and its sentence."""
    rows = (
        (f"`{PREFIX}{name.upper()}`", _default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    )
    return table(("setting", "default", "says"), rows)


def _default(value: object) -> str:
    return "–" if value is None else f"`{value}`"


# ── states and actions ────────────────────────────────────────────────────────────────────────────


def states_table() -> str:
    """Every state, whom it waits for, and what can be done in it beyond what can be done everywhere."""
    rows = (
        (f"`{state}`", STAGE[state].replace("_", "-"), _SOMETIMES.get(state, WAITS_FOR[state]), names(_own(state)))
        for state in State
    )
    return table(("state", "stage", "waits for", "what can be done"), rows)


def everywhere() -> str:
    """The actions that are possible in every open state, as a sentence's worth of names."""
    return names(_common()) + "\n"


def _common() -> tuple[Action, ...]:
    return tuple(action for action in Action if all(action in actions_in(state) for state in OPEN))


def _own(state: State) -> Iterator[Action]:
    common = set() if state in FINAL else set(_common())
    return (action for action in actions_in(state) if action not in common)


def actions_table() -> str:
    """Every action, who may do it, and where it leads."""
    rows = ((f"`{action}`", " ".join(ROLES[action]), _ways(action)) for action in Action)
    return table(("action", "who", "from → to"), rows)


def _ways(action: Action) -> str:
    """Where an action leads, arrows with the same sources together, in the order in which they are tried."""
    grouped: dict[tuple[State, ...], list[Arrow]] = {}
    for arrow in ARROWS:
        if arrow.action is action:
            grouped.setdefault(arrow.sources, []).append(arrow)
    return "<br>".join(f"{_sources(begin)} → {', '.join(map(_target, ways))}" for begin, ways in grouped.items())


def _sources(sources: tuple[State, ...]) -> str:
    if set(sources) == set(OPEN):
        return "any open"
    missing = [state for state in OPEN if state not in sources]
    if len(missing) <= 4 and set(sources) <= set(OPEN):
        return f"any open but {', '.join(missing)}"
    return ", ".join(sources)


def _target(arrow: Arrow) -> str:
    target = f"`{arrow.target}`" if arrow.target else "stays"
    return f"{target} ({_condition(arrow)})" if arrow.guard else target


def _condition(arrow: Arrow) -> str:
    assert arrow.guard is not None
    return (arrow.label or arrow.guard.__name__).replace("_", " ")


# ── pages ─────────────────────────────────────────────────────────────────────────────────────────

TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "kinds.md": {"kinds": kinds.list_of_kinds, "each kind": kinds.pages},
    "operations.md": {"settings": settings_table},
    "playbook-reference.md": {
        "fields of a file": reference.file_table,
        "fields of the parts": reference.parts_tables,
        "facts": reference.facts_table,
        "outcomes": reference.outcomes_table,
        "words of side clocks": reference.words_table,
        "variables": reference.variables_table,
        "manners": reference.manners_table,
        "mistakes": reference.mistakes_table,
    },
    "reports.md": {"numbers": reports.numbers_table},
    "states.md": {"states": states_table, "everywhere": everywhere, "actions": actions_table},
}


def marks(name: str) -> tuple[str, str]:
    """The marks around a table."""
    return f"<!-- made from code: {name} -->\n", f"<!-- end of {name} -->\n"


def renewed(page: str, text: str) -> str:
    """The text of a page with its tables as the code has them today."""
    for name, made in TABLES[page].items():
        begin, end = marks(name)
        before, rest = text.split(begin)
        text = before + begin + "\n" + made() + "\n" + end + rest.split(end)[1]
    return text


def drawings() -> dict[str, str]:
    """The pictures that are made from code, by their file."""
    return kinds.drawings()


def renew() -> None:
    """Write every table and every picture anew; pictures of kinds that are no more are taken away."""
    for page in TABLES:
        file = PAGES / page
        file.write_text(renewed(page, file.read_text(encoding="utf-8")), encoding="utf-8")
    (PAGES / "roads").mkdir(exist_ok=True)
    for name, drawn in drawings().items():
        (PAGES / name).write_text(drawn, encoding="utf-8")
    for name in kinds.left_over():
        (PAGES / "roads" / name).unlink()


if __name__ == "__main__":
    renew()
