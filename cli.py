"""The command line: `aftercare …`.

The commands that the contract names work by themselves; all others speak HTTP to the API that runs. Whatever goes
wrong is one line on standard error. Exit codes: 0 done, 1 refused or failed, 2 wrongly called, 130 interrupted.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NoReturn

import typer

from models.errors import AftercareError
from terminal import (
    bulk,
    calendars,
    callbacks,
    cases,
    duty,
    hooks,
    keeping,
    letters,
    links,
    parcels,
    playbooks,
    reports,
    schedules,
    stock,
    users,
    warranty,
    webhooks,
)

app = typer.Typer(
    name="aftercare",
    help="The after-sales desk for online sellers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("aftercare"))
        raise typer.Exit


@app.callback()
def everywhere(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version it is.")
    ] = False,
) -> None:
    """The after-sales desk for online sellers."""


money = typer.Typer(help="Amounts in minor units.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
PIPE_CLOSED = 141  # what a shell calls an end by SIGPIPE


# ── processes ─────────────────────────────────────────────────────────────────────────────────────


@app.command()
def up() -> None:
    """Run everything on this machine: store, Temporal, worker and API. Ctrl-C stops it."""
    from settings import load_settings
    from terminal import running

    running.until_done(running.up(load_settings()))


@app.command()
def demo(
    orders: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own export: a case for each of its returns.", exists=True)
    ] = None,
    format: Annotated[str, typer.Option(help="Of that file; online-retail shows returns.")] = "online-retail",
    keep: Annotated[bool, typer.Option("--keep", help="Keep the data folder, and say where it is.")] = False,
) -> None:
    """The main job end to end, on free ports and in a temporary folder."""
    from demo import run_demo

    if not run_demo(orders, format, keep):
        raise typer.Exit(1)


@app.command()
def worker() -> None:
    """A worker by itself, on the Temporal of TEMPORAL_*, or on the one that 'up' runs."""
    from settings import load_settings
    from terminal import running

    running.until_done(running.worker(load_settings()))


@app.command()
def api() -> None:
    """The HTTP API by itself."""
    from terminal import running

    running.api()


@app.command()
def doctor(json: AsJson = False) -> None:
    """Look at every part, and say what to do about those that are not well."""
    from dataclasses import asdict

    from terminal import shown
    from terminal.doctor import examine

    found = []
    for finding in examine():
        found.append(finding)
        if not json:
            mark = "WARN" if finding.warns else "ok  " if finding.well else "FAIL"
            shown.say(f"{mark} {finding.part:<17} {finding.words}")
    if json:
        shown.as_json({"items": [asdict(finding) for finding in found], "next_cursor": None})
    if not all(finding.well for finding in found):
        raise typer.Exit(1)


# ── looking things up ─────────────────────────────────────────────────────────────────────────────


@app.command()
def lifecycle(format: Annotated[str, typer.Option(help="text, mermaid or svg.")] = "text") -> None:
    """The life of a case: its states, and what leads from one to another."""
    from api.drawings.lifecycle import DRAWINGS

    if format not in DRAWINGS:
        raise typer.BadParameter(f"choose {', '.join(DRAWINGS)}.", param_hint="--format")
    sys.stdout.buffer.write(DRAWINGS[format]().encode())


# ── one question a line ───────────────────────────────────────────────────────────────────────────


@calendars.calendar.command("calc")
def calc_calendar() -> None:
    """Answer questions about working time: JSON lines on standard input, an answer a line."""
    from models.business_time import calc

    answer_lines(calc, sys.stdin.buffer, sys.stdout.buffer)


@money.command("split")
def split_money() -> None:
    """Split amounts by largest remainder (F13): {"total", "weights"} a line on standard input, an answer a line."""
    from models.money import split_line

    answer_lines(split_line, sys.stdin.buffer, sys.stdout.buffer)


@money.command("audit")
def audit_money(json: AsJson = False) -> None:
    """Prove that pots, moves, payouts, ledger and cases of all orders agree within every cap; name what does not."""
    from terminal import keeping, shown

    found = keeping.audited()
    if json:
        shown.as_json(found.model_dump(mode="json"))
    else:
        shown.table(
            ("book", "order", "case", "what is wrong"),
            ((one.sort, one.order_no or "", one.case_no or "", one.detail) for one in found.findings),
        )
        told = f"{found.orders} orders, {found.cases} cases, {found.payouts} payouts, {found.postings} postings"
        shown.say(f"{told}: {len(found.findings) or 'nothing'} that does not agree.")
    if found.findings:
        raise typer.Exit(1)


def answer_lines(answer: Callable[[object], Any], questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer every line with a line, also those that cannot be read."""
    for line in questions:
        answers.write(json.dumps(_answer(answer, line)).encode() + b"\n")
        answers.flush()  # whoever asks one line at a time waits for it


def _answer(answer: Callable[[object], Any], line: bytes) -> Any:
    try:
        question = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "the line is not JSON"}
    try:
        return answer(question)
    except Exception as fault:
        # A question that nobody thought of must not cost the answers to the lines behind it.
        return {"error": f"the question cannot be answered ({type(fault).__name__})"}


# ── the whole, and the one way out ────────────────────────────────────────────────────────────────


app.add_typer(cases.order, name="order")
cases.case.command("link")(links.link)
app.add_typer(cases.case, name="case")
app.command("stuck")(cases.stuck)
app.add_typer(parcels.parcel, name="parcel")
app.add_typer(bulk.bulk, name="bulk")
app.command("report")(reports.report)
app.command("inbox")(letters.inbox)
app.add_typer(letters.notify, name="notify")
app.add_typer(duty.duty, name="duty")
app.add_typer(playbooks.playbook, name="playbook")
app.add_typer(keeping.token, name="token")
app.add_typer(users.user, name="user")
app.add_typer(keeping.db, name="db")
app.add_typer(schedules.schedules, name="schedules")
app.add_typer(callbacks.callbacks, name="callbacks")
app.add_typer(stock.stock, name="stock")
app.add_typer(warranty.warranty, name="warranty")
app.add_typer(calendars.calendar, name="calendar")
app.add_typer(hooks.hooks, name="hooks")
app.add_typer(webhooks.webhooks, name="webhooks")
app.add_typer(money, name="money")


def run(arguments: Sequence[str]) -> int:
    """Carry out a command and answer its exit code; whatever goes wrong is told in one line."""
    try:
        app(list(arguments), prog_name="aftercare")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return PIPE_CLOSED
    except Exception as trouble:
        for line in _told(trouble):
            print(f"aftercare: {line}", file=sys.stderr)
        return 1
    return 0


def _told(trouble: BaseException) -> Iterator[str]:
    """The one line about an error; a group of them is told by its first."""
    while isinstance(trouble, BaseExceptionGroup):
        trouble = trouble.exceptions[0]
    if isinstance(trouble, AftercareError):
        allowed = trouble.extra.get("allowed_actions")
        more = f" Allowed now: {', '.join(allowed)}." if allowed else ""
        yield _one_line(f"{trouble.detail}{more}")
    elif isinstance(trouble, OSError):
        yield _one_line(f"{trouble.strerror or trouble}{f': {trouble.filename}' if trouble.filename else ''}")
    elif type(trouble).__module__.startswith("sqlalchemy"):
        yield _one_line(f"The database cannot be used: {getattr(trouble, 'orig', None) or trouble}")
    else:
        yield _one_line(f"A fault of the program itself: {type(trouble).__name__}: {trouble}")


def _one_line(words: str) -> str:
    first = " ".join(line.strip() for line in words.splitlines() if line.strip())
    return "".join(c if c.isprintable() else "·" for c in first)[:2000]


def leave(code: int) -> NoReturn:
    """End the process with its true exit code.

    Temporal's native threads can crash the interpreter while it shuts down, after all work is done (sdk-python#300);
    that would turn success into a crash. So nothing is left to the interpreter's own end.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or PIPE_CLOSED
    if "temporalio" in sys.modules:
        gc.collect()
        time.sleep(0.3)
    os._exit(code)


def main() -> NoReturn:
    """The program."""
    # What is loaded now stays, and looking through it for garbage would take a quarter of the time that loading takes.
    gc.set_threshold(50_000, 20, 50)
    leave(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
