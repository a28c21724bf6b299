"""`aftercare doctor`: looks at every part, and says of each that it is well or what to do about it."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.errors import AftercareError, Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, whether it is well, and in words how it is or what to do."""

    part: str
    well: bool
    words: str
    warns: bool = False


class Doubt(str):
    """Words about a part that works, and that somebody has to read all the same."""


def examine() -> Iterator[Finding]:
    """Every part in turn; one that is not well does not hide the others."""
    from settings import load_settings

    try:
        settings = load_settings()
    except AftercareError as wrong:
        yield Finding("settings", False, wrong.detail)
        return
    yield Finding("settings", True, "every one of them is known and readable")
    for part, look in PARTS.items():
        yield _finding(part, look, settings)


def _finding(part: str, look: "Callable[[Settings], str]", settings: "Settings") -> Finding:
    try:
        words = look(settings)
        return Finding(part, True, str(words), warns=isinstance(words, Doubt))
    except AftercareError as wrong:
        return Finding(part, False, wrong.detail)
    except Exception as wrong:
        # Whatever a library raises about a part is news of that part, and the others are still to be looked at.
        return Finding(part, False, first_line(wrong))


def first_line(error: BaseException) -> str:
    """What an error says, on one line."""
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


def _data_folder(settings: "Settings") -> str:
    folder = settings.data.resolve()
    beginning = next(place for place in (folder, *folder.parents) if place.exists())
    if not beginning.is_dir() or not os.access(beginning, os.W_OK | os.X_OK):
        raise Unavailable(f"{beginning} cannot be written: set AFTERCARE_DATA to a folder that can.")
    return f"{folder}" if beginning == folder else f"{folder} will be made by 'aftercare up'"


def _database(settings: "Settings") -> str:
    from sqlalchemy import make_url

    from store.engine import revisions
    from terminal import places

    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not os.path.exists(url.database or ""):
        return f"{url.database} will be made by 'aftercare up' or 'aftercare db upgrade'"
    with places.database(settings) as engine:
        found = revisions(engine)
    if not found.up_to_date:
        told = f"has revision {found.current}, {found.head} is needed"
        raise Unavailable(f"The schema {told}: run 'aftercare db upgrade'.")
    return f"{url.render_as_string()} answers, at revision {found.current}"


def _temporal_program(settings: "Settings") -> str:
    from embedded import temporal_binary
    from settings import temporal_is_elsewhere

    return "not needed: TEMPORAL_* names a server" if temporal_is_elsewhere() else temporal_binary()


def _temporal(settings: "Settings") -> str:
    from settings import temporal_is_elsewhere
    from terminal import places

    if not temporal_is_elsewhere() and places.what_runs(settings.data) is None:
        return "'aftercare up' will start one"
    return asyncio.run(_answering(settings))


async def _answering(settings: "Settings") -> str:
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest

    from terminal import places
    from workflows.search import KEYS

    client = await places.temporal(settings)
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    missing = [f"{key.name}={key.indexed_value_type.name.lower()}" for key in KEYS if key.name not in known]
    if missing:
        raise Unavailable(f"Register these search attributes in '{client.namespace}': {', '.join(missing)}.")
    return f"{client.service_client.config.target_host} answers, namespace {client.namespace}"


#: A notification that waits for so long, with nothing that holds it back, means that no worker brings it.
LATE_SECONDS = 300


def _notifications(settings: "Settings") -> str:
    from datetime import UTC, datetime

    from sqlalchemy import make_url

    from store.engine import reading, revisions
    from store.oversight.gauges import gauges
    from terminal import places

    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not os.path.exists(url.database or ""):
        return "nothing to tell yet"
    with places.database(settings) as engine:
        if not revisions(engine).up_to_date:
            return "looked at when the schema is upgraded"
        with reading(engine) as session:
            counted = gauges(session, datetime.now(UTC))
    if counted.letters_late_seconds > LATE_SECONDS and not counted.failing_by_channel:
        minutes = counted.letters_late_seconds // 60
        raise Unavailable(f"The oldest has waited for {minutes} minutes: does a worker run ('aftercare worker')?")
    failing = [f"{count} by {channel}" for channel, count in sorted(counted.failing_by_channel.items())]
    if counted.letters["given_up"]:
        failing.append(f"{counted.letters['given_up']} given up since yesterday")
    if failing:
        told = ", ".join(failing)
        raise Unavailable(f"Not taken: {told}. 'aftercare notify list' and 'notify test PERSON' say which address.")
    waiting = counted.letters["unaddressed"] + counted.letters["waiting"]
    return f"{waiting} wait for their minute, for people to come or for quiet hours to end; no channel fails"


def _playbooks(settings: "Settings") -> str:
    from playbooks.loading.load import SHIPPED, load_playbooks

    folder = settings.playbooks_in_use or SHIPPED
    return f"{', '.join(sorted(load_playbooks(folder).kinds))} from {folder}"


def _calendars(settings: "Settings") -> str:
    from datetime import UTC, datetime

    from playbooks.loading.load import SHIPPED, load_playbooks
    from playbooks.loading.notices import warnings

    found = load_playbooks(settings.playbooks_in_use or SHIPPED)
    told = warnings(found, datetime.now(UTC), _furthest_deadline(settings))
    return Doubt("; ".join(told)) if told else f"{', '.join(sorted(found.calendars))}, every year of them published"


def _furthest_deadline(settings: "Settings") -> "datetime | None":
    """The latest deadline of an open case, where there is a database that can be asked."""
    from sqlalchemy import make_url

    from store.engine import revisions
    from store.time.rebase import furthest_deadline_in
    from terminal import places

    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not os.path.exists(url.database or ""):
        return None
    with places.database(settings) as engine:
        return furthest_deadline_in(engine) if revisions(engine).up_to_date else None


def _sweeps(settings: "Settings") -> str:
    from datetime import UTC, datetime

    from store.engine import reading, revisions
    from store.oversight import sweeps
    from terminal import places

    if _no_database_yet(settings):
        return "none has run yet"
    with places.database(settings) as engine:
        if not revisions(engine).up_to_date:
            raise Unavailable("Runs can be looked at when the schema is up to date: run 'aftercare db upgrade'.")
        with reading(engine) as session:
            found = sweeps.health(session, datetime.now(UTC))
    unwell = [f"{one.name} {one.health}" for one in found if one.health in ("late", "failing")]
    if unwell:
        told = "'aftercare schedules list' says more, and 'aftercare schedules apply' puts back what is missing"
        raise Unavailable(f"{', '.join(unwell)}: {told}.")
    ran = sum(one.last is not None for one in found)
    return f"{ran} of {len(found)} have run, none is late" if ran else "none has run yet: 'aftercare up' applies them"


def _no_database_yet(settings: "Settings") -> bool:
    from sqlalchemy import make_url

    url = make_url(settings.database)
    return url.get_backend_name() == "sqlite" and not os.path.exists(url.database or "")


PARTS: "dict[str, Callable[[Settings], str]]" = {
    "data folder": _data_folder,
    "database": _database,
    "temporal program": _temporal_program,
    "temporal": _temporal,
    "notifications": _notifications,
    "playbooks": _playbooks,
    "sweeps": _sweeps,
    "calendars": _calendars,
}
