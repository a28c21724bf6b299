"""Commands about the database and the tokens: they work on the database itself, and need no running API."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from settings import Settings
    from store.accounting.audit import Audited

db = typer.Typer(help="The database: its schema, copies of it, and open cases started from it.", no_args_is_help=True)
token = typer.Typer(help="Tokens: who may call the API.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]


@db.command("upgrade")
def upgrade_schema() -> None:
    """Bring the schema to the newest revision."""
    from store.engine import upgrade
    from terminal import places, shown

    with places.database() as engine:
        shown.say(f"The schema has revision {upgrade(engine).current}.")


@db.command("rebuild")
def rebuild_rows() -> None:
    """Compute the rows and clocks of open cases anew; timeline and money are records and stay."""
    from playbooks.loading.load import SHIPPED, load_playbooks
    from settings import load_settings
    from store import maintenance
    from store.engine import writing
    from terminal import places, shown

    settings = load_settings()
    calendars = load_playbooks(settings.playbooks_in_use or SHIPPED).calendars
    with places.database(settings) as engine:
        _current(engine)
        with writing(engine) as session:
            done = maintenance.rebuild(session, calendars)
    shown.say(f"{done.cases} open cases and {done.clocks} clocks computed anew; {done.changed} cases were different.")


@db.command("backup")
def back_up(path: Annotated[Path, typer.Argument(metavar="PATH", help="Where to; it must not exist yet.")]) -> None:
    """Copy the whole database while it is in use: one file of SQLite, or a folder with a file per table."""
    from store.maintenance import backup
    from terminal import places, shown

    with places.database() as engine:
        _current(engine)
        shown.say(f"The database was copied to {backup(engine, path)}.")


@db.command("restore")
def restore(
    source: Annotated[
        Path | None, typer.Option("--from", metavar="PATH", help="First read this backup into the empty database.")
    ] = None,
) -> None:
    """Start open cases again, from the database, on the Temporal that is configured; those that run are left alone."""
    from settings import load_settings
    from terminal import places, shown

    settings = load_settings()
    if source is not None:
        shown.say(_read_back(settings, source))
        if places.what_runs(settings.data) is None and not _elsewhere():
            shown.say("'aftercare up' starts the open cases when it begins.")
            return
    with places.database(settings) as engine:
        _current(engine)
        count = asyncio.run(_start_open_cases(settings, engine))
    shown.say(f"{count} open cases are running.")


def _elsewhere() -> bool:
    from settings import temporal_is_elsewhere

    return temporal_is_elsewhere()


async def _start_open_cases(settings: "Settings", engine: "Engine") -> int:
    from api.connection import register_search_attributes
    from api.restore import start_open_cases
    from terminal import places

    client = await places.temporal(settings)
    await register_search_attributes(client)
    return await start_open_cases(client, engine)


def _read_back(settings: "Settings", source: Path) -> str:
    """Take a backup in: a folder into an empty database, a file of SQLite as the database itself."""
    from sqlalchemy import make_url

    from store.engine import upgrade
    from store.maintenance import read_back
    from terminal import places

    url = make_url(settings.database)
    if source.is_file() and url.get_backend_name() == "sqlite":
        target = Path(str(url.database))
        if target.exists():
            raise Conflict(f"{target} is there already: move it away first, nothing is overwritten.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        with places.database(settings) as engine:
            return f"{target} is the copy, at revision {upgrade(engine).current}."
    if not source.is_dir():
        raise NotFound(f"{source} is no backup of such a database: a file for SQLite, a folder for PostgreSQL.")
    with places.database(settings) as engine:
        upgrade(engine)
        rows = read_back(engine, source)
    return f"{sum(rows.values())} rows in {len(rows)} tables were read back."


def audited() -> "Audited":
    """The audit of all money in the database of the settings; it needs no running API."""
    from store.accounting.audit import audit_money
    from terminal import places

    with places.database() as engine:
        _current(engine)
        return audit_money(engine)


def _current(engine: "Engine") -> None:
    from store.engine import revisions

    found = revisions(engine)
    if not found.up_to_date:
        raise Conflict(f"The schema has revision {found.current}, {found.head} is needed: run 'aftercare db upgrade'.")


# ── tokens ────────────────────────────────────────────────────────────────────────────────────────


@token.command("create")
def create_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is; commands are signed with it.")],
    role: Annotated[list[str], typer.Option(help="A role it has: agent, finance … or 'all'; once for each.")],
    may_act_for_others: Annotated[
        bool, typer.Option("--may-act-for-others", help="For an integration: it names who acts.")
    ] = False,
    customer: Annotated[str | None, typer.Option(help="Of a customer: his id in the orders; his cases only.")] = None,
    case: Annotated[str | None, typer.Option(help="Of a customer or courier: this case only.")] = None,
    carrier: Annotated[str | None, typer.Option(help="Of a courier: cases whose parcels it has.")] = None,
    json: AsJson = False,
) -> None:
    """Make a token and print it. It cannot be read again afterwards."""
    from store.engine import writing
    from store.people import tokens
    from terminal import places, shown

    roles = _roles(role)
    tie = _tie(roles, may_act_for_others, {"customer_id": customer, "case_no": case, "carrier": carrier})
    with places.database() as engine:
        _current(engine)
        with writing(engine) as session:
            made = tokens.create(session, name, roles, may_act_for_others, datetime.now(UTC), tie)
    if json:
        shown.as_json({"token": made, "name": name, "roles": roles})
    else:
        shown.say(made)


@token.command("list")
def list_tokens(json: AsJson = False) -> None:
    """All tokens, without their secrets."""
    from store.engine import reading
    from store.people import tokens
    from terminal import places, shown

    with places.database() as engine:
        _current(engine)
        with reading(engine) as session:
            found = [info.model_dump(mode="json") for info in tokens.list(session)]
    if json:
        shown.as_json({"items": found, "next_cursor": None})
        return
    rows = (
        (
            row["id"],
            row["name"],
            ", ".join(row["roles"]),
            *(shown.when(row[name]) for name in ("created_at", "last_used_at", "revoked_at")),
        )
        for row in found
    )
    shown.table(("id", "name", "roles", "created", "last used", "revoked"), rows)


@token.command("revoke")
def revoke_token(token_id: Annotated[str, typer.Argument(metavar="ID", help="As 'token list' shows it.")]) -> None:
    """End a token; calls with it are refused within seconds."""
    from store.engine import writing
    from store.people import tokens
    from terminal import places, shown

    with places.database() as engine:
        _current(engine)
        with writing(engine) as session:
            tokens.revoke(session, token_id, datetime.now(UTC))
    shown.say(f"Token {token_id} is revoked.")


def _tie(roles: list[str], for_others: bool, named: dict[str, str | None]) -> dict[str, str]:
    """Whose cases a customer's or courier's token is about: exactly one thing, and nothing for people of the house."""
    tie = {name: value for name, value in named.items() if value}
    outside = bool(roles) and set(roles) <= {"customer", "courier"} and not for_others
    if outside and len(tie) != 1:
        raise Invalid("A customer's or courier's token is tied: say one of --customer, --case and --carrier.")
    if tie and not outside:
        raise Invalid("--customer, --case and --carrier tie tokens of customers and couriers, who are no staff.")
    return tie


def _roles(given: list[str]) -> list[str]:
    from models.lifecycle import Role

    names = [name for text in given for name in text.split(",")]
    if "all" in names:
        return list(Role)
    unknown = [name for name in names if name not in list(Role)]
    if unknown:
        raise Invalid(f"'{unknown[0]}' is no role; there are {', '.join(Role)}, or 'all'.")
    return list(dict.fromkeys(names))
