"""Commands about playbooks: what a changed one would have decided, putting it into force, and who did so before.

They work on the shop's database and folder, and need no running API.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import Invalid, NotFound

if TYPE_CHECKING:  # heavy: only the commands that need them wait for them
    from api.procedure.publishing import Compared, Place, Published
    from models.procedure.playbook_changes import Change
    from playbooks.loading.load import Playbooks
    from store.procedure.playbooks import Act

playbook = typer.Typer(help="Playbooks: how each kind of case is handled.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
TheFile = Annotated[Path, typer.Argument(metavar="FILE", help="A changed <kind>.yaml.", exists=True, dir_okay=False)]

_SPAN = re.compile(r"([1-9][0-9]{0,3})(h|d|w)", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
#: Fields that are lengths of time, and those that hold several by name.
_LENGTHS = ("target", "remind", "acknowledge_timeout", "acknowledge", "wait")
_LENGTHS_BY_NAME = ("by_zone", "by_severity", "by_priority")
#: More of a changed text than this is not shown in a table.
_SHOWN = 60


@playbook.command("check")
def check_playbooks(
    folder: Annotated[Path | None, typer.Argument(metavar="[FOLDER]", help="Default: those in force.")] = None,
    json: AsJson = False,
) -> None:
    """Check the playbooks of a folder; every mistake is named with its file, line and field."""
    from playbooks.loading.load import check_folder, load_playbooks
    from playbooks.loading.notices import warnings
    from terminal import shown

    place = folder or _folder()
    problems = check_folder(place)
    told = () if problems else warnings(load_playbooks(place), datetime.now(UTC))
    if json:
        items = [problem._asdict() for problem in problems]
        shown.as_json({"items": items, "next_cursor": None, "warnings": list(told)})
    else:
        shown.say("\n".join(str(problem) for problem in problems) or f"The playbooks in {place} can be used.")
        for words in told:
            shown.say(f"WARNING: {words}.")
    if problems:
        raise typer.Exit(1)


@playbook.command("show")
def show_playbook(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="One of them, in full.")] = None,
    json: AsJson = False,
) -> None:
    """Which playbooks are in force; with a kind, the whole of it."""
    from playbooks.loading.load import load_playbooks
    from terminal import shown

    found = load_playbooks(_folder())
    if kind is not None:
        shown.as_json(found.get(kind).as_document())
        return
    books = found.kinds.values()
    if json:
        rows = [{"kind": book.kind, "version": book.version, "names": book.names.model_dump()} for book in books]
        shown.as_json({"items": rows, "next_cursor": None})
        return
    lines = ((book.kind, book.names.zh, book.names.en, book.version) for book in books)
    shown.table(("kind", "中文", "English", "version"), lines)


@playbook.command("draw")
def draw_playbook(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Such as quality_fault.")],
    format: Annotated[str, typer.Option(help="text, mermaid or svg.")] = "text",
) -> None:
    """The road of a kind: where its steps lead, and what those answer who are awaited meanwhile."""
    from api.drawings.road import DRAWINGS
    from api.procedure.roads import road
    from playbooks.loading.load import load_playbooks

    if format not in DRAWINGS:
        raise typer.BadParameter(f"choose {', '.join(DRAWINGS)}.", param_hint="--format")
    book = load_playbooks(_folder()).get(kind)
    sys.stdout.buffer.write(DRAWINGS[format](road(book)).encode())


@playbook.command("try")
def try_playbook(
    file: TheFile,
    on: Annotated[str, typer.Option(metavar="SPAN", help="Cases opened in the last 30d, 4w, 12h …")] = "30d",
    json: AsJson = False,
) -> None:
    """What a changed playbook would have decided on past cases, and where it differs. Nothing is written."""
    from api.procedure.trial import trial
    from store.engine import reading
    from terminal import places, shown

    span, now = span_of(on), datetime.now(UTC)
    changed = _candidate(file)
    with places.database() as engine, reading(engine) as session, shown.progress(f"Trying {file.name}") as told:
        tried = trial(session, file.stem, changed, now - span, now, lambda done: told(done, None))
    document = tried.as_document()
    if json:
        shown.as_json(document)
        return
    _show_differing(document["items"])
    for line in _summary(document, on):
        shown.say(line)


@playbook.command("publish")
def publish_playbook(
    file: TheFile,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who puts it into force.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
    json: AsJson = False,
) -> None:
    """Put a changed playbook into force: checked, compared, copied into the shop's folder, and recorded."""
    from api.procedure import publishing
    from playbooks.loading.candidate import kind_of
    from terminal import places, shown

    place, who, why = published_into(), written("--by", by), written("--reason", reason)
    _ = place.to_publish  # whether there is a folder to publish into is said before anything else
    kind_of(file.name)
    content = file.read_bytes()
    with places.database() as engine:
        in_force = None if _is_there(file, place.folder) else publishing.current(place)
        asked = publishing.compared(engine, place, file.name, content, in_force)
        if not json:
            _show_changes(asked.fields)
            make_sure(asked, bool(asked.fields) and not yes, file.stem)
        done = publishing.publish(engine, place, asked, content, who, why, datetime.now(UTC))
    if json:
        shown.as_json({"kind": file.stem, **as_told(done), "changes": [asdict(change) for change in asked.fields]})
    else:
        shown.say(f"{file.stem} is in force in version {done.after}; open cases keep the one they have.")


def make_sure(asked: "Compared", new: bool, name: str) -> None:
    """Ask on a terminal before something new goes into force."""
    if new and sys.stdin.isatty() and sys.stdout.isatty():
        typer.confirm(f"Put version {asked.after} of {name} into force?", abort=True)


def as_told(done: "Published") -> dict[str, Any]:
    """What went into force, for JSON."""
    told = {name: getattr(done, name) for name in ("number", "before", "after", "by", "reason")}
    return {**told, "at": done.at.isoformat()}


def _is_there(file: Path, folder: Path) -> bool:
    return file.resolve() == (folder / file.name).resolve()


@playbook.command("history")
def show_history(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Such as quality_fault.")], json: AsJson = False
) -> None:
    """The versions of a playbook, and who put which of them into force when and why."""
    from store.engine import reading
    from store.procedure import playbooks as kept
    from terminal import places, shown

    with places.database() as engine, reading(engine) as session:
        acts, versions = kept.acts(session, kind), kept.used(session, kind)
    if not acts and not versions:
        raise NotFound(f"Nothing is known of a playbook '{kind}': no case was opened with it, and nobody published it.")
    if json:
        told = [_act(act) for act in acts]
        known = [{**asdict(one), "since": one.since.isoformat()} for one in versions]
        shown.as_json({"kind": kind, "acts": told, "versions": known})
        return
    rows = ((act.number, shown.when(act.at.isoformat()), act.before, act.after, act.by, act.reason) for act in acts)
    shown.table(("#", "when", "before", "after", "by", "reason"), rows, right=("#",))
    shown.say()
    lines = ((one.version, shown.when(one.since.isoformat()), one.open_cases, one.cases) for one in versions)
    shown.table(("version", "kept since", "open cases", "cases"), lines, right=("open cases", "cases"))


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def span_of(text: str) -> timedelta:
    """`30d`, `4w` or `12h` as a span. Anything else is a wrong use of the option, and ends with code 2."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text}: write a number with h, d or w, such as 30d.", param_hint="--on")
    return int(found[1]) * _UNITS[found[2]]


def written(option: str, text: str) -> str:
    """What an option says. Raises Invalid for nothing."""
    if not text.strip():
        raise Invalid(f"{option} is empty: write something that somebody will understand next year.")
    return text.strip()


def _folder() -> Path:
    from playbooks.loading.load import SHIPPED
    from settings import load_settings

    return load_settings().playbooks_in_use or SHIPPED


def published_into() -> "Place":
    """Where playbooks and calendars are. Raises NotFound for a folder that is named and not there."""
    from api.procedure.publishing import Place
    from settings import load_settings

    settings, folder = load_settings(), _folder()
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}: create it, or correct AFTERCARE_PLAYBOOKS.")
    return Place(folder, settings.own_playbooks)


def _candidate(file: Path, folder: Path | None = None) -> "Playbooks":
    from playbooks.loading.candidate import with_file

    return with_file(folder or _folder(), file)


# ── showing ───────────────────────────────────────────────────────────────────────────────────────


def _act(act: "Act") -> dict[str, Any]:
    return {**asdict(act), "at": act.at.isoformat()}


def _show_changes(found: "tuple[Change, ...]") -> None:
    from terminal import shown

    rows = ((one.field, _told(one.field, one.before), _told(one.field, one.after)) for one in found)
    shown.table(("field", "was", "is"), rows)


def _told(field: str, value: Any) -> str:
    """A value as people write it: lengths of time with their units."""
    *above, name = field.split(".")
    is_length = name in _LENGTHS or (above and above[-1] in _LENGTHS_BY_NAME)
    return _length(value) if is_length and isinstance(value, int) else _short(value)


def _length(seconds: int) -> str:
    """`2d`, `8h30m`, `45s`."""
    parts = [(seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def _short(value: Any) -> str:
    text = "–" if value is None else value if isinstance(value, str) else dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _show_differing(items: list[Mapping[str, Any]]) -> None:
    from terminal import shown

    columns = ("case", "opened", "eligible", "first step", "first remedy", "comes to", "deadlines", "was chosen")
    rows = (
        (
            one["case_no"],
            shown.when(one["opened_at"]),
            _turned(one["then"]["eligible"], one["now"]["eligible"]),
            _turned(one["then"]["step"]["action"] or "wait", one["now"]["step"]["action"] or "wait"),
            _turned(one["then"]["remedy"], one["now"]["remedy"]),
            _turned(_money(one["then"]), _money(one["now"])),
            "\n".join(_deadline(d) for d in one["deadlines"] if d["due_then"] != d["due_now"]),
            one["chosen"],
        )
        for one in items
    )
    if items:
        shown.table(columns, rows)


def _turned(then: str, now: str) -> str:
    return then if then == now else f"{then} → {now}"


def _money(decided: Mapping[str, Any]) -> str:
    found = decided["money"]
    if found is None:
        return "–"
    names = [name for name in ("refund", "freight", "customer_owes") if found[name].strip("0.")]
    return ", ".join(f"{name.replace('_', ' ')} {found[name]}" for name in names) or "nothing"


def _deadline(one: Mapping[str, Any]) -> str:
    from terminal import shown

    now = shown.when(one["due_now"]) if one["due_now"] else "does not run"
    return f"{one['clock']}: {shown.when(one['due_then'])} → {now}"


def _summary(document: Mapping[str, Any], on: str) -> Iterator[str]:
    by = ", ".join(f"{name} {count}" for name, count in document["by"].items())
    cases = "1 case" if document["cases"] == 1 else f"{document['cases']} cases"
    yield f"{cases} of the last {on}, {document['differ']} that would differ{f': {by}' if by else ''}."
    for currency, sums in document["money"].items():
        yield f"{currency}: to customers {_signed(sums['to_customer'])}, owed by them {_signed(sums['customer_owes'])}."
    late = document["late"]
    if late["then"] or late["now"]:
        yield f"Clocks that were late: {late['then']}; under this playbook: {late['now']}."
    for one in document["left_out"]:
        yield f"{one['case_no']} is left out: {one['reason']}"


def _signed(amount: str) -> str:
    return amount if amount.startswith("-") else f"+{amount}"
