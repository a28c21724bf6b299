"""What is stuck and why, for those who lead; and one action on many cases (T12)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.responses import Response

from api.auth import actor_of
from api.documents.bulk import BulkAsk
from api.oversight.bulk import Bulks, narrowed
from api.routes.answers import as_csv
from console import labels, people
from console.language import N_, Tongue
from console.pages.sweeps import WHAT
from console.visit import Form, Here, Visit
from models.commands import errors_of
from models.errors import DataRefused, Invalid
from models.lifecycle import Stage
from models.oversight.bulk import ACTIONS
from models.oversight.stuck import REASONS

router = APIRouter()
PAGE: Final = 50
#: Rows that are read at once for a spreadsheet, and the most of one.
BATCH: Final = 200
MOST_IN_A_FILE: Final = 20_000
COLUMNS: Final = (
    *("case_no", "order_no", "kind", "stage", "state", "waiting_for", "owner", "priority", "severity", "escalation"),
    *("reasons", "since", "due_at", "snoozed_until", "opened_at", "at_stake"),
)
MOST_NAMED: Final = 500
#: A name of the machine as the sentences quote it.
_QUOTED: Final = re.compile(r"(?<=['“])[a-z_]+(?=['”])")
#: What helps, for whoever chose a reason and asks what now.
HELPS: Final = {
    "overdue": N_("Look at it; extend the deadline only with a good reason."),
    "due_soon": N_("Remind the owner, or give it to somebody who is there."),
    "no_owner": N_("Give it to somebody; the sweep gives it to whoever is on duty."),
    "owner_away": N_("Give it to somebody who is there before the deadline."),
    "silent": N_("Remind whoever is awaited, or give it to somebody else."),
    "over_waiting": N_("Remind the other side; then close the case, or decide."),
    "callback_missed": N_("Call. Nobody closes a case unheard."),
    "bouncing": N_("One person keeps it to the end: give it to that person."),
    "escalated_unacked": N_("Open the case, acknowledge it and do something, or hand it one level up."),
    "chain_exhausted": N_("Everybody was told: you are the last level."),
    "step_failing": N_("Read the timeline of the case, mend what is wrong, then try again."),
    "no_timer": N_("This must never be: tell whoever runs the program."),
    "promise_missed": N_("Call the customer now, and log it."),
}
#: How bad a reason is, for its colour: the machine's own trouble and what is late already first.
TONE: Final = {
    **dict.fromkeys(("overdue", "step_failing", "no_timer", "chain_exhausted", "promise_missed"), "bad"),
    **dict.fromkeys(("due_soon", "no_owner", "owner_away", "escalated_unacked", "callback_missed"), "warn"),
}
SORTS: Final = {
    "due_at": N_("nearest deadline first"),
    "age": N_("oldest first"),
    "at_stake": N_("costliest first"),
}
BULK: Final = {
    "remind": N_("Remind whoever is awaited"),
    "reassign": N_("Give to somebody else"),
    "escalate": N_("Escalate"),
    "extend": N_("Extend the deadline"),
    "retry": N_("Try the failing step again"),
    "close": N_("Close"),
}
STATES: Final = {
    "running": N_("running"),
    "stopping": N_("stopping"),
    "stopped": N_("stopped"),
    "done": N_("done"),
}
ANSWERS: Final = {
    "waiting": N_("not asked yet"),
    "done": N_("done"),
    "refused": N_("turned down"),
    "failed": N_("no answer"),
}


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to, as it stands in the address; what nobody could mean is left out."""

    reason: tuple[str, ...] = ()
    stage: str = ""
    owner: str = ""
    kind: str = ""
    at_stake: str = ""
    older_than_days: str = ""
    sort: str = "due_at"

    def query(self, **other: Any) -> dict[str, Any]:
        """The filter as a query, with some of it changed."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**told, "sort": "" if self.sort == "due_at" else self.sort, **other}

    def toggled(self, reason: str) -> dict[str, Any]:
        """The same with one reason more, or less."""
        left = [one for one in self.reason if one != reason]
        return self.query(reason=left if reason in self.reason else [*self.reason, reason])

    @property
    def asked(self) -> dict[str, Any]:
        """As the desk wants it."""
        plain = {name: getattr(self, name) or None for name in ("stage", "owner", "kind", "at_stake")}
        days = int(self.older_than_days) if self.older_than_days else None
        return {"reason": self.reason, **plain, "older_than_days": days}

    @property
    def is_set(self) -> bool:
        """Whether it narrows anything."""
        return self != Filter(sort=self.sort)


def _filter(
    reason: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    stage: str = "",
    owner: str = "",
    kind: str = "",
    at_stake: str = "",
    older_than_days: str = "",
    sort: str = "due_at",
) -> Filter:
    days = older_than_days.strip()
    return Filter(
        tuple(dict.fromkeys(one for one in reason if one in REASONS)),
        stage if stage in set(Stage) else "",
        owner.strip(),
        kind.strip(),
        _amount(at_stake),
        days if days.isascii() and days.isdigit() and len(days) < 6 else "",
        sort if sort in SORTS else "due_at",
    )


def _amount(text: str) -> str:
    found = text.strip().replace(",", "").removeprefix("¥")
    whole, dot, part = found.partition(".")
    plain = whole.isascii() and whole.isdigit() and len(whole) < 13
    return found if plain and (not dot or (part.isascii() and part.isdigit() and len(part) < 3)) else ""


@router.get("/stuck", name="stuck")
async def stuck(here: Here, request_cursor: Annotated[str | None, Query(alias="cursor")] = None) -> Response:
    """The board by reason, and the cases."""
    return await _board(here, request_cursor)


async def _board(here: Visit, cursor: str | None, code: int = 200, **more: Any) -> Response:
    wanted = _of_query(here)
    asked = narrowed(here.now, **wanted.asked)
    found, board = await here.desk.stuck_with_board(asked, wanted.sort, cursor, PAGE)  # type: ignore[arg-type]
    kinds = {kind: here.tongue.of(book.names.model_dump()) for kind, book in here.desk.playbook_set.kinds.items()}
    return here.page(
        "stuck/page.html",
        part="stuck/_cases.html",
        code=code,
        wanted=wanted,
        found=found,
        board=board,
        kinds=kinds,
        stages=await _stages(here, wanted, found),
        following=found["next_cursor"] and here.url("stuck", wanted.query(cursor=found["next_cursor"])),
        cursor=cursor,
        owners=await people.owners(here, wanted.owner),
        **{"typed": {}, "errors": {}, "chosen": (), "bulks": here.may("start_bulk"), **await _words(here), **more},
    )


async def _stages(here: Visit, wanted: Filter, found: Mapping[str, Any]) -> dict[str, int]:
    """How many there are of every stage, in the order of the stages; the one that is chosen hides no other."""
    counts = found["by_stage"]
    if wanted.stage:
        every = narrowed(here.now, **{**wanted.asked, "stage": None})
        counts = (await here.desk.stuck(every, "due_at", None, 1))["by_stage"]
    return {stage: counts[stage] for stage in labels.STAGES if counts.get(stage)}


def _of_query(here: Visit) -> Filter:
    asked = here.request.query_params
    named = {name: asked.get(name, "") for name in ("stage", "owner", "kind", "at_stake", "older_than_days")}
    return _filter(reason=asked.getlist("reason"), sort=asked.get("sort", "due_at"), **named)


def said(tongue: Tongue, why: Mapping[str, Any]) -> str:
    """Why a case is stuck, with the state or the step that it names as it is called everywhere on the desk."""
    names = labels.ACTIONS if why["reason"] == "step_failing" else labels.STATES

    def called(name: re.Match[str]) -> str:
        known = names.get(name[0])
        return tongue.say(known) if known else name[0]

    return _QUOTED.sub(called, why[tongue.short])


async def _words(here: Visit) -> dict[str, Any]:
    say = here.tongue.say
    return {
        "why": labels.STUCK,
        "sentence": lambda why: said(here.tongue, why),
        "helps": HELPS,
        "tone": TONE,
        "actions": BULK,
        "labels": labels,
        "stage_names": labels.STAGES,
        "sort_options": [(name, say(told)) for name, told in SORTS.items()],
        "action_options": [_action(here, name, say(told)) for name, told in BULK.items()],
        "case_url": lambda case_no: here.url("case", case_no=case_no),
        "names": await people.names(here),
        "sweep_names": {name: told for name, (told, _) in WHAT.items()},
    }


def _action(here: Visit, name: str, told: str) -> tuple[str, ...]:
    """An action to choose; one that this person may do to no case says whose it is."""
    if here.may_act(ACTIONS[name]):
        return name, told
    whose = here.tongue.say("for managers")
    return name, f"{told} ({whose})", whose


@router.get("/stuck.csv", name="stuck_csv")
async def stuck_csv(here: Here) -> Response:
    """All that match, for a spreadsheet: a row for every case, its reasons in one cell."""
    wanted, cursor = narrowed(here.now, **_of_query(here).asked), None
    rows: list[dict[str, Any]] = []
    while len(rows) < MOST_IN_A_FILE:
        found = await here.desk.stuck(wanted, _of_query(here).sort, cursor, BATCH)  # type: ignore[arg-type]
        rows += [{**one, "reasons": " ".join(one["reasons"])} for one in found["items"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    return as_csv([{name: one[name] for name in COLUMNS} for one in rows], f"stuck-{here.now:%Y-%m-%d}", COLUMNS)


# ── one action on many cases ──────────────────────────────────────────────────────────────────────


@router.post("/stuck", name="check_bulk")
async def check_bulk(here: Here) -> Response:
    """What would be asked of how many cases, before anything is done; what is wrong is said where it was typed."""
    form = await here.form()
    wanted = _of_query(here)
    chosen = tuple(dict.fromkeys(form.texts("case")))[:MOST_NAMED]
    errors = _missing(here, form, bool(chosen))
    if errors:
        return await _board(here, None, 422, typed=form.keep(), chosen=chosen, errors=errors)
    everything = form.text("scope") == "all"
    total = len(chosen)
    if everything:
        total = (await here.desk.stuck(narrowed(here.now, **wanted.asked), "due_at", None, 1))["total"]
    return here.page(
        "stuck/check.html",
        ask=_typed(form),
        chosen=() if everything else chosen,
        everything=everything,
        total=total,
        wanted=wanted,
        command_id=f"bulk-{uuid4().hex}",
        **await _words(here),
    )


def _typed(form: Form) -> dict[str, str]:
    return {name: form.text(name) for name in ("action", "to", "hours", "why")}


def _missing(here: Visit, form: Form, chosen: bool) -> dict[str, str]:
    say, typed, found = here.tongue.say, _typed(form), {}
    if typed["action"] not in BULK:
        found["action"] = say("Choose what is to be done.")
    if form.text("scope") != "all" and not chosen:
        found[""] = say("Choose at least one case, or all that match.")
    if not typed["why"]:
        found["why"] = say("Say why: every case's timeline tells it.")
    if typed["action"] == "reassign" and not typed["to"]:
        found["to"] = say("Say to whom.")
    if typed["action"] == "extend" and _hours(typed["hours"]) is None:
        found["hours"] = say("Say by how many hours, from 1 to 720.")
    return found


def _hours(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 720 else None


@router.post("/bulk", name="start_bulk")
async def start_bulk(here: Here) -> Response:
    """Begin it; the same form sent twice begins it once."""
    form = await here.form()
    typed = _typed(form)
    chosen = tuple(form.texts("case"))
    action = typed["action"]
    data: dict[str, Any] = {"to": typed["to"]} if action == "reassign" else {}
    if action == "extend":
        hours = _hours(typed["hours"])
        data = {"by_seconds": int(timedelta(hours=hours or 0).total_seconds())}
    which: dict[str, Any] = {"case_nos": chosen} if chosen else {"filter": _of_query(here).asked}
    try:
        ask = BulkAsk(action=action, data=data, reason=typed["why"], **which)
        caller = actor_of(here.caller, None, ACTIONS[ask.action])
        begun = await Bulks(here.desk).start(ask, caller, form.text("command_id") or None)
    except (ValidationError, DataRefused, Invalid) as refused:
        told = (
            here.told(refused)
            if isinstance(refused, (DataRefused, Invalid))
            else here.complaint(errors_of(refused)[0]["message"])
        )
        return await _board(here, None, 422, typed=form.keep(), chosen=chosen, errors={"": told})
    return here.go(here.url("bulk", bulk_id=begun["id"]))


@router.get("/bulk", name="bulks")
async def bulks(here: Here, cursor: str | None = None) -> Response:
    """Who had what done to how many cases."""
    found = await Bulks(here.desk).listed(cursor, PAGE)
    following = found["next_cursor"] and here.url("bulks", {"cursor": found["next_cursor"]})
    return here.page("stuck/bulks.html", found=found["items"], following=following, states=STATES, **await _words(here))


@router.get("/bulk/{bulk_id}", name="bulk")
async def bulk(here: Here, bulk_id: str, answer: str = "", cursor: str | None = None) -> Response:
    """How far it is, and the answer of every case."""
    states = (answer,) if answer in ANSWERS else ()
    found = await Bulks(here.desk).shown(bulk_id, states, cursor, PAGE)
    query = {"answer": answer, "cursor": found["next_cursor"]}
    following = found["next_cursor"] and here.url("bulk", query, bulk_id=bulk_id)
    left = await _left(here, found) if found["ended_at"] else []
    return here.page(
        "stuck/bulk.html",
        part="stuck/_bulk.html",
        bulk=found,
        left=left,
        owners=await people.owners(here) if left else [],
        answer=answer,
        following=following,
        states=STATES,
        answers=ANSWERS,
        **await _words(here),
    )


async def _left(here: Visit, bulk: Mapping[str, Any]) -> list[str]:
    """The cases that a bulk which is over did nothing to, and which another one may be begun for."""
    if bulk["counts"]["done"] == bulk["total"]:
        return []
    found = await Bulks(here.desk).shown(bulk["id"], ("refused", "failed", "waiting"), None, MOST_NAMED)
    return [one["case_no"] for one in found["items"]]


@router.post("/bulk/{bulk_id}/stop", name="stop_bulk")
async def stop_bulk(here: Here, bulk_id: str) -> Response:
    """Nobody else is asked; what was done stays done."""
    await Bulks(here.desk).stop(bulk_id, here.me.id)
    return here.go(here.url("bulk", bulk_id=bulk_id), here.tongue.say("It stops: no further case is asked."))
