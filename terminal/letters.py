"""`aftercare inbox` and `aftercare notify`: what I was told, and how people are reached."""

import sys
import time
from typing import Annotated, Any
from urllib.parse import quote

import typer

from models.errors import Invalid, NotFound

notify = typer.Typer(help="How people are told: addresses, quiet hours, a test.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
Person = Annotated[str, typer.Argument(metavar="PERSON", help="A staff id, or a role's box: role:finance.")]

#: How long a test is waited for, and how often it is looked at, in seconds.
PATIENCE, LOOK = 60.0, 0.5
OVER = ("sent", "not_told", "inbox_only")


def inbox(
    unread: Annotated[bool, typer.Option("--unread", help="Only what nobody has read.")] = False,
    read: Annotated[bool, typer.Option("--read", help="Mark everything as read.")] = False,
    person: Annotated[str | None, typer.Option(help="Whose; for a token that acts for others.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """What I was told, unread first, with the boxes of my roles."""
    from terminal import shown
    from terminal.remote import remote

    with remote() as api:
        page = api.pages("/inbox", limit, unread=unread or None, person=person)
        if read:
            page["marked"] = api.post("/inbox/read", {}, params={"person": person} if person else None)["marked"]
    if json:
        shown.as_json(page)
        return
    if not page["items"]:
        shown.say("Nothing.")
        return
    language = _language()
    shown.table(
        ("", "when", "case", "what", "told"),
        (
            (
                "*" if letter["unread"] else "",
                shown.when(letter["at"]),
                letter["case_no"] or "",
                letter["text"].get(language, letter["text"]["en"]),
                letter["channel"] if letter["outcome"] == "sent" else letter["outcome"].replace("_", " "),
            )
            for letter in page["items"]
        ),
    )
    shown.say(f"{page['marked']} marked as read." if read else f"{page['unread']} unread.")
    if page["next_cursor"]:
        shown.say("There are more: ask for them with --limit.")


@notify.command("list")
def list_mailboxes(json: AsJson = False) -> None:
    """How everybody is reached; addresses without their secrets."""
    from terminal import shown
    from terminal.remote import remote

    with remote() as api:
        page = api.get("/mailboxes")
    if json:
        shown.as_json(page)
        return
    if page["items"]:
        shown.table(("person", "addresses", "quiet", "language", "time zone"), (_row(box) for box in page["items"]))
    else:
        shown.say("Nobody has been told anything yet, and no address was entered.")


def _row(box: dict[str, Any]) -> tuple[object, ...]:
    quiet = f"{box['quiet']['from']}-{box['quiet']['until']}" if box["quiet"] else ""
    return (box["holder"], ", ".join(box["addresses"]) or "inbox only", quiet, box["language"], box["timezone"])


@notify.command("show")
def show_mailbox(person: Person, json: AsJson = False) -> None:
    """How somebody is reached, and what went out lately."""
    from terminal.remote import remote

    with remote() as api:
        box = api.get(_path(person))
    _show(box, json)


@notify.command("set")
def set_mailbox(
    person: Person,
    address: Annotated[
        list[str] | None,
        typer.Option(help="Where to; once for each, the first is tried first. '-' reads them from standard input."),
    ] = None,
    no_address: Annotated[bool, typer.Option("--no-address", help="Take all addresses away.")] = False,
    quiet: Annotated[
        str | None, typer.Option(metavar="22:00-08:00", help="Only what is critical then; '' for none.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="zh or en.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Such as Europe/London; '' for the shop's.")] = None,
    json: AsJson = False,
) -> None:
    """Enter addresses, quiet hours, language or time zone; what is not named stays."""
    from terminal.remote import remote

    changes: dict[str, Any] = {}
    if address or no_address:
        changes["addresses"] = _addresses(address or [])
    if quiet is not None:
        changes["quiet"] = _quiet(quiet)
    if language is not None:
        changes["language"] = language or None
    if timezone is not None:
        changes["timezone"] = timezone or None
    if not changes:
        raise typer.BadParameter("name what is to change: --address, --quiet, --language or --timezone.")
    with remote() as api:
        box = api.put(_path(person), changes)
    _show(box, json)


def _addresses(given: list[str]) -> list[str]:
    found: list[str] = []
    for one in given:
        # A secret on the command line is seen by everybody who lists processes; this way it is not.
        found += [line.strip() for line in sys.stdin if line.strip()] if one == "-" else [one]
    return found


def _quiet(text: str) -> dict[str, str] | None:
    if not text:
        return None
    start, dash, end = text.replace("–", "-").partition("-")
    if not dash:
        raise Invalid("Quiet hours are two times of day, such as 22:00-08:00.")
    return {"from": start.strip(), "until": end.strip()}


@notify.command("test")
def try_mailbox(person: Person, json: AsJson = False) -> None:
    """Try every address of somebody once, and say how it went."""
    from terminal import shown
    from terminal.remote import remote

    with remote() as api:
        tried = api.post(f"{_path(person)}/test")["items"]
        found = _outcomes(api, person, [one["number"] for one in tried])
    rows = [{**one, **found.get(one["number"], {"outcome": "sending", "error": None})} for one in tried]
    if json:
        shown.as_json({"items": rows, "next_cursor": None})
    else:
        shown.table(("address", "how it went", "why"), ((r["address"], _said(r["outcome"]), r["error"]) for r in rows))
        if any(row["outcome"] not in OVER for row in rows):
            shown.say("Not all were tried yet: does a worker run? 'aftercare notify show' tells later.")
    if not all(row["outcome"] == "sent" for row in rows):
        raise typer.Exit(1)


def _outcomes(api: Any, person: str, numbers: list[str]) -> dict[str, dict[str, Any]]:
    """How each of these went, as soon as it is known."""
    end = time.monotonic() + PATIENCE
    while True:
        latest = {one["number"]: one for one in api.get(_path(person))["latest"]}
        found = {number: latest[number] for number in numbers if number in latest}
        if all(one["outcome"] in OVER for one in found.values()) or time.monotonic() > end:
            return found
        time.sleep(LOOK)


def _said(outcome: str) -> str:
    return {"sent": "taken", "not_told": "not taken", "sending": "not tried yet"}.get(outcome, outcome)


def _show(box: dict[str, Any], json: bool) -> None:
    from terminal import shown

    if json:
        shown.as_json(box)
        return
    for name, value in zip(("person", "addresses", "quiet hours", "language", "time zone"), _row(box), strict=True):
        shown.say(f"{name:<12} {value or '(the shop’s)' if name != 'quiet hours' else value or 'none'}")
    shown.say(f"{'unread':<12} {box['unread']}")
    if box["latest"]:
        shown.say()
        shown.table(
            ("when", "what", "how it went", "by", "why not"),
            (
                (shown.when(one["made_at"]), one["title"], _said(one["outcome"]), one["channel"], one["error"])
                for one in box["latest"]
            ),
        )


def _path(person: str) -> str:
    if not person or person in (".", ".."):
        raise NotFound(f"'{person}' is nobody.")
    return f"/mailboxes/{quote(person, safe='')}"


def _language() -> str:
    from settings import load_settings

    return "zh" if load_settings().locale.startswith("zh") else "en"
