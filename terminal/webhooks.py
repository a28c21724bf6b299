"""Commands about word to other programs: they speak HTTP to the API that runs."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

webhooks = typer.Typer(help="Webhooks out: which programs are told, and how it went.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
Id = Annotated[str, typer.Argument(metavar="ENDPOINT", help="As the list shows it.")]
Events = Annotated[
    list[str] | None, typer.Option("--event", help="Such as case.closed; repeat it for more. Without: all of them.")
]


@webhooks.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="https://…")],
    event: Events = None,
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
    json: AsJson = False,
) -> None:
    """Tell another program from now on. Its secret is shown this once."""
    from terminal import remote, shown

    with remote.remote() as api:
        answer = api.post("/webhooks", {"url": url, "events": event or [], "note": note})
    if json:
        shown.as_json(answer)
        return
    shown.say(f"{answer['id']} is told {_wanted(answer)}.")
    _say_secret(answer)
    shown.say(f"Try it: aftercare webhooks ping {answer['id']}")


@webhooks.command("list")
def list_endpoints(json: AsJson = False) -> None:
    """Every endpoint, and how many deliveries wait for it."""
    from terminal import remote, shown

    with remote.remote() as api:
        page = api.get("/webhooks")
    if json:
        shown.as_json(page)
        return
    columns = ("id", "url", "events", "state", "waiting", "last taken", "note")
    shown.table(columns, (_row(row) for row in page["items"]), right=("waiting",))
    if not page["items"]:
        shown.say("No other program is told: 'aftercare webhooks add https://…' adds one.")


def _row(row: Mapping[str, Any]) -> tuple[object, ...]:
    from terminal import shown

    state = "failing" if row["state"] == "active" and row["failing_since"] else row["state"]
    return (row["id"], row["url"], _wanted(row), state, row["waiting"], shown.when(row["last_at"]), row["note"])


def _wanted(row: Mapping[str, Any]) -> str:
    return ", ".join(row["events"]) or "everything"


@webhooks.command("show")
def show(endpoint: Id, json: AsJson = False) -> None:
    """One endpoint with its latest deliveries."""
    from terminal import remote, shown

    with remote.remote() as api:
        found = api.get(_path(endpoint))
        latest = api.get(f"{_path(endpoint)}/deliveries", limit=10)["items"]
    if json:
        shown.as_json({**found, "deliveries": latest})
        return
    said = {"endpoint": found["id"], "address": found["url"], "events": _wanted(found), "note": found["note"]}
    state = f"off: {found['why']}" if found["state"] == "off" else found["state"]
    added = f"{shown.when(found['created_at'])} by {found['created_by']}"
    since = shown.when(found["failing_since"]) if found["failing_since"] else ""
    both = shown.when(found["old_secret_until"]) if found["old_secret_until"] else ""
    more = {"state": state, "added": added, "waiting": found["waiting"], "failing since": since, "old secret": both}
    for name, value in {**said, **more}.items():
        if value != "":
            shown.say(f"{name:<14} {value}")
    _table(latest)


@webhooks.command("deliveries")
def deliveries(
    endpoint: Id,
    state: Annotated[str | None, typer.Option(help="waiting, delivered or given_up.")] = None,
    limit: Annotated[int, typer.Option(help="The most rows to show.", min=1, max=100_000)] = 50,
    json: AsJson = False,
) -> None:
    """How it went with each event, the newest first."""
    from terminal import remote, shown

    with remote.remote() as api:
        page = api.pages(f"{_path(endpoint)}/deliveries", limit, state=state)
    if json:
        shown.as_json(page)
        return
    _table(page["items"])
    if page["next_cursor"]:
        shown.say("There are more: ask for them with --limit.")


def _table(rows: list[dict[str, Any]]) -> None:
    from terminal import shown

    if not rows:
        shown.say("Nothing was delivered yet.")
        return
    columns = ("delivery", "event", "webhook-id", "made", "state", "tries", "last answer")
    shown.table(columns, (_delivery(row) for row in rows), right=("tries",))


def _delivery(row: Mapping[str, Any]) -> tuple[object, ...]:
    from terminal import shown

    last = row["answers"][-1]["words"] if row["answers"] else ""
    state = f"again {shown.when(row['try_at'])}" if row["state"] == "waiting" and row["tries"] else row["state"]
    return (row["id"], row["type"], row["event_id"], shown.when(row["made_at"]), state, row["tries"], last)


@webhooks.command("replay")
def replay(
    which: Annotated[str, typer.Argument(metavar="ENDPOINT|DELIVERY", help="All of an endpoint, or one delivery.")],
    since: Annotated[str | None, typer.Option(help="Only since this instant, such as 2026-11-22T08:00+08:00.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was delivered.")] = False,
    json: AsJson = False,
) -> None:
    """Tell again what was given up; each under the webhook-id that it had."""
    from terminal import remote, shown

    with remote.remote() as api:
        if which.startswith("ep_"):
            body = {"all": everything, **({"since": since} if since else {})}
            answer = api.post(f"{_path(which)}/replay", body)
        else:
            answer = api.post(f"/deliveries/{quote(which, safe='')}/replay")
    if json:
        shown.as_json(answer)
    else:
        shown.say(f"{answer.get('replayed', 1)} deliveries begin anew.")


@webhooks.command("ping")
def ping(endpoint: Id, json: AsJson = False) -> None:
    """Send a test, and say what came of it."""
    import time

    from models.errors import CommandRefused
    from terminal import remote, shown

    with remote.remote() as api:
        delivery = api.post(f"{_path(endpoint)}/ping")
        patience = time.monotonic() + 20
        while not delivery["answers"] and time.monotonic() < patience:
            time.sleep(0.25)
            delivery = api.get(f"/deliveries/{delivery['id']}")
    if json:
        shown.as_json(delivery)
    elif delivery["state"] != "delivered":
        raise CommandRefused(delivery["answers"][-1]["words"] if delivery["answers"] else "No worker has sent it yet.")
    else:
        shown.say(delivery["answers"][-1]["words"])


@webhooks.command("rotate")
def rotate(
    endpoint: Id,
    hours: Annotated[int, typer.Option(help="How long the old secret signs beside the new one.", min=0, max=168)] = 24,
    json: AsJson = False,
) -> None:
    """A new secret, shown this once; the old one holds besides for a day."""
    from terminal import remote, shown

    with remote.remote() as api:
        answer = api.post(f"{_path(endpoint)}/rotate", {"hours": hours})
    if json:
        shown.as_json(answer)
        return
    _say_secret(answer)
    if answer["old_secret_until"]:
        shown.say(f"The old one signs besides until {shown.when(answer['old_secret_until'])}.")


@webhooks.command("enable")
def enable(endpoint: Id, json: AsJson = False) -> None:
    """Switch one on again that was switched off."""
    from terminal import remote, shown

    with remote.remote() as api:
        answer = api.post(f"{_path(endpoint)}/enable")
    if json:
        shown.as_json(answer)
    else:
        shown.say(f"{answer['id']} is told {_wanted(answer)} again.")


@webhooks.command("remove")
def remove(endpoint: Id, json: AsJson = False) -> None:
    """Tell it no more; its deliveries go with it."""
    from terminal import remote, shown

    with remote.remote() as api:
        answer = api.delete(_path(endpoint))
    if json:
        shown.as_json(answer)
    else:
        shown.say(f"{answer['id']} is gone.")


def _say_secret(answer: Mapping[str, Any]) -> None:
    from terminal import shown

    shown.say(f"Its secret, shown this once: {answer['secret']}")


def _path(endpoint: str) -> str:
    return f"/webhooks/{quote(endpoint, safe='')}"
