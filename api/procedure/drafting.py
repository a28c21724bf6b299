"""Changes of playbooks and calendars as people make them: begun, written at, checked, looked at, and put into force."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.desk import Desk
from api.procedure import publishing
from api.procedure.publishing import Compared, Published
from api.procedure.rebasing import document
from models.errors import Conflict, Forbidden, NotFound, PreviewStale
from models.playbook import Playbook
from models.procedure.playbook_changes import Change, changes
from playbooks.loading.candidate import calendar_of, is_calendar, kind_of
from playbooks.loading.days import DayBecomes as DayBecomes
from playbooks.loading.days import with_days
from playbooks.loading.placing import source_of
from store.procedure import calendars as calendar_acts
from store.procedure import drafts
from store.procedure import playbooks as kept
from store.procedure.calendars import CalendarAct
from store.procedure.drafts import Draft as Draft
from store.procedure.playbooks import Act, Used
from store.time import rebase


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a kind, who put which into force, and of which the file is kept as it was written."""

    acts: tuple[Act, ...]
    used: tuple[Used, ...]
    written: frozenset[str]


def file_of(kind: str) -> str:
    """The file of a kind. Raises Invalid for what cannot be one."""
    return f"{kind_of(f'{kind}.yaml')}.yaml"


def file_of_calendar(name: str) -> str:
    """The file of a calendar."""
    return f"calendars/{name}.yaml"


async def begin(desk: Desk, file: str, by: str, text: str | None = None, version: str | None = None) -> Draft:
    """A draft of a file: of what is in force, of an earlier version that was published, or of this text."""
    begun_with = text if text is not None else await _text(desk, file, version)
    return await desk.write(lambda session: drafts.begin(session, file, begun_with, by, desk.clock()))


async def _text(desk: Desk, file: str, version: str | None) -> str:
    if version is None:
        found = await asyncio.to_thread(source_of, desk.place.folder, file)
    else:
        asked = version
        found = await desk.read(lambda session: drafts.text_of(session, file, asked))
    if found is None:
        raise NotFound(f"There is no file {file} to begin with: it was never here, or nobody published that version.")
    return found


async def get(desk: Desk, draft_id: str) -> Draft:
    """Raises NotFound where there is none."""
    return await desk.read(lambda session: drafts.get(session, draft_id))


async def being_written(desk: Desk, file: str | None = None) -> tuple[Draft, ...]:
    """The drafts that nobody has published or dropped, the last changed first; of one file, or of all."""
    return await desk.read(lambda session: drafts.open_drafts(session, file))


async def save(desk: Desk, draft_id: str, revision: int, text: str, by: str) -> Draft:
    """Keep what was written, right or wrong. Raises Conflict when somebody wrote since that revision."""
    return await desk.write(lambda session: drafts.save(session, draft_id, revision, text, by, desk.clock()))


async def drop(desk: Desk, draft_id: str, by: str) -> Draft:
    """It is a draft no more."""
    await desk.write(lambda session: drafts.end(session, draft_id, "dropped", by, desk.clock()))
    return await get(desk, draft_id)


def name_of(file: str) -> tuple[str, str]:
    """What a file is: `playbook` and its kind, or `calendar` and its name."""
    return ("calendar", calendar_of(file)) if is_calendar(file) else ("playbook", kind_of(file))


def changed_days(
    text: str, first: date, last: date, becomes: DayBecomes, hours: Sequence[tuple[str, str]], remark: str
) -> str:
    """The text of a calendar with other words about some days. Raises Invalid where that cannot be done for sure."""
    return with_days(text, first, last, becomes, hours, remark)


async def checked(desk: Desk, file: str, text: str) -> Compared:
    """What the text would change. Raises PlaybookInvalid with every mistake."""
    place, in_force = desk.place, desk.playbook_set
    return await asyncio.to_thread(publishing.compared, desk.engine, place, file, text.encode(), in_force)


async def publish(desk: Desk, file: str, text: str, seen: str | None, by: str, reason: str) -> Published:
    """Put a text into force that was looked at beside the version `seen`; every process has it within a second.

    Raises PreviewStale when another version is in force by now (F20), Forbidden where that takes two.
    """
    if desk.publish_by_two:
        raise Forbidden(
            "Here it takes two to put something into force: write a draft, and let somebody else publish it."
        )
    return await _published(desk, file, text, seen, by, reason)


async def _published(desk: Desk, file: str, text: str, seen: str | None, by: str, reason: str) -> Published:
    content = text.encode()
    await asyncio.to_thread(desk.renew_playbooks)
    asked = await checked(desk, file, text)
    if asked.before != seen:
        raise PreviewStale(f"{file} was changed by somebody else meanwhile: look at the differences once more.")
    now = desk.clock()
    done = await asyncio.to_thread(publishing.publish, desk.engine, desk.place, asked, content, by, reason, now)
    await asyncio.to_thread(desk.renew_playbooks)
    await desk.see_playbooks()
    return done


async def publish_draft(desk: Desk, draft: Draft, seen: str | None, by: str, reason: str) -> Published:
    """The same with what a draft says; it is a draft no more. Raises Conflict for one that is none already."""
    if draft.state != "open":
        raise Conflict("This draft was published or dropped already: begin another one.")
    if not may_publish(desk, draft, by):
        raise Forbidden("You wrote this draft last: here somebody else puts it into force.")
    done = await _published(desk, draft.file, draft.text, seen, by, reason)
    await desk.write(lambda session: drafts.end(session, draft.id, "published", by, desk.clock()))
    return done


def may_publish(desk: Desk, draft: Draft, by: str) -> bool:
    """Whether somebody may put a draft into force: anybody, or where it takes two whoever did not write it last."""
    return not desk.publish_by_two or draft.changed_by != by


async def effect(desk: Desk, compared: Compared) -> dict[str, Any] | None:
    """What a changed calendar would do to open cases, were they counted anew; nothing moves (T10)."""
    if not is_calendar(compared.file):
        return None
    inside, name, now = compared.candidate.calendars, calendar_of(compared.file), desk.clock()
    return document(await desk.read(lambda session: rebase.preview(session, inside, now, (name,))))


# ── history ───────────────────────────────────────────────────────────────────────────────────────


async def history(desk: Desk, kind: str) -> History:
    """The versions of a kind and how they came into force."""
    file = file_of(kind)

    def read(session: Session) -> History:
        return History(kept.acts(session, kind), kept.used(session, kind), drafts.kept_texts(session, file))

    return await desk.read(read)


async def calendar_history(desk: Desk, name: str) -> tuple[tuple[CalendarAct, ...], frozenset[str]]:
    """Who put which version of a calendar into force, and of which the file is kept."""
    if name not in desk.playbook_set.calendars:
        raise NotFound(f"There is no calendar '{name[:60]}'.")
    file = file_of_calendar(name)
    return await desk.read(lambda session: (calendar_acts.acts(session, name), drafts.kept_texts(session, file)))


async def between(desk: Desk, kind: str, before: str, after: str) -> tuple[Change, ...]:
    """In which fields two kept versions of a kind differ. Raises NotFound for one that is not kept."""

    def read(session: Session) -> tuple[Change, ...]:
        old, new = (_version(session, kind, version) for version in (before, after))
        return changes(old, new)

    return await desk.read(read)


def _version(session: Session, kind: str, version: str) -> Playbook:
    found = kept.get(session, kind, version)
    try:
        if found is not None:
            return Playbook.model_validate(found)
    except ValidationError:
        pass  # kept by an older release in another form
    raise NotFound(f"Version {version[:60]} of {kind[:60]} is not kept, or cannot be read by this program.")
