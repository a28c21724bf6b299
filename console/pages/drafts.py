"""Changing a playbook or calendar: a draft that is written at, checked, tried on past cases and put into force."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, cast

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from api.documents.requests import MOST_TEXT, PublishAsk
from api.procedure import drafting, trying
from api.procedure.drafting import DayBecomes, Draft
from api.procedure.publishing import Compared
from console import labels
from console.language import N_
from console.pages.calendars import KINDS, WEEKDAYS, hours_told, months_of
from console.procedure.wording import told
from console.visit import Form, Here, Visit
from models.commands import errors_of
from models.errors import AftercareError, Conflict, Forbidden, Invalid, PlaybookInvalid, PreviewStale
from models.time.calendar_changes import DayChange
from models.time.calendar_year import year_of

router = APIRouter()
BECOMES: Final = {
    "holiday": N_("day off"),
    "hours": N_("hours of its own, such as a make-up day"),
    "break": N_("a break"),
    "ordinary": N_("as its weekday and country say"),
}
TRIAL_STATES: Final = {
    "running": N_("running"),
    "stopped": N_("stopped"),
    "done": N_("done"),
    "failed": N_("failed"),
}
DIFFERS: Final = {
    "eligibility": N_("eligibility"),
    "step": N_("first step"),
    "remedy": N_("first remedy"),
    "money": N_("money"),
    "deadlines": N_("deadlines"),
}
ANSWERS: Final = {"yes": N_("yes"), "no": N_("no"), "human": N_("a human must look")}
_PAIR = re.compile(r"([0-2]?\d)[:：]([0-5]\d)\s*[-–—~～至到]\s*([0-2]?\d)[:：]([0-5]\d)", re.ASCII)


# ── beginning ─────────────────────────────────────────────────────────────────────────────────────


@router.get("/drafts", name="drafts")
async def drafts(here: Here) -> Response:
    """Every change that is on its way, and a way to begin one with a file or for a new kind."""
    return await _drafts(here)


async def _drafts(here: Visit, code: int = 200, typed: Mapping[str, str] | None = None, **errors: str) -> Response:
    found = await drafting.being_written(here.desk)
    return here.page("drafts/page.html", code=code, found=found, typed=typed or {}, errors=errors, **_words(here))


@router.post("/drafts", name="begin_draft")
async def begin_draft(here: Here) -> Response:
    """Begin a draft: of a playbook or calendar in force, of an earlier version, of an uploaded file, or a new kind."""
    form = await here.form()
    uploaded, file = form.files("upload"), form.text("file")
    text = None
    try:
        if uploaded:
            file, text = file or str(uploaded[0].filename), _decoded(here, await uploaded[0].read(MOST_TEXT * 4 + 1))
        elif form.text("kind"):
            file = drafting.file_of(form.text("kind"))
            text = f"kind: {form.text('kind')}\nlike: {form.text('like')}\n" if form.text("like") else None
        drafting.name_of(file)
        version = form.text("version") or None
        draft = await drafting.begin(here.desk, file, here.me.id, text, version)
    except _Wrong as wrong:
        return await _drafts(here, 422, form.keep(), upload=wrong.errors[""])
    except Invalid:
        told = here.tongue.say(
            "A file is named after its kind, in small letters, digits and _, such as wrong_item.yaml."
        )
        return await _drafts(here, 422, form.keep(), **{"upload" if uploaded else "kind": told})
    return here.go(here.url("draft", draft_id=draft.id))


def _decoded(here: Visit, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = here.tongue.say("The file is not written in UTF-8: save it again with the encoding UTF-8.")
        raise _Wrong({"": words}) from None
    if len(text) > MOST_TEXT:
        raise _Wrong({"": here.tongue.say("The text is too long.")})
    return text.replace("\0", "")


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


@router.get("/drafts/{draft_id}", name="draft")
async def draft(here: Here, draft_id: str, year: str = "") -> Response:
    """A draft: its text, what is wrong with it, and what it would change."""
    found = await drafting.get(here.desk, draft_id)
    return await _draft(here, found, year=year)


async def _draft(here: Visit, found: Draft, code: int = 200, year: str = "", **more: Any) -> Response:
    what, name = drafting.name_of(found.file)
    text = more.get("text", found.text)
    compared, problems = await _checked(here, found.file, text)
    shown: dict[str, Any] = {
        "draft": found,
        "what": what,
        "name": name,
        "text": text,
        "problems": problems,
        "compared": compared,
        "changes": [told(change, here.tongue) for change in compared.fields] if compared else [],
        "trials": await trying.of_kind(here.desk, name) if what == "playbook" else [],
        "spans": _spans(here),
        "conflict": "",
        "errors": {},
        "typed": {},
        **_words(here),
    }
    if what == "calendar" and compared:
        shown |= await _calendar(here, compared, name, year)
    return here.page("drafts/draft.html", code=code, **{**shown, **more})


async def _checked(here: Visit, file: str, text: str) -> tuple[Compared | None, list[dict[str, Any]]]:
    """What the text would change; or its mistakes, each with the line that it is about."""
    lines = text.splitlines()
    try:
        return await drafting.checked(here.desk, file, text), []
    except PlaybookInvalid as refused:
        found = [dict(one) for one in refused.extra["errors"]]
    except AftercareError as refused:
        found = [{"file": file, "line": 1, "field": "", "message": here.told(refused)}]
    own = file.rpartition("/")[2]
    for one in found:
        here_too = str(one["file"]).rpartition("/")[2] == own and 0 < one["line"] <= len(lines)
        one["said"] = lines[one["line"] - 1].strip() if here_too else ""
    return None, found


async def _calendar(here: Visit, compared: Compared, name: str, year: str) -> dict[str, Any]:
    """The year drawn with its changes, and what they would do to open cases."""
    before, after = here.desk.playbook_set.calendars.get(name), compared.candidate.calendars[name]
    first = compared.days[0].on.year if compared.days else here.tongue.local(here.now).year
    wanted = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else first
    wanted = min(max(wanted, 2000), 2099)
    source = compared.candidate.sources.get(name)
    return {
        "year": wanted,
        "months": months_of(here, year_of(after, wanted), year_of(before, wanted) if before else ()),
        "kinds": KINDS,
        "days": [_day(here, one) for one in compared.days],
        "week": [
            (here.tongue.say(WEEKDAYS[one.day]), hours_told(here, one.before), hours_told(here, one.after))
            for one in compared.week
        ],
        "provisional": source is not None and wanted in source.provisional,
        "effect": await drafting.effect(here.desk, compared) if compared.is_new else None,
    }


def _day(here: Visit, one: DayChange) -> dict[str, str]:
    say = here.tongue.say
    weekday = say(list(WEEKDAYS.values())[one.on.weekday()])
    sides = (f"{say(KINDS[side.kind])} {hours_told(here, side.hours)}".strip() for side in (one.before, one.after))
    before, after = sides
    return {"on": f"{one.on.isoformat()} {weekday}", "before": before, "after": after}


def _spans(here: Visit) -> list[tuple[str, str]]:
    return [
        (str(days), here.tongue.say_many("the last %(count)s day", "the last %(count)s days", days))
        for days in trying.SPANS
    ]


def _words(here: Visit) -> dict[str, Any]:
    say = here.tongue.say
    kinds = {kind: here.tongue.of(book.names.model_dump()) for kind, book in here.desk.playbook_set.kinds.items()}
    return {
        "kinds_named": sorted(kinds.items(), key=lambda one: one[1]),
        "named": lambda file: _named(here, file, kinds),
        "becomes": [(name, say(words)) for name, words in BECOMES.items()],
        "trial_states": TRIAL_STATES,
        "differs": DIFFERS,
        "since_days": trying.since_days,
    }


def _named(here: Visit, file: str, kinds: Mapping[str, str]) -> str:
    what, name = drafting.name_of(file)
    return here.tongue.say("Calendar %(name)s", name=name) if what == "calendar" else kinds.get(name, name)


@router.post("/drafts/{draft_id}", name="save_draft")
async def save_draft(here: Here, draft_id: str) -> Response:
    """Keep what was written, and go on to what the button said."""
    form = await here.form()
    text, asked = form.raw("text").replace("\r\n", "\n").replace("\0", ""), form.text("do")
    if asked == "drop":
        dropped = await drafting.drop(here.desk, draft_id, here.me.id)
        return here.go(_home(here, dropped.file), here.tongue.say("The draft was dropped."))
    found = await drafting.get(here.desk, draft_id)
    if len(text) > MOST_TEXT:
        return await _draft(here, found, 422, text=text, errors={"text": here.tongue.say("The text is too long.")})
    uploaded = form.files("upload")
    try:
        if uploaded:
            text = _decoded(here, await uploaded[0].read(MOST_TEXT * 4 + 1))
        if asked == "day":
            text = _with_day(here, form, text)
    except _Wrong as wrong:
        return await _draft(here, found, 422, text=text, errors=wrong.errors, typed=form.keep())
    except Invalid:
        errors = {"day": here.tongue.say("The days of this file cannot be read for sure: change them in the text.")}
        return await _draft(here, found, 422, text=text, errors=errors, typed=form.keep())
    return await _saved(here, found, form, text, asked)


async def _saved(here: Visit, found: Draft, form: Form, text: str, asked: str) -> Response:
    revision = form.text("revision")
    number = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 9 else 0
    try:
        if text != found.text or number != found.revision:
            found = await drafting.save(here.desk, found.id, number, text, here.me.id)
    except Conflict as refused:
        now = await drafting.get(here.desk, found.id)
        return await _draft(here, now, 409, text=text, conflict=here.told(refused))
    if asked == "try":
        return await _try(here, found, form)
    return here.go(here.url("publish_draft" if asked == "publish" else "draft", draft_id=found.id))


async def _try(here: Visit, found: Draft, form: Form) -> Response:
    _, kind = drafting.name_of(found.file)
    days = form.text("days")
    try:
        wanted = int(days) if days in {str(span) for span in trying.SPANS} else 30
        trial_id = await trying.begin(here.desk, kind, found.text, wanted, here.me.id)
    except PlaybookInvalid:
        return here.go(here.url("draft", draft_id=found.id))  # which names every mistake
    return here.go(here.url("trial", {"draft": found.id}, trial_id=trial_id))


def _home(here: Visit, file: str) -> str:
    what, name = drafting.name_of(file)
    if what == "calendar":
        return here.url("calendar", name=name)
    return here.url("playbook", kind=name) if name in here.desk.playbook_set.kinds else here.url("playbooks")


class _Wrong(Exception):
    """What is wrong with what was typed, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(errors)
        self.errors = dict(errors)


def _with_day(here: Visit, form: Form, text: str) -> str:
    """The text with the days that were typed beside it. Raises _Wrong with words at the fields."""
    say, errors = here.tongue.say, {}
    first, last = _date(form.text("first")), _date(form.text("last") or form.text("first"))
    becomes, hours = form.text("becomes"), _hours(form.text("hours"))
    if first is None:
        errors["first"] = say("Say which day.")
    if last is None or (first and last < first):
        errors["last"] = say("The last day is before the first.")
    if becomes not in BECOMES:
        errors["becomes"] = say("Choose what the day becomes.")
    if becomes in ("hours", "break") and not hours:
        errors["hours"] = say("Write the hours like 09:00-12:00, 13:00-18:00.")
    if errors or first is None or last is None:
        raise _Wrong(errors)
    return drafting.changed_days(text, first, last, cast(DayBecomes, becomes), hours, form.text("remark")[:200])


def _date(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if len(typed) == 10 else None
    except ValueError:
        return None


def _hours(typed: str) -> list[tuple[str, str]]:
    """`09:00-12:00, 13:00-18:00` as pairs; nothing where any part of it is something else."""
    found = [(f"{int(a):02}:{b}", f"{int(c):02}:{d}") for a, b, c, d in _PAIR.findall(typed)]
    return found if not _PAIR.sub("", typed).strip(" ,，、;；") else []


# ── into force ────────────────────────────────────────────────────────────────────────────────────


@router.get("/drafts/{draft_id}/publish", name="publish_draft")
async def publish_draft(here: Here, draft_id: str) -> Response:
    """What differs from what is in force, once more and in words, before it goes into force."""
    return await _publishing(here, await drafting.get(here.desk, draft_id))


async def _publishing(here: Visit, found: Draft, code: int = 200, **more: Any) -> Response:
    what, name = drafting.name_of(found.file)
    compared, _ = await _checked(here, found.file, found.text)
    if compared is None or found.state != "open":
        return here.go(here.url("draft", draft_id=found.id))
    shown: dict[str, Any] = {
        "draft": found,
        "what": what,
        "name": name,
        "compared": compared,
        "changes": [told(change, here.tongue) for change in compared.fields],
        "may_publish": drafting.may_publish(here.desk, found, here.me.id),
        "errors": {},
        "typed": {},
        **_words(here),
    }
    if what == "calendar":
        shown |= await _calendar(here, compared, name, "")
    return here.page("drafts/publish.html", code=code, **{**shown, **more})


@router.post("/drafts/{draft_id}/publish", name="do_publish_draft")
async def do_publish_draft(here: Here, draft_id: str) -> Response:
    """Put it into force, if what was shown still is what it differs from."""
    form = await here.form()
    found = await drafting.get(here.desk, draft_id)
    say, reason = here.tongue.say, form.text("reason")
    errors = {"reason": say("Say why: somebody will ask next year.")} if not reason else _unsaid(here, reason)
    if errors:
        return await _publishing(here, found, 422, errors=errors, typed=form.keep())
    if str(found.revision) != form.text("revision"):
        told_so = say("The draft was changed meanwhile: look at the differences once more.")
        return await _publishing(here, found, 409, errors={"": told_so}, typed=form.keep())
    try:
        await drafting.publish_draft(here.desk, found, form.text("before") or None, here.me.id, reason)
    except (Conflict, PreviewStale, Forbidden) as refused:
        return await _publishing(here, found, refused.status, errors={"": here.told(refused)}, typed=form.keep())
    what, name = drafting.name_of(found.file)
    if what == "calendar":
        notice = say("It is in force. Open cases keep their deadlines until they are counted anew.")
        return here.go(here.url("rebase_preview", {"calendar": name}), notice)
    notice = say("It is in force for new cases; open ones keep the version they have.")
    return here.go(here.url("playbook_history", kind=name), notice)


def _unsaid(here: Visit, reason: str) -> dict[str, str]:
    """What is wrong with a reason, at its field."""
    try:
        PublishAsk(text="", reason=reason)
    except ValidationError as refused:
        return {"reason": here.complaint(errors_of(refused)[0]["message"])}
    return {}


# ── trials ────────────────────────────────────────────────────────────────────────────────────────


@router.get("/trials/{trial_id}", name="trial")
async def trial(here: Here, trial_id: str, after: str = "", draft: str = "") -> Response:
    """How far a trial is, its sums, and the cases that would have been decided otherwise."""
    behind = int(after) if after.isascii() and after.isdigit() and len(after) < 9 else -1
    found = await trying.shown(here.desk, trial_id, behind)
    query = {"draft": draft, "after": found["next_after"]}
    following = found["next_after"] is not None and here.url("trial", query, trial_id=trial_id)
    return here.page(
        "drafts/trial.html",
        part="drafts/_trial.html",
        trial=found,
        draft_id=draft,
        following=following,
        answers=ANSWERS,
        labels=labels,
        **_words(here),
    )


@router.post("/trials/{trial_id}/stop", name="stop_trial")
async def stop_trial(here: Here, trial_id: str) -> Response:
    """Try no further case; what was found stays."""
    await trying.stop(here.desk, trial_id)
    form = await here.form()
    return here.go(here.url("trial", {"draft": form.text("draft")}, trial_id=trial_id))


# ── history ───────────────────────────────────────────────────────────────────────────────────────


@router.get("/playbooks/{kind}/history", name="playbook_history")
async def playbook_history(here: Here, kind: str, before: str = "", after: str = "") -> Response:
    """The versions of a kind, who put them into force and why, and what two of them differ in."""
    found = await drafting.history(here.desk, kind)
    changes = await drafting.between(here.desk, kind, before, after) if before and after else None
    return here.page(
        "drafts/history.html",
        name=kind,
        file=drafting.file_of(kind),
        found=found,
        before=before,
        after=after,
        changes=None if changes is None else [told(change, here.tongue) for change in changes],
        **_words(here),
    )


@router.get("/calendars/{name}/history", name="calendar_history")
async def calendar_history(here: Here, name: str) -> Response:
    """Who put which version of a calendar into force, when and why."""
    acts, written = await drafting.calendar_history(here.desk, name)
    file = drafting.file_of_calendar(name)
    return here.page("drafts/calendar_history.html", name=name, file=file, acts=acts, written=written)
