"""Commands about callbacks: they speak HTTP to the API that runs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

callbacks = typer.Typer(help="Callbacks: who is to be called, and what came of it.", invoke_without_command=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")]
Channel = Annotated[str | None, typer.Option(help="phone, message or visit.")]


@callbacks.callback()
def list_due(
    context: typer.Context,
    due: Annotated[str, typer.Option(help="all, today or overdue.")] = "all",
    person: Annotated[str | None, typer.Option(help="Only those of this person's cases.")] = None,
    occasion: Annotated[str | None, typer.Option(help="after_remedy, periodic, or one of callbacks.yaml.")] = None,
    limit: Annotated[int, typer.Option(help="The most rows to show.", min=1, max=100_000)] = 50,
    json: AsJson = False,
) -> None:
    """Callbacks to be made, those of longest ago first, with the hours in which people are best reached."""
    if context.invoked_subcommand is not None:
        return
    from terminal import remote, shown

    with remote.remote() as api:
        page = api.pages("/callbacks", limit, due=due, person=person, occasion=occasion)
    if json:
        shown.as_json(page)
        return
    columns = ("id", "occasion", "case or order", "of", "due", "tries", "best reached")
    shown.table(columns, (_row(row) for row in page["items"]), right=("tries",))
    people = " · ".join(f"{name or 'nobody'} {count}" for name, count in page["by_person"].items())
    told = f"{page['total']} callbacks, {page['overdue']} overdue" if page["total"] else "No callbacks are to be made."
    shown.say(f"{told}: {people}" if people else told)
    if page["next_cursor"]:
        shown.say("There are more: ask for them with --limit.")


def _row(row: "Mapping[str, Any]") -> tuple[object, ...]:
    from settings import load_settings
    from terminal import shown

    language = "zh" if load_settings().locale.startswith("zh") else "en"
    hours = ", ".join(f"{opens}-{closes}" for opens, closes in row["good_hours"])
    late = " (overdue)" if row["overdue"] else ""
    about = row["case_no"] or row["order_no"]
    due = f"{shown.when(row['due_at'])}{late}"
    return (row["id"], shown.words(row["names"], language), about, row["person"], due, row["tries"], hours)


@callbacks.command("done")
def done(
    key: Id,
    satisfied: Annotated[bool, typer.Option("--satisfied/--dissatisfied", help="Dissatisfied reopens its case.")],
    score: Annotated[
        list[str] | None, typer.Option(help="Such as polite=5; also promise_kept, competent, solved.")
    ] = None,
    words: Annotated[str | None, typer.Option(help="What the customer said.")] = None,
    channel: Channel = None,
    no_more_calls: Annotated[
        bool, typer.Option("--no-more-calls", help="He does not want to be called again.")
    ] = False,
    json: AsJson = False,
) -> None:
    """The customer was reached: the survey."""
    scores = dict(_score(text) for text in score or ())
    body: dict[str, Any] = {"satisfied": satisfied, "scores": scores, "no_more_calls": no_more_calls}
    _tell(f"/callbacks/{_quoted(key)}/done", {**body, **_given(words=words, channel=channel)}, json)


@callbacks.command("missed")
def missed(
    key: Id,
    note: Annotated[str | None, typer.Option(help="What happened.")] = None,
    channel: Channel = None,
    json: AsJson = False,
) -> None:
    """Nobody was reached; it is tried again on another day, and given up after the last try."""
    _tell(f"/callbacks/{_quoted(key)}/missed", _given(note=note, channel=channel), json)


def _tell(path: str, body: dict[str, Any], json: bool) -> None:
    from terminal import remote, shown

    with remote.remote() as api:
        answer = api.post(path, body)
    if json:
        shown.as_json(answer)
    elif answer["state"] == "due":
        shown.say(f"{answer['id']}: tried {answer['tries']} times, again by {shown.when(answer['due_at'])}.")
    else:
        shown.say(f"{answer['id']}: {answer['state']}.")


def _score(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    if not value.isascii() or not value.isdigit():
        raise Invalid(f"--score {text}: write a question and 1 to 5, such as polite=5.")
    return name, int(value)


def _quoted(key: str) -> str:
    from urllib.parse import quote

    return quote(key, safe="")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
