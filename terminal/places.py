"""Where things are, as seen from a command: what `up` left in the data folder, the database, Temporal, the API."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import Invalid, Unavailable
from settings import Settings, environment, load_settings, temporal_is_elsewhere

if TYPE_CHECKING:  # heavy: only the commands that need them wait for them
    from sqlalchemy import Engine
    from temporalio.client import Client

RUNNING = "up.json"
TOKEN = "token"


def what_runs(data: Path) -> dict[str, Any] | None:
    """What `up` says of itself in its data folder, or None when nothing runs there."""
    try:
        said: dict[str, Any] = json.loads((data / RUNNING).read_text(encoding="utf-8"))
        os.kill(int(said["pid"]), 0)  # signal 0 only asks whether the process is there
    except PermissionError:
        return said
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return said


def api_address(settings: Settings) -> tuple[str, str]:
    """The API to talk to and the token to show: `AFTERCARE_URL` with `AFTERCARE_TOKEN`, else the one that `up` left.

    Raises Unavailable naming what is missing, Invalid for an address that is none.
    """
    token = settings.token.get_secret_value() if settings.token else None
    if settings.url:
        if not settings.url.startswith(("http://", "https://")):
            raise Invalid("AFTERCARE_URL is no address: write it like http://127.0.0.1:8080.")
        if token is None:
            raise Unavailable("AFTERCARE_URL is set and AFTERCARE_TOKEN is not: set it to a token of that API.")
        return settings.url.rstrip("/"), token
    running = what_runs(settings.data)
    if running is None:
        folder = settings.data.resolve()
        raise Unavailable(f"Nothing runs in {folder}: start 'aftercare up', or set AFTERCARE_URL and AFTERCARE_TOKEN.")
    return str(running["url"]), token or (settings.data / TOKEN).read_text(encoding="utf-8").strip()


async def temporal(settings: Settings) -> "Client":
    """A client of the Temporal that `TEMPORAL_*` names, else of the one that `up` runs. Raises Unavailable."""
    from api.connection import connect, connect_to

    if temporal_is_elsewhere():
        return await connect(environment())
    running = what_runs(settings.data)
    if running is None:
        folder = settings.data.resolve()
        raise Unavailable(f"No Temporal: start 'aftercare up' in {folder}, or set TEMPORAL_ADDRESS to one elsewhere.")
    return await connect_to(str(running["temporal"]))


@contextmanager
def database(settings: Settings | None = None) -> Iterator["Engine"]:
    """The database of the settings. Raises Unavailable when it is SQLite and its file is not there."""
    from sqlalchemy import make_url

    from store.engine import make_engine

    settings = settings or load_settings()
    url = make_url(settings.database)
    folder = Path(url.database or "").parent
    if url.get_backend_name() == "sqlite" and not folder.is_dir():
        raise Unavailable(f"There is no folder {folder}: set AFTERCARE_DATA, or start 'aftercare up' once.")
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
