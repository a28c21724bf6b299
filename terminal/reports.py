"""`report`: the reports of T13 on the command line; it speaks HTTP to the API that runs."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from models.errors import Invalid

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
Day = Annotated[str | None, typer.Option(metavar="DATE")]


def report(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="monthly, remedies, clocks, staff, causes, weekly or sample.")
    ],
    month: Annotated[str | None, typer.Option(help="Such as 2026-10; this month where nothing is named.")] = None,
    week: Annotated[str | None, typer.Option(help="Such as 2026-W47, from Monday.")] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="The first day, with --to.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="The last day.")] = None,
    kept: Annotated[bool, typer.Option("--kept", help="The month as it was kept on the first of the next.")] = False,
    cell: Annotated[str | None, typer.Option(help="The cases behind a number, by the cell that --json names.")] = None,
    limit: Annotated[int, typer.Option(help="The most cases to show with --cell.", min=1, max=100_000)] = 50,
    csv: Annotated[bool, typer.Option("--csv", help="One row per number, for a spreadsheet.")] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Save it drawn, light and dark.")] = None,
    json: AsJson = False,
) -> None:
    """A report: cases, remedies, cost, clocks, callbacks and scores of a month, a week or any days (T13)."""
    from terminal import remote, shown

    if json + csv + (svg is not None) > 1:
        raise Invalid("Choose one of --json, --csv and --svg.")
    span = {"month": month, "week": week, "from": first, "to": last}
    address = f"/reports/{quote(name, safe='')}"
    with remote.remote() as api:
        if cell is not None:
            _cases(api.pages(f"{address}/cases", limit, cell=cell, **span), json)
        elif csv:
            typer.echo(api.file(address, format="csv", kept=kept or None, **span)[0].decode("utf-8-sig"), nl=False)
        elif svg is not None:
            drawn, _ = api.file(address, format="svg", language=_language(), kept=kept or None, **span)
            svg.write_bytes(drawn)
            shown.say(f"{svg} is saved.")
        else:
            made = api.get(address, kept=kept or None, **span)
            shown.as_json(made) if json else _tables(made)


def _cases(page: dict[str, Any], json: bool) -> None:
    from terminal import shown

    if json:
        shown.as_json(page)
        return
    columns = ("case_no", "kind", "state", "staff", "remedy", "opened_at", "ended_at")
    shown.table(columns, ([one[column] for column in columns] for one in page["items"]))
    shown.say(f"{page['total']} in all." if page["next_cursor"] is None else f"{page['total']} in all: --limit.")


def _tables(made: dict[str, Any]) -> None:
    from terminal import shown

    language = _language()
    over = "" if made["complete"] else (" · 本期未结束" if language == "zh" else " · not over yet")
    shown.say(f"{made['report']} · {made['period']} · {made['timezone']}{over}")
    if made["note"]:
        shown.say(made["note"][language])
    for part in made["sections"]:
        if part["rows"]:
            _section(part, language)


def _section(part: dict[str, Any], language: str) -> None:
    from terminal import shown

    dims = [one["name"] for one in part["dimensions"]]
    numbers = [one["name"] for one in part["numbers"]]
    titles = [one["title"][language] for one in (*part["dimensions"], *part["numbers"])]
    shown.say()
    shown.say(part["title"][language])
    rows = (
        [*(_word(one["of"][dim]) for dim in dims), *(_value(one["values"][name]) for name in numbers)]
        for one in part["rows"]
    )
    shown.table(tuple(titles), rows, right=tuple(titles[len(dims) :]))
    if "rule" in part:
        shown.say(part["rule"][language])


def _word(value: object) -> str:
    return "-" if value is None else str(value)


def _value(value: Any) -> str:
    return f"{value['amount']} {value['currency']}" if isinstance(value, dict) else _word(value)


def _language() -> str:
    from settings import load_settings

    return "zh" if load_settings().locale.startswith("zh") else "en"
