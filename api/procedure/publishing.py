"""Putting a changed playbook or calendar into force: checked, compared, recorded and placed, all of it or nothing.

The command line, the API and the console share these; they work on a folder and a database and need no Temporal.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.business_time import Calendar
from models.errors import Conflict, Invalid, NotFound, PlaybookInvalid, PreviewStale
from models.playbook import Playbook
from models.procedure.playbook_changes import Change, changes
from models.time.calendar_changes import DayChange, WeekChange, day_changes, week_changes
from playbooks.loading.candidate import calendar_of, is_calendar, kind_of, with_text
from playbooks.loading.folder import SHIPPED
from playbooks.loading.load import Playbooks, load_playbooks
from playbooks.loading.placing import placing, source_of
from store.engine import reading, writing
from store.procedure import calendars as calendar_acts
from store.procedure import drafts
from store.procedure import playbooks as kept


class Place(NamedTuple):
    """Where playbooks are, and the shop's own folder, into which they are put; that need not be there yet."""

    folder: Path
    own: Path | None

    @property
    def to_publish(self) -> Path:
        """The shop's own folder. Raises Conflict where there is none: nobody publishes into the shipped ones."""
        if self.own is None or self.own.resolve().is_relative_to(SHIPPED.resolve()):
            raise Conflict(
                "The shipped playbooks are in force, and nobody publishes into those: copy them to a folder of the "
                "shop's, and set AFTERCARE_PLAYBOOKS to it."
            )
        return self.own


@dataclass(frozen=True, slots=True)
class Compared:
    """A changed file among the others, and what it differs in from what is in force.

    `before` and `after` are versions; `before` is None for what is new. A playbook differs in `fields`, a calendar in
    `days` and in the hours of its week.
    """

    file: str
    candidate: Playbooks
    before: str | None
    after: str
    fields: tuple[Change, ...] = ()
    days: tuple[DayChange, ...] = ()
    week: tuple[WeekChange, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether it says anything that is not in force already."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Published:
    """A version that went into force."""

    file: str
    number: int
    before: str | None
    after: str
    by: str
    reason: str
    at: datetime


def current(place: Place) -> Playbooks | None:
    """What the folder holds; None when that cannot be loaded, and is perhaps just being mended."""
    try:
        return load_playbooks(place.folder)
    except PlaybookInvalid:
        return None


def compared(engine: Engine, place: Place, file: str, content: bytes, in_force: Playbooks | None) -> Compared:
    """What a changed file would change. Raises PlaybookInvalid with every mistake, and Invalid for no such file.

    Without a set in force a playbook is compared with the version that was recorded last.
    """
    candidate = with_text(place.folder, file, content)
    if is_calendar(file):
        name = calendar_of(file)
        old, new = in_force.calendars.get(name) if in_force else None, candidate.calendars[name]
        days, week = (day_changes(old, new), week_changes(old, new)) if old else ((), ())
        return Compared(file, candidate, old.fingerprint if old else None, new.fingerprint, days=days, week=week)
    kind = kind_of(file)
    before, after = in_force.kinds.get(kind) if in_force else _recorded(engine, kind), candidate.get(kind)
    found = changes(before, after)
    return Compared(file, candidate, before.version if before else None, after.version, fields=found)


def _recorded(engine: Engine, kind: str) -> Playbook | None:
    with reading(engine) as session:
        version = kept.in_force(session, kind)
        document = kept.get(session, kind, version) if version else None
    return Playbook.model_validate(document) if document else None


def publish(
    engine: Engine, place: Place, asked: Compared, content: bytes, by: str, reason: str, now: datetime
) -> Published:
    """Record it and put the file in its place; both or neither.

    Raises Conflict when it is in force already or somebody else was quicker, PreviewStale when what is in force is no
    more what it was compared with.
    """
    if not reason.strip():
        raise Invalid("Say why: somebody will ask next year.", errors=[{"field": "reason", "message": "is empty"}])
    folder, in_force = place.to_publish, current(place)
    if place.folder != folder and place.folder.resolve() != SHIPPED.resolve():
        raise NotFound(f"There is no folder {folder}: create it, or correct AFTERCARE_PLAYBOOKS.")
    with placing(folder, asked.file, content) as put, writing(engine) as session:
        done = _recorded_as(session, asked, in_force, by, reason.strip(), now)
        _keep_texts(session, place, done, content, now)
        # Within the transaction, so that no process that sees the new file can record it first.
        put()
    return done


def _recorded_as(
    session: Session, asked: Compared, in_force: Playbooks | None, by: str, reason: str, now: datetime
) -> Published:
    if is_calendar(asked.file):
        return _calendar(session, asked, in_force, by, reason, now)
    kind = kind_of(asked.file)
    if in_force is not None:
        # What is in force until now is on record before it goes, also when no process has seen it yet.
        old = in_force.kinds.get(kind)
        _mind(asked, old.version if old else None)
        if old is None or old.version != asked.after:
            kept.seen(session, in_force.kinds.values(), now)
    act = kept.publish(session, asked.candidate.get(kind), by, reason, now)
    return Published(asked.file, act.number, act.before, asked.after, by, reason, now)


def _calendar(
    session: Session, asked: Compared, in_force: Playbooks | None, by: str, reason: str, now: datetime
) -> Published:
    name = calendar_of(asked.file)
    old: Calendar | None = in_force.calendars.get(name) if in_force else None
    _mind(asked, old.fingerprint if old else None)
    act = calendar_acts.publish(session, name, old, asked.candidate.calendars[name], by, reason, now)
    return Published(asked.file, act.number, act.before, act.after, by, reason, now)


def _mind(asked: Compared, in_force: str | None) -> None:
    """F20: what was shown is what is done."""
    if in_force not in (asked.before, asked.after):
        raise PreviewStale(f"{asked.file} was changed by somebody else meanwhile: look at the differences once more.")


def _keep_texts(session: Session, place: Place, done: Published, content: bytes, now: datetime) -> None:
    """The file as it was written, and the one before where that was kept by nobody: to begin with it again."""
    before, after = source_of(place.folder, done.file), content.decode("utf-8-sig")
    if before is not None and before != after and done.before is not None:
        drafts.keep_text(session, done.file, done.before, before, now)
    drafts.keep_text(session, done.file, done.after, after, now)
