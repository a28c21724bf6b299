"""Commands about the schedules of the sweeps: they speak to Temporal and the database, and need no running API."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer

from models.errors import AftercareError, Unavailable

if TYPE_CHECKING:  # heavy: only the commands that need them wait for them
    from temporalio.client import Client

    from settings import Settings
    from store.oversight.sweeps import SweepHealth

T = TypeVar("T")

schedules = typer.Typer(help="Sweeps that run at their times by themselves.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="As in 'schedules list', with or without aftercare-.")]
Why = Annotated[str, typer.Option("--note", help="Why; the list shows it.")]


@schedules.command("apply")
def apply(json: AsJson = False) -> None:
    """Put all schedules there as they should be; what is so already stays, and paused ones stay paused."""
    from dataclasses import asdict

    from settings import load_settings
    from terminal import shown
    from workflows import schedules as kept

    settings = load_settings()
    zone = _zone(settings).key
    done = _with_temporal(settings, lambda client: kept.apply(client, zone))
    if json:
        shown.as_json({"items": [asdict(one) for one in done], "next_cursor": None})
        return
    for one in done:
        what = f"{one.result}: {', '.join(one.changed)}" if one.changed else one.result
        shown.say(f"{one.name:<34} {what}{', paused' if one.paused else ''}")


@schedules.command("list")
def list_schedules(json: AsJson = False) -> None:
    """Every schedule: when it runs, its last run, and whether it runs as it should."""
    from settings import load_settings
    from terminal import shown
    from workflows import schedules as kept

    settings = load_settings()
    found = _with_temporal(settings, kept.listed)
    rows = kept.documents(found, {one.name: one for one in _health(settings)})
    if json:
        shown.as_json({"items": rows, "next_cursor": None})
        return
    zone = _zone(settings)
    columns = ("schedule", "runs", "state", "health", "last run", "found", "did", "failed", "next run")
    shown.table(columns, (_row(row, zone) for row in rows), ("found", "did", "failed"))
    shown.say(f"All times are those of {zone}, the shop's.")
    if not all(one.known for one in found):
        shown.say("'aftercare schedules apply' puts those that are missing there.")


def _zone(settings: "Settings") -> ZoneInfo:
    """The shop's time zone, in which schedules run and are shown."""
    from playbooks.loading.load import SHIPPED, load_playbooks

    return ZoneInfo(load_playbooks(settings.playbooks_in_use or SHIPPED).shop.timezone)


def _row(row: dict[str, Any], zone: ZoneInfo) -> tuple[object, ...]:
    from terminal import shown

    last = row["last_run"] or {}
    counts = (last.get(name, "–") for name in ("found", "did", "failed"))
    times = (shown.when(last.get("started_at"), zone), *counts, shown.when(row["next_at"], zone))
    return (row["name"], row["runs"], row["state"], row["health"], *times)


@schedules.command("pause")
def pause(name: Name, note: Why = "paused by hand") -> None:
    """Let a schedule rest until it is resumed."""
    from workflows import schedules as kept

    _do(name, lambda client, full: kept.pause(client, full, note), "rests until you resume it")


@schedules.command("resume")
def resume(name: Name, note: Why = "resumed by hand") -> None:
    """Let a paused schedule go on."""
    from workflows import schedules as kept

    _do(name, lambda client, full: kept.resume(client, full, note), "goes on")


@schedules.command("run")
def run(name: Name) -> None:
    """Run a sweep now, besides its times; 'schedules list' shows what came of it."""
    from workflows import schedules as kept

    _do(name, kept.run, "runs now; 'aftercare schedules list' shows what it finds")


@schedules.command("delete")
def delete(name: Name) -> None:
    """Take a schedule away; 'apply' puts it back."""
    from workflows import schedules as kept

    _do(name, kept.delete, "is gone; 'aftercare schedules apply' puts it back")


# ── the parts ─────────────────────────────────────────────────────────────────────────────────────


def _do(name: str, work: "Callable[[Client, str], Awaitable[None]]", said: str) -> None:
    from settings import load_settings
    from terminal import shown
    from workflows.schedules import full_name

    full = full_name(name)
    _with_temporal(load_settings(), lambda client: work(client, full))
    shown.say(f"{full} {said}.")


def _with_temporal(settings: "Settings", work: "Callable[[Client], Awaitable[T]]") -> T:
    from terminal import places

    async def run() -> T:
        return await work(await places.temporal(settings))

    with _refusals():
        return asyncio.run(run())


@contextmanager
def _refusals() -> Iterator[None]:
    from temporalio.service import RPCError

    try:
        yield
    except RPCError as refused:
        raise Unavailable(f"Temporal refused the call ({refused.status.name}): {refused.message}") from None


def _health(settings: "Settings") -> "tuple[SweepHealth, ...]":
    """What the database knows of the runs; nothing where it cannot be asked."""
    from datetime import UTC, datetime

    from sqlalchemy.exc import SQLAlchemyError

    from store.engine import reading
    from store.oversight import sweeps
    from terminal import places

    try:
        with places.database(settings) as engine, reading(engine) as session:
            return sweeps.health(session, datetime.now(UTC))
    except (AftercareError, SQLAlchemyError):
        return ()
