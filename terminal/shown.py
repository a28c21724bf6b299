"""How things look in a terminal: JSON for programs, tables and cards for people; no colour where nobody looks."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

#: How wide a table may be where no terminal says.
WIDE = 160

Document = Mapping[str, Any]


def console() -> Console:
    """Standard output; coloured only on a terminal."""
    return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False, emoji=False)


def say(words: str = "") -> None:
    """One line for people, as it is."""
    console().print(plain(words), soft_wrap=True)


def as_json(document: Any) -> None:
    """A document for programs: in ASCII, so that no terminal or pipe can spoil it."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def plain(value: object) -> Text:
    """Text that cannot move the cursor or colour the screen, whatever a customer wrote."""
    words = "" if value is None else str(value)
    return Text("".join(c if c.isprintable() or c == "\n" else "·" for c in words))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = ()) -> None:
    """A table; Chinese takes two columns a character, and is counted so."""
    shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        shown.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(plain(cell) for cell in row))
    console().print(shown)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on standard error for long work, where somebody looks; call it with how much is done, and of how much."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as shown:
        bar = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(bar, completed=done, total=total)


def when(instant: object, zone: tzinfo | None = None) -> str:
    """An instant in a time zone, left out: the terminal's own."""
    if not instant:
        return "–"
    return datetime.fromisoformat(str(instant)).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def amount(money: Document | None) -> str:
    """`12.00 CNY`, or a dash."""
    return f"{money['amount']} {money['currency']}" if money else "–"


def words(both: object, language: str = "en") -> str:
    """What is said in two languages, in one of them."""
    if isinstance(both, Mapping):
        return str(both.get(language) or next(iter(both.values()), ""))
    return "" if both is None else str(both)


# ── a case ────────────────────────────────────────────────────────────────────────────────────────


def card(case: Document, language: str) -> None:
    """A case on one screen: where it stands, who is awaited until when, money, lines, and what can be done."""
    about = f" · order {case['order_no']}" if case.get("order_no") else ""
    console().print(plain(f"{case['case_no']} · {case['kind']}{about}"), style="bold")
    grid = Table.grid(padding=(0, 3, 0, 2))
    for name, value in _facts(case, language):
        if value:
            grid.add_row(Text(name, style="dim"), plain(value))
    console().print(grid)


def _facts(case: Document, language: str) -> Iterable[tuple[str, str]]:
    yield "state", f"{case['state']} ({case['stage']}), waits for {case['waiting_for']}"
    yield "due", when(case.get("due_at")) + (f" · escalation {case['escalation']}" if case.get("escalation") else "")
    step = case.get("next_step") or {}
    yield "next step", words(step.get("text"), language)
    yield "why", words(step.get("why"), language)
    yield "otherwise", words(step.get("otherwise"), language)
    yield "owner", str(case.get("owner") or "nobody yet")
    yield "wanted", f"{case.get('wanted') or '–'}, remedy {case.get('remedy') or '–'}"
    yield "money", " · ".join(f"{name} {amount(value)}" for name, value in (case.get("money") or {}).items() if value)
    yield "lines", "\n".join(_line(line) for line in case.get("lines") or ())
    yield "payouts", "\n".join(f"{p['id']}  {p['purpose']} {amount(p['amount'])} {p['state']}" for p in _payouts(case))
    yield "clocks", "\n".join(_clock(clock) for clock in case.get("clocks") or () if clock["state"] in _LIVE)
    yield "description", str(case.get("description") or "")
    yield "can be done", ", ".join(row["action"] for row in case.get("actions") or () if row["allowed"])


#: States of a clock that goes on.
_LIVE = ("running", "paused")


def _payouts(case: Document) -> Sequence[Document]:
    found: Sequence[Document] = case.get("payouts") or ()
    return found


def _line(line: Document) -> str:
    found = f", {line['verdict']}: {line['cause']}, liable {line['party_liable']}" if line.get("verdict") else ""
    return f"{line['line_no']}: {line['quantity']} × {line['name']} ({line['sku']}){found}"


def _clock(clock: Document) -> str:
    used = round(100 * clock["used"] / clock["target"]) if clock["target"] else 0
    if clock.get("paused_since"):
        return f"{clock['clock']}: stands still since {when(clock['paused_since'])}, {used} % used"
    late = f", ran out ({clock['breached']['cause']})" if clock.get("breached") else ""
    alarm = clock.get("next_alarm")
    then = f"; next: {alarm['name']} {when(alarm['at'])}" if alarm else ""
    return f"{clock['clock']}: due {when(clock['due_at'])}, {used} % used{late}{then}"


def timeline(entries: Iterable[Document]) -> None:
    """Who did what, when, and why."""
    rows = (
        (
            entry["seq"],
            when(entry["at"]),
            f"{entry['actor']['role']}:{entry['actor']['id']}",
            entry["action"],
            f"{entry['from'] or ''} → {entry['to']}" if entry["to"] else "",
            entry["note"],
        )
        for entry in entries
    )
    table(("#", "when", "who", "what", "moved", "note"), rows, right=("#",))
