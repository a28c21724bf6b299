"""Commands about calls from outside: they speak HTTP to the API that runs."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

hooks = typer.Typer(help="Calls from outside: couriers, storefronts, payment providers.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")]


@hooks.command("list")
def list_hooks(
    source: Annotated[str | None, typer.Option(help="Only of this source, such as kuaidi100 or shopify.")] = None,
    state: Annotated[str | None, typer.Option(help="received, done, refused or unreadable.")] = None,
    limit: Annotated[int, typer.Option(help="The most rows to show.", min=1, max=100_000)] = 50,
    json: AsJson = False,
) -> None:
    """Calls as they came, the newest first, and what became of each."""
    from terminal import remote, shown

    with remote.remote() as api:
        page = api.pages("/hooks", limit, source=source, state=state)
    if json:
        shown.as_json(page)
        return
    columns = ("id", "source", "came", "state", "tries", "what became of it")
    shown.table(columns, (_row(row) for row in page["items"]), right=("tries",))
    if not page["items"]:
        shown.say("No calls from outside are kept here.")
    if page["next_cursor"]:
        shown.say("There are more: ask for them with --limit.")


def _row(row: Mapping[str, Any]) -> tuple[object, ...]:
    from terminal import shown

    counted = "" if row["events"] is None else f"{row['events']} events"
    told = row["words"] or counted
    return (row["id"], row["source"], shown.when(row["received_at"]), row["state"], row["tries"], told)


@hooks.command("show")
def show_hook(hook_id: Id, json: AsJson = False) -> None:
    """One call with its body, as it came."""
    from terminal import remote, shown

    with remote.remote() as api:
        hook = api.get(f"/hooks/{quote(hook_id, safe='')}")
    if json:
        shown.as_json(hook)
        return
    for name in ("id", "source", "sender_id", "state", "tries", "words", "events"):
        if hook[name] is not None:
            shown.say(f"{name:<12} {hook[name]}")
    shown.say(f"{'came':<12} {shown.when(hook['received_at'])}")
    for name, value in hook["headers"].items():
        shown.say(f"{name:<12} {value}")
    shown.say()
    shown.say(hook["body"])


@hooks.command("replay")
def replay_hook(hook_ids: Annotated[list[str], typer.Argument(metavar="ID...")], json: AsJson = False) -> None:
    """Have calls read again, after a mend or when their source is set up by now. What is known changes nothing."""
    from terminal import remote, shown

    with remote.remote() as api:
        found = [api.post(f"/hooks/{quote(hook_id, safe='')}/replay") for hook_id in hook_ids]
    if json:
        shown.as_json({"items": found, "next_cursor": None})
        return
    for hook in found:
        shown.say(f"{hook['id']}: a worker reads it again in a moment.")
